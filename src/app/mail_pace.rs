//! How often an address is written to about invitations (R46): by one organization, and by all of them
//! together.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::id::InvitationId;
use sea_orm::ConnectionTrait;

use super::App;
use crate::error::{Result, UserError, UserErrorCode};
use crate::store;
use crate::store::invitation_call::Mailed;
use crate::store::mail_limit::DAY;

/// The least time between two mails about an invitation.
pub(super) const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How often an invitation is resent in 24 hours.
pub(super) const RESENDS_PER_DAY: i64 = 5;

/// When the first mail of a new invitation goes out, and where it stands in the count of its day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// When it is due.
    pub(super) due: DateTime<Utc>,
    /// When the day that mails are counted in began.
    pub(super) day: DateTime<Utc>,
    /// How many there were in it after the first.
    pub(super) resends: i64,
}

impl Turn {
    /// The turn of an address that was not written to of late.
    pub(super) fn first(now: DateTime<Utc>) -> Self {
        Self { due: now, day: now, resends: 0 }
    }

    /// The turn of a new invitation of an address that `earlier` ones of the organization are about.
    /// Taking one back and inviting anew is no way around the limits of resending.
    ///
    /// # Errors
    /// `RESEND_TOO_SOON` at `path`.
    pub(super) fn after(
        earlier: &[Mailed],
        now: DateTime<Utc>,
        path: &str,
    ) -> Result<Self, UserError> {
        let Some(last) = earlier.iter().max_by_key(|mailed| mailed.sent_at) else {
            return Ok(Self::first(now));
        };
        let due = now.max(last.sent_at + PAUSE);
        let day_ends = last.resend_day + TimeDelta::days(1);
        if day_ends <= now {
            return Ok(Self { due, day: now, resends: 0 });
        }
        if last.resends_that_day >= RESENDS_PER_DAY {
            return Err(too_soon(path, day_ends));
        }
        Ok(Self { due, day: last.resend_day, resends: last.resends_that_day + 1 })
    }
}

/// The refusal of a sixth mail after the first within a day.
pub(super) fn too_soon(path: &str, again: DateTime<Utc>) -> UserError {
    let message = format!("at most {RESENDS_PER_DAY} resends a day for an invitation");
    UserError::new(UserErrorCode::ResendTooSoon, path, message).help(try_after(again))
}

/// Advice on when to try again.
pub(super) fn try_after(again: DateTime<Utc>) -> String {
    format!("Try again after {}.", again.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The mailbox that mails to an address end up in, as far as the address tells: what stands behind a plus
/// is for its owner to sort by (RFC 5233). Where it means something else, two people share one limit.
fn mailbox(email_key: &str) -> String {
    let parts = email_key.rsplit_once('@').and_then(|(local, domain)| {
        let (base, _) = local.split_once('+').filter(|(base, _)| !base.is_empty())?;
        (!local.starts_with('"')).then(|| format!("{base}@{domain}"))
    });
    parts.unwrap_or_else(|| email_key.to_owned())
}

/// How many of these addresses' mails each mailbox gets.
fn mailboxes<'a>(email_keys: impl Iterator<Item = &'a str>) -> BTreeMap<String, i64> {
    let mut mails = BTreeMap::new();
    email_keys.for_each(|key| *mails.entry(mailbox(key)).or_default() += 1);
    mails
}

/// Mailboxes that get more mails than they may have within a day.
pub(super) struct Full(BTreeMap<String, (i64, DateTime<Utc>)>);

impl Full {
    /// Takes one of the mails that an address may still have; else answers when it may again.
    pub(super) fn take(&mut self, email_key: &str) -> Result<(), DateTime<Utc>> {
        match self.0.get_mut(&mailbox(email_key)) {
            Some((0, again)) => Err(*again),
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Counts a mail for each of these addresses.
pub(super) async fn count<'a>(
    app: &App,
    tx: &impl ConnectionTrait,
    email_keys: impl Iterator<Item = &'a str>,
) -> Result<Full> {
    let most = i64::from(app.config.mails_per_recipient_per_day);
    let mails = mailboxes(email_keys);
    let days = store::mail_limit::count(tx, &mails, app.clock.now()).await?;
    let over = days.into_iter().filter(|day| day.mails > most).map(|day| {
        let before = day.mails - mails.get(&day.recipient_key).copied().unwrap_or_default();
        (day.recipient_key, ((most - before).max(0), day.began_at + DAY))
    });
    Ok(Full(over.collect()))
}

/// Calls off the mails of invitations that have ended. One that nobody has tried to send yet does not
/// count for its mailbox any more.
pub(super) async fn call_off(tx: &impl ConnectionTrait, ended: &[InvitationId]) -> Result<()> {
    let called_off = store::mail::cancel_of(tx, ended).await?;
    let unsent = called_off.iter().filter(|mail| mail.attempts == 0);
    let mails = mailboxes(unsent.filter_map(|mail| mail.email_key.as_deref()));
    Ok(store::mail_limit::uncount(tx, &mails).await?)
}

/// The refusal of a mail to an address that has had its day's mails.
pub(super) fn recipient_limit(app: &App, path: &str, again: DateTime<Utc>) -> UserError {
    let most = app.config.mails_per_recipient_per_day;
    let message = format!(
        "this address has had {most} mails about invitations within a day, as many as it may have"
    );
    UserError::new(UserErrorCode::RecipientLimitReached, path, message).help(try_after(again))
}
