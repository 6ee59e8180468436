//! Role assignments.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, UserId};

use super::connection::Connection;
use super::context::context;
use super::id::Gid;
use super::loader::{load, role_id};
use super::role::Role;
use super::scope::{Resource, Scope, resource};
use super::user::User;
use crate::access::{CustomRole, Place, Roles, Viewer};
use crate::error::Error;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_page::{Filter, ScopeRow};
use crate::store::page::{Cursor, Page};

/// User × role × scope (× resource).
pub(super) struct RoleAssignment {
    row: AssignmentRow,
    /// A role of the catalogue; a custom one is loaded when it is asked for.
    role: Option<Role>,
}

impl RoleAssignment {
    /// An assignment; none for one of a role that the catalogue no longer has, which grants nothing.
    pub(super) fn new(row: AssignmentRow, roles: &Roles) -> Option<Self> {
        let role = roles.get(row.role_id).map(|role| Role::new(role, roles));
        (role.is_some() || row.custom_role_key.is_some()).then_some(Self { row, role })
    }
}

impl RoleAssignment {
    /// Its custom role, where that was deleted since the assignment was read: nothing is permitted by it
    /// any more.
    fn gone(&self, roles: &Roles) -> Role {
        let key = self.row.custom_role_key.clone().unwrap_or_default();
        let role = roles.custom(CustomRole {
            id: self.row.role_id,
            organization_id: self.row.organization_id,
            name: key.clone(),
            key,
            description: String::new(),
            permissions: Vec::new(),
        });
        Role::new(&role, roles)
    }
}

/// A role that a user holds at a scope, and about a resource where the role is about one.
#[Object]
impl RoleAssignment {
    /// The id, `asgn_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The role.
    async fn role(&self, ctx: &Context<'_>) -> Result<Role> {
        if let Some(role) = &self.role {
            return Ok(role.clone());
        }
        let context = context(ctx)?;
        let loaded = Role::custom(ctx, self.row.role_id).await?;
        Ok(loaded.unwrap_or_else(|| self.gone(&context.app.roles)))
    }

    /// Where it is assigned.
    async fn scope(&self) -> Scope {
        Scope::from(&self.row)
    }

    /// What it is about, for a resource role.
    async fn resource(&self) -> Option<Resource> {
        let organization = (self.row.organization_id, self.row.organization_name.as_str());
        resource(self.row.billing_group_id, self.row.billing_group_name.as_deref(), organization)
    }

    /// Whose it is.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        let row = load(ctx, self.row.user_id).await?.ok_or(Error::NotFound("user"))?;
        Ok(User::new(row, Some(self.row.organization_id), None))
    }

    /// From this instant on it grants nothing.
    async fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.row.valid_until
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }
}

/// A page of assignments.
pub(super) fn connection(page: Page<AssignmentRow>, roles: &Roles) -> Connection<RoleAssignment> {
    Connection::new(
        page,
        |row| Cursor { key: None, id: row.id.0 },
        |row| RoleAssignment::new(row, roles),
    )
}

/// Whether an assignment still grants anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum Validity {
    /// It has no end, or has not reached it.
    Standing,
    /// Its end has passed: it grants nothing any more.
    Over,
}

/// Which role assignments to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct RoleAssignmentFilter {
    /// This user's.
    user_id: Option<Gid<UserId>>,
    /// Of this role.
    role_key: Option<String>,
    /// Made at this account itself.
    account_id: Option<Gid<AccountId>>,
    /// Still granting something, or not any more.
    validity: Option<Validity>,
}

impl RoleAssignmentFilter {
    /// The filter in the store's terms; refuses a role that the catalogue does not have.
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
            user_id: self.user_id.map(|id| id.0),
            role_id,
            account_ids: self.account_id.map(|id| id.0).into_iter().collect(),
            standing: self.validity.map(|validity| validity == Validity::Standing),
        })
    }
}

/// All that a user holds at one scope.
pub(super) struct ScopeRoleAssignments {
    first: AssignmentRow,
    rows: Vec<AssignmentRow>,
    roles: Roles,
}

/// All that a user holds at one scope.
#[Object]
impl ScopeRoleAssignments {
    /// The scope.
    async fn scope(&self) -> Scope {
        Scope::from(&self.first)
    }

    /// The assignments made there, oldest first: one for each role, and for each resource that a
    /// resource role is about.
    async fn role_assignments(&self) -> Vec<RoleAssignment> {
        let rows = self.rows.iter().cloned();
        rows.filter_map(|row| RoleAssignment::new(row, &self.roles)).collect()
    }
}

/// A page of scopes.
pub(super) fn by_scope(page: Page<ScopeRow>, roles: &Roles) -> Connection<ScopeRoleAssignments> {
    Connection::new(
        page,
        |row| row.cursor.clone(),
        |row| {
            let first = row.assignments.first()?.clone();
            Some(ScopeRoleAssignments { first, rows: row.assignments, roles: roles.clone() })
        },
    )
}
