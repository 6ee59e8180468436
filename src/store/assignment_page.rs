//! Role assignments as administrators list them: an organization's, an account's, and each user's by
//! scope (R31).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, RoleId, UserId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::assignment::{AssignmentRow, BY_TIME, COLUMNS, JOINS, visible};
use super::list::List;
use super::page::{Cursor, Page, Window};
use super::sql::Sql;
use crate::access::viewer::Listing;

/// What assignments are narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// This user's.
    pub user_id: Option<UserId>,
    /// Of this role.
    pub role_id: Option<RoleId>,
    /// Made at each of these accounts.
    pub account_ids: Vec<AccountId>,
    /// Whether they still grant something, or no more (R16).
    pub standing: Option<bool>,
}

/// One window of an organization's assignments, as they were made.
///
/// An organization's are a range of one index. Those in administered accounts are one range for each
/// account, and so a page is put together in two steps: the accounts whose first rows come first, as many
/// as a page has rows, for none of the others has a row on it; then as many rows of each, sorted.
#[must_use]
pub fn list(
    backend: DbBackend,
    organization_id: OrganizationId,
    listing: &Listing,
    filter: &Filter,
    now: DateTime<Utc>,
    window: Window,
) -> List<AssignmentRow> {
    let conditions = conditions(organization_id, filter, now);
    let mut sets = Sql::default();
    let mut seen = Sql::default();
    if let Listing::Accounts(accounts) = listing {
        sets.push("WITH scopes AS MATERIALIZED (").append(&scopes(accounts, filter)).push(") ");
        seen.push(" AND g.scope_id IN (SELECT id FROM scopes)");
    }
    let mut count = sets.clone();
    count.push("SELECT COUNT(*) FROM (SELECT 1 FROM role_assignments g WHERE ");
    // The order keeps the planner on an index where it might rather read the whole table.
    count.append(&conditions).append(&seen).push(" ORDER BY g.organization_id, g.id) counted");

    let mut sql = sets;
    sql.push("SELECT ").push(COLUMNS).push(" FROM (");
    let postgres = backend == DbBackend::Postgres;
    // A user's are few: they are looked up. SQLite, which has no lateral joins, looks all of them up.
    if *listing == Listing::Everyone || filter.user_id.is_some() || !postgres {
        sql.push("SELECT g.* FROM role_assignments g WHERE ").append(&conditions).append(&seen);
        BY_TIME.apply(&mut sql, &window);
    } else {
        let mut of_scope = Sql::new("FROM role_assignments g WHERE g.scope_id = s.id AND ");
        of_scope.append(&conditions);
        let mut head = of_scope.clone();
        BY_TIME.apply(&mut head, &Window { size: 0, ..window.clone() });
        BY_TIME.apply(&mut of_scope, &window);
        sql.push("SELECT g.* FROM (SELECT s.id FROM scopes s CROSS JOIN LATERAL (SELECT g.id ");
        sql.append(&head).push(") g");
        BY_TIME.finish(&mut sql, &window);
        sql.push(") s CROSS JOIN LATERAL (SELECT g.* ").append(&of_scope).push(") g");
        BY_TIME.finish(&mut sql, &window);
    }
    sql.push(") g").push(JOINS);
    BY_TIME.finish(&mut sql, &window);
    List::new(sql, count, window)
}

/// The accounts that are administered, those below them, of these the ones that are asked for.
fn scopes(accounts: &[AccountId], filter: &Filter) -> Sql {
    let mut sql = Sql::default();
    for (index, column) in ["v.id", "v.parent_id"].into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION " });
        sql.push(&format!("SELECT v.id FROM accounts v WHERE {column} IN "));
        sql.list(accounts.iter().copied());
        for account_id in &filter.account_ids {
            sql.push(" AND v.id = ").bind(*account_id);
        }
    }
    sql
}

fn conditions(organization_id: OrganizationId, filter: &Filter, now: DateTime<Utc>) -> Sql {
    let mut sql = Sql::new("g.organization_id = ");
    sql.bind(organization_id);
    if let Some(user_id) = filter.user_id {
        sql.push(" AND g.user_id = ").bind(user_id);
    }
    if let Some(role_id) = filter.role_id {
        sql.push(" AND g.role_id = ").bind(role_id);
    }
    for account_id in &filter.account_ids {
        sql.push(" AND g.scope_id = ").bind(*account_id);
    }
    match filter.standing {
        None => {}
        Some(true) => {
            sql.push(" AND (g.valid_until IS NULL OR g.valid_until > ").bind(now).push(")");
        }
        Some(false) => drop(sql.push(" AND g.valid_until <= ").bind(now)),
    }
    sql
}

