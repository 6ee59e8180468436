//! Removing users from accounts and from organizations (R26).

use entity::account::Status;
use entity::id::{AccountId, AssignmentId, OrganizationId, UserId};
use sea_orm::prelude::Uuid;
use serde_json::json;

use super::App;
use super::access_removed;
use super::consequences::Consequences;
use super::ends::{Invitations, ends_with_membership, unassign};
use super::invitation_end;
use super::membership::{must_be_person, not_a_member, owns_the_organization};
use super::work::{Run, Work};
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::message::Lost;
use crate::store;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_end::Extent;
use crate::store::invitation_end::Pending;

/// What removing somebody comes to.
pub struct Removed {
    /// The assignments that ended.
    pub ids: Vec<AssignmentId>,
    /// What goes along, or, for a refusal, would.
    pub consequences: Consequences,
    /// Why nothing was done: told with the consequences, because they say what is in the way.
    pub refused: Option<UserError>,
}

/// Removes all that a user holds at an account and its subaccounts. Where the catalogue has no role for
/// members without any, one who is left without is no member any more.
pub async fn from_account(
    app: &App,
    viewer: &Viewer,
    account_id: AccountId,
    user_id: UserId,
    run: Run,
) -> Result<Removed> {
    let place =
        store::account::place(&app.db, account_id).await?.ok_or(Error::NotFound("account"))?;
    viewer.granting(&app.roles, &place)?;
    let organization_id = place.organization_id;
    let mut work = Work::begin(app, viewer, run).await?;
    let tx = work.tx();
    store::membership::lock_organization(tx, organization_id).await?;
    let member = store::membership::lock(tx, organization_id, &[user_id]).await?;
    let account = store::account::rows(tx, &[account_id]).await?.pop();
    let account = account
        .filter(|account| account.organization_id == organization_id)
        .ok_or(Error::Conflict("the account changed meanwhile; try again"))?;
    if account.owner_id == user_id {
        let message = format!("the user is the Owner of {}", account.name);
        return Err(UserError::new(UserErrorCode::OwnerRole, "userId", message)
            .help("Ownership moves by a transfer that the new owner accepts.")
            .into());
    }
    let accounts = store::account_life::with_subaccounts(tx, organization_id, account_id).await?;
    let mut consequences = Consequences::default();
    let gone = unassign(&mut work, organization_id, Extent::OfAt(user_id, &accounts)).await?;
    let ids: Vec<AssignmentId> = gone.iter().map(|row| row.id).collect();
    consequences.assignments(gone);
    let mut lost = Lost::Account(account.name);
    if !ids.is_empty() && !member.is_empty() && app.roles.default_organization_role().is_none() {
        let left = Extent::Of(user_id);
        if store::assignment_end::count(work.tx(), organization_id, left).await? == 0 {
            let ended =
                ends_with_membership(&mut work, organization_id, user_id, Invitations::Revoke);
            let ended = ended.await?;
            consequences.invitations = ended.invitations;
            consequences.invitation_count = ended.invitation_count;
            lost = Lost::Membership;
        }
    }
    if !ids.is_empty() {
        access_removed::tell(&work, organization_id, user_id, lost).await?;
    }
    work.finish().await?;
    Ok(Removed { ids, consequences, refused: None })
}

/// What removing somebody from an organization takes.
pub struct FromOrganization {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Who goes.
    pub user_id: UserId,
    /// Who becomes the Owner of the accounts that they own.
    pub new_owner_id: Option<UserId>,
    /// What becomes of the pending invitations that they vouch for.
    pub invitations: Invitations,
    /// Whether it is done.
    pub run: Run,
}

/// Ends somebody's membership with all that hangs on it (R26). Members may also leave by themselves.
/// The Owner neither goes nor is removed (R22).
pub async fn from_organization(
    app: &App,
    viewer: &Viewer,
    input: FromOrganization,
) -> Result<Removed> {
    let FromOrganization { organization_id, user_id, new_owner_id, .. } = input;
    authorize(app, viewer, &input)?;
    let mut work = Work::begin(app, viewer, input.run).await?;
    let tx = work.tx();
    store::membership::lock_organization(tx, organization_id).await?;
    let gone = || Error::NotFound("organization");
    let owner_id =
        store::organization::by_id(tx, organization_id).await?.ok_or_else(gone)?.owner.id;
    let mut people = vec![user_id, viewer.user_id(), owner_id];
    people.extend(new_owner_id);
    let members = store::membership::lock(tx, organization_id, &people).await?;
    if !members.contains(&viewer.user_id()) {
        return Err(gone());
    }
    if !members.contains(&user_id) {
        return Err(not_a_member("userId"));
    }
    if user_id == owner_id {
        return Err(owns_the_organization());
    }
    if let Some(new_owner_id) = new_owner_id {
        check_new_owner(&work, organization_id, user_id, new_owner_id).await?;
    }
    let extent = Extent::Of(user_id);
    let mut held = store::assignment_end::rows(tx, organization_id, extent, i64::MAX).await?;
    let owned: Vec<AssignmentRow> =
        held.extract_if(.., |row| row.owned_scope_id.is_some()).collect();
    let open: Vec<&AssignmentRow> =
        owned.iter().filter(|row| row.account_status != Some(Status::Closed)).collect();
    if let Some(refused) = needs_owner(app, &open, new_owner_id) {
        let mut consequences = Consequences::default();
        consequences.assignments(held);
        let pending = invitation_end::lock(&work, organization_id, Pending::By(user_id)).await?;
        consequences.invitations(tx, &pending).await?;
        consequences.accounts(tx, &accounts(&open)).await?;
        return Ok(Removed { ids: Vec::new(), consequences, refused: Some(refused) });
    }

    // Nobody can work in a closed account: it falls to the organization's Owner, if to nobody else.
    let heir = new_owner_id.unwrap_or(owner_id);
    let all = accounts(&owned.iter().collect::<Vec<_>>());
    let mut cleared = Vec::new();
    if !all.is_empty() {
        cleared = give_accounts(&mut work, organization_id, &all, user_id, heir).await?;
    }
    let mut consequences =
        ends_with_membership(&mut work, organization_id, user_id, input.invitations).await?;
    let ids = held.iter().map(|row| row.id).collect();
    consequences.assignments(cleared);
    consequences.accounts(work.tx(), &all).await?;
    access_removed::tell(&work, organization_id, user_id, Lost::Membership).await?;
    work.finish().await?;
    Ok(Removed { ids, consequences, refused: None })
}

