//! What can be done. One file a noun; they are merged here.

use async_graphql::{Context, InputObject, MergedObject, Object, Result, SimpleObject};
use entity::id::{AccountId, OrganizationId};

use super::account::Account;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::mutation_invitation::InvitationMutation;
use super::mutation_role::RoleMutation;
use super::mutation_session::SessionMutation;
use super::user_error::UserError;
use crate::app;

/// What can be done. Each mutation takes one input; what a person can cause to go wrong is in
/// `userErrors`, and then nothing was done.
#[derive(Default, MergedObject)]
pub struct Mutation(SessionMutation, AccountMutation, RoleMutation, InvitationMutation);

/// What creating an account takes.
#[derive(InputObject)]
pub(super) struct CreateAccountInput {
    /// The organization that it will belong to.
    organization_id: Gid<OrganizationId>,
    /// Its name, 1 to 255 characters.
    name: String,
    /// The account above, for a subaccount.
    parent_account_id: Option<Gid<AccountId>>,
}

/// What creating an account gives.
#[derive(SimpleObject)]
pub(super) struct CreateAccountPayload {
    /// The new account.
    account: Option<Account>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// Accounts.
#[derive(Default)]
pub(super) struct AccountMutation;

/// Accounts.
#[Object]
impl AccountMutation {
    /// Creates an account, whose Owner the caller becomes, or a subaccount. Takes
    /// `organization.accounts.manage` (or the organization's leave for its members), for a subaccount
    /// `account.settings.manage` in the parent. Codes: INVALID_NAME, NESTED_SUBACCOUNT,
    /// ACCOUNT_NOT_ACTIVE, LIMIT_REACHED.
    async fn create_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account to be.")] input: CreateAccountInput,
    ) -> Result<CreateAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = app::account::CreateAccount {
            organization_id: input.organization_id.0,
            name: input.name,
            parent_id: input.parent_account_id.map(|id| id.0),
        };
        let (account, user_errors) =
            outcome(app::account::create(&context.app, &viewer, input).await)?;
        context.access_changed().await;
        Ok(CreateAccountPayload { account: account.map(Account::from), user_errors })
    }
}
