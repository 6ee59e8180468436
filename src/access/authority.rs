//! Authorities: values that only a decision can make, and that the functions which write ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use entity::id::{BillingGroupId, UserId};
use entity::role::Kind;

use super::decision::{Decision, Denial, decide};
use super::permission::{self, Permission};
use super::place::{Place, Reach};
use super::role::{Role, Roles};
use super::standing::Standing;
use crate::error::{UserError, UserErrorCode};

/// Proof that a person had a permission at a place when the request was decided.
#[derive(Clone, Debug)]
pub struct Authority {
    actor: UserId,
    place: Place,
}

impl Authority {
    pub(super) fn of(
        standing: &Standing,
        roles: &Roles,
        permission: &str,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Self, Denial> {
        match decide(standing, roles, permission, place, now) {
            Decision::Allowed(_) => Ok(Self { actor: standing.user_id, place: place.clone() }),
            Decision::Denied(denial) => Err(denial),
        }
    }

    /// The authority over what one owns (R22): beside the permission it takes the owner's assignment
    /// at the very place, not one that merely reaches it.
    pub fn of_owner(
        standing: &Standing,
        roles: &Roles,
        permission: &str,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Self, Denial> {
        let owner = roles.owner_at(place);
        let owns = standing
            .reaching(place, now)
            .any(|(holding, reach)| reach == Reach::Direct && holding.role_id == owner.id);
        match decide(standing, roles, permission, place, now) {
            Decision::Allowed(_) if owns => {
                Ok(Self { actor: standing.user_id, place: place.clone() })
            }
            Decision::Allowed(_) => Err(Denial {
                permission: permission.to_owned(),
                scope: place.scope_text(),
                granted_by: vec![Arc::clone(owner)],
                stopped: None,
                suspended: false,
            }),
            Decision::Denied(denial) => {
                Err(Denial { granted_by: vec![Arc::clone(owner)], ..denial })
            }
        }
    }

    /// An authority that the rules give without a permission, for the reason that the caller states
    /// in its own text (an organization's setting, for instance).
    pub(crate) fn by_rule(actor: UserId, place: Place) -> Self {
        Self { actor, place }
    }

    /// Who holds it.
    #[must_use]
    pub fn actor(&self) -> UserId {
        self.actor
    }

    /// Where it holds.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// The authority to manage assignments at a place (R20), with the grant ceiling (R21) inside.
#[derive(Clone, Debug)]
pub struct Granting {
    actor: UserId,
    place: Place,
    /// None: any role but an owner's.
    ceiling: Option<BTreeSet<Permission>>,
}

/// A role that somebody may give, at a place where it can be given. The only way to a new
/// assignment.
#[derive(Clone, Debug)]
pub struct Grant {
    role: Arc<Role>,
    place: Place,
    resource: Option<BillingGroupId>,
    valid_until: Option<DateTime<Utc>>,
    granted_by: Option<UserId>,
}

impl Granting {
    /// The authority of a person to manage assignments at a place: unlimited for those whom a role of
    /// the organization lets manage assignments throughout; bounded by what they hold themselves for
    /// those who do so by another role, or manage an account's users.
    pub fn of(
        standing: &Standing,
        roles: &Roles,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Self, Denial> {
        let organization = Place::organization(place.organization_id);
        let everywhere = permission::ORGANIZATION_ASSIGNMENTS;
        let actor = standing.user_id;
        match decide(standing, roles, everywhere, &organization, now) {
            Decision::Allowed(_) if place.stopped() != Some(entity::account::Status::Closed) => {
                // Only the organization's own administrators are above the ceiling: who has the
                // permission by a role that was made for the purpose gives no more than they hold.
                let administers = standing.reaching(&organization, now).any(|(holding, _)| {
                    holding.role.as_ref().is_some_and(|role| {
                        role.kind == Kind::Organization && role.permissions.contains(everywhere)
                    })
                });
                let ceiling = (!administers).then(|| effective_permissions(standing, place, now));
                return Ok(Self { actor, place: place.clone(), ceiling });
            }
            Decision::Denied(denial) if place.account.is_none() => return Err(denial),
            _ => {}
        }
        match decide(standing, roles, permission::ACCOUNT_USERS, place, now) {
            Decision::Allowed(_) => Ok(Self {
                actor,
                place: place.clone(),
                ceiling: Some(effective_permissions(standing, place, now)),
            }),
            Decision::Denied(denial) => Err(denial),
        }
    }

    /// Where it holds.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the role may be touched at all: owner roles move only by transfer (R22), and nobody
    /// reaches above what they hold (R21).
    pub fn covers(&self, role: &Role) -> Result<(), UserError> {
        if role.owner {
            return Err(UserError::new(
                UserErrorCode::OwnerRole,
                "",
                format!("{} is an owner's role: it is neither assigned nor removed", role.name),
            )
            .help("Ownership moves by a transfer that the new owner accepts."));
        }
        match &self.ceiling {
            Some(ceiling) => within(ceiling, role, &self.place),
            None => Ok(()),
        }
    }

    /// The grant of a role at this place (R14, R16, R21, R22). Errors carry a path relative to the
    /// grant (`roleKey`, `resourceId`, `validUntil`).
    pub fn grant(
        &self,
        role: &Arc<Role>,
        resource: Option<BillingGroupId>,
        valid_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Grant, UserError> {
        let asked = self.place.scope_type();
        if !role.assignable_at().contains(&asked) {
            let allowed: Vec<&str> = role.assignable_at().iter().map(|s| s.as_str()).collect();
            return Err(UserError::new(
                UserErrorCode::RoleNotAssignableHere,
                "scopeId",
                format!(
                    "{} can be assigned at {}, not at {}",
                    role.name,
                    allowed.join(", "),
                    asked.as_str()
                ),
            ));
        }
        match (role.resource, resource) {
            (Some(_), None) => {
                return Err(UserError::new(
                    UserErrorCode::ResourceMismatch,
                    "resourceId",
                    format!("{} needs the id of a billing group", role.name),
                ));
            }
            (None, Some(_)) => {
                return Err(UserError::new(
                    UserErrorCode::ResourceMismatch,
                    "resourceId",
                    format!("{} is not about a resource", role.name),
                ));
            }
            _ => {}
        }
        if let Some(until) = valid_until.filter(|until| *until <= now) {
            return Err(UserError::new(
                UserErrorCode::ValidUntilInPast,
                "validUntil",
                format!("{} is not in the future", until.to_rfc3339()),
            ));
        }
        // Later than any database and any calendar of a client can tell.
        if valid_until.is_some_and(|until| until.year() > 9999) {
            let message = "the year 9999 is the last";
            return Err(UserError::new(UserErrorCode::ValidUntilInPast, "validUntil", message));
        }
        self.covers(role).map_err(|error| UserError { path: vec!["roleKey".into()], ..error })?;
        Ok(Grant {
            role: Arc::clone(role),
            place: self.place.clone(),
            resource,
            valid_until,
            granted_by: Some(self.actor),
        })
    }
}

impl Grant {
    /// The catalogue's default role for a member who joins (R25): nobody needs authority to give it.
    #[must_use]
    pub fn default_role(roles: &Roles, place: Place) -> Option<Self> {
        let role = Arc::clone(roles.default_organization_role()?);
        Some(Self { role, place, resource: None, valid_until: None, granted_by: None })
    }

    /// The role that an Owner keeps where they hand over (R22): nobody needs authority to give it.
    #[must_use]
    pub fn former_owner(roles: &Roles, place: Place) -> Option<Self> {
        let role = Arc::clone(roles.former_owner_at(&place)?);
        Some(Self { role, place, resource: None, valid_until: None, granted_by: None })
    }

    /// Whether another grant would make the same assignment.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.role.id == other.role.id
            && self.place.scope_id() == other.place.scope_id()
            && self.resource == other.resource
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> &Arc<Role> {
        &self.role
    }

    /// The place.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The billing group, for a resource role.
    #[must_use]
    pub fn resource(&self) -> Option<BillingGroupId> {
        self.resource
    }

    /// Until when it grants.
    #[must_use]
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.valid_until
    }

    /// Whose authority it rests on.
    #[must_use]
    pub fn granted_by(&self) -> Option<UserId> {
        self.granted_by
    }
}

/// All that a person may do at a place: the union of the roles that reach it.
#[must_use]
pub fn effective_permissions(
    standing: &Standing,
    place: &Place,
    now: DateTime<Utc>,
) -> BTreeSet<Permission> {
    standing
        .reaching(place, now)
        .filter_map(|(holding, _)| holding.role.as_ref())
        .flat_map(|role| role.permissions.iter().cloned())
        .collect()
}

/// Refuses a role that permits more at a place than these permissions (R21).
pub(super) fn within(
    ceiling: &BTreeSet<Permission>,
    role: &Role,
    place: &Place,
) -> Result<(), UserError> {
    let above: Vec<&str> = role.permissions.difference(ceiling).map(Permission::as_str).collect();
    if above.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} permits more than you may do in {} yourself: {}",
        role.name,
        place.scope_text(),
        above.join(", ")
    );
    Err(UserError::new(UserErrorCode::AboveOwnAccess, "", message)
        .help("An administrator of the organization can grant it."))
}
