//! Accounts and subaccounts.

use chrono::{DateTime, Utc};
use entity::account::{self, Status};
use entity::id::{AccountId, BillingGroupId, OrganizationId, RoleId, UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::page::{Order, text_value};
use super::sql::Sql;
use crate::access::place::graver;
use crate::access::{AccountPlace, Place};

/// What the API shows of an account.
#[derive(Clone, Debug, FromQueryResult)]
pub struct AccountRow {
    /// The id.
    pub id: AccountId,
    /// The name.
    pub name: String,
    /// The name's sort key.
    pub name_key: String,
    /// Its own status.
    pub status: Status,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Its organization's name.
    pub organization_name: String,
    /// The account above.
    pub parent_id: Option<AccountId>,
    /// The name of the account above.
    pub parent_name: Option<String>,
    /// The status of the account above.
    pub parent_status: Option<Status>,
    /// Its owner: a subaccount's is its parent's.
    pub owner_id: UserId,
}

impl AccountRow {
    /// The account as a place to decide about, but for its billing groups: see [`places`], which
    /// has them.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            organization_id: self.organization_id,
            account: Some(AccountPlace {
                id: self.id,
                name: self.name.clone(),
                parent_id: self.parent_id,
                own_status: self.status,
                status: graver(self.status, self.parent_status),
                billing_groups: Vec::new(),
            }),
            billing_group: None,
        }
    }
}

pub(super) const SELECT: &str =
    "SELECT a.id, a.name, a.name_key, a.status, a.created_at, a.organization_id,
        o.name AS organization_name, a.parent_id, p.name AS parent_name,
        p.status AS parent_status, own.user_id AS owner_id
    FROM accounts a
    JOIN organizations o ON o.id = a.organization_id
    LEFT JOIN accounts p ON p.id = a.parent_id
    JOIN role_assignments own ON own.owned_scope_id = COALESCE(a.parent_id, a.id)
    WHERE ";

/// An account to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The id.
    pub id: AccountId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The account above, for a subaccount.
    pub parent_id: Option<AccountId>,
    /// The name.
    pub name: String,
}

/// Makes an account. A top-level one needs its owner's assignment before the commit.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewAccount,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = account::ActiveModel {
        id: Set(new.id),
        organization_id: Set(new.organization_id),
        parent_id: Set(new.parent_id),
        top_level_id: Set(new.parent_id.is_none().then_some(new.id)),
        name_key: Set(crate::text::key(&new.name)),
        name: Set(new.name),
        status: Set(Status::Active),
        created_at: Set(now),
        updated_at: Set(now),
    };
    account::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The accounts of these ids, whoever they belong to: the caller decides who sees them.
pub async fn rows(db: &impl ConnectionTrait, ids: &[AccountId]) -> Result<Vec<AccountRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("a.id IN ").list(ids.iter().copied());
    sql.all(db).await
}

/// How many accounts an organization has that are not closed: top-level ones, or those below a
/// parent.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    parent_id: Option<AccountId>,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM accounts WHERE organization_id = ");
    sql.bind(organization_id).push(" AND status <> 'CLOSED' AND parent_id ");
    match parent_id {
        Some(parent_id) => sql.push("= ").bind(parent_id),
        None => sql.push("IS NULL"),
    };
    sql.count(db).await
}

#[derive(FromQueryResult)]
struct PlaceRow {
    id: AccountId,
    name: String,
    organization_id: OrganizationId,
    parent_id: Option<AccountId>,
    status: Status,
    parent_status: Option<Status>,
    billing_group_id: Option<BillingGroupId>,
}

