//! Custom roles: roles that an organization makes for itself from the catalogue's permissions (R10).
//! Those make them who may assign any role in the organization.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::id::{OrganizationId, RoleId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::App;
use super::customs::{KEY_MAX, is_key};
use super::events::Events;
use crate::access::{CustomRole, Granting, Place, Role, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::custom_role::Lock;

pub use super::custom_role_delete::{DeleteCustomRole, Deleted, delete};

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 1000;

/// What making a custom role takes.
#[derive(Clone, Debug)]
pub struct CreateCustomRole {
    /// Whose it will be.
    pub organization_id: OrganizationId,
    /// What mutations will name it by.
    pub key: String,
    /// What people will call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it will permit.
    pub permissions: Vec<String>,
}

/// Makes a custom role.
pub async fn create(app: &App, viewer: &Viewer, input: CreateCustomRole) -> Result<Arc<Role>> {
    let organization_id = input.organization_id;
    let granting = authority(app, viewer, organization_id)?;
    let mut errors = Vec::new();
    let now = app.clock.now();
    let new = CustomRole {
        id: app.random.id(now),
        organization_id,
        key: keep(&mut errors, check_key(&input.key)),
        name: keep(&mut errors, crate::text::name("name", &input.name)),
        description: keep(&mut errors, check_description(input.description.as_deref())),
        permissions: check_permissions(app, &mut errors, &input.permissions),
    };
    if !errors.is_empty() {
        return Err(Error::Refused(errors));
    }
    let role = app.roles.custom(new.clone());
    check_ceiling(&granting, &role)?;

    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    check_limit(app, &tx, organization_id).await?;
    // What the catalogue has had, it may have again.
    if store::custom_role::is_catalogue_key(&tx, &new.key).await? {
        return Err(key_taken(&new.key, "the catalogue has a role with this key").into());
    }
    if !store::custom_role::insert(&tx, &new, now).await? {
        return Err(key_taken(&new.key, "the organization has a role with this key").into());
    }
    let mut events = Events::by(app, viewer.user_id());
    let after = Some(described(&new));
    events.add(Some(organization_id), "custom_role.created", new.id, None, after);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok(role)
}

/// What changing a custom role takes; what is left out stays.
#[derive(Clone, Debug)]
pub struct UpdateCustomRole {
    /// The role.
    pub id: RoleId,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other permissions, all of them.
    pub permissions: Option<Vec<String>>,
}

/// Changes a custom role. Whoever holds it may do from the next request on what it permits then (R27).
pub async fn update(app: &App, viewer: &Viewer, input: UpdateCustomRole) -> Result<Arc<Role>> {
    let found = own(app, viewer, input.id).await?;
    let organization_id = found.organization_id;
    let granting = authority(app, viewer, organization_id)?;
    let mut errors = Vec::new();
    let name = input.name.map(|name| keep(&mut errors, crate::text::name("name", &name)));
    let description =
        input.description.map(|text| keep(&mut errors, check_description(Some(&text))));
    let permissions =
        input.permissions.map(|permissions| check_permissions(app, &mut errors, &permissions));
    if !errors.is_empty() {
        return Err(Error::Refused(errors));
    }

    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    store::custom_role::lock(&tx, organization_id, &[input.id], Lock::ToChange).await?;
    let before = store::custom_role::by_ids(&tx, &[input.id]).await?.pop();
    let before = before.ok_or(Error::NotFound("custom role"))?;
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.description = description.unwrap_or(after.description);
    after.permissions = permissions.unwrap_or(after.permissions);
    let role = app.roles.custom(after.clone());
    if described(&before) == described(&after) {
        return Ok(role);
    }
    check_ceiling(&granting, &role)?;
    check_scopes(&store::custom_role::uses(&tx, organization_id, input.id, now).await?, &role)?;
    if !store::custom_role::update(&tx, &after, now).await? {
        return Err(Error::NotFound("custom role"));
    }
    let mut events = Events::by(app, viewer.user_id());
    let (old, new) = (described(&before), described(&after));
    events.add(Some(organization_id), "custom_role.updated", input.id, Some(old), Some(new));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok(role)
}

/// A custom role of an organization that the viewer is a member of (R17); others do not exist (R2).
pub async fn visible(app: &App, viewer: &Viewer, id: RoleId) -> Result<Arc<Role>> {
    Ok(app.roles.custom(own(app, viewer, id).await?))
}

pub(super) async fn own(app: &App, viewer: &Viewer, id: RoleId) -> Result<CustomRole> {
    let row = store::custom_role::by_ids(&app.db, &[id]).await?.pop();
    row.filter(|row| viewer.sees(&app.roles, &Place::organization(row.organization_id)))
        .ok_or(Error::NotFound("custom role"))
}

/// The custom roles of organizations that the viewer is a member of, by key (R17).
pub async fn of_organizations(
    app: &App,
    viewer: &Viewer,
    ids: &[OrganizationId],
) -> Result<HashMap<OrganizationId, Vec<Arc<Role>>>> {
    let mut lists: HashMap<OrganizationId, Vec<Arc<Role>>> = HashMap::with_capacity(ids.len());
    for id in ids {
        viewer.visible(&app.roles, &Place::organization(*id))?;
        lists.insert(*id, Vec::new());
    }
    for row in store::custom_role::of_organizations(&app.db, ids).await? {
        lists.entry(row.organization_id).or_default().push(app.roles.custom(row));
    }
    Ok(lists)
}

/// The authority over an organization's custom roles: who may assign any role may make some.
pub(super) fn authority(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
) -> Result<Granting> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_ASSIGNMENTS, &place)?;
    viewer.granting(&app.roles, &place)
}

