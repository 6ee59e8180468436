//! Permissions: `product.resource.action`, as the catalogue spells them.

use std::fmt;
use std::sync::Arc;

/// One permission's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(Arc<str>);

impl Permission {
    /// The permission with this key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// `product.resource.action`
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Permission {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// List, invite and remove the users of an organization.
pub const ORGANIZATION_USERS: &str = "organization.users.manage";
/// Assign any role but an owner's anywhere in the organization: lifts the grant ceiling (R21).
pub const ORGANIZATION_ASSIGNMENTS: &str = "organization.assignments.manage";
/// Create accounts, add existing ones, change them.
pub const ORGANIZATION_ACCOUNTS: &str = "organization.accounts.manage";
/// Rename the organization and change how it is set up.
pub const ORGANIZATION_SETTINGS: &str = "organization.settings.manage";
/// Decide which e-mail domains may be invited, and prove those that are the organization's own (R41).
pub const ORGANIZATION_DOMAINS: &str = "organization.domains.manage";
/// Read the record of who changed what in the organization (R70).
pub const ORGANIZATION_AUDIT: &str = "organization.audit.read";
/// Delete the organization (R23).
pub const ORGANIZATION_DELETE: &str = "organization.ownership.delete";
/// List, invite and remove the users of an account, and assign roles there within the ceiling.
pub const ACCOUNT_USERS: &str = "account.users.manage";
/// Rename and configure an account, create its subaccounts.
pub const ACCOUNT_SETTINGS: &str = "account.settings.manage";
/// Decide that an account goes: that it is closed for good (R23), or moves into another organization.
pub const ACCOUNT_CLOSE: &str = "account.ownership.close";
/// Hand the organization over to another member (R22).
pub const ORGANIZATION_TRANSFER: &str = "organization.ownership.transfer";
/// Hand an account over to another member (R22).
pub const ACCOUNT_TRANSFER: &str = "account.ownership.transfer";
/// Enter an account: switch to it and work in it.
pub const ACCOUNT_ACCESS: &str = "account.access.use";

/// Permissions that the server itself asks for: a catalogue without one of them cannot work.
pub const REQUIRED: [&str; 13] = [
    ORGANIZATION_USERS,
    ORGANIZATION_ASSIGNMENTS,
    ORGANIZATION_ACCOUNTS,
    ORGANIZATION_SETTINGS,
    ORGANIZATION_DOMAINS,
    ORGANIZATION_AUDIT,
    ORGANIZATION_DELETE,
    ORGANIZATION_TRANSFER,
    ACCOUNT_USERS,
    ACCOUNT_SETTINGS,
    ACCOUNT_CLOSE,
    ACCOUNT_TRANSFER,
    ACCOUNT_ACCESS,
];
