//! How many mails an organization has sent, and an address has had (R46, R53).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{MailId, OrganizationId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::sql::Sql;

/// Held while it is decided which mails may go, so that workers do so one after the other.
const LIMIT_LOCK: i64 = 0x0726_0C42;

/// Keeps other workers from deciding until the transaction ends. On SQLite, where one transaction writes
/// at a time, nothing is needed.
///
/// # Errors
/// Whatever the database answers.
pub async fn lock(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        let mut sql = Sql::new("SELECT pg_advisory_xact_lock(");
        sql.bind(LIMIT_LOCK).push(")");
        sql.execute(db).await?;
    }
    Ok(())
}

/// When a mail of an organization was let go, or will be.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct LetGo {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The instant.
    pub let_go_at: DateTime<Utc>,
}

/// Of the mails of each organization that were let go, newest first: `count` after the first `skip`; in
/// one statement.
///
/// # Errors
/// Whatever the database answers.
pub async fn let_go(
    db: &impl ConnectionTrait,
    of: &[(OrganizationId, usize, usize)],
) -> Result<Vec<LetGo>, DbErr> {
    let mut sql = Sql::default();
    for (index, (organization_id, skip, count)) in of.iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT * FROM (SELECT organization_id, let_go_at FROM mails ");
        sql.push("WHERE let_go_at IS NOT NULL AND state <> 'CANCELLED' AND organization_id = ");
        sql.bind(*organization_id).push(" ORDER BY let_go_at DESC LIMIT ");
        sql.push(&format!("{count} OFFSET {skip}) of_{index}"));
    }
    let mut rows: Vec<LetGo> = sql.all(db).await?;
    // UNION promises no order.
    rows.sort_by_key(|row| (row.organization_id, std::cmp::Reverse(row.let_go_at)));
    Ok(rows)
}

/// Notes that these mails may go now.
///
/// # Errors
/// Whatever the database answers.
pub async fn note(
    db: &impl ConnectionTrait,
    ids: &[MailId],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("UPDATE mails SET let_go_at = ");
    sql.bind(now).push(" WHERE id IN ").list(ids.iter().copied());
    sql.execute(db).await?;
    Ok(())
}

/// Gives mails back that were taken and may not go yet, each until its instant, as if they had not been
/// taken.
///
/// # Errors
/// Whatever the database answers.
pub async fn hold_back(
    db: &impl ConnectionTrait,
    mails: &[(MailId, DateTime<Utc>)],
) -> Result<(), DbErr> {
    if mails.is_empty() {
        return Ok(());
    }
    let mut until = Sql::new("CASE id");
    for (id, at) in mails {
        until.push(" WHEN ").bind(*id).push(" THEN ").bind(*at);
    }
    until.push(" END");
    let mut sql = Sql::new("UPDATE mails SET let_go_at = ");
    sql.append(&until).push(", next_attempt_at = ").append(&until);
    sql.push(", attempts = attempts - 1, lease = NULL, leased_until = NULL WHERE id IN ");
    sql.list(mails.iter().map(|(id, _)| *id));
    sql.execute(db).await?;
    Ok(())
}

/// The running day of an address.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RecipientDay {
    /// The address.
    pub recipient_key: String,
    /// When it began: with the first mail after the former day.
    pub began_at: DateTime<Utc>,
    /// How many mails there were in it, those just counted included.
    pub mails: i64,
}

/// How long a day of an address is.
pub const DAY: TimeDelta = TimeDelta::hours(24);

/// Counts so many more mails for each of these addresses, and answers how many there are now; in one
/// statement. Whoever counts for one of them at the same time waits until the transaction ends.
///
/// # Errors
/// Whatever the database answers.
pub async fn count(
    db: &impl ConnectionTrait,
    mails: &BTreeMap<String, i64>,
    now: DateTime<Utc>,
) -> Result<Vec<RecipientDay>, DbErr> {
    if mails.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("INSERT INTO recipient_days (recipient_key, began_at, mails) VALUES ");
    // In one order, so that two transactions never wait for each other.
    for (index, (key, mails)) in mails.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" });
        sql.bind(key.as_str()).push(", ").bind(now).push(", ").bind(*mails).push(")");
    }
    let over = now - DAY;
    sql.push(" ON CONFLICT (recipient_key) DO UPDATE SET ");
    sql.push("mails = CASE WHEN recipient_days.began_at <= ").bind(over);
    sql.push(" THEN excluded.mails ELSE recipient_days.mails + excluded.mails END, ");
    sql.push("began_at = CASE WHEN recipient_days.began_at <= ").bind(over);
    sql.push(" THEN excluded.began_at ELSE recipient_days.began_at END ");
    sql.push("RETURNING recipient_key, began_at, mails");
    sql.all(db).await
}

/// Takes so many mails of each of these addresses out of the count of its running day: they never went
/// out. Who is counted for at the same time waits, as in [`count`].
///
/// # Errors
/// Whatever the database answers.
pub async fn uncount(
    db: &impl ConnectionTrait,
    mails: &BTreeMap<String, i64>,
) -> Result<(), DbErr> {
    if mails.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new(
        "WITH held AS MATERIALIZED (SELECT recipient_key FROM recipient_days WHERE recipient_key IN ",
    );
    sql.list(mails.keys().map(String::as_str)).push(" ORDER BY recipient_key");
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR UPDATE");
    }
    sql.push(") UPDATE recipient_days SET mails = CASE recipient_key");
    for (key, mails) in mails {
        sql.push(" WHEN ").bind(key.as_str()).push(" THEN CASE WHEN mails > ").bind(*mails);
        sql.push(" THEN mails - ").bind(*mails).push(" ELSE 0 END");
    }
    sql.push(" ELSE mails END WHERE recipient_key IN (SELECT recipient_key FROM held)");
    sql.execute(db).await.map(drop)
}

/// Forgets the days that are over.
///
/// # Errors
/// Whatever the database answers.
pub async fn forget_days(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    // Days that are being counted in are left alone, so that nobody waits.
    let skip_locked = match db.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let mut sql = Sql::new(
        "DELETE FROM recipient_days WHERE recipient_key IN (SELECT recipient_key
        FROM recipient_days WHERE began_at <= ",
    );
    sql.bind(now - DAY).push(skip_locked).push(")");
    sql.execute(db).await
}
