//! Requests to join an organization: who has an address at a domain of its own asks, and who manages
//! its users decides.

use chrono::TimeDelta;
use entity::email_domain::JoinPolicy;
use entity::id::{JoinRequestId, OrganizationId, UserId};
use entity::join_request::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::grants::{Applied, GRANTS_MAX, GrantInput, Resolver};
use super::join::{
    already_member, ask_whom, domain_of, enter, find_door, found, give, lines, welcome,
};
use super::work::{Run, Work};
use crate::access::{
    Authority, Decision, Grant, Granting, Place, Standing, Viewer, decide, permission,
};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::join::DoorRow;
use crate::store::join_request::{NewRequest, RequestRow};
use crate::store::list::List;
use crate::store::page::Window;

/// The longest message to those who decide, in characters.
const MESSAGE_MAX: usize = 2000;
/// Who was declined this often does not ask again.
const DECLINES_MAX: i64 = 3;
/// How often somebody asks within [`LATELY`]: each time somebody gets a mail.
const REQUESTS_LATELY: i64 = 5;
const LATELY: TimeDelta = TimeDelta::days(1);

/// Asks to join an organization that lets people with the viewer's address ask, or join by themselves:
/// who it is that vouches for these may have lost the right to.
pub async fn ask(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    message: Option<&str>,
) -> Result<RequestRow> {
    let message =
        message.map(|text| crate::text::prose("message", text, MESSAGE_MAX)).transpose()?;
    let message = message.filter(|text| !text.is_empty());
    check_open(&find_door(app, viewer, organization_id).await?)?;
    let (user_id, now) = (viewer.user_id(), app.clock.now());
    let id: JoinRequestId = app.random.id(now);

    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let tx = work.tx();
    store::membership::lock_organization(tx, organization_id).await?;
    if store::membership::status(tx, organization_id, user_id).await?.is_some() {
        return Err(already_member("organizationId"));
    }
    let domain = domain_of(&viewer.email_key);
    let door = store::join::lock_door(tx, organization_id, user_id, domain)
        .await?
        .ok_or(Error::NotFound("organization"))?;
    check_open(&door)?;
    let asked = store::join_request::asked(tx, organization_id, user_id, now - LATELY).await?;
    if asked.declined >= DECLINES_MAX || asked.lately >= REQUESTS_LATELY {
        let message = if asked.declined >= DECLINES_MAX {
            format!("the organization has declined {} requests of yours", asked.declined)
        } else {
            format!("at most {REQUESTS_LATELY} requests within a day")
        };
        return Err(UserError::new(UserErrorCode::LimitReached, "organizationId", message)
            .help(ask_whom(&door))
            .into());
    }
    let told = announcement(app, tx, viewer, &door, message.as_deref()).await?;
    let mail_id = outbox::queue(tx, app, vec![told]).await?.pop();
    let after = json!({ "user": user_id, "domain": door.domain });
    let new = NewRequest { id, organization_id, user_id, domain: door.domain, message, mail_id };
    if !store::join_request::insert(tx, new, now).await? {
        let message = "a request of yours waits for an answer already";
        return Err(UserError::new(UserErrorCode::JoinRequestPending, "organizationId", message)
            .help("It can be withdrawn.")
            .into());
    }
    work.note(organization_id, "join_request.created", id, None, Some(after));
    work.finish().await?;
    by_id(app, id).await
}

/// Refuses where people are only told whom to ask.
fn check_open(door: &DoorRow) -> Result<()> {
    if matches!(door.policy(), JoinPolicy::Request | JoinPolicy::Automatic) {
        return Ok(());
    }
    let message = "the organization takes no requests to join";
    Err(UserError::new(UserErrorCode::NotJoinable, "organizationId", message)
        .help(ask_whom(door))
        .into())
}

/// The mail that tells of a request: to who lets people at the domain ask, as long as they can answer,
/// else to the Owner.
async fn announcement(
    app: &App,
    tx: &impl ConnectionTrait,
    viewer: &Viewer,
    door: &DoorRow,
    note: Option<&str>,
) -> Result<Outgoing> {
    let setter = store::standing::of_user(tx, &app.roles, door.set_by).await?;
    let place = Place::organization(door.organization_id);
    let decides = setter.is_some_and(|setter| decides(app, &setter.standing, &place));
    let (name, email, locale) = if decides {
        (&door.setter_name, &door.setter_email, &door.setter_locale)
    } else {
        (&door.owner_name, &door.owner_email, &door.owner_locale)
    };
    Ok(Outgoing {
        to: Recipient { name: Some(name.clone()), address: email.clone() },
        message: Message::JoinRequested(message::JoinRequested {
            name: name.clone(),
            asker_name: viewer.name.clone(),
            asker_email: viewer.email.clone(),
            organization_name: door.organization_name.clone(),
            domain: door.domain.clone(),
            note: note.map(str::to_owned),
            link: app.config.application_url().to_owned(),
        }),
        locale: Locale::parse(locale).unwrap_or_default(),
        organization_id: Some(door.organization_id),
    })
}

