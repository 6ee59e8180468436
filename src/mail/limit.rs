//! How many mails leave in the name of one organization (R53).
//!
//! In any hour no more are let go than `MAILS_PER_ORGANIZATION_PER_HOUR`. What is over is held back until
//! there is room, each mail until an instant of its own, so that nothing is lost and it can be read when
//! it will go. A mail is counted once, when it is first let go; trying again is not held back.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{MailId, OrganizationId};
use entity::mail::Model;
use sea_orm::{ConnectionTrait, DbErr};

use crate::store::mail_limit as store;

/// What the limit counts in.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Of mails that were just taken, those that may go; the others are given back until they may.
///
/// # Errors
/// Whatever the database answers.
pub(super) async fn let_go(
    tx: &impl ConnectionTrait,
    mut mails: Vec<Model>,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Model>, DbErr> {
    let mut asking: BTreeMap<OrganizationId, Vec<MailId>> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| mail.let_go_at.is_none()) {
        if let Some(organization_id) = mail.organization_id {
            asking.entry(organization_id).or_default().push(mail.id);
        }
    }
    if asking.is_empty() {
        return Ok(mails);
    }
    store::lock(tx).await?;
    let of: Vec<(OrganizationId, usize, usize)> = asking
        .iter()
        .map(|(id, mails)| (*id, limit.saturating_sub(mails.len()), limit.min(mails.len())))
        .collect();
    let before = store::let_go(tx, &of).await?;
    let (mut free, mut held) = (Vec::new(), Vec::new());
    for (organization_id, ids) in asking {
        let of_it = before.iter().filter(|row| row.organization_id == organization_id);
        let of_it: Vec<DateTime<Utc>> = of_it.map(|row| row.let_go_at).collect();
        for (id, at) in ids.iter().zip(instants(&of_it, ids.len(), limit, now)) {
            if at <= now {
                free.push(*id);
            } else {
                held.push((*id, at));
            }
        }
    }
    store::note(tx, &free, now).await?;
    store::hold_back(tx, &held).await?;
    mails.retain_mut(|mail| {
        mail.let_go_at = mail.let_go_at.or(Some(now)).filter(|_| mail.organization_id.is_some());
        held.iter().all(|(id, _)| *id != mail.id)
    });
    Ok(mails)
}

/// When each of `count` mails may go: an hour after the one that is `limit` mails before it. `before` are
/// those before them, newest first, without the `limit - count` newest, which none of them has to look
/// back to.
fn instants(
    before: &[DateTime<Utc>],
    count: usize,
    limit: usize,
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let skipped = limit.saturating_sub(count);
    let mut instants: Vec<DateTime<Utc>> = Vec::with_capacity(count);
    for number in 0..count {
        let earlier = match number.checked_sub(limit) {
            Some(of_these) => instants.get(of_these),
            None => before.get(limit - 1 - number - skipped),
        };
        instants.push(earlier.map_or(now, |earlier| now.max(*earlier + HOUR)));
    }
    instants
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// Whatever comes when, in batches of whatever size, no hour has more than the limit, nothing waits
    /// without need, and nothing overtakes.
    #[test]
    fn no_hour_has_more_than_the_limit() {
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        for limit in [1_usize, 2, 3, 7, 10] {
            let (mut all, mut now) = (Vec::<DateTime<Utc>>::new(), noon);
            for (minutes, count) in
                [(0, 4), (0, 1), (5, 9), (1, 20), (70, 2), (0, 3), (59, 5), (1, 1), (600, 8)]
            {
                now += TimeDelta::minutes(minutes);
                let skipped = limit.saturating_sub(count);
                let known: Vec<_> =
                    all.iter().rev().skip(skipped).take(limit.min(count)).copied().collect();
                for at in instants(&known, count, limit, now) {
                    assert!(at >= now);
                    let room = all.len() < limit || all[all.len() - limit] + HOUR <= now;
                    assert_eq!(at == now, room, "{at} at {now}, limit {limit}");
                    all.push(at);
                }
            }
            assert!(all.is_sorted());
            for window in all.windows(limit + 1) {
                assert!(window[limit] - window[0] >= HOUR, "limit {limit}: {window:?}");
            }
        }
    }
}
