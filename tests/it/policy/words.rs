//! What the table's cases need to know of each catalogue.

/// What differs between the catalogues.
pub(super) struct Words {
    pub(super) catalogue: &'static str,
    /// A role of the organization that is not its Owner's.
    pub(super) at_organization: Option<&'static str>,
    /// Two roles of an account that its administrators hold all permissions of.
    pub(super) at_account: [&'static str; 2],
    /// A role of an account that permits something which its administrators may not.
    pub(super) above: Option<&'static str>,
    /// The role that manages an account's users.
    pub(super) manager: &'static str,
    pub(super) owners: [&'static str; 2],
    /// Types of which the catalogue allows none.
    pub(super) never: &'static [&'static str],
}

pub(super) const ORGANIZATION: Words = Words {
    catalogue: "organization",
    at_organization: Some("organization_billing_viewer"),
    at_account: ["account_developer", "account_billing_manager"],
    above: Some("account_support"),
    manager: "account_administrator",
    owners: ["organization_owner", "account_owner"],
    never: &[],
};

pub(super) const TEAM: Words = Words {
    catalogue: "team",
    at_organization: None,
    at_account: ["account_developer", "account_support"],
    above: None,
    manager: "account_admin",
    owners: ["organization_owner", "account_owner"],
    never: &["OwnershipOffer"],
};
