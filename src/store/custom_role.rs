//! Custom roles: an organization's own (R10), always read with their permissions.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, AssignmentId, InvitationId, OrganizationId, RoleId, UserId};
use entity::role::Kind;
use entity::role_permission;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter,
};

use super::sql::Sql;
use crate::access::custom::PRODUCT_GROUP;
use crate::access::{CustomRole, ScopeType};

/// The permissions of a custom role `c` in one text, separated by spaces; null where there is no role.
pub(super) fn permissions(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            "(SELECT string_agg(p.permission, ' ') FROM role_permissions p WHERE p.role_id = c.id)"
        }
        _ => {
            "(SELECT group_concat(p.permission, ' ') FROM role_permissions p WHERE p.role_id = c.id)"
        }
    }
}

/// The parts of such a text.
pub(super) fn split(permissions: Option<&str>) -> Vec<String> {
    permissions.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[derive(FromQueryResult)]
struct Row {
    id: RoleId,
    organization_id: OrganizationId,
    key: String,
    name: String,
    description: String,
    permissions: Option<String>,
}

impl From<Row> for CustomRole {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            key: row.key,
            name: row.name,
            description: row.description,
            permissions: split(row.permissions.as_deref()),
        }
    }
}

fn select(db: &impl ConnectionTrait) -> Sql {
    let mut sql = Sql::new("SELECT c.id, c.organization_id, c.key, c.name, c.description, ");
    sql.push(permissions(db)).push(" AS permissions FROM roles c WHERE ");
    sql
}

async fn all(db: &impl ConnectionTrait, sql: Sql) -> Result<Vec<CustomRole>, DbErr> {
    Ok(sql.all::<Row>(db).await?.into_iter().map(Into::into).collect())
}

/// The custom roles among these, whoever they belong to: the caller decides who sees them.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[RoleId]) -> Result<Vec<CustomRole>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = select(db);
    sql.push("c.organization_id IS NOT NULL AND c.id IN ").list(ids.iter().copied());
    all(db, sql).await
}

/// An organization's custom roles with these keys.
pub async fn by_keys(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    keys: &[String],
) -> Result<Vec<CustomRole>, DbErr> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = select(db);
    sql.push("c.organization_id = ").bind(organization_id);
    sql.push(" AND c.key IN ").list(keys.iter().cloned());
    all(db, sql).await
}

/// All custom roles of these organizations, by key.
pub async fn of_organizations(
    db: &impl ConnectionTrait,
    ids: &[OrganizationId],
) -> Result<Vec<CustomRole>, DbErr> {
    let mut sql = select(db);
    sql.push("c.organization_id IN ").list(ids.iter().copied()).push(" ORDER BY c.key");
    all(db, sql).await
}

/// How many custom roles an organization has.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM roles WHERE organization_id = ");
    sql.bind(organization_id);
    sql.count(db).await
}

/// Whether the key is, or once was, that of a catalogue's role in this database.
pub async fn is_catalogue_key(db: &impl ConnectionTrait, key: &str) -> Result<bool, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM roles WHERE organization_id IS NULL AND key = ");
    sql.bind(key);
    Ok(sql.count(db).await? > 0)
}

/// Makes a custom role, unless the organization has one with its key; tells whether it did.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &CustomRole,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new(
        "INSERT INTO roles (id, organization_id, key, name, description, kind, product_group,
            is_exclusive, is_owner, created_at, updated_at) VALUES (",
    );
    sql.bind(new.id).push(", ").bind(new.organization_id).push(", ").bind(new.key.clone());
    sql.push(", ").bind(new.name.clone()).push(", ").bind(new.description.clone());
    sql.push(", ").bind(Kind::Custom).push(", ").bind(PRODUCT_GROUP);
    sql.push(", false, false, ").bind(now).push(", ").bind(now);
    sql.push(") ON CONFLICT DO NOTHING");
    if sql.execute(db).await? == 0 {
        return Ok(false);
    }
    insert_permissions(db, new.id, &new.permissions).await?;
    Ok(true)
}

