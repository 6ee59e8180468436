//! Invitations as those who administer them see them: listing, resending, revoking (R45–R47).

use std::collections::HashMap;

use chrono::TimeDelta;
use entity::id::{InvitationId, OrganizationId, UserId};
use entity::invitation::{Model, Status};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::place_of;
use super::customs::Customs;
use super::email::Address;
use super::entitlement::room_for;
use super::events::Events;
use super::grants::{GrantInput, Resolver, ScopeId};
use super::mail_pace;
use crate::access::viewer::Listing;
use crate::access::{Place, Viewer};
use crate::auth::secret::Secret;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, GrantLine, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::invitation::{GrantRow, Renewal};
use crate::store::invitation_page::{Filter, InvitationRow, status_at};
use crate::store::list::List;
use crate::store::page::Window;

/// One page of the invitations that the viewer administers.
pub fn list(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    filter: &Filter,
    window: Window,
) -> Result<List<InvitationRow>> {
    let listing = viewer.listing(&app.roles, organization_id)?;
    let (user_id, now) = (viewer.user_id(), viewer.now);
    let of = store::invitation_page::list;
    Ok(of(organization_id, user_id, &listing, filter, now, window))
}

/// An invitation that the viewer administers: theirs, or one in an organization or accounts whose
/// users they manage. Others do not exist for them (R2).
pub(super) async fn administered(
    app: &App,
    viewer: &Viewer,
    id: InvitationId,
) -> Result<(Model, Vec<GrantRow>)> {
    let unseen = Error::NotFound("invitation");
    let Some(invitation) = store::invitation::by_id(&app.db, id).await? else { return Err(unseen) };
    let grants = store::invitation::grants(&app.db, &[id]).await?;
    match viewer.listing(&app.roles, invitation.organization_id) {
        Ok(listing) if shows(&listing, viewer, invitation.invited_by, grants.iter()) => {
            Ok((invitation, grants))
        }
        // Who administers nobody sees no invitation at all: the answer is that to an unknown id.
        _ => Err(unseen),
    }
}

/// Whether an invitation is among those that a listing shows.
fn shows<'a>(
    listing: &Listing,
    viewer: &Viewer,
    invited_by: UserId,
    mut grants: impl Iterator<Item = &'a GrantRow>,
) -> bool {
    let Listing::Accounts(accounts) = listing else { return true };
    let within = |grant: &GrantRow| {
        let places = [grant.account_id, grant.parent_id];
        places.into_iter().flatten().any(|id| accounts.contains(&id))
    };
    invited_by == viewer.user_id() || grants.any(within)
}

