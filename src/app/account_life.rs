//! The life of an account: another name, suspension, and the end (R23, R24).

use entity::account::Status;
use entity::id::AccountId;
use serde_json::json;

use super::App;
use super::consequences::Consequences;
use super::ends::ends_with_account;
use super::invitation_end;
use super::work::{Run, Work};
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::account::AccountRow;
use crate::store::invitation_end::Pending;

/// Gives an account another name.
pub async fn rename(app: &App, viewer: &Viewer, id: AccountId, name: &str) -> Result<AccountRow> {
    let name = crate::text::name("name", name)?;
    let place = place(app, id).await?;
    viewer.require(&app.roles, permission::ACCOUNT_SETTINGS, &place)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let before = settled(&work, &place, id).await?;
    let (organization_id, now) = (place.organization_id, app.clock.now());
    if before.name != name {
        let renamed = store::account_life::rename(work.tx(), organization_id, id, &name, now);
        if !renamed.await? {
            return Err(not_active(&before));
        }
        let (old, new) = (json!({ "name": before.name }), json!({ "name": name }));
        work.note(organization_id, "account.renamed", id, Some(old), Some(new));
    }
    finished(work, id).await
}

/// Suspends an account: it is kept, and nobody can work in it, nor in its subaccounts, until it is
/// reactivated. Only the organization's own roles still reach it.
pub async fn suspend(app: &App, viewer: &Viewer, id: AccountId) -> Result<AccountRow> {
    turn(app, viewer, id, &[Status::Active], Status::Suspended, "account.suspended").await
}

/// Lets people work in an account again.
pub async fn reactivate(app: &App, viewer: &Viewer, id: AccountId) -> Result<AccountRow> {
    let from = [Status::Suspended, Status::PendingClosure];
    turn(app, viewer, id, &from, Status::Active, "account.reactivated").await
}

/// Brings an account from one of these statuses to another. Where it is there already, nothing is done.
async fn turn(
    app: &App,
    viewer: &Viewer,
    id: AccountId,
    from: &[Status],
    to: Status,
    action: &'static str,
) -> Result<AccountRow> {
    let place = place(app, id).await?;
    viewer.visible(&app.roles, &place)?;
    let organization_id = place.organization_id;
    // It is the organization's to decide, whatever state the account is in.
    let organization = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_ACCOUNTS, &organization)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let before = settled(&work, &place, id).await?;
    if before.status != to {
        let (tx, ids, now) = (work.tx(), [id], app.clock.now());
        let turned = store::account_life::set_status(tx, organization_id, &ids, from, to, now);
        if turned.await? != 1 {
            return Err(not_active(&before));
        }
        let (old, new) = (before.status.as_str(), to.as_str());
        let (old, new) = (json!({ "status": old }), json!({ "status": new }));
        work.note(organization_id, action, id, Some(old), Some(new));
    }
    finished(work, id).await
}

/// What closing an account comes to.
pub struct Closed {
    /// The account.
    pub account: AccountRow,
    /// What goes with it.
    pub consequences: Consequences,
}

/// Closes an account with its subaccounts, for good (R23).
pub async fn close(app: &App, viewer: &Viewer, id: AccountId, run: Run) -> Result<Closed> {
    let place = place(app, id).await?;
    viewer.require(&app.roles, permission::ACCOUNT_CLOSE, &as_before_closing(&place))?;
    let mut work = Work::begin(app, viewer, run).await?;
    settled(&work, &place, id).await?;
    let (organization_id, now) = (place.organization_id, app.clock.now());
    // Invitations before accounts, as accepting has them. There are no new ones meanwhile, nor new
    // subaccounts: who makes either waits for the organization.
    let family = store::account_life::with_subaccounts(work.tx(), organization_id, id).await?;
    invitation_end::lock(&work, organization_id, Pending::At(&family)).await?;
    let open = store::account_life::lock_with_subaccounts(work.tx(), organization_id, id).await?;
    let from = [Status::Active, Status::Suspended, Status::PendingClosure];
    let to = Status::Closed;
    let closed =
        store::account_life::set_status(work.tx(), organization_id, &open, &from, to, now).await?;
    if usize::try_from(closed) != Ok(open.len()) {
        return Err(Error::Conflict("the account changed meanwhile; try again"));
    }
    let mut consequences = Consequences::default();
    if !open.is_empty() {
        consequences = ends_with_account(&mut work, organization_id, &open).await?;
        consequences.accounts(work.tx(), &open).await?;
        for id in &open {
            let after = json!({ "status": to.as_str() });
            work.note(organization_id, "account.closed", *id, None, Some(after));
        }
    }
    let account = finished(work, id).await?;
    Ok(Closed { account, consequences })
}

/// The place as it was before it was closed: closing it again is no error for those who could.
fn as_before_closing(place: &Place) -> Place {
    let mut place = place.clone();
    if let Some(account) = place.account.as_mut().filter(|it| it.status == Status::Closed) {
        account.own_status = Status::Active;
        account.status = Status::Active;
    }
    place
}

async fn place(app: &App, id: AccountId) -> Result<Place> {
    store::account::place(&app.db, id).await?.ok_or(Error::NotFound("account"))
}

/// The account as it stays until the work is finished: whoever else changes an account waits for its
/// organization.
async fn settled(work: &Work<'_>, place: &Place, id: AccountId) -> Result<AccountRow> {
    store::membership::lock_organization(work.tx(), place.organization_id).await?;
    store::account::rows(work.tx(), &[id])
        .await?
        .pop()
        .filter(|row| row.organization_id == place.organization_id)
        .ok_or(Error::Conflict("the account changed meanwhile; try again"))
}

/// Finishes the work; the account as it left it.
async fn finished(work: Work<'_>, id: AccountId) -> Result<AccountRow> {
    let row = store::account::rows(work.tx(), &[id]).await?.pop();
    work.finish().await?;
    row.ok_or(Error::NotFound("account"))
}

fn not_active(row: &AccountRow) -> Error {
    let message = format!("{} is {}", row.name, row.status.words());
    UserError::new(UserErrorCode::AccountNotActive, "accountId", message).into()
}
