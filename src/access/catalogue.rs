//! Role catalogues: data files that say which permissions and roles there are (role-catalogue.md).
//!
//! A catalogue is read once, at start. Whatever is wrong with it stops the start, with file and line.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use entity::id::RoleId;
use entity::role::{Kind, ResourceType};
use serde::Deserialize;
use toml::Spanned;

use super::permission::{self, Permission};
use super::role::{Role, assignable_at};

/// The catalogue for organizations with accounts and subaccounts: the default.
pub const ORGANIZATION: &str = include_str!("../../catalog/organization.toml");
/// The catalogue for one team in one account.
pub const TEAM: &str = include_str!("../../catalog/team.toml");

/// A checked catalogue.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Its name.
    pub key: String,
    /// Whether owners can hand over what they own (R22).
    pub ownership_transferable: bool,
    /// Whether a user holds at most one role in an account.
    pub one_role_per_user: bool,
    /// The key of the role that every new member gets (R25).
    pub default_organization_role: Option<String>,
    /// The key of the role that an organization's Owner keeps when they hand it over (R22).
    pub former_organization_owner: Option<String>,
    /// The key of the role that an account's Owner keeps when they hand it over (R22).
    pub former_account_owner: Option<String>,
    /// The key of the organization owner's role.
    pub organization_owner: String,
    /// The key of the account owner's role.
    pub account_owner: String,
    /// Every permission, in the file's order.
    pub permissions: Vec<PermissionEntry>,
    /// Every role, in the file's order, without ids.
    pub roles: Vec<RoleEntry>,
}

/// A permission and what it means.
#[derive(Clone, Debug)]
pub struct PermissionEntry {
    /// `product.resource.action`
    pub permission: Permission,
    /// One sentence for administrators.
    pub description: String,
    /// The lowest scope that it makes sense at.
    pub scope: LowestScope,
}

/// How far down a permission makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LowestScope {
    /// Only at the organization.
    Organization,
    /// At the organization and its top-level accounts.
    Account,
    /// Everywhere.
    Subaccount,
    /// At the organization, at its billing groups, and for the accounts linked to these.
    BillingGroup,
}

/// A role of the file, before the database gives it an id.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// Unique in the catalogue.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// One sentence on what it is for.
    pub description: String,
    /// The product group's name.
    pub product_group: String,
    /// Decides where it can be assigned.
    pub kind: Kind,
    /// What it permits.
    pub permissions: BTreeSet<Permission>,
    /// Clears the other general roles when assigned.
    pub exclusive: bool,
    /// An owner's role.
    pub owner: bool,
    /// What a resource role is about.
    pub resource: Option<ResourceType>,
}

impl RoleEntry {
    pub(super) fn with_id(&self, id: RoleId) -> Role {
        Role {
            id,
            organization_id: None,
            key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            product_group: self.product_group.clone(),
            kind: self.kind,
            permissions: self.permissions.clone(),
            exclusive: self.exclusive,
            owner: self.owner,
            resource: self.resource,
            assignable_at: assignable_at(self.kind),
        }
    }
}

/// What is wrong with a catalogue file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueError {
    /// The file, or the name of a built-in catalogue.
    pub file: String,
    /// The line, counted from 1; none where it is about the file as a whole.
    pub line: Option<usize>,
    /// What is wrong, and what is accepted.
    pub reason: String,
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalogue {
    key: String,
    ownership_transferable: bool,
    one_role_per_user: bool,
    default_organization_role: Option<Spanned<String>>,
    former_organization_owner: Option<Spanned<String>>,
    former_account_owner: Option<Spanned<String>>,
    #[serde(default)]
    permission: Vec<RawPermission>,
    #[serde(default)]
    product_group: Vec<RawProductGroup>,
    #[serde(default)]
    role: Vec<RawRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPermission {
    key: Spanned<String>,
    description: String,
    scope: LowestScope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProductGroup {
    key: Spanned<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    key: Spanned<String>,
    name: String,
    description: String,
    product_group: Spanned<String>,
    kind: Spanned<Kind>,
    permissions: Vec<Spanned<String>>,
    #[serde(default)]
    exclusive: bool,
    #[serde(default)]
    owner: bool,
    resource: Option<ResourceType>,
}

/// A reason and the place in the text that it is about.
struct Fault {
    at: Option<Range<usize>>,
    reason: String,
}

impl Fault {
    fn at(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self { at: Some(span), reason: reason.into() }
    }

    fn whole(reason: impl Into<String>) -> Self {
        Self { at: None, reason: reason.into() }
    }
}

impl Catalogue {
    /// Reads and checks a catalogue; `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, CatalogueError> {
        let locate = |fault: Fault| CatalogueError {
            file: file.to_owned(),
            line: fault.at.map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count()),
            reason: fault.reason,
        };
        let raw: RawCatalogue = toml::from_str(text).map_err(|error| {
            locate(Fault { at: error.span(), reason: error.message().to_owned() })
        })?;
        check(raw).map_err(locate)
    }
}

