//! Sends what is queued (R53).
//!
//! Any number of workers, in any number of processes, share the outbox: each takes mails by a lease,
//! and a lease that its worker did not live to settle runs out by itself. A mail may go out twice in
//! one case only, when a worker dies, or is cut off from the server or the database, between the
//! server's acceptance and the note of it; the two copies carry the same `Message-ID`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::mail::Model;
use futures_util::{StreamExt, stream};
use sea_orm::DbErr;
use sea_orm::prelude::Uuid;
use tokio::sync::watch;
use tokio::time::Instant;

use super::smtp::SEND_TIMEOUT;
use super::transport::{Outcome, Transport};
use super::{limit, outbox};
use crate::app::App;
use crate::clock::Random;
use crate::error::Error;
use crate::metrics::Delivery;
use crate::store::{idempotency, mail as store, mail_limit as limits};

/// How many mails are taken in one go.
const BATCH: usize = 20;

/// How many of them are under way at once.
const AT_ONCE: usize = 8;

/// How long a worker has for what it took. A mail is not begun unless it can be ended in that time.
const LEASE: Duration = Duration::from_mins(2);

/// How often the outbox is looked at unasked: other processes queue mails, too, and do not ring here.
const POLL: Duration = Duration::from_secs(2);

/// How often what is of no use any more is forgotten: what was counted on former days, and the calls whose
/// idempotency keys are free again.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// The wait after a database error.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// How long mails that are under way may take when the program is to stop.
const GRACE: Duration = Duration::from_secs(3);

/// The wait before the second attempt; it doubles from one attempt to the next.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(30);

/// The longest wait between two attempts.
const LAST_RETRY: TimeDelta = TimeDelta::hours(1);

/// When a mail is given up, counted from when it was first let go.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// The waits between attempts to note what came of a mail. It is worth some patience: a mail that
/// was sent and could not be noted will be sent again.
const NOTE_RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Sends what is queued until `stop` turns true (or its sender is gone), then lets the mails under
/// way end, for at most three seconds, and gives back what was taken and not begun. Database errors
/// are logged and waited out. With an `SMTP_URL` that cannot be used, mails stay queued and the log
/// says why.
///
/// Due times and retries go by the application's clock; only the waiting goes by real time.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let transport = match Transport::from_config(&app.config) {
        Ok(transport) => transport,
        Err(reason) => {
            tracing::error!(reason, "no mail can be sent");
            return;
        }
    };
    let mut forgotten = None;
    loop {
        if forgotten.is_none_or(|last: Instant| last.elapsed() > FORGET_EVERY) {
            forgotten = Some(Instant::now());
            if let Err(error) = limits::forget_days(&app.db, app.clock.now()).await {
                tracing::warn!(%error, "how many mails addresses had cannot be forgotten");
            }
            if let Err(error) = idempotency::forget(&app.db, app.clock.now()).await {
                tracing::warn!(%error, "calls with idempotency keys cannot be forgotten");
            }
        }
        let pause = match send_all_due(&app, &transport, &stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(?error, "the outbox cannot be worked on");
                AFTER_ERROR
            }
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = app.mail_queued.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    transport.rest().await;
}

/// Sends one batch of what is due, and answers how many mails it took, those included that it gave back
/// because their organization has sent enough for now. [`run`] does so for ever; a
/// test does it step by step.
///
/// # Errors
/// `Internal` when the database fails; the mails that were taken will be due again.
pub async fn run_once(app: &App, transport: &Transport) -> Result<usize, Error> {
    let (_never, stop) = watch::channel(false);
    send_batch(app, transport, &stop).await
}

/// Sends until nothing is due, and answers how long to wait before looking again.
async fn send_all_due(
    app: &App,
    transport: &Transport,
    stop: &watch::Receiver<bool>,
) -> Result<Duration, Error> {
    while !is_stopping(stop) {
        // Looking is cheap, while taking writes even when there is nothing to take.
        let wait = match store::next_due(&app.db).await? {
            Some(due) => (due - app.clock.now()).to_std().unwrap_or_default(),
            None => POLL,
        };
        if !wait.is_zero() {
            transport.rest().await;
            return Ok(wait.min(POLL));
        }
        if send_batch(app, transport, stop).await? == 0 {
            // Another worker was faster.
            return Ok(POLL);
        }
    }
    Ok(Duration::ZERO)
}

/// A taking of mails.
struct Lease {
    id: Uuid,
    taken: Instant,
}

async fn send_batch(
    app: &App,
    transport: &Transport,
    stop: &watch::Receiver<bool>,
) -> Result<usize, Error> {
    let lease = Lease { id: Uuid::from_bytes(app.random.bytes()), taken: Instant::now() };
    let lease_for = TimeDelta::from_std(LEASE).unwrap_or_default();
    let now = app.clock.now();
    let tx = crate::store::begin(&app.db).await?;
    let mails = store::lease_due(&tx, now, BATCH as u64, lease_for, lease.id).await?;
    let count = mails.len();
    let limit = app.config.mails_per_organization_per_hour as usize;
    let mails = limit::let_go(&tx, mails, limit, now).await?;
    tx.commit().await?;
    if mails.len() < count {
        tracing::info!(mails = count - mails.len(), "mails held back: too many within an hour");
    }
    let noted: Vec<Result<(), DbErr>> = stream::iter(mails)
        .map(|mail| send_one(app, transport, stop, &lease, mail))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    noted.into_iter().collect::<Result<(), DbErr>>()?;
    Ok(count)
}

