//! Service users: the machines of an organization.

use chrono::{DateTime, Utc};
use entity::id::{OrganizationId, UserId};
use entity::user;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use super::sql::Sql;
use super::user::{COLUMNS, UserRow};

/// Makes a service user, which has no password. A membership has to follow before the commit.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: UserId,
    organization_id: OrganizationId,
    name: &str,
    email: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = user::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        name_key: Set(crate::text::key(name)),
        email: Set(email.to_owned()),
        email_key: Set(email.to_owned()),
        email_verified_at: Set(None),
        password_hash: Set(None),
        locale: Set(String::new()),
        default_account_id: Set(None),
        last_account_id: Set(None),
        last_sign_in_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        service_of: Set(Some(organization_id)),
    };
    user::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The service user with this id, as long as it is a member.
pub async fn by_id(db: &impl ConnectionTrait, id: UserId) -> Result<Option<UserRow>, DbErr> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(
        " FROM users u JOIN memberships m ON m.user_id = u.id AND m.organization_id = u.service_of
        WHERE u.id = ",
    );
    sql.bind(id);
    sql.one(db).await
}

/// How many service users an organization has.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new(
        "SELECT COUNT(*) FROM users u
        JOIN memberships m ON m.user_id = u.id AND m.organization_id = u.service_of
        WHERE u.service_of = ",
    );
    sql.bind(organization_id);
    sql.count(db).await
}

/// Gives a service user another name.
pub async fn rename(
    db: &impl ConnectionTrait,
    id: UserId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET name = ");
    sql.bind(name).push(", name_key = ").bind(crate::text::key(name));
    sql.push(", updated_at = ").bind(now);
    sql.push(" WHERE service_of IS NOT NULL AND id = ").bind(id);
    sql.execute(db).await
}