async fn insert_permissions(
    db: &impl ConnectionTrait,
    id: RoleId,
    permissions: &[String],
) -> Result<(), DbErr> {
    let rows = permissions.iter().map(|permission| role_permission::ActiveModel {
        role_id: Set(id),
        permission: Set(permission.clone()),
    });
    role_permission::Entity::insert_many(rows).exec_without_returning(db).await.map(drop)
}

/// Gives a custom role another name, description and set of permissions; tells whether it is there.
pub async fn update(
    db: &impl ConnectionTrait,
    changed: &CustomRole,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE roles SET name = ");
    sql.bind(changed.name.clone()).push(", description = ").bind(changed.description.clone());
    sql.push(", updated_at = ").bind(now).push(" WHERE id = ").bind(changed.id);
    sql.push(" AND organization_id = ").bind(changed.organization_id);
    if sql.execute(db).await? == 0 {
        return Ok(false);
    }
    role_permission::Entity::delete_many()
        .filter(role_permission::Column::RoleId.eq(changed.id))
        .exec(db)
        .await?;
    insert_permissions(db, changed.id, &changed.permissions).await?;
    Ok(true)
}

/// Deletes a custom role that nothing names any more; tells whether it was there.
pub async fn delete(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: RoleId,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM roles WHERE id = ");
    sql.bind(id).push(" AND organization_id = ").bind(organization_id);
    Ok(sql.execute(db).await? == 1)
}

/// How custom roles are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// They are to be assigned: they stay as they are until the transaction ends. Many may do so.
    ToAssign,
    /// One is to be changed or deleted: nobody assigns it meanwhile.
    ToChange,
}

/// Locks custom roles of an organization until the transaction ends, in the order of their ids. Read
/// them afterwards, in a statement of its own: what was waited for is only then to be seen.
pub async fn lock(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[RoleId],
    how: Lock,
) -> Result<(), DbErr> {
    // A write transaction of SQLite has the whole database to itself already.
    if ids.is_empty() || db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let mut sql = Sql::new("SELECT 1 FROM roles WHERE organization_id = ");
    sql.bind(organization_id).push(" AND id IN ").list(ids.iter().copied()).push(" ORDER BY id");
    sql.push(match how {
        Lock::ToAssign => " FOR SHARE",
        Lock::ToChange => " FOR UPDATE",
    });
    sql.execute(db).await.map(drop)
}

/// Where a custom role is used.
#[derive(Clone, Debug, FromQueryResult)]
pub struct UseRow {
    /// The assignment; none for a grant of an invitation.
    pub assignment_id: Option<AssignmentId>,
    /// Who holds it.
    pub user_id: Option<UserId>,
    /// The invitation that promises it.
    pub invitation_id: Option<InvitationId>,
    /// The account; none at the organization.
    pub account_id: Option<AccountId>,
    /// The account above the account.
    pub parent_id: Option<AccountId>,
    /// Until when it grants.
    pub valid_until: Option<DateTime<Utc>>,
}

impl UseRow {
    /// The type of the scope.
    #[must_use]
    pub fn scope_type(&self) -> ScopeType {
        match (self.account_id, self.parent_id) {
            (None, _) => ScopeType::Organization,
            (Some(_), None) => ScopeType::Account,
            (Some(_), Some(_)) => ScopeType::Subaccount,
        }
    }
}

