//! Billing groups and the accounts that are linked to them.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use entity::billing_group;
use entity::id::{AccountId, BillingGroupId, InvitationId, OrganizationId, UserId};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, TryGetable,
};

use super::account::AccountRow;
use super::assignment::AssignmentRow;
use super::page::{Cursor, Order, Page, Window, text_value};
use super::sql::Sql;
use crate::access::Place;

/// What the API shows of a billing group.
#[derive(Clone, Debug, FromQueryResult)]
pub struct BillingGroupRow {
    /// The id.
    pub id: BillingGroupId,
    /// The name.
    pub name: String,
    /// The name's sort key.
    pub name_key: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Its organization's name.
    pub organization_name: String,
}

impl BillingGroupRow {
    /// The billing group as a place to decide about.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { billing_group: Some(self.id), ..Place::organization(self.organization_id) }
    }

    /// Its position in listings.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: Some(self.name_key.clone()), id: self.id.0 }
    }
}

/// Makes a billing group.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
    organization_id: OrganizationId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = billing_group::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        name: Set(name.to_owned()),
        name_key: Set(crate::text::key(name)),
        created_at: Set(now),
        updated_at: Set(now),
    };
    billing_group::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The billing groups of these ids, whoever they belong to: the caller decides who sees them.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: &[BillingGroupId],
) -> Result<Vec<BillingGroupRow>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT b.id, b.name, b.name_key, b.created_at, b.organization_id,
            o.name AS organization_name
        FROM billing_groups b JOIN organizations o ON o.id = b.organization_id WHERE b.id IN ",
    );
    sql.list(ids.iter().copied());
    sql.all(db).await
}

/// The billing group with this id.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
) -> Result<Option<BillingGroupRow>, DbErr> {
    Ok(rows(db, &[id]).await?.pop())
}

/// Gives a billing group another name; tells whether it is there.
pub async fn rename(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE billing_groups SET name = ");
    sql.bind(name).push(", name_key = ").bind(crate::text::key(name));
    sql.push(", updated_at = ").bind(now).push(" WHERE id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// Keeps billing groups of an organization from going until the transaction ends; those that are
/// there.
pub async fn lock_to_assign(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[BillingGroupId],
) -> Result<Vec<BillingGroupId>, DbErr> {
    locked(db, organization_id, ids, " FOR KEY SHARE").await
}

/// Keeps a billing group from being assigned and linked until the transaction ends; tells whether it
/// is there.
pub async fn lock_to_delete(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: BillingGroupId,
) -> Result<bool, DbErr> {
    Ok(!locked(db, organization_id, &[id], " FOR UPDATE").await?.is_empty())
}

async fn locked(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[BillingGroupId],
    how: &str,
) -> Result<Vec<BillingGroupId>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT id FROM billing_groups WHERE organization_id = ");
    sql.bind(organization_id).push(" AND id IN ").list(ids.iter().copied()).push(" ORDER BY id");
    // A write transaction of SQLite has the whole database to itself already.
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(how);
    }
    ids_of(db, sql, "id").await
}

async fn ids_of<T: TryGetable>(
    db: &impl ConnectionTrait,
    sql: Sql,
    column: &str,
) -> Result<Vec<T>, DbErr> {
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", column)).collect()
}

/// Deletes a billing group; what was assigned, promised and linked goes with it.
pub async fn delete(db: &impl ConnectionTrait, id: BillingGroupId) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM billing_groups WHERE id = ");
    sql.bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// Links accounts of the same organization; those that were not linked before.
pub async fn link(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: BillingGroupId,
    accounts: &[AccountId],
    now: DateTime<Utc>,
) -> Result<Vec<AccountId>, DbErr> {
    let mut sql = Sql::new(
        "INSERT INTO billing_group_accounts
            (billing_group_id, account_id, organization_id, created_at) VALUES ",
    );
    for (index, account_id) in accounts.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" }).bind(id).push(", ").bind(*account_id);
        sql.push(", ").bind(organization_id).push(", ").bind(now).push(")");
    }
    sql.push(" ON CONFLICT DO NOTHING RETURNING account_id");
    ids_of(db, sql, "account_id").await
}

/// Unlinks accounts; those that were linked.
pub async fn unlink(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>, DbErr> {
    let mut sql = Sql::new("DELETE FROM billing_group_accounts WHERE billing_group_id = ");
    sql.bind(id).push(" AND account_id IN ").list(accounts.iter().copied());
    sql.push(" RETURNING account_id");
    ids_of(db, sql, "account_id").await
}

/// How many accounts are linked.
pub async fn count_accounts(db: &impl ConnectionTrait, id: BillingGroupId) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM billing_group_accounts WHERE billing_group_id = ");
    sql.bind(id);
    sql.count(db).await
}

/// The assignments about a billing group.
pub async fn assignments(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
) -> Result<Vec<AssignmentRow>, DbErr> {
    let mut sql = super::assignment::select();
    sql.push("g.billing_group_id = ").bind(id).push(" ORDER BY g.id");
    sql.all(db).await
}

/// The pending invitations that promise a role about a billing group.
pub async fn invitations(
    db: &impl ConnectionTrait,
    id: BillingGroupId,
    now: DateTime<Utc>,
) -> Result<Vec<InvitationId>, DbErr> {
    let mut sql = Sql::new(
        "SELECT DISTINCT i.id FROM invitation_grants g JOIN invitations i ON i.id = g.invitation_id
        WHERE i.status = 'PENDING' AND i.expires_at > ",
    );
    sql.bind(now).push(" AND g.billing_group_id = ").bind(id);
    ids_of(db, sql, "id").await
}

