//! Joining an organization by oneself, because one's address is at a domain of its own. How far that
//! goes is the organization's policy; what is given, whoever set the policy vouches for, as who invites
//! does for an invitation (R21).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::email_domain::JoinPolicy;
use entity::id::{AccountId, OrganizationId, RoleId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::note;
use super::customs::Customs;
use super::entitlement::confirm_seats;
use super::events::Events;
use super::grants::{self, Applied, Others};
use super::work::{Run, Work};
use crate::access::{Decision, Grant, Granting, Place, Role, Standing, Viewer, decide, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, GrantLine, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::account::AccountRow;
use crate::store::join::DoorRow;
use crate::store::join_request::RequestRow;
use crate::store::page::Window;

/// An organization that somebody may join, ask to join, or ask somebody of.
#[derive(Clone, Debug)]
pub struct Joinable {
    /// The organization, and how one comes in.
    pub door: DoorRow,
    /// Whom to ask, if there is somebody to be asked.
    pub contact: Option<String>,
    /// The person's own request, which waits for an answer.
    pub request: Option<RequestRow>,
}

/// The organizations that people with the viewer's address may join and the viewer is no member of;
/// none as long as they have not proved the address.
pub async fn joinable(app: &App, viewer: &Viewer) -> Result<Vec<Joinable>> {
    let (user_id, member) = (viewer.user_id(), |id| viewer.standing.membership(id).is_some());
    of_user(app, user_id, &viewer.email_key, member).await
}

/// The same of somebody who is not signed in.
pub async fn joinable_by(app: &App, user_id: UserId) -> Result<Vec<Joinable>> {
    let person = store::standing::of_user(&app.db, &app.roles, user_id).await?;
    let Some(person) = person else { return Ok(Vec::new()) };
    let member = |id| person.standing.membership(id).is_some();
    of_user(app, user_id, &person.email_key, member).await
}

async fn of_user(
    app: &App,
    user_id: UserId,
    email_key: &str,
    member: impl Fn(OrganizationId) -> bool,
) -> Result<Vec<Joinable>> {
    let mut doors = store::join::doors(&app.db, user_id, domain_of(email_key)).await?;
    doors.retain(|door| !member(door.organization_id));
    if doors.is_empty() {
        return Ok(Vec::new());
    }
    let requests = store::join_request::pending_of(&app.db, user_id).await?;
    let own = |door: &DoorRow| {
        requests.iter().find(|request| request.organization_id == door.organization_id).cloned()
    };
    let joinable = |door: DoorRow| Joinable { contact: contact(&door), request: own(&door), door };
    Ok(doors.into_iter().map(joinable).collect())
}

pub(super) fn domain_of(email_key: &str) -> &str {
    email_key.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Whom to ask: whom the organization names; where it names nobody and lets nobody in without being
/// asked, who set that, or the Owner in their absence.
fn contact(door: &DoorRow) -> Option<String> {
    if door.contact.is_some() || door.policy() != JoinPolicy::Contact {
        return door.contact.clone();
    }
    let (name, email) = if door.setter_active {
        (&door.setter_name, &door.setter_email)
    } else {
        (&door.owner_name, &door.owner_email)
    };
    Some(format!("{name} <{email}>"))
}

/// The door of an organization that the viewer may know of and is no member of.
pub(super) async fn find_door(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
) -> Result<DoorRow> {
    if viewer.standing.membership(organization_id).is_some() {
        return Err(already_member("organizationId"));
    }
    let user = store::user::by_id(&app.db, viewer.user_id()).await?;
    if user.ok_or(Error::Unauthenticated)?.email_verified_at.is_none() {
        let message = "it is not proved yet that the address is yours";
        return Err(UserError::new(UserErrorCode::EmailNotVerified, "", message)
            .help("Open the link in the mail that you got when you signed up.")
            .into());
    }
    let doors = store::join::doors(&app.db, viewer.user_id(), domain_of(&viewer.email_key)).await?;
    let mut doors = doors.into_iter();
    doors
        .find(|door| door.organization_id == organization_id)
        .ok_or(Error::NotFound("organization"))
}

/// What joining came to.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    organization_id: OrganizationId,
    account_id: Option<AccountId>,
}

/// Joins an organization that lets people with the viewer's address in by themselves: membership with
/// the default role, and what the policy gives beside it.
pub async fn join(app: &App, viewer: &Viewer, organization_id: OrganizationId) -> Result<Joined> {
    let seen = find_door(app, viewer, organization_id).await?;
    check_automatic(&seen)?;
    let user_id = viewer.user_id();
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let (tx, events) = work.parts();
    store::membership::lock_organization(tx, organization_id).await?;
    // Who vouches cannot lose the right in between; who comes in stands before, as when accepting an
    // invitation.
    store::user::hold(tx, user_id).await?;
    store::membership::lock(tx, organization_id, &[seen.set_by, user_id]).await?;
    enter(app, tx, events, organization_id, user_id).await?;
    let domain = domain_of(&viewer.email_key);
    let door = store::join::lock_door(tx, organization_id, user_id, domain)
        .await?
        .ok_or(Error::NotFound("organization"))?;
    check_automatic(&door)?;
    if door.set_by != seen.set_by {
        return Err(Error::Conflict("the policy changed meanwhile; try again"));
    }
    let promised = vouched(app, tx, &door, app.clock.now()).await?;
    let grants = promised.ok_or_else(|| unvouched(&door))?;
    let applied = give(app, tx, events, organization_id, (user_id, grants)).await?;
    let account_id = applied.added.iter().find_map(|(_, grant)| grant.place().account_id());
    let told = tell_voucher(viewer, &door, &applied);
    outbox::queue(tx, app, vec![told]).await?;
    work.finish().await?;
    Ok(Joined { organization_id, account_id })
}

fn check_automatic(door: &DoorRow) -> Result<()> {
    let help = match door.policy() {
        JoinPolicy::Automatic => return Ok(()),
        JoinPolicy::Request => "Ask to join instead.".to_owned(),
        JoinPolicy::Contact | JoinPolicy::Invitation => ask_whom(door),
    };
    let message = "nobody joins this organization without being let in";
    Err(UserError::new(UserErrorCode::NotJoinable, "organizationId", message).help(help).into())
}

/// What to do where only somebody else can help.
pub(super) fn ask_whom(door: &DoorRow) -> String {
    match contact(door) {
        Some(contact) => format!("Ask {contact} for an invitation."),
        None => "Ask a member of the organization for an invitation.".to_owned(),
    }
}

fn unvouched(door: &DoorRow) -> Error {
    let message =
        format!("who lets people at {} in may no longer give what they would get", door.domain);
    UserError::new(UserErrorCode::NotJoinable, "organizationId", message)
        .help("Ask to join instead: then an administrator decides.")
        .into()
}

pub(super) fn already_member(path: &str) -> Error {
    let message = "a member of the organization already";
    UserError::new(UserErrorCode::AlreadyMember, path, message).into()
}

/// Makes somebody a member who is none, where there is a seat for them (R55). The organization is locked.
pub(super) async fn enter(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<()> {
    let now = app.clock.now();
    let id = app.random.id(now);
    if !store::membership::insert(tx, id, organization_id, user_id, now).await? {
        return Err(already_member("organizationId"));
    }
    confirm_seats(app, tx, organization_id, "organizationId").await?;
    let after = Some(json!({ "user": user_id }));
    events.add(Some(organization_id), "membership.created", id, None, after);
    Ok(())
}

/// Gives somebody who has just entered what they get; who was given nothing at the organization gets
/// the default role (R25).
pub(super) async fn give(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    organization_id: OrganizationId,
    (user_id, mut grants): (UserId, Vec<Grant>),
) -> Result<Applied> {
    if grants.iter().all(|grant| grant.place().account.is_some()) {
        grants.extend(Grant::default_role(&app.roles, Place::organization(organization_id)));
    }
    let people = [(user_id, grants)];
    let applied = grants::apply(app, tx, organization_id, &people, Others::Stay).await?.pop();
    let applied =
        applied.ok_or_else(|| Error::Internal("applying grants gave no outcome".to_owned()))??;
    note(app, events, organization_id, &applied);
    came_in(app, tx, events, organization_id, &[user_id]).await?;
    Ok(applied)
}

/// What those who join through a door get, if who set the policy may still give all of it (R21). Mere
/// membership is given by who manages the organization's users, as when inviting.
async fn vouched(
    app: &App,
    db: &impl ConnectionTrait,
    door: &DoorRow,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Grant>>> {
    let Some(person) = store::standing::of_user(db, &app.roles, door.set_by).await? else {
        return Ok(None);
    };
    let standing = &person.standing;
    // Somebody who is out, or suspended, lets nobody in.
    if standing.active_membership(door.organization_id).is_none() {
        return Ok(None);
    }
    let default = app.roles.default_organization_role().map(|role| role.id);
    match door.role_id {
        None => Ok(welcome(app, standing, door.organization_id, now)),
        Some(role) if door.account_id.is_none() && Some(role) == default => {
            Ok(welcome(app, standing, door.organization_id, now))
        }
        Some(role) => {
            let at = (door.organization_id, door.account_id);
            let Some((place, role)) = found(app, db, at, role).await? else { return Ok(None) };
            let granting = Granting::of(standing, &app.roles, &place, now).ok();
            let grant = granting.and_then(|may| may.grant(&role, None, None, now).ok());
            Ok(grant.map(|grant| vec![grant]))
        }
    }
}

/// Membership with the default role alone, where the catalogue has one, from somebody who manages the
/// organization's users.
pub(super) fn welcome(
    app: &App,
    standing: &Standing,
    organization_id: OrganizationId,
    now: DateTime<Utc>,
) -> Option<Vec<Grant>> {
    let place = Place::organization(organization_id);
    let decided = decide(standing, &app.roles, permission::ORGANIZATION_USERS, &place, now);
    let may = matches!(decided, Decision::Allowed(_));
    Grant::default_role(&app.roles, place).filter(|_| may).map(|grant| vec![grant])
}

/// The place and the role that people at a domain are given.
pub(super) async fn found(
    app: &App,
    db: &impl ConnectionTrait,
    (organization_id, account_id): (OrganizationId, Option<AccountId>),
    role_id: RoleId,
) -> Result<Option<(Place, Arc<Role>)>> {
    let place = match account_id {
        None => Some(Place::organization(organization_id)),
        Some(id) => store::account::place(db, id).await?,
    };
    let place = place.filter(|place| place.organization_id == organization_id);
    let customs = Customs::by_ids(app, db, organization_id, [role_id].into_iter()).await?;
    let role = customs.get(&app.roles, role_id).cloned();
    Ok(place.zip(role))
}

/// People are members now: what they asked for is overtaken.
pub(super) async fn came_in(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    organization_id: OrganizationId,
    user_ids: &[UserId],
) -> Result<()> {
    let now = app.clock.now();
    let overtaken = store::join::came_in(tx, organization_id, user_ids, now).await?;
    let mails: Vec<_> = overtaken.iter().filter_map(|request| request.mail_id).collect();
    if !mails.is_empty() {
        store::mail::cancel(tx, &mails).await?;
    }
    for request in overtaken {
        let action = "join_request.overtaken";
        events.add(Some(organization_id), action, request.id, None, None);
    }
    Ok(())
}

/// Where somebody who has just joined can begin, as the viewer whom they are now: in the account that
/// they were given, else in the first of the organization's that they can enter.
pub async fn landing(app: &App, viewer: &Viewer, joined: Joined) -> Result<Option<AccountRow>> {
    if let Some(id) = joined.account_id
        && let Some(account) = super::account::usable(app, viewer, id).await?
    {
        return Ok(Some(account));
    }
    let window = Window { size: 1, after: None, before: None, backward: false, total: false };
    let reached = Some(joined.organization_id);
    let list = super::account::list(viewer, reached, None, window);
    let first = list.read(&app.db).await?.rows.pop();
    match first {
        Some(account) => super::account::usable(app, viewer, account.id).await,
        None => Ok(None),
    }
}

/// The mail to who vouches for people at a domain.
fn tell_voucher(viewer: &Viewer, door: &DoorRow, applied: &Applied) -> Outgoing {
    Outgoing {
        to: Recipient { name: Some(door.setter_name.clone()), address: door.setter_email.clone() },
        message: Message::MemberJoined(message::MemberJoined {
            name: door.setter_name.clone(),
            member_name: viewer.name.clone(),
            member_email: viewer.email.clone(),
            organization_name: door.organization_name.clone(),
            domain: door.domain.clone(),
            grants: lines(applied, &door.organization_name),
        }),
        locale: Locale::parse(&door.setter_locale).unwrap_or_default(),
        organization_id: Some(door.organization_id),
    }
}

/// New roles as a mail tells them.
pub(super) fn lines(applied: &Applied, organization_name: &str) -> Vec<GrantLine> {
    let line = |grant: &Grant| GrantLine {
        role: grant.role().name.clone(),
        scope: grant.place().name().unwrap_or(organization_name).to_owned(),
    };
    applied.added.iter().map(|(_, grant)| line(grant)).collect()
}
