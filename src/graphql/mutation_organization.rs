//! Creating, changing and deleting organizations.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::id::OrganizationId;

use super::account::Account;
use super::consequences::Consequences;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::organization::Organization;
use super::user_error::UserError;
use crate::app::organization::{self, Change};
use crate::app::work::Run;

/// What creating an organization takes.
#[derive(InputObject)]
pub(super) struct CreateOrganizationInput {
    /// Its name, 1 to 255 characters.
    name: String,
    /// The name of its first account; the organization's when nothing is said.
    account_name: Option<String>,
}

/// What changing an organization takes; what is left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateOrganizationInput {
    /// The organization.
    organization_id: Gid<OrganizationId>,
    /// Its new name, 1 to 255 characters.
    name: Option<String>,
    /// Whether standard users may create accounts, whose Owners they become.
    standard_users_create_accounts: Option<bool>,
    /// How many hours invitations stand when the call does not say, 1 to 720.
    invitation_expires_in_hours: Option<i64>,
}

/// What deleting an organization takes.
#[derive(InputObject)]
pub(super) struct DeleteOrganizationInput {
    /// The organization.
    organization_id: Gid<OrganizationId>,
    /// Only tell what would come of it, and change nothing. The answer is the one that the call would
    /// get, so keep its objects out of your cache.
    #[graphql(default)]
    dry_run: bool,
}

/// What creating an organization gives.
#[derive(SimpleObject)]
pub(super) struct CreateOrganizationPayload {
    /// The new organization.
    organization: Option<Organization>,
    /// Its first account.
    account: Option<Account>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What changing an organization gives.
#[derive(SimpleObject)]
pub(super) struct UpdateOrganizationPayload {
    /// The organization.
    organization: Option<Organization>,
    /// Why it was not changed.
    user_errors: Vec<UserError>,
}

/// What deleting an organization gives.
#[derive(SimpleObject)]
pub(super) struct DeleteOrganizationPayload {
    /// The organization that is gone.
    deleted_organization_id: Option<ID>,
    /// What went with it.
    consequences: Option<Consequences>,
    /// Always empty: what can be in the way is an error of the whole call.
    user_errors: Vec<UserError>,
}

/// Organizations.
#[derive(Default)]
pub(super) struct OrganizationMutation;

/// Organizations.
#[Object]
impl OrganizationMutation {
    /// Creates another organization with its first account; the caller becomes the Owner of both. Codes:
    /// INVALID_NAME.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization to be.")] input: CreateOrganizationInput,
    ) -> Result<CreateOrganizationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let account_name = input.account_name.as_deref();
        let result = organization::create(&context.app, &viewer, &input.name, account_name).await;
        let (made, user_errors) = outcome(result)?;
        context.access_changed().await;
        let (organization, account) = made.unzip();
        Ok(CreateOrganizationPayload {
            organization: organization.map(Organization::from),
            account: account.map(Account::from),
            user_errors,
        })
    }

    /// Changes an organization's name and settings. Takes `organization.settings.manage`. Codes:
    /// INVALID_NAME, INVALID_EXPIRY.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization, and what becomes of it.")]
        input: UpdateOrganizationInput,
    ) -> Result<UpdateOrganizationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let change = Change {
            name: input.name,
            standard_users_create_accounts: input.standard_users_create_accounts,
            invitation_hours: input.invitation_expires_in_hours,
        };
        let id = input.organization_id.0;
        let result = organization::update(&context.app, &viewer, id, change).await;
        let (row, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(UpdateOrganizationPayload { organization: row.map(Organization::from), user_errors })
    }

    /// Deletes an organization with its accounts, memberships, assignments, invitations, billing groups and
    /// custom roles, for good. Users keep their identities and other organizations; what was recorded
    /// stays. Takes `organization.ownership.delete`, which its Owner holds. No codes.
    async fn delete_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization.")] input: DeleteOrganizationInput,
    ) -> Result<DeleteOrganizationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (id, run) = (input.organization_id.0, Run::dry(input.dry_run));
        let result = organization::delete(&context.app, &viewer, id, run).await;
        let (consequences, user_errors) = outcome(result)?;
        context.access_changed().await;
        let roles = &context.app.roles;
        Ok(DeleteOrganizationPayload {
            deleted_organization_id: consequences.is_some().then(|| id.into()),
            consequences: consequences.map(|it| Consequences::new(it, roles, viewer.now)),
            user_errors,
        })
    }
}
