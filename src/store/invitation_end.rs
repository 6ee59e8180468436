//! Pending invitations that end, or change, because of something else.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, InvitationId, OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::sql::Sql;

/// Which of an organization's pending invitations.
#[derive(Clone, Copy, Debug)]
pub enum Pending<'a> {
    /// All.
    All,
    /// Those that promise something in these accounts.
    At(&'a [AccountId]),
    /// Those that a user vouches for.
    By(UserId),
}

fn conditions(organization_id: OrganizationId, which: Pending<'_>, now: DateTime<Utc>) -> Sql {
    let mut sql = Sql::new(" FROM invitations i WHERE i.status = 'PENDING' AND i.expires_at > ");
    sql.bind(now).push(" AND i.organization_id = ").bind(organization_id);
    match which {
        Pending::All => {}
        Pending::At(accounts) => {
            sql.push(
                " AND EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = i.id
                    AND g.account_id IN ",
            );
            sql.list(accounts.iter().copied()).push(")");
        }
        Pending::By(user_id) => {
            sql.push(" AND i.invited_by = ").bind(user_id);
        }
    }
    sql
}

/// These invitations, locked until the transaction ends, in the order in which they were made.
pub async fn lock(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    which: Pending<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<InvitationId>, DbErr> {
    let mut sql = Sql::new("SELECT i.id");
    sql.append(&conditions(organization_id, which, now)).push(" ORDER BY i.id");
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR UPDATE OF i");
    }
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Takes the grants at these accounts out of these invitations.
pub async fn take_out(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[InvitationId],
    accounts: &[AccountId],
) -> Result<u64, DbErr> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut sql = Sql::new("DELETE FROM invitation_grants WHERE organization_id = ");
    sql.bind(organization_id).push(" AND invitation_id IN ").list(ids.iter().copied());
    sql.push(" AND account_id IN ").list(accounts.iter().copied());
    sql.execute(db).await
}

/// Takes pending invitations back; those that were pending.
pub async fn revoke(
    db: &impl ConnectionTrait,
    ids: &[InvitationId],
    by: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<InvitationId>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("UPDATE invitations SET status = 'REVOKED', ended_at = ");
    sql.bind(now).push(", ended_by = ").bind(by).push(", updated_at = ").bind(now);
    sql.push(" WHERE status = 'PENDING' AND id IN ").list(ids.iter().copied());
    sql.push(" RETURNING id");
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Has somebody else vouch for pending invitations; how many there were.
pub async fn hand_over(
    db: &impl ConnectionTrait,
    ids: &[InvitationId],
    to: UserId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut sql = Sql::new("UPDATE invitations SET invited_by = ");
    sql.bind(to).push(", updated_at = ").bind(now);
    sql.push(" WHERE status = 'PENDING' AND id IN ").list(ids.iter().copied());
    sql.execute(db).await
}
