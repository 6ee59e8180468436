//! Sessions and their refresh tokens (R61).

use chrono::{DateTime, Utc};
use entity::id::{AccountId, SessionId, UserId};
use entity::{refresh_token, session};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::page::{Order, Page, Window, text_value};
use super::sql::Sql;
use crate::access::Origin;

/// Begins a session.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: SessionId,
    user_id: UserId,
    origin: &Origin,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = session::ActiveModel {
        id: Set(id),
        user_id: Set(user_id),
        user_agent: Set(origin.user_agent.clone()),
        network_address: Set(origin.network_address.clone()),
        created_at: Set(now),
        last_seen_at: Set(now),
        expires_at: Set(expires_at),
        ended_at: Set(None),
    };
    session::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Adds a refresh token to a session.
pub async fn insert_token(
    db: &impl ConnectionTrait,
    hash: Vec<u8>,
    session_id: SessionId,
    account_id: Option<AccountId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        hash: Set(hash),
        session_id: Set(session_id),
        account_id: Set(account_id),
        issued_at: Set(now),
        rotated_at: Set(None),
        uses: Set(0),
    };
    refresh_token::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// A refresh token with its session.
#[derive(Clone, Debug, FromQueryResult)]
pub struct TokenRow {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The account that the token's chain works in.
    pub account_id: Option<AccountId>,
    /// When the session ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When the session was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The refresh token with this hash.
pub async fn token(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<TokenRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT t.session_id, s.user_id, t.account_id, s.expires_at, s.ended_at
        FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.hash = ",
    );
    sql.bind(hash.to_vec());
    sql.one(db).await
}

/// Uses a token; no row if it was used before `since` already, or `most` times.
pub async fn rotate(
    db: &impl ConnectionTrait,
    hash: &[u8],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    most: i64,
) -> Result<u64, DbErr> {
    let mut sql =
        Sql::new("UPDATE refresh_tokens SET uses = uses + 1, rotated_at = COALESCE(rotated_at, ");
    sql.bind(now).push(") WHERE hash = ").bind(hash.to_vec());
    sql.push(" AND uses < ").bind(most);
    sql.push(" AND (rotated_at IS NULL OR rotated_at > ").bind(since).push(")");
    sql.execute(db).await
}

/// Notes that a session is in use and renews its time, unless it has ended.
pub async fn renew(
    db: &impl ConnectionTrait,
    id: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE sessions SET last_seen_at = ");
    sql.bind(now).push(", expires_at = ").bind(expires_at);
    sql.push(" WHERE ended_at IS NULL AND id = ").bind(id);
    sql.execute(db).await
}

/// Ends a session; no row if it had ended.
pub async fn end(
    db: &impl ConnectionTrait,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE sessions SET ended_at = ");
    sql.bind(now).push(" WHERE ended_at IS NULL AND id = ").bind(id);
    sql.execute(db).await
}

/// Ends a user's sessions, but for one that is kept; tells how many there were.
pub async fn end_others(
    db: &impl ConnectionTrait,
    user_id: UserId,
    kept: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE sessions SET ended_at = ");
    sql.bind(now).push(" WHERE ended_at IS NULL AND user_id = ").bind(user_id);
    if let Some(kept) = kept {
        sql.push(" AND id <> ").bind(kept);
    }
    sql.execute(db).await
}

/// A session as its person sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SessionRow {
    /// The session.
    pub id: SessionId,
    /// What the client called itself when it signed in.
    pub user_agent: Option<String>,
    /// Where it signed in from.
    pub network_address: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_seen_at: DateTime<Utc>,
}

/// The order of sessions in listings: the newest first.
const NEWEST_FIRST: Order = Order { column: None, id: "s.id", descending: true, value: text_value };

/// One page of a user's sessions that stand at this instant (R68); with `id`, only that one.
pub async fn page(
    db: &impl ConnectionTrait,
    user_id: UserId,
    id: Option<SessionId>,
    now: DateTime<Utc>,
    window: &Window,
) -> Result<Page<SessionRow>, DbErr> {
    let mut standing = Sql::new("s.ended_at IS NULL AND s.user_id = ");
    standing.bind(user_id).push(" AND s.expires_at > ").bind(now);
    if let Some(id) = id {
        standing.push(" AND s.id = ").bind(id);
    }
    let mut sql = Sql::new(
        "SELECT s.id, s.user_agent, s.network_address, s.created_at, s.last_seen_at
        FROM sessions s WHERE ",
    );
    sql.append(&standing);
    NEWEST_FIRST.apply(&mut sql, window);
    let rows = sql.all(db).await?;
    let total = if window.total {
        let mut sql = Sql::new("SELECT COUNT(*) FROM sessions s WHERE ");
        sql.append(&standing);
        Some(sql.count(db).await?)
    } else {
        None
    };
    Ok(Page::cut(rows, window, total))
}
