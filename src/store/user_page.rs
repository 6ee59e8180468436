//! The users of an organization, as an administrator lists them (R30).
//!
//! A page costs the same in a large organization as in a small one: it is a range of an index that leads
//! with the organization and goes on in the list's order (memberships carry their users' sort keys).
//! Conditions on what else a user has come in two kinds. Those that few users meet are best looked up
//! first, and the users found are sorted; those that many meet are best tried on one user after the other,
//! in order, until the page is full. Which kind a search or a listing is, the statement finds out itself:
//! it looks up the first [`FEW`] and, if there are more, takes the other branch.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, RoleId, UserId};
use entity::membership::Status;
use sea_orm::{DbBackend, FromQueryResult};

use super::list::List;
use super::page::{Cursor, Order, Window, text_value, time_value};
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
    /// Whether only service users, or only people.
    pub service: Option<bool>,
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

/// So many users are looked up and sorted; beyond that, users are tried in the list's order.
const FEW: i64 = 2_000;

/// A user with their membership.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MemberRow {
    /// The user.
    #[sea_orm(nested)]
    pub user: UserRow,
    /// The membership's status.
    pub membership_status: Status,
    /// The sort keys that the membership carries.
    pub sort_name: String,
    /// The address.
    pub sort_email: String,
    /// The last sign-in, or the end of time.
    pub sort_sign_in: DateTime<Utc>,
}

impl Field {
    /// The order by this field.
    #[must_use]
    pub fn order(self, descending: bool) -> Order {
        let (column, value): (_, fn(&str) -> Option<sea_orm::Value>) = match self {
            Self::Name => ("m.name_key", text_value),
            Self::Email => ("m.email_key", text_value),
            Self::LastSignIn => ("m.last_sign_in_key", time_value),
        };
        Order { column: Some(column), id: "m.user_id", descending, value }
    }

    /// The position of a row in this order.
    #[must_use]
    pub fn cursor(self, row: &MemberRow) -> Cursor {
        let key = match self {
            Self::Name => row.sort_name.clone(),
            Self::Email => row.sort_email.clone(),
            Self::LastSignIn => row.sort_sign_in.timestamp_micros().to_string(),
        };
        Cursor { key: Some(key), id: row.user.id.0 }
    }
}

/// One window of an organization's users.
#[must_use]
pub fn list(
    backend: DbBackend,
    organization_id: OrganizationId,
    listing: &Listing,
    filter: &Filter,
    order: &Order,
    window: Window,
) -> List<MemberRow> {
    let postgres = backend == DbBackend::Postgres;
    let question = Question { organization_id, listing, filter, postgres };
    let mut count = question.sets();
    count.push("SELECT COUNT(*) FROM (SELECT 1 FROM memberships m WHERE ");
    // The order keeps the planner on an index where it might rather read the whole table.
    count.append(&question.conditions(Way::All, Way::All));
    count.push(" ORDER BY m.organization_id, m.user_id) counted");

    let mut sql = question.sets();
    sql.push("SELECT ").push(COLUMNS).push(
        ", m.status AS membership_status, m.name_key AS sort_name, m.email_key AS sort_email,
        m.last_sign_in_key AS sort_sign_in FROM (",
    );
    for (index, (seen, found)) in question.branches().into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT * FROM (SELECT m.user_id, m.status, m.name_key, m.email_key, ");
        sql.push("m.last_sign_in_key FROM memberships m WHERE ");
        sql.append(&question.conditions(seen, found));
        order.apply(&mut sql, &window);
        sql.push(&format!(") branch_{index}"));
    }
    sql.push(") m JOIN users u ON u.id = m.user_id ");
    order.finish(&mut sql, &window);
    List::new(sql, count, window)
}

/// How a set of users is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By those that were looked up; there are few.
    LookedUp,
    /// By trying each; there are many.
    Tried,
    /// By looking all of them up, because all are counted.
    All,
}

/// Who is asked for.
struct Question<'a> {
    organization_id: OrganizationId,
    listing: &'a Listing,
    filter: &'a Filter,
    postgres: bool,
}

