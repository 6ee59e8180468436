//! What one person holds: memberships and assignments, as one statement read them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::id::{AccountId, AssignmentId, BillingGroupId, OrganizationId, RoleId, UserId};
use entity::membership::Status;

use super::place::{Place, Reach};
use super::role::{Role, Roles};

/// A person's memberships with the assignments held in each. Read anew for every request (R27).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The person.
    pub user_id: UserId,
    /// One a membership; a person without any holds nothing.
    pub memberships: Vec<Membership>,
}

/// One membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization_id: OrganizationId,
    /// A suspended membership's assignments grant nothing.
    pub status: Status,
    /// The assignments in this organization.
    pub holdings: Vec<Holding>,
}

/// One assignment, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The assignment.
    pub assignment_id: AssignmentId,
    /// Its role's id.
    pub role_id: RoleId,
    /// Its role: the catalogue's, or the organization's custom one as it was at that instant. None for
    /// one that the catalogue no longer has, which grants nothing.
    pub role: Option<Arc<Role>>,
    /// Its account; none at the organization.
    pub account_id: Option<AccountId>,
    /// The graver of the account's status and its parent's.
    pub account_status: Option<entity::account::Status>,
    /// Its resource, for resource roles.
    pub billing_group_id: Option<BillingGroupId>,
    /// When it stops to grant anything (R16).
    pub valid_until: Option<DateTime<Utc>>,
}

impl Standing {
    /// What of it grants anything at an instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        let mut standing = self.clone();
        for membership in &mut standing.memberships {
            membership.holdings.retain(|holding| holding.counts_at(now));
        }
        standing
    }

    /// The membership in an organization.
    #[must_use]
    pub fn membership(&self, organization_id: OrganizationId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.organization_id == organization_id)
    }

    /// The membership in an organization, unless it is suspended.
    #[must_use]
    pub fn active_membership(&self, organization_id: OrganizationId) -> Option<&Membership> {
        self.membership(organization_id).filter(|membership| membership.status == Status::Active)
    }

    /// The assignments that count at a place at an instant, with how each reaches it.
    pub fn reaching<'a>(
        &'a self,
        place: &'a Place,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (&'a Holding, Reach)> {
        self.active_membership(place.organization_id)
            .into_iter()
            .flat_map(|membership| &membership.holdings)
            .filter(move |holding| holding.counts_at(now))
            .filter_map(move |holding| Some((holding, holding.reach(place)?)))
    }

    /// Whether the place exists for the person (R2): an organization does for its members; an account
    /// does for those who hold a role that permits something there, whatever the account's status; a
    /// billing group does for those who hold a role about it, manage the organization's accounts, or
    /// see the billing of the whole organization.
    #[must_use]
    pub fn sees(&self, roles: &Roles, place: &Place, now: DateTime<Utc>) -> bool {
        let mut reaching = self.reaching(place, now);
        match (&place.account, place.billing_group) {
            (None, None) => self.membership(place.organization_id).is_some(),
            (Some(_), _) => reaching.any(|(holding, _)| holding.permits_something()),
            (None, Some(_)) => reaching.any(|(holding, reach)| match reach {
                Reach::Resource => holding.permits_something(),
                _ => holding.shows_billing_groups(roles),
            }),
        }
    }
}

impl Holding {
    /// Whether its role permits this.
    #[must_use]
    pub fn permits(&self, permission: &str) -> bool {
        self.role.as_ref().is_some_and(|role| role.permissions.contains(permission))
    }

    /// Whether its role permits anything at all.
    #[must_use]
    pub fn permits_something(&self) -> bool {
        self.role.as_ref().is_some_and(|role| !role.permissions.is_empty())
    }

    /// Whether its role, held at the organization, shows all of its billing groups.
    #[must_use]
    pub fn shows_billing_groups(&self, roles: &Roles) -> bool {
        let shows =
            |role: &Arc<Role>| role.permissions.iter().any(|p| roles.shows_billing_groups(p));
        self.role.as_ref().is_some_and(shows)
    }

    /// Whether it grants anything at this instant (R16).
    #[must_use]
    pub fn counts_at(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_none_or(|until| now < until)
    }

    /// Whether people can work where it was assigned: what is held through a suspended or closed
    /// account lists nobody (R23).
    #[must_use]
    pub fn in_use(&self) -> bool {
        use entity::account::Status;
        matches!(self.account_status, None | Some(Status::Active | Status::PendingClosure))
    }

    /// How it covers a place of its organization, if it does (R11).
    #[must_use]
    pub fn reach(&self, place: &Place) -> Option<Reach> {
        if let Some(group) = self.billing_group_id {
            let linked = place.account.as_ref().is_some_and(|a| a.billing_groups.contains(&group));
            return (linked || place.billing_group == Some(group)).then_some(Reach::Resource);
        }
        match (self.account_id, &place.account) {
            (None, None) if place.billing_group.is_none() => Some(Reach::Direct),
            (None, _) => Some(Reach::FromOrganization),
            (Some(held), Some(account)) if held == account.id => Some(Reach::Direct),
            (Some(held), Some(account)) if Some(held) == account.parent_id => {
                Some(Reach::FromAccount)
            }
            (Some(_), _) => None,
        }
    }
}
