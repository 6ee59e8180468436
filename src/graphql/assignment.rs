//! Role assignments.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};

use super::connection::Connection;
use super::loader::load;
use super::role::Role;
use super::scope::{Resource, Scope, resource};
use super::user::User;
use crate::access::Roles;
use crate::error::Error;
use crate::store::assignment::AssignmentRow;
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

/// A role that a user holds at a scope, and about a resource where the role is about one.
#[Object]
impl RoleAssignment {
    /// The id, `asgn_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The role.
    async fn role(&self, ctx: &Context<'_>) -> Result<Role> {
        match &self.role {
            Some(role) => Ok(role.clone()),
            None => {
                Ok(Role::custom(ctx, self.row.role_id).await?.ok_or(Error::NotFound("role"))?)
            }
        }
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
