//! What ends with an account, a membership or an organization: all of it in one place each.

use entity::id::{AccountId, OrganizationId, UserId};
use serde_json::json;

use super::assignment::note_removed;
use super::consequences::Consequences;
use super::email_domain;
use super::invitation_end;
use super::ownership_end;
use super::work::Work;
use crate::error::{Error, Result};
use crate::mail::message::OfferEnd;
use crate::store;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_end::Extent;
use crate::store::email_domain::Given;
use crate::store::ownership::Concerned;

/// What becomes of the pending invitations of somebody who goes (R26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invitations {
    /// They are taken back.
    #[default]
    Revoke,
    /// Whoever removes them vouches for them from here on, within their own ceiling (R21).
    HandOver,
}

/// Ends what there is in accounts that are being closed (R23): every assignment but the Owner's, and
/// what pending invitations promise there. The accounts are locked.
pub(super) async fn ends_with_account(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    accounts: &[AccountId],
) -> Result<Consequences> {
    let mut consequences = Consequences::default();
    let gone = unassign(work, organization_id, Extent::At(accounts)).await?;
    consequences.assignments(gone);
    let touched = invitation_end::take_out_grants(work, organization_id, accounts).await?;
    consequences.invitations(work.tx(), &touched).await?;
    withdraw_offers(work, organization_id, Concerned::Accounts(accounts)).await?;
    let (app, (tx, events)) = (work.app, work.parts());
    email_domain::give_no_more(app, tx, events, organization_id, Given::In(accounts)).await?;
    let (by, now) = (work.viewer.user_id(), work.app.clock.now());
    for (id, account_id) in
        store::account_move::end_of_accounts(work.tx(), accounts, by, now).await?
    {
        let before = Some(json!({ "account": account_id }));
        work.note(organization_id, "account_move.withdrawn", id, before, None);
    }
    Ok(consequences)
}

/// Ends a membership with all that hangs on it (R26): every assignment, and the pending invitations that
/// the member vouches for. The membership is locked, and owns nothing any more.
pub(super) async fn ends_with_membership(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
    invitations: Invitations,
) -> Result<Consequences> {
    let mut consequences = Consequences::default();
    let gone = unassign(work, organization_id, Extent::Of(user_id)).await?;
    consequences.assignments(gone);
    let touched = match invitations {
        Invitations::Revoke => invitation_end::revoke_of(work, organization_id, user_id).await?,
        Invitations::HandOver => invitation_end::hand_over(work, organization_id, user_id).await?,
    };
    consequences.invitations(work.tx(), &touched).await?;
    withdraw_offers(work, organization_id, Concerned::User(user_id)).await?;
    // Those of a service user, which is gone for good: it is a member of nothing else.
    let now = work.app.clock.now();
    for id in store::api_key::revoke_of(work.tx(), organization_id, user_id, now).await? {
        work.note(organization_id, "api_key.revoked", id, None, None);
    }
    if !store::membership::delete(work.tx(), organization_id, user_id).await? {
        return Err(Error::Conflict("the membership changed meanwhile; try again"));
    }
    // Who leaves may come back through the organization's domains; who is removed has to ask (R26).
    if work.viewer.user_id() != user_id {
        store::join::bar(work.tx(), organization_id, user_id, now).await?;
    }
    work.note(organization_id, "membership.ended", user_id, None, None);
    Ok(consequences)
}

/// Ends an organization with all that belongs to it; see the list of its tables in
/// `store::organization`. It is locked as a whole.
pub(super) async fn ends_with_organization(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
) -> Result<Consequences> {
    let tx = work.tx();
    let organization = store::organization::by_id(tx, organization_id)
        .await?
        .ok_or(Error::NotFound("organization"))?;
    let consequences = Consequences::of_organization(work, organization_id).await?;
    if !store::organization::delete(tx, organization_id).await? {
        return Err(Error::NotFound("organization"));
    }
    let before = json!({
        "name": organization.name,
        "owner": organization.owner.id,
        "accounts": consequences.account_count,
        "roleAssignments": consequences.role_assignment_count,
        "pendingInvitations": consequences.invitation_count,
    });
    work.note(organization_id, "organization.deleted", organization_id, Some(before), None);
    Ok(consequences)
}

/// Takes back the offers of ownership that lose their ground; the other side is told.
async fn withdraw_offers(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    concerned: Concerned<'_>,
) -> Result<()> {
    let (app, tx) = (work.app, work.tx());
    let offers = store::ownership::concerning(tx, organization_id, concerned).await?;
    let (tx, events) = work.parts();
    ownership_end::end(app, tx, events, &offers, &OfferEnd::Withdrawn).await?;
    Ok(())
}

/// Removes assignments, but never an owner's; those that are gone.
pub(super) async fn unassign(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    extent: Extent<'_>,
) -> Result<Vec<AssignmentRow>> {
    let tx = work.tx();
    let mut rows = store::assignment_end::rows(tx, organization_id, extent, i64::MAX).await?;
    let gone: std::collections::HashSet<_> =
        store::assignment_end::delete(tx, organization_id, extent).await?.into_iter().collect();
    // What another request has removed in between is that one's to tell.
    rows.retain(|row| gone.contains(&row.id));
    let app = work.app;
    for row in &rows {
        note_removed(app, work.events(), row);
    }
    Ok(rows)
}
