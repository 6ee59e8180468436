//! What happens to the rows of an account, and of its subaccounts, when it goes into another
//! organization.

use chrono::{DateTime, Utc};
use entity::account::Status;
use entity::id::{AccountId, AssignmentId, InvitationId, MembershipId, OrganizationId, UserId};
use entity::membership;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::assignment::HeldRow;
use super::sql::{ROWS_PER_STATEMENT, Sql};

/// An account that is locked.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LockedRow {
    /// The account.
    pub id: AccountId,
    /// Its own status.
    pub status: Status,
}

fn locking(sql: &mut Sql, db: &impl ConnectionTrait, how: &str) {
    // A write transaction of SQLite has the whole database to itself already.
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(how);
    }
}

/// Locks a top-level account of an organization with its subaccounts until the transaction ends, so
/// that nothing is assigned there meanwhile; nothing where there is none.
pub async fn lock(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    account_id: AccountId,
) -> Result<Vec<LockedRow>, DbErr> {
    let mut sql = Sql::new("SELECT a.id, a.status FROM accounts a WHERE a.organization_id = ");
    sql.bind(organization_id).push(" AND (a.top_level_id = ").bind(account_id);
    sql.push(" OR a.parent_id = ").bind(account_id).push(") ORDER BY a.id");
    locking(&mut sql, db, " FOR UPDATE");
    sql.all(db).await
}

/// Who owns an account, until the transaction ends.
pub async fn lock_owner(
    db: &impl ConnectionTrait,
    account_id: AccountId,
) -> Result<Option<UserId>, DbErr> {
    let mut sql = Sql::new("SELECT g.user_id FROM role_assignments g WHERE g.owned_scope_id = ");
    sql.bind(account_id);
    locking(&mut sql, db, " FOR UPDATE");
    let row = db.query_one_raw(sql.statement(db)).await?;
    row.map(|row| row.try_get("", "user_id")).transpose()
}

/// Somebody who holds roles in the account.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PersonRow {
    /// The user.
    pub user_id: UserId,
    /// Their membership's status in the organization that the account leaves.
    pub status: membership::Status,
}

/// The people who hold roles in an account or its subaccounts. Service users do not come along: they belong
/// to their organization.
pub async fn people(
    db: &impl ConnectionTrait,
    account_id: AccountId,
) -> Result<Vec<PersonRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT m.user_id, m.status FROM memberships m WHERE EXISTS (
            SELECT 1 FROM role_assignments g JOIN accounts a ON a.id = g.scope_id
            WHERE g.organization_id = m.organization_id AND g.user_id = m.user_id AND (a.id = ",
    );
    sql.bind(account_id).push(" OR a.parent_id = ").bind(account_id).push("))");
    sql.push(" AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = m.user_id");
    sql.push(" AND u.service_of IS NOT NULL) ORDER BY m.user_id");
    sql.all(db).await
}

/// Makes members of those who are none yet; gives those that it made, with their memberships.
pub async fn join(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    people: &[(MembershipId, PersonRow)],
    now: DateTime<Utc>,
) -> Result<Vec<(MembershipId, UserId)>, DbErr> {
    let mut made = Vec::new();
    for piece in people.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(
            "INSERT INTO memberships (id, organization_id, user_id, status, created_at, updated_at)
            VALUES ",
        );
        for (index, (id, person)) in piece.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" }).bind(*id);
            sql.push(", ").bind(organization_id).push(", ").bind(person.user_id);
            sql.push(", ").bind(person.status).push(", ").bind(now).push(", ").bind(now).push(")");
        }
        sql.push(" ON CONFLICT (organization_id, user_id) DO NOTHING RETURNING id, user_id");
        for row in db.query_all_raw(sql.statement(db)).await? {
            made.push((row.try_get("", "id")?, row.try_get("", "user_id")?));
        }
    }
    Ok(made)
}

