//! Roles in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::id::RoleId;
use entity::{role, role_permission};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};

use crate::access::catalogue::{Catalogue, RoleEntry};
use crate::clock::Random;

/// Makes the database's catalogue roles those of the catalogue, and gives their ids by key. Roles
/// that the catalogue no longer has stay, because assignments may name them; they permit nothing.
/// Several servers may do this at once.
pub async fn sync(
    db: &impl ConnectionTrait,
    catalogue: &Catalogue,
    random: &Random,
    now: DateTime<Utc>,
) -> Result<HashMap<String, RoleId>, DbErr> {
    let known = catalogue_roles(db).await?;
    let mut permissions: HashMap<RoleId, Vec<String>> = HashMap::new();
    let ids: Vec<RoleId> = known.values().map(|role| role.id).collect();
    let rows = role_permission::Entity::find()
        .filter(role_permission::Column::RoleId.is_in(ids))
        .all(db)
        .await?;
    for row in rows {
        permissions.entry(row.role_id).or_default().push(row.permission);
    }

    // The usual start finds everything as it left it, and writes nothing.
    let outdated: Vec<&RoleEntry> = catalogue
        .roles
        .iter()
        .filter(|entry| {
            known.get(&entry.key).is_none_or(|row| {
                let held = permissions.get(&row.id).map_or(&[][..], Vec::as_slice);
                !matches_row(entry, row) || !matches_permissions(entry, held)
            })
        })
        .collect();
    if outdated.is_empty() {
        return Ok(ids_by_key(known));
    }
    tracing::info!(roles = outdated.len(), "bringing the catalogue's roles up to date");
    role::Entity::insert_many(outdated.iter().map(|entry| active(entry, random.id(now), now)))
        .on_conflict(
            OnConflict::column(role::Column::Key)
                .target_and_where(role::Column::OrganizationId.is_null())
                .update_columns([
                    role::Column::Name,
                    role::Column::Description,
                    role::Column::Kind,
                    role::Column::ProductGroup,
                    role::Column::IsExclusive,
                    role::Column::IsOwner,
                    role::Column::ResourceType,
                    role::Column::UpdatedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;

    let known = catalogue_roles(db).await?;
    let outdated_ids: Vec<RoleId> = outdated.iter().map(|entry| known[&entry.key].id).collect();
    role_permission::Entity::delete_many()
        .filter(role_permission::Column::RoleId.is_in(outdated_ids))
        .exec(db)
        .await?;
    let rows = outdated.iter().flat_map(|entry| {
        let role_id = known[&entry.key].id;
        entry.permissions.iter().map(move |permission| role_permission::ActiveModel {
            role_id: Set(role_id),
            permission: Set(permission.as_str().to_owned()),
        })
    });
    role_permission::Entity::insert_many(rows)
        .on_conflict_do_nothing()
        .exec_without_returning(db)
        .await?;
    Ok(ids_by_key(known))
}

async fn catalogue_roles(db: &impl ConnectionTrait) -> Result<HashMap<String, role::Model>, DbErr> {
    let rows = role::Entity::find().filter(role::Column::OrganizationId.is_null()).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
}

fn ids_by_key(rows: HashMap<String, role::Model>) -> HashMap<String, RoleId> {
    rows.into_iter().map(|(key, row)| (key, row.id)).collect()
}

fn matches_row(entry: &RoleEntry, row: &role::Model) -> bool {
    entry.name == row.name
        && entry.description == row.description
        && entry.kind == row.kind
        && entry.product_group == row.product_group
        && entry.exclusive == row.is_exclusive
        && entry.owner == row.is_owner
        && entry.resource == row.resource_type
}

fn matches_permissions(entry: &RoleEntry, held: &[String]) -> bool {
    entry.permissions.len() == held.len()
        && held.iter().all(|permission| entry.permissions.contains(permission.as_str()))
}

fn active(entry: &RoleEntry, id: RoleId, now: DateTime<Utc>) -> role::ActiveModel {
    role::ActiveModel {
        id: Set(id),
        organization_id: Set(None),
        key: Set(entry.key.clone()),
        name: Set(entry.name.clone()),
        description: Set(entry.description.clone()),
        kind: Set(entry.kind),
        product_group: Set(entry.product_group.clone()),
        is_exclusive: Set(entry.exclusive),
        is_owner: Set(entry.owner),
        resource_type: Set(entry.resource),
        created_at: Set(now),
        updated_at: Set(now),
    }
}
