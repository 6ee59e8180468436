//! Addresses that want no more mails about invitations from an organization.

use chrono::{DateTime, Utc};
use entity::id::OrganizationId;
use sea_orm::{ConnectionTrait, DbErr};

use super::sql::Sql;

/// Notes that an address wants no more mails about invitations; tells whether that is new.
pub async fn add(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    email_key: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql =
        Sql::new("INSERT INTO mail_opt_outs (organization_id, email_key, created_at) VALUES (");
    sql.bind(organization_id).push(", ").bind(email_key.to_owned()).push(", ").bind(now);
    sql.push(") ON CONFLICT (organization_id, email_key) DO NOTHING");
    Ok(sql.execute(db).await? == 1)
}

/// Forgets it again; tells whether there was anything to forget.
pub async fn remove(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    email_key: &str,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM mail_opt_outs WHERE organization_id = ");
    sql.bind(organization_id).push(" AND email_key = ").bind(email_key.to_owned());
    Ok(sql.execute(db).await? == 1)
}

/// Which of these addresses want no more mails about invitations from the organization.
pub async fn among(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    email_keys: &[String],
) -> Result<Vec<String>, DbErr> {
    let mut sql = Sql::new("SELECT email_key FROM mail_opt_outs WHERE organization_id = ");
    sql.bind(organization_id).push(" AND email_key IN ").list(email_keys.iter().cloned());
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "email_key")).collect()
}
