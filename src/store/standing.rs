//! What a person holds, and whether their session stands: one statement (R27).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::account;
use entity::id::{
    AccountId, ApiKeyId, AssignmentId, BillingGroupId, OrganizationId, RoleId, SessionId, UserId,
};
use entity::membership::Status;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::custom_role;
use super::sql::Sql;
use crate::access::place::graver;
use crate::access::{CustomRole, Holding, Membership, Role, Roles, Standing};

/// A person with all that decisions about them need.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address as typed.
    pub email: String,
    /// The address normalized.
    pub email_key: String,
    /// The organizations, with their names, oldest membership first.
    pub organizations: Vec<(OrganizationId, String)>,
    /// Memberships and assignments.
    pub standing: Standing,
}

#[derive(FromQueryResult)]
struct Row {
    user_id: UserId,
    name: String,
    email: String,
    email_key: String,
    organization_id: Option<OrganizationId>,
    organization_name: Option<String>,
    membership_status: Option<Status>,
    assignment_id: Option<AssignmentId>,
    role_id: Option<RoleId>,
    account_id: Option<AccountId>,
    account_status: Option<account::Status>,
    parent_status: Option<account::Status>,
    billing_group_id: Option<BillingGroupId>,
    valid_until: Option<DateTime<Utc>>,
    custom_key: Option<String>,
    custom_name: Option<String>,
    custom_description: Option<String>,
    custom_permissions: Option<String>,
}

const COLUMNS: &str = "u.id AS user_id, u.name, u.email, u.email_key, m.organization_id,
        o.name AS organization_name, m.status AS membership_status, g.id AS assignment_id,
        g.role_id, g.account_id, a.status AS account_status, p.status AS parent_status,
        g.billing_group_id, g.valid_until, c.key AS custom_key, c.name AS custom_name,
        c.description AS custom_description, CASE WHEN c.id IS NOT NULL THEN ";

const FROM: &str = " END AS custom_permissions
    FROM users u
    LEFT JOIN memberships m ON m.user_id = u.id
    LEFT JOIN organizations o ON o.id = m.organization_id
    LEFT JOIN role_assignments g
        ON g.organization_id = m.organization_id AND g.user_id = m.user_id
    LEFT JOIN roles c ON c.id = g.role_id AND c.organization_id = g.organization_id
    LEFT JOIN accounts a ON a.id = g.account_id
    LEFT JOIN accounts p ON p.id = a.parent_id";

/// The beginning of the statement. Custom roles come along whole; the catalogue's are in memory.
fn select(db: &impl ConnectionTrait) -> Sql {
    select_with("", db)
}

/// The same with further columns before the others.
fn select_with(more: &str, db: &impl ConnectionTrait) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(more).push(COLUMNS).push(custom_role::permissions(db)).push(FROM);
    sql
}

