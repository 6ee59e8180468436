//! Billing groups.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{BillingGroupId, OrganizationId};

use super::account::{self, Account};
use super::connection::{Connection, window};
use super::context::context;
use super::loader::load;
use super::loader_role::{BillingGroupsOf, LinkedAccounts};
use super::organization::Organization;
use super::role::Role;
use crate::app;
use crate::error::Error;
use crate::store::billing_group::BillingGroupRow;
use crate::store::page::Window;

/// A group of accounts that are billed together.
pub(super) struct BillingGroup {
    id: BillingGroupId,
    name: String,
    organization: (OrganizationId, String),
    /// Everything else, where it came along already.
    row: Option<BillingGroupRow>,
}

impl BillingGroup {
    /// A billing group of which only the name is at hand; the rest is loaded when asked for.
    pub(super) fn named(
        id: BillingGroupId,
        name: &str,
        organization: (OrganizationId, &str),
    ) -> Self {
        let organization = (organization.0, organization.1.to_owned());
        Self { id, name: name.to_owned(), organization, row: None }
    }

    /// Its name came along with something else; anything more is for those who see it (R2).
    async fn row(&self, ctx: &Context<'_>) -> Result<BillingGroupRow> {
        match &self.row {
            Some(row) => Ok(row.clone()),
            None => Ok(load(ctx, self.id).await?.ok_or(Error::NotFound("billing group"))?),
        }
    }
}

impl From<BillingGroupRow> for BillingGroup {
    fn from(row: BillingGroupRow) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            organization: (row.organization_id, row.organization_name.clone()),
            row: Some(row),
        }
    }
}

/// A group of accounts that are billed together: what resource roles are about.
#[Object]
impl BillingGroup {
    /// The id, `bgrp_…`.
    pub(super) async fn id(&self) -> ID {
        self.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// When it was created.
    async fn created_at(&self, ctx: &Context<'_>) -> Result<DateTime<Utc>> {
        Ok(self.row(ctx).await?.created_at)
    }

    /// The organization that it belongs to.
    async fn organization(&self) -> Organization {
        Organization::named(self.organization.0, &self.organization.1)
    }

    /// The accounts that are linked to it, whatever their status, by name.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Account>>> {
        let window = window(ctx, first, after, last, before)?.into();
        let key = LinkedAccounts { billing_group_id: self.id, window };
        let page = load(ctx, key).await?.ok_or(Error::NotFound("billing group"))?;
        Ok(Some(account::connection(page)))
    }

    /// The viewer's roles that show them the group, those about it first.
    async fn viewer_roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        let row = self.row(ctx).await?;
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let found = app::billing_group::roles_of_viewer(&context.app, &viewer, &row);
        Ok(found.iter().map(|role| Role::new(role, &context.app.roles)).collect())
    }
}

/// One page of the billing groups of an organization that the viewer sees.
pub(super) async fn of_organization(
    ctx: &Context<'_>,
    organization_id: OrganizationId,
    window: Window,
) -> Result<Connection<BillingGroup>> {
    let key = BillingGroupsOf { organization_id, window: window.into() };
    let page = load(ctx, key).await?.ok_or(Error::NotFound("organization"))?;
    Ok(Connection::new(page, BillingGroupRow::cursor, BillingGroup::from))
}
