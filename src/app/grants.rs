//! From what a caller asks for to assignments: who may give it (R20–R22), whether it fits (R14),
//! and what else has to go or must not be exceeded (R12, R13, R15).

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use entity::id::{
    AccountId, AssignmentId, BillingGroupId, IdError, KINDS, OrganizationId, TypedId, UserId,
    parse_any,
};
use entity::role::Kind;
use sea_orm::ConnectionTrait;

use super::App;
use super::customs::{self, Customs};
use super::grants_plan::plan;
use crate::access::{Denial, Grant, Granting, Place, Role, Roles, Standing};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::assignment::HeldRow;

/// A scope, as callers name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeId {
    /// An organization.
    Organization(OrganizationId),
    /// An account or subaccount.
    Account(AccountId),
}

impl FromStr for ScopeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match parse_any(text)? {
            (OrganizationId::PREFIX, uuid) => Ok(Self::Organization(OrganizationId(uuid))),
            (AccountId::PREFIX, uuid) => Ok(Self::Account(AccountId(uuid))),
            (prefix, _) => {
                let got =
                    KINDS.iter().find(|kind| kind.0 == prefix).map_or("another", |kind| kind.1);
                Err(IdError(format!(
                    "expected an organization id (org_…) or an account id (acct_…), got {got} id"
                )))
            }
        }
    }
}

/// A grant, as callers ask for it.
#[derive(Clone, Debug)]
pub struct GrantInput {
    /// The role's key in the catalogue.
    pub role_key: String,
    /// Where.
    pub scope: ScopeId,
    /// The billing group, for a resource role.
    pub resource_id: Option<BillingGroupId>,
    /// Until when.
    pub valid_until: Option<DateTime<Utc>>,
}

/// The most grants in one call or for one invitee.
pub const GRANTS_MAX: usize = 100;

/// Resolves what callers ask for, many lists at a time, in at most three statements.
pub struct Resolver {
    customs: Customs,
    places: HashMap<AccountId, Place>,
    billing_groups: Vec<BillingGroupId>,
    organization_id: OrganizationId,
}

impl Resolver {
    /// Reads what is needed to resolve these grants in an organization.
    pub async fn load(
        app: &App,
        organization_id: OrganizationId,
        inputs: impl Iterator<Item = &GrantInput> + Clone,
    ) -> Result<Self> {
        Self::load_in(app, &app.db, organization_id, inputs).await
    }

    /// The same within a transaction.
    pub(super) async fn load_in(
        app: &App,
        db: &impl ConnectionTrait,
        organization_id: OrganizationId,
        inputs: impl Iterator<Item = &GrantInput> + Clone,
    ) -> Result<Self> {
        let accounts: Vec<AccountId> =
            unique(inputs.clone().filter_map(|input| match input.scope {
                ScopeId::Account(id) => Some(id),
                ScopeId::Organization(_) => None,
            }));
        let groups: Vec<BillingGroupId> =
            unique(inputs.clone().filter_map(|input| input.resource_id));
        let keys = inputs.map(|input| input.role_key.as_str());
        let places = store::account::places(db, &accounts).await?;
        Ok(Self {
            customs: Customs::by_keys(app, db, organization_id, keys).await?,
            places: places
                .into_iter()
                .filter_map(|place| Some((place.account_id()?, place)))
                .collect(),
            billing_groups: store::invitation::known_billing_groups(db, organization_id, &groups)
                .await?,
            organization_id,
        })
    }

    /// Resolves one list by somebody's standing. A list in which nothing at all is allowed is
    /// forbidden as a whole; otherwise each row that cannot be granted says why.
    pub fn resolve(
        &self,
        roles: &Roles,
        standing: &Standing,
        inputs: &[GrantInput],
        now: DateTime<Utc>,
    ) -> Result<Vec<Grant>> {
        let mut grants: Vec<Grant> = Vec::with_capacity(inputs.len());
        let (mut errors, mut denials) = (Vec::new(), Vec::new());
        for (index, input) in inputs.iter().enumerate() {
            let path = format!("grants.{index}");
            match self.one(roles, standing, input, now) {
                // What is named twice is asked for once, as it was first.
                Ok(grant) if grants.iter().any(|earlier| earlier.is_same_as(&grant)) => {}
                Ok(grant) => match contradiction(&grants, &grant) {
                    Some(error) => errors.push(error.under(&path)),
                    None => grants.push(grant),
                },
                Err(Refusal::Because(error)) => errors.push(error.under(&path)),
                Err(Refusal::Denied(denial)) => {
                    errors.push(not_allowed(&denial).under(&path));
                    denials.push(denial);
                }
            }
        }
        if errors.is_empty() {
            return Ok(grants);
        }
        match denials.into_iter().next() {
            Some(denial) if grants.is_empty() && errors.iter().all(is_not_allowed) => {
                Err(Error::Forbidden(Box::new(denial)))
            }
            _ => Err(Error::Refused(errors)),
        }
    }

