//! How much may be asked for: each user and each network has a budget that pays for what operations cost.
//!
//! A budget is a bucket that refills evenly and is full after a minute (the generic cell rate algorithm:
//! what is remembered of it is when it is full again). Each process counts for itself: with N of them
//! behind a balancer somebody may get N times as much.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{ServerError, Value, value};
use entity::id::UserId;

use crate::access::Origin;
use crate::clock::Clock;
use crate::config::Api;
use crate::graphql::limits::request_error;

/// What a request costs at least: it has to be read and parsed whatever it asks for. It is paid by the
/// network before that.
pub const LEAST_COST: u64 = 50;

/// How many budgets are remembered before those that are full again are forgotten.
const REMEMBERED: usize = 100_000;

/// How long an empty budget takes to be full, in nanoseconds.
const FULL_AFTER: i64 = 60_000_000_000;

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// A user's.
    User(UserId),
    /// That of an IPv4 address, and of whoever is behind it.
    Address(Ipv4Addr),
    /// That of an IPv6 network of 64 bits, of which one client has all addresses (RFC 6177).
    Network([u16; 4]),
}

impl Payer {
    /// The network that a request came from.
    #[must_use]
    pub fn network(origin: &Origin) -> Self {
        match origin.network_address.as_deref().and_then(|address| address.parse().ok()) {
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Network([a, b, c, d])
            }
            Some(IpAddr::V4(address)) => Self::Address(address),
            None => Self::Address(Ipv4Addr::UNSPECIFIED),
        }
    }
}

/// A budget from which something was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What was taken.
    pub charged: u64,
    /// What is left.
    pub remaining: u64,
    /// A full budget, which is also what comes back in a minute.
    pub per_minute: u64,
}

impl Budget {
    /// As `extensions.cost` shows it.
    #[must_use]
    pub fn shown(self) -> Value {
        value!({
            "charged": self.charged,
            "remaining": self.remaining,
            "perMinute": self.per_minute,
        })
    }
}

/// A budget that does not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    payer: Payer,
    budget: Budget,
    /// In how many seconds it will, at least one.
    pub retry_after: u64,
}

impl Exhausted {
    /// `RATE_LIMITED`, with what was measured and what is allowed.
    #[must_use]
    pub fn error(self) -> ServerError {
        let whose = if matches!(self.payer, Payer::User(_)) { "user" } else { "network" };
        let Budget { charged, remaining, per_minute } = self.budget;
        let message = format!(
            "Too much for now: this costs {charged}, and of the {per_minute} a minute that a {whose} \
             may ask for {remaining} are left; try again in {} seconds",
            self.retry_after
        );
        let mut error = request_error("RATE_LIMITED", message);
        error.extensions.get_or_insert_default().set("retryAfter", self.retry_after);
        error
    }
}

/// The budgets of one process.
pub struct Budgets {
    clock: Arc<dyn Clock>,
    per_user: u64,
    per_network: u64,
    /// When each is full again, in nanoseconds since 1970.
    full_at: Mutex<HashMap<Payer, i64>>,
}

impl Budgets {
    /// Budgets that begin full.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, api: &Api) -> Self {
        Self {
            clock,
            per_user: api.cost_per_user_per_minute,
            per_network: api.cost_per_network_per_minute,
            full_at: Mutex::default(),
        }
    }

    /// Whether users have a budget of their own.
    #[must_use]
    pub fn count_users(&self) -> bool {
        self.per_user > 0
    }

    /// Takes this much from a budget; gives what is left of it, or nothing where there is no limit.
    ///
    /// # Errors
    /// There is not that much left; then nothing is taken.
    pub fn take(&self, payer: Payer, cost: u64) -> Result<Option<Budget>, Exhausted> {
        let per_minute = match payer {
            Payer::User(_) => self.per_user,
            Payer::Address(_) | Payer::Network(_) => self.per_network,
        };
        if per_minute == 0 {
            return Ok(None);
        }
        let now = self.clock.now().timestamp_nanos_opt().unwrap_or(i64::MAX);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= REMEMBERED && !full_at.contains_key(&payer) {
            forget(&mut full_at, now);
        }
        let full = full_at.entry(payer).or_insert(now);
        let missing = (*full - now).max(0);
        let taken = missing.saturating_add(scaled(cost, FULL_AFTER.unsigned_abs(), per_minute));
        let left = |missing: i64| {
            scaled((FULL_AFTER - missing).unsigned_abs(), per_minute, FULL_AFTER.unsigned_abs())
                .unsigned_abs()
        };
        if taken > FULL_AFTER {
            let budget = Budget { charged: cost, remaining: left(missing), per_minute };
            let retry_after = (taken - FULL_AFTER).unsigned_abs().div_ceil(1_000_000_000);
            return Err(Exhausted { payer, budget, retry_after });
        }
        *full = now + taken;
        Ok(Some(Budget { charged: cost, remaining: left(taken), per_minute }))
    }
}

