//! Looking roles up: the catalogue's in memory, an organization's custom ones in the database. Nothing
//! is kept between requests, so that a change counts at once (R27).

use std::sync::Arc;

use entity::id::{BillingGroupId, OrganizationId, RoleId};
use sea_orm::ConnectionTrait;

use super::App;
use crate::access::{CustomRole, Grant, Role, Roles};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::assignment::HeldRow;
use crate::store::custom_role::Lock;

/// The custom roles that a use case may meet.
#[derive(Clone, Debug, Default)]
pub struct Customs(Vec<Arc<Role>>);

impl Customs {
    /// Those of an organization among these keys; asks nothing of the database where the catalogue has
    /// them all.
    pub async fn by_keys<'a>(
        app: &App,
        db: &impl ConnectionTrait,
        organization_id: OrganizationId,
        keys: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let mut unknown: Vec<String> = Vec::new();
        for key in keys.filter(|key| app.roles.by_key(key).is_none()) {
            // What cannot be a key is not looked for: not every database would take it.
            if is_key(key) && !unknown.iter().any(|known| known == key) {
                unknown.push(key.to_owned());
            }
        }
        let rows = store::custom_role::by_keys(db, organization_id, &unknown).await?;
        Ok(Self::of(&app.roles, rows))
    }

    /// Those of an organization among these ids; asks nothing of the database where the catalogue has
    /// them all.
    pub async fn by_ids(
        app: &App,
        db: &impl ConnectionTrait,
        organization_id: OrganizationId,
        ids: impl Iterator<Item = RoleId>,
    ) -> Result<Self> {
        let mut found = Self::anywhere(app, db, ids).await?;
        found.0.retain(|role| role.organization_id == Some(organization_id));
        Ok(found)
    }

    /// The same of whichever organization: the caller looks whose they are.
    pub async fn anywhere(
        app: &App,
        db: &impl ConnectionTrait,
        ids: impl Iterator<Item = RoleId>,
    ) -> Result<Self> {
        let mut unknown: Vec<RoleId> = ids.filter(|id| app.roles.get(*id).is_none()).collect();
        unknown.sort_unstable();
        unknown.dedup();
        let rows = store::custom_role::by_ids(db, &unknown).await?;
        Ok(Self::of(&app.roles, rows))
    }

    fn of(roles: &Roles, rows: Vec<CustomRole>) -> Self {
        Self(rows.into_iter().map(|row| roles.custom(row)).collect())
    }

    /// The role with this id: the catalogue's, or one of these.
    #[must_use]
    pub fn get<'a>(&'a self, roles: &'a Roles, id: RoleId) -> Option<&'a Arc<Role>> {
        roles.get(id).or_else(|| self.0.iter().find(|role| role.id == id))
    }

    /// The role with this key, or the refusal of one that neither the catalogue nor the organization
    /// has.
    pub fn find<'a>(
        &'a self,
        roles: &'a Roles,
        path: &str,
        key: &str,
    ) -> Result<&'a Arc<Role>, UserError> {
        match self.0.iter().find(|role| role.key == key) {
            Some(role) if roles.by_key(key).is_none() => Ok(role),
            _ => roles.find(path, key),
        }
    }
}

/// The longest key of a custom role.
pub(super) const KEY_MAX: usize = 63;

/// Whether a text can be the key of a custom role: lower snake case.
pub(super) fn is_key(text: &str) -> bool {
    text.len() <= KEY_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The role with this key, of the catalogue or of an organization.
pub async fn find(
    app: &App,
    organization_id: OrganizationId,
    path: &str,
    key: &str,
) -> Result<Arc<Role>> {
    let customs = Customs::by_keys(app, &app.db, organization_id, [key].into_iter()).await?;
    Ok(Arc::clone(customs.find(&app.roles, path, key)?))
}

/// The role of an assignment, as far as the rules on adding more need it: what a custom one permits is
/// not told.
pub(super) fn held(app: &App, row: &HeldRow) -> Option<Arc<Role>> {
    if let Some(role) = app.roles.get(row.role_id) {
        return Some(Arc::clone(role));
    }
    Some(app.roles.custom(CustomRole {
        id: row.role_id,
        organization_id: row.organization_id,
        key: row.custom_role_key.clone()?,
        name: String::new(),
        description: String::new(),
        permissions: Vec::new(),
    }))
}

/// Makes sure that what is about to be granted is still there, and will be until the transaction ends:
/// a custom role may have been deleted or changed since the grant was decided, a billing group may
/// have gone. Costs nothing where there is neither.
pub(super) async fn confirm<'a>(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    grants: impl Iterator<Item = &'a Grant>,
) -> Result<()> {
    let mut roles: Vec<&Arc<Role>> = Vec::new();
    let mut groups: Vec<BillingGroupId> = Vec::new();
    for grant in grants {
        let role = grant.role();
        if role.organization_id.is_some() && roles.iter().all(|known| known.id != role.id) {
            roles.push(role);
        }
        if let Some(group) = grant.resource().filter(|group| !groups.contains(group)) {
            groups.push(group);
        }
    }
    if !roles.is_empty() {
        let ids: Vec<RoleId> = roles.iter().map(|role| role.id).collect();
        store::custom_role::lock(tx, organization_id, &ids, Lock::ToAssign).await?;
        let now = Customs::by_ids(app, tx, organization_id, ids.into_iter()).await?;
        for role in roles {
            match now.get(&app.roles, role.id) {
                None => {
                    let message = format!("the role {} has just been deleted", role.key);
                    return Err(UserError::new(UserErrorCode::UnknownRole, "", message).into());
                }
                Some(now) if now.permissions != role.permissions => {
                    return Err(Error::Conflict("a custom role was changed meanwhile; try again"));
                }
                Some(_) => {}
            }
        }
    }
    let known = store::billing_group::lock_to_assign(tx, organization_id, &groups).await?;
    if groups.iter().any(|group| !known.contains(group)) {
        let message = "the billing group has just been deleted";
        return Err(UserError::new(UserErrorCode::NotFound, "", message).into());
    }
    Ok(())
}
