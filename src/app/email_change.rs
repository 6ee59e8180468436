//! Another address: asked for with the password, and proved by a link that is mailed to it (R67).

use chrono::TimeDelta;
use entity::email_link::Purpose;
use entity::id::{SessionId, UserId};
use entity::user;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::{Address, masked};
use super::events::Events;
use super::session::check_own_password;
use crate::access::{Origin, Viewer};
use crate::auth::secret::{Secret, hash_of_link};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;

/// How long a link works.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// How many links a person is mailed in a day: the new address need not be theirs.
const PER_DAY: usize = 5;

/// Mails a link to the new address, and a notice to the one that the person has. Whether somebody else has
/// the new one is not told here, but only to who reads its mail (R66).
///
/// # Errors
/// `INVALID_EMAIL`, and what sign-up refuses, at `email`; `INVALID_CREDENTIALS` at `password`;
/// `EMAIL_UNAVAILABLE` for the address that they have; `LIMIT_REACHED` after five links in a day.
pub async fn request(app: &App, viewer: &Viewer, email: &str, password: String) -> Result<()> {
    let address = Address::parse("email", email)?;
    if app.config.sign_up_requires_work_email {
        address.require_work("email")?;
    }
    let known = check_own_password(app, viewer, "password", password).await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    known.confirm(&tx).await?;
    let user = store::user::by_id(&tx, known.user_id).await?.ok_or(Error::Unauthenticated)?;
    if user.email_key == address.key {
        let message = "this is the address that you have";
        return Err(UserError::new(UserErrorCode::EmailUnavailable, "email", message).into());
    }
    let since = now - TimeDelta::days(1);
    let purpose = Purpose::ChangeEmail;
    let (mailed, _) = store::email_link::mailed_since(&tx, user.id, purpose, since).await?;
    if mailed >= PER_DAY {
        let message = format!("{PER_DAY} links were mailed within a day");
        let error = UserError::new(UserErrorCode::LimitReached, "email", message);
        return Err(error.help("Try again tomorrow.").into());
    }
    // Only the newest link works.
    store::email_link::void(&tx, user.id, purpose, now).await?;
    let (secret, expires_at) = (Secret::new(&app.random), now + LIFETIME);
    let (typed, key) = (&address.typed, &address.key);
    let link = store::email_link::Change { user_id: user.id, email: typed, email_key: key };
    store::email_link::insert_change(&tx, secret.hash(), link, now, expires_at).await?;
    let confirm = Message::EmailChange(message::EmailChange {
        name: user.name.clone(),
        link: format!("{}/change-email/{}", app.config.public_url, secret.expose()),
        expires_at,
    });
    let notice = Message::EmailChangeRequested(message::EmailChangeRequested {
        name: user.name.clone(),
        new_email: masked(&address.typed),
        link: format!("{}/reset-password", app.config.public_url),
        at: now,
    });
    let mails = vec![to(&user, &address.typed, confirm), to(&user, &user.email, notice)];
    outbox::queue(&tx, app, mails).await?;
    let mut events = Events::by(app, user.id);
    let after = Some(json!({ "email": address.typed }));
    events.add(None, "user.email_change_requested", user.id, None, after);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(())
}

/// Gives the person the address that the mailed link proves; gives the user. All sessions end, but for that
/// of the person, if it is they who asks with it; and so do requests to join that rest on the address.
///
/// # Errors
/// `INVALID_TOKEN` at `token`; `EMAIL_UNAVAILABLE` there, if somebody else has the address.
pub async fn confirm(
    app: &App,
    origin: &Origin,
    asking: Option<(UserId, SessionId)>,
    token: &str,
) -> Result<UserId> {
    let now = app.clock.now();
    let hash = hash_of_link(token);
    let tx = store::begin(&app.db).await?;
    if store::email_link::consume(&tx, &hash, now).await? == 0 {
        return Err(refused());
    }
    let link = store::email_link::by_hash(&tx, &hash, Purpose::ChangeEmail).await?;
    let link = link.ok_or_else(refused)?;
    let email = link.email.ok_or_else(refused)?;
    let before = store::user::by_id(&tx, link.user_id).await?.ok_or_else(refused)?;
    let address = (email.as_str(), link.email_key.as_str());
    if !store::user::set_email(&tx, before.id, address, now).await? {
        let message = "somebody else has this address";
        return Err(UserError::new(UserErrorCode::EmailUnavailable, "token", message).into());
    }
    for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword, Purpose::ChangeEmail] {
        store::email_link::void(&tx, before.id, purpose, now).await?;
    }
    let kept = asking.filter(|(user_id, _)| *user_id == before.id).map(|(_, session)| session);
    let ended = store::session::end_others(&tx, before.id, kept, now).await?;
    let mut events = Events::by(app, before.id);
    withdraw_join_requests(app, &tx, &mut events, &before).await?;
    let notice = Message::EmailChanged(message::EmailChanged {
        name: before.name.clone(),
        new_email: masked(&email),
        at: now,
    });
    outbox::queue(&tx, app, vec![to(&before, &before.email, notice)]).await?;
    let after = json!({ "email": email, "endedSessions": ended });
    let earlier = Some(json!({ "email": before.email }));
    events.add(None, "user.email_changed", before.id, earlier, Some(after));
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(before.id)
}

/// Who asked to join because of their address cannot be let in for one that they have no more.
async fn withdraw_join_requests(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    user: &user::Model,
) -> Result<()> {
    use entity::join_request::Status::Withdrawn;
    let now = app.clock.now();
    for row in store::join_request::pending_of(tx, user.id).await? {
        if store::join_request::end(tx, row.id, Withdrawn, user.id, now).await? {
            if let Some(mail) = row.mail_id {
                store::mail::cancel(tx, &[mail]).await?;
            }
            let before = Some(json!({ "user": user.id, "domain": row.domain }));
            let organization_id = Some(row.organization_id);
            events.add(organization_id, "join_request.withdrawn", row.id, before, None);
        }
    }
    Ok(())
}

fn to(user: &user::Model, address: &str, message: Message) -> Outgoing {
    Outgoing {
        to: Recipient { name: Some(user.name.clone()), address: address.to_owned() },
        message,
        locale: Locale::parse(&user.locale).unwrap_or_default(),
        organization_id: None,
    }
}

fn refused() -> Error {
    let message = "the link was used, has expired, or was never one of ours";
    UserError::new(UserErrorCode::InvalidToken, "token", message).help("Ask for a new link.").into()
}
