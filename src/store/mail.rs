//! The outbox table (R53).
//!
//! A worker takes mails by a lease and settles each with one conditional update on the mail and the
//! lease. Whoever comes late, because the lease ran out and another worker took over, changes
//! nothing and is told so by the row count.

use chrono::{DateTime, Duration, Utc};
use entity::id::{InvitationId, MailId, OrganizationId};
use entity::mail::{ActiveModel, COLUMN, Column, Entity, Model, State};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, ExprTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set, Statement,
};

use super::sql::{Batch, Sql};

/// A mail to be queued.
pub struct NewMail {
    /// Its id; `sealed` is bound to it.
    pub id: MailId,
    /// Which message it is.
    pub kind: &'static str,
    /// The organization that it is about, if it is about one.
    pub organization_id: Option<OrganizationId>,
    /// The address that it goes to, as it was typed (R42).
    pub recipient: String,
    /// The rendered mail, encrypted.
    pub sealed: Vec<u8>,
    /// When it was queued: it is due from this instant on. What is to go out later is queued as if it
    /// had been queued then: until then it is nowhere to be seen.
    pub created_at: DateTime<Utc>,
}

/// Has all of these mails queued by a batch, in one statement; none is no statement.
pub fn add(batch: &mut Batch, db: &impl ConnectionTrait, mails: Vec<NewMail>) {
    if mails.is_empty() {
        return;
    }
    let rows = mails.into_iter().map(|mail| ActiveModel {
        id: Set(mail.id),
        kind: Set(mail.kind.to_owned()),
        organization_id: Set(mail.organization_id),
        recipient: Set(mail.recipient),
        sealed: Set(Some(mail.sealed)),
        state: Set(State::Queued),
        attempts: Set(0),
        next_attempt_at: Set(mail.created_at),
        leased_until: Set(None),
        lease: Set(None),
        last_error: Set(None),
        sent_at: Set(None),
        let_go_at: Set(None),
        created_at: Set(mail.created_at),
    });
    batch.add(Entity::insert_many(rows).build(db.get_database_backend()));
}

/// How many due mails are put into their order at a time.
const ORDERED_AT_A_TIME: u64 = 5_000;

/// Takes up to `limit` due mails for as long as `lease_for`. Two workers never get the same mail.
///
/// The organizations take turns, each with the mail that has been due for longest, so that whoever queues
/// a thousand keeps nobody else waiting; mails of no organization go first.
///
/// Taking a mail counts as an attempt, so that one that kills its worker is seen to be counted.
///
/// # Errors
/// Whatever the database answers.
pub async fn lease_due(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
    lease_for: Duration,
    lease: Uuid,
) -> Result<Vec<Model>, DbErr> {
    // SQLite lets one statement write at a time; in PostgreSQL the second worker passes over the rows
    // that the first one is taking, which is why more than `limit` are lined up.
    let skip_locked = match db.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE OF m SKIP LOCKED",
        _ => "",
    };
    // MATERIALIZED, because PostgreSQL may run a mere subquery more than once, and each run would
    // lock and return further rows. What is locked is looked at again: it may have been taken since.
    let sql = format!(
        "WITH line AS MATERIALIZED (
            SELECT id, next_attempt_at, ROW_NUMBER() OVER (
                PARTITION BY COALESCE(organization_id, id) ORDER BY next_attempt_at, id) AS turn
            FROM (SELECT id, organization_id, next_attempt_at FROM mails
                WHERE state = 'QUEUED' AND next_attempt_at <= $1
                    AND (leased_until IS NULL OR leased_until <= $1)
                ORDER BY next_attempt_at, id LIMIT {ORDERED_AT_A_TIME}) oldest
            ORDER BY turn, next_attempt_at, id LIMIT 10 * $2),
        due AS MATERIALIZED (
            SELECT m.id FROM line JOIN mails m ON m.id = line.id
            WHERE m.state = 'QUEUED' AND m.next_attempt_at <= $1
                AND (m.leased_until IS NULL OR m.leased_until <= $1)
            ORDER BY line.turn, line.next_attempt_at, line.id
            LIMIT $2 {skip_locked})
        UPDATE mails SET lease = $3, leased_until = $4, attempts = attempts + 1
        WHERE id IN (SELECT id FROM due)
        RETURNING *"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [now.into(), limit.into(), lease.into(), (now + lease_for).into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut mails = Entity::find().from_raw_sql(statement).all(db).await?;
    // RETURNING promises no order.
    mails.sort_by_key(|mail| (mail.next_attempt_at, mail.id));
    Ok(mails)
}

