//! Who is asking.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, ApiKeyId, OrganizationId, SessionId, UserId};

use super::authority::{Authority, Granting, effective_permissions, within};
use super::decision::{Decision, decide};
use super::permission::{self, Permission};
use super::place::Place;
use super::role::{Role, Roles};
use super::standing::Standing;
use crate::error::{Error, Result, UserError, UserErrorCode};

/// Where a request came from, for the audit event (R70) and the session.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The request's id, also in its log lines and its answer.
    pub request_id: String,
    /// The client's network address, behind trusted proxies.
    pub network_address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// What a request is let in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A person's session, by an access token that belongs to it.
    Session(SessionId),
    /// A service user's key.
    ApiKey(ApiKeyId),
}

/// A signed-in person, or a service user, in one request: everything that decisions about them need, read in one
/// statement when the request first asks for it (R27).
#[derive(Clone, Debug)]
pub struct Viewer {
    /// What let them in.
    pub credential: Credential,
    /// The person's name.
    pub name: String,
    /// The person's address, as typed.
    pub email: String,
    /// The person's address, normalized.
    pub email_key: String,
    /// The account that the request works in: the header's, else the token's. Only a wish until
    /// it is checked: the header's was, the token's is whenever it is used.
    pub account_id: Option<AccountId>,
    /// The organization of that account, with the same reservation.
    pub organization_id: Option<OrganizationId>,
    /// The organizations that the person is a member of, with their names.
    pub organizations: Vec<(OrganizationId, String)>,
    /// What the person holds.
    pub standing: Standing,
    /// The instant that the request is decided at.
    pub now: DateTime<Utc>,
    /// Where the request came from.
    pub origin: Origin,
}

