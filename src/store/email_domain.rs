//! Domains that organizations claim, or have proved, to be their own.

use chrono::{DateTime, TimeDelta, Utc};
use entity::email_domain::{ActiveModel, Entity, JoinPolicy, Model, Status};
use entity::id::{AccountId, DomainId, OrganizationId, RoleId, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, SqlErr,
};

use super::sql::Sql;

/// What the API shows of a domain.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DomainRow {
    /// Its own columns.
    #[sea_orm(nested)]
    pub domain: Model,
    /// The organization's name.
    pub organization_name: String,
    /// The name of the account that people who join get a role in.
    pub join_account_name: Option<String>,
    /// The account above that.
    pub join_parent_id: Option<AccountId>,
    /// Its name.
    pub join_parent_name: Option<String>,
}

fn select() -> Sql {
    Sql::new(
        "SELECT d.*, o.name AS organization_name, a.name AS join_account_name,
            a.parent_id AS join_parent_id, p.name AS join_parent_name
        FROM email_domains d JOIN organizations o ON o.id = d.organization_id
        LEFT JOIN accounts a ON a.id = d.join_account_id
        LEFT JOIN accounts p ON p.id = a.parent_id WHERE ",
    )
}

/// The domain with this id, whoever claims it: the caller decides who sees it.
pub async fn by_id(db: &impl ConnectionTrait, id: DomainId) -> Result<Option<DomainRow>, DbErr> {
    let mut sql = select();
    sql.push("d.id = ").bind(id);
    sql.one(db).await
}

/// All domains of these organizations, by name.
pub async fn of_organizations(
    db: &impl ConnectionTrait,
    ids: &[OrganizationId],
) -> Result<Vec<DomainRow>, DbErr> {
    let mut sql = select();
    sql.push("d.organization_id IN ").list(ids.iter().copied());
    let mut rows: Vec<DomainRow> = sql.all(db).await?;
    // A database may sort by the rules of some language; pages are cut by bytes.
    rows.sort_by(|one, other| one.domain.domain.cmp(&other.domain.domain));
    Ok(rows)
}

/// An organization's claim of a domain.
pub async fn find(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<Option<DomainRow>, DbErr> {
    let mut sql = select();
    sql.push("d.organization_id = ").bind(organization_id).push(" AND d.domain = ").bind(domain);
    sql.one(db).await
}

/// How many domains an organization claims.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM email_domains WHERE organization_id = ");
    sql.bind(organization_id);
    sql.count(db).await
}

/// A claim to be.
#[derive(Clone, Debug)]
pub struct NewDomain {
    /// The id.
    pub id: DomainId,
    /// Who claims it.
    pub organization_id: OrganizationId,
    /// In ASCII and lower case.
    pub domain: String,
    /// What its TXT record has to say.
    pub challenge: String,
    /// Who claims it for the organization.
    pub set_by: UserId,
    /// When it is looked up for the first time.
    pub next_check_at: DateTime<Utc>,
}

/// Writes a claim of which nothing is proved yet.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewDomain,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(new.id),
        organization_id: Set(new.organization_id),
        domain: Set(new.domain),
        challenge: Set(new.challenge),
        status: Set(Status::Pending),
        verified_at: Set(None),
        checked_at: Set(None),
        next_check_at: Set(Some(new.next_check_at)),
        failures: Set(0),
        last_error: Set(None),
        reserved: Set(false),
        join_policy: Set(JoinPolicy::Invitation),
        join_role_id: Set(None),
        join_account_id: Set(None),
        join_contact: Set(None),
        set_by: Set(new.set_by),
        created_at: Set(now),
        updated_at: Set(now),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Removes a claim; tells whether it was there.
pub async fn remove(db: &impl ConnectionTrait, id: DomainId) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM email_domains WHERE id = ");
    sql.bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// What can be decided about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether nobody else invites people there.
    pub reserved: bool,
    /// How people there come into the organization.
    pub join_policy: JoinPolicy,
    /// What they are given.
    pub join_role_id: Option<RoleId>,
    /// Where.
    pub join_account_id: Option<AccountId>,
    /// Whom to ask.
    pub join_contact: Option<String>,
    /// Who answers for it.
    pub set_by: UserId,
}

impl From<&Model> for Terms {
    fn from(row: &Model) -> Self {
        Self {
            reserved: row.reserved,
            join_policy: row.join_policy,
            join_role_id: row.join_role_id,
            join_account_id: row.join_account_id,
            join_contact: row.join_contact.clone(),
            set_by: row.set_by,
        }
    }
}

