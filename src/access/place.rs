//! Where something is to be done, and how far an assignment reaches.

use entity::account::Status;
use entity::id::{AccountId, BillingGroupId, OrganizationId};
use sea_orm::entity::prelude::Uuid;

/// The types of scopes that roles are assigned at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScopeType {
    /// An organization.
    Organization,
    /// A top-level account.
    Account,
    /// An account with a parent.
    Subaccount,
}

impl ScopeType {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "ORGANIZATION",
            Self::Account => "ACCOUNT",
            Self::Subaccount => "SUBACCOUNT",
        }
    }
}

/// A scope with everything that decides which assignments reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The organization that it is, or is in.
    pub organization_id: OrganizationId,
    /// The account, unless the place is the organization itself.
    pub account: Option<AccountPlace>,
    /// The billing group, when the place is one.
    pub billing_group: Option<BillingGroupId>,
}

/// The account of a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountPlace {
    /// The account.
    pub id: AccountId,
    /// Its name, for sentences about it.
    pub name: String,
    /// The account above it, for a subaccount.
    pub parent_id: Option<AccountId>,
    /// Its own status.
    pub own_status: Status,
    /// The graver of its own status and its parent's.
    pub status: Status,
    /// The billing groups that it is linked to.
    pub billing_groups: Vec<BillingGroupId>,
}

/// How an assignment's scope covers a place (R11, R29); nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It was assigned there.
    Direct,
    /// It was assigned at the account above.
    FromAccount,
    /// It was assigned at the organization.
    FromOrganization,
    /// It is about a resource that covers the place.
    Resource,
}

impl Place {
    /// The organization itself.
    #[must_use]
    pub fn organization(organization_id: OrganizationId) -> Self {
        Self { organization_id, account: None, billing_group: None }
    }

    /// Its scope type; a billing group counts as the organization's.
    #[must_use]
    pub fn scope_type(&self) -> ScopeType {
        match &self.account {
            None => ScopeType::Organization,
            Some(account) if account.parent_id.is_none() => ScopeType::Account,
            Some(_) => ScopeType::Subaccount,
        }
    }

    /// The account's id, if the place is one.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        self.account.as_ref().map(|account| account.id)
    }

    /// The account's name, if the place is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.name.as_str())
    }

    /// The id that assignments there carry as their scope.
    #[must_use]
    pub fn scope_id(&self) -> Uuid {
        self.account_id().map_or(self.organization_id.0, |id| id.0)
    }

    /// The prefixed id of the scope, as clients know it.
    #[must_use]
    pub fn scope_text(&self) -> String {
        match (self.account_id(), self.billing_group) {
            (Some(account), _) => account.to_string(),
            (None, Some(group)) => group.to_string(),
            (None, None) => self.organization_id.to_string(),
        }
    }

    /// Whether work in the account is stopped; organizations are never stopped.
    #[must_use]
    pub fn stopped(&self) -> Option<Status> {
        self.account
            .as_ref()
            .map(|account| account.status)
            .filter(|status| *status != Status::Active)
    }

    /// Which account it is whose status stops work here: this one, or the one above.
    #[must_use]
    pub fn stopped_by(&self) -> Option<Stopped> {
        let account = self.account.as_ref()?;
        let above = account.parent_id.filter(|_| account.own_status != account.status);
        let account_id = above.unwrap_or(account.id);
        self.stopped().map(|status| Stopped { account_id, status })
    }
}

/// An account that stops work in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The account: the place itself, or the account above it.
    pub account_id: AccountId,
    /// What became of it.
    pub status: Status,
}

/// The graver of two statuses: what a subaccount's parent is, it is at least as well.
#[must_use]
pub fn graver(one: Status, other: Option<Status>) -> Status {
    let weight = |status| match status {
        Status::Active => 0,
        Status::PendingClosure => 1,
        Status::Suspended => 2,
        Status::Closed => 3,
    };
    match other {
        Some(other) if weight(other) > weight(one) => other,
        _ => one,
    }
}
