//! Role assignments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::account::Status;
use entity::id::{AccountId, AssignmentId, BillingGroupId, OrganizationId, RoleId, UserId};
use entity::role_assignment;
use sea_orm::entity::prelude::Uuid;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::page::{Order, Page, Window};
use super::sql::{Sql, rows_per_statement};
use crate::access::viewer::Listing;
use crate::access::{Grant, Role};

/// What the API shows of an assignment.
#[derive(Clone, Debug, FromQueryResult)]
pub struct AssignmentRow {
    /// The id.
    pub id: AssignmentId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub organization_name: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The role.
    pub role_id: RoleId,
    /// The role's key, where it is a custom one.
    pub custom_role_key: Option<String>,
    /// The account; none at the organization.
    pub account_id: Option<AccountId>,
    /// The account's name.
    pub account_name: Option<String>,
    /// The account's status.
    pub account_status: Option<Status>,
    /// The account above the account.
    pub parent_id: Option<AccountId>,
    /// The name of the account above.
    pub parent_name: Option<String>,
    /// The resource.
    pub billing_group_id: Option<BillingGroupId>,
    /// The resource's name.
    pub billing_group_name: Option<String>,
    /// Set on an owner's assignment.
    pub owned_scope_id: Option<Uuid>,
    /// Until when it grants.
    pub valid_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

pub(super) const COLUMNS: &str =
    "g.id, g.organization_id, o.name AS organization_name, g.user_id, g.role_id,
    c.key AS custom_role_key, g.account_id, a.name AS account_name, a.status AS account_status,
    a.parent_id, p.name AS parent_name, g.billing_group_id, b.name AS billing_group_name,
    g.owned_scope_id, g.valid_until, g.created_at";

pub(super) const JOINS: &str = " JOIN organizations o ON o.id = g.organization_id
    LEFT JOIN roles c ON c.id = g.role_id AND c.organization_id = g.organization_id
    LEFT JOIN accounts a ON a.id = g.account_id
    LEFT JOIN accounts p ON p.id = a.parent_id
    LEFT JOIN billing_groups b ON b.id = g.billing_group_id";

/// The beginning of every statement that reads assignments whole.
pub(super) fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM role_assignments g").push(JOINS).push(" WHERE ");
    sql
}

/// The condition that an assignment `g` is one that a listing shows.
#[must_use]
pub fn visible(listing: &Listing) -> Sql {
    let mut sql = Sql::default();
    match listing {
        Listing::Everyone => drop(sql.push("1 = 1")),
        Listing::Accounts(accounts) => {
            // Two lookups; an OR of both would be none.
            sql.push("g.account_id IN (SELECT v.id FROM accounts v WHERE v.id IN ");
            sql.list(accounts.iter().copied());
            sql.push(" UNION ALL SELECT v.id FROM accounts v WHERE v.parent_id IN ");
            sql.list(accounts.iter().copied()).push(")");
        }
    }
    sql
}

/// Gives users roles; those that stand already stay as they are (R15). The ids of the new ones. One
/// statement, or several where there is more than one takes.
pub async fn insert(
    db: &impl ConnectionTrait,
    rows: &[(AssignmentId, UserId, &Grant)],
    now: DateTime<Utc>,
) -> Result<Vec<AssignmentId>, DbErr> {
    let mut added = Vec::with_capacity(rows.len());
    for piece in rows.chunks(rows_per_statement(db)) {
        added.extend(insert_piece(db, piece, now).await?);
    }
    Ok(added)
}