/// The person whose session this is, if the session stands at this instant.
pub async fn of_session(
    db: &impl ConnectionTrait,
    roles: &Roles,
    session_id: SessionId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Person>, DbErr> {
    let mut sql = select(db);
    sql.push(" JOIN sessions s ON s.user_id = u.id WHERE s.id = ").bind(session_id);
    sql.push(" AND u.id = ").bind(user_id);
    sql.push(" AND s.ended_at IS NULL AND s.expires_at > ").bind(now);
    sql.push(" ORDER BY m.id, g.id");
    Ok(person(roles, user_id, sql.all(db).await?))
}

/// A key that lets in, with what is needed to note that it did.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct KeyRow {
    /// The key.
    pub key_id: ApiKeyId,
    /// When its use was last noted.
    pub key_last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct KeyedRow {
    #[sea_orm(nested)]
    key: KeyRow,
    #[sea_orm(nested)]
    row: Row,
}

/// The service user whose key has this hash, if the key is good at this instant.
pub async fn of_api_key(
    db: &impl ConnectionTrait,
    roles: &Roles,
    hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<(KeyRow, Person)>, DbErr> {
    let mut sql = select_with("k.id AS key_id, k.last_used_at AS key_last_used_at, ", db);
    sql.push(" JOIN api_keys k ON k.user_id = u.id WHERE k.hash = ").bind(hash);
    sql.push(" AND k.revoked_at IS NULL AND k.expires_at > ").bind(now);
    sql.push(" ORDER BY m.id, g.id");
    let rows: Vec<KeyedRow> = sql.all(db).await?;
    let Some((key, user_id)) = rows.first().map(|first| (first.key, first.row.user_id)) else {
        return Ok(None);
    };
    let rows = rows.into_iter().map(|keyed| keyed.row).collect();
    Ok(person(roles, user_id, rows).map(|person| (key, person)))
}

/// The person with this id.
pub async fn of_user(
    db: &impl ConnectionTrait,
    roles: &Roles,
    user_id: UserId,
) -> Result<Option<Person>, DbErr> {
    let mut sql = select(db);
    sql.push(" WHERE u.id = ").bind(user_id).push(" ORDER BY m.id, g.id");
    Ok(person(roles, user_id, sql.all(db).await?))
}

/// What each of these people holds, in one statement.
pub async fn of_users(
    db: &impl ConnectionTrait,
    roles: &Roles,
    user_ids: &[UserId],
) -> Result<HashMap<UserId, Standing>, DbErr> {
    let mut sql = select(db);
    sql.push(" WHERE u.id IN ").list(user_ids.iter().copied());
    sql.push(" ORDER BY u.id, m.id, g.id");
    let mut of_each: HashMap<UserId, Vec<Row>> = HashMap::with_capacity(user_ids.len());
    for row in sql.all::<Row>(db).await? {
        of_each.entry(row.user_id).or_default().push(row);
    }
    let standing = |(id, rows)| Some((id, person(roles, id, rows)?.standing));
    Ok(of_each.into_iter().filter_map(standing).collect())
}

/// One row an assignment, the person's and membership's columns repeated.
fn person(roles: &Roles, user_id: UserId, rows: Vec<Row>) -> Option<Person> {
    let first = rows.first()?;
    let mut custom: HashMap<RoleId, Arc<Role>> = HashMap::new();
    let mut person = Person {
        name: first.name.clone(),
        email: first.email.clone(),
        email_key: first.email_key.clone(),
        organizations: Vec::new(),
        standing: Standing { user_id, memberships: Vec::new() },
    };
    let memberships = &mut person.standing.memberships;
    for row in rows {
        if let Some(role) = custom_role_of(&row).filter(|role| !custom.contains_key(&role.id)) {
            custom.insert(role.id, roles.custom(role));
        }
        let (Some(organization_id), Some(status)) = (row.organization_id, row.membership_status)
        else {
            continue;
        };
        if memberships.last().is_none_or(|last| last.organization_id != organization_id) {
            person.organizations.push((organization_id, row.organization_name.unwrap_or_default()));
            memberships.push(Membership { organization_id, status, holdings: Vec::new() });
        }
        if let (Some(assignment_id), Some(role_id), Some(membership)) =
            (row.assignment_id, row.role_id, memberships.last_mut())
        {
            membership.holdings.push(Holding {
                assignment_id,
                role_id,
                role: roles.get(role_id).or_else(|| custom.get(&role_id)).cloned(),
                account_id: row.account_id,
                account_status: row.account_status.map(|own| graver(own, row.parent_status)),
                billing_group_id: row.billing_group_id,
                valid_until: row.valid_until,
            });
        }
    }
    Some(person)
}

fn custom_role_of(row: &Row) -> Option<CustomRole> {
    Some(CustomRole {
        id: row.role_id?,
        organization_id: row.organization_id?,
        key: row.custom_key.clone()?,
        name: row.custom_name.clone()?,
        description: row.custom_description.clone()?,
        permissions: custom_role::split(row.custom_permissions.as_deref()),
    })
}
