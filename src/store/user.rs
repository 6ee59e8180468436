//! Users.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, UserId};
use entity::user;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, SqlErr, TryInsertResult,
};

use super::sql::Sql;

/// What the API shows of a user.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct UserRow {
    /// The id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The name's sort key.
    pub name_key: String,
    /// The address as typed.
    pub email: String,
    /// The address normalized.
    pub email_key: String,
    /// When the address was proved.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When the person last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When the identity was made.
    pub created_at: DateTime<Utc>,
    /// The organization whose machine it is; none for a person.
    pub service_of: Option<OrganizationId>,
}

/// [`UserRow`]'s columns of `users u`.
pub const COLUMNS: &str = "u.id, u.name, u.name_key, u.email, u.email_key, u.email_verified_at,
    u.last_sign_in_at, u.created_at, u.service_of";

/// A person to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The address as typed.
    pub email: String,
    /// The address normalized.
    pub email_key: String,
    /// Whether the address is proved already.
    pub email_verified: bool,
    /// The password's PHC string.
    pub password_hash: String,
    /// The language of mails.
    pub locale: String,
}

/// Makes a user, unless the address has one; tells whether it did.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewUser,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = user::ActiveModel {
        id: Set(new.id),
        name_key: Set(crate::text::key(&new.name)),
        name: Set(new.name),
        email: Set(new.email),
        email_key: Set(new.email_key),
        email_verified_at: Set(new.email_verified.then_some(now)),
        password_hash: Set(Some(new.password_hash)),
        locale: Set(new.locale),
        default_account_id: Set(None),
        last_account_id: Set(None),
        last_sign_in_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        service_of: Set(None),
    };
    let outcome = user::Entity::insert(row)
        .on_conflict_do_nothing_on([user::Column::EmailKey])
        .exec_without_returning(db)
        .await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(rows) if rows > 0))
}

/// The user with this normalized address.
pub async fn by_email(
    db: &impl ConnectionTrait,
    email_key: &str,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find().filter(user::Column::EmailKey.eq(email_key)).one(db).await
}

/// The same, locked until the transaction ends: who counts something of theirs counts alone.
pub async fn by_email_locked(
    db: &impl ConnectionTrait,
    email_key: &str,
) -> Result<Option<user::Model>, DbErr> {
    let mut query = user::Entity::find().filter(user::Column::EmailKey.eq(email_key));
    // A write transaction of SQLite has the whole database to itself already.
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        let lock = sea_orm::sea_query::LockType::NoKeyUpdate;
        query = sea_orm::QuerySelect::lock(query, lock);
    }
    query.one(db).await
}

/// Holds a user until the transaction ends. Who becomes a member is held before any membership is, as
/// whoever signs in or accepts an invitation does: so nobody waits for the two in another order.
pub async fn hold(db: &impl ConnectionTrait, id: UserId) -> Result<(), DbErr> {
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        let mut sql = Sql::new("SELECT 1 FROM users WHERE id = ");
        sql.bind(id).push(" FOR NO KEY UPDATE");
        sql.execute(db).await?;
    }
    Ok(())
}

/// Whether somebody still has the password with this hash, held until the transaction ends: who changes
/// it waits, and then finds the session that was begun with it.
pub async fn keeps_password(
    db: &impl ConnectionTrait,
    id: UserId,
    password_hash: &str,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE id = ");
    sql.bind(id).push(" AND password_hash = ").bind(password_hash);
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        sql.push(" FOR NO KEY UPDATE");
    }
    sql.push(") held");
    Ok(sql.count(db).await? == 1)
}

