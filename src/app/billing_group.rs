//! Billing groups: accounts that are billed together, the resource that resource roles are about (R10,
//! R11). Those who manage the organization's accounts make them and link accounts to them.

use std::collections::HashMap;
use std::sync::Arc;

use entity::account::Status;
use entity::id::{AccountId, BillingGroupId, OrganizationId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::entry;
use super::events::Events;
use super::work::{Run, Work};
use crate::access::{Place, Reach, Role, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::account::AccountRow;
use crate::store::billing_group::{BillingGroupRow, Seen};
use crate::store::page::{Page, Window};

/// The most accounts of one call.
const ACCOUNTS_MAX: usize = 100;

/// Makes a billing group.
pub async fn create(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    name: &str,
) -> Result<BillingGroupRow> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_ACCOUNTS, &place)?;
    let name = crate::text::name("name", name)?;
    let now = app.clock.now();
    let id: BillingGroupId = app.random.id(now);
    let tx = store::begin(&app.db).await?;
    store::billing_group::insert(&tx, id, organization_id, &name, now).await?;
    let mut events = Events::by(app, viewer.user_id());
    let after = json!({ "name": name });
    events.add(Some(organization_id), "billing_group.created", id, None, Some(after));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// Gives a billing group another name.
pub async fn rename(
    app: &App,
    viewer: &Viewer,
    id: BillingGroupId,
    name: &str,
) -> Result<BillingGroupRow> {
    let organization_id = managed(app, viewer, id).await?.organization_id;
    let name = crate::text::name("name", name)?;
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    let before = store::billing_group::by_id(&tx, id).await?.ok_or_else(unknown)?;
    if before.name == name {
        return Ok(before);
    }
    store::billing_group::rename(&tx, id, &name, app.clock.now()).await?;
    let mut events = Events::by(app, viewer.user_id());
    let (before, after) = (json!({ "name": before.name }), json!({ "name": name }));
    let action = "billing_group.renamed";
    events.add(Some(organization_id), action, id, Some(before), Some(after));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// Links accounts to a billing group; one that is linked already stays so.
pub async fn link(
    app: &App,
    viewer: &Viewer,
    id: BillingGroupId,
    accounts: &[AccountId],
) -> Result<BillingGroupRow> {
    change_links(app, viewer, id, accounts, true).await
}

/// Unlinks accounts from a billing group; one that is not linked stays so.
pub async fn unlink(
    app: &App,
    viewer: &Viewer,
    id: BillingGroupId,
    accounts: &[AccountId],
) -> Result<BillingGroupRow> {
    change_links(app, viewer, id, accounts, false).await
}

async fn change_links(
    app: &App,
    viewer: &Viewer,
    id: BillingGroupId,
    accounts: &[AccountId],
    linking: bool,
) -> Result<BillingGroupRow> {
    let group = managed(app, viewer, id).await?;
    if !(1..=ACCOUNTS_MAX).contains(&accounts.len()) {
        let message = format!("1 to {ACCOUNTS_MAX} in one call, got {}", accounts.len());
        return Err(UserError::new(UserErrorCode::BadListLength, "accountIds", message).into());
    }
    let organization_id = group.organization_id;
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    if store::billing_group::lock_to_assign(&tx, organization_id, &[id]).await?.is_empty() {
        return Err(unknown());
    }
    check_accounts(&tx, organization_id, accounts, linking).await?;
    let (changed, action) = if linking {
        let now = app.clock.now();
        let linked = store::billing_group::link(&tx, organization_id, id, accounts, now).await?;
        (linked, "billing_group.accounts_linked")
    } else {
        let unlinked = store::billing_group::unlink(&tx, id, accounts).await?;
        (unlinked, "billing_group.accounts_unlinked")
    };
    if changed.is_empty() {
        return Ok(group);
    }
    let list = Some(json!({ "accounts": changed }));
    let (before, after) = if linking { (None, list) } else { (list, None) };
    let mut events = Events::by(app, viewer.user_id());
    events.add(Some(organization_id), action, id, before, after);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// Every account that cannot be linked, with its reason. Who manages an organization's accounts sees
/// all of them, and none of another's (R2).
async fn check_accounts(
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    accounts: &[AccountId],
    linking: bool,
) -> Result<()> {
    let places = store::account::places(tx, accounts).await?;
    let mut errors = Vec::new();
    for (index, id) in accounts.iter().enumerate() {
        let path = format!("accountIds.{index}");
        let place = places.iter().find(|place| place.account_id() == Some(*id));
        match place.filter(|place| place.organization_id == organization_id) {
            None => {
                let message = "there is no such account";
                errors.push(UserError::new(UserErrorCode::NotFound, &path, message));
            }
            Some(place) if linking && place.stopped() == Some(Status::Closed) => {
                let message = "the account is closed";
                errors.push(UserError::new(UserErrorCode::AccountNotActive, &path, message));
            }
            Some(_) => {}
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Refused(errors)) }
}

/// What deleting a billing group came to.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The group that is gone.
    pub id: BillingGroupId,
    /// How many assignments were about it.
    pub assignments: usize,
    /// How many pending invitations promised a role about it.
    pub invitations: usize,
    /// How many accounts were linked to it.
    pub accounts: i64,
}

/// Deletes a billing group. Roles about it go with it, also from pending invitations; one that promises
/// nothing else is revoked. A dry run does the same and takes it all back.
pub async fn delete(app: &App, viewer: &Viewer, id: BillingGroupId, run: Run) -> Result<Deleted> {
    let group = managed(app, viewer, id).await?;
    let organization_id = group.organization_id;
    let now = app.clock.now();
    let mut work = Work::begin(app, viewer, run).await?;
    let (tx, events) = work.parts();
    store::membership::lock_organization(tx, organization_id).await?;
    if !store::billing_group::lock_to_delete(tx, organization_id, id).await? {
        return Err(unknown());
    }
    let assignments = store::billing_group::assignments(tx, id).await?;
    let invitations = store::billing_group::invitations(tx, id, now).await?;
    let accounts = store::billing_group::count_accounts(tx, id).await?;
    store::billing_group::delete(tx, id).await?;
    let by = viewer.user_id();
    let emptied =
        store::billing_group::revoke_emptied(tx, organization_id, &invitations, by, now).await?;
    let ended: Vec<_> = emptied.iter().map(|row| row.id).collect();
    super::mail_pace::call_off(tx, &ended).await?;
    let deleted =
        Deleted { id, assignments: assignments.len(), invitations: invitations.len(), accounts };
    for row in &assignments {
        let before = Some(entry(app, row));
        events.add(Some(organization_id), "role_assignment.removed", row.id, before, None);
    }
    for invitation in invitations {
        let revoked = emptied.iter().find(|row| row.id == invitation);
        let (action, before) = match revoked {
            Some(row) => ("invitation.revoked", json!({ "email": row.email })),
            None => ("invitation.grants_changed", json!({ "resource": id })),
        };
        events.add(Some(organization_id), action, invitation, Some(before), None);
    }
    let before = json!({ "name": group.name, "accountCount": accounts });
    events.add(Some(organization_id), "billing_group.deleted", id, Some(before), None);
    work.finish().await?;
    Ok(deleted)
}

/// A billing group that exists for the viewer.
pub async fn visible(app: &App, viewer: &Viewer, id: BillingGroupId) -> Result<BillingGroupRow> {
    let row = by_id(app, id).await?;
    viewer.visible(&app.roles, &row.place())?;
    Ok(row)
}

/// A billing group that the viewer manages.
async fn managed(app: &App, viewer: &Viewer, id: BillingGroupId) -> Result<BillingGroupRow> {
    let row = by_id(app, id).await?;
    viewer.require(&app.roles, permission::ORGANIZATION_ACCOUNTS, &row.place())?;
    Ok(row)
}

async fn by_id(app: &App, id: BillingGroupId) -> Result<BillingGroupRow> {
    store::billing_group::by_id(&app.db, id).await?.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::NotFound("billing group")
}

/// The same window of the billing groups that the viewer sees in each of several organizations.
pub async fn pages(
    app: &App,
    viewer: &Viewer,
    ids: &[OrganizationId],
    window: &Window,
) -> Result<HashMap<OrganizationId, Page<BillingGroupRow>>> {
    let mut seen = Vec::with_capacity(ids.len());
    for id in ids {
        viewer.visible(&app.roles, &Place::organization(*id))?;
        seen.push((*id, seen_in(app, viewer, *id)));
    }
    Ok(store::billing_group::pages(&app.db, &seen, window).await?)
}

/// Which billing groups of an organization exist for the viewer: by the same measure as for one alone.
fn seen_in(app: &App, viewer: &Viewer, organization_id: OrganizationId) -> Seen {
    let mut own: Vec<BillingGroupId> = Vec::new();
    let membership = viewer.standing.active_membership(organization_id);
    let holdings = membership.iter().flat_map(|membership| &membership.holdings);
    for holding in holdings.filter(|holding| holding.counts_at(viewer.now)) {
        match (holding.billing_group_id, holding.account_id) {
            (Some(id), _) if holding.permits_something() && !own.contains(&id) => own.push(id),
            (None, None) if holding.shows_billing_groups(&app.roles) => return Seen::All,
            _ => {}
        }
    }
    Seen::Only(own)
}

/// The same window of the accounts that are linked to each of several billing groups. Who sees a group
/// sees which accounts it is about.
pub async fn account_pages(
    app: &App,
    viewer: &Viewer,
    ids: &[BillingGroupId],
    window: &Window,
) -> Result<HashMap<BillingGroupId, Page<AccountRow>>> {
    let mut rows = store::billing_group::rows(&app.db, ids).await?;
    rows.retain(|row| viewer.sees(&app.roles, &row.place()));
    let ids: Vec<BillingGroupId> = rows.iter().map(|row| row.id).collect();
    Ok(store::billing_group::account_pages(&app.db, &ids, window).await?)
}

/// The viewer's roles that show them a billing group, those about it first.
#[must_use]
pub fn roles_of_viewer(app: &App, viewer: &Viewer, row: &BillingGroupRow) -> Vec<Arc<Role>> {
    let place = row.place();
    let mut about: Vec<(bool, Arc<Role>)> = Vec::new();
    for (holding, reach) in viewer.standing.reaching(&place, viewer.now) {
        let direct = reach == Reach::Resource;
        let Some(role) = holding.role.as_ref() else { continue };
        let shows = if direct {
            holding.permits_something()
        } else {
            holding.shows_billing_groups(&app.roles)
        };
        if shows && about.iter().all(|(_, known)| known.id != role.id) {
            about.push((!direct, Arc::clone(role)));
        }
    }
    about.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    about.into_iter().map(|(_, role)| role).collect()
}
