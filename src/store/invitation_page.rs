//! Invitations as an administrator lists them.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, InvitationId, OrganizationId, UserId};
use entity::invitation::Status;
use entity::mail;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult};

use super::list::List;
use super::page::{Cursor, Order, Window, time_value};
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
    /// When a new link was last asked for.
    pub link_requested_at: Option<DateTime<Utc>>,
    /// Who invites.
    #[sea_orm(nested)]
    pub inviter: UserRow,
    /// How far the newest mail is.
    pub mail_state: Option<mail::State>,
    /// How often it was tried.
    pub mail_attempts: Option<i64>,
    /// What the mail server last answered.
    pub mail_error: Option<String>,
    /// When it will be tried, or was due.
    pub mail_next_attempt_at: Option<DateTime<Utc>>,
    /// When it was handed over.
    pub mail_sent_at: Option<DateTime<Utc>>,
}

impl InvitationRow {
    /// The state at an instant: a pending one whose time has run out has expired (R45).
    #[must_use]
    pub fn status_at(&self, now: DateTime<Utc>) -> Status {
        status_at(self.status, self.expires_at, now)
    }

    /// Until when its newest mail waits for its first attempt (R46, R53).
    #[must_use]
    pub fn held_back_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let untried = self.mail_state == Some(mail::State::Queued) && self.mail_attempts == Some(0);
        self.mail_next_attempt_at.filter(|due| untried && *due > now)
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
    /// In one of these states, expiry included; in any where none is named. No state twice.
    pub statuses: Vec<Status>,
    /// Vouched for by this person.
    pub invited_by: Option<UserId>,
    /// Whose newest mail is that far.
    pub delivery: Option<mail::State>,
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
            i.ended_at, i.ended_by, i.link_requested_at, e.state AS mail_state,
            e.attempts AS mail_attempts, e.last_error AS mail_error,
            e.next_attempt_at AS mail_next_attempt_at, e.sent_at AS mail_sent_at",
    );
    sql
}

const JOINS: &str = " JOIN users u ON u.id = i.invited_by LEFT JOIN mails e ON e.id = i.mail_id ";

/// The invitations of these ids, whoever they belong to: the caller decides who sees them.
pub async fn rows(
    db: &impl ConnectionTrait,
    ids: &[InvitationId],
) -> Result<Vec<InvitationRow>, DbErr> {
    let mut sql = select();
    sql.push(" FROM invitations i").push(JOINS).push("WHERE i.id IN ").list(ids.iter().copied());
    sql.all(db).await
}

