//! Organizations.

use chrono::{DateTime, Utc};
use entity::id::{OrganizationId, UserId};
use entity::organization;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::page::{Order, Page, Window, text_value};
use super::sql::Sql;
use super::user::UserRow;

/// What the API shows of an organization.
#[derive(Clone, Debug)]
pub struct OrganizationRow {
    /// The id.
    pub id: OrganizationId,
    /// The name.
    pub name: String,
    /// The name's sort key.
    pub name_key: String,
    /// R25: standard users may create accounts.
    pub standard_users_create_accounts: bool,
    /// How long an invitation stands by default, in hours.
    pub invitation_hours: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its owner.
    pub owner: UserRow,
}

#[derive(FromQueryResult)]
struct Flat {
    organization_id: OrganizationId,
    organization_name: String,
    organization_name_key: String,
    standard_users_create_accounts: bool,
    invitation_hours: i64,
    organization_created_at: DateTime<Utc>,
    #[sea_orm(nested)]
    owner: UserRow,
}

impl From<Flat> for OrganizationRow {
    fn from(row: Flat) -> Self {
        Self {
            id: row.organization_id,
            name: row.organization_name,
            name_key: row.organization_name_key,
            standard_users_create_accounts: row.standard_users_create_accounts,
            invitation_hours: row.invitation_hours,
            created_at: row.organization_created_at,
            owner: row.owner,
        }
    }
}

fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(super::user::COLUMNS).push(
        ", o.id AS organization_id, o.name AS organization_name,
            o.name_key AS organization_name_key, o.standard_users_create_accounts,
            o.invitation_hours, o.created_at AS organization_created_at
        FROM organizations o
        JOIN role_assignments own ON own.owned_scope_id = o.id
        JOIN users u ON u.id = own.user_id WHERE ",
    );
    sql
}

/// Makes an organization. Its owner's assignment has to follow before the commit.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = organization::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        name_key: Set(crate::text::key(name)),
        standard_users_create_accounts: Set(false),
        invitation_hours: Set(168),
        created_at: Set(now),
        updated_at: Set(now),
    };
    organization::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The organizations of these ids.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: &[OrganizationId],
) -> Result<Vec<OrganizationRow>, DbErr> {
    let mut sql = select();
    sql.push("o.id IN ").list(ids.iter().copied());
    Ok(sql.all::<Flat>(db).await?.into_iter().map(Into::into).collect())
}

/// The organization with this id.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: OrganizationId,
) -> Result<Option<OrganizationRow>, DbErr> {
    Ok(rows(db, &[id]).await?.pop())
}

/// What can be changed of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name.
    pub name: String,
    /// R25: standard users may create accounts.
    pub standard_users_create_accounts: bool,
    /// How long an invitation stands by default, in hours.
    pub invitation_hours: i64,
}

/// Changes an organization; tells whether there was one.
pub async fn update(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE organizations SET name = ");
    sql.bind(settings.name.clone()).push(", name_key = ").bind(crate::text::key(&settings.name));
    sql.push(", standard_users_create_accounts = ").bind(settings.standard_users_create_accounts);
    sql.push(", invitation_hours = ").bind(settings.invitation_hours);
    sql.push(", updated_at = ").bind(now).push(" WHERE id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// Every table that holds what belongs to one organization, each before those that it refers to. What
/// the rows of these own in turn goes with them (`ON DELETE CASCADE`). Audit events stay (R70).
const OF_ORGANIZATION: [&str; 17] = [
    "api_keys",
    "mail_opt_outs",
    "entitlements",
    "join_requests",
    "join_bars",
    "email_domains",
    "email_domain_rules",
    "ownership_offers",
    "invitation_grants",
    "invitations",
    "role_assignments",
    "billing_group_accounts",
    "billing_groups",
    "accounts",
    "roles",
    "memberships",
    "mails",
];

/// Deletes an organization with all that belongs to it; tells whether there was one.
pub async fn delete(db: &impl ConnectionTrait, id: OrganizationId) -> Result<bool, DbErr> {
    for table in OF_ORGANIZATION {
        let mut sql = Sql::new(&format!("DELETE FROM {table} WHERE organization_id = "));
        sql.bind(id);
        sql.execute(db).await?;
    }
    let mut sql = Sql::new("DELETE FROM organizations WHERE id = ");
    sql.bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// The order of [`page_of_member`].
pub const BY_NAME: Order =
    Order { column: Some("o.name_key"), id: "o.id", descending: false, value: text_value };

/// The organizations that a user is a member of, by name.
pub async fn page_of_member(
    db: &impl ConnectionTrait,
    user_id: UserId,
    window: &Window,
) -> Result<Page<OrganizationRow>, DbErr> {
    let mut sql = select();
    sql.push("o.id IN (SELECT m.organization_id FROM memberships m WHERE m.user_id = ");
    sql.bind(user_id).push(")");
    BY_NAME.apply(&mut sql, window);
    let rows = sql.all::<Flat>(db).await?.into_iter().map(Into::into).collect();
    let total = if window.total {
        let mut sql = Sql::new("SELECT COUNT(*) FROM memberships m WHERE m.user_id = ");
        sql.bind(user_id);
        Some(sql.count(db).await?)
    } else {
        None
    };
    Ok(Page::cut(rows, window, total))
}
