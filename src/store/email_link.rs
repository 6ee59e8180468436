//! Mailed single-use links.

use chrono::{DateTime, Utc};
use entity::email_link::{self, Purpose};
use entity::id::UserId;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::sql::Sql;

/// Notes a link that is about to be mailed.
pub async fn insert(
    db: &impl ConnectionTrait,
    hash: Vec<u8>,
    user_id: UserId,
    email_key: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = email_link::ActiveModel {
        hash: Set(hash),
        user_id: Set(user_id),
        purpose: Set(Purpose::VerifyEmail),
        email_key: Set(email_key.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
    };
    email_link::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The link with this hash, used or not.
pub async fn by_hash(
    db: &impl ConnectionTrait,
    hash: &[u8],
    purpose: Purpose,
) -> Result<Option<email_link::Model>, DbErr> {
    email_link::Entity::find_by_id(hash.to_vec())
        .filter(email_link::Column::Purpose.eq(purpose))
        .one(db)
        .await
}

/// Uses a link up; no row if it was used before or has expired.
pub async fn consume(
    db: &impl ConnectionTrait,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE email_links SET used_at = ");
    sql.bind(now).push(" WHERE used_at IS NULL AND expires_at > ").bind(now);
    sql.push(" AND hash = ").bind(hash.to_vec());
    sql.execute(db).await
}