    fn one(
        &self,
        roles: &Roles,
        standing: &Standing,
        input: &GrantInput,
        now: DateTime<Utc>,
    ) -> Result<Grant, Refusal> {
        let unseen = || {
            Refusal::Because(UserError::new(
                UserErrorCode::NotFound,
                "scopeId",
                "there is no such scope",
            ))
        };
        let organization;
        let place = match input.scope {
            ScopeId::Organization(id) => {
                organization = Place::organization(id);
                &organization
            }
            ScopeId::Account(id) => self.places.get(&id).ok_or_else(unseen)?,
        };
        if !standing.sees(roles, place, now) {
            return Err(unseen());
        }
        if place.organization_id != self.organization_id {
            let message = "the scopes of one call belong to one organization";
            return Err(Refusal::Because(UserError::new(
                UserErrorCode::DifferentOrganizations,
                "scopeId",
                message,
            )));
        }
        if place.stopped() == Some(entity::account::Status::Closed) {
            let error =
                UserError::new(UserErrorCode::AccountNotActive, "scopeId", "the account is closed");
            return Err(Refusal::Because(error));
        }
        let granting = Granting::of(standing, roles, place, now).map_err(Refusal::Denied)?;
        let role = self.customs.find(roles, "roleKey", &input.role_key);
        let role = role.map_err(Refusal::Because)?;
        if let Some(group) = input.resource_id.filter(|group| !self.billing_groups.contains(group))
        {
            let message = format!("there is no billing group {group} in the organization");
            return Err(Refusal::Because(UserError::new(
                UserErrorCode::NotFound,
                "resourceId",
                message,
            )));
        }
        granting.grant(role, input.resource_id, input.valid_until, now).map_err(Refusal::Because)
    }
}

/// Why one row cannot be granted.
enum Refusal {
    Because(UserError),
    Denied(Denial),
}

fn is_not_allowed(error: &UserError) -> bool {
    error.code == UserErrorCode::NotAllowed
}

fn not_allowed(denial: &Denial) -> UserError {
    let givers: Vec<&str> = denial.granted_by.iter().map(|role| role.name.as_str()).collect();
    UserError::new(UserErrorCode::NotAllowed, "scopeId", denial.sentence())
        .help(format!("These roles give it: {}.", givers.join(", ")))
}

/// Two general roles of which one is exclusive cannot be asked for in one scope at once (R13).
fn contradiction(earlier: &[Grant], grant: &Grant) -> Option<UserError> {
    let other = earlier.iter().find(|other| {
        other.place().scope_id() == grant.place().scope_id()
            && other.role().id != grant.role().id
            && excludes(grant.role(), other.role())
    })?;
    Some(UserError::new(
        UserErrorCode::ExclusiveRoles,
        "roleKey",
        format!("{} and {} exclude each other in one scope", other.role().name, grant.role().name),
    ))
}

/// What becomes of the other general and custom roles that a user holds in the scopes of the grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay, unless a role that is given is exclusive (R13).
    Stay,
    /// They go (R34).
    Go,
}

/// Whether two roles cannot stand together in one scope (R13).
fn excludes(one: &Role, other: &Role) -> bool {
    one.clears(other) || other.clears(one)
}

/// What giving roles to one user came to.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The user.
    pub user_id: UserId,
    /// New assignments, with what each gives.
    pub added: Vec<(AssignmentId, Grant)>,
    /// Assignments that had to go: cleared by an exclusive role, replaced, or over.
    pub removed: Vec<HeldRow>,
}