impl Question<'_> {
    /// Whether the viewer sees only those with an assignment in certain accounts.
    fn partial(&self) -> bool {
        *self.listing != Listing::Everyone
    }

    /// Whether each user is tested for being one of those. Where accounts are asked for that the viewer
    /// administers, all that have an assignment there are.
    fn tested(&self) -> bool {
        self.partial() && self.filter.account_ids.is_empty()
    }

    /// The branches of the statement, by how the users that are seen at all and those that a search
    /// finds by their scopes are met. At run time all but one are empty.
    fn branches(&self) -> Vec<(Way, Way)> {
        let ways =
            |asked: bool| if asked { vec![Way::LookedUp, Way::Tried] } else { vec![Way::All] };
        let found = ways(self.filter.query.is_some());
        ways(self.tested())
            .into_iter()
            .flat_map(|seen| found.iter().map(move |found| (seen, *found)))
            .collect()
    }

    /// `WITH` the sets that the conditions are about.
    fn sets(&self) -> Sql {
        let mut sql = Sql::default();
        if let Listing::Accounts(accounts) = self.listing {
            sql.push(
                "WITH seen_scopes AS MATERIALIZED (SELECT v.id FROM accounts v WHERE v.id IN ",
            );
            sql.list(accounts.iter().copied());
            sql.push(" UNION SELECT v.id FROM accounts v WHERE v.parent_id IN ");
            sql.list(accounts.iter().copied()).push(") ");
            if self.tested() {
                sql.push(", seen AS MATERIALIZED (").append(&self.holders("seen_scopes"));
                sql.push(&format!(" LIMIT {}) ", FEW + 1));
            }
        }
        if let Some(query) = &self.filter.query {
            let pattern = contains(&crate::text::key(query));
            sql.push(if self.partial() { ", " } else { "WITH " });
            sql.push("found_scopes AS MATERIALIZED (SELECT s.id FROM accounts s WHERE ");
            sql.push("s.organization_id = ").bind(self.organization_id);
            sql.push(" AND s.name_key LIKE ").bind(pattern.clone()).push(" ESCAPE '\\'");
            if self.partial() {
                // Scope names only of scopes that the viewer administers.
                sql.push(" AND s.id IN (SELECT id FROM seen_scopes)");
            } else {
                sql.push(" UNION ALL SELECT s.id FROM organizations s WHERE s.id = ");
                sql.bind(self.organization_id).push(" AND s.name_key LIKE ").bind(pattern);
                sql.push(" ESCAPE '\\'");
            }
            sql.push("), found AS MATERIALIZED (").append(&self.holders("found_scopes"));
            sql.push(&format!(" LIMIT {}) ", FEW + 1));
        }
        sql
    }

    /// The users with an assignment in a set of scopes.
    fn holders(&self, scopes: &str) -> Sql {
        let mut sql = Sql::new("SELECT g.user_id FROM ");
        sql.push(scopes).push(" s JOIN role_assignments g ON g.scope_id = s.id");
        sql.push(" AND g.organization_id = ").bind(self.organization_id);
        sql
    }

    /// The condition that a user `m` is one of a set: a table `few` of the first of them, or else the
    /// holders of roles in a table of scopes.
    fn one_of(&self, few: &str, scopes: &str, way: Way) -> Sql {
        let set = match way {
            Way::LookedUp => Sql::new(&format!("SELECT user_id FROM {few}")),
            Way::All => self.holders(scopes),
            Way::Tried => {
                // With an offset, PostgreSQL does not look all of them up after all.
                let condition = format!("g.scope_id IN (SELECT id FROM {scopes}) LIMIT 1 OFFSET 0");
                return self.holds(&Sql::new(&condition));
            }
        };
        let mut sql = Sql::new("m.user_id ");
        // An array is looked up in an index also where other conditions would do as well (OR).
        let array = self.postgres && few == "found" && way == Way::LookedUp;
        sql.push(if array { "= ANY (ARRAY(" } else { "IN (" }).append(&set);
        sql.push(if array { "))" } else { ")" });
        sql
    }

    /// The condition that a user `m` holds an assignment `g` of which something is true.
    fn holds(&self, condition: &Sql) -> Sql {
        let mut sql =
            Sql::new("EXISTS (SELECT 1 FROM role_assignments g WHERE g.organization_id = ");
        sql.bind(self.organization_id).push(" AND g.user_id = m.user_id AND ");
        sql.append(condition).push(")");
        sql
    }

    /// What a user `m` has to meet.
    fn conditions(&self, seen: Way, found: Way) -> Sql {
        let Self { organization_id, filter, .. } = self;
        let mut sql = Sql::new("m.organization_id = ");
        sql.bind(*organization_id);
        if self.tested() {
            chosen(&mut sql, "seen", seen);
            sql.push(" AND ").append(&self.one_of("seen", "seen_scopes", seen));
        }
        if let Some(status) = filter.status {
            sql.push(" AND m.status = ").bind(status);
        }
        if let Some(service) = filter.service {
            sql.push(if service { " AND m.user_id IN " } else { " AND m.user_id NOT IN " });
            sql.push("(SELECT s.id FROM users s WHERE s.service_of = ").bind(*organization_id);
            sql.push(")");
        }
        if let Some(ids) = &filter.ids {
            sql.push(" AND m.user_id IN ").list(ids.iter().copied());
        }
        // One visible assignment has to meet both: "who is Developer in this account".
        let mut held = Sql::new(if self.tested() {
            "g.scope_id IN (SELECT id FROM seen_scopes)"
        } else {
            "1 = 1"
        });
        if let Some(role_id) = filter.role_id {
            held.push(" AND g.role_id = ").bind(role_id);
            if filter.account_ids.is_empty() {
                sql.push(" AND ").append(&self.holds(&held));
            }
        }
        for account_id in &filter.account_ids {
            if self.partial() {
                sql.push(" AND EXISTS (SELECT 1 FROM seen_scopes WHERE id = ").bind(*account_id);
                sql.push(")");
            }
            let mut there = held.clone();
            there.push(" AND g.scope_id = ").bind(*account_id);
            sql.push(" AND ").append(&self.holds(&there));
        }
        if let Some(query) = &filter.query {
            chosen(&mut sql, "found", found);
            let pattern = contains(&crate::text::key(query));
            let in_address = contains(&crate::text::address_key(query));
            sql.push(" AND (m.name_key LIKE ").bind(pattern).push(" ESCAPE '\\'");
            sql.push(" OR m.email_key LIKE ").bind(in_address).push(" ESCAPE '\\'");
            if let Ok(id) = query.parse::<UserId>() {
                sql.push(" OR m.user_id = ").bind(id);
            }
            sql.push(" OR ").append(&self.one_of("found", "found_scopes", found)).push(")");
        }
        sql
    }
}

/// `AND` this branch is the one for what was looked up.
fn chosen(sql: &mut Sql, few: &str, way: Way) {
    match way {
        Way::LookedUp => sql.push(&format!(" AND (SELECT COUNT(*) FROM {few}) <= {FEW}")),
        Way::Tried => sql.push(&format!(" AND (SELECT COUNT(*) FROM {few}) > {FEW}")),
        Way::All => sql,
    };
}
