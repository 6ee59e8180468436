//! Suspending members, and letting them in again.

use entity::id::{OrganizationId, UserId};
use entity::membership::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::access_removed;
use super::work::{Run, Work};
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::message::Lost;
use crate::store;
use crate::store::user::UserRow;

/// Suspends a member: the assignments are kept, and grant nothing. The Owner cannot be suspended (R24),
/// and nobody suspends themselves.
pub async fn suspend(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<(UserRow, Status)> {
    turn(app, viewer, organization_id, user_id, Status::Suspended).await
}

/// Lets a suspended member's assignments count again.
pub async fn reactivate(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<(UserRow, Status)> {
    turn(app, viewer, organization_id, user_id, Status::Active).await
}

/// Gives a membership another status. Where it has it already, nothing is done.
async fn turn(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_id: UserId,
    to: Status,
) -> Result<(UserRow, Status)> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    if to == Status::Suspended && user_id == viewer.user_id() {
        let message = "nobody suspends themselves";
        return Err(UserError::new(UserErrorCode::NotAllowed, "userId", message).into());
    }
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let tx = work.tx();
    store::membership::lock_organization(tx, organization_id).await?;
    if store::membership::lock(tx, organization_id, &[user_id]).await?.is_empty() {
        return Err(not_a_member("userId"));
    }
    let organization = store::organization::by_id(tx, organization_id).await?;
    if to == Status::Suspended && organization.is_some_and(|it| it.owner.id == user_id) {
        return Err(owns_the_organization());
    }
    let now = app.clock.now();
    let turned = store::membership::set_status(tx, organization_id, user_id, to, now).await?;
    let user: UserRow =
        store::user::rows(tx, &[user_id]).await?.pop().ok_or(Error::NotFound("user"))?;
    if turned {
        let (action, status) = match to {
            Status::Active => ("membership.reactivated", "ACTIVE"),
            Status::Suspended => ("membership.suspended", "SUSPENDED"),
        };
        work.note(organization_id, action, user_id, None, Some(json!({ "status": status })));
        if to == Status::Suspended {
            access_removed::tell(&work, organization_id, user_id, Lost::Suspended).await?;
        }
    }
    work.finish().await?;
    Ok((user, to))
}

/// Refuses a service user as somebody who is to own something.
pub(super) async fn must_be_person(
    tx: &impl ConnectionTrait,
    path: &str,
    user_id: UserId,
) -> Result<()> {
    let users = store::user::rows(tx, &[user_id]).await?;
    if users.iter().all(|user| user.service_of.is_none()) {
        return Ok(());
    }
    let message = "a service user owns nothing: name a person";
    Err(UserError::new(UserErrorCode::PersonRequired, path, message).into())
}

pub(super) fn not_a_member(path: &str) -> Error {
    let message = "the user is not a member of the organization";
    UserError::new(UserErrorCode::NotAMember, path, message).into()
}

pub(super) fn owns_the_organization() -> Error {
    let message = "the user owns the organization: nobody suspends or removes its Owner";
    UserError::new(UserErrorCode::OwnerRole, "userId", message)
        .help("Ownership moves by a transfer that the new owner accepts.")
        .into()
}
