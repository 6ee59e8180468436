//! Removing and suspending users.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::id::{AccountId, OrganizationId, UserId};
use entity::membership::Status;

use super::consequences::Consequences;
use super::context::{Context as RequestContext, context};
use super::error::outcome;
use super::id::Gid;
use super::user::User;
use super::user_error::UserError;
use crate::access::Viewer;
use crate::app::removal::{self, FromOrganization, Removed};
use crate::app::work::Run;
use crate::app::{ends, membership};
use crate::error::Error;
use crate::store::user::UserRow;

/// What removing a user from an account takes.
#[derive(InputObject)]
pub(super) struct RemoveUserFromAccountInput {
    /// Who is removed.
    user_id: Gid<UserId>,
    /// From which account or subaccount.
    account_id: Gid<AccountId>,
    /// Only tell what would come of it, and change nothing. The answer is the one that the call would
    /// get, so keep its objects out of your cache.
    #[graphql(default)]
    dry_run: bool,
}

/// What becomes of the pending invitations of a user who is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "ends::Invitations")]
pub(super) enum RemovedUserInvitations {
    /// They are revoked.
    #[default]
    Revoke,
    /// Whoever removes the user vouches for them from here on.
    HandOver,
}

/// What removing a user from an organization takes.
#[derive(InputObject)]
pub(super) struct RemoveUserFromOrganizationInput {
    /// Who is removed.
    user_id: Gid<UserId>,
    /// From which organization.
    organization_id: Gid<OrganizationId>,
    /// The active member who becomes the Owner of the accounts that the user owns.
    new_owner_id: Option<Gid<UserId>>,
    /// What becomes of the pending invitations that the user vouches for.
    #[graphql(default_with = "RemovedUserInvitations::Revoke")]
    invitations: RemovedUserInvitations,
    /// Only tell what would come of it, and change nothing. The answer is the one that the call would
    /// get, so keep its objects out of your cache.
    #[graphql(default)]
    dry_run: bool,
}

/// What suspending a user takes.
#[derive(InputObject)]
pub(super) struct SuspendUserInput {
    /// Who is suspended.
    user_id: Gid<UserId>,
    /// In which organization.
    organization_id: Gid<OrganizationId>,
}

/// What reactivating a user takes.
#[derive(InputObject)]
pub(super) struct ReactivateUserInput {
    /// Who is reactivated.
    user_id: Gid<UserId>,
    /// In which organization.
    organization_id: Gid<OrganizationId>,
}

/// What removing a user from an account gives.
#[derive(SimpleObject)]
pub(super) struct RemoveUserFromAccountPayload {
    /// The assignments that are gone.
    removed_ids: Option<Vec<ID>>,
    /// What went along.
    consequences: Option<Consequences>,
    /// Why the user was not removed.
    user_errors: Vec<UserError>,
}

/// What removing a user from an organization gives.
#[derive(SimpleObject)]
pub(super) struct RemoveUserFromOrganizationPayload {
    /// The assignments that are gone.
    removed_ids: Option<Vec<ID>>,
    /// What went along; after NEW_OWNER_REQUIRED and NOT_TRANSFERABLE too, with the accounts that are in
    /// the way.
    consequences: Option<Consequences>,
    /// Why the user was not removed.
    user_errors: Vec<UserError>,
}

/// What suspending a user gives.
#[derive(SimpleObject)]
pub(super) struct SuspendUserPayload {
    /// The user, as seen in the organization.
    user: Option<User>,
    /// Why the user was not suspended.
    user_errors: Vec<UserError>,
}

/// What reactivating a user gives.
#[derive(SimpleObject)]
pub(super) struct ReactivateUserPayload {
    /// The user, as seen in the organization.
    user: Option<User>,
    /// Why the user was not reactivated.
    user_errors: Vec<UserError>,
}

/// Memberships.
#[derive(Default)]
pub(super) struct MembershipMutation;