/// A checked value, or nothing and its refusal.
fn keep<T: Default>(errors: &mut Vec<UserError>, checked: Result<T, UserError>) -> T {
    checked.unwrap_or_else(|error| {
        errors.push(error);
        T::default()
    })
}

fn check_key(key: &str) -> Result<String, UserError> {
    if is_key(key) {
        return Ok(key.to_owned());
    }
    let message = format!(
        "a key has 1 to {KEY_MAX} lower-case letters, digits and underscores, a letter first"
    );
    Err(UserError::new(UserErrorCode::InvalidRoleKey, "key", message))
}

fn key_taken(key: &str, why: &str) -> UserError {
    UserError::new(UserErrorCode::RoleKeyTaken, "key", format!("{key:?}: {why}"))
}

fn check_description(description: Option<&str>) -> Result<String, UserError> {
    crate::text::prose("description", description.unwrap_or_default(), DESCRIPTION_MAX)
}

/// The permissions, sorted and without repetition. Each that a custom role cannot hold is named.
fn check_permissions(app: &App, errors: &mut Vec<UserError>, keys: &[String]) -> Vec<String> {
    let mut known = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let path = format!("permissions.{index}");
        if !app.roles.knows(key) {
            let message =
                format!("there is no permission {key:?}; the query `permissions` lists them");
            errors.push(UserError::new(UserErrorCode::UnknownPermission, &path, message));
        } else if app.roles.delegable(key) {
            known.insert(key.clone());
        } else {
            let message = format!("{key} is only for owners: no custom role permits it");
            errors.push(UserError::new(UserErrorCode::OwnerPermission, &path, message));
        }
    }
    if keys.is_empty() {
        let message = "at least one permission";
        errors.push(UserError::new(UserErrorCode::BadListLength, "permissions", message));
    }
    known.into_iter().collect()
}

/// R21: nobody makes a role that they could not assign.
fn check_ceiling(granting: &Granting, role: &Role) -> Result<()> {
    let covered = granting.covers(role);
    Ok(covered.map_err(|error| UserError { path: vec!["permissions".into()], ..error })?)
}

/// R14: where the role is assigned and promised, it has to make sense afterwards.
fn check_scopes(uses: &[store::custom_role::UseRow], role: &Role) -> Result<()> {
    let beyond =
        |row: &&store::custom_role::UseRow| !role.assignable_at().contains(&row.scope_type());
    let Some(first) = uses.iter().find(beyond) else { return Ok(()) };
    let allowed: Vec<&str> = role.assignable_at().iter().map(|scope| scope.as_str()).collect();
    let message = format!(
        "with these permissions {} could be assigned at {} only, but it is in use at {} ({} times)",
        role.name,
        allowed.join(", "),
        first.scope_type().as_str(),
        uses.iter().filter(beyond).count(),
    );
    Err(UserError::new(UserErrorCode::RoleNotAssignableHere, "permissions", message)
        .help("Make another role for the organization, or remove those assignments first.")
        .into())
}

async fn check_limit(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<()> {
    let limit = app.config.custom_roles_per_organization;
    let count = store::custom_role::count(tx, organization_id).await?;
    if count < i64::from(limit) {
        return Ok(());
    }
    let message = format!("at most {limit} custom roles in an organization, there are {count}");
    Err(UserError::new(UserErrorCode::LimitReached, "", message).into())
}

/// A custom role as audit events tell it.
pub(super) fn described(role: &CustomRole) -> Value {
    let permissions: BTreeSet<&String> = role.permissions.iter().collect();
    json!({
        "key": role.key,
        "name": role.name,
        "description": role.description,
        "permissions": permissions,
    })
}
