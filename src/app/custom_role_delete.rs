//! Deleting a custom role: refused while it is in use, unless another role takes its place.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use entity::id::{AssignmentId, InvitationId, OrganizationId, RoleId, UserId};
use entity::role::Kind;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::held_entry;
use super::custom_role::{authority, described, own};
use super::customs::Customs;
use super::email_domain;
use super::work::{Run, Work};
use crate::access::{CustomRole, Granting, Role, Viewer};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::assignment::HeldRow;
use crate::store::custom_role::{Lock, UseRow};
use crate::store::email_domain::Given;

/// The input field that the replacement's refusals are about.
const REPLACEMENT: &str = "replacementRoleKey";

/// What deleting a custom role takes.
#[derive(Clone, Debug)]
pub struct DeleteCustomRole {
    /// The role.
    pub id: RoleId,
    /// The key of the role that takes its place.
    pub replacement: Option<String>,
    /// Whether it is done, or only tried.
    pub run: Run,
}

/// What deleting a custom role came to.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The role that is gone.
    pub id: RoleId,
    /// How many assignments had it.
    pub assignments: usize,
    /// How many pending invitations promised it.
    pub invitations: usize,
}

/// Deletes a custom role, and puts another in its place wherever it is assigned or promised. A dry run
/// does the same and takes it all back.
pub async fn delete(app: &App, viewer: &Viewer, input: DeleteCustomRole) -> Result<Deleted> {
    let organization_id = own(app, viewer, input.id).await?.organization_id;
    let granting = authority(app, viewer, organization_id)?;
    let now = app.clock.now();
    let mut work = Work::begin(app, viewer, input.run).await?;
    let (tx, events) = work.parts();
    store::membership::lock_organization(tx, organization_id).await?;
    let locked = store::custom_role::lock_holders(tx, organization_id, input.id).await?;
    let found = found(app, tx, organization_id, &input).await?;
    let uses = store::custom_role::uses(tx, organization_id, input.id, now).await?;
    let holders: HashSet<UserId> = uses.iter().filter_map(|row| row.user_id).collect();
    // Assigned to somebody else between the two locks: whose limits hold (R12) nobody could tell.
    if holders.iter().any(|user_id| !locked.contains(user_id)) {
        return Err(Error::Conflict("the role was assigned meanwhile; try again"));
    }
    let invitations: BTreeSet<InvitationId> =
        uses.iter().filter_map(|row| row.invitation_id).collect();
    let assignments = uses.iter().filter(|row| row.assignment_id.is_some()).count();
    let deleted = Deleted { id: input.id, assignments, invitations: invitations.len() };

    match &found.replacement {
        None if !uses.is_empty() => return Err(in_use(&found.row, &deleted).into()),
        None => {}
        Some(new) => {
            check_replacement(app, &granting, &uses, &found, new)?;
            let held = store::assignment::held(tx, organization_id, &locked).await?;
            let change = plan(app, &held, input.id, new)?;
            let gone: Vec<AssignmentId> = change.gone.iter().map(|row| row.id).collect();
            store::assignment::delete(tx, &gone).await?;
            store::custom_role::replace_assignments(tx, organization_id, input.id, new.id).await?;
            store::custom_role::replace_grants(tx, organization_id, input.id, new.id).await?;
            for row in change.gone {
                let (action, before) = ("role_assignment.removed", held_entry(app, row));
                events.add(Some(organization_id), action, row.id, Some(before), None);
            }
            for row in change.changed {
                let mut after = held_entry(app, row);
                after["role"] = json!(new.key);
                let (action, before) = ("role_assignment.changed", held_entry(app, row));
                events.add(Some(organization_id), action, row.id, Some(before), Some(after));
            }
            for id in &invitations {
                let (old, new) = (json!({ "role": found.row.key }), json!({ "role": new.key }));
                let action = "invitation.grants_changed";
                events.add(Some(organization_id), action, *id, Some(old), Some(new));
            }
        }
    }
    // What was promised in invitations that are over is told by their audit events.
    store::custom_role::delete_grants(tx, organization_id, input.id).await?;
    let given = Given::Role(input.id);
    email_domain::give_no_more(app, tx, events, organization_id, given).await?;
    if !store::custom_role::delete(tx, organization_id, input.id).await? {
        return Err(Error::NotFound("custom role"));
    }
    let after = found.replacement.map(|new| json!({ "replacement": new.key }));
    let before = Some(described(&found.row));
    events.add(Some(organization_id), "custom_role.deleted", input.id, before, after);
    work.finish().await?;
    Ok(deleted)
}

/// The role to delete and the one that takes its place, both locked.
struct Found {
    row: CustomRole,
    replacement: Option<Arc<Role>>,
}

async fn found(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    input: &DeleteCustomRole,
) -> Result<Found> {
    // The organization is locked, so that no other custom role is changed or deleted meanwhile.
    store::custom_role::lock(tx, organization_id, &[input.id], Lock::ToChange).await?;
    let row = store::custom_role::by_ids(tx, &[input.id]).await?.pop();
    let row = row.ok_or(Error::NotFound("custom role"))?;
    let replacement = match input.replacement.as_deref() {
        None => None,
        Some(key) if key == row.key => {
            let message = format!("{key:?} is the role that is to be deleted");
            return Err(UserError::new(UserErrorCode::UnknownRole, REPLACEMENT, message).into());
        }
        Some(key) => {
            let customs = Customs::by_keys(app, tx, organization_id, [key].into_iter()).await?;
            Some(Arc::clone(customs.find(&app.roles, REPLACEMENT, key)?))
        }
    };
    Ok(Found { row, replacement })
}