/// Who may remove somebody: those who manage the organization's users; and everybody themselves. To
/// make somebody else the Owner of what is not one's own takes the right to give any role (R21).
fn authorize(app: &App, viewer: &Viewer, input: &FromOrganization) -> Result<()> {
    let place = Place::organization(input.organization_id);
    viewer.visible(&app.roles, &place)?;
    let active = viewer.standing.active_membership(input.organization_id).is_some();
    if active && input.user_id == viewer.user_id() {
        if input.invitations == Invitations::HandOver {
            let message = "who leaves cannot go on vouching for invitations";
            return Err(UserError::new(UserErrorCode::NotAllowed, "invitations", message).into());
        }
        return Ok(());
    }
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    if input.new_owner_id.is_some() {
        viewer.granting(&app.roles, &place)?;
    }
    Ok(())
}

/// The new owner is another member, whose assignments count.
async fn check_new_owner(
    work: &Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
    new_owner_id: UserId,
) -> Result<()> {
    let status = store::membership::status(work.tx(), organization_id, new_owner_id).await?;
    if status.is_none() {
        return Err(not_a_member("newOwnerId"));
    }
    if new_owner_id == user_id || status != Some(entity::membership::Status::Active) {
        let message = "the new owner is another member, and not suspended";
        return Err(UserError::new(UserErrorCode::NotAMember, "newOwnerId", message).into());
    }
    must_be_person(work.tx(), "newOwnerId", new_owner_id).await
}

/// What is in the way while somebody owns these accounts, none of them closed.
fn needs_owner(
    app: &App,
    open: &[&AssignmentRow],
    new_owner_id: Option<UserId>,
) -> Option<UserError> {
    let transferable = app.roles.catalogue().ownership_transferable;
    if open.is_empty() || transferable && new_owner_id.is_some() {
        return None;
    }
    let names: Vec<&str> =
        open.iter().take(10).filter_map(|row| row.account_name.as_deref()).collect();
    let more = if open.len() > names.len() { ", …" } else { "" };
    let message = format!("the user owns {}{more}", names.join(", "));
    Some(if transferable {
        UserError::new(UserErrorCode::NewOwnerRequired, "newOwnerId", message)
            .help("Name an active member who becomes the Owner of these accounts.")
    } else {
        UserError::new(UserErrorCode::NotTransferable, "userId", message)
            .help("Ownership does not move here. Close the accounts first.")
    })
}

fn accounts(owned: &[&AssignmentRow]) -> Vec<AccountId> {
    owned.iter().filter_map(|row| row.account_id).collect()
}

/// Makes a member the Owner of accounts; what they held there and the owner's role excludes goes (R13).
pub(super) async fn give_accounts(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    accounts: &[AccountId],
    from: UserId,
    to: UserId,
) -> Result<Vec<AssignmentRow>> {
    let (app, tx) = (work.app, work.tx());
    let owner = app.roles.account_owner();
    let excluded = |row: &AssignmentRow| {
        let role = app.roles.get(row.role_id);
        row.owned_scope_id.is_none() && role.is_some_and(|role| owner.displaces(role))
    };
    let extent = Extent::OfAt(to, accounts);
    let mut cleared = store::assignment_end::rows(tx, organization_id, extent, i64::MAX).await?;
    cleared.retain(excluded);
    let ids: Vec<AssignmentId> = cleared.iter().map(|row| row.id).collect();
    store::assignment::delete(tx, &ids).await?;
    let scopes: Vec<Uuid> = accounts.iter().map(|id| id.0).collect();
    let now = app.clock.now();
    let moved = store::ownership::hand_over(tx, organization_id, &scopes, from, to, now).await?;
    if moved != accounts.len() {
        return Err(Error::Conflict("an account changed meanwhile; try again"));
    }
    for row in &cleared {
        super::assignment::note_removed(app, work.events(), row);
    }
    for id in accounts {
        let (before, after) = (json!({ "owner": from }), json!({ "owner": to }));
        work.note(organization_id, "account.owner_changed", *id, Some(before), Some(after));
    }
    Ok(cleared)
}
