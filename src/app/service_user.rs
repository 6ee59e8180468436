//! Service users: machines that work for an organization, with roles like anyone. They come with API keys
//! (`api_key`); they have no password, no mailbox and no session, belong to one organization, and own
//! nothing. Whoever manages the organization's users makes them, and removes them like other users.

use entity::id::{OrganizationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::note;
use super::grants::{self, GRANTS_MAX, GrantInput, Others, Resolver};
use super::work::{Run, Work};
use crate::access::{Grant, Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::outbox::NOWHERE;
use crate::store;
use crate::store::user::UserRow;

/// The most service users of one organization.
const SERVICE_USERS_MAX: i64 = 100;

/// What making a service user takes.
pub struct CreateServiceUser {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The name.
    pub name: String,
    /// What it may do from the start.
    pub grants: Vec<GrantInput>,
}

/// Makes a service user with roles that the viewer may give (R20, R21). One without any at the
/// organization gets the catalogue's default role (R25).
pub async fn create(app: &App, viewer: &Viewer, input: CreateServiceUser) -> Result<UserRow> {
    let CreateServiceUser { organization_id, name, grants: inputs } = input;
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    let name = crate::text::name("name", &name)?;
    if inputs.len() > GRANTS_MAX {
        let message = format!("at most {GRANTS_MAX}, got {}", inputs.len());
        return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
    }
    let resolver = Resolver::load(app, organization_id, inputs.iter()).await?;
    let mut grants = resolver.resolve(&app.roles, &viewer.standing, &inputs, viewer.now)?;
    if grants.iter().all(|grant| grant.place().account.is_some()) {
        grants.extend(Grant::default_role(&app.roles, place));
    }
    if grants.is_empty() {
        let message = "there is no default role: name at least one";
        return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
    }
    let now = app.clock.now();
    let id: UserId = app.random.id(now);
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let tx = work.tx();
    store::membership::lock_organization(tx, organization_id).await?;
    if store::membership::lock(tx, organization_id, &[viewer.user_id()]).await?.is_empty() {
        return Err(Error::NotFound("organization"));
    }
    let count = store::service_user::count(tx, organization_id).await?;
    if count >= SERVICE_USERS_MAX {
        let message = format!("at most {SERVICE_USERS_MAX} service users, there are {count}");
        return Err(UserError::new(UserErrorCode::LimitReached, "", message).into());
    }
    let address = format!("{id}@{NOWHERE}");
    store::service_user::insert(tx, id, organization_id, &name, &address, now).await?;
    let membership = app.random.id(now);
    store::membership::insert(tx, membership, organization_id, id, now).await?;
    let after = json!({ "name": name });
    work.note(organization_id, "service_user.created", id, None, Some(after));
    let (tx, events) = work.parts();
    let people = [(id, grants)];
    for outcome in grants::apply(app, tx, organization_id, &people, Others::Stay).await? {
        note(app, events, organization_id, &outcome?);
    }
    let made = find(tx, id).await?;
    work.finish().await?;
    Ok(made)
}

/// Gives a service user another name.
pub async fn rename(app: &App, viewer: &Viewer, id: UserId, name: &str) -> Result<UserRow> {
    let organization_id = managed(app, viewer, id).await?;
    let name = crate::text::name("name", name)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let tx = work.tx();
    if store::membership::lock(tx, organization_id, &[id]).await?.is_empty() {
        return Err(unknown());
    }
    let before = find(tx, id).await?;
    if before.name == name {
        return Ok(before);
    }
    store::service_user::rename(tx, id, &name, app.clock.now()).await?;
    let renamed = find(tx, id).await?;
    let (before, after) = (json!({ "name": before.name }), json!({ "name": name }));
    work.note(organization_id, "service_user.renamed", id, Some(before), Some(after));
    work.finish().await?;
    Ok(renamed)
}

/// The organization of a service user that the viewer manages.
pub(super) async fn managed(app: &App, viewer: &Viewer, id: UserId) -> Result<OrganizationId> {
    let user = find(&app.db, id).await?;
    let organization_id = user.service_of.ok_or_else(unknown)?;
    let place = Place::organization(organization_id);
    viewer.visible(&app.roles, &place).map_err(|_| unknown())?;
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    Ok(organization_id)
}

async fn find(db: &impl ConnectionTrait, id: UserId) -> Result<UserRow> {
    store::service_user::by_id(db, id).await?.ok_or_else(unknown)
}

pub(super) fn unknown() -> Error {
    Error::NotFound("service user")
}
