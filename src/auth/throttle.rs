//! How often passwords may be tried (R66).
//!
//! Three limits, each a bucket that refills by itself, so that nobody is locked out for long: for one
//! address from one network, for one network whatever the address (somebody who tries one password on
//! everyone), and for one address whatever the network (somebody who has many). The last is the widest,
//! because it is the one by which a stranger can be in an owner's way; at its worst an owner waits for
//! seconds.
//!
//! Each process counts for itself: with N of them behind a balancer the limits hold within a factor N.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::access::Origin;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Tries of one address from one network: at once, and then one in this time.
const PAIR: (u32, Duration) = (10, Duration::from_secs(30));
/// Tries of one network.
const NETWORK: (u32, Duration) = (100, Duration::from_secs(3));
/// Tries of one address.
const ADDRESS: (u32, Duration) = (50, Duration::from_secs(10));

/// How many keys a limit remembers before it forgets those that are full again.
const REMEMBERED: usize = 10_000;

/// The limits of one process.
pub struct Throttle {
    clock: Time,
    pairs: Limit<(String, String)>,
    networks: Limit<String>,
    addresses: Limit<String>,
}

type Limit<K> = RateLimiter<K, HashMapStateStore<K>, Time, NoOpMiddleware<Nanos>>;

/// The application's clock, as the limits read it.
#[derive(Clone)]
struct Time(Arc<dyn Clock>);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanos = self.0.now().timestamp_nanos_opt().unwrap_or_default();
        u64::try_from(nanos).unwrap_or_default().into()
    }
}

impl Throttle {
    /// Limits that begin full.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let clock = Time(clock);
        Self {
            pairs: limit(PAIR, &clock),
            networks: limit(NETWORK, &clock),
            addresses: limit(ADDRESS, &clock),
            clock,
        }
    }

    /// Counts a try of a password for a normalized address, whether or not somebody has that address.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn admit(&self, origin: &Origin, email_key: &str) -> Result<()> {
        let (network, address) = (network(origin), email_key.to_owned());
        self.check(&self.pairs, &(network.clone(), address.clone()))?;
        self.check(&self.networks, &network)?;
        self.check(&self.addresses, &address)
    }

    fn check<K: Clone + Eq + std::hash::Hash>(&self, limit: &Limit<K>, key: &K) -> Result<()> {
        if limit.len() >= REMEMBERED {
            limit.retain_recent();
        }
        limit.check_key(key).map(drop).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now());
            Error::RateLimited { retry_after: wait.as_secs() + 1 }
        })
    }
}

fn limit<K: Clone + Eq + std::hash::Hash>(
    (burst, pause): (u32, Duration),
    clock: &Time,
) -> Limit<K> {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(pause).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
    RateLimiter::hashmap_with_clock(quota, clock.clone())
}

/// Where a request came from, as far as one client can choose it: an IPv6 client has a /64 (RFC 6177).
fn network(origin: &Origin) -> String {
    let text = origin.network_address.as_deref().unwrap_or_default();
    match text.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::{DateTime, TimeDelta, TimeZone, Utc};

    use super::*;

    struct Still(Mutex<DateTime<Utc>>);

    impl Clock for Still {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    fn throttle() -> (Throttle, Arc<Still>) {
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let clock = Arc::new(Still(Mutex::new(noon)));
        (Throttle::new(clock.clone()), clock)
    }

    fn from(address: &str) -> Origin {
        Origin { network_address: Some(address.to_owned()), ..Origin::default() }
    }

    fn wait(result: Result<()>) -> u64 {
        match result {
            Ok(()) => 0,
            Err(Error::RateLimited { retry_after }) => retry_after,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_guesses_waits_and_others_do_not() {
        let (throttle, clock) = throttle();
        let mallory = from("192.0.2.7");
        for _ in 0..10 {
            assert_eq!(wait(throttle.admit(&mallory, "ann@acme.example")), 0);
        }
        let pause = wait(throttle.admit(&mallory, "ann@acme.example"));
        assert!((29..=31).contains(&pause), "{pause}");
        assert_eq!(wait(throttle.admit(&from("192.0.2.8"), "ann@acme.example")), 0);
        assert_eq!(wait(throttle.admit(&mallory, "bob@acme.example")), 0);
        *clock.0.lock().unwrap() += TimeDelta::seconds(31);
        assert_eq!(wait(throttle.admit(&mallory, "ann@acme.example")), 0);
        assert_ne!(wait(throttle.admit(&mallory, "ann@acme.example")), 0);
    }

    #[test]
    fn one_password_tried_on_everyone() {
        let (throttle, _) = throttle();
        let tries =
            (0..200).map(|n| throttle.admit(&from("192.0.2.7"), &format!("{n}@acme.example")));
        assert_eq!(tries.filter(|admitted| admitted.is_ok()).count(), 100);
    }

    #[test]
    fn one_address_tried_from_everywhere_is_free_again_in_seconds() {
        let (throttle, clock) = throttle();
        let tries =
            (0..200).map(|n| throttle.admit(&from(&format!("192.0.2.{n}")), "ann@acme.example"));
        assert_eq!(tries.filter(|admitted| admitted.is_ok()).count(), 50);
        *clock.0.lock().unwrap() += TimeDelta::seconds(10);
        assert_eq!(wait(throttle.admit(&from("198.51.100.1"), "ann@acme.example")), 0);
    }

    #[test]
    fn a_client_with_a_whole_ipv6_network_is_one() {
        let (throttle, _) = throttle();
        let tries = (0..20)
            .map(|n| throttle.admit(&from(&format!("2001:db8:1:2::{n:x}")), "ann@acme.example"));
        assert_eq!(tries.filter(|admitted| admitted.is_ok()).count(), 10);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, clock) = throttle();
        for n in 0..(3 * REMEMBERED) {
            *clock.0.lock().unwrap() += TimeDelta::seconds(31);
            throttle.admit(&from("192.0.2.7"), &format!("{n}@acme.example")).unwrap();
        }
        assert!(throttle.pairs.len() <= REMEMBERED && throttle.addresses.len() <= REMEMBERED);
    }
}
