//! Custom roles: made by an organization from the catalogue's permissions (R10).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::id::{OrganizationId, RoleId};
use entity::role::Kind;

use super::catalogue::{Catalogue, LowestScope};
use super::permission::{self, Permission};
use super::place::ScopeType;
use super::role::{EVERYWHERE, Role, Roles};

/// The product group of every custom role.
pub const PRODUCT_GROUP: &str = "Custom";

/// A custom role as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    /// The id.
    pub id: RoleId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Unique in the organization.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// One sentence on what it is for; may be empty.
    pub description: String,
    /// The keys of what it permits.
    pub permissions: Vec<String>,
}

/// What the catalogue says about permissions as such: what custom roles can be made of.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Every permission, with the lowest scope that it makes sense at.
    scopes: HashMap<Permission, LowestScope>,
    /// Those that a role other than an owner's holds.
    delegable: BTreeSet<Permission>,
}

impl Terms {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let scopes =
            catalogue.permissions.iter().map(|entry| (entry.permission.clone(), entry.scope));
        let others = catalogue.roles.iter().filter(|role| !role.owner);
        Self {
            scopes: scopes.collect(),
            delegable: others.flat_map(|role| role.permissions.iter().cloned()).collect(),
        }
    }
}

impl Roles {
    /// Whether the catalogue has this permission.
    #[must_use]
    pub fn knows(&self, permission: &str) -> bool {
        self.terms.scopes.contains_key(permission)
    }

    /// Whether somebody other than an owner can hold this permission: what only owners may do (delete,
    /// close, hand over) is never handed out by a custom role (R22, R23).
    #[must_use]
    pub fn delegable(&self, permission: &str) -> bool {
        self.terms.delegable.contains(permission)
    }

    /// The permission, if custom roles can hold it.
    #[must_use]
    pub fn if_delegable(&self, permission: &'static str) -> Option<&'static str> {
        Some(permission).filter(|permission| self.delegable(permission))
    }

    /// Whether a permission lets its holder see billing groups: one that makes sense there, or the one
    /// that manages them.
    pub(super) fn shows_billing_groups(&self, permission: &Permission) -> bool {
        self.terms.scopes.get(permission) == Some(&LowestScope::BillingGroup)
            || permission.as_str() == permission::ORGANIZATION_ACCOUNTS
    }

    /// A custom role, as this catalogue understands it: what it has meanwhile lost, or left to owners
    /// alone, is not permitted any more.
    #[must_use]
    pub fn custom(&self, row: CustomRole) -> Arc<Role> {
        let known = |key: &String| self.terms.delegable.get(key.as_str()).cloned();
        let permissions: BTreeSet<Permission> = row.permissions.iter().filter_map(known).collect();
        Arc::new(Role {
            id: row.id,
            organization_id: Some(row.organization_id),
            key: row.key,
            name: row.name,
            description: row.description,
            product_group: PRODUCT_GROUP.to_owned(),
            kind: Kind::Custom,
            assignable_at: self.all_make_sense_at(&permissions),
            permissions,
            exclusive: self.catalogue().one_role_per_user,
            owner: false,
            resource: None,
        })
    }

    /// The scope types at which every one of these permissions makes sense: at least the organization.
    fn all_make_sense_at(&self, permissions: &BTreeSet<Permission>) -> &'static [ScopeType] {
        let depth = |permission: &Permission| match self.terms.scopes.get(permission) {
            Some(LowestScope::Subaccount) | None => 3,
            Some(LowestScope::Account) => 2,
            Some(LowestScope::Organization | LowestScope::BillingGroup) => 1,
        };
        &EVERYWHERE[..permissions.iter().map(depth).min().unwrap_or(EVERYWHERE.len())]
    }
}
