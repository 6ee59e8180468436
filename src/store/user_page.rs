//! The users of an organization, as an administrator lists them (R30).

use entity::id::{AccountId, OrganizationId, RoleId, UserId};
use entity::membership::Status;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::assignment::visible;
use super::page::{Cursor, Order, Page, Window, text_value, time_value};
use super::sql::{Sql, contains};
use super::user::{COLUMNS, UserRow};
use crate::access::viewer::Listing;

/// What users are searched by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Found in name, email or scope name, or the user's whole id.
    pub query: Option<String>,
    /// Holds this role (at each account asked for, if any is).
    pub role_id: Option<RoleId>,
    /// Has an assignment at each of these accounts.
    pub account_ids: Vec<AccountId>,
    /// The membership's status.
    pub status: Option<Status>,
    /// Only these users.
    pub ids: Option<Vec<UserId>>,
}

/// What users are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// The name.
    #[default]
    Name,
    /// The address.
    Email,
    /// The last sign-in; those who never did come last.
    LastSignIn,
}

/// A user with their membership.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MemberRow {
    /// The user.
    #[sea_orm(nested)]
    pub user: UserRow,
    /// The membership's status.
    pub membership_status: Status,
}

impl Field {
    /// The order by this field.
    #[must_use]
    pub fn order(self, descending: bool) -> Order {
        let (column, nullable, value): (_, _, fn(&str) -> Option<sea_orm::Value>) = match self {
            Self::Name => ("u.name_key", false, text_value),
            Self::Email => ("u.email_key", false, text_value),
            Self::LastSignIn => ("u.last_sign_in_at", true, time_value),
        };
        Order { column: Some(column), nullable, id: "u.id", descending, value }
    }

    /// The position of a row in this order.
    #[must_use]
    pub fn cursor(self, row: &UserRow) -> Cursor {
        let key = match self {
            Self::Name => Some(row.name_key.clone()),
            Self::Email => Some(row.email_key.clone()),
            Self::LastSignIn => row.last_sign_in_at.map(|at| at.timestamp_micros().to_string()),
        };
        Cursor { key, id: row.id.0 }
    }
}

#[derive(FromQueryResult)]
struct Counted {
    #[sea_orm(nested)]
    row: MemberRow,
    total: Option<i64>,
}

/// One page of an organization's users, the total in the same statement.
pub async fn page(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    listing: &Listing,
    filter: &Filter,
    order: &Order,
    window: &Window,
) -> Result<Page<MemberRow>, DbErr> {
    let conditions = conditions(organization_id, listing, filter);
    let mut count =
        Sql::new("SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE ");
    count.append(&conditions);

    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(", m.status AS membership_status, ");
    if window.total {
        sql.push("(").append(&count).push(")");
    } else {
        sql.push("CAST(NULL AS bigint)");
    }
    sql.push(" AS total FROM memberships m JOIN users u ON u.id = m.user_id WHERE ");
    sql.append(&conditions);
    order.apply(&mut sql, window);
    let rows: Vec<Counted> = sql.all(db).await?;
    let total = match rows.first() {
        Some(row) => row.total,
        // An empty page behind a cursor: the total has no row to ride on.
        None if window.total => Some(count.count(db).await?),
        None => None,
    };
    Ok(Page::cut(rows.into_iter().map(|counted| counted.row).collect(), window, total))
}

fn conditions(organization_id: OrganizationId, listing: &Listing, filter: &Filter) -> Sql {
    let mut sql = Sql::new("m.organization_id = ");
    sql.bind(organization_id);
    if *listing != Listing::Everyone {
        sql.append(&holds(listing, &Sql::new("1 = 1")));
    }
    if let Some(status) = filter.status {
        sql.push(" AND m.status = ").bind(status);
    }
    if let Some(ids) = &filter.ids {
        sql.push(" AND u.id IN ").list(ids.iter().copied());
    }
    // One assignment has to meet both: "who is Developer in this account".
    let mut role = Sql::new("1 = 1");
    if let Some(role_id) = filter.role_id {
        role.push(" AND g.role_id = ").bind(role_id);
        if filter.account_ids.is_empty() {
            sql.append(&holds(listing, &role));
        }
    }
    for account_id in &filter.account_ids {
        let mut asked = role.clone();
        asked.push(" AND g.account_id = ").bind(*account_id);
        sql.append(&holds(listing, &asked));
    }
    if let Some(query) = &filter.query {
        let pattern = contains(&crate::text::key(query));
        let in_address = contains(&crate::text::address_key(query));
        sql.push(" AND (u.name_key LIKE ").bind(pattern.clone()).push(" ESCAPE '\\'");
        sql.push(" OR u.email_key LIKE ").bind(in_address).push(" ESCAPE '\\'");
        if let Ok(id) = query.parse::<UserId>() {
            sql.push(" OR u.id = ").bind(id);
        }
        // Scope names only of scopes that the viewer administers.
        let mut named =
            Sql::new("g.scope_id IN (SELECT s.id FROM accounts s WHERE s.organization_id = ");
        named.bind(organization_id).push(" AND s.name_key LIKE ").bind(pattern.clone());
        named.push(" ESCAPE '\\' UNION ALL SELECT s.id FROM organizations s WHERE s.id = ");
        named.bind(organization_id).push(" AND s.name_key LIKE ").bind(pattern);
        named.push(" ESCAPE '\\')");
        sql.push(" OR (1 = 1").append(&holds(listing, &named)).push("))");
    }
    sql
}

/// `AND` the user `m` holds a visible assignment `g` of which something is true.
fn holds(listing: &Listing, condition: &Sql) -> Sql {
    let mut sql = Sql::new(
        " AND EXISTS (SELECT 1 FROM role_assignments g
            WHERE g.organization_id = m.organization_id AND g.user_id = m.user_id AND ",
    );
    sql.append(&visible(listing)).push(" AND ").append(condition).push(")");
    sql
}
