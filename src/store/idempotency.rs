//! Calls that carry an idempotency key (R71): each is claimed in the transaction that carries it out, so that
//! a call is marked as done if and only if it is.
//!
//! The claim is made by [`super::begin`], for whatever runs [`within`] a call. That way no use case can forget
//! it, and none has to know of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::sql::Sql;

/// A call under way.
#[derive(Debug)]
pub struct Call {
    /// Which it is: whose, and its key.
    pub id: Vec<u8>,
    /// What it asks for, sealed: no two calls have the same.
    pub input: Vec<u8>,
    /// The instant at which it is made.
    pub now: DateTime<Utc>,
    /// When its key is free again.
    pub expires_at: DateTime<Utc>,
    claimed: AtomicBool,
    carried: AtomicBool,
}

impl Call {
    /// A call that nothing has been done for.
    #[must_use]
    pub fn new(id: Vec<u8>, input: Vec<u8>, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        let (claimed, carried) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { id, input, now, expires_at, claimed, carried }
    }

    /// Whether a transaction was begun for it, or is to be begun beside it: whether it can have done
    /// anything.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.claimed.load(Ordering::Acquire) || self.carried.load(Ordering::Acquire)
    }
}

tokio::task_local! {
    static CALL: Arc<Call>;
}

/// Runs what a call does.
pub async fn within<T>(call: &Arc<Call>, doing: impl Future<Output = T>) -> T {
    CALL.scope(Arc::clone(call), doing).await
}

/// What goes on in a task of its own, still as what the call does.
pub fn carry<T>(doing: impl Future<Output = T>) -> impl Future<Output = T> {
    let call = CALL.try_with(Arc::clone).ok();
    if let Some(call) = &call {
        call.carried.store(true, Ordering::Release);
    }
    async move {
        match call {
            Some(call) => CALL.scope(call, doing).await,
            None => doing.await,
        }
    }
}

/// Claims the call that is under way, if there is one. Another transaction that claims the same one waits
/// for this one to end.
///
/// # Errors
/// `RecordNotInserted` if another call with the same key was carried out.
pub(super) async fn claim(tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    let Ok(call) = CALL.try_with(Arc::clone) else { return Ok(()) };
    let mut sql = Sql::new("INSERT INTO idempotent_calls (id, input, expires_at) VALUES (");
    sql.bind(call.id.clone()).push(", ").bind(call.input.clone()).push(", ").bind(call.expires_at);
    // A use case may take several transactions; and a key whose time is over is free.
    sql.push(
        ") ON CONFLICT (id) DO UPDATE SET input = excluded.input, expires_at = excluded.expires_at,
            answer = CASE WHEN idempotent_calls.input = excluded.input THEN idempotent_calls.answer END
            WHERE idempotent_calls.input = excluded.input OR idempotent_calls.expires_at <= ",
    );
    sql.bind(call.now);
    if sql.execute(tx).await? == 0 {
        return Err(DbErr::RecordNotInserted);
    }
    call.claimed.store(true, Ordering::Release);
    Ok(())
}

/// Keeps the answer to a call. What was taken back is not kept. What goes on in another task is, before it
/// is claimed there; false if it cannot be claimed there any more.
pub async fn keep(db: &impl ConnectionTrait, call: &Call, answer: Vec<u8>) -> Result<bool, DbErr> {
    let mut sql = Sql::default();
    let carried = call.carried.load(Ordering::Acquire);
    if carried {
        sql.push("INSERT INTO idempotent_calls (id, input, expires_at, answer) VALUES (");
        sql.bind(call.id.clone()).push(", ").bind(call.input.clone()).push(", ");
        sql.bind(call.expires_at).push(", ").bind(answer);
        sql.push(") ON CONFLICT (id) DO UPDATE SET answer = excluded.answer");
        sql.push(" WHERE idempotent_calls.input = excluded.input");
    } else {
        sql.push("UPDATE idempotent_calls SET answer = ").bind(answer);
        sql.push(" WHERE id = ").bind(call.id.clone());
        sql.push(" AND input = ").bind(call.input.clone());
    }
    let kept = sql.execute(db).await? > 0;
    Ok(kept || !carried)
}

/// A call that was carried out.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DoneRow {
    /// What it asked for, sealed.
    pub input: Vec<u8>,
    /// What it was answered, sealed, as soon as that is known.
    pub answer: Option<Vec<u8>>,
}

/// The call with this id, if its time is not over.
pub async fn find(
    db: &impl ConnectionTrait,
    id: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<DoneRow>, DbErr> {
    let mut sql = Sql::new("SELECT input, answer FROM idempotent_calls WHERE id = ");
    sql.bind(id.to_vec()).push(" AND expires_at > ").bind(now);
    sql.one(db).await
}

/// How many calls are forgotten in one statement.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

/// Forgets the calls whose time is over, a thousand at a time, so that nobody waits for long.
pub async fn forget(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    loop {
        let mut sql = Sql::new("DELETE FROM idempotent_calls WHERE id IN (SELECT id");
        sql.push(" FROM idempotent_calls WHERE expires_at <= ").bind(now);
        sql.push(" ORDER BY expires_at LIMIT ").bind(FORGOTTEN_AT_ONCE).push(")");
        // The key may have been taken again meanwhile.
        sql.push(" AND expires_at <= ").bind(now);
        if sql.execute(db).await? < FORGOTTEN_AT_ONCE.unsigned_abs() {
            return Ok(());
        }
    }
}
