//! Roles and permissions.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::id::RoleId;

use super::connection::Connection;
use super::context::context;
use super::loader::load;
use super::organization::Organization;
use crate::access::{self, Roles, ScopeType as Scopes};
use crate::error::Error;
use crate::store::page::{Cursor, Page, Window};

/// The kinds of roles; the kind decides at which scopes a role can be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::role::Kind")]
pub(super) enum RoleKind {
    /// Assigned at an organization.
    Organization,
    /// Assigned at an account or subaccount, not tied to a product.
    General,
    /// A product's role, assigned at an organization, account or subaccount.
    BuiltIn,
    /// Assigned at an organization, about one resource.
    Resource,
    /// Made by an organization.
    Custom,
}

/// The types of scopes that roles are assigned at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Scopes")]
pub(super) enum ScopeType {
    /// An organization.
    Organization,
    /// A top-level account.
    Account,
    /// An account with a parent.
    Subaccount,
}

/// What a resource role is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::role::ResourceType")]
pub(super) enum ResourceType {
    /// A billing group.
    BillingGroup,
}

/// A named set of permissions.
#[derive(Clone)]
pub(super) struct Role {
    pub(super) role: Arc<access::Role>,
    roles: Roles,
}

impl Role {
    pub(super) fn new(role: &Arc<access::Role>, roles: &Roles) -> Self {
        Self { role: Arc::clone(role), roles: roles.clone() }
    }

    /// A custom role that the viewer may see, by its id.
    pub(super) async fn custom(ctx: &Context<'_>, id: RoleId) -> Result<Option<Self>> {
        let roles = &context(ctx)?.app.roles;
        Ok(load(ctx, id).await?.map(|role| Self::new(&role, roles)))
    }
}

/// A named set of permissions.
#[Object]
impl Role {
    /// The id, `role_…`.
    pub(super) async fn id(&self) -> ID {
        self.role.id.into()
    }

    /// The organization that made it, for a custom role.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
        let Some(id) = self.role.organization_id else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Organization::from))
    }

    /// What mutations name it by; stable.
    async fn key(&self) -> &str {
        &self.role.key
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.role.name
    }

    /// One sentence on what it is for.
    async fn description(&self) -> &str {
        &self.role.description
    }

    /// Decides at which scopes it can be assigned.
    async fn kind(&self) -> RoleKind {
        self.role.kind.into()
    }

    /// The product group that it belongs to.
    async fn product_group(&self) -> &str {
        &self.role.product_group
    }

    /// Whether assigning it clears the user's other general roles in that scope.
    async fn is_exclusive(&self) -> bool {
        self.role.exclusive
    }

    /// Whether it is an owner's role, which comes with what is owned and is never assigned.
    async fn is_owner(&self) -> bool {
        self.role.owner
    }

    /// The types of scopes at which it can be assigned.
    async fn assignable_at(&self) -> Vec<ScopeType> {
        self.role.assignable_at().iter().map(|scope| (*scope).into()).collect()
    }

    /// The type of resource that an assignment names, for resource roles.
    async fn resource_type(&self) -> Option<ResourceType> {
        self.role.resource.map(Into::into)
    }

    /// What it permits.
    async fn permissions(&self) -> Vec<Permission> {
        let entries = &self.roles.catalogue().permissions;
        entries
            .iter()
            .filter(|entry| self.role.permissions.contains(&entry.permission))
            .map(Permission::from)
            .collect()
    }
}

/// Something that a role can permit.
#[derive(async_graphql::SimpleObject)]
pub(super) struct Permission {
    /// `product.resource.action`
    key: String,
    /// One sentence on what it permits.
    description: String,
}

impl From<&access::catalogue::PermissionEntry> for Permission {
    fn from(entry: &access::catalogue::PermissionEntry) -> Self {
        Self { key: entry.permission.as_str().to_owned(), description: entry.description.clone() }
    }
}

/// Which roles to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct RoleFilter {
    /// Of this kind.
    kind: Option<RoleKind>,
    /// In this product group.
    product_group: Option<String>,
    /// Assignable at scopes of this type.
    scope_type: Option<ScopeType>,
}

/// One page of the catalogue's roles, in the catalogue's order. Refuses a cursor of another list, or
/// of a role that the catalogue no longer has.
pub(super) fn list(
    roles: &Roles,
    filter: &RoleFilter,
    window: &Window,
) -> Result<Connection<Role>, Error> {
    let fits = |role: &&Arc<access::Role>| {
        filter.kind.is_none_or(|kind| role.kind == kind.into())
            && filter.product_group.as_ref().is_none_or(|group| role.product_group == *group)
            && filter.scope_type.is_none_or(|scope| role.assignable_at().contains(&scope.into()))
    };
    let all: Vec<&Arc<access::Role>> = roles.all().iter().filter(fits).collect();
    let position = |field, cursor: &Option<Cursor>| {
        let Some(cursor) = cursor else { return Ok(None) };
        let at = roles.all().iter().position(|role| role.id.0 == cursor.id);
        let message = || "not a cursor that a page of this list gave".to_owned();
        at.map(Some).ok_or_else(|| Error::BadInput { field, message: message() })
    };
    let after = position("after", &window.after)?;
    let before = position("before", &window.before)?;
    let within = |role: &&Arc<access::Role>| {
        let at = roles.all().iter().position(|other| other.id == role.id);
        after.is_none_or(|after| at > Some(after)) && before.is_none_or(|before| at < Some(before))
    };
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let mut rows: Vec<&Arc<access::Role>> = all.into_iter().filter(within).collect();
    if window.backward {
        rows.reverse();
    }
    let page = Page::cut(rows, window, Some(total));
    let cursor = |role: &&Arc<access::Role>| Cursor { key: None, id: role.id.0 };
    Ok(Connection::new(page, cursor, |role| Role::new(role, roles)))
}

/// One page of an organization's custom roles, which are sorted by key.
pub(super) fn custom_page(
    sorted: &[Arc<access::Role>],
    roles: &Roles,
    window: &Window,
) -> Connection<Role> {
    let cursor = |role: &Arc<access::Role>| Cursor { key: Some(role.key.clone()), id: role.id.0 };
    let page = Page::of(sorted, window, cursor);
    Connection::new(page, |role: &&Arc<access::Role>| cursor(role), |role| Role::new(role, roles))
}
