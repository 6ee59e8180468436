//! Assigning, changing and removing roles (R12–R16, R20–R22, R32–R34).

use entity::id::{AccountId, AssignmentId, OrganizationId, RoleId, UserId};
use serde_json::Value;

use super::App;
use super::customs;
use super::events::Events;
use super::grants::{self, Applied, GRANTS_MAX, GrantInput, Others, Resolver, ScopeId};
use crate::access::{Grant, Granting, Place, Viewer};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::assignment::{AssignmentRow, HeldRow};

/// What giving a user roles came to.
pub struct Assigned {
    /// The assignments that stand afterwards, those that stood before included.
    pub rows: Vec<AssignmentRow>,
    /// Whether there was anything to do (R15).
    pub changed: bool,
}

/// Gives a user roles, all or none (R32). Answers with the assignments that stand afterwards, those
/// that stood before included (R15).
pub async fn assign(
    app: &App,
    viewer: &Viewer,
    user_id: UserId,
    inputs: &[GrantInput],
) -> Result<Assigned> {
    check_length(inputs.len())?;
    let organization_id = organization_of(app, viewer, inputs).await?;
    let resolver = Resolver::load(app, organization_id, inputs.iter()).await?;
    let grants = resolver.resolve(&app.roles, &viewer.standing, inputs, viewer.now)?;
    give(app, viewer, organization_id, user_id, grants, Others::Stay).await
}

/// Makes a general or custom role the only such role of a user in an account, in one step (R34).
/// Product roles that the user has there stay.
pub async fn change_account_role(
    app: &App,
    viewer: &Viewer,
    user_id: UserId,
    account_id: AccountId,
    role_key: &str,
) -> Result<Assigned> {
    let place =
        store::account::place(&app.db, account_id).await?.ok_or(Error::NotFound("account"))?;
    let granting = viewer.granting(&app.roles, &place)?;
    let role = customs::find(app, place.organization_id, "roleKey", role_key).await?;
    if !role.is_personal() {
        let message = format!(
            "{} is not a general role of accounts, nor a custom one; assignRoles gives other roles",
            role.name
        );
        return Err(UserError::new(UserErrorCode::RoleNotAssignableHere, "roleKey", message).into());
    }
    let grant = granting
        .grant(&role, None, None, viewer.now)
        .map_err(|error| UserError { path: vec!["roleKey".into()], ..error })?;
    give(app, viewer, place.organization_id, user_id, vec![grant], Others::Go).await
}

/// Gives a user roles and takes away what they exclude, in one transaction.
async fn give(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_id: UserId,
    grants: Vec<Grant>,
    others: Others,
) -> Result<Assigned> {
    let tx = store::begin(&app.db).await?;
    let people = [(user_id, grants)];
    let applied =
        grants::apply(app, &tx, organization_id, &people, others).await?.into_iter().next();
    let Some(applied) = applied.transpose()? else {
        return Ok(Assigned { rows: Vec::new(), changed: false });
    };
    let rows = store::assignment::standing(&tx, user_id, &people[0].1).await?;
    let mut events = Events::by(app, viewer.user_id());
    note(app, &mut events, organization_id, &applied);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    let changed = !applied.added.is_empty() || !applied.removed.is_empty();
    Ok(Assigned { rows, changed })
}

/// The audit events of roles given to one user, and of those that had to go for them.
pub(super) fn note(
    app: &App,
    events: &mut Events<'_>,
    organization_id: OrganizationId,
    applied: &Applied,
) {
    for row in &applied.removed {
        let before = held_entry(app, row);
        events.add(Some(organization_id), "role_assignment.removed", row.id, Some(before), None);
    }
    for (id, grant) in &applied.added {
        let after = serde_json::json!({
            "user": applied.user_id,
            "role": grant.role().key,
            "scope": grant.place().scope_text(),
            "resource": grant.resource(),
            "validUntil": grant.valid_until(),
        });
        events.add(Some(organization_id), "role_assignment.created", *id, None, Some(after));
    }
}

/// The audit event of an assignment that is gone.
pub(super) fn note_removed(app: &App, events: &mut Events<'_>, row: &AssignmentRow) {
    let (organization_id, before) = (Some(row.organization_id), Some(entry(app, row)));
    events.add(organization_id, "role_assignment.removed", row.id, before, None);
}

/// An assignment as audit events tell it, from what the rules need to know of it.
pub(super) fn held_entry(app: &App, row: &HeldRow) -> Value {
    serde_json::json!({
        "user": row.user_id,
        "role": role_key(app, row.role_id, row.custom_role_key.as_deref()),
        "scope": scope_text(row.organization_id, row.account_id),
        "resource": row.billing_group_id,
        "validUntil": row.valid_until,
    })
}

/// An assignment as audit events tell it.
pub(super) fn entry(app: &App, row: &AssignmentRow) -> Value {
    serde_json::json!({
        "user": row.user_id,
        "role": role_key(app, row.role_id, row.custom_role_key.as_deref()),
        "scope": scope_text(row.organization_id, row.account_id),
        "resource": row.billing_group_id,
        "validUntil": row.valid_until,
    })
}

pub(super) fn role_key<'a>(app: &'a App, id: RoleId, custom: Option<&'a str>) -> Option<&'a str> {
    app.roles.get(id).map(|role| role.key.as_str()).or(custom)
}

fn scope_text(organization_id: OrganizationId, account_id: Option<AccountId>) -> String {
    account_id.map_or_else(|| organization_id.to_string(), |id| id.to_string())
}

/// Which assignments to remove.
pub enum Removal {
    /// These.
    Assignments(Vec<AssignmentId>),
    /// All that a user has at exactly one scope (R33).
    UserAtScope(UserId, ScopeId),
}