/// One window of an organization's invitations. Those who administer only some accounts see the
/// invitations that grant something there, and those that they made.
#[must_use]
pub fn list(
    organization_id: OrganizationId,
    viewer_id: UserId,
    listing: &Listing,
    filter: &Filter,
    now: DateTime<Utc>,
    window: Window,
) -> List<InvitationRow> {
    let whose = Whose { organization_id, viewer_id, listing };
    let narrowed = narrowed(organization_id, filter);
    let states = states(&filter.statuses, now);
    let mut count = Sql::new("SELECT COUNT(*) FROM invitations i WHERE ");
    count.append(&whose.tried()).append(&narrowed).push(" AND (1 = 0");
    for state in &states {
        count.push(" OR ").append(state);
    }
    count.push(")");

    let mut sql = whose.shown();
    sql.append(&select()).push(" FROM (");
    // Each state has its part of an index in the list's order: several are merged, not read through.
    let branches = whose.branches();
    let parts = branches.iter().flat_map(|branch| states.iter().map(move |state| (branch, state)));
    for (index, (branch, state)) in parts.enumerate() {
        sql.push(if index == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT * FROM (SELECT i.id FROM invitations i WHERE ").append(branch);
        sql.append(&narrowed).push(" AND ").append(state);
        NEWEST_FIRST.apply(&mut sql, &window);
        sql.push(&format!(") branch_{index}"));
    }
    sql.push(") page JOIN invitations i ON i.id = page.id").push(JOINS);
    NEWEST_FIRST.finish(&mut sql, &window);
    List::new(sql, count, window)
}

/// How many invitations are looked up before they are tried one by one instead.
const FEW: usize = 2_000;

/// Whose list it is.
struct Whose<'a> {
    organization_id: OrganizationId,
    viewer_id: UserId,
    listing: &'a Listing,
}

impl Whose<'_> {
    /// `WITH` the first of the invitations that somebody sees who administers only some accounts.
    fn shown(&self) -> Sql {
        let mut sql = Sql::default();
        if *self.listing != Listing::Everyone {
            sql.push("WITH shown AS MATERIALIZED (SELECT g.invitation_id AS id ");
            sql.push("FROM invitation_grants g WHERE ");
            sql.append(&super::assignment::visible(self.listing));
            sql.push(" UNION ALL SELECT i.id FROM invitations i WHERE i.organization_id = ");
            sql.bind(self.organization_id).push(" AND i.invited_by = ").bind(self.viewer_id);
            sql.push(&format!(" LIMIT {}) ", FEW + 1));
        }
        sql
    }

    /// The branches of the statement. Few invitations are looked up; many are tried in the list's order
    /// until the page is full. At run time all but one are empty.
    fn branches(&self) -> Vec<Sql> {
        if *self.listing == Listing::Everyone {
            return vec![self.tried()];
        }
        let mut looked_up = Sql::new("i.organization_id = ");
        looked_up.bind(self.organization_id);
        looked_up.push(&format!(" AND (SELECT COUNT(*) FROM shown) <= {FEW}"));
        looked_up.push(" AND i.id IN (SELECT id FROM shown)");
        let mut tried = self.tried();
        tried.push(&format!(" AND (SELECT COUNT(*) FROM shown) > {FEW}"));
        vec![looked_up, tried]
    }

    /// The condition that an invitation `i` is one of the list's.
    fn tried(&self) -> Sql {
        let mut sql = Sql::new("i.organization_id = ");
        sql.bind(self.organization_id);
        if *self.listing != Listing::Everyone {
            sql.push(" AND (i.invited_by = ").bind(self.viewer_id);
            sql.push(
                " OR EXISTS (SELECT 1 FROM invitation_grants g WHERE g.invitation_id = i.id AND ",
            );
            sql.append(&super::assignment::visible(self.listing)).push("))");
        }
        sql
    }
}

/// The conditions that an invitation `i` is in one of these states, one a state; a single one that
/// always holds where none is named.
fn states(statuses: &[Status], now: DateTime<Utc>) -> Vec<Sql> {
    if statuses.is_empty() {
        return vec![Sql::new("1 = 1")];
    }
    let condition = |status: &Status| {
        let mut sql = Sql::default();
        match status {
            Status::Pending => sql.push("i.status = 'PENDING' AND i.expires_at > ").bind(now),
            Status::Expired => {
                sql.push("(i.status = 'EXPIRED' OR (i.status = 'PENDING' AND i.expires_at <= ");
                sql.bind(now).push("))")
            }
            status => sql.push("i.status = ").bind(*status),
        };
        sql
    };
    statuses.iter().map(condition).collect()
}

/// `AND` what else an invitation `i` has to meet.
fn narrowed(organization_id: OrganizationId, filter: &Filter) -> Sql {
    let mut sql = Sql::default();
    if let Some(user_id) = filter.invited_by {
        sql.push(" AND i.invited_by = ").bind(user_id);
    }
    match filter.delivery {
        None => {}
        // As most have been: they are met soon in the order of the list.
        Some(mail::State::Sent) => {
            sql.push(" AND EXISTS (SELECT 1 FROM mails m WHERE m.id = i.mail_id");
            sql.push(" AND m.state = 'SENT')");
        }
        // Few, which are looked up. The index on them is a partial one, so the state is in the text.
        Some(state) => {
            sql.push(" AND i.mail_id IN (SELECT m.id FROM mails m WHERE m.organization_id = ");
            sql.bind(organization_id).push(" AND m.state <> 'SENT' AND m.state = ");
            sql.push(&format!("'{}')", state.to_value()));
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
