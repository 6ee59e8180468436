//! What the operator entitles organizations to (R55), and how much of it is used.

use chrono::{DateTime, Utc};
use entity::entitlement;
use entity::id::{OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult};

use super::sql::Sql;

/// An organization with what it is entitled to, and what counts against it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SeatsRow {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub organization_name: String,
    /// Whether it may invite people; none where the operator has said nothing.
    pub invitations: Option<bool>,
    /// For how many people there is room.
    pub seats: Option<i64>,
    /// Its members; a service user takes no seat.
    pub members: i64,
    /// The people who are no members, and have a pending invitation.
    pub invited: i64,
    /// Its pending invitations (R52).
    pub pending: i64,
    /// A denied network that is among those that were asked for (R54).
    pub denied: Option<String>,
}

/// Which counts are wanted of organizations where nothing depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// All.
    Always,
    /// Those of people only where seats are limited: a large organization has many.
    WhereLimited,
}

/// These organizations, or all that the operator has said something about; and whether one of these
/// networks is denied. The counts are those of one instant.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: Option<&[OrganizationId]>,
    networks: &[String],
    count: Count,
    now: DateTime<Utc>,
) -> Result<Vec<SeatsRow>, DbErr> {
    let people = |sql: &mut Sql, counted: &Sql, name: &str| {
        match count {
            Count::Always => sql.push("(").append(counted).push(")"),
            Count::WhereLimited => {
                sql.push("CASE WHEN e.seats IS NULL THEN 0 ELSE (").append(counted).push(") END")
            }
        };
        sql.push(name);
    };
    let mut sql = Sql::new(
        "SELECT o.id AS organization_id, o.name AS organization_name, e.invitations, e.seats, ",
    );
    let members = Sql::new(
        "SELECT COUNT(*) FROM memberships m WHERE m.organization_id = o.id
            AND m.user_id NOT IN (SELECT u.id FROM users u WHERE u.service_of = o.id)",
    );
    people(&mut sql, &members, " AS members, ");
    let mut pending = Sql::new(
        "SELECT COUNT(*) FROM invitations i
            WHERE i.organization_id = o.id AND i.status = 'PENDING' AND i.expires_at > ",
    );
    pending.bind(now);
    let mut invited = pending.clone();
    invited.push(
        " AND NOT EXISTS (SELECT 1 FROM users u
            JOIN memberships m ON m.user_id = u.id AND m.organization_id = i.organization_id
            WHERE u.email_key = i.email_key)",
    );
    people(&mut sql, &invited, " AS invited, ");
    sql.push("(").append(&pending).push(") AS pending, ");
    sql.push("(SELECT MIN(d.network) FROM denied_networks d WHERE d.network IN ");
    sql.list(networks.iter().cloned()).push(") AS denied FROM organizations o ");
    match ids {
        Some(ids) => {
            sql.push("LEFT JOIN entitlements e ON e.organization_id = o.id WHERE o.id IN ");
            sql.list(ids.iter().copied());
        }
        None => {
            sql.push("JOIN entitlements e ON e.organization_id = o.id ORDER BY o.id");
        }
    }
    sql.all(db).await
}

/// One organization; none that is not there.
pub async fn row(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    networks: &[String],
    count: Count,
    now: DateTime<Utc>,
) -> Result<Option<SeatsRow>, DbErr> {
    Ok(rows(db, Some(&[id]), networks, count, now).await?.pop())
}

/// The seats of an organization, where they are limited. Those who take one without being counted
/// before ask within their transaction: they take turns from here on.
pub async fn limit(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    take_turns: bool,
) -> Result<Option<i64>, DbErr> {
    let mut sql = Sql::new("SELECT seats FROM entitlements WHERE seats IS NOT NULL AND ");
    sql.push("organization_id = ").bind(id);
    // A write transaction of SQLite has the whole database to itself already.
    if take_turns && db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR NO KEY UPDATE");
    }
    let row = db.query_one_raw(sql.statement(db)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// The members of an organization beside somebody, and whether that one is a member.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct MembersRow {
    /// How many others there are.
    pub others: i64,
    /// Whether the person is one.
    pub member: bool,
}

/// The members of an organization beside this person, who may not exist yet.
pub async fn members(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    user_id: Option<UserId>,
) -> Result<MembersRow, DbErr> {
    let mut own = Sql::new("SELECT 1 FROM memberships m WHERE m.organization_id = ");
    own.bind(id).push(" AND m.user_id IN ").list(user_id);
    let mut sql = Sql::new("SELECT COUNT(*) - CASE WHEN EXISTS (");
    sql.append(&own).push(") THEN 1 ELSE 0 END AS others, EXISTS (").append(&own);
    sql.push(") AS member FROM memberships WHERE organization_id = ").bind(id);
    sql.push(" AND user_id NOT IN (SELECT id FROM users WHERE service_of = ").bind(id).push(")");
    let row = sql.one(db).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a count has one row".to_owned()))
}

/// What the operator has said about an organization.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: OrganizationId,
) -> Result<Option<entitlement::Model>, DbErr> {
    entitlement::Entity::find_by_id(id).one(db).await
}

/// Entitles an organization to this, whatever it was before.
pub async fn set(
    db: &impl ConnectionTrait,
    id: OrganizationId,
    invitations: bool,
    seats: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut sql = Sql::new(
        "INSERT INTO entitlements (organization_id, invitations, seats, created_at, updated_at)
        VALUES (",
    );
    sql.bind(id).push(", ").bind(invitations).push(", ").bind(seats);
    sql.push(", ").bind(now).push(", ").bind(now);
    sql.push(
        ") ON CONFLICT (organization_id) DO UPDATE SET invitations = excluded.invitations,
            seats = excluded.seats, updated_at = excluded.updated_at",
    );
    sql.execute(db).await.map(drop)
}

/// Takes back what was said about an organization; tells whether there was something.
pub async fn remove(db: &impl ConnectionTrait, id: OrganizationId) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM entitlements WHERE organization_id = ");
    sql.bind(id);
    Ok(sql.execute(db).await? == 1)
}
