//! Pending invitations that end, or change, because of something else.

use std::collections::HashSet;

use entity::id::{AccountId, InvitationId, OrganizationId, UserId};
use serde_json::json;

use super::invitation_admin::vouch_for_all;
use super::work::Work;
use crate::error::{Error, Result};
use crate::store;
use crate::store::invitation_end::Pending;

/// Pending invitations that end or change. They are locked.
pub(super) struct Touched {
    /// All of them, in the order in which they were made.
    pub(super) ids: Vec<InvitationId>,
    /// Those that the viewer could see before.
    pub(super) seen: Vec<InvitationId>,
}

/// Locks pending invitations. Who also locks accounts does so afterwards, as accepting does.
pub(super) async fn lock(
    work: &Work<'_>,
    organization_id: OrganizationId,
    which: Pending<'_>,
) -> Result<Touched> {
    let (tx, now) = (work.tx(), work.app.clock.now());
    let ids = store::invitation_end::lock(tx, organization_id, which, now).await?;
    let seen = super::invitation_admin::seen(work.app, tx, work.viewer, organization_id, &ids);
    let seen = seen.await?;
    Ok(Touched { ids, seen })
}

/// Takes what pending invitations promise in these accounts out of them. One that promises nothing else
/// is revoked, and keeps its grants as the record of what it was.
pub(super) async fn take_out_grants(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    accounts: &[AccountId],
) -> Result<Touched> {
    let touched = lock(work, organization_id, Pending::At(accounts)).await?;
    let closing: HashSet<AccountId> = accounts.iter().copied().collect();
    let elsewhere = |account: Option<AccountId>| account.is_none_or(|id| !closing.contains(&id));
    let grants = store::invitation::grants(work.tx(), &touched.ids).await?;
    let (staying, ending): (Vec<InvitationId>, Vec<InvitationId>) =
        touched.ids.iter().partition(|id| {
            grants.iter().any(|grant| grant.invitation_id == **id && elsewhere(grant.account_id))
        });
    store::invitation_end::take_out(work.tx(), organization_id, &staying, accounts).await?;
    for id in &staying {
        let taken = grants.iter().filter(|grant| grant.invitation_id == *id);
        let taken = taken.filter(|grant| !elsewhere(grant.account_id));
        let taken: Vec<_> = taken
            .map(|grant| {
                let custom = grant.custom_role_key.as_deref();
                let role = super::assignment::role_key(work.app, grant.role_id, custom);
                json!({ "role": role, "scope": grant.account_id })
            })
            .collect();
        let before = json!({ "grants": taken });
        work.note(organization_id, "invitation.grants_removed", *id, Some(before), None);
    }
    revoke(work, organization_id, &ending).await?;
    Ok(touched)
}

/// Takes back the pending invitations that a user vouches for.
pub(super) async fn revoke_of(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<Touched> {
    let touched = lock(work, organization_id, Pending::By(user_id)).await?;
    revoke(work, organization_id, &touched.ids).await?;
    Ok(touched)
}

/// Takes back these invitations, which are pending and locked, and calls off their mails.
async fn revoke(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    ids: &[InvitationId],
) -> Result<()> {
    let (by, now) = (work.viewer.user_id(), work.app.clock.now());
    let revoked = store::invitation_end::revoke(work.tx(), ids, by, now).await?;
    super::mail_pace::call_off(work.tx(), &revoked).await?;
    for id in revoked {
        work.note(organization_id, "invitation.revoked", id, None, None);
    }
    Ok(())
}

/// Has the viewer vouch for the pending invitations of a user, all or none: the ceiling is theirs from
/// here on (R21).
pub(super) async fn hand_over(
    work: &mut Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<Touched> {
    let (to, now) = (work.viewer.user_id(), work.app.clock.now());
    let touched = lock(work, organization_id, Pending::By(user_id)).await?;
    let ids = &touched.ids;
    vouch_for_all(work.app, work.tx(), work.viewer, organization_id, ids).await?;
    if store::invitation_end::hand_over(work.tx(), ids, to, now).await? != ids.len() as u64 {
        return Err(Error::Conflict("an invitation changed meanwhile; try again"));
    }
    for id in ids {
        let (before, after) = (json!({ "invitedBy": user_id }), json!({ "invitedBy": to }));
        work.note(organization_id, "invitation.handed_over", *id, Some(before), Some(after));
    }
    Ok(touched)
}
