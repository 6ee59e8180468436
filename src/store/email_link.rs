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
    purpose: Purpose,
    email_key: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = email_link::ActiveModel {
        hash: Set(hash),
        user_id: Set(user_id),
        purpose: Set(purpose),
        email_key: Set(email_key.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
        email: Set(None),
    };
    email_link::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Who is to have which address.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The user.
    pub user_id: UserId,
    /// The address as it was typed.
    pub email: &'a str,
    /// The address normalized.
    pub email_key: &'a str,
}

/// Notes a link that is about to be mailed and will give somebody another address.
pub async fn insert_change(
    db: &impl ConnectionTrait,
    hash: Vec<u8>,
    change: Change<'_>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = email_link::ActiveModel {
        hash: Set(hash),
        user_id: Set(change.user_id),
        purpose: Set(Purpose::ChangeEmail),
        email_key: Set(change.email_key.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
        email: Set(Some(change.email.to_owned())),
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

/// How many links a user was mailed for a purpose since an instant, and when the newest was.
pub async fn mailed_since(
    db: &impl ConnectionTrait,
    user_id: UserId,
    purpose: Purpose,
    since: DateTime<Utc>,
) -> Result<(usize, Option<DateTime<Utc>>), DbErr> {
    let links = email_link::Entity::find()
        .filter(email_link::Column::UserId.eq(user_id))
        .filter(email_link::Column::Purpose.eq(purpose))
        .filter(email_link::Column::CreatedAt.gt(since))
        .all(db)
        .await?;
    Ok((links.len(), links.iter().map(|link| link.created_at).max()))
}

/// Takes the force from all of a user's links for a purpose that were not used.
pub async fn void(
    db: &impl ConnectionTrait,
    user_id: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE email_links SET used_at = ");
    sql.bind(now).push(" WHERE used_at IS NULL AND user_id = ").bind(user_id);
    sql.push(" AND purpose = ").bind(sea_orm::ActiveEnum::to_value(&purpose));
    sql.execute(db).await
}
