//! Accounts and subaccounts.

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId};

use super::assignment::{self, RoleAssignment, RoleAssignmentFilter};
use super::connection::{Connection, window};
use super::context::context;
use super::loader::{PlaceOf, load, read};
use super::organization::Organization;
use super::role::Role;
use super::user::{User, UserFilter, UserOrder};
use crate::access::{Place, Viewer};
use crate::app;
use crate::error::Error;
use crate::store::account::{self, AccountRow};

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::account::Status")]
pub(super) enum AccountStatus {
    /// In use.
    Active,
    /// Kept, but nobody can work in it.
    Suspended,
    /// About to be closed.
    PendingClosure,
    /// Closed: every access to it is cut.
    Closed,
}

/// An account, or a subaccount (it has a parent).
pub(super) struct Account {
    id: AccountId,
    name: String,
    organization: (OrganizationId, String),
    parent: Option<(AccountId, String)>,
    /// Everything else, where it came along already.
    row: Option<AccountRow>,
}

impl Account {
    /// An account of which only the names are at hand; the rest is loaded when asked for.
    pub(super) fn named(
        id: AccountId,
        name: &str,
        organization: (OrganizationId, &str),
        parent: Option<(AccountId, &str)>,
    ) -> Self {
        Self {
            id,
            name: name.to_owned(),
            organization: (organization.0, organization.1.to_owned()),
            parent: parent.map(|(id, name)| (id, name.to_owned())),
            row: None,
        }
    }

    async fn row(&self, ctx: &Context<'_>) -> Result<AccountRow> {
        if let Some(row) = &self.row {
            return Ok(row.clone());
        }
        let row: AccountRow = load(ctx, self.id).await?.ok_or(Error::NotFound("account"))?;
        // Its name came along with something else; anything more is for those who see it (R2).
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        viewer.visible(&context.app.roles, &place(ctx, &viewer, &row).await?)?;
        Ok(row)
    }

    /// The account as a place, as all roles see it.
    async fn place(&self, ctx: &Context<'_>) -> Result<Place> {
        Ok(load(ctx, PlaceOf(self.id)).await?.ok_or(Error::NotFound("account"))?)
    }
}

/// The account as a place to decide about, with all that this viewer's roles may depend on.
async fn place(ctx: &Context<'_>, viewer: &Viewer, row: &AccountRow) -> Result<Place> {
    if viewer.holds_resource_roles(row.organization_id) {
        return Ok(load(ctx, PlaceOf(row.id)).await?.ok_or(Error::NotFound("account"))?);
    }
    Ok(row.place())
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            organization: (row.organization_id, row.organization_name.clone()),
            parent: row.parent_id.zip(row.parent_name.clone()),
            row: Some(row),
        }
    }
}

/// An account of an organization, or a subaccount (it has a parent).
#[Object]
impl Account {
    /// The id, `acct_…`.
    pub(super) async fn id(&self) -> ID {
        self.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Where it is in its life. A subaccount of a stopped account is stopped too, whatever its own
    /// status.
    async fn status(&self, ctx: &Context<'_>) -> Result<AccountStatus> {
        Ok(self.row(ctx).await?.status.into())
    }

    /// When it was created.
    async fn created_at(&self, ctx: &Context<'_>) -> Result<DateTime<Utc>> {
        Ok(self.row(ctx).await?.created_at)
    }

    /// The account above, for a subaccount.
    async fn parent(&self) -> Option<Account> {
        let (id, name) = self.parent.as_ref()?;
        let (organization_id, organization_name) = &self.organization;
        Some(Self::named(*id, name, (*organization_id, organization_name), None))
    }

    /// The organization that it belongs to.
    async fn organization(&self) -> Organization {
        Organization::named(self.organization.0, &self.organization.1)
    }

    /// Its Owner; a subaccount is served by its parent's.
    async fn owner(&self, ctx: &Context<'_>) -> Result<User> {
        let owner_id = self.row(ctx).await?.owner_id;
        let row = load(ctx, owner_id).await?.ok_or(Error::NotFound("user"))?;
        Ok(User::new(row, Some(self.organization.0), None))
    }

    /// The subaccounts that the viewer reaches, by name.
    async fn subaccounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Account>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let (organization_id, id) = (Some(self.organization.0), Some(self.id));
        let unread = app::account::list(&viewer, organization_id, id, window);
        Ok(Some(connection(read(ctx, unread).await?)))
    }

    /// The users who hold a role at this account; for those who manage its users.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which users.")] filter: Option<UserFilter>,
        #[graphql(desc = "In which order; by name when nothing is said.")] order_by: Option<
            UserOrder,
        >,
    ) -> Result<Option<Connection<User>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let (organization_id, order) = (self.organization.0, order_by.unwrap_or_default());
        let filter = filter.unwrap_or_default().resolve(ctx, &viewer, organization_id).await?;
        let (place, direction) = (self.place(ctx).await?, order.field_and_direction());
        let unread =
            app::user::of_account(&context.app, &viewer, &place, filter, direction, window)?;
        Ok(Some(super::user::connection(read(ctx, unread).await?, organization_id, order)))
    }

    /// The role assignments made at this account itself, oldest first; for those who manage its users.
    async fn role_assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which assignments.")] filter: Option<RoleAssignmentFilter>,
    ) -> Result<Option<Connection<RoleAssignment>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let organization_id = self.organization.0;
        let filter = filter.unwrap_or_default().resolve(ctx, &viewer, organization_id).await?;
        let (place, listed) = (self.place(ctx).await?, app::assignment_list::of_account);
        let unread = listed(&context.app, &viewer, &place, filter, window)?;
        Ok(Some(assignment::connection(read(ctx, unread).await?, &context.app.roles)))
    }

    /// The roles that the viewer's assignments bring to this account, nearest first.
    async fn viewer_roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let place = place(ctx, &viewer, &self.row(ctx).await?).await?;
        let roles = &context.app.roles;
        Ok(viewer.roles_at(&place).iter().map(|role| Role::new(role, roles)).collect())
    }

    /// All that the viewer may do in this account: permission keys, sorted.
    async fn viewer_permissions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let place = place(ctx, &viewer, &self.row(ctx).await?).await?;
        let permissions = viewer.permissions_at(&context.app.roles, &place);
        Ok(permissions.iter().map(|permission| permission.as_str().to_owned()).collect())
    }
}

/// A page of accounts.
pub(super) fn connection(page: crate::store::page::Page<AccountRow>) -> Connection<Account> {
    let cursor = |row: &AccountRow| crate::store::page::Cursor {
        key: Some(row.name_key.clone()),
        id: row.id.0,
    };
    debug_assert!(account::BY_NAME.column.is_some(), "the cursor's key is the order's column");
    Connection::new(page, cursor, Account::from)
}