/// Mails a new link and ends the old one; works on expired invitations too (R46). Who resends vouches
/// for the grants from here on: the ceiling is theirs (R21), and the invitation names them.
pub async fn resend(app: &App, viewer: &Viewer, id: InvitationId) -> Result<InvitationRow> {
    let (before, grants) = administered(app, viewer, id).await?;
    let now = app.clock.now();
    match before.status {
        Status::Pending | Status::Expired => {}
        _ => return Err(not_pending()),
    }
    check_throttle(&before, now)?;
    check_welcome(app, &before).await?;
    vouch(app, viewer, &before, &grants).await?;

    let secret = Secret::new(&app.random);
    let expires_at = now + TimeDelta::hours(before.lifetime_hours);
    let organization_name = grants.first().map(|grant| grant.organization_name.clone());
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, before.organization_id).await?;
    let key = [before.email_key.clone()];
    if !store::mail_opt_out::among(&tx, before.organization_id, &key).await?.is_empty() {
        return Err(super::mail_opt_out::refusal("invitationId").into());
    }
    // A newer invitation of the same address may be pending: the database lets only one stand (R43).
    if before.status == Status::Expired || before.expires_at <= now {
        make_room(app, &tx, viewer, &before).await?;
    } else {
        let room = room_for(app, &tx, before.organization_id, Some(viewer)).await?;
        room.keep("invitationId")?;
    }
    let mail = Outgoing {
        to: Recipient { name: before.name.clone(), address: before.email.clone() },
        message: Message::Invitation(message::Invitation {
            invitee_name: before.name.clone(),
            inviter_name: viewer.name.clone(),
            inviter_email: viewer.email.clone(),
            organization_name: organization_name.unwrap_or_default(),
            grants: lines(app, &grants),
            note: before.message.clone(),
            link: super::invitation::link(app, &secret),
            unsubscribe: super::mail_opt_out::link(app, &secret),
            expires_at,
            resent: true,
        }),
        locale: Locale::parse(&before.locale).unwrap_or_default(),
        organization_id: Some(before.organization_id),
    };
    let reminder = super::invitation::reminder(&mail, before.lifetime_hours);
    let mails = std::iter::once((mail, now)).chain(reminder).collect();
    let mut queued = outbox::queue_for(&tx, app, mails).await?.into_iter();
    let mail_id =
        queued.next().ok_or_else(|| Error::Internal("queueing a mail gave no id".to_owned()))?;
    let new_day = before.resend_day + TimeDelta::days(1) <= now;
    let renewal = Renewal {
        token_hash: secret.hash(),
        mail_id,
        reminder_id: queued.next(),
        expires_at,
        invited_by: viewer.user_id(),
        resend_day: if new_day { now } else { before.resend_day },
        resends_that_day: if new_day { 1 } else { before.resends_that_day + 1 },
    };
    // First the invitation, then its mails, as in `revoke`: so the two never wait for each other.
    if !store::invitation::renew(&tx, &before, renewal, now).await? {
        return Err(Error::Conflict("the invitation changed meanwhile; try again"));
    }
    let key = before.email_key.as_str();
    let mut full = mail_pace::count(app, &tx, std::iter::once(key)).await?;
    full.take(key).map_err(|again| mail_pace::recipient_limit(app, "invitationId", again))?;
    // Mails that have not gone out yet would carry a dead link.
    let dead: Vec<_> = before.mail_id.into_iter().chain(before.reminder_id).collect();
    store::mail::cancel(&tx, &dead).await?;
    let mut events = Events::by(app, viewer.user_id());
    let old = json!({ "expiresAt": before.expires_at });
    events.add(
        Some(before.organization_id),
        "invitation.resent",
        id,
        Some(old),
        Some(json!({ "expiresAt": expires_at })),
    );
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    row(app, id).await
}

/// Sees to it that an expired invitation may be pending again: no newer one of its address is (R43),
/// and there is room for it (R52, R55). The organization is locked.
async fn make_room(
    app: &App,
    tx: &impl ConnectionTrait,
    viewer: &Viewer,
    before: &Model,
) -> Result<()> {
    let organization_id = before.organization_id;
    let key = [before.email_key.clone()];
    store::invitation::settle_expired(tx, organization_id, &key, app.clock.now()).await?;
    let others = store::invitation::pending(tx, organization_id, &key).await?;
    if others.iter().any(|other| other.id != before.id) {
        let message = "there is a newer pending invitation for this address";
        return Err(UserError::new(UserErrorCode::AlreadyInvited, "invitationId", message).into());
    }
    let mut room = room_for(app, tx, organization_id, Some(viewer)).await?;
    Ok(room.invite("invitationId")?)
}

/// Whether people at that domain are still invited (R41); what stands already can be accepted.
async fn check_welcome(app: &App, before: &Model) -> Result<()> {
    let address = Address::parse("invitationId", &before.email)?;
    let (of, path) = (before.organization_id, "invitationId");
    let mut answers = super::email_rule::unwelcome(&app.db, of, &[&address], path).await?;
    answers.pop().flatten().map_or(Ok(()), |error| Err(error.into()))
}