/// An invitation that was ended because nothing is left of what it promised.
#[derive(Clone, Debug, FromQueryResult)]
pub struct EmptiedRow {
    /// The invitation.
    pub id: InvitationId,
    /// The address that it was for.
    pub email: String,
}

/// Revokes those of these pending invitations that promise nothing any more.
pub async fn revoke_emptied(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[InvitationId],
    by: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<EmptiedRow>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("UPDATE invitations SET status = 'REVOKED', ended_at = ");
    sql.bind(now).push(", ended_by = ").bind(by).push(", updated_at = ").bind(now);
    sql.push(" WHERE status = 'PENDING' AND organization_id = ").bind(organization_id);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = invitations.id)");
    sql.push(" AND id IN ").list(ids.iter().copied()).push(" RETURNING id, email");
    sql.all(db).await
}

/// The order of billing groups in listings.
const BY_NAME: Order =
    Order { column: Some("b.name_key"), id: "b.id", descending: false, value: text_value };

/// Which billing groups of an organization a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All.
    All,
    /// These.
    Only(Vec<BillingGroupId>),
}

/// The same window of the billing groups of each of several organizations, by name.
pub async fn pages(
    db: &impl ConnectionTrait,
    organizations: &[(OrganizationId, Seen)],
    window: &Window,
) -> Result<HashMap<OrganizationId, Page<BillingGroupRow>>, DbErr> {
    let whole = organizations.iter().filter(|(_, seen)| *seen == Seen::All).map(|(id, _)| *id);
    let single = organizations.iter().flat_map(|(_, seen)| match seen {
        Seen::All => Vec::new(),
        Seen::Only(ids) => ids.clone(),
    });
    let mut from = Sql::new("FROM billing_groups b WHERE b.organization_id IN ");
    from.list(organizations.iter().map(|(id, _)| *id)).push(" AND (b.organization_id IN ");
    from.list(whole).push(" OR b.id IN ").list(single).push(")");
    let (listed, totals) = listed(db, "b.organization_id", &BY_NAME, &from, window).await?;
    let ids: Vec<BillingGroupId> = listed.iter().map(|(_, id)| *id).collect();
    let rows = rows(db, &ids).await?;
    let lists = organizations.iter().map(|(id, _)| *id);
    Ok(cut(lists, &listed, totals.as_ref(), window, |id| {
        rows.iter().find(|row| row.id == id).cloned()
    }))
}

/// The order of linked accounts in listings.
const ACCOUNTS_BY_NAME: Order = super::account::BY_NAME;

/// The same window of the accounts that are linked to each of several billing groups, by name.
pub async fn account_pages(
    db: &impl ConnectionTrait,
    ids: &[BillingGroupId],
    window: &Window,
) -> Result<HashMap<BillingGroupId, Page<AccountRow>>, DbErr> {
    let mut from = Sql::new(
        "FROM billing_group_accounts l JOIN accounts a ON a.id = l.account_id
        WHERE l.billing_group_id IN ",
    );
    from.list(ids.iter().copied());
    let (listed, totals) =
        listed(db, "l.billing_group_id", &ACCOUNTS_BY_NAME, &from, window).await?;
    let mut accounts: Vec<AccountId> = listed.iter().map(|(_, id)| *id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let rows =
        if accounts.is_empty() { Vec::new() } else { super::account::rows(db, &accounts).await? };
    let lists = ids.iter().copied();
    Ok(cut(lists, &listed, totals.as_ref(), window, |id| {
        rows.iter().find(|row| row.id == id).cloned()
    }))
}

type Totals<L> = Option<HashMap<L, i64>>;

/// Which rows are in the window of each list, and how many each list has, where that is asked for.
async fn listed<L: TryGetable + Eq + Hash, I: TryGetable>(
    db: &impl ConnectionTrait,
    list: &str,
    order: &Order,
    from: &Sql,
    window: &Window,
) -> Result<(Vec<(L, I)>, Totals<L>), DbErr> {
    let statement = order.of_each(list, from, window).statement(db);
    let rows = db.query_all_raw(statement).await?;
    let listed = rows.iter().map(|row| Ok((row.try_get("", "list")?, row.try_get("", "id")?)));
    let listed = listed.collect::<Result<Vec<(L, I)>, DbErr>>()?;
    if !window.total {
        return Ok((listed, None));
    }
    let mut sql = Sql::new(&format!("SELECT {list} AS list, COUNT(*) AS total "));
    sql.append(from).push(&format!(" GROUP BY {list}"));
    let statement = sql.statement(db);
    let rows = db.query_all_raw(statement).await?;
    let totals = rows.iter().map(|row| Ok((row.try_get("", "list")?, row.try_get("", "total")?)));
    Ok((listed, Some(totals.collect::<Result<_, DbErr>>()?)))
}

/// The pages of the lists, from their rows' ids. A row that went meanwhile is left out.
fn cut<L: Copy + Eq + Hash, I: Copy, T>(
    lists: impl Iterator<Item = L>,
    listed: &[(L, I)],
    totals: Option<&HashMap<L, i64>>,
    window: &Window,
    row: impl Fn(I) -> Option<T>,
) -> HashMap<L, Page<T>> {
    lists
        .map(|list| {
            let own = listed.iter().filter(|(of, _)| *of == list);
            let rows: Vec<T> = own.filter_map(|(_, id)| row(*id)).collect();
            let total = totals.map(|totals| totals.get(&list).copied().unwrap_or_default());
            (list, Page::cut(rows, window, total))
        })
        .collect()
}
