//! Looking up whether domains say whose they are: when somebody asks, and again every day (R41).
//!
//! Any number of processes share the daily work: each takes domains that are due for some minutes, looks
//! them up, and writes down what came of it unless somebody else has meanwhile. A domain is given up when
//! its record has been gone for days. That nobody could be asked is no proof of anything.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::email_domain::{Model, Status};
use entity::membership;
use futures_util::{StreamExt, stream};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::json;
use tokio::sync::watch;

use super::App;
use super::email_domain::{record_name, status};
use super::events::Events;
use crate::access::Origin;
use crate::dns::Answer;
use crate::error::{Error, Result};
use crate::mail::Locale;
use crate::mail::message::{EmailDomainLapsed, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::email_domain::{Checked, Noted};

/// How often a domain is looked up.
const PAUSE: TimeDelta = TimeDelta::days(1);
/// The pause after a look-up that nobody could answer.
const RETRY_PAUSE: TimeDelta = TimeDelta::hours(1);
/// How often a domain is looked up of which nothing is proved yet.
pub(super) const PENDING_PAUSE: TimeDelta = TimeDelta::hours(1);
/// For how long: after that, somebody has to ask for it.
const PENDING_FOR: TimeDelta = TimeDelta::days(7);
/// A verified domain lapses when this many daily look-ups in a row have not found its record.
pub const LAPSES_AFTER: i64 = 3;
/// A domain that has lapsed is not looked up any more after this many.
const GIVEN_UP_AFTER: i64 = 90;

/// How many domains are taken in one go, and how many of them are looked up at once.
const BATCH: i64 = 16;
const AT_ONCE: usize = 4;
/// How long a process has for what it took: far longer than all look-ups may take.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// How often it is looked whether any is due.
const POLL: Duration = Duration::from_mins(1);
/// How much of what is found in the DNS is repeated.
const SHOWN_TEXTS: usize = 3;
const SHOWN_CHARACTERS: usize = 100;

/// What a look-up came to for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Its record says what it has to say.
    Proved,
    /// It does not; what there is instead, in words.
    Absent(String),
    /// Nobody knows; why, in words.
    Unknown(String),
}

/// Looks a domain up.
pub(super) async fn look(app: &App, row: &Model) -> Finding {
    let name = record_name(&row.domain);
    match app.dns.texts(&name).await {
        Answer::Nothing => Finding::Absent(format!("there is no TXT record {name}")),
        Answer::Failed(reason) => Finding::Unknown(format!("{name} cannot be looked up: {reason}")),
        Answer::Texts(texts) if texts.iter().any(|text| says(text, &row.challenge)) => {
            Finding::Proved
        }
        Answer::Texts(texts) => {
            let found: Vec<String> =
                texts.iter().take(SHOWN_TEXTS).map(|text| shown(text)).collect();
            let found = found.join(", ");
            Finding::Absent(format!("the TXT record {name} says something else: {found}"))
        }
    }
}

/// Some panels put quotes of their own around what people type.
fn says(text: &str, challenge: &str) -> bool {
    text.trim().trim_matches('"').trim() == challenge
}

fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARACTERS).collect();
    if text.chars().count() > SHOWN_CHARACTERS {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// What a domain is after a look-up.
fn after(row: &Model, finding: &Finding, now: DateTime<Utc>) -> Checked {
    let mut checked = Checked {
        status: row.status,
        verified_at: row.verified_at,
        next_check_at: Some(now + PAUSE),
        failures: row.failures,
        last_error: None,
    };
    match finding {
        Finding::Proved => {
            checked.failures = 0;
            if row.status != Status::Verified {
                (checked.status, checked.verified_at) = (Status::Verified, Some(now));
            }
            return checked;
        }
        Finding::Absent(found) => {
            checked.last_error = Some(found.clone());
            checked.failures += 1;
        }
        Finding::Unknown(reason) => {
            checked.last_error = Some(reason.clone());
            checked.next_check_at = Some(now + RETRY_PAUSE);
        }
    }
    match row.status {
        Status::Verified if checked.failures >= LAPSES_AFTER => checked.status = Status::Lapsed,
        Status::Lapsed if checked.failures >= GIVEN_UP_AFTER => checked.next_check_at = None,
        Status::Verified | Status::Lapsed => {}
        Status::Pending => {
            let goes_on = now + PENDING_PAUSE < row.created_at + PENDING_FOR;
            checked.next_check_at = goes_on.then(|| now + PENDING_PAUSE);
        }
    }
    checked
}

/// Writes down what a look-up came to, with what follows from it. The organization is locked.
pub(super) async fn note(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    row: &Model,
    finding: &Finding,
    now: DateTime<Utc>,
) -> Result<Noted> {
    let checked = after(row, finding, now);
    let noted = store::email_domain::note(tx, row, &checked, now).await?;
    if noted != Noted::Done || checked.status == row.status {
        return Ok(noted);
    }
    let action = match checked.status {
        Status::Lapsed => "email_domain.lapsed",
        _ => "email_domain.verified",
    };
    let told = |it| Some(json!({ "domain": row.domain, "status": status(it) }));
    let (before, after) = (told(row.status), told(checked.status));
    events.add(Some(row.organization_id), action, row.id, before, after);
    if checked.status == Status::Lapsed {
        tell(app, tx, row).await?;
    }
    Ok(noted)
}

/// Tells whoever answers for a domain that it has lapsed; where they are no member any more, the Owner.
async fn tell(app: &App, tx: &impl ConnectionTrait, row: &Model) -> Result<()> {
    let organization_id = row.organization_id;
    let gone = || Error::NotFound("organization");
    let organization = store::organization::by_id(tx, organization_id).await?.ok_or_else(gone)?;
    let standing = store::membership::status(tx, organization_id, row.set_by).await?;
    let reader = match standing {
        Some(membership::Status::Active) => row.set_by,
        _ => organization.owner.id,
    };
    let Some(reader) = store::user::by_id(tx, reader).await? else { return Ok(()) };
    let mail = Outgoing {
        to: Recipient { name: Some(reader.name.clone()), address: reader.email },
        message: Message::EmailDomainLapsed(EmailDomainLapsed {
            name: reader.name,
            organization_name: organization.name,
            domain: row.domain.clone(),
            record_name: record_name(&row.domain),
            record_value: row.challenge.clone(),
            link: app.config.application_url().to_owned(),
        }),
        locale: Locale::parse(&reader.locale).unwrap_or_default(),
        organization_id: Some(organization_id),
    };
    outbox::queue(tx, app, vec![mail]).await.map(drop)
}

/// Looks domains up as they are due, until `stop` turns true (or its sender is gone). What is under way
/// then is left to the next process. Database errors are logged and waited out.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        let round = async {
            let pause = look_at_all_due(&app).await.unwrap_or_else(|error| {
                tracing::error!(?error, "domains cannot be looked up");
                POLL
            });
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = round => {}
        }
    }
}

/// Looks up all that is due, and answers how long to wait before looking again.
async fn look_at_all_due(app: &App) -> Result<Duration> {
    loop {
        // Looking is cheap, while taking writes even when there is nothing to take.
        let due = store::email_domain::next_due(&app.db).await?;
        let wait = due.map_or(POLL, |due| (due - app.clock.now()).to_std().unwrap_or_default());
        if !wait.is_zero() {
            return Ok(wait.min(POLL));
        }
        if run_once(app).await? == 0 {
            // Another process was faster.
            return Ok(POLL);
        }
    }
}

