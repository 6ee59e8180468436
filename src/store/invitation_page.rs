//! Invitations as an administrator lists them.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, InvitationId, OrganizationId, UserId};
use entity::invitation::Status;
use entity::mail;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::page::{Cursor, Order, Page, Window, time_value};
use super::sql::{Sql, contains};
use super::user::UserRow;
use crate::access::viewer::Listing;

/// What the API shows of an invitation, its inviter and its newest mail.
#[derive(Clone, Debug, FromQueryResult)]
pub struct InvitationRow {
    /// The id.
    #[sea_orm(alias = "invitation_id")]
    pub id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The address as typed.
    pub invited_email: String,
    /// What the inviter calls the person.
    pub invited_name: Option<String>,
    /// What the inviter wrote.
    pub message: Option<String>,
    /// The state, expiry aside.
    pub status: Status,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was made.
    pub invited_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who accepted, declined or revoked it.
    pub ended_by: Option<UserId>,
    /// Who invites.
    #[sea_orm(nested)]
    pub inviter: UserRow,
    /// How far the newest mail is.
    pub mail_state: Option<mail::State>,
    /// How often it was tried.
    pub mail_attempts: Option<i64>,
    /// What the mail server last answered.
    pub mail_error: Option<String>,
    /// When it was handed over.
    pub mail_sent_at: Option<DateTime<Utc>>,
}

impl InvitationRow {
    /// The state at an instant: a pending one whose time has run out has expired (R45).
    #[must_use]
    pub fn status_at(&self, now: DateTime<Utc>) -> Status {
        status_at(self.status, self.expires_at, now)
    }

    /// Its position in listings.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: Some(self.invited_at.timestamp_micros().to_string()), id: self.id.0 }
    }
}

/// The state at an instant: a pending one whose time has run out has expired (R45).
#[must_use]
pub fn status_at(status: Status, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Status {
    if status == Status::Pending && expires_at <= now { Status::Expired } else { status }
}

/// What invitations are searched by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this state, expiry included.
    pub status: Option<Status>,
    /// Found in the address.
    pub email: Option<String>,
    /// Granting something in this account.
    pub account_id: Option<AccountId>,
}

/// The order of invitations in listings: newest first.
pub const NEWEST_FIRST: Order =
    Order { column: Some("i.created_at"), id: "i.id", descending: true, value: time_value };

fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(super::user::COLUMNS).push(
        ", i.id AS invitation_id, i.organization_id, i.email AS invited_email,
            i.name AS invited_name, i.message, i.status, i.expires_at, i.created_at AS invited_at,
            i.ended_at, i.ended_by, e.state AS mail_state, e.attempts AS mail_attempts,
            e.last_error AS mail_error, e.sent_at AS mail_sent_at",
    );
    sql
}

const FROM: &str = " FROM invitations i JOIN users u ON u.id = i.invited_by
    LEFT JOIN mails e ON e.id = i.mail_id WHERE ";

/// The invitations of these ids, whoever they belong to: the caller decides who sees them.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: &[InvitationId],
) -> Result<Vec<InvitationRow>, DbErr> {
    let mut sql = select();
    sql.push(FROM).push("i.id IN ").list(ids.iter().copied());
    sql.all(db).await
}

#[derive(FromQueryResult)]
struct Counted {
    #[sea_orm(nested)]
    row: InvitationRow,
    total: Option<i64>,
}

/// One page of an organization's invitations, the total in the same statement. Those who administer
/// only some accounts see the invitations that grant something there, and those that they made.
pub async fn page(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    viewer_id: UserId,
    listing: &Listing,
    filter: &Filter,
    now: DateTime<Utc>,
    window: &Window,
) -> Result<Page<InvitationRow>, DbErr> {
    let conditions = conditions(organization_id, viewer_id, listing, filter, now);
    let mut count = Sql::new("SELECT COUNT(*) FROM invitations i WHERE ");
    count.append(&conditions);

    let mut sql = select();
    if window.total {
        sql.push(", (").append(&count).push(") AS total");
    } else {
        sql.push(", CAST(NULL AS bigint) AS total");
    }
    sql.push(FROM).append(&conditions);
    NEWEST_FIRST.apply(&mut sql, window);
    let rows: Vec<Counted> = sql.all(db).await?;
    let total = match rows.first() {
        Some(row) => row.total,
        None if window.total => Some(count.count(db).await?),
        None => None,
    };
    Ok(Page::cut(rows.into_iter().map(|counted| counted.row).collect(), window, total))
}

fn conditions(
    organization_id: OrganizationId,
    viewer_id: UserId,
    listing: &Listing,
    filter: &Filter,
    now: DateTime<Utc>,
) -> Sql {
    let mut sql = Sql::new("i.organization_id = ");
    sql.bind(organization_id);
    if *listing != Listing::Everyone {
        sql.push(" AND (i.invited_by = ").bind(viewer_id);
        sql.push(" OR EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = i.id AND ");
        sql.append(&super::assignment::visible(listing)).push("))");
    }
    match filter.status {
        None => {}
        Some(Status::Pending) => {
            sql.push(" AND i.status = 'PENDING' AND i.expires_at > ").bind(now);
        }
        Some(Status::Expired) => {
            sql.push(" AND (i.status = 'EXPIRED' OR (i.status = 'PENDING' AND i.expires_at <= ");
            sql.bind(now).push("))");
        }
        Some(status) => {
            sql.push(" AND i.status = ").bind(status);
        }
    }
    if let Some(email) = &filter.email {
        let pattern = contains(&crate::text::address_key(email));
        sql.push(" AND i.email_key LIKE ").bind(pattern).push(" ESCAPE '\\'");
    }
    if let Some(account_id) = filter.account_id {
        sql.push(
            " AND EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = i.id
            AND g.account_id = ",
        );
        sql.bind(account_id).push(")");
    }
    sql
}
