//! Taking accounts into other organizations.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use entity::id::{AccountId, AccountMoveId, OrganizationId};

use super::account_move::AccountMove;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use crate::app::{account_move, account_move_accept};
use crate::error;
use crate::store::account_move::MoveRow;

/// What asking for a move takes.
#[derive(InputObject)]
pub(super) struct RequestAccountMoveInput {
    /// The account that is to go; its subaccounts come along.
    account_id: Gid<AccountId>,
    /// The organization that it is to go to.
    organization_id: Gid<OrganizationId>,
}

/// What accepting a move takes.
#[derive(InputObject)]
pub(super) struct AcceptAccountMoveInput {
    /// The move.
    move_id: Gid<AccountMoveId>,
}

/// What declining a move takes.
#[derive(InputObject)]
pub(super) struct DeclineAccountMoveInput {
    /// The move.
    move_id: Gid<AccountMoveId>,
}

/// What withdrawing a move takes.
#[derive(InputObject)]
pub(super) struct WithdrawAccountMoveInput {
    /// The move.
    move_id: Gid<AccountMoveId>,
}

/// What asking for a move gives.
#[derive(SimpleObject)]
pub(super) struct RequestAccountMovePayload {
    /// The move, which waits for the other side's answer.
    account_move: Option<AccountMove>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What accepting a move gives.
#[derive(SimpleObject)]
pub(super) struct AcceptAccountMovePayload {
    /// The move, with the account in its new organization.
    account_move: Option<AccountMove>,
    /// Why the account stays where it is.
    user_errors: Vec<UserError>,
}

/// What declining a move gives.
#[derive(SimpleObject)]
pub(super) struct DeclineAccountMovePayload {
    /// The move.
    account_move: Option<AccountMove>,
    /// Why it was not declined.
    user_errors: Vec<UserError>,
}

/// What withdrawing a move gives.
#[derive(SimpleObject)]
pub(super) struct WithdrawAccountMovePayload {
    /// The move.
    account_move: Option<AccountMove>,
    /// Why it was not withdrawn.
    user_errors: Vec<UserError>,
}

/// Accounts that go into other organizations.
#[derive(Default)]
pub(super) struct AccountMoveMutation;

/// Accounts that go into other organizations.
#[Object]
impl AccountMoveMutation {
    /// Asks for an account to go into another organization. The account's Owner asks for the account:
    /// they have to be a member of that organization, and somebody with `organization.accounts.manage`
    /// there accepts. Or one of these asks, who has to see the account, and its Owner accepts. Both
    /// sides have to agree, also where one person is both. Codes: NOT_TOP_LEVEL, SAME_ORGANIZATION,
    /// ACCOUNT_NOT_ACTIVE, MOVE_PENDING.
    async fn request_account_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account is to go where.")] input: RequestAccountMoveInput,
    ) -> Result<RequestAccountMovePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (account_id, to) = (input.account_id.0, input.organization_id.0);
        let row = account_move::request(&context.app, &viewer, account_id, to).await;
        let (account_move, user_errors) = shown(row, &viewer)?;
        Ok(RequestAccountMovePayload { account_move, user_errors })
    }

    /// Accepts a move, for the side that was asked, and takes the account over, its subaccounts with
    /// it. Who holds roles in them becomes a member of the new organization, with its default role, and
    /// keeps these roles; memberships in the old one stay. Links to the old organization's billing
    /// groups end, and so do assignments of its custom roles and what its invitations promise in these
    /// accounts; an invitation that promises nothing more is revoked. Codes: MOVE_NOT_PENDING,
    /// ACCOUNT_NOT_ACTIVE, LIMIT_REACHED, ROLE_LIMIT_REACHED, SEATS_EXHAUSTED, ASKER_LOST_ACCESS.
    async fn accept_account_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which move.")] input: AcceptAccountMoveInput,
    ) -> Result<AcceptAccountMovePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let row = account_move_accept::accept(&context.app, &viewer, input.move_id.0).await;
        let (account_move, user_errors) = shown(row, &viewer)?;
        context.access_changed().await;
        Ok(AcceptAccountMovePayload { account_move, user_errors })
    }

    /// Declines a move, for the side that was asked. Codes: MOVE_NOT_PENDING.
    async fn decline_account_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which move.")] input: DeclineAccountMoveInput,
    ) -> Result<DeclineAccountMovePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let row = account_move::decline(&context.app, &viewer, input.move_id.0).await;
        let (account_move, user_errors) = shown(row, &viewer)?;
        Ok(DeclineAccountMovePayload { account_move, user_errors })
    }

    /// Takes a move back, for the side that asked. Codes: MOVE_NOT_PENDING.
    async fn withdraw_account_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which move.")] input: WithdrawAccountMoveInput,
    ) -> Result<WithdrawAccountMovePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let row = account_move::withdraw(&context.app, &viewer, input.move_id.0).await;
        let (account_move, user_errors) = shown(row, &viewer)?;
        Ok(WithdrawAccountMovePayload { account_move, user_errors })
    }
}

fn shown(
    row: error::Result<MoveRow>,
    viewer: &crate::access::Viewer,
) -> Result<(Option<AccountMove>, Vec<UserError>)> {
    let (row, user_errors) = outcome(row)?;
    Ok((row.map(|row| AccountMove::new(row, viewer.now)), user_errors))
}