/// The mail was handed to the mail server. Its content is erased, for it holds a link, unless
/// `keep_sealed` (the development mailbox shows it). What was called off on the way has gone out all
/// the same.
///
/// `false`: the lease was lost, nothing changed.
///
/// # Errors
/// Whatever the database answers.
pub async fn mark_sent(
    db: &impl ConnectionTrait,
    id: MailId,
    lease: Uuid,
    now: DateTime<Utc>,
    keep_sealed: bool,
) -> Result<bool, DbErr> {
    let mut change = ActiveModel {
        state: Set(State::Sent),
        sent_at: Set(Some(now)),
        last_error: Set(None),
        ..Default::default()
    };
    if !keep_sealed {
        change.sealed = Set(None);
    }
    settle(db, id, lease, &[State::Queued, State::Cancelled], change).await
}

/// The attempt failed, and there will be another one.
///
/// `false`: the lease was lost, nothing changed.
///
/// # Errors
/// Whatever the database answers.
pub async fn retry_later(
    db: &impl ConnectionTrait,
    id: MailId,
    lease: Uuid,
    next_attempt_at: DateTime<Utc>,
    error: &str,
) -> Result<bool, DbErr> {
    let change = ActiveModel {
        next_attempt_at: Set(next_attempt_at),
        last_error: Set(Some(error.to_owned())),
        ..Default::default()
    };
    settle(db, id, lease, &[State::Queued], change).await
}

/// The mail is given up; its content is erased.
///
/// `false`: the lease was lost, nothing changed.
///
/// # Errors
/// Whatever the database answers.
pub async fn mark_failed(
    db: &impl ConnectionTrait,
    id: MailId,
    lease: Uuid,
    error: &str,
) -> Result<bool, DbErr> {
    let change = ActiveModel {
        state: Set(State::Failed),
        sealed: Set(None),
        last_error: Set(Some(error.to_owned())),
        ..Default::default()
    };
    settle(db, id, lease, &[State::Queued], change).await
}

/// Gives a mail back that was taken and not begun, as if it had not been taken.
///
/// `false`: the lease was lost, nothing changed.
///
/// # Errors
/// Whatever the database answers.
pub async fn release(db: &impl ConnectionTrait, mail: &Model, lease: Uuid) -> Result<bool, DbErr> {
    let change = ActiveModel { attempts: Set(mail.attempts - 1), ..Default::default() };
    settle(db, mail.id, lease, &[State::Queued], change).await
}

/// Changes a mail that is held by this lease and in one of these states, and ends the lease.
async fn settle(
    db: &impl ConnectionTrait,
    id: MailId,
    lease: Uuid,
    from: &[State],
    mut change: ActiveModel,
) -> Result<bool, DbErr> {
    change.lease = Set(None);
    change.leased_until = Set(None);
    let result = Entity::update_many()
        .set(change)
        .filter(COLUMN.id.eq(id))
        .filter(COLUMN.lease.eq(lease))
        .filter(COLUMN.state.is_in(from.iter().copied()))
        .exec(db)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Calls these mails off and erases their content: all that have not been sent. One that is going out
/// just now may still arrive, but is not tried again; it keeps its lease, so that its worker can note
/// that it was sent. Answers how many were called off.
///
/// # Errors
/// Whatever the database answers.
pub async fn cancel(db: &impl ConnectionTrait, ids: &[MailId]) -> Result<u64, DbErr> {
    let change =
        ActiveModel { state: Set(State::Cancelled), sealed: Set(None), ..Default::default() };
    let result = Entity::update_many()
        .set(change)
        .filter(COLUMN.id.is_in(ids.iter().copied()))
        .filter(COLUMN.state.eq(State::Queued))
        .exec(db)
        .await?;
    Ok(result.rows_affected)
}

/// A mail about an invitation that was called off.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CalledOff {
    /// The address, normalized; none for a reminder.
    pub email_key: Option<String>,
    /// How often it was tried, one that is under way included.
    pub attempts: i64,
}

