//! Moves of accounts into other organizations: what was asked for, and what came of it.

use chrono::{DateTime, Utc};
use entity::account_move::{ActiveModel, Entity, Side, Status};
use entity::id::{AccountId, AccountMoveId, OrganizationId, UserId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, TryInsertResult,
};

use super::list::List;
use super::page::{Order, Window, text_value};
use super::sql::Sql;

/// What the API shows of a move.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MoveRow {
    /// The id.
    pub id: AccountMoveId,
    /// The account.
    pub account_id: AccountId,
    /// The account's name.
    pub account_name: String,
    /// The account's Owner now.
    pub owner_id: UserId,
    /// The organization that the account belongs to now.
    pub home_id: OrganizationId,
    /// Its name.
    pub home_name: String,
    /// Where the account comes from.
    pub from_id: OrganizationId,
    /// Its name.
    pub from_name: String,
    /// Where it is to go.
    pub to_id: OrganizationId,
    /// Its name.
    pub to_name: String,
    /// Who asked: which side.
    pub side: Side,
    /// Who asked: which person.
    pub asked_by: UserId,
    /// The state, expiry aside.
    pub status: Status,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

impl MoveRow {
    /// The state at an instant: a pending one whose time has run out has expired.
    #[must_use]
    pub fn status_at(&self, now: DateTime<Utc>) -> Status {
        if self.status == Status::Pending && self.expires_at <= now {
            return Status::Expired;
        }
        self.status
    }
}

const SELECT: &str = "SELECT v.id, v.account_id, a.name AS account_name, own.user_id AS owner_id,
        a.organization_id AS home_id, h.name AS home_name, v.from_organization_id AS from_id,
        f.name AS from_name, v.to_organization_id AS to_id, t.name AS to_name, v.side, v.asked_by,
        v.status, v.expires_at, v.ended_at, v.created_at
    FROM account_moves v
    JOIN accounts a ON a.id = v.account_id
    JOIN organizations h ON h.id = a.organization_id
    JOIN organizations f ON f.id = v.from_organization_id
    JOIN organizations t ON t.id = v.to_organization_id
    JOIN role_assignments own ON own.owned_scope_id = a.id
    WHERE ";

/// A move to be.
#[derive(Clone, Copy, Debug)]
pub struct NewMove {
    /// The id.
    pub id: AccountMoveId,
    /// The account.
    pub account_id: AccountId,
    /// Where it comes from.
    pub from: OrganizationId,
    /// Where it is to go.
    pub to: OrganizationId,
    /// Who asks: which side.
    pub side: Side,
    /// Who asks: which person.
    pub asked_by: UserId,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Asks for a move, unless one of the account is pending; tells whether it did. Call
/// [`settle_expired`] first.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewMove,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(new.id),
        account_id: Set(new.account_id),
        from_organization_id: Set(new.from),
        to_organization_id: Set(new.to),
        side: Set(new.side),
        asked_by: Set(new.asked_by),
        status: Set(Status::Pending),
        expires_at: Set(new.expires_at),
        ended_at: Set(None),
        ended_by: Set(None),
        created_at: Set(now),
    };
    // Any conflict: the index that lets only one be pending is a partial one.
    let conflict = OnConflict::new().do_nothing().to_owned();
    let insert = Entity::insert(row).on_conflict(conflict).try_insert();
    let outcome = insert.exec_without_returning(db).await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Settles as expired the account's move whose time has run out, so that it no longer stands in the
/// way of a new one.
pub async fn settle_expired(
    db: &impl ConnectionTrait,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new("UPDATE account_moves SET status = 'EXPIRED', ended_at = expires_at");
    sql.push(" WHERE status = 'PENDING' AND expires_at <= ").bind(now);
    sql.push(" AND account_id = ").bind(account_id);
    sql.execute(db).await
}

/// Ends a pending move that has not expired as accepted, declined or withdrawn; tells whether this
/// call did.
pub async fn end(
    db: &impl ConnectionTrait,
    id: AccountMoveId,
    status: Status,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE account_moves SET status = ");
    sql.bind(status).push(", ended_at = ").bind(now).push(", ended_by = ").bind(by);
    sql.push(" WHERE status = 'PENDING' AND expires_at > ").bind(now);
    sql.push(" AND id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// Takes back the pending moves of accounts that are no more; their ids.
pub async fn end_of_accounts(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
    by: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<(AccountMoveId, AccountId)>, DbErr> {
    let mut sql = Sql::new("UPDATE account_moves SET status = 'WITHDRAWN', ended_at = ");
    sql.bind(now)
        .push(", ended_by = ")
        .bind(by)
        .push(" WHERE status = 'PENDING' AND account_id IN ");
    sql.list(accounts.iter().copied()).push(" RETURNING id, account_id");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "account_id")?))).collect()
}

/// The move with this id, whoever's it is: the caller decides who sees it.
pub async fn by_id(db: &impl ConnectionTrait, id: AccountMoveId) -> Result<Option<MoveRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("v.id = ").bind(id);
    sql.one(db).await
}

/// Whose pending moves are listed.
#[derive(Clone, Debug)]
pub enum Pending {
    /// Those of the accounts that a user owns in these organizations.
    OfOwner(UserId, Vec<OrganizationId>),
    /// Those into and out of an organization.
    OfOrganization(OrganizationId),
}

/// The order of moves in listings: as they were asked for.
pub const BY_TIME: Order = Order { column: None, id: "v.id", descending: false, value: text_value };

/// One window of the moves that wait for an answer at an instant.
#[must_use]
pub fn list_pending(of: &Pending, now: DateTime<Utc>, window: Window) -> List<MoveRow> {
    let mut conditions = Sql::new("v.status = 'PENDING' AND v.expires_at > ");
    conditions.bind(now);
    match of {
        Pending::OfOwner(user_id, organizations) => {
            conditions.push(
                " AND v.account_id IN (SELECT g.account_id FROM role_assignments g
                    WHERE g.owned_scope_id = g.account_id AND g.user_id = ",
            );
            conditions.bind(*user_id).push(" AND g.organization_id IN ");
            conditions.list(organizations.iter().copied()).push(")");
        }
        Pending::OfOrganization(id) => {
            conditions.push(" AND (v.from_organization_id = ").bind(*id);
            conditions.push(" OR v.to_organization_id = ").bind(*id).push(")");
        }
    }
    let mut sql = Sql::new(SELECT);
    sql.append(&conditions);
    BY_TIME.apply(&mut sql, &window);
    let mut count = Sql::new("SELECT COUNT(*) FROM account_moves v WHERE ");
    count.append(&conditions);
    List::new(sql, count, window)
}