/// The assignments of a custom role, and the grants of pending invitations that promise it.
pub async fn uses(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: RoleId,
    now: DateTime<Utc>,
) -> Result<Vec<UseRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT g.id AS assignment_id, g.user_id, NULL AS invitation_id, g.account_id, a.parent_id,
            g.valid_until
        FROM role_assignments g LEFT JOIN accounts a ON a.id = g.account_id
        WHERE g.organization_id = ",
    );
    sql.bind(organization_id).push(" AND g.role_id = ").bind(id).push(
        " UNION ALL SELECT NULL, NULL, i.id, g.account_id, a.parent_id, g.valid_until
        FROM invitation_grants g JOIN invitations i ON i.id = g.invitation_id
        LEFT JOIN accounts a ON a.id = g.account_id
        WHERE i.status = 'PENDING' AND i.expires_at > ",
    );
    sql.bind(now).push(" AND g.organization_id = ").bind(organization_id);
    sql.push(" AND g.role_id = ").bind(id);
    sql.all(db).await
}

/// Locks the memberships of those who hold a role, in the order of the ids; gives their users.
pub async fn lock_holders(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: RoleId,
) -> Result<Vec<UserId>, DbErr> {
    let mut sql = Sql::new("SELECT m.user_id FROM memberships m WHERE m.organization_id = ");
    sql.bind(organization_id).push(
        " AND m.user_id IN (SELECT g.user_id FROM role_assignments g WHERE g.organization_id = ",
    );
    sql.bind(organization_id).push(" AND g.role_id = ").bind(id).push(") ORDER BY m.id");
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR UPDATE");
    }
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "user_id")).collect()
}

/// Changes every assignment of a role into one of another role. Nobody may hold the other one in the
/// same scope any more.
pub async fn replace_assignments(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    old: RoleId,
    new: RoleId,
) -> Result<(), DbErr> {
    let mut sql = Sql::new("UPDATE role_assignments SET role_id = ");
    sql.bind(new).push(" WHERE organization_id = ").bind(organization_id);
    sql.push(" AND role_id = ").bind(old);
    sql.execute(db).await.map(drop)
}

/// Changes every grant of a role in invitations that can still be accepted or resent into one of
/// another role. Where an invitation promises the other one in the same scope already, one of the two
/// stays.
pub async fn replace_grants(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    old: RoleId,
    new: RoleId,
) -> Result<(), DbErr> {
    let twin = |sql: &mut Sql, role: RoleId| {
        sql.push(" AND EXISTS (SELECT 1 FROM invitation_grants t WHERE t.role_id = ").bind(role);
        sql.push(" AND t.invitation_id = invitation_grants.invitation_id");
        sql.push(" AND COALESCE(t.account_id, t.organization_id)");
        sql.push(" = COALESCE(invitation_grants.account_id, invitation_grants.organization_id)");
    };
    let begin = |text: &str, role: RoleId| {
        let mut sql = Sql::new(text);
        if text.starts_with("UPDATE") {
            sql.bind(new);
        }
        sql.push(" WHERE organization_id = ").bind(organization_id);
        sql.push(" AND role_id = ").bind(role);
        sql
    };
    let mut sql = begin("DELETE FROM invitation_grants", new);
    twin(&mut sql, old);
    sql.push(" AND (t.valid_until IS NULL OR t.valid_until > invitation_grants.valid_until))");
    sql.push(" AND invitation_grants.valid_until IS NOT NULL");
    sql.execute(db).await?;
    let mut sql = begin("DELETE FROM invitation_grants", old);
    twin(&mut sql, new);
    sql.push(")");
    sql.execute(db).await?;
    let mut sql = begin("UPDATE invitation_grants SET role_id = ", old);
    sql.push(" AND invitation_id IN (SELECT i.id FROM invitations i WHERE i.organization_id = ");
    sql.bind(organization_id).push(" AND i.status IN ('PENDING', 'EXPIRED'))");
    sql.execute(db).await.map(drop)
}

/// Takes a role out of all invitations of an organization.
pub async fn delete_grants(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: RoleId,
) -> Result<(), DbErr> {
    let mut sql = Sql::new("DELETE FROM invitation_grants WHERE organization_id = ");
    sql.bind(organization_id).push(" AND role_id = ").bind(id);
    sql.execute(db).await.map(drop)
}
