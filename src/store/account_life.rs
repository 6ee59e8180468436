//! Accounts: their life.

use chrono::{DateTime, Utc};
use entity::account::Status;
use entity::id::{AccountId, OrganizationId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::account::{AccountRow, SELECT};
use super::sql::Sql;

/// An account of the organization and its subaccounts, but for those that are closed: locked until the
/// transaction ends, so that no role is assigned there meanwhile. Always in the order of the ids.
pub async fn lock_with_subaccounts(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: AccountId,
) -> Result<Vec<AccountId>, DbErr> {
    let mut sql = family(organization_id, id);
    sql.push(" AND status <> 'CLOSED' ORDER BY id");
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR NO KEY UPDATE");
    }
    ids(db, sql).await
}

/// An account of the organization and its subaccounts.
pub async fn with_subaccounts(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: AccountId,
) -> Result<Vec<AccountId>, DbErr> {
    ids(db, family(organization_id, id)).await
}

fn family(organization_id: OrganizationId, id: AccountId) -> Sql {
    let mut sql = Sql::new("SELECT id FROM accounts WHERE organization_id = ");
    sql.bind(organization_id).push(" AND (id = ").bind(id).push(" OR parent_id = ").bind(id);
    sql.push(")");
    sql
}

/// Which of these accounts belong to the organization and are not closed. They stay so until the
/// transaction ends: who closes one waits.
pub async fn keep_open(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    account_ids: &[AccountId],
) -> Result<Vec<AccountId>, DbErr> {
    if account_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT id FROM accounts WHERE organization_id = ");
    sql.bind(organization_id).push(" AND status <> 'CLOSED' AND id IN ");
    sql.list(account_ids.iter().copied()).push(" ORDER BY id");
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR SHARE");
    }
    ids(db, sql).await
}

async fn ids(db: &impl ConnectionTrait, sql: Sql) -> Result<Vec<AccountId>, DbErr> {
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Brings accounts from one of these statuses to another; how many there were.
pub async fn set_status(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    account_ids: &[AccountId],
    from: &[Status],
    to: Status,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE accounts SET status = ");
    sql.bind(to).push(", updated_at = ").bind(now);
    sql.push(" WHERE organization_id = ").bind(organization_id);
    sql.push(" AND status IN ").list(from.iter().copied());
    sql.push(" AND id IN ").list(account_ids.iter().copied());
    sql.execute(db).await
}

/// Gives an account another name, unless it is closed; tells whether it did.
pub async fn rename(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: AccountId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE accounts SET name = ");
    sql.bind(name).push(", name_key = ").bind(crate::text::key(name));
    sql.push(", updated_at = ").bind(now);
    sql.push(" WHERE status <> 'CLOSED' AND organization_id = ").bind(organization_id);
    sql.push(" AND id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// The first accounts of an organization, closed ones included, as they were made.
pub async fn first_of_organization(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    limit: i64,
) -> Result<Vec<AccountRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("a.organization_id = ").bind(organization_id);
    sql.push(" ORDER BY a.id LIMIT ").bind(limit);
    sql.all(db).await
}

/// How many accounts an organization has, closed ones included.
pub async fn count_all(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM accounts WHERE organization_id = ");
    sql.bind(organization_id);
    sql.count(db).await
}