/// Locks the invitations of an organization that promise something in an account or its subaccounts,
/// whatever their state.
pub async fn lock_invitations(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    account_id: AccountId,
) -> Result<Vec<InvitationId>, DbErr> {
    let mut sql = Sql::new(
        "SELECT i.id FROM invitations i WHERE i.id IN (
            SELECT g.invitation_id FROM invitation_grants g JOIN accounts a ON a.id = g.account_id
            WHERE a.id = ",
    );
    sql.bind(account_id).push(" OR a.parent_id = ").bind(account_id);
    sql.push(") AND i.organization_id = ").bind(organization_id).push(" ORDER BY i.id");
    locking(&mut sql, db, " FOR UPDATE");
    db.query_all_raw(sql.statement(db)).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// An invitation that has lost all that it promised.
#[derive(Clone, Debug, FromQueryResult)]
pub struct EmptiedRow {
    /// The invitation.
    pub id: InvitationId,
    /// The address.
    pub email: String,
}

/// Takes what these accounts are promised out of these invitations, and revokes the pending ones that
/// promise nothing any more; gives those.
pub async fn empty_invitations(
    db: &impl ConnectionTrait,
    invitations: &[InvitationId],
    accounts: &[AccountId],
    by: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<EmptiedRow>, DbErr> {
    let mut emptied = Vec::new();
    for piece in invitations.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new("DELETE FROM invitation_grants WHERE invitation_id IN ");
        sql.list(piece.iter().copied()).push(" AND account_id IN ");
        sql.list(accounts.iter().copied());
        sql.execute(db).await?;
        let mut sql = Sql::new("UPDATE invitations SET status = 'REVOKED', ended_at = ");
        sql.bind(now).push(", ended_by = ").bind(by).push(", updated_at = ").bind(now);
        sql.push(" WHERE status = 'PENDING' AND expires_at > ").bind(now).push(" AND id IN ");
        sql.list(piece.iter().copied());
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = invitations.id)
            RETURNING id, email",
        );
        emptied.extend(sql.all::<EmptiedRow>(db).await?);
    }
    Ok(emptied)
}

/// The assignments in these accounts.
pub async fn assignments(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<Vec<HeldRow>, DbErr> {
    let mut sql = Sql::new(super::assignment::HELD);
    sql.push("g.scope_id IN ").list(accounts.iter().copied()).push(" ORDER BY g.id");
    sql.all(db).await
}

/// Ends the assignments in these accounts that belong to their organization: of roles that it made for
/// itself, and of its service users.
pub async fn end_what_stays(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    accounts: &[AccountId],
) -> Result<Vec<AssignmentId>, DbErr> {
    let mut sql = Sql::new("DELETE FROM role_assignments WHERE scope_id IN ");
    sql.list(accounts.iter().copied());
    sql.push(" AND (role_id IN (SELECT id FROM roles WHERE organization_id = ");
    sql.bind(organization_id).push(") OR user_id IN (SELECT id FROM users WHERE service_of = ");
    sql.bind(organization_id).push(")) RETURNING id");
    db.query_all_raw(sql.statement(db)).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Takes accounts with their assignments into another organization, and out of the billing groups of
/// theirs. Every holder has to be a member there already.
pub async fn carry(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
    to: OrganizationId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    // The keys that hold the assignments to their accounts' organization are checked at the commit.
    db.execute_unprepared(match db.get_database_backend() {
        DbBackend::Postgres => {
            "SET CONSTRAINTS role_assignments_organization_id_account_id_fkey DEFERRED"
        }
        _ => "PRAGMA defer_foreign_keys = ON",
    })
    .await?;
    let mut sql = Sql::new("DELETE FROM billing_group_accounts WHERE account_id IN ");
    sql.list(accounts.iter().copied());
    sql.execute(db).await?;
    // One statement for all, because subaccounts and their parent refer to each other.
    let mut sql = Sql::new("UPDATE accounts SET organization_id = ");
    sql.bind(to).push(", updated_at = ").bind(now).push(" WHERE id IN ");
    sql.list(accounts.iter().copied());
    sql.execute(db).await?;
    let mut sql = Sql::new("UPDATE role_assignments SET organization_id = ");
    sql.bind(to).push(" WHERE scope_id IN ").list(accounts.iter().copied());
    sql.execute(db).await?;
    Ok(())
}