/// Looks up a batch of what is due, and answers how many domains it took. [`run`] does so for ever; a
/// test does it step by step.
///
/// # Errors
/// `Internal` when the database fails; the domains that were taken will be due again.
pub async fn run_once(app: &App) -> Result<usize> {
    let rows = store::email_domain::take_due(&app.db, app.clock.now(), BATCH, LEASE).await?;
    let count = rows.len();
    let settled: Vec<Result<()>> =
        stream::iter(rows).map(|row| settle(app, row)).buffer_unordered(AT_ONCE).collect().await;
    settled.into_iter().collect::<Result<()>>()?;
    Ok(count)
}

/// Looks one domain up, and writes down what came of it.
async fn settle(app: &App, row: Model) -> Result<()> {
    // Never within a transaction: an answer may take its time.
    let mut finding = look(app, &row).await;
    if write_down(app, &row, &finding).await? == Noted::Taken {
        let message = format!("another organization has proved that {} is its own", row.domain);
        finding = Finding::Absent(message);
        write_down(app, &row, &finding).await?;
    }
    Ok(())
}

async fn write_down(app: &App, row: &Model, finding: &Finding) -> Result<Noted> {
    let tx: DatabaseTransaction = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, row.organization_id).await?;
    let mut events = Events::anonymous(app);
    let noted = note(app, &tx, &mut events, row, finding, app.clock.now()).await?;
    if noted == Noted::Done {
        events.write(&tx, &Origin::default()).await?;
        tx.commit().await?;
        app.mail_queued.notify_one();
        tracing::info!(domain = %row.id, ?finding, "a domain was looked up");
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use entity::email_domain::JoinPolicy;
    use entity::id::{DomainId, OrganizationId, UserId};
    use sea_orm::prelude::Uuid;

    use super::*;

    fn row(status: Status, failures: i64) -> Model {
        let at = Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap();
        Model {
            id: DomainId(Uuid::nil()),
            organization_id: OrganizationId(Uuid::nil()),
            domain: "acme.example".to_owned(),
            challenge: "it=is".to_owned(),
            status,
            verified_at: None,
            checked_at: None,
            next_check_at: None,
            failures,
            last_error: None,
            reserved: false,
            join_policy: JoinPolicy::Invitation,
            join_role_id: None,
            join_account_id: None,
            join_contact: None,
            set_by: UserId(Uuid::nil()),
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn a_domain_lapses_when_it_was_not_found_three_times_in_a_row() {
        use Status::{Lapsed, Pending, Verified};

        let (absent, unknown) = (Finding::Absent(String::new()), Finding::Unknown(String::new()));
        let now = row(Status::Pending, 0).created_at + TimeDelta::days(30);
        let next = |status, failures, finding: &Finding| {
            let checked = after(&row(status, failures), finding, now);
            (checked.status, checked.failures, checked.next_check_at.map(|next| next - now))
        };
        let (day, hour) = (Some(TimeDelta::days(1)), Some(TimeDelta::hours(1)));
        assert_eq!(next(Verified, 0, &absent), (Verified, 1, day));
        assert_eq!(next(Verified, 1, &absent), (Verified, 2, day));
        assert_eq!(next(Verified, 2, &absent), (Lapsed, 3, day));
        assert_eq!(next(Verified, 2, &unknown), (Verified, 2, hour), "nobody could be asked");
        assert_eq!(next(Verified, 2, &Finding::Proved), (Verified, 0, day));
        assert_eq!(next(Lapsed, 3, &Finding::Proved), (Verified, 0, day));
        assert_eq!(next(Lapsed, 40, &absent), (Lapsed, 41, day));
        assert_eq!(next(Lapsed, 89, &absent), (Lapsed, 90, None), "for ever gone");
        assert_eq!(next(Pending, 170, &absent), (Pending, 171, None), "a week is over");
    }

    #[test]
    fn what_is_found_is_shown_as_far_as_it_can_be() {
        assert!(says(" \"it=is\" ", "it=is") && !says("it=is not", "it=is"));
        assert_eq!(shown("a\u{0}\nb"), "\"ab\"");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 103);
    }
}
