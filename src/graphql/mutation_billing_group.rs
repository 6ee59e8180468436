//! Making, renaming, filling and deleting billing groups.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::id::{AccountId, BillingGroupId, OrganizationId};

use super::billing_group::BillingGroup;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use crate::app::billing_group;
use crate::app::work::Run;
use crate::error::Error;
use crate::store::billing_group::BillingGroupRow;

/// What creating a billing group takes.
#[derive(InputObject)]
pub(super) struct CreateBillingGroupInput {
    /// The organization that it will belong to.
    organization_id: Gid<OrganizationId>,
    /// Its name, 1 to 255 characters.
    name: String,
}

/// What renaming a billing group takes.
#[derive(InputObject)]
pub(super) struct RenameBillingGroupInput {
    /// The billing group.
    billing_group_id: Gid<BillingGroupId>,
    /// Its new name, 1 to 255 characters.
    name: String,
}

/// What linking accounts to a billing group takes.
#[derive(InputObject)]
pub(super) struct LinkAccountsInput {
    /// The billing group.
    billing_group_id: Gid<BillingGroupId>,
    /// The accounts, 1 to 100, of the same organization.
    account_ids: Vec<Gid<AccountId>>,
}

/// What unlinking accounts from a billing group takes.
#[derive(InputObject)]
pub(super) struct UnlinkAccountsInput {
    /// The billing group.
    billing_group_id: Gid<BillingGroupId>,
    /// The accounts, 1 to 100.
    account_ids: Vec<Gid<AccountId>>,
}

/// What deleting a billing group takes.
#[derive(InputObject)]
pub(super) struct DeleteBillingGroupInput {
    /// The billing group.
    billing_group_id: Gid<BillingGroupId>,
    /// Only tell what would come of it; nothing is changed.
    #[graphql(default)]
    dry_run: bool,
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(super) struct $name {
            /// The billing group as it is now.
            billing_group: Option<BillingGroup>,
            /// Why nothing was done.
            user_errors: Vec<UserError>,
        }

        impl $name {
            fn of(result: Result<BillingGroupRow, Error>) -> Result<Self> {
                let (row, user_errors) = outcome(result)?;
                Ok(Self { billing_group: row.map(BillingGroup::from), user_errors })
            }
        }
    )+};
}

payloads! {
    /// What creating a billing group gives.
    CreateBillingGroupPayload;
    /// What renaming a billing group gives.
    RenameBillingGroupPayload;
    /// What linking accounts to a billing group gives.
    LinkAccountsPayload;
    /// What unlinking accounts from a billing group gives.
    UnlinkAccountsPayload;
}

/// What deleting a billing group gives.
#[derive(SimpleObject)]
pub(super) struct DeleteBillingGroupPayload {
    /// The billing group that is gone.
    deleted_billing_group_id: Option<ID>,
    /// How many role assignments were about it: they are gone.
    role_assignment_count: Option<u64>,
    /// How many pending invitations promised a role about it. They promise the rest; those without any
    /// are revoked.
    invitation_count: Option<u64>,
    /// How many accounts were linked to it: they stay, without the link.
    account_count: Option<i64>,
    /// Why nothing was deleted.
    user_errors: Vec<UserError>,
}

/// Billing groups.
#[derive(Default)]
pub(super) struct BillingGroupMutation;

/// Billing groups.
#[Object]
impl BillingGroupMutation {
    /// Makes a billing group. Takes `organization.accounts.manage`. Codes: INVALID_NAME.
    async fn create_billing_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The billing group to be.")] input: CreateBillingGroupInput,
    ) -> Result<CreateBillingGroupPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.organization_id.0);
        CreateBillingGroupPayload::of(billing_group::create(app, &viewer, id, &input.name).await)
    }

    /// Gives a billing group another name. Takes `organization.accounts.manage`. Codes: INVALID_NAME.
    async fn rename_billing_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which billing group gets which name.")] input: RenameBillingGroupInput,
    ) -> Result<RenameBillingGroupPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.billing_group_id.0);
        RenameBillingGroupPayload::of(billing_group::rename(app, &viewer, id, &input.name).await)
    }

    /// Links accounts to a billing group, all or none; one that is linked already is no error. Roles
    /// about the group reach their billing from then on. Takes `organization.accounts.manage`. Codes:
    /// BAD_LIST_LENGTH, NOT_FOUND, ACCOUNT_NOT_ACTIVE (closed).
    async fn link_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which accounts to which billing group.")] input: LinkAccountsInput,
    ) -> Result<LinkAccountsPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let ids: Vec<AccountId> = input.account_ids.iter().map(|id| id.0).collect();
        let (app, id) = (&context.app, input.billing_group_id.0);
        LinkAccountsPayload::of(billing_group::link(app, &viewer, id, &ids).await)
    }

    /// Unlinks accounts from a billing group, all or none; one that is not linked is no error. Takes
    /// `organization.accounts.manage`. Codes: BAD_LIST_LENGTH, NOT_FOUND.
    async fn unlink_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which accounts from which billing group.")] input: UnlinkAccountsInput,
    ) -> Result<UnlinkAccountsPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let ids: Vec<AccountId> = input.account_ids.iter().map(|id| id.0).collect();
        let (app, id) = (&context.app, input.billing_group_id.0);
        UnlinkAccountsPayload::of(billing_group::unlink(app, &viewer, id, &ids).await)
    }

    /// Deletes a billing group with the roles about it, also those that pending invitations promise.
    /// Takes `organization.accounts.manage`. Codes: none.
    async fn delete_billing_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which billing group.")] input: DeleteBillingGroupInput,
    ) -> Result<DeleteBillingGroupPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.billing_group_id.0);
        let result = billing_group::delete(app, &viewer, id, Run::dry(input.dry_run)).await;
        let (deleted, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(DeleteBillingGroupPayload {
            deleted_billing_group_id: deleted.as_ref().map(|deleted| deleted.id.into()),
            role_assignment_count: deleted.as_ref().map(|deleted| deleted.assignments as u64),
            invitation_count: deleted.as_ref().map(|deleted| deleted.invitations as u64),
            account_count: deleted.as_ref().map(|deleted| deleted.accounts),
            user_errors,
        })
    }
}