fn check(raw: RawCatalogue) -> Result<Catalogue, Fault> {
    let mut permissions = Vec::with_capacity(raw.permission.len());
    let mut known = BTreeSet::new();
    for entry in raw.permission {
        let (span, key) = (entry.key.span(), entry.key.into_inner());
        check_permission_key(&key).map_err(|reason| Fault::at(span.clone(), reason))?;
        let permission = Permission::new(&key);
        if !known.insert(permission.clone()) {
            return Err(Fault::at(span, format!("permission {key} is defined twice")));
        }
        let (description, scope) = (entry.description, entry.scope);
        permissions.push(PermissionEntry { permission, description, scope });
    }
    if let Some(missing) = permission::REQUIRED.iter().find(|key| !known.contains(**key)) {
        return Err(Fault::whole(format!(
            "permission {missing} is missing; the server asks for it"
        )));
    }

    let mut groups = HashMap::new();
    for group in raw.product_group {
        let (span, key) = (group.key.span(), group.key.into_inner());
        if groups.insert(key.clone(), group.name).is_some() {
            return Err(Fault::at(span, format!("product group {key} is defined twice")));
        }
    }

    let mut keys = HashSet::new();
    let mut roles = Vec::with_capacity(raw.role.len());
    for role in raw.role {
        let span = role.key.span();
        let role = check_role(role, &known, &groups)?;
        if !keys.insert(role.key.clone()) {
            return Err(Fault::at(span, format!("role {} is defined twice", role.key)));
        }
        roles.push(role);
    }

    let named = |key: Option<Spanned<String>>, what: &str, kind: Kind| {
        key.map(|key| named_role(&roles, &key, what, kind)).transpose()
    };
    Ok(Catalogue {
        key: raw.key,
        ownership_transferable: raw.ownership_transferable,
        one_role_per_user: raw.one_role_per_user,
        default_organization_role: named(
            raw.default_organization_role,
            "default role",
            Kind::Organization,
        )?,
        former_organization_owner: named(
            raw.former_organization_owner,
            "former_organization_owner",
            Kind::Organization,
        )?,
        former_account_owner: named(
            raw.former_account_owner,
            "former_account_owner",
            Kind::General,
        )?,
        organization_owner: only_owner(&roles, Kind::Organization)?,
        account_owner: only_owner(&roles, Kind::General)?,
        permissions,
        roles,
    })
}

fn check_permission_key(key: &str) -> Result<(), String> {
    let part_is_plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if key.split('.').count() == 3 && key.split('.').all(part_is_plain) {
        return Ok(());
    }
    Err(format!("permission {key:?} is not product.resource.action in lower snake case"))
}

fn check_role(
    raw: RawRole,
    known: &BTreeSet<Permission>,
    groups: &HashMap<String, String>,
) -> Result<RoleEntry, Fault> {
    let key = raw.key.get_ref().clone();
    if key.is_empty()
        || !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Err(Fault::at(raw.key.span(), format!("role key {key:?} is not lower snake case")));
    }
    let Some(product_group) = groups.get(raw.product_group.get_ref()) else {
        let reason = format!("there is no product group {}", raw.product_group.get_ref());
        return Err(Fault::at(raw.product_group.span(), reason));
    };
    let (kind, kind_span) = (*raw.kind.get_ref(), raw.kind.span());
    if kind == Kind::Custom {
        let reason = "kind CUSTOM is for roles that organizations make; a catalogue has ORGANIZATION, \
                      GENERAL, BUILT_IN and RESOURCE";
        return Err(Fault::at(kind_span, reason));
    }
    if (kind == Kind::Resource) != raw.resource.is_some() {
        let reason = format!("role {key}: a RESOURCE role, and no other, names its resource");
        return Err(Fault::at(kind_span, reason));
    }
    if raw.owner && !matches!(kind, Kind::Organization | Kind::General) {
        let reason = format!("role {key}: only ORGANIZATION and GENERAL roles can be owners'");
        return Err(Fault::at(kind_span, reason));
    }
    if assignable_at(kind).is_empty() {
        return Err(Fault::at(kind_span, format!("role {key} can be assigned nowhere")));
    }
    let mut permissions = BTreeSet::new();
    for permission in raw.permissions {
        match permission.get_ref().as_str() {
            "*" => permissions.extend(known.iter().cloned()),
            key => match known.get(key) {
                Some(known) => drop(permissions.insert(known.clone())),
                None => {
                    return Err(Fault::at(
                        permission.span(),
                        format!("there is no permission {key}"),
                    ));
                }
            },
        }
    }
    Ok(RoleEntry {
        key,
        name: raw.name,
        description: raw.description,
        product_group: product_group.clone(),
        kind,
        permissions,
        exclusive: raw.exclusive,
        owner: raw.owner,
        resource: raw.resource,
    })
}

/// A role that the top of the file names: it has to be there, of this kind, and no owner's.
fn named_role(
    roles: &[RoleEntry],
    key: &Spanned<String>,
    what: &str,
    kind: Kind,
) -> Result<String, Fault> {
    let spelled = if kind == Kind::General { "GENERAL" } else { "ORGANIZATION" };
    match roles.iter().find(|role| role.key == *key.get_ref()) {
        Some(role) if role.kind == kind && !role.owner => Ok(role.key.clone()),
        Some(role) => Err(Fault::at(
            key.span(),
            format!("{what} {} must be of kind {spelled} and no owner's", role.key),
        )),
        None => Err(Fault::at(key.span(), format!("there is no role {}", key.get_ref()))),
    }
}

/// The one owner's role of a kind: organizations and accounts need one each (R22).
fn only_owner(roles: &[RoleEntry], kind: Kind) -> Result<String, Fault> {
    let mut owners = roles.iter().filter(|role| role.owner && role.kind == kind);
    match (owners.next(), owners.next()) {
        (Some(role), None) => Ok(role.key.clone()),
        _ => Err(Fault::whole(format!("exactly one role of kind {kind:?} must have owner = true"))),
    }
}

#[cfg(test)]
mod tests;
