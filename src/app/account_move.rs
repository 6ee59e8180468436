//! Moves of accounts into other organizations (R24): one side asks, the other answers, and both have to
//! agree. The sides are the account's Owner and those who manage the accounts of the organization that
//! it is to go to. What accepting does is in [`super::account_move_accept`].

use chrono::{DateTime, TimeDelta, Utc};
use entity::account_move::{Side, Status};
use entity::id::{AccountId, AccountMoveId, OrganizationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::events::Events;
use crate::access::{Decision, decide};
use crate::access::{Denial, Place, Roles, Standing, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::account_move::{MoveRow, NewMove, Pending};
use crate::store::account_transfer;
use crate::store::list::List;
use crate::store::page::Window;

/// How long the other side has to answer.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// Asks for an account to go into another organization: for the account, if the viewer is its Owner,
/// else for the organization. The account and the organization have to exist for the viewer (R2).
pub async fn request(
    app: &App,
    viewer: &Viewer,
    account_id: AccountId,
    to: OrganizationId,
) -> Result<MoveRow> {
    let unseen = || Error::NotFound("account");
    let place = store::account::place(&app.db, account_id).await?.ok_or_else(unseen)?;
    viewer.visible(&app.roles, &place)?;
    viewer.visible(&app.roles, &Place::organization(to))?;
    let owner = store::account::rows(&app.db, &[account_id]).await?.pop().ok_or_else(unseen)?;
    let own = may_decide(app, &viewer.standing, &place, owner.owner_id, viewer.now);
    let manage = may_take_in(&app.roles, &viewer.standing, to, viewer.now);
    let side = match (own, manage) {
        (Ok(()), _) => Side::Account,
        (_, Ok(())) => Side::Organization,
        // What an Owner lacks is told of the account; of everybody else more is asked there.
        (Err(denial), _) if owner.owner_id == viewer.user_id() => return Err(denied(denial)),
        (_, Err(denial)) => return Err(denied(denial)),
    };
    check_movable(&place, to)?;

    let (from, now) = (place.organization_id, app.clock.now());
    let id: AccountMoveId = app.random.id(now);
    let expires_at = now + LIFETIME;
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organizations(&tx, vec![from, to]).await?;
    // The account may have gone, or have been closed, since it was looked at.
    let locked = account_transfer::lock(&tx, from, account_id).await?;
    let account = locked.iter().find(|account| account.id == account_id).ok_or_else(unseen)?;
    check_open(account.status)?;
    store::account_move::settle_expired(&tx, account_id, now).await?;
    let asked_by = viewer.user_id();
    let new = NewMove { id, account_id, from, to, side, asked_by, expires_at };
    if !store::account_move::insert(&tx, new, now).await? {
        let message = "a move of the account waits for an answer already";
        return Err(UserError::new(UserErrorCode::MovePending, "accountId", message)
            .help("It can be accepted, declined or withdrawn.")
            .into());
    }
    let mut events = Events::by(app, asked_by);
    for organization_id in [from, to] {
        let after =
            json!({ "account": account_id, "from": from, "to": to, "expiresAt": expires_at });
        let action = "account_move.requested";
        events.add(Some(organization_id), action, id, None, Some(after));
    }
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// What cannot move, whoever asks.
fn check_movable(place: &Place, to: OrganizationId) -> Result<()> {
    let refuse = |code, path, message: &str| Err(UserError::new(code, path, message).into());
    let Some(account) = &place.account else { return Err(Error::NotFound("account")) };
    if account.parent_id.is_some() {
        let message = "a subaccount goes where the account above it goes";
        return refuse(UserErrorCode::NotTopLevel, "accountId", message);
    }
    if place.organization_id == to {
        let message = "the account belongs to this organization already";
        return refuse(UserErrorCode::SameOrganization, "organizationId", message);
    }
    check_open(account.status)
}

/// A closed account stays where it is.
pub(super) fn check_open(status: entity::account::Status) -> Result<()> {
    if status != entity::account::Status::Closed {
        return Ok(());
    }
    let message = "the account is closed";
    Err(UserError::new(UserErrorCode::AccountNotActive, "accountId", message).into())
}

/// Whether somebody decides for the account's side: its Owner, as long as work in it is not stopped.
pub(super) fn may_decide(
    app: &App,
    standing: &Standing,
    place: &Place,
    owner_id: UserId,
    now: DateTime<Utc>,
) -> Result<(), Denial> {
    match decide(standing, &app.roles, permission::ACCOUNT_CLOSE, place, now) {
        Decision::Allowed(_) if standing.user_id == owner_id => Ok(()),
        // The organization's Owner may close an account, but not give it away.
        Decision::Allowed(_) => Err(Denial {
            permission: permission::ACCOUNT_CLOSE.to_owned(),
            scope: place.scope_text(),
            granted_by: vec![app.roles.account_owner().clone()],
            stopped: None,
            suspended: false,
        }),
        Decision::Denied(denial) => Err(denial),
    }
}

/// Whether somebody decides for the organization's side: who manages its accounts (R24).
pub(super) fn may_take_in(
    roles: &Roles,
    standing: &Standing,
    to: OrganizationId,
    now: DateTime<Utc>,
) -> Result<(), Denial> {
    let place = Place::organization(to);
    match decide(standing, roles, permission::ORGANIZATION_ACCOUNTS, &place, now) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(denial) => Err(denial),
    }
}

fn denied(denial: Denial) -> Error {
    Error::Forbidden(Box::new(denial))
}

/// Whether somebody decides for one of the sides of a move.
pub(super) async fn decides_for(
    app: &App,
    db: &impl ConnectionTrait,
    standing: &Standing,
    row: &MoveRow,
    side: Side,
    now: DateTime<Utc>,
) -> Result<()> {
    match side {
        Side::Organization => may_take_in(&app.roles, standing, row.to_id, now).map_err(denied),
        Side::Account => {
            let place = store::account::place(db, row.account_id).await?;
            let place = place.ok_or(Error::NotFound("account"))?;
            may_decide(app, standing, &place, row.owner_id, now).map_err(denied)
        }
    }
}

/// Whether the viewer decides for one of the sides of a move, as long as there is something to decide.
pub(super) async fn require_side(
    app: &App,
    viewer: &Viewer,
    row: &MoveRow,
    side: Side,
) -> Result<()> {
    let decided = decides_for(app, &app.db, &viewer.standing, row, side, viewer.now).await;
    // Once the account has gone, everything about it is decided where it went.
    if decided.is_err() && by_id(app, row.id).await?.status_at(viewer.now) != Status::Pending {
        return Err(not_pending());
    }
    decided
}

/// The side that answers.
pub(super) fn other(side: Side) -> Side {
    match side {
        Side::Account => Side::Organization,
        Side::Organization => Side::Account,
    }
}

/// A move that exists for the viewer: they own the account, or manage the accounts of the organization
/// that it leaves or goes to.
pub async fn find(app: &App, viewer: &Viewer, id: AccountMoveId) -> Result<MoveRow> {
    let unseen = || Error::NotFound("account move");
    let row = store::account_move::by_id(&app.db, id).await?.ok_or_else(unseen)?;
    let member = |id: OrganizationId| viewer.standing.active_membership(id).is_some();
    let owns = row.owner_id == viewer.user_id() && (member(row.home_id) || member(row.from_id));
    let manages = |organization_id| {
        let place = Place::organization(organization_id);
        viewer.can(&app.roles, permission::ORGANIZATION_ACCOUNTS, &place)
    };
    if owns || manages(row.from_id) || manages(row.to_id) { Ok(row) } else { Err(unseen()) }
}

/// Says no for the side that was asked.
pub async fn decline(app: &App, viewer: &Viewer, id: AccountMoveId) -> Result<MoveRow> {
    let row = find(app, viewer, id).await?;
    let side = other(row.side);
    end(app, viewer, row, side, (Status::Declined, "account_move.declined")).await
}

/// Takes a move back for the side that asked.
pub async fn withdraw(app: &App, viewer: &Viewer, id: AccountMoveId) -> Result<MoveRow> {
    let row = find(app, viewer, id).await?;
    let side = row.side;
    end(app, viewer, row, side, (Status::Withdrawn, "account_move.withdrawn")).await
}

async fn end(
    app: &App,
    viewer: &Viewer,
    row: MoveRow,
    side: Side,
    (status, action): (Status, &'static str),
) -> Result<MoveRow> {
    require_side(app, viewer, &row, side).await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    if !store::account_move::end(&tx, row.id, status, viewer.user_id(), now).await? {
        return Err(not_pending());
    }
    let mut events = Events::by(app, viewer.user_id());
    for organization_id in [row.from_id, row.to_id] {
        let before = json!({ "account": row.account_id, "from": row.from_id, "to": row.to_id });
        events.add(Some(organization_id), action, row.id, Some(before), None);
    }
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, row.id).await
}

pub(super) fn not_pending() -> Error {
    let message = "the move has been accepted, declined or withdrawn, or has expired";
    UserError::new(UserErrorCode::MoveNotPending, "moveId", message).into()
}

pub(super) async fn by_id(app: &App, id: AccountMoveId) -> Result<MoveRow> {
    store::account_move::by_id(&app.db, id).await?.ok_or(Error::NotFound("account move"))
}

/// The moves of the viewer's own accounts that wait for an answer.
#[must_use]
pub fn of_viewer(viewer: &Viewer, window: Window) -> List<MoveRow> {
    let memberships = viewer.standing.memberships.iter().map(|member| member.organization_id);
    let active = memberships.filter(|id| viewer.standing.active_membership(*id).is_some());
    let of = Pending::OfOwner(viewer.user_id(), active.collect());
    store::account_move::list_pending(&of, viewer.now, window)
}

/// The moves into and out of an organization that wait for an answer; for those who manage its accounts.
pub fn of_organization(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    window: Window,
) -> Result<List<MoveRow>> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_ACCOUNTS, &place)?;
    let of = Pending::OfOrganization(organization_id);
    Ok(store::account_move::list_pending(&of, viewer.now, window))
}