/// Whether somebody decides who joins an organization: who manages its users (R24).
fn decides(app: &App, standing: &Standing, place: &Place) -> bool {
    let users = permission::ORGANIZATION_USERS;
    matches!(decide(standing, &app.roles, users, place, app.clock.now()), Decision::Allowed(_))
}

/// A request that exists for the viewer: their own, or one to an organization whose users they manage.
pub async fn find(app: &App, viewer: &Viewer, id: JoinRequestId) -> Result<RequestRow> {
    let row = by_id(app, id).await?;
    let place = Place::organization(row.organization_id);
    let manages = viewer.can(&app.roles, permission::ORGANIZATION_USERS, &place);
    if manages || row.asker.id == viewer.user_id() { Ok(row) } else { Err(unseen()) }
}

/// Takes a request back.
pub async fn withdraw(app: &App, viewer: &Viewer, id: JoinRequestId) -> Result<RequestRow> {
    let row = find(app, viewer, id).await?;
    if row.asker.id != viewer.user_id() {
        let message = format!("only {} can withdraw the request", row.asker.name);
        return Err(not_allowed(message, "You can decline it."));
    }
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    end(&mut work, &row, Status::Withdrawn, "join_request.withdrawn").await?;
    work.finish().await?;
    by_id(app, id).await
}

/// Says no; the asker is told.
pub async fn decline(app: &App, viewer: &Viewer, id: JoinRequestId) -> Result<RequestRow> {
    let row = find(app, viewer, id).await?;
    authorize(app, viewer, &row)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let tx = work.tx();
    // Who is removed just now decides nothing any more.
    store::membership::lock_organization(tx, row.organization_id).await?;
    still_decides(app, tx, viewer, &row).await?;
    end(&mut work, &row, Status::Declined, "join_request.declined").await?;
    let told = Message::JoinDeclined(message::JoinDeclined {
        name: row.asker.name.clone(),
        organization_name: row.organization_name.clone(),
    });
    outbox::queue(work.tx(), app, vec![to_asker(&row, told)]).await?;
    work.finish().await?;
    by_id(app, id).await
}

/// Lets the asker in, with these roles, or with those that people at the domain are given where the
/// call names none. All of it rests on the authority of who approves (R21).
pub async fn approve(
    app: &App,
    viewer: &Viewer,
    id: JoinRequestId,
    grants: Option<&[GrantInput]>,
) -> Result<RequestRow> {
    let row = find(app, viewer, id).await?;
    authorize(app, viewer, &row)?;
    if let Some(grants) = grants.filter(|grants| grants.len() > GRANTS_MAX) {
        let message = format!("at most {GRANTS_MAX} grants for one person, got {}", grants.len());
        return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
    }
    let (organization_id, asker) = (row.organization_id, row.asker.id);
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), organization_id).await?;
    let (tx, events) = work.parts();
    // Who comes in, and then memberships, as accepting an invitation takes them.
    store::user::hold(tx, asker).await?;
    store::membership::lock(tx, organization_id, &[viewer.user_id(), asker]).await?;
    match enter(app, tx, events, organization_id, asker).await {
        // Who is a member has nothing pending any more.
        Err(Error::Refused(errors)) if is_member(&errors) => return Err(not_pending()),
        entered => entered?,
    }
    end(&mut work, &row, Status::Approved, "join_request.approved").await?;
    let (tx, events) = work.parts();
    let standing = still_decides(app, tx, viewer, &row).await?;
    let grants = match grants {
        Some(inputs) => resolved(app, tx, &standing, organization_id, inputs).await?,
        None => usual(app, tx, &standing, &row).await?,
    };
    let applied = give(app, tx, events, organization_id, (asker, grants)).await?;
    let told = to_asker(&row, welcomed(app, viewer, &row, &applied));
    outbox::queue(tx, app, vec![told]).await?;
    work.finish().await?;
    by_id(app, id).await
}

/// The roles that the call names, as when inviting; none at all means the default role.
async fn resolved(
    app: &App,
    tx: &impl ConnectionTrait,
    standing: &Standing,
    organization_id: OrganizationId,
    inputs: &[GrantInput],
) -> Result<Vec<Grant>> {
    if inputs.is_empty() {
        return plain(app, standing, organization_id);
    }
    let resolver = Resolver::load_in(app, tx, organization_id, inputs.iter()).await?;
    resolver.resolve(&app.roles, standing, inputs, app.clock.now())
}