/// Keeps the accounts that these grants are about as they were when the grants were decided: in their
/// organization, and not closed. Until the transaction ends nobody closes them.
pub(super) async fn keep_open<'a>(
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    grants: impl Iterator<Item = &'a Grant>,
) -> Result<()> {
    let accounts = unique(grants.filter_map(|grant| grant.place().account_id()));
    let open = store::account_life::keep_open(tx, organization_id, &accounts).await?;
    if open.len() == accounts.len() {
        return Ok(());
    }
    Err(Error::Conflict("an account was closed or moved meanwhile; try again"))
}

/// How giving roles went for one user.
pub type Outcome = Result<Applied, UserError>;

/// Gives members of one organization roles, in five statements however many they are, and a few more
/// where custom roles or resources are among them, which must not go meanwhile. The outcomes are in
/// the order of `people`; one that is refused leaves the others be, and nothing of itself.
pub async fn apply(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    people: &[(UserId, Vec<Grant>)],
    others: Others,
) -> Result<Vec<Outcome>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let users: Vec<UserId> = people.iter().map(|(user_id, _)| *user_id).collect();
    let members = store::membership::lock(tx, organization_id, &users).await?;
    keep_open(tx, organization_id, people.iter().flat_map(|(_, grants)| grants)).await?;
    customs::confirm(app, tx, organization_id, people.iter().flat_map(|(_, grants)| grants))
        .await?;
    give(app, tx, organization_id, people, &members, others).await
}

/// The same, in four statements, for grants that were decided after the organization was locked: who
/// closes or moves an account, or changes or deletes a custom role or a billing group, waits for it.
pub(super) async fn apply_locked(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    people: &[(UserId, Vec<Grant>)],
) -> Result<Vec<Outcome>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let users: Vec<UserId> = people.iter().map(|(user_id, _)| *user_id).collect();
    let members = store::membership::lock(tx, organization_id, &users).await?;
    give(app, tx, organization_id, people, &members, Others::Stay).await
}

/// Gives people roles, whose memberships are locked: `members` still have one.
async fn give(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    people: &[(UserId, Vec<Grant>)],
    members: &[UserId],
    others: Others,
) -> Result<Vec<Outcome>> {
    let users: Vec<UserId> = people.iter().map(|(user_id, _)| *user_id).collect();
    let held = store::assignment::held(tx, organization_id, &users).await?;

    let mut outcomes: Vec<Outcome> = Vec::with_capacity(people.len());
    let now = app.clock.now();
    let mut rows: Vec<(AssignmentId, UserId, &Grant)> = Vec::new();
    for (user_id, grants) in people {
        let held: Vec<&HeldRow> = held.iter().filter(|row| row.user_id == *user_id).collect();
        let outcome = if members.contains(user_id) {
            plan(app, *user_id, &held, grants, others)
        } else {
            Err(UserError::new(
                UserErrorCode::NotAMember,
                "userId",
                "the user is not a member of the organization",
            ))
        };
        outcomes.push(outcome.map(|(removed, fresh)| {
            rows.extend(fresh.into_iter().map(|grant| (app.random.id(now), *user_id, grant)));
            Applied { user_id: *user_id, added: Vec::new(), removed }
        }));
    }
    let removed: Vec<AssignmentId> = outcomes
        .iter()
        .flatten()
        .flat_map(|applied| applied.removed.iter().map(|row| row.id))
        .collect();
    store::assignment::delete(tx, &removed).await?;
    let added: HashSet<AssignmentId> =
        store::assignment::insert(tx, &rows, now).await?.into_iter().collect();
    for applied in outcomes.iter_mut().flatten() {
        let own = |row: &&(AssignmentId, UserId, &Grant)| {
            row.1 == applied.user_id && added.contains(&row.0)
        };
        applied.added = rows.iter().filter(own).map(|row| (row.0, row.2.clone())).collect();
    }
    Ok(outcomes)
}

/// Whether somebody who holds this many built-in roles may hold these as well (R12).
pub(super) fn check_role_limit<'a>(
    app: &App,
    who: &str,
    holding: usize,
    adding: impl Iterator<Item = &'a Grant>,
) -> Result<(), UserError> {
    let adding = adding.filter(|grant| grant.role().kind == Kind::BuiltIn).count();
    let limit = app.config.built_in_roles_per_user as usize;
    if adding == 0 || holding + adding <= limit {
        return Ok(());
    }
    let message = format!(
        "at most {limit} built-in roles for one user in an organization; {who} has {holding}, and \
         {adding} would be added"
    );
    Err(UserError::new(UserErrorCode::RoleLimitReached, "grants", message))
}

fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}
