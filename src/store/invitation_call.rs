//! What a call that invites many people has to know, in one statement.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{InvitationId, OrganizationId, UserId};
use entity::invitation::Status;
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
    /// How many people the inviter invited within a day, wherever they are a member; none where their
    /// address is verified.
    pub invited_unverified: Option<i64>,
    /// The addresses about which there is something to know.
    pub known: Vec<Known>,
}

impl Situation {
    /// What is known of an address.
    #[must_use]
    pub fn of(&self, email_key: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.email_key == email_key)
    }

    /// Whether a member of the organization has the address.
    #[must_use]
    pub fn is_member(&self, email_key: &str) -> bool {
        self.of(email_key).is_some_and(|known| known.member.is_some())
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
    /// The mails about invitations that it got within a day, however these ended, and about the pending
    /// one (R46).
    pub mailed: Vec<Mailed>,
    /// Whether it is to get no more mails about the organization's invitations.
    pub opted_out: bool,
}

/// How often an address was written to about an invitation.
#[derive(Clone, Copy, Debug)]
pub struct Mailed {
    /// When the newest mail was due.
    pub sent_at: DateTime<Utc>,
    /// When the day that resends are counted in began.
    pub resend_day: DateTime<Utc>,
    /// How many there were in it.
    pub resends_that_day: i64,
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
    invited_unverified: Option<i64>,
    email_key: Option<String>,
    user_id: Option<UserId>,
    name: Option<String>,
    email: Option<String>,
    invitation_id: Option<InvitationId>,
    status: Option<Status>,
    expires_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    resend_day: Option<DateTime<Utc>>,
    resends_that_day: Option<i64>,
    opted_out: bool,
}

/// How things stand for a call of an inviter's to these addresses. One row an address, which the call's
/// own facts come along with; a first row is for these alone.
pub async fn situation(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    inviter: UserId,
    email_keys: &[&str],
    now: DateTime<Utc>,
) -> Result<Situation, DbErr> {
    let mut sql = Sql::new("SELECT (SELECT COUNT(*) FROM memberships WHERE organization_id = ");
    sql.bind(organization_id).push(" AND user_id = ").bind(inviter).push(") AS inviters");
    sql.push(
        ", (SELECT CASE WHEN b.email_verified_at IS NULL THEN
            (SELECT COUNT(*) FROM invitations x WHERE x.organization_id IN
                (SELECT organization_id FROM memberships WHERE user_id = b.id)
                AND x.invited_by = b.id AND x.created_at > ",
    );
    sql.bind(now - TimeDelta::days(1)).push(") END FROM users b WHERE b.id = ").bind(inviter);
    sql.push(") AS invited_unverified");
    sql.push(
        ", k.column1 AS email_key, m.user_id, u.name, u.email, i.id AS invitation_id, i.status,
            i.expires_at, i.sent_at, i.resend_day, i.resends_that_day, q.email_key IS NOT NULL AS opted_out
        FROM (VALUES (NULL)",
    );
    for key in email_keys {
        sql.push(", (").bind(*key).push(")");
    }
    sql.push(
        ") k LEFT JOIN users u ON u.email_key = k.column1
        LEFT JOIN memberships m ON m.user_id = u.id AND m.organization_id = ",
    );
    sql.bind(organization_id)
        .push(" LEFT JOIN mail_opt_outs q ON q.email_key = k.column1 AND q.organization_id = ");
    sql.bind(organization_id)
        .push(" LEFT JOIN invitations i ON i.email_key = k.column1 AND i.organization_id = ");
    sql.bind(organization_id).push(" AND (i.status = 'PENDING' OR i.sent_at > ");
    sql.bind(now - TimeDelta::days(1)).push(") ORDER BY k.column1");
    let rows: Vec<Row> = sql.all(db).await?;
    let inviter_is_member = rows.first().is_some_and(|row| row.inviters > 0);
    let invited_unverified = rows.first().and_then(|row| row.invited_unverified);
    let mut known: Vec<Known> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(email_key) = row.email_key else { continue };
        if known.last().is_none_or(|last| last.email_key != email_key) {
            let member = match (row.user_id, row.name, row.email) {
                (Some(id), Some(name), Some(email)) => Some(Member { id, name, email }),
                _ => None,
            };
            known.push(Known {
                email_key,
                member,
                pending: None,
                mailed: Vec::new(),
                opted_out: row.opted_out,
            });
        }
        let Some(last) = known.last_mut() else { continue };
        if row.status == Some(Status::Pending) {
            last.pending = row.invitation_id.zip(row.expires_at);
        }
        if let (Some(sent_at), Some(resend_day), Some(resends_that_day)) =
            (row.sent_at, row.resend_day, row.resends_that_day)
        {
            last.mailed.push(Mailed { sent_at, resend_day, resends_that_day });
        }
    }
    Ok(Situation { inviter_is_member, invited_unverified, known })
}