/// Sets a password and notes that the person reads mail at the address, if it still is theirs.
pub async fn set_password(
    db: &impl ConnectionTrait,
    id: UserId,
    email_key: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET password_hash = ");
    sql.bind(password_hash).push(", email_verified_at = COALESCE(email_verified_at, ").bind(now);
    sql.push("), updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id).push(" AND email_key = ").bind(email_key);
    sql.execute(db).await
}

/// Gives somebody another address (as typed, and normalized), which is proved; tells whether it was free.
pub async fn set_email(
    db: &impl ConnectionTrait,
    id: UserId,
    (email, email_key): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE users SET email = ");
    sql.bind(email).push(", email_key = ").bind(email_key);
    sql.push(", email_verified_at = ").bind(now).push(", updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = ").bind(email_key);
    sql.push(")");
    match sql.execute(db).await {
        // Somebody took it between the look and the write.
        Err(error) if is_taken(&error) => Ok(false),
        changed => Ok(changed? == 1),
    }
}

fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Replaces the hash of somebody's password, if it still is the old one; no row if it is not.
pub async fn replace_hash(
    db: &impl ConnectionTrait,
    id: UserId,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET password_hash = ");
    sql.bind(new).push(", updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id).push(" AND password_hash = ").bind(old);
    sql.execute(db).await
}

/// What a user is called who has erased their identity.
const NOBODY: &str = "Deleted user";

/// Erases who somebody is, and frees their address. What stands in its place is no address, so that nobody
/// can ever have it.
pub async fn erase(
    db: &impl ConnectionTrait,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET name = ");
    let key = format!("deleted {id}");
    sql.bind(NOBODY).push(", name_key = ").bind(crate::text::key(NOBODY));
    sql.push(", email = ").bind(key.as_str()).push(", email_key = ").bind(key.as_str());
    sql.push(", email_verified_at = NULL, password_hash = NULL, default_account_id = NULL");
    sql.push(", last_account_id = NULL, last_sign_in_at = NULL, updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id);
    sql.execute(db).await
}

/// Deletes what belongs to a user alone: sessions with their tokens, links, and requests to join; and what
/// the record of changes says of who they were.
pub async fn delete_belongings(db: &impl ConnectionTrait, id: UserId) -> Result<(), DbErr> {
    for delete in [
        "DELETE FROM sessions WHERE user_id = ",
        "DELETE FROM email_links WHERE user_id = ",
        "DELETE FROM join_requests WHERE user_id = ",
        "DELETE FROM join_bars WHERE user_id = ",
    ] {
        let mut sql = Sql::new(delete);
        sql.bind(id);
        sql.execute(db).await?;
    }
    // The record of changes keeps that something was done, and the id.
    let mut sql = Sql::new("UPDATE audit_events SET before = NULL, after = NULL");
    sql.push(" WHERE organization_id IS NULL AND target = ").bind(id.to_string());
    sql.execute(db).await.map(drop)
}

/// The user with this id, whole: for the person's own use cases.
pub async fn by_id(db: &impl ConnectionTrait, id: UserId) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find_by_id(id).one(db).await
}

/// The users of these ids, whoever they are: for the authors of things that the viewer sees.
pub async fn rows(db: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<UserRow>, DbErr> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM users u WHERE u.id IN ").list(ids.iter().copied());
    sql.all(db).await
}

/// Notes a sign-in and the account that it landed in.
pub async fn signed_in(
    db: &impl ConnectionTrait,
    id: UserId,
    account_id: Option<AccountId>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET last_sign_in_at = ");
    sql.bind(now);
    if let Some(account_id) = account_id {
        sql.push(", last_account_id = ").bind(account_id);
    }
    sql.push(" WHERE id = ").bind(id);
    sql.execute(db).await
}

/// Notes the account last worked in.
pub async fn entered(
    db: &impl ConnectionTrait,
    id: UserId,
    account_id: AccountId,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET last_account_id = ");
    sql.bind(account_id).push(" WHERE id = ").bind(id);
    sql.execute(db).await
}

/// Sets where sign-in lands (R64).
pub async fn set_default_account(
    db: &impl ConnectionTrait,
    id: UserId,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET default_account_id = ");
    sql.bind(account_id).push(", updated_at = ").bind(now).push(" WHERE id = ").bind(id);
    sql.execute(db).await
}

/// Notes that the person was shown to read mail at the address, if it still is theirs.
pub async fn verify_email(
    db: &impl ConnectionTrait,
    id: UserId,
    email_key: &str,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE users SET email_verified_at = COALESCE(email_verified_at, ");
    sql.bind(now).push("), updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id).push(" AND email_key = ").bind(email_key);
    sql.execute(db).await
}