async fn insert_piece(
    db: &impl ConnectionTrait,
    rows: &[(AssignmentId, UserId, &Grant)],
    now: DateTime<Utc>,
) -> Result<Vec<AssignmentId>, DbErr> {
    let mut sql = Sql::new(
        "INSERT INTO role_assignments (id, organization_id, user_id, role_id, scope_id, account_id,
            billing_group_id, valid_until, granted_by, created_at) VALUES ",
    );
    for (index, (id, user_id, grant)) in rows.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" }).bind(*id);
        sql.push(", ").bind(grant.place().organization_id).push(", ").bind(*user_id);
        sql.push(", ").bind(grant.role().id).push(", ").bind(grant.place().scope_id());
        sql.push(", ").bind(grant.place().account_id()).push(", ").bind(grant.resource());
        sql.push(", ").bind(grant.valid_until()).push(", ").bind(grant.granted_by());
        sql.push(", ").bind(now).push(")");
    }
    sql.push(" ON CONFLICT DO NOTHING RETURNING id");
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Makes a user the owner of what they create (R22): of an account, or of the organization.
pub async fn insert_owner(
    db: &impl ConnectionTrait,
    id: AssignmentId,
    organization_id: OrganizationId,
    account_id: Option<AccountId>,
    user_id: UserId,
    role: &Role,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let scope_id = account_id.map_or(organization_id.0, |id| id.0);
    let row = role_assignment::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        user_id: Set(user_id),
        role_id: Set(role.id),
        scope_id: Set(scope_id),
        account_id: Set(account_id),
        billing_group_id: Set(None),
        owned_scope_id: Set(Some(scope_id)),
        valid_until: Set(None),
        granted_by: Set(None),
        created_at: Set(now),
    };
    role_assignment::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The standing assignments of a user that these grants name, in the grants' order.
pub async fn standing(
    db: &impl ConnectionTrait,
    user_id: UserId,
    grants: &[Grant],
) -> Result<Vec<AssignmentRow>, DbErr> {
    let scopes = grants.iter().map(|grant| grant.place().scope_id());
    let roles = grants.iter().map(|grant| grant.role().id);
    let mut sql = select();
    sql.push("g.user_id = ").bind(user_id);
    sql.push(" AND g.scope_id IN ").list(scopes).push(" AND g.role_id IN ").list(roles);
    let rows: Vec<AssignmentRow> = sql.all(db).await?;
    let named = |grant: &Grant| {
        rows.iter().find(|row| {
            row.role_id == grant.role().id
                && row.account_id == grant.place().account_id()
                && row.organization_id == grant.place().organization_id
                && row.billing_group_id == grant.resource()
        })
    };
    let mut found: Vec<AssignmentRow> = Vec::with_capacity(grants.len());
    for row in grants.iter().filter_map(named) {
        if found.iter().all(|earlier| earlier.id != row.id) {
            found.push(row.clone());
        }
    }
    Ok(found)
}

/// The assignments of these ids, whoever they belong to: the caller decides who may touch them.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: &[AssignmentId],
) -> Result<Vec<AssignmentRow>, DbErr> {
    let mut sql = select();
    sql.push("g.id IN ").list(ids.iter().copied());
    sql.push(" ORDER BY g.id");
    sql.all(db).await
}

/// A user's assignments at exactly one scope (R33).
pub async fn at_scope(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    scope_id: Uuid,
) -> Result<Vec<AssignmentRow>, DbErr> {
    let mut sql = select();
    sql.push("g.organization_id = ").bind(organization_id);
    sql.push(" AND g.user_id = ").bind(user_id).push(" AND g.scope_id = ").bind(scope_id);
    sql.push(" ORDER BY g.id");
    sql.all(db).await
}

/// Deletes assignments, but never an owner's; the ids of those that were there.
pub async fn delete(
    db: &impl ConnectionTrait,
    ids: &[AssignmentId],
) -> Result<Vec<AssignmentId>, DbErr> {
    let mut gone = Vec::with_capacity(ids.len());
    for piece in ids.chunks(rows_per_statement(db)) {
        let mut sql =
            Sql::new("DELETE FROM role_assignments WHERE owned_scope_id IS NULL AND id IN ");
        sql.list(piece.iter().copied()).push(" RETURNING id");
        for row in db.query_all_raw(sql.statement(db)).await? {
            gone.push(row.try_get("", "id")?);
        }
    }
    Ok(gone)
}