fn check_throttle(before: &Model, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
    let again = before.sent_at + mail_pace::PAUSE;
    if now < again {
        let message = "at most one mail a minute for an invitation";
        return Err(UserError::new(UserErrorCode::ResendTooSoon, "invitationId", message)
            .help(mail_pace::try_after(again))
            .into());
    }
    let day_ends = before.resend_day + TimeDelta::days(1);
    if now < day_ends && before.resends_that_day >= mail_pace::RESENDS_PER_DAY {
        return Err(mail_pace::too_soon("invitationId", day_ends).into());
    }
    Ok(())
}

/// Whether the viewer could grant all that the invitation promises, by the same code as inviting.
async fn vouch(app: &App, viewer: &Viewer, invitation: &Model, grants: &[GrantRow]) -> Result<()> {
    let ids = grants.iter().map(|grant| grant.role_id);
    let customs = Customs::by_ids(app, &app.db, invitation.organization_id, ids).await?;
    let inputs = promises(app, &customs, viewer, grants)?;
    let resolver = Resolver::load(app, invitation.organization_id, inputs.iter()).await?;
    resolver.resolve(&app.roles, &viewer.standing, &inputs, viewer.now).map(drop)
}

/// Whether the viewer could grant all that each of these invitations promises; in a few statements,
/// however many they are.
pub(super) async fn vouch_for_all(
    app: &App,
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    organization_id: OrganizationId,
    ids: &[InvitationId],
) -> Result<()> {
    let grants = store::invitation::grants(db, ids).await?;
    let refused = || {
        let message = "you may not grant all that the invitations promise";
        Error::refused(
            UserError::new(UserErrorCode::AboveOwnAccess, "invitations", message)
                .help("They can be revoked instead."),
        )
    };
    let roles = grants.iter().map(|grant| grant.role_id);
    let customs = Customs::by_ids(app, db, organization_id, roles).await?;
    let lists: Vec<Vec<GrantInput>> = grants
        .chunk_by(|one, other| one.invitation_id == other.invitation_id)
        .map(|of_one| promises(app, &customs, viewer, of_one))
        .collect::<Result<_>>()
        .map_err(|_| refused())?;
    let resolver = Resolver::load_in(app, db, organization_id, lists.iter().flatten()).await?;
    for inputs in &lists {
        match resolver.resolve(&app.roles, &viewer.standing, inputs, viewer.now) {
            Ok(_) => {}
            Err(Error::Refused(_) | Error::Forbidden(_)) => return Err(refused()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What an invitation promises, as somebody who grants it asks for it.
fn promises(
    app: &App,
    customs: &Customs,
    viewer: &Viewer,
    grants: &[GrantRow],
) -> Result<Vec<GrantInput>> {
    // A role that has left the catalogue, and nothing but what is over, cannot be vouched for.
    let live = |grant: &&GrantRow| grant.valid_until.is_none_or(|until| until > viewer.now);
    let known = |grant: &GrantRow| customs.get(&app.roles, grant.role_id).is_some();
    if !grants.iter().all(known) || grants.iter().filter(live).count() == 0 {
        let message = "nothing of what the invitation promises can be granted any more";
        return Err(UserError::new(UserErrorCode::InvitationExpired, "invitationId", message)
            .help("Invite the person anew.")
            .into());
    }
    Ok(grants
        .iter()
        .filter(live)
        .filter_map(|grant| {
            Some(GrantInput {
                role_key: customs.get(&app.roles, grant.role_id)?.key.clone(),
                scope: grant
                    .account_id
                    .map_or(ScopeId::Organization(grant.organization_id), ScopeId::Account),
                resource_id: grant.billing_group_id,
                valid_until: grant.valid_until,
            })
        })
        .collect())
}

/// Takes a pending invitation back; its link dies at once (R47).
pub async fn revoke(app: &App, viewer: &Viewer, id: InvitationId) -> Result<InvitationRow> {
    let (before, grants) = administered(app, viewer, id).await?;
    let now = app.clock.now();
    if status_at(before.status, before.expires_at, now) != Status::Pending {
        return Err(not_pending());
    }
    may_take_back(app, viewer, &before, &grants).await?;
    let tx = store::begin(&app.db).await?;
    if !store::invitation::end(&tx, id, None, Status::Revoked, Some(viewer.user_id()), now).await? {
        return Err(not_pending());
    }
    mail_pace::call_off(&tx, &[id]).await?;
    let mut events = Events::by(app, viewer.user_id());
    let old = json!({ "email": before.email });
    events.add(Some(before.organization_id), "invitation.revoked", id, Some(old), None);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    row(app, id).await
}

/// What one may not give, one may not take back either, unless one gave it.
pub(super) async fn may_take_back(
    app: &App,
    viewer: &Viewer,
    invitation: &Model,
    grants: &[GrantRow],
) -> Result<()> {
    if invitation.invited_by == viewer.user_id() {
        return Ok(());
    }
    for grant in grants {
        let scope =
            grant.account_id.map_or(ScopeId::Organization(grant.organization_id), ScopeId::Account);
        let place: Place = place_of(app, scope).await?;
        viewer.granting(&app.roles, &place)?;
    }
    Ok(())
}

pub(super) fn not_pending() -> Error {
    UserError::new(
        UserErrorCode::InvitationNotPending,
        "invitationId",
        "the invitation has been accepted, declined, revoked, or has expired",
    )
    .into()
}

fn lines(app: &App, grants: &[GrantRow]) -> Vec<GrantLine> {
    let line = |grant: &GrantRow| GrantLine {
        role: grant.role_name(&app.roles).unwrap_or_default().to_owned(),
        scope: grant.account_name.clone().unwrap_or_else(|| grant.organization_name.clone()),
    };
    grants.iter().map(line).collect()
}

pub(super) async fn row(app: &App, id: InvitationId) -> Result<InvitationRow> {
    store::invitation_page::rows(&app.db, &[id]).await?.pop().ok_or(Error::NotFound("invitation"))
}

/// An invitation that the viewer administers, by id alone.
pub async fn find(app: &App, viewer: &Viewer, id: InvitationId) -> Result<InvitationRow> {
    administered(app, viewer, id).await?;
    row(app, id).await
}

/// The invitations that a call of the viewer's has just made or met, as far as they may see them now,
/// with what each promises.
pub async fn rows(
    app: &App,
    viewer: &Viewer,
    ids: &[InvitationId],
) -> Result<Vec<(InvitationRow, Vec<GrantRow>)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::invitation_page::rows(&app.db, ids).await?;
    let mut grants: HashMap<InvitationId, Vec<GrantRow>> = HashMap::new();
    for grant in store::invitation::grants(&app.db, ids).await? {
        grants.entry(grant.invitation_id).or_default().push(grant);
    }
    let with_grants = |row: InvitationRow| {
        let grants = grants.remove(&row.id).unwrap_or_default();
        (row, grants)
    };
    let mut rows: Vec<_> = rows.into_iter().map(with_grants).collect();
    rows.retain(|(row, grants)| {
        let listing = viewer.listing(&app.roles, row.organization_id);
        listing.is_ok_and(|listing| shows(&listing, viewer, row.inviter.id, grants.iter()))
    });
    Ok(rows)
}

/// Which of an organization's invitations the viewer may see.
pub(super) async fn seen(
    app: &App,
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    organization_id: OrganizationId,
    ids: &[InvitationId],
) -> Result<Vec<InvitationId>> {
    // Who administers nobody sees those that they made themselves.
    let listing = viewer
        .listing(&app.roles, organization_id)
        .unwrap_or_else(|_| Listing::Accounts(Vec::new()));
    if listing == Listing::Everyone {
        return Ok(ids.to_vec());
    }
    let rows = store::invitation_page::rows(db, ids).await?;
    let grants = store::invitation::grants(db, ids).await?;
    let mine = |id: &InvitationId| {
        let of_id = grants.iter().filter(|grant| grant.invitation_id == *id);
        let row = rows.iter().find(|row| row.id == *id);
        row.is_some_and(|row| shows(&listing, viewer, row.inviter.id, of_id))
    };
    Ok(ids.iter().copied().filter(mine).collect())
}