/// `number × by ÷ of`, as far as that is a number of 63 bits.
fn scaled(number: u64, by: u64, of: u64) -> i64 {
    let product = u128::from(number) * u128::from(by) / u128::from(of);
    i64::try_from(product).unwrap_or(i64::MAX)
}

/// Forgets the budgets that are full again, and where that is not enough, those that are nearly so: who
/// comes from a hundred thousand networks is not stopped by their budgets.
fn forget(full_at: &mut HashMap<Payer, i64>, now: i64) {
    full_at.retain(|_, full| *full > now);
    if full_at.len() >= REMEMBERED / 2 {
        let mut all: Vec<i64> = full_at.values().copied().collect();
        let middle = all.len() / 2;
        let (_, median, _) = all.select_nth_unstable(middle);
        let median = *median;
        full_at.retain(|_, full| *full > median);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, TimeZone, Utc};

    use super::*;
    use crate::config::Config;

    struct Still(Mutex<DateTime<Utc>>);

    impl Clock for Still {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    fn budgets() -> (Budgets, Arc<Still>) {
        let noon = Utc.with_ymd_and_hms(2026, 11, 28, 12, 0, 0).unwrap();
        let clock = Arc::new(Still(Mutex::new(noon)));
        let mut api = Config::default().api;
        (api.cost_per_user_per_minute, api.cost_per_network_per_minute) = (600, 0);
        (Budgets::new(clock.clone(), &api), clock)
    }

    fn user(number: u128) -> Payer {
        Payer::User(UserId(uuid::Uuid::from_u128(number)))
    }

    #[test]
    fn a_budget_is_spent_and_comes_back_evenly() {
        let (budgets, clock) = budgets();
        let take = |cost| budgets.take(user(1), cost).map(|budget| budget.unwrap().remaining);
        assert_eq!(take(500), Ok(100));
        assert_eq!(take(100), Ok(0));
        let refused = budgets.take(user(1), 50).unwrap_err();
        assert_eq!((refused.retry_after, refused.budget.remaining), (5, 0));
        // Being refused costs nothing, and others are not concerned.
        assert_eq!(budgets.take(user(2), 600).unwrap().unwrap().remaining, 0);
        *clock.0.lock().unwrap() += TimeDelta::seconds(5);
        assert_eq!(take(50), Ok(0));
        *clock.0.lock().unwrap() += TimeDelta::hours(5);
        assert_eq!(take(1), Ok(599));
        assert!(budgets.take(user(1), u64::MAX).is_err());
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let (budgets, _) = budgets();
        let network = Payer::network(&Origin::default());
        assert_eq!(budgets.take(network, u64::MAX), Ok(None));
        assert!(budgets.full_at.lock().unwrap().is_empty());
    }

    #[test]
    fn a_client_with_a_whole_ipv6_network_is_one() {
        let from = |address: &str| {
            Payer::network(&Origin {
                network_address: Some(address.to_owned()),
                ..Origin::default()
            })
        };
        assert_eq!(from("2001:db8:1:2::7"), from("2001:db8:1:2:3::9"));
        assert_ne!(from("2001:db8:1:2::7"), from("2001:db8:1:3::7"));
        assert_ne!(from("192.0.2.7"), from("192.0.2.8"));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_debts_are_remembered_longest() {
        let (budgets, _) = budgets();
        budgets.take(user(0), 600).unwrap();
        for number in 1..(3 * REMEMBERED as u128) {
            budgets.take(user(number), 1).unwrap();
        }
        assert!(budgets.full_at.lock().unwrap().len() <= REMEMBERED);
        assert!(budgets.take(user(0), 1).is_err());
    }
}