/// Calls off, like [`cancel`], the mails of these invitations: the newest about each, and the reminder.
///
/// # Errors
/// Whatever the database answers.
pub async fn cancel_of(
    db: &impl ConnectionTrait,
    invitations: &[InvitationId],
) -> Result<Vec<CalledOff>, DbErr> {
    if invitations.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("WITH ended AS (SELECT mail_id, reminder_id FROM invitations WHERE id IN ");
    sql.list(invitations.iter().copied()).push(
        ") UPDATE mails SET state = 'CANCELLED', sealed = NULL WHERE state = 'QUEUED' AND id IN
            (SELECT mail_id FROM ended UNION ALL SELECT reminder_id FROM ended)
        RETURNING attempts, (SELECT i.email_key FROM invitations i
            WHERE i.mail_id = mails.id AND i.id IN ",
    );
    sql.list(invitations.iter().copied()).push(") AS email_key");
    sql.all(db).await
}

/// Calls off, like [`cancel`], the mail that would remind of this invitation.
///
/// # Errors
/// Whatever the database answers.
pub async fn cancel_reminder(
    db: &impl ConnectionTrait,
    invitation: InvitationId,
) -> Result<u64, DbErr> {
    let mut sql = Sql::new(
        "UPDATE mails SET state = 'CANCELLED', sealed = NULL WHERE state = 'QUEUED' AND id =
            (SELECT reminder_id FROM invitations WHERE id = ",
    );
    sql.bind(invitation).push(")");
    sql.execute(db).await
}

/// Calls off, like [`cancel`], what waits to be mailed to somebody who is no user any more. Invitations stay:
/// they are to whoever reads the mail there.
///
/// # Errors
/// From the database.
pub async fn cancel_to_identity(db: &impl ConnectionTrait, address: &str) -> Result<u64, DbErr> {
    let mut sql = Sql::new(
        "UPDATE mails SET state = 'CANCELLED', sealed = NULL WHERE state = 'QUEUED'
            AND kind NOT IN ('invitation', 'invitation_expiring') AND recipient = ",
    );
    sql.bind(address);
    sql.execute(db).await
}

/// When the next mail will be due: at its next attempt, or when its lease runs out. `None` when
/// none is queued.
///
/// # Errors
/// Whatever the database answers.
pub async fn next_due(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let due = Expr::case(
        Column::LeasedUntil.into_expr().gt(Column::NextAttemptAt.into_expr()),
        Column::LeasedUntil.into_expr(),
    )
    .finally(Column::NextAttemptAt.into_expr());
    let earliest: Option<Option<DateTime<Utc>>> = Entity::find()
        .select_only()
        .expr(Expr::expr(due).min())
        .filter(COLUMN.state.eq(State::Queued))
        .into_tuple()
        .one(db)
        .await?;
    Ok(earliest.flatten())
}

/// What is due and has not been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many mails.
    pub mails: i64,
    /// How long the oldest of them has been due; zero where there is none.
    pub oldest: Duration,
}

/// How much is waiting at this instant, those that are waiting to be tried again included.
///
/// # Errors
/// Whatever the database answers.
pub async fn backlog(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Backlog, DbErr> {
    let (mails, since): (i64, Option<DateTime<Utc>>) = Entity::find()
        .select_only()
        .expr(Column::Id.into_expr().count())
        .expr(Column::CreatedAt.into_expr().min())
        .filter(COLUMN.state.eq(State::Queued))
        .filter(COLUMN.created_at.lte(now))
        .into_tuple()
        .one(db)
        .await?
        .unwrap_or_default();
    Ok(Backlog { mails, oldest: since.map_or(Duration::zero(), |since| now - since) })
}

/// How many mails wait for each key that they are encrypted with: the hint at it, with which they begin
/// ([`Key::hint`](crate::auth::keys::Key::hint)), and their number.
///
/// # Errors
/// Whatever the database answers.
pub async fn sealed(db: &impl ConnectionTrait) -> Result<Vec<(Vec<u8>, i64)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        hint: Vec<u8>,
        mails: i64,
    }
    let sql = Sql::new(
        "SELECT substr(sealed, 1, 8) AS hint, COUNT(*) AS mails FROM mails
        WHERE state = 'QUEUED' AND sealed IS NOT NULL GROUP BY 1",
    );
    let rows: Vec<Row> = sql.all(db).await?;
    Ok(rows.into_iter().map(|row| (row.hint, row.mails)).collect())
}

/// One mail, whatever its state.
///
/// # Errors
/// Whatever the database answers.
pub async fn find(db: &impl ConnectionTrait, id: MailId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The newest `limit` mails, newest first, or those before the mail `before`: for the development
/// mailbox. Ids are ordered by time. Those that are to go out later are left out.
///
/// # Errors
/// Whatever the database answers.
pub async fn recent(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
    before: Option<MailId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(COLUMN.created_at.lte(now))
        .filter(Condition::all().add_option(before.map(|before| COLUMN.id.lt(before))))
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db)
        .await
}
