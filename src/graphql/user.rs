//! Users.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId};

use super::assignment::{self, RoleAssignment, ScopeRoleAssignments};
use super::connection::{Connection, window};
use super::context::context;
use super::id::Gid;
use super::loader::{Assignments, Scopes, load, role_id};
use crate::access::{Place, Viewer};
use crate::store::page::{Page, Window};
use crate::store::user::UserRow;
use crate::store::user_page::{Field, Filter, MemberRow};

/// Whether a member's assignments count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::membership::Status")]
pub(super) enum MembershipStatus {
    /// They count.
    Active,
    /// They are kept, and grant nothing.
    Suspended,
}

/// One person, seen through an organization.
pub(super) struct User {
    row: UserRow,
    organization_id: Option<OrganizationId>,
    status: Option<entity::membership::Status>,
}

impl User {
    /// A person as seen in an organization, with their membership's status where it is at hand.
    pub(super) fn new(
        row: UserRow,
        organization_id: Option<OrganizationId>,
        status: Option<entity::membership::Status>,
    ) -> Self {
        Self { row, organization_id, status }
    }
}

/// One person, one identity, one address; seen through one organization.
#[Object]
impl User {
    /// The id, `user_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// Whether it is a machine of the organization: it comes with an API key instead of signing in.
    async fn is_service_user(&self) -> bool {
        self.row.service_of.is_some()
    }

    /// The e-mail address, as it was typed. A service user's receives nothing.
    async fn email(&self) -> &str {
        &self.row.email
    }

    /// Whether the person has shown to read mail at the address.
    async fn email_verified(&self) -> bool {
        self.row.email_verified_at.is_some()
    }

    /// When the identity was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When the person last signed in.
    async fn last_sign_in_at(&self) -> Option<DateTime<Utc>> {
        self.row.last_sign_in_at
    }

    /// The status of the membership, in listings of an organization's or account's users.
    async fn membership_status(&self) -> Option<MembershipStatus> {
        self.status.map(Into::into)
    }

    /// The user's role assignments in the organization that they are seen through, oldest first.
    /// Who administers only some accounts sees those made there, and all of their own. FORBIDDEN for
    /// those who manage nobody, but for their own.
    async fn role_assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<RoleAssignment>>> {
        let window = window(ctx, first, after, last, before)?;
        let page = match self.organization_id {
            Some(organization_id) => {
                let user_id = self.row.id;
                load(ctx, Assignments { organization_id, user_id, window: window.clone().into() })
                    .await?
            }
            None => None,
        };
        let page = page.unwrap_or_else(|| empty(&window));
        Ok(Some(assignment::connection(page, &context(ctx)?.app.roles)))
    }

    /// The same grouped by scope: the organization first, then accounts and subaccounts by name.
    async fn role_assignments_by_scope(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<ScopeRoleAssignments>>> {
        let window = window(ctx, first, after, last, before)?;
        let page = match self.organization_id {
            Some(organization_id) => {
                let (user_id, window) = (self.row.id, window.clone().into());
                load(ctx, Scopes(Assignments { organization_id, user_id, window })).await?
            }
            None => None,
        };
        let page = page.unwrap_or_else(|| empty(&window));
        Ok(Some(assignment::by_scope(page, &context(ctx)?.app.roles)))
    }
}

fn empty<T>(window: &Window) -> Page<T> {
    Page::cut(Vec::new(), window, Some(0))
}

/// Which users to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct UserFilter {
    /// Found in the name, the address or the name of a scope that the user has a role in; or the
    /// user's whole id. At most 255 characters.
    query: Option<String>,
    /// Holding this role; together with `accountId`, holding it there.
    role_key: Option<String>,
    /// With a role assigned at this account.
    account_id: Option<Gid<AccountId>>,
    /// With a membership in this state.
    status: Option<MembershipStatus>,
    /// Only service users, or only people.
    is_service_user: Option<bool>,
}

impl UserFilter {
    /// The filter in the store's terms; refuses a role that neither the catalogue nor the organization
    /// has.
    pub(super) async fn resolve(
        self,
        ctx: &Context<'_>,
        viewer: &Viewer,
        organization_id: OrganizationId,
    ) -> Result<Filter> {
        viewer.visible(&context(ctx)?.app.roles, &Place::organization(organization_id))?;
        let role_id = match self.role_key.as_deref() {
            Some(key) => Some(role_id(ctx, organization_id, key).await?),
            None => None,
        };
        Ok(Filter {
            query: crate::text::search("query", self.query.as_deref())?,
            role_id,
            account_ids: self.account_id.map(|id| id.0).into_iter().collect(),
            status: self.status.map(Into::into),
            service: self.is_service_user,
            ids: None,
        })
    }
}

/// What users are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "Field")]
pub(super) enum UserOrderField {
    /// The name, regardless of case.
    #[default]
    Name,
    /// The address.
    Email,
    /// The last sign-in; who never signed in comes last in ascending order.
    LastSignIn,
}

/// A direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(super) enum OrderDirection {
    /// Smallest or earliest first.
    #[default]
    Asc,
    /// Largest or latest first.
    Desc,
}

/// An order of users. Cursors are good only in the order that gave them.
#[derive(Clone, Copy, Default, InputObject)]
pub(super) struct UserOrder {
    /// By what.
    field: UserOrderField,
    /// Which way.
    #[graphql(default)]
    direction: OrderDirection,
}

impl UserOrder {
    pub(super) fn field_and_direction(self) -> (Field, bool) {
        (self.field.into(), self.direction == OrderDirection::Desc)
    }
}

/// A page of an organization's users.
pub(super) fn connection(
    page: Page<MemberRow>,
    organization_id: OrganizationId,
    order: UserOrder,
) -> Connection<User> {
    let (field, _) = order.field_and_direction();
    Connection::new(
        page,
        |row| field.cursor(row),
        |row| User::new(row.user, Some(organization_id), Some(row.membership_status)),
    )
}
