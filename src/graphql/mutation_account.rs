//! Creating, changing, suspending and closing accounts.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use entity::id::{AccountId, OrganizationId};

use super::account::Account;
use super::consequences::Consequences;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use crate::app::{self, account_life, work::Run};

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

/// What changing an account takes.
#[derive(InputObject)]
pub(super) struct UpdateAccountInput {
    /// The account.
    account_id: Gid<AccountId>,
    /// Its new name, 1 to 255 characters.
    name: String,
}

/// What suspending an account takes.
#[derive(InputObject)]
pub(super) struct SuspendAccountInput {
    /// The account.
    account_id: Gid<AccountId>,
}

/// What reactivating an account takes.
#[derive(InputObject)]
pub(super) struct ReactivateAccountInput {
    /// The account.
    account_id: Gid<AccountId>,
}

/// What closing an account takes.
#[derive(InputObject)]
pub(super) struct CloseAccountInput {
    /// The account.
    account_id: Gid<AccountId>,
    /// Only tell what would come of it, and change nothing. The answer is the one that the call would
    /// get, so keep its objects out of your cache.
    #[graphql(default)]
    dry_run: bool,
}

/// What creating an account gives.
#[derive(SimpleObject)]
pub(super) struct CreateAccountPayload {
    /// The new account.
    account: Option<Account>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What changing an account gives.
#[derive(SimpleObject)]
pub(super) struct UpdateAccountPayload {
    /// The account.
    account: Option<Account>,
    /// Why it was not changed.
    user_errors: Vec<UserError>,
}

/// What suspending an account gives.
#[derive(SimpleObject)]
pub(super) struct SuspendAccountPayload {
    /// The account.
    account: Option<Account>,
    /// Why it was not suspended.
    user_errors: Vec<UserError>,
}

/// What reactivating an account gives.
#[derive(SimpleObject)]
pub(super) struct ReactivateAccountPayload {
    /// The account.
    account: Option<Account>,
    /// Why it was not reactivated.
    user_errors: Vec<UserError>,
}

/// What closing an account gives.
#[derive(SimpleObject)]
pub(super) struct CloseAccountPayload {
    /// The account.
    account: Option<Account>,
    /// What went with it; nothing if it was closed before.
    consequences: Option<Consequences>,
    /// Why it was not closed.
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

    /// Gives an account or subaccount another name. Takes `account.settings.manage` there. Codes:
    /// INVALID_NAME, ACCOUNT_NOT_ACTIVE.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account, and how it is called.")] input: UpdateAccountInput,
    ) -> Result<UpdateAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let id = input.account_id.0;
        let result = account_life::rename(&context.app, &viewer, id, &input.name).await;
        let (account, user_errors) = outcome(result)?;
        Ok(UpdateAccountPayload { account: account.map(Account::from), user_errors })
    }

    /// Suspends an account or subaccount: it is kept, and nobody can work in it or in its subaccounts, from
    /// the next request on; only the organization's own roles still reach it. Takes
    /// `organization.accounts.manage`. One that is suspended already is no error. Codes:
    /// ACCOUNT_NOT_ACTIVE.
    async fn suspend_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: SuspendAccountInput,
    ) -> Result<SuspendAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = account_life::suspend(&context.app, &viewer, input.account_id.0).await;
        let (account, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(SuspendAccountPayload { account: account.map(Account::from), user_errors })
    }

    /// Lets people work in a suspended account or subaccount again. Takes `organization.accounts.manage`.
    /// One that is active already is no error; a closed one stays closed. Codes: ACCOUNT_NOT_ACTIVE.
    async fn reactivate_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: ReactivateAccountInput,
    ) -> Result<ReactivateAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = account_life::reactivate(&context.app, &viewer, input.account_id.0).await;
        let (account, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(ReactivateAccountPayload { account: account.map(Account::from), user_errors })
    }

    /// Closes an account with its subaccounts, or a subaccount, for good: every access to it is cut at
    /// once, its assignments but the Owner's end, and what pending invitations promise there is taken out
    /// of them. Takes `account.ownership.close`, which the account's Owner and the organization's hold.
    /// One that is closed already is no error. No codes.
    async fn close_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: CloseAccountInput,
    ) -> Result<CloseAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (id, run) = (input.account_id.0, Run::dry(input.dry_run));
        let result = account_life::close(&context.app, &viewer, id, run).await;
        let (closed, user_errors) = outcome(result)?;
        context.access_changed().await;
        let (account, consequences) =
            closed.map(|closed| (closed.account, closed.consequences)).unzip();
        let roles = &context.app.roles;
        let consequences = consequences.map(|it| Consequences::new(it, roles, viewer.now));
        Ok(CloseAccountPayload { account: account.map(Account::from), consequences, user_errors })
    }
}