/// Writes what was decided about a domain; tells whether it is there.
pub async fn decide(
    db: &impl ConnectionTrait,
    id: DomainId,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE email_domains SET reserved = ");
    sql.bind(terms.reserved).push(", join_policy = ").bind(terms.join_policy);
    sql.push(", join_role_id = ").bind(terms.join_role_id);
    sql.push(", join_account_id = ").bind(terms.join_account_id);
    sql.push(", join_contact = ").bind(terms.join_contact.clone());
    sql.push(", set_by = ").bind(terms.set_by).push(", updated_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// What people who join are given.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// This role.
    Role(RoleId),
    /// Something in one of these accounts.
    In(&'a [AccountId]),
}

/// Leaves people who join an organization without what is going; gives the domains that this is about.
/// What the domains are for else stays.
pub async fn give_no_more(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    given: Given<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<DomainId>, DbErr> {
    let mut sql = Sql::new(
        "UPDATE email_domains SET join_role_id = NULL, join_account_id = NULL, updated_at = ",
    );
    sql.bind(now).push(" WHERE organization_id = ").bind(organization_id);
    match given {
        Given::Role(id) => sql.push(" AND join_role_id = ").bind(id),
        Given::In(ids) => sql.push(" AND join_account_id IN ").list(ids.iter().copied()),
    };
    sql.push(" RETURNING id");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// What a look-up came to for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How far the proof is now.
    pub status: Status,
    /// Since when it is proved.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it is looked up again.
    pub next_check_at: Option<DateTime<Utc>>,
    /// How many look-ups in a row have not found it.
    pub failures: i64,
    /// What was found instead.
    pub last_error: Option<String>,
}

/// How writing down what a look-up came to went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is written.
    Done,
    /// The domain is gone, or was looked up by somebody else meanwhile.
    Overtaken,
    /// Another organization has proved that the domain is its own. The transaction is lost.
    Taken,
}

/// Writes down what a look-up came to, unless the row was changed by another since it was read.
pub async fn note(
    db: &impl ConnectionTrait,
    read: &Model,
    checked: &Checked,
    now: DateTime<Utc>,
) -> Result<Noted, DbErr> {
    let mut sql = Sql::new("UPDATE email_domains SET status = ");
    sql.bind(checked.status).push(", verified_at = ").bind(checked.verified_at);
    sql.push(", checked_at = ").bind(now).push(", next_check_at = ").bind(checked.next_check_at);
    sql.push(", failures = ").bind(checked.failures);
    sql.push(", last_error = ").bind(checked.last_error.clone());
    if read.status != Status::Lapsed && checked.status == Status::Lapsed {
        // Whoever has the domain next can publish the record, which is no secret: nobody is let in by
        // themselves again until somebody decides so.
        sql.push(
            ", join_policy = CASE join_policy WHEN 'AUTOMATIC' THEN 'REQUEST' ELSE join_policy END",
        );
    }
    sql.push(" WHERE id = ").bind(read.id).push(" AND challenge = ").bind(read.challenge.clone());
    sql.push(" AND status = ").bind(read.status).push(" AND failures = ").bind(read.failures);
    // Whoever took it to look it up alone says what came of that.
    match read.next_check_at {
        Some(at) => sql.push(" AND next_check_at = ").bind(at),
        None => sql.push(" AND next_check_at IS NULL"),
    };
    match sql.execute(db).await {
        Ok(0) => Ok(Noted::Overtaken),
        Ok(_) => Ok(Noted::Done),
        Err(error) if is_taken(&error) => Ok(Noted::Taken),
        Err(error) => Err(error),
    }
}

/// Whose a domain is, is held by an index: only one organization has a domain of a name verified.
fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// When the next domain is to be looked up.
pub async fn next_due(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let mut sql = Sql::new("SELECT d.next_check_at FROM email_domains d");
    sql.push(" WHERE d.next_check_at IS NOT NULL ORDER BY d.next_check_at, d.id LIMIT 1");
    let row = db.query_one_raw(sql.statement(db)).await?;
    row.map(|row| row.try_get("", "next_check_at")).transpose()
}

/// How many due domains are put into their order at a time: far more than one organization may claim.
const ORDERED_AT_A_TIME: u64 = 1_000;

/// Takes up to `limit` domains that are due, for as long as `lease_for`: two processes never get the same
/// one, and what a process did not live to settle is due again after that.
///
/// The organizations take turns, each with the domain that has been due for longest, so that whoever
/// claims many that nobody answers for keeps nobody else waiting.
pub async fn take_due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: i64,
    lease_for: TimeDelta,
) -> Result<Vec<Model>, DbErr> {
    let mut sql = Sql::new(
        "WITH line AS MATERIALIZED (
            SELECT id, next_check_at, ROW_NUMBER() OVER (
                PARTITION BY organization_id ORDER BY next_check_at, id) AS turn
            FROM (SELECT id, organization_id, next_check_at FROM email_domains
                WHERE next_check_at IS NOT NULL AND next_check_at <= ",
    );
    sql.bind(now).push(&format!(
        " ORDER BY next_check_at, id LIMIT {ORDERED_AT_A_TIME}) oldest),
        due AS MATERIALIZED (SELECT d.id FROM line JOIN email_domains d ON d.id = line.id
            WHERE d.next_check_at <= "
    ));
    // What is locked is looked at again: it may have been taken since.
    sql.bind(now).push(" ORDER BY line.turn, line.next_check_at, line.id LIMIT ").bind(limit);
    // SQLite lets one statement write at a time.
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR UPDATE OF d SKIP LOCKED");
    }
    sql.push(") UPDATE email_domains SET next_check_at = ").bind(now + lease_for);
    sql.push(" WHERE id IN (SELECT id FROM due) RETURNING *");
    Entity::find().from_raw_sql(sql.statement(db)).all(db).await
}

/// The domains of these ids as they are now.
pub async fn models(db: &impl ConnectionTrait, ids: &[DomainId]) -> Result<Vec<Model>, DbErr> {
    let these = entity::email_domain::Column::Id.is_in(ids.iter().copied());
    Entity::find().filter(these).all(db).await
}
