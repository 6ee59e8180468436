//! Memberships.

use chrono::{DateTime, Utc};
use entity::id::{MembershipId, OrganizationId, UserId};
use entity::membership;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    TryInsertResult,
};

use super::sql::Sql;

/// Makes a user a member, unless they are; tells whether it did.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: MembershipId,
    organization_id: OrganizationId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = membership::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        user_id: Set(user_id),
        status: Set(membership::Status::Active),
        created_at: Set(now),
        updated_at: Set(now),
        // The database fills in the sort keys.
        ..Default::default()
    };
    let outcome = membership::Entity::insert(row)
        .on_conflict_do_nothing_on([membership::Column::OrganizationId, membership::Column::UserId])
        .exec_without_returning(db)
        .await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(rows) if rows > 0))
}

/// The organizations that somebody is a member of, suspended there or not.
pub async fn of_user(
    db: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Vec<OrganizationId>, DbErr> {
    let rows = membership::Entity::find().filter(membership::Column::UserId.eq(user_id));
    Ok(rows.all(db).await?.into_iter().map(|row| row.organization_id).collect())
}

/// Locks memberships until the transaction ends, so that what is counted stays true (R12), and gives
/// their users. One that is gone is left out. Always in the order of the ids, so that two
/// transactions never wait for each other.
pub async fn lock(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_ids: &[UserId],
) -> Result<Vec<UserId>, DbErr> {
    let mut query = membership::Entity::find()
        .filter(membership::Column::OrganizationId.eq(organization_id))
        .filter(membership::Column::UserId.is_in(user_ids.to_vec()));
    // A write transaction of SQLite has the whole database to itself already.
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        query = sea_orm::QuerySelect::lock_exclusive(sea_orm::QueryOrder::order_by_asc(
            query,
            membership::Column::Id,
        ));
    }
    Ok(query.all(db).await?.into_iter().map(|row| row.user_id).collect())
}

/// Locks organizations as [`lock_organization`] does, in the order of their ids, so that two
/// transactions never wait for each other.
pub async fn lock_organizations(
    db: &impl ConnectionTrait,
    mut ids: Vec<OrganizationId>,
) -> Result<(), DbErr> {
    ids.sort_unstable();
    for id in ids {
        lock_organization(db, id).await?;
    }
    Ok(())
}

/// Locks an organization until the transaction ends, so that its counts stay true (R52), without
/// being in the way of those who only refer to it.
pub async fn lock_organization(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<(), DbErr> {
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        let mut sql = Sql::new("SELECT 1 FROM organizations WHERE id = ");
        sql.bind(organization_id).push(" FOR NO KEY UPDATE");
        sql.execute(db).await?;
    }
    Ok(())
}

/// Locks an organization against everything until the transaction ends, because it is going to be
/// deleted: waits for whoever refers to it just now, and lets nobody refer to it anew. Its members come
/// first, as always, so that those who hold one of them can finish.
pub async fn lock_whole_organization(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<(), DbErr> {
    lock_organization(db, organization_id).await?;
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        let mut sql = Sql::new("SELECT 1 FROM memberships WHERE organization_id = ");
        sql.bind(organization_id).push(" ORDER BY id FOR UPDATE");
        sql.execute(db).await?;
        let mut sql = Sql::new("SELECT 1 FROM organizations WHERE id = ");
        sql.bind(organization_id).push(" FOR UPDATE");
        sql.execute(db).await?;
    }
    Ok(())
}

/// The status of a user's membership, if there is one.
pub async fn status(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<Option<membership::Status>, DbErr> {
    let row = membership::Entity::find()
        .filter(membership::Column::OrganizationId.eq(organization_id))
        .filter(membership::Column::UserId.eq(user_id))
        .one(db)
        .await?;
    Ok(row.map(|row| row.status))
}

/// Changes the status of a user's membership; tells whether it was another one before.
pub async fn set_status(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    status: membership::Status,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE memberships SET status = ");
    sql.bind(status).push(", updated_at = ").bind(now);
    sql.push(" WHERE organization_id = ").bind(organization_id);
    sql.push(" AND user_id = ").bind(user_id).push(" AND status <> ").bind(status);
    Ok(sql.execute(db).await? == 1)
}

/// Ends a membership, which has no assignments any more; tells whether there was one.
pub async fn delete(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM memberships WHERE organization_id = ");
    sql.bind(organization_id).push(" AND user_id = ").bind(user_id);
    Ok(sql.execute(db).await? == 1)
}