/// All that a user holds at one scope.
#[derive(Clone, Debug)]
pub struct ScopeRow {
    /// The assignments, oldest first; there is at least one.
    pub assignments: Vec<AssignmentRow>,
    /// The scope's place in the list.
    pub cursor: Cursor,
}

#[derive(FromQueryResult)]
struct Grouped {
    #[sea_orm(nested)]
    row: AssignmentRow,
    scope_key: String,
    place: i64,
}

#[derive(FromQueryResult)]
struct Scopes {
    user_id: UserId,
    scopes: i64,
}

/// The same window of each of several users' scopes in an organization, with what they hold there: the
/// organization first, then accounts by name. One statement (two when totals are asked for). The
/// viewer's own are in every listing.
pub async fn scopes_of_users(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_ids: &[UserId],
    listing: &Listing,
    viewer_id: UserId,
    window: &Window,
) -> Result<HashMap<UserId, Page<ScopeRow>>, DbErr> {
    let mut of_users = Sql::new("g.organization_id = ");
    of_users.bind(organization_id).push(" AND g.user_id IN ").list(user_ids.iter().copied());
    if *listing != Listing::Everyone {
        of_users.push(" AND (").append(&visible(listing));
        of_users.push(" OR g.user_id = ").bind(viewer_id).push(")");
    }

    // Nothing sorts before a name but the empty text, which is the organization's key.
    let mut sql = Sql::new("SELECT ");
    let direction = if window.backward { "DESC" } else { "ASC" };
    sql.push(COLUMNS).push(&format!(
        ", n.scope_key, n.place FROM (SELECT k.*, DENSE_RANK() OVER (PARTITION BY k.user_id
                ORDER BY k.scope_key {direction}, k.scope_id {direction}) AS place
            FROM (SELECT g.id, g.user_id, g.scope_id, COALESCE(a.name_key, '') AS scope_key
                FROM role_assignments g LEFT JOIN accounts a ON a.id = g.account_id WHERE "
    ));
    sql.append(&of_users).push(") k WHERE 1 = 1");
    for (cursor, compare) in [(&window.after, ">"), (&window.before, "<")] {
        let Some(cursor) = cursor else { continue };
        sql.push(&format!(" AND (k.scope_key, k.scope_id) {compare} ("));
        sql.bind(cursor.key.clone().unwrap_or_default()).push(", ").bind(cursor.id).push(")");
    }
    sql.push(") n JOIN role_assignments g ON g.id = n.id").push(JOINS).push(" WHERE n.place <= ");
    sql.bind(i64::try_from(window.size + 1).unwrap_or(i64::MAX)).push(" ORDER BY n.place, g.id");
    let mut rows: HashMap<UserId, Vec<ScopeRow>> = HashMap::new();
    for Grouped { row, scope_key, place } in sql.all::<Grouped>(db).await? {
        let scopes = rows.entry(row.user_id).or_default();
        if usize::try_from(place).is_ok_and(|place| place > scopes.len()) {
            let id = row.account_id.map_or(row.organization_id.0, |id| id.0);
            let cursor = Cursor { key: Some(scope_key), id };
            scopes.push(ScopeRow { assignments: vec![row], cursor });
        } else if let Some(scope) = scopes.last_mut() {
            scope.assignments.push(row);
        }
    }

    let mut totals: HashMap<UserId, i64> = HashMap::new();
    if window.total {
        let mut sql = Sql::new(
            "SELECT g.user_id, COUNT(DISTINCT g.scope_id) AS scopes FROM role_assignments g WHERE ",
        );
        sql.append(&of_users).push(" GROUP BY g.user_id");
        let counted: Vec<Scopes> = sql.all(db).await?;
        totals = counted.iter().map(|row| (row.user_id, row.scopes)).collect();
    }
    let page = |user_id: &UserId| {
        let total = window.total.then(|| totals.get(user_id).copied().unwrap_or_default());
        (*user_id, Page::cut(rows.remove(user_id).unwrap_or_default(), window, total))
    };
    Ok(user_ids.iter().map(page).collect())
}
