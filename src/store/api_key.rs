//! API keys of service users.

use chrono::{DateTime, Utc};
use entity::api_key;
use entity::id::{ApiKeyId, OrganizationId, UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::list::List;
use super::page::{Cursor, Order, Window, text_value};
use super::sql::Sql;

/// What the API shows of a key.
#[derive(Clone, Debug, FromQueryResult)]
pub struct KeyRow {
    /// The id.
    pub id: ApiKeyId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The service user.
    pub user_id: UserId,
    /// The name.
    pub name: String,
    /// The characters at its end.
    pub hint: String,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From when on it lets nobody in.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it last let somebody in, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key that takes its place.
    pub replaced_by: Option<ApiKeyId>,
}

impl KeyRow {
    /// Its position in listings.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: None, id: self.id.0 }
    }
}

/// A key to be.
pub struct NewKey {
    /// The id.
    pub id: ApiKeyId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The service user.
    pub user_id: UserId,
    /// The name.
    pub name: String,
    /// The SHA-256 of the key.
    pub hash: Vec<u8>,
    /// The characters at its end.
    pub hint: String,
    /// Who makes it.
    pub created_by: UserId,
    /// From when on it lets nobody in.
    pub expires_at: DateTime<Utc>,
}

const COLUMNS: &str = "SELECT k.id, k.organization_id, k.user_id, k.name, k.hint, k.created_by,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.replaced_by FROM api_keys k WHERE ";

/// The order of keys in listings: the newest first.
const NEWEST_FIRST: Order = Order { column: None, id: "k.id", descending: true, value: text_value };

/// Makes a key.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewKey,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = api_key::ActiveModel {
        id: Set(new.id),
        organization_id: Set(new.organization_id),
        user_id: Set(new.user_id),
        name: Set(new.name),
        hash: Set(new.hash),
        hint: Set(new.hint),
        created_by: Set(Some(new.created_by)),
        created_at: Set(now),
        expires_at: Set(new.expires_at),
        revoked_at: Set(None),
        last_used_at: Set(None),
        replaced_by: Set(None),
    };
    api_key::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The key with this id.
pub async fn by_id(db: &impl ConnectionTrait, id: ApiKeyId) -> Result<Option<KeyRow>, DbErr> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("k.id = ").bind(id);
    sql.one(db).await
}

/// One window of an organization's keys, or of one service user's.
#[must_use]
pub fn list(
    organization_id: OrganizationId,
    user_id: Option<UserId>,
    window: Window,
) -> List<KeyRow> {
    let mut conditions = Sql::new("k.organization_id = ");
    conditions.bind(organization_id);
    if let Some(user_id) = user_id {
        conditions.push(" AND k.user_id = ").bind(user_id);
    }
    let mut sql = Sql::new(COLUMNS);
    sql.append(&conditions);
    NEWEST_FIRST.apply(&mut sql, &window);
    let mut count = Sql::new("SELECT COUNT(*) FROM api_keys k WHERE ");
    count.append(&conditions);
    List::new(sql, count, window)
}

/// How many keys of a service user let it in at this instant.
pub async fn count_active(
    db: &impl ConnectionTrait,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM api_keys k WHERE k.user_id = ");
    sql.bind(user_id).push(" AND k.revoked_at IS NULL AND k.expires_at > ").bind(now);
    sql.count(db).await
}

/// Has another key take the place of one, which goes on until `until` at the longest; no row if it is not
/// active, or replaced already.
pub async fn replace(
    db: &impl ConnectionTrait,
    id: ApiKeyId,
    by: ApiKeyId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE api_keys SET replaced_by = ");
    sql.bind(by).push(", expires_at = CASE WHEN expires_at < ").bind(until);
    sql.push(" THEN expires_at ELSE ").bind(until).push(" END WHERE id = ").bind(id);
    sql.push(" AND replaced_by IS NULL AND revoked_at IS NULL AND expires_at > ").bind(now);
    sql.execute(db).await
}

/// Revokes a key; no row if it was revoked before.
pub async fn revoke(
    db: &impl ConnectionTrait,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE api_keys SET revoked_at = ");
    sql.bind(now).push(" WHERE revoked_at IS NULL AND id = ").bind(id);
    sql.execute(db).await
}

/// Revokes all keys of a service user; gives those that were not yet.
pub async fn revoke_of(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<ApiKeyId>, DbErr> {
    let mut sql = Sql::new("UPDATE api_keys SET revoked_at = ");
    sql.bind(now).push(" WHERE revoked_at IS NULL AND user_id = ").bind(user_id);
    sql.push(" AND organization_id = ").bind(organization_id).push(" RETURNING id");
    db.query_all_raw(sql.statement(db)).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Notes that a key was used, unless that was noted after `noted_by`.
pub async fn used(
    db: &impl ConnectionTrait,
    id: ApiKeyId,
    now: DateTime<Utc>,
    noted_by: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE api_keys SET last_used_at = ");
    sql.bind(now).push(" WHERE id = ").bind(id);
    sql.push(" AND (last_used_at IS NULL OR last_used_at <= ").bind(noted_by).push(")");
    sql.execute(db).await
}
