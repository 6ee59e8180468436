//! Role assignments that end together.

use entity::id::{AccountId, AssignmentId, OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbErr};

use super::assignment::{AssignmentRow, select};
use super::sql::Sql;

/// Which of an organization's assignments.
#[derive(Clone, Copy, Debug)]
pub enum Extent<'a> {
    /// All.
    Everything,
    /// Those at these accounts.
    At(&'a [AccountId]),
    /// A user's.
    Of(UserId),
    /// A user's at these accounts.
    OfAt(UserId, &'a [AccountId]),
}

/// The condition that an assignment `g` is one of these.
fn within(organization_id: OrganizationId, extent: Extent<'_>) -> Sql {
    let (user_id, accounts) = match extent {
        Extent::Everything => (None, None),
        Extent::At(accounts) => (None, Some(accounts)),
        Extent::Of(user_id) => (Some(user_id), None),
        Extent::OfAt(user_id, accounts) => (Some(user_id), Some(accounts)),
    };
    let mut sql = Sql::new("g.organization_id = ");
    sql.bind(organization_id);
    if let Some(user_id) = user_id {
        sql.push(" AND g.user_id = ").bind(user_id);
    }
    if let Some(accounts) = accounts {
        sql.push(" AND g.scope_id IN ").list(accounts.iter().copied());
    }
    sql
}

/// These assignments, owners' included, as they were made; at most so many.
pub async fn rows(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    extent: Extent<'_>,
    limit: i64,
) -> Result<Vec<AssignmentRow>, DbErr> {
    let mut sql = select();
    sql.append(&within(organization_id, extent)).push(" ORDER BY g.id LIMIT ").bind(limit);
    sql.all(db).await
}

/// How many these are, owners' included.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    extent: Extent<'_>,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM role_assignments g WHERE ");
    sql.append(&within(organization_id, extent));
    sql.count(db).await
}

/// Deletes these assignments, but never an owner's; the ids of those that were there.
pub async fn delete(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    extent: Extent<'_>,
) -> Result<Vec<AssignmentId>, DbErr> {
    let mut sql = Sql::new("DELETE FROM role_assignments AS g WHERE g.owned_scope_id IS NULL AND ");
    sql.append(&within(organization_id, extent)).push(" RETURNING id");
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}
