//! What goes along when something ends.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use super::account::Account;
use super::assignment::RoleAssignment;
use super::invitation::Invitation;
use crate::access::Roles;
use crate::app::consequences;

/// What goes along when something ends: exactly what the call has done or, as a dry run, would do. Each
/// list has the first 100, in the order in which they were made; the counts are of all. What leads further
/// from the objects listed here is read as it stands when the answer is made.
#[derive(SimpleObject)]
pub(super) struct Consequences {
    /// The assignments that end, as they were. Those of an Owner who is replaced are not among them:
    /// they go on as the new Owner's. Left out of the list, but counted, are those of roles that the
    /// catalogue no longer has.
    role_assignments: Vec<RoleAssignment>,
    /// How many assignments end.
    role_assignment_count: usize,
    /// The pending invitations that end with it, lose some of their grants, or are vouched for by somebody
    /// else from here on, as they are then; when an organization is deleted, as they were. Left out of the
    /// list, but counted, are those that the viewer does not see.
    invitations: Vec<Invitation>,
    /// How many pending invitations end or change.
    invitation_count: usize,
    /// The accounts that are closed or get a new Owner, as they are then; when an organization is
    /// deleted, its accounts as they were; after NEW_OWNER_REQUIRED and NOT_TRANSFERABLE, those that
    /// would lack an Owner.
    accounts: Vec<Account>,
    /// How many accounts these are.
    account_count: usize,
}

impl Consequences {
    /// Consequences as the API shows them.
    pub(super) fn new(
        consequences: consequences::Consequences,
        roles: &Roles,
        now: DateTime<Utc>,
    ) -> Self {
        let consequences::Consequences {
            role_assignments,
            role_assignment_count,
            invitations,
            invitation_count,
            accounts,
            account_count,
        } = consequences;
        let assignment = |row| RoleAssignment::new(row, roles);
        let invitation = |(row, grants)| Invitation::with_grants(row, grants, now);
        Self {
            role_assignments: role_assignments.into_iter().filter_map(assignment).collect(),
            role_assignment_count,
            invitations: invitations.into_iter().map(invitation).collect(),
            invitation_count,
            accounts: accounts.into_iter().map(Account::from).collect(),
            account_count,
        }
    }
}