fn in_use(row: &CustomRole, counts: &Deleted) -> UserError {
    let message = format!(
        "{} is in use: {} assignments, {} pending invitations",
        row.name, counts.assignments, counts.invitations
    );
    UserError::new(UserErrorCode::RoleInUse, "roleId", message)
        .help("Name a role that takes its place, or remove the assignments first.")
}

/// Whether the role can be assigned wherever the other one is (R14), by this person (R21, R22).
fn check_replacement(
    app: &App,
    granting: &Granting,
    uses: &[UseRow],
    found: &Found,
    new: &Arc<Role>,
) -> Result<()> {
    let at_path = |error| UserError { path: vec![REPLACEMENT.into()], ..error };
    granting.covers(new).map_err(at_path)?;
    if new.resource.is_some() {
        let message = format!("{} is about a resource, which {} is not", new.name, found.row.name);
        return Err(UserError::new(UserErrorCode::ResourceMismatch, REPLACEMENT, message).into());
    }
    let beyond = |row: &&UseRow| !new.assignable_at().contains(&row.scope_type());
    if let Some(row) = uses.iter().find(beyond) {
        let allowed: Vec<&str> = new.assignable_at().iter().map(|scope| scope.as_str()).collect();
        let message = format!(
            "{} can be assigned at {}, but {} is in use at {}",
            new.name,
            allowed.join(", "),
            found.row.name,
            row.scope_type().as_str()
        );
        return Err(
            UserError::new(UserErrorCode::RoleNotAssignableHere, REPLACEMENT, message).into()
        );
    }
    let limit = app.config.built_in_roles_per_user as usize;
    if new.kind == Kind::BuiltIn {
        // Nobody could accept what is above the limit (R12).
        let mut promised: HashMap<InvitationId, usize> = HashMap::new();
        for row in uses.iter().filter_map(|row| row.invitation_id) {
            *promised.entry(row).or_default() += 1;
        }
        if promised.values().any(|count| *count > limit) {
            return Err(limit_reached(limit).into());
        }
    }
    Ok(())
}

fn limit_reached(limit: usize) -> UserError {
    let message = format!(
        "at most {limit} built-in roles for one user in an organization; some would have more"
    );
    UserError::new(UserErrorCode::RoleLimitReached, REPLACEMENT, message)
}

/// What becomes of the assignments of those who hold the role.
struct Change<'a> {
    /// Get the new role.
    changed: Vec<&'a HeldRow>,
    /// Go: the same as one that stays, or excluded by the new role (R13).
    gone: Vec<&'a HeldRow>,
}

/// Refuses what the new role cannot stand beside, and more built-in roles than one may hold (R12).
fn plan<'a>(app: &App, held: &'a [HeldRow], old: RoleId, new: &Role) -> Result<Change<'a>> {
    let at = |role: RoleId| {
        let rows = held.iter().filter(move |row| row.role_id == role);
        rows.map(|row| ((row.user_id, row.scope_id), row)).collect::<HashMap<_, _>>()
    };
    let (olds, twins) = (at(old), at(new.id));
    let mut change = Change { changed: Vec::new(), gone: Vec::new() };
    for (key, row) in &olds {
        match twins.get(key) {
            // Held already, and for as long: one of the two is enough.
            Some(twin) if lasts(twin, row) => change.gone.push(row),
            Some(twin) => {
                change.gone.push(twin);
                change.changed.push(row);
            }
            None => change.changed.push(row),
        }
    }
    let built_in = new.kind == Kind::BuiltIn;
    let mut counts: HashMap<UserId, usize> = HashMap::new();
    for row in held {
        let Some(role) = super::customs::held(app, row) else { continue };
        let key = (row.user_id, row.scope_id);
        let is_old = row.role_id == old;
        if built_in && (role.kind == Kind::BuiltIn || is_old && !twins.contains_key(&key)) {
            *counts.entry(row.user_id).or_default() += 1;
        }
        if is_old || row.role_id == new.id || !olds.contains_key(&key) || !new.clears(&role) {
            continue;
        }
        if row.owned_scope_id.is_none() {
            change.gone.push(row);
        } else if role.exclusive {
            let message = format!("{} cannot stand beside an owner's role", new.name);
            return Err(UserError::new(UserErrorCode::OwnerRole, REPLACEMENT, message).into());
        }
    }
    let limit = app.config.built_in_roles_per_user as usize;
    if counts.values().any(|count| *count > limit) {
        return Err(limit_reached(limit).into());
    }
    Ok(change)
}

/// Whether one assignment grants at least as long as another.
fn lasts(one: &HeldRow, other: &HeldRow) -> bool {
    one.valid_until.is_none_or(|until| other.valid_until.is_some_and(|other| other <= until))
}