async fn send_one(
    app: &App,
    transport: &Transport,
    stop: &watch::Receiver<bool>,
    lease: &Lease,
    mail: Model,
) -> Result<(), DbErr> {
    if is_stopping(stop) || lease.taken.elapsed() + SEND_TIMEOUT > LEASE {
        store::release(&app.db, &mail, lease.id).await?;
        return Ok(());
    }
    let outcome = match outbox::open(&app.keys.ring(), &mail) {
        None => Outcome::Permanent(
            "the mail cannot be decrypted: the key that it was encrypted with is gone".to_owned(),
        ),
        Some(contents) => tokio::select! {
            outcome = transport.send(&app.config, &mail, &contents) => outcome,
            () = grace_is_over(stop.clone()) => Outcome::Transient(
                "the program was stopped before the mail server had answered".to_owned(),
            ),
        },
    };
    for pause in NOTE_RETRIES {
        match note(app, transport, lease.id, &mail, &outcome).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::error!(mail = %mail.id, %error, "what came of a mail cannot be noted");
            }
        }
        tokio::time::sleep(pause).await;
    }
    note(app, transport, lease.id, &mail, &outcome).await
}

/// Writes down what came of an attempt, in the outbox and in the log. The log has neither address
/// nor link.
async fn note(
    app: &App,
    transport: &Transport,
    lease: Uuid,
    mail: &Model,
    outcome: &Outcome,
) -> Result<(), DbErr> {
    let Model { id, kind, attempts: attempt, .. } = mail;
    let now = app.clock.now();
    let ours = match outcome {
        Outcome::Sent => {
            let keep = transport.keeps_mails();
            let ours = store::mark_sent(&app.db, *id, lease, now, keep).await?;
            app.metrics.mail(Delivery::Sent);
            tracing::info!(mail = %id, kind, attempt, "mail sent");
            ours
        }
        Outcome::Permanent(reason) => {
            let ours = store::mark_failed(&app.db, *id, lease, reason).await?;
            let reason = without_addresses(reason);
            app.metrics.mail(Delivery::Refused);
            tracing::warn!(mail = %id, kind, attempt, reason, "mail refused");
            ours
        }
        Outcome::Transient(reason) => {
            let next = next_attempt(&app.random, now, mail.attempts);
            let shown = without_addresses(reason);
            // While it was held back it was not tried.
            let begun = mail.let_go_at.unwrap_or(mail.created_at).max(mail.created_at);
            if next - begun > GIVEN_UP_AFTER {
                let ours = store::mark_failed(&app.db, *id, lease, reason).await?;
                app.metrics.mail(Delivery::GivenUp);
                tracing::warn!(mail = %id, kind, attempt, reason = shown, "mail given up");
                ours
            } else {
                let ours = store::retry_later(&app.db, *id, lease, next, reason).await?;
                app.metrics.mail(Delivery::Deferred);
                tracing::warn!(mail = %id, kind, attempt, reason = shown, %next, "mail not sent yet");
                ours
            }
        }
    };
    if !ours {
        tracing::warn!(mail = %id, kind, attempt, "the lease of a mail was lost meanwhile");
    }
    Ok(())
}

/// When to try again after this many attempts: after 30 s, 1 min, 2 min, … at most 1 h, and up to a
/// quarter more, so that what failed together does not come back together.
fn next_attempt(random: &Random, now: DateTime<Utc>, attempts: i64) -> DateTime<Utc> {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or_default();
    let wait = (FIRST_RETRY * 2_i32.pow(doublings)).min(LAST_RETRY);
    let jitter = i32::from(u16::from_le_bytes(random.bytes()));
    // In whole milliseconds, which is what both databases keep.
    let extra = wait.num_milliseconds() / 4 * i64::from(jitter) / i64::from(u16::MAX);
    now + wait + TimeDelta::milliseconds(extra)
}

fn is_stopping(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Ends [`GRACE`] after the program was told to stop.
async fn grace_is_over(mut stop: watch::Receiver<bool>) {
    // An error says that the sender is gone, which is the same.
    drop(stop.wait_for(|stop| *stop).await);
    tokio::time::sleep(GRACE).await;
}

fn without_addresses(reason: &str) -> String {
    let words = reason.split(' ').map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_batch_fits_its_lease() {
        let rounds = u32::try_from(BATCH.div_ceil(AT_ONCE)).unwrap();
        assert!(SEND_TIMEOUT * rounds < LEASE);
    }

    #[test]
    fn the_wait_doubles_from_half_a_minute_to_an_hour() {
        let random = Random::new(rand::rngs::StdRng::seed_from_u64(1));
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 3, 40, 0).unwrap();
        for (attempts, seconds) in [
            (0, 30),
            (1, 30),
            (2, 60),
            (3, 120),
            (7, 1920),
            (8, 3600),
            (40, 3600),
            (i64::MAX, 3600),
        ] {
            let wait = next_attempt(&random, now, attempts) - now;
            let least = TimeDelta::seconds(seconds);
            assert!(wait >= least && wait <= least * 5 / 4, "{attempts}: {wait}");
        }
    }

    #[test]
    fn the_log_has_no_address() {
        assert_eq!(without_addresses("550 <bob@a.example>: unknown"), "550 … unknown");
    }
}
