//! The one function that decides, and explains what it decided (R28, R29).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::account::Status;
use entity::id::AssignmentId;

use super::place::{Place, Reach, Stopped};
use super::role::{Role, Roles};
use super::standing::{Holding, Standing};

/// Allowed, by this chain, or denied, for this reason.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The assignment that allows it, the nearest where there are several.
    Allowed(Chain),
    /// What is missing.
    Denied(Denial),
}

/// How a permission comes about: assignment → role → scope → the place asked about.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The assignment.
    pub assignment_id: AssignmentId,
    /// Its role, which holds the permission.
    pub role: Arc<Role>,
    /// How the assignment's scope covers the place.
    pub reach: Reach,
}

/// Why not: told to the caller (R28), so it names nothing beyond the place that was asked about.
#[derive(Clone, Debug)]
pub struct Denial {
    /// What was missing.
    pub permission: String,
    /// The prefixed id of the place.
    pub scope: String,
    /// Roles that would give it, assigned at that place or above.
    pub granted_by: Vec<Arc<Role>>,
    /// Set when the permission is held, but work in the account is stopped.
    pub stopped: Option<Stopped>,
    /// Set when the membership is suspended: then nothing that is held counts.
    pub suspended: bool,
}

impl Denial {
    /// The reason in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.stopped {
            Some(Stopped { account_id, status }) => {
                let status = status.words();
                format!("work in {} is stopped, because {account_id} is {status}", self.scope)
            }
            None if self.suspended => {
                format!(
                    "this takes {} in {}, and the membership is suspended",
                    self.permission, self.scope
                )
            }
            None => format!("this takes {} in {}", self.permission, self.scope),
        }
    }
}

/// Decides whether a person has a permission at a place at an instant. Asks nothing of the database:
/// the standing was read before, in one statement, whatever its size.
///
/// A stopped account denies what is held through accounts; an organization's own roles still reach a
/// suspended account (somebody has to be able to lift the suspension), and nothing reaches a closed
/// one (R23).
#[must_use]
pub fn decide(
    standing: &Standing,
    roles: &Roles,
    permission: &str,
    place: &Place,
    now: DateTime<Utc>,
) -> Decision {
    let held = |(holding, reach): (&Holding, Reach)| {
        let role = holding.role.as_ref()?;
        role.permissions.contains(permission).then(|| Chain {
            assignment_id: holding.assignment_id,
            role: Arc::clone(role),
            reach,
        })
    };
    let stopped = place.stopped();
    let passes = |chain: &Chain| match stopped {
        None | Some(Status::PendingClosure) => true,
        Some(Status::Suspended) => chain.reach == Reach::FromOrganization,
        Some(_) => false,
    };
    let mut chains: Vec<Chain> = standing.reaching(place, now).filter_map(held).collect();
    let holds_any = !chains.is_empty();
    chains.retain(passes);
    match chains.into_iter().min_by_key(|chain| chain.reach) {
        Some(chain) => Decision::Allowed(chain),
        None => Decision::Denied(Denial {
            permission: permission.to_owned(),
            scope: place.scope_text(),
            granted_by: givers(roles, permission, place),
            stopped: place.stopped_by().filter(|_| holds_any),
            suspended: standing.membership(place.organization_id).is_some()
                && standing.active_membership(place.organization_id).is_none(),
        }),
    }
}

/// The roles that would give a permission at a place: those that hold it and can be assigned at the
/// place itself or at a scope above it; resource roles where there is a resource that covers it.
#[must_use]
pub fn givers(roles: &Roles, permission: &str, place: &Place) -> Vec<Arc<Role>> {
    givers_among(roles.all(), permission, place)
}

/// Those of these roles that would give a permission at a place.
#[must_use]
pub fn givers_among(roles: &[Arc<Role>], permission: &str, place: &Place) -> Vec<Arc<Role>> {
    let here = place.scope_type();
    let covered = place.billing_group.is_some()
        || place.account.as_ref().is_some_and(|account| !account.billing_groups.is_empty());
    let reaches = |role: &Role| match role.resource {
        Some(_) => covered,
        None => role.assignable_at().iter().any(|scope| *scope <= here),
    };
    roles
        .iter()
        .filter(|role| role.permissions.contains(permission) && reaches(role))
        .map(Arc::clone)
        .collect()
}