/// What people at the domain are given.
async fn usual(
    app: &App,
    tx: &impl ConnectionTrait,
    standing: &Standing,
    row: &RequestRow,
) -> Result<Vec<Grant>> {
    let organization_id = row.organization_id;
    let given = store::join::given(tx, organization_id, &row.domain).await?;
    let Some(given) = given else { return plain(app, standing, organization_id) };
    let default = app.roles.default_organization_role();
    if given.account_id.is_none() && default.is_some_and(|role| role.id == given.role_id) {
        return plain(app, standing, organization_id);
    }
    let at = (organization_id, given.account_id);
    let gone = || {
        let message = "what people at the domain are given is there no more";
        let error = UserError::new(UserErrorCode::NotFound, "grants", message);
        Error::from(error.help("Name the roles to give."))
    };
    let (place, role) = found(app, tx, at, given.role_id).await?.ok_or_else(gone)?;
    let now = app.clock.now();
    let granting = Granting::of(standing, &app.roles, &place, now)
        .map_err(|denial| Error::Forbidden(Box::new(denial)))?;
    let grant = granting.grant(&role, None, None, now).map_err(|error| error.under("grants.0"))?;
    Ok(vec![grant])
}

/// Membership with the default role alone.
fn plain(app: &App, standing: &Standing, organization_id: OrganizationId) -> Result<Vec<Grant>> {
    welcome(app, standing, organization_id, app.clock.now()).ok_or_else(|| {
        let message = "at least one grant: this catalogue has no role for members without any";
        UserError::new(UserErrorCode::BadListLength, "grants", message).into()
    })
}

fn welcomed(app: &App, viewer: &Viewer, row: &RequestRow, applied: &Applied) -> Message {
    Message::JoinApproved(message::JoinApproved {
        name: row.asker.name.clone(),
        approver_name: viewer.name.clone(),
        approver_email: viewer.email.clone(),
        organization_name: row.organization_name.clone(),
        grants: lines(applied, &row.organization_name),
        link: app.config.application_url().to_owned(),
    })
}

fn to_asker(row: &RequestRow, message: Message) -> Outgoing {
    Outgoing {
        to: Recipient { name: Some(row.asker.name.clone()), address: row.asker.email.clone() },
        message,
        locale: Locale::parse(&row.asker_locale).unwrap_or_default(),
        organization_id: Some(row.organization_id),
    }
}

/// The authority to answer a request. Its asker sees it, and has it withdrawn at most.
fn authorize(app: &App, viewer: &Viewer, row: &RequestRow) -> Result<Authority> {
    let place = Place::organization(row.organization_id);
    if !viewer.sees(&app.roles, &place) {
        let message = format!("the request is for {} to answer", row.organization_name);
        return Err(not_allowed(message, "You can withdraw it."));
    }
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)
}

/// The standing of who answers a request, as it is within the transaction: they may still.
async fn still_decides(
    app: &App,
    tx: &impl ConnectionTrait,
    viewer: &Viewer,
    row: &RequestRow,
) -> Result<Standing> {
    let (place, now) = (Place::organization(row.organization_id), app.clock.now());
    let person = store::standing::of_user(tx, &app.roles, viewer.user_id()).await?;
    let standing = person.ok_or(Error::Unauthenticated)?.standing;
    if !standing.sees(&app.roles, &place, now) {
        return Err(unseen());
    }
    match decide(&standing, &app.roles, permission::ORGANIZATION_USERS, &place, now) {
        Decision::Allowed(_) => Ok(standing),
        Decision::Denied(denial) => Err(Error::Forbidden(Box::new(denial))),
    }
}

/// Ends a request, once, and calls the mail about it off.
async fn end(
    work: &mut Work<'_>,
    row: &RequestRow,
    status: Status,
    action: &'static str,
) -> Result<()> {
    let (by, now): (UserId, _) = (work.viewer.user_id(), work.app.clock.now());
    if !store::join_request::end(work.tx(), row.id, status, by, now).await? {
        return Err(not_pending());
    }
    if let Some(mail_id) = row.mail_id {
        store::mail::cancel(work.tx(), &[mail_id]).await?;
    }
    let before = json!({ "user": row.asker.id, "domain": row.domain });
    work.note(row.organization_id, action, row.id, Some(before), None);
    Ok(())
}

fn is_member(errors: &[UserError]) -> bool {
    errors.iter().any(|error| error.code == UserErrorCode::AlreadyMember)
}

fn not_pending() -> Error {
    let message = "the request has been approved, declined or withdrawn, or is overtaken";
    UserError::new(UserErrorCode::JoinRequestNotPending, "joinRequestId", message).into()
}

fn not_allowed(message: String, help: &str) -> Error {
    UserError::new(UserErrorCode::NotAllowed, "joinRequestId", message).help(help).into()
}

fn unseen() -> Error {
    Error::NotFound("join request")
}

async fn by_id(app: &App, id: JoinRequestId) -> Result<RequestRow> {
    store::join_request::by_id(&app.db, id).await?.ok_or_else(unseen)
}

/// One page of an organization's requests, newest first; for those who manage its users.
pub fn list(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    status: Option<Status>,
    window: Window,
) -> Result<List<RequestRow>> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    Ok(store::join_request::list(organization_id, status, window))
}
