//! Roles, and the set of those that a database knows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::id::{OrganizationId, RoleId};
use entity::role::{Kind, ResourceType};

use super::catalogue::Catalogue;
use super::custom::Terms;
use super::permission::Permission;
use super::place::{Place, ScopeType};
use crate::error::{UserError, UserErrorCode};

/// One role of the catalogue, or an organization's custom one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id in this database.
    pub id: RoleId,
    /// Whose custom role it is; none for a role of the catalogue.
    pub organization_id: Option<OrganizationId>,
    /// Unique in the catalogue and the organization; what clients name it by.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// One sentence on what it is for.
    pub description: String,
    /// The product group's name.
    pub product_group: String,
    /// Decides where it can be assigned (R10).
    pub kind: Kind,
    /// What it permits.
    pub permissions: BTreeSet<Permission>,
    /// Assigning it clears the user's other general roles in that scope (R13).
    pub exclusive: bool,
    /// Comes with what it owns and moves only by transfer (R22).
    pub owner: bool,
    /// The resource that an assignment names, for resource roles.
    pub resource: Option<ResourceType>,
    /// See [`Role::assignable_at`].
    pub(super) assignable_at: &'static [ScopeType],
}

impl Role {
    /// The scope types at which it can be assigned (R10, R14): by its kind, and for a custom role by
    /// what it permits.
    #[must_use]
    pub fn assignable_at(&self) -> &'static [ScopeType] {
        self.assignable_at
    }

    /// Whether assigning it takes another role away from the same user in the same scope (R13): an
    /// exclusive general role clears the general ones, and where roles are exclusive throughout,
    /// custom ones count as such.
    #[must_use]
    pub fn clears(&self, other: &Self) -> bool {
        let custom = [self.kind, other.kind].contains(&Kind::Custom);
        self.exclusive && self.is_personal() && other.is_personal() && (!custom || other.exclusive)
    }

    /// Whether it, an owner's role, leaves no room beside it for another one of whoever comes to hold it
    /// (R13, R22): another of its kind does not stand beside it where either is exclusive.
    #[must_use]
    pub fn displaces(&self, other: &Self) -> bool {
        self.kind == other.kind && (self.exclusive || other.exclusive)
    }

    /// Whether it says what somebody is in an account, as opposed to what they may do with a product:
    /// general roles and custom ones. Changing a user's role in an account replaces these (R34).
    #[must_use]
    pub fn is_personal(&self) -> bool {
        matches!(self.kind, Kind::General | Kind::Custom)
    }
}

/// Every scope type, highest first.
pub(super) const EVERYWHERE: [ScopeType; 3] =
    [ScopeType::Organization, ScopeType::Account, ScopeType::Subaccount];

/// The scope types at which roles of a kind can be assigned (R10); a custom role's permissions may
/// leave fewer.
#[must_use]
pub fn assignable_at(kind: Kind) -> &'static [ScopeType] {
    match kind {
        Kind::Organization | Kind::Resource => &[ScopeType::Organization],
        Kind::General => &[ScopeType::Account, ScopeType::Subaccount],
        Kind::BuiltIn | Kind::Custom => &EVERYWHERE,
    }
}

/// The catalogue's roles with their ids in this database. Cheap to clone.
#[derive(Clone)]
pub struct Roles {
    catalogue: Arc<Catalogue>,
    list: Arc<[Arc<Role>]>,
    by_id: Arc<HashMap<RoleId, Arc<Role>>>,
    by_key: Arc<HashMap<String, Arc<Role>>>,
    pub(super) terms: Arc<Terms>,
}

impl Roles {
    /// Joins the catalogue with the ids that the database gave its roles. A role without an id is
    /// left out: `store::role::sync` makes one for each.
    #[must_use]
    pub fn new(catalogue: Catalogue, ids: &HashMap<String, RoleId>) -> Self {
        let list: Vec<Arc<Role>> = catalogue
            .roles
            .iter()
            .filter_map(|role| Some(Arc::new(role.with_id(*ids.get(&role.key)?))))
            .collect();
        Self {
            by_id: Arc::new(list.iter().map(|role| (role.id, Arc::clone(role))).collect()),
            by_key: Arc::new(
                list.iter().map(|role| (role.key.clone(), Arc::clone(role))).collect(),
            ),
            terms: Arc::new(Terms::of(&catalogue)),
            list: list.into(),
            catalogue: Arc::new(catalogue),
        }
    }

    /// What the roles were made from.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// All roles, in the catalogue's order.
    #[must_use]
    pub fn all(&self) -> &[Arc<Role>] {
        &self.list
    }

    /// The role with this id.
    #[must_use]
    pub fn get(&self, id: RoleId) -> Option<&Arc<Role>> {
        self.by_id.get(&id)
    }

    /// The role with this key.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&Arc<Role>> {
        self.by_key.get(key)
    }

    /// The role with this key, or the refusal of a key that the catalogue does not have.
    pub fn find(&self, path: &str, key: &str) -> Result<&Arc<Role>, UserError> {
        self.by_key(key).ok_or_else(|| {
            let message = format!(
                "there is no role {key:?}; the query `roles` lists those of the catalogue, and \
                 `customRoles` of an organization its own"
            );
            UserError::new(UserErrorCode::UnknownRole, path, message)
        })
    }

    /// The ids of the roles that hold a permission.
    #[must_use]
    pub fn holding(&self, permission: &str) -> Vec<RoleId> {
        self.list
            .iter()
            .filter(|role| role.permissions.contains(permission))
            .map(|role| role.id)
            .collect()
    }

    /// The owner's role at an organization.
    #[must_use]
    pub fn organization_owner(&self) -> &Arc<Role> {
        &self.by_key[&self.catalogue.organization_owner]
    }

    /// The owner's role at an account.
    #[must_use]
    pub fn account_owner(&self) -> &Arc<Role> {
        &self.by_key[&self.catalogue.account_owner]
    }

    /// The role that every new member gets at the organization, if the catalogue has one (R25).
    #[must_use]
    pub fn default_organization_role(&self) -> Option<&Arc<Role>> {
        self.by_key.get(self.catalogue.default_organization_role.as_deref()?)
    }

    /// The owner's role at a place.
    #[must_use]
    pub fn owner_at(&self, place: &Place) -> &Arc<Role> {
        if place.account.is_some() { self.account_owner() } else { self.organization_owner() }
    }

    /// The role that an Owner keeps at a place that they hand over, if the catalogue has one (R22).
    #[must_use]
    pub fn former_owner_at(&self, place: &Place) -> Option<&Arc<Role>> {
        let key = match place.account {
            None => &self.catalogue.former_organization_owner,
            Some(_) => &self.catalogue.former_account_owner,
        };
        self.by_key.get(key.as_deref()?)
    }
}