/// Memberships.
#[Object]
impl MembershipMutation {
    /// Removes all that a user holds at an account and its subaccounts; nothing is no error. Takes what
    /// assigning roles there takes, but for the ceiling. Where the catalogue has no role for members
    /// without any, one who is left without is no member any more, and their pending invitations are
    /// revoked. Codes: OWNER_ROLE.
    async fn remove_user_from_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is removed from where.")] input: RemoveUserFromAccountInput,
    ) -> Result<RemoveUserFromAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (account_id, user_id) = (input.account_id.0, input.user_id.0);
        let run = Run::dry(input.dry_run);
        let result = removal::from_account(&context.app, &viewer, account_id, user_id, run).await;
        let (removed_ids, consequences, user_errors) = told(context, &viewer, result)?;
        context.access_changed().await;
        Ok(RemoveUserFromAccountPayload { removed_ids, consequences, user_errors })
    }

    /// Ends a user's membership with all that the user holds in the organization; the person's identity and
    /// other organizations are untouched. Pending invitations that the user vouches for are revoked, or
    /// handed to the caller, whose own ceiling must cover them. Accounts that the user owns need a new
    /// Owner; closed ones fall to the organization's, if to nobody else. Takes
    /// `organization.users.manage`, and to name a new Owner `organization.assignments.manage`; members may
    /// remove themselves. Codes: NOT_A_MEMBER, OWNER_ROLE, NEW_OWNER_REQUIRED, NOT_TRANSFERABLE,
    /// ABOVE_OWN_ACCESS, NOT_ALLOWED.
    async fn remove_user_from_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is removed from where.")] input: RemoveUserFromOrganizationInput,
    ) -> Result<RemoveUserFromOrganizationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = FromOrganization {
            organization_id: input.organization_id.0,
            user_id: input.user_id.0,
            new_owner_id: input.new_owner_id.map(|id| id.0),
            invitations: input.invitations.into(),
            run: Run::dry(input.dry_run),
        };
        let result = removal::from_organization(&context.app, &viewer, input).await;
        let (removed_ids, consequences, user_errors) = told(context, &viewer, result)?;
        context.access_changed().await;
        Ok(RemoveUserFromOrganizationPayload { removed_ids, consequences, user_errors })
    }

    /// Suspends a member, from the next request on: what they hold is kept, and grants nothing. Takes
    /// `organization.users.manage`. The Owner cannot be suspended, and nobody suspends themselves. One who
    /// is suspended already is no error. Codes: NOT_A_MEMBER, OWNER_ROLE, NOT_ALLOWED.
    async fn suspend_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is suspended where.")] input: SuspendUserInput,
    ) -> Result<SuspendUserPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (organization_id, user_id) = (input.organization_id.0, input.user_id.0);
        let result = membership::suspend(&context.app, &viewer, organization_id, user_id).await;
        let (row, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(SuspendUserPayload { user: row.map(|row| seen(row, organization_id)), user_errors })
    }

    /// Lets what a suspended member holds count again. Takes `organization.users.manage`. One who is active
    /// already is no error. Codes: NOT_A_MEMBER.
    async fn reactivate_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is reactivated where.")] input: ReactivateUserInput,
    ) -> Result<ReactivateUserPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (organization_id, user_id) = (input.organization_id.0, input.user_id.0);
        let result = membership::reactivate(&context.app, &viewer, organization_id, user_id).await;
        let (row, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(ReactivateUserPayload { user: row.map(|row| seen(row, organization_id)), user_errors })
    }
}

fn seen(row: (UserRow, Status), organization_id: OrganizationId) -> User {
    User::new(row.0, Some(organization_id), Some(row.1))
}

type Told = (Option<Vec<ID>>, Option<Consequences>, Vec<UserError>);

/// What removing somebody came to, as the API tells it.
fn told(context: &RequestContext, viewer: &Viewer, result: Result<Removed, Error>) -> Result<Told> {
    let (removed, mut user_errors) = outcome(result)?;
    let Some(Removed { ids, consequences, refused }) = removed else {
        return Ok((None, None, user_errors));
    };
    let consequences = Consequences::new(consequences, &context.app.roles, viewer.now);
    let removed_ids = refused.is_none().then(|| ids.into_iter().map(ID::from).collect());
    user_errors.extend(refused.map(UserError::from));
    Ok((removed_ids, Some(consequences), user_errors))
}
