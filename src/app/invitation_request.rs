//! Asking for a new link, by whoever holds one that is no good any more (R49).

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::invitation::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::events::Events;
use super::promise::{self, Obstacle};
use crate::access::Origin;
use crate::auth::secret::hash_of_link;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::invitation::LinkRow;
use crate::store::invitation_page::status_at;

/// The least time between two requests for one invitation.
const PAUSE: TimeDelta = TimeDelta::days(1);

/// Until when a new link cannot be asked for again; none if it can.
#[must_use]
pub fn asked_until(asked_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    asked_at.map(|at| at + PAUSE).filter(|until| now < *until)
}

/// Asks for a new link to an invitation that has expired, or whose inviter can no longer keep its
/// promise. Whoever can do something about it gets a mail; who that is, is not told, because the link
/// may have been passed on. Gives the instant from which it counts as asked.
pub async fn request(app: &App, origin: &Origin, token: &str) -> Result<DateTime<Utc>> {
    let now = app.clock.now();
    let hash = hash_of_link(token);
    let link = store::invitation::by_token(&app.db, &hash).await?.ok_or_else(unknown)?;
    let grants = store::invitation::grants(&app.db, &[link.id]).await?;
    let kept = promise::kept(app, &app.db, &(&link).into(), &grants).await?;
    let obstacle = kept.err().map(|broken| broken.obstacle);
    match status_at(link.status, link.expires_at, now) {
        Status::Expired => {}
        Status::Pending if obstacle.is_some() => {}
        Status::Pending => return Err(still_good()),
        Status::Accepted | Status::Declined | Status::Revoked => return Err(ended()),
    }
    if let Some(until) = asked_until(link.link_requested_at, now) {
        return Err(too_soon(until));
    }

    let tx = store::begin(&app.db).await?;
    // Two who ask at once: the database lets one of them through.
    if !store::invitation::ask_for_link(&tx, link.id, &hash, now, now - PAUSE).await? {
        drop(tx);
        let after = store::invitation::by_token(&app.db, &hash).await?.ok_or_else(unknown)?;
        return Err(match asked_until(after.link_requested_at, now) {
            Some(until) => too_soon(until),
            None => Error::Conflict("the invitation changed meanwhile; try again"),
        });
    }
    let reader = reader(&tx, &link, obstacle).await?;
    let told = reader.id;
    outbox::queue(&tx, app, vec![letter(app, link.clone(), reader)]).await?;
    let mut events = Events::anonymous(app);
    let after = json!({ "told": told });
    events.add(Some(link.organization_id), "invitation.link_requested", link.id, None, Some(after));
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(now)
}

/// Who is told.
struct Reader {
    id: UserId,
    name: String,
    email: String,
    locale: String,
}

/// Who can do something about it: the inviter, or the Owner of the organization where the inviter is
/// out, or may no longer grant what was promised.
async fn reader(
    tx: &impl ConnectionTrait,
    link: &LinkRow,
    obstacle: Option<Obstacle>,
) -> Result<Reader> {
    let powerless =
        [Obstacle::InviterLeft, Obstacle::InviterSuspended, Obstacle::InviterLostAccess];
    if obstacle.is_none_or(|obstacle| !powerless.contains(&obstacle)) {
        return Ok(Reader {
            id: link.invited_by,
            name: link.inviter_name.clone(),
            email: link.inviter_email.clone(),
            locale: link.inviter_locale.clone(),
        });
    }
    let organization = store::organization::by_id(tx, link.organization_id).await?;
    let owner = organization.ok_or(Error::NotFound("organization"))?.owner.id;
    let owner = store::user::by_id(tx, owner).await?.ok_or(Error::NotFound("user"))?;
    Ok(Reader { id: owner.id, name: owner.name, email: owner.email, locale: owner.locale })
}

fn letter(app: &App, link: LinkRow, reader: Reader) -> Outgoing {
    let own = reader.id == link.invited_by;
    Outgoing {
        to: Recipient { name: Some(reader.name.clone()), address: reader.email },
        message: Message::NewLinkRequested(message::NewLinkRequested {
            name: reader.name,
            inviter_name: (!own).then_some(link.inviter_name),
            invitee_name: link.name,
            invitee_email: link.email,
            organization_name: link.organization_name,
            link: app.config.application_url().to_owned(),
        }),
        locale: Locale::parse(&reader.locale).unwrap_or_default(),
        organization_id: Some(link.organization_id),
    }
}

fn unknown() -> Error {
    UserError::new(UserErrorCode::InvalidToken, "token", "there is no such invitation").into()
}

fn still_good() -> Error {
    let message = "the invitation is pending: its link works as it is";
    UserError::new(UserErrorCode::AlreadyInvited, "token", message).help("Open the link.").into()
}

fn ended() -> Error {
    let message = "the invitation has been accepted, declined or taken back";
    UserError::new(UserErrorCode::InvitationNotPending, "token", message)
        .help("Ask the person who invited you.")
        .into()
}

fn too_soon(until: DateTime<Utc>) -> Error {
    let message = "a new link was asked for already: once a day is enough";
    let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    UserError::new(UserErrorCode::LinkRequestedTooSoon, "token", message)
        .help(format!("Try again after {until}."))
        .into()
}