impl Viewer {
    /// The person.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.standing.user_id
    }

    /// The viewer's session, for what is done to it or takes a person: a machine has none.
    ///
    /// # Errors
    /// `PERSON_REQUIRED` for one that came with an API key.
    pub fn session_id(&self) -> Result<SessionId> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::ApiKey(_) => {
                let message = "this takes a person who is signed in: a service user has no session";
                Err(UserError::new(UserErrorCode::PersonRequired, "", message).into())
            }
        }
    }

    /// Whether it is a service user.
    #[must_use]
    pub fn is_service_user(&self) -> bool {
        matches!(self.credential, Credential::ApiKey(_))
    }

    /// Decides whether the viewer has a permission at a place.
    #[must_use]
    pub fn decide(&self, roles: &Roles, permission: &str, place: &Place) -> Decision {
        decide(&self.standing, roles, permission, place, self.now)
    }

    /// Whether the viewer has a permission at a place.
    #[must_use]
    pub fn can(&self, roles: &Roles, permission: &str, place: &Place) -> bool {
        matches!(self.decide(roles, permission, place), Decision::Allowed(_))
    }

    /// Whether the place exists for the viewer (R2).
    #[must_use]
    pub fn sees(&self, roles: &Roles, place: &Place) -> bool {
        self.standing.sees(roles, place, self.now)
    }

    /// Whether the viewer holds roles about resources in an organization: only then does it matter
    /// which billing groups an account is linked to.
    #[must_use]
    pub fn holds_resource_roles(&self, organization_id: OrganizationId) -> bool {
        self.standing.active_membership(organization_id).is_some_and(|membership| {
            membership.holdings.iter().any(|holding| holding.billing_group_id.is_some())
        })
    }

    /// The authority that a permission gives at a place.
    pub fn require(&self, roles: &Roles, permission: &str, place: &Place) -> Result<Authority> {
        self.visible(roles, place)?;
        Authority::of(&self.standing, roles, permission, place, self.now)
            .map_err(|denial| Error::Forbidden(Box::new(denial)))
    }

    /// The authority of the Owner of a place, which takes a permission beside (R22).
    pub fn owning(&self, roles: &Roles, permission: &str, place: &Place) -> Result<Authority> {
        self.visible(roles, place)?;
        Authority::of_owner(&self.standing, roles, permission, place, self.now)
            .map_err(|denial| Error::Forbidden(Box::new(denial)))
    }

    /// The authority to manage assignments at a place (R20, R21).
    pub fn granting(&self, roles: &Roles, place: &Place) -> Result<Granting> {
        self.visible(roles, place)?;
        Granting::of(&self.standing, roles, place, self.now)
            .map_err(|denial| Error::Forbidden(Box::new(denial)))
    }

    /// Refuses to act with somebody else's role at a place if it is above the ceiling (R21): the viewer
    /// could neither give it nor do all that it permits.
    pub fn acting_with(&self, roles: &Roles, role: &Role, place: &Place) -> Result<(), UserError> {
        match Granting::of(&self.standing, roles, place, self.now) {
            Ok(granting) => granting.covers(role),
            Err(_) => within(&effective_permissions(&self.standing, place, self.now), role, place),
        }
    }

    /// Refuses a place that does not exist for the viewer, as an unknown id is refused.
    pub fn visible(&self, roles: &Roles, place: &Place) -> Result<()> {
        if self.sees(roles, place) {
            return Ok(());
        }
        Err(Error::NotFound(match (&place.account, place.billing_group) {
            (Some(_), _) => "account",
            (None, Some(_)) => "billing group",
            (None, None) => "organization",
        }))
    }

    /// Which of an organization's users the viewer may list.
    pub fn listing(&self, roles: &Roles, organization_id: OrganizationId) -> Result<Listing> {
        let place = Place::organization(organization_id);
        self.visible(roles, &place)?;
        let denial = match self.decide(roles, permission::ORGANIZATION_USERS, &place) {
            Decision::Allowed(_) => return Ok(Listing::Everyone),
            Decision::Denied(denial) => denial,
        };
        let accounts: Vec<AccountId> = self
            .standing
            .active_membership(organization_id)
            .into_iter()
            .flat_map(|membership| &membership.holdings)
            .filter(|holding| {
                holding.in_use()
                    && holding.counts_at(self.now)
                    && holding.permits(permission::ACCOUNT_USERS)
            })
            .filter_map(|holding| holding.account_id)
            .collect();
        if accounts.is_empty() {
            return Err(Error::Forbidden(Box::new(denial)));
        }
        Ok(Listing::Accounts(accounts))
    }

    /// Refuses who can invite nobody to anything in an organization: who manages neither its users or
    /// assignments nor those of an account. What they may invite to is decided grant by grant.
    pub fn inviting(&self, roles: &Roles, organization_id: OrganizationId) -> Result<()> {
        let place = Place::organization(organization_id);
        self.visible(roles, &place)?;
        let denial = match self.decide(roles, permission::ORGANIZATION_USERS, &place) {
            Decision::Allowed(_) => return Ok(()),
            Decision::Denied(denial) => denial,
        };
        let assigns = self.can(roles, permission::ORGANIZATION_ASSIGNMENTS, &place);
        let somewhere =
            self.standing.active_membership(organization_id).is_some_and(|membership| {
                membership.holdings.iter().any(|holding| {
                    holding.in_use()
                        && holding.counts_at(self.now)
                        && holding.permits(permission::ACCOUNT_USERS)
                })
            });
        if assigns || somewhere { Ok(()) } else { Err(Error::Forbidden(Box::new(denial))) }
    }

    /// The roles that the viewer's assignments bring to a place, without repetition.
    #[must_use]
    pub fn roles_at(&self, place: &Place) -> Vec<std::sync::Arc<Role>> {
        let mut found: Vec<_> = self
            .standing
            .reaching(place, self.now)
            .filter_map(|(holding, reach)| Some((reach, holding.role.clone()?)))
            .filter(|(reach, role)| {
                *reach == super::place::Reach::Direct || !role.permissions.is_empty()
            })
            .collect();
        found.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
        let mut roles: Vec<_> = found.into_iter().map(|(_, role)| role).collect();
        let mut seen = std::collections::HashSet::new();
        roles.retain(|role| seen.insert(role.id));
        roles
    }

    /// All that the viewer may do at a place, sorted. Nothing in an account where work is stopped,
    /// but for what [`decide`] lets through.
    #[must_use]
    pub fn permissions_at(&self, roles: &Roles, place: &Place) -> Vec<Permission> {
        effective_permissions(&self.standing, place, self.now)
            .into_iter()
            .filter(|permission| {
                place.stopped().is_none() || self.can(roles, permission.as_str(), place)
            })
            .collect()
    }
}

/// Whose names and assignments an administrator sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All of the organization's.
    Everyone,
    /// Those with assignments in these accounts and their subaccounts, and only these assignments.
    Accounts(Vec<AccountId>),
}