/// The places that these accounts are, as decisions need them.
pub async fn places(db: &impl ConnectionTrait, ids: &[AccountId]) -> Result<Vec<Place>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT a.id, a.name, a.organization_id, a.parent_id, a.status, p.status AS parent_status,
            b.billing_group_id
        FROM accounts a
        LEFT JOIN accounts p ON p.id = a.parent_id
        LEFT JOIN billing_group_accounts b ON b.account_id = a.id
        WHERE a.id IN ",
    );
    sql.list(ids.iter().copied()).push(" ORDER BY a.id");
    let mut places: Vec<Place> = Vec::with_capacity(ids.len());
    for row in sql.all::<PlaceRow>(db).await? {
        if places.last().and_then(Place::account_id) != Some(row.id) {
            places.push(Place {
                organization_id: row.organization_id,
                account: Some(AccountPlace {
                    id: row.id,
                    name: row.name,
                    parent_id: row.parent_id,
                    own_status: row.status,
                    status: graver(row.status, row.parent_status),
                    billing_groups: Vec::new(),
                }),
                billing_group: None,
            });
        }
        let account = places.last_mut().and_then(|place| place.account.as_mut());
        if let (Some(account), Some(group)) = (account, row.billing_group_id) {
            account.billing_groups.push(group);
        }
    }
    Ok(places)
}

/// The place that an account is.
pub async fn place(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<Place>, DbErr> {
    Ok(places(db, &[id]).await?.pop())
}

/// Whose reach a landing is about.
#[derive(Clone, Debug)]
pub struct Reachable<'a> {
    /// The person.
    pub user_id: UserId,
    /// The catalogue's roles that let their holder into an account.
    pub roles: &'a [RoleId],
    /// What a custom role has to permit to do the same; none: no custom role does.
    pub custom: Option<&'a str>,
    /// The instant at which assignments have to count.
    pub now: DateTime<Utc>,
}

/// The order of accounts in listings.
pub const BY_NAME: Order =
    Order { column: Some("a.name_key"), id: "a.id", descending: false, value: text_value };

impl Reachable<'_> {
    /// The conditions that an account `a` has to meet.
    fn conditions(&self) -> Sql {
        let mut held = Sql::new(
            "SELECT g.organization_id, g.account_id FROM role_assignments g
            JOIN memberships m ON m.organization_id = g.organization_id AND m.user_id = g.user_id
                AND m.status = 'ACTIVE'
            WHERE g.billing_group_id IS NULL AND g.user_id = ",
        );
        held.bind(self.user_id).push(" AND (g.role_id IN ").list(self.roles.iter().copied());
        if let Some(permission) = self.custom {
            held.push(
                " OR EXISTS (SELECT 1 FROM role_permissions k JOIN roles c ON c.id = k.role_id
                    WHERE k.role_id = g.role_id AND c.organization_id = g.organization_id
                    AND k.permission = ",
            );
            held.bind(permission).push(")");
        }
        held.push(") AND (g.valid_until IS NULL OR g.valid_until > ").bind(self.now).push(")");

        let mut sql = Sql::new("a.id IN (WITH held AS (");
        sql.append(&held).push(
            ") SELECT r.id FROM accounts r JOIN held h
                ON h.account_id IS NULL AND r.organization_id = h.organization_id
            UNION SELECT h.account_id FROM held h WHERE h.account_id IS NOT NULL
            UNION SELECT r.id FROM accounts r JOIN held h ON r.parent_id = h.account_id)",
        );
        sql.push(
            " AND a.status IN ('ACTIVE', 'PENDING_CLOSURE') AND NOT EXISTS (SELECT 1 FROM accounts u
                WHERE u.id = a.parent_id AND u.status NOT IN ('ACTIVE', 'PENDING_CLOSURE'))",
        );
        sql
    }
}

/// Where a person lands (R64): the first of these accounts that they can work in, else the first of
/// all that they can, by name.
pub async fn landing(
    db: &impl ConnectionTrait,
    by: &Reachable<'_>,
    preferred: &[AccountId],
) -> Result<Option<AccountRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.append(&by.conditions()).push(" ORDER BY ");
    if !preferred.is_empty() {
        sql.push("CASE a.id");
        for (place, id) in preferred.iter().enumerate() {
            sql.push(" WHEN ").bind(*id).push(&format!(" THEN {place}"));
        }
        sql.push(&format!(" ELSE {} END, ", preferred.len()));
    }
    sql.push("a.name_key, a.id LIMIT 1");
    sql.one(db).await
}