/// Removes assignments, all or none; the ids of those that are gone.
pub async fn remove(app: &App, viewer: &Viewer, removal: Removal) -> Result<Vec<AssignmentId>> {
    let rows = match &removal {
        Removal::Assignments(ids) => {
            check_length(ids.len())?;
            let rows = store::assignment::rows(&app.db, ids).await?;
            check_removable(app, viewer, &rows, ids).await?;
            rows
        }
        Removal::UserAtScope(user_id, scope) => {
            let place = place_of(app, *scope).await?;
            viewer.granting(&app.roles, &place)?;
            let scope_id = place.scope_id();
            let rows =
                store::assignment::at_scope(&app.db, place.organization_id, *user_id, scope_id)
                    .await?;
            if let Some(owner) = rows.iter().find(|row| row.owned_scope_id.is_some()) {
                return Err(owner_role(app, owner, "userId").into());
            }
            rows
        }
    };
    let Some(organization_id) = rows.first().map(|row| row.organization_id) else {
        return Ok(Vec::new());
    };
    let ids: Vec<AssignmentId> = rows.iter().map(|row| row.id).collect();
    let mut users: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
    users.sort_unstable();
    users.dedup();

    let tx = store::begin(&app.db).await?;
    store::membership::lock(&tx, organization_id, &users).await?;
    let gone = store::assignment::delete(&tx, &ids).await?;
    let mut events = Events::by(app, viewer.user_id());
    for row in rows.iter().filter(|row| gone.contains(&row.id)) {
        note_removed(app, &mut events, row);
    }
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok(ids.into_iter().filter(|id| gone.contains(id)).collect())
}

/// Every row that may not be removed, with its reason.
async fn check_removable(
    app: &App,
    viewer: &Viewer,
    rows: &[AssignmentRow],
    ids: &[AssignmentId],
) -> Result<()> {
    let accounts: Vec<AccountId> = rows.iter().filter_map(|row| row.account_id).collect();
    let places = store::account::places(&app.db, &accounts).await?;
    // What the viewer may not see does not exist for them (R2), whatever else is wrong with it.
    let seen = |id: &AssignmentId| {
        let row = rows.iter().find(|row| row.id == *id)?;
        let place = match row.account_id {
            None => Place::organization(row.organization_id),
            Some(id) => places.iter().find(|place| place.account_id() == Some(id))?.clone(),
        };
        viewer.sees(&app.roles, &place).then_some((row, place))
    };
    let home = ids.iter().find_map(seen).map(|(row, _)| row.organization_id);
    let (mut errors, mut denials) = (Vec::new(), Vec::new());
    for (index, id) in ids.iter().enumerate() {
        let path = format!("assignmentIds.{index}");
        let Some((row, place)) = seen(id) else {
            let message = "there is no such role assignment";
            errors.push(UserError::new(UserErrorCode::NotFound, &path, message));
            continue;
        };
        if Some(row.organization_id) != home {
            let message = "the assignments of one call belong to one organization";
            errors.push(UserError::new(UserErrorCode::DifferentOrganizations, &path, message));
        } else if let Err(denial) = Granting::of(&viewer.standing, &app.roles, &place, viewer.now) {
            errors.push(UserError::new(UserErrorCode::NotAllowed, &path, denial.sentence()));
            denials.push(denial);
        } else if row.owned_scope_id.is_some() {
            errors.push(owner_role(app, row, &path));
        }
    }
    match denials.into_iter().next() {
        _ if errors.is_empty() => Ok(()),
        Some(denial) if errors.len() == ids.len() => Err(Error::Forbidden(Box::new(denial))),
        _ => Err(Error::Refused(errors)),
    }
}

fn owner_role(app: &App, row: &AssignmentRow, path: &str) -> UserError {
    let name = app.roles.get(row.role_id).map_or("the owner's role", |role| role.name.as_str());
    let message = format!("{name} is an owner's role: it is neither assigned nor removed");
    UserError::new(UserErrorCode::OwnerRole, path, message)
        .help("Ownership moves by a transfer that the new owner accepts.")
}

/// A scope as a place.
pub async fn place_of(app: &App, scope: ScopeId) -> Result<Place> {
    match scope {
        ScopeId::Organization(id) => Ok(Place::organization(id)),
        ScopeId::Account(id) => {
            store::account::place(&app.db, id).await?.ok_or(Error::NotFound("account"))
        }
    }
}

/// The one organization that the scopes of a call belong to, as far as the viewer can tell.
async fn organization_of(
    app: &App,
    viewer: &Viewer,
    inputs: &[GrantInput],
) -> Result<OrganizationId> {
    let Some(first) = inputs.first() else { return Err(Error::NotFound("organization")) };
    let place = place_of(app, first.scope).await?;
    viewer.visible(&app.roles, &place)?;
    Ok(place.organization_id)
}

fn check_length(length: usize) -> Result<()> {
    if (1..=GRANTS_MAX).contains(&length) {
        return Ok(());
    }
    let message = format!("1 to {GRANTS_MAX} in one call, got {length}");
    Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into())
}

/// An assignment that the viewer may see: one of their own, or one at a place whose assignments they
/// manage.
pub async fn find(app: &App, viewer: &Viewer, id: AssignmentId) -> Result<AssignmentRow> {
    let unseen = || Error::NotFound("role assignment");
    let row = store::assignment::rows(&app.db, &[id]).await?.pop().ok_or_else(unseen)?;
    if row.user_id == viewer.user_id() {
        return Ok(row);
    }
    let scope = row.account_id.map_or(ScopeId::Organization(row.organization_id), ScopeId::Account);
    viewer.granting(&app.roles, &place_of(app, scope).await?).map_err(|_| unseen())?;
    Ok(row)
}