/// An assignment as the rules on adding more need it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct HeldRow {
    /// The assignment.
    pub id: AssignmentId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Whose.
    pub user_id: UserId,
    /// The role.
    pub role_id: RoleId,
    /// The role's key, where it is a custom one.
    pub custom_role_key: Option<String>,
    /// The scope.
    pub scope_id: Uuid,
    /// The account; none at the organization.
    pub account_id: Option<AccountId>,
    /// The resource.
    pub billing_group_id: Option<BillingGroupId>,
    /// Set on an owner's assignment.
    pub owned_scope_id: Option<Uuid>,
    /// Until when it grants.
    pub valid_until: Option<DateTime<Utc>>,
}

/// The beginning of every statement that reads [`HeldRow`]s.
pub(super) const HELD: &str = "SELECT g.id, g.organization_id, g.user_id, g.role_id,
        c.key AS custom_role_key, g.scope_id, g.account_id, g.billing_group_id, g.owned_scope_id,
        g.valid_until
    FROM role_assignments g
    LEFT JOIN roles c ON c.id = g.role_id AND c.organization_id = g.organization_id
    WHERE ";

/// All that these users hold in an organization.
pub async fn held(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_ids: &[UserId],
) -> Result<Vec<HeldRow>, DbErr> {
    let mut sql = Sql::new(HELD);
    sql.push("g.organization_id = ");
    sql.bind(organization_id).push(" AND g.user_id IN ").list(user_ids.iter().copied());
    sql.all(db).await
}

/// How many assignments a user has in a listing.
#[derive(FromQueryResult)]
struct Held {
    user_id: UserId,
    held: i64,
}

/// The order of assignments in listings: as they were made.
pub const BY_TIME: Order =
    Order { column: None, id: "g.id", descending: false, value: super::page::text_value };

/// The same window of each of several users' assignments in an organization, in one statement (two
/// when totals are asked for). The viewer's own are in every listing.
pub async fn pages_of_users(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_ids: &[UserId],
    listing: &Listing,
    viewer_id: UserId,
    window: &Window,
) -> Result<HashMap<UserId, Page<AssignmentRow>>, DbErr> {
    let mut of_users = Sql::new("g.organization_id = ");
    of_users.bind(organization_id).push(" AND g.user_id IN ").list(user_ids.iter().copied());
    if *listing != Listing::Everyone {
        of_users.push(" AND (").append(&visible(listing));
        of_users.push(" OR g.user_id = ").bind(viewer_id).push(")");
    }

    let direction = if window.backward { "DESC" } else { "ASC" };
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(&format!(
        " FROM (SELECT g.id, ROW_NUMBER() OVER (PARTITION BY g.user_id ORDER BY g.id {direction})
            AS place FROM role_assignments g WHERE "
    ));
    sql.append(&of_users);
    if let Some(after) = &window.after {
        sql.push(" AND g.id > ").bind(after.id);
    }
    if let Some(before) = &window.before {
        sql.push(" AND g.id < ").bind(before.id);
    }
    sql.push(") n JOIN role_assignments g ON g.id = n.id").push(JOINS).push(" WHERE n.place <= ");
    sql.bind(i64::try_from(window.size + 1).unwrap_or(i64::MAX)).push(" ORDER BY n.place");
    let mut rows: HashMap<UserId, Vec<AssignmentRow>> = HashMap::new();
    for row in sql.all::<AssignmentRow>(db).await? {
        rows.entry(row.user_id).or_default().push(row);
    }

    let mut totals: HashMap<UserId, i64> = HashMap::new();
    if window.total {
        let mut sql = Sql::new("SELECT g.user_id, COUNT(*) AS held FROM role_assignments g WHERE ");
        sql.append(&of_users).push(" GROUP BY g.user_id");
        totals = sql.all::<Held>(db).await?.iter().map(|held| (held.user_id, held.held)).collect();
    }
    let page = |user_id: &UserId| {
        let total = window.total.then(|| totals.get(user_id).copied().unwrap_or_default());
        (*user_id, Page::cut(rows.remove(user_id).unwrap_or_default(), window, total))
    };
    Ok(user_ids.iter().map(page).collect())
}
