//! What a call that invites many people has to know, in one statement.

use chrono::{DateTime, Utc};
use entity::id::{InvitationId, OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::sql::Sql;

/// The organization that people are invited into.
#[derive(Clone, Debug, FromQueryResult)]
pub struct HostRow {
    /// The name.
    pub name: String,
    /// How long an invitation stands by default, in hours.
    pub invitation_hours: i64,
}

/// Reads an organization and locks it as [`super::membership::lock_organization`] does. Read the rest
/// afterwards: what was waited for is only then to be seen.
pub async fn lock(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<Option<HostRow>, DbErr> {
    let mut sql = Sql::new("SELECT name, invitation_hours FROM organizations WHERE id = ");
    sql.bind(organization_id);
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR NO KEY UPDATE");
    }
    sql.one(db).await
}

/// How things stand for a call.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Whether the inviter is in the organization.
    pub inviter_is_member: bool,
    /// The addresses about which there is something to know.
    pub known: Vec<Known>,
}

impl Situation {
    /// What is known of an address.
    #[must_use]
    pub fn of(&self, email_key: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.email_key == email_key)
    }
}

/// What is known of an address.
#[derive(Clone, Debug)]
pub struct Known {
    /// The address normalized.
    pub email_key: String,
    /// The member of the organization who has it.
    pub member: Option<Member>,
    /// The invitation that is pending, and until when, be that past (R43).
    pub pending: Option<(InvitationId, DateTime<Utc>)>,
}

/// A member who is named by their address.
#[derive(Clone, Debug)]
pub struct Member {
    /// The person.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The address as typed.
    pub email: String,
}

#[derive(FromQueryResult)]
struct Row {
    inviters: i64,
    email_key: Option<String>,
    user_id: Option<UserId>,
    name: Option<String>,
    email: Option<String>,
    invitation_id: Option<InvitationId>,
    expires_at: Option<DateTime<Utc>>,
}

/// How things stand for a call of an inviter's to these addresses. One row an address, which the call's
/// own facts come along with; a first row is for these alone.
pub async fn situation(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    inviter: UserId,
    email_keys: &[&str],
) -> Result<Situation, DbErr> {
    let mut sql = Sql::new("SELECT (SELECT COUNT(*) FROM memberships WHERE organization_id = ");
    sql.bind(organization_id).push(" AND user_id = ").bind(inviter).push(") AS inviters");
    sql.push(
        ", k.column1 AS email_key, m.user_id, u.name, u.email, i.id AS invitation_id, i.expires_at
        FROM (VALUES (NULL)",
    );
    for key in email_keys {
        sql.push(", (").bind(*key).push(")");
    }
    sql.push(
        ") k LEFT JOIN users u ON u.email_key = k.column1
        LEFT JOIN memberships m ON m.user_id = u.id AND m.organization_id = ",
    );
    sql.bind(organization_id).push(
        " LEFT JOIN invitations i ON i.email_key = k.column1 AND i.status = 'PENDING'
            AND i.organization_id = ",
    );
    sql.bind(organization_id);
    let rows: Vec<Row> = sql.all(db).await?;
    let first = rows.first();
    Ok(Situation {
        inviter_is_member: first.is_some_and(|row| row.inviters > 0),
        known: rows.into_iter().filter_map(known).collect(),
    })
}

fn known(row: Row) -> Option<Known> {
    Some(Known {
        email_key: row.email_key?,
        member: match (row.user_id, row.name, row.email) {
            (Some(id), Some(name), Some(email)) => Some(Member { id, name, email }),
            _ => None,
        },
        pending: row.invitation_id.zip(row.expires_at),
    })
}
