//! How often passwords may be tried, and what else strangers can ask for (R66).
//!
//! Each limit is a bucket of wrong tries that refills by itself, so that nobody is locked out for long. The
//! one of an address is wider than that of an address from one network, because it is the one by which a
//! stranger can be in an owner's way; at its worst an owner waits for seconds.
//!
//! Each process counts for itself: with N of them behind a balancer the limits hold within a factor N. A
//! table would make that exact, for a statement at every try; but a try is dear by itself, and the limits
//! are far from what guessing takes, so that the factor does not matter.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::InvitationId;

use crate::access::Origin;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    /// One address from one network.
    Pair,
    /// One network, whatever the address: somebody who tries one password on everyone.
    Network,
    /// One address, whatever the network: somebody who has many.
    Address,
    /// One invitation's link, which takes a password too.
    Link,
    /// Sign-ups from one network: the answer tells whether an address has a user.
    SignUps,
    /// Mails to reset a password that one network asks for, whatever the addresses.
    Resets,
    /// Refresh tokens from one network that are no good.
    Refreshes,
}

impl What {
    /// How many tries a full bucket holds, and how long one takes to come back.
    fn quota(self) -> (i32, TimeDelta) {
        match self {
            Self::Pair => (50, TimeDelta::seconds(30)),
            Self::Network | Self::Refreshes => (600, TimeDelta::seconds(1)),
            Self::Address => (100, TimeDelta::seconds(10)),
            Self::Link => (200, TimeDelta::seconds(30)),
            Self::SignUps | Self::Resets => (200, TimeDelta::seconds(10)),
        }
    }
}

/// How many buckets are remembered before those that are full again are forgotten.
const REMEMBERED: usize = 30_000;

type Key = (What, String);

/// The buckets of one process: for each the instant at which it is full again (the "theoretical arrival
/// time" of the generic cell rate algorithm). Libraries that keep such buckets take no try back, and who
/// knows the password should not pay for it.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    full_at: Mutex<HashMap<Key, DateTime<Utc>>>,
}

/// A try that was let through.
#[must_use]
pub struct Try<'a> {
    throttle: &'a Throttle,
    keys: Vec<Key>,
}

impl Throttle {
    /// Buckets that begin full.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, full_at: Mutex::default() }
    }

    /// Counts a try of a password for a normalized address, whether or not somebody has that address.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn sign_in(&self, origin: &Origin, email_key: &str) -> Result<Try<'_>> {
        let network = network(origin);
        self.take(vec![
            (What::Pair, format!("{network} {email_key}")),
            (What::Network, network),
            (What::Address, email_key.to_owned()),
        ])
    }

    /// Counts a try of a password at an invitation's link.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn accept(&self, invitation: InvitationId) -> Result<Try<'_>> {
        self.take(vec![(What::Link, invitation.to_string())])
    }

    /// Counts a sign-up, whatever comes of it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn sign_up(&self, origin: &Origin) -> Result<()> {
        self.take(vec![(What::SignUps, network(origin))]).map(drop)
    }

    /// Counts a request for a mail that resets a password.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn reset(&self, origin: &Origin) -> Result<()> {
        self.take(vec![(What::Resets, network(origin))]).map(drop)
    }

    /// Counts a refresh token, which may be no good.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when there were too many, with the seconds to wait.
    pub fn refresh(&self, origin: &Origin) -> Result<Try<'_>> {
        self.take(vec![(What::Refreshes, network(origin))])
    }

    fn take(&self, keys: Vec<Key>) -> Result<Try<'_>> {
        let now = self.clock.now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= REMEMBERED {
            full_at.retain(|_, full_at| *full_at > now);
        }
        for key in &keys {
            let (burst, pause) = key.0.quota();
            let full = full_at.entry(key.clone()).or_insert(now);
            let then = (*full).max(now) + pause;
            let wait = then - (now + pause * burst);
            if wait > TimeDelta::zero() {
                let retry_after = wait.num_seconds().unsigned_abs() + 1;
                return Err(Error::RateLimited { retry_after });
            }
            *full = then;
        }
        Ok(Try { throttle: self, keys })
    }
}

impl Try<'_> {
    /// What was tried was right: the try does not count.
    pub fn was_right(self) {
        let mut full_at = self.throttle.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            if let Some(full) = full_at.get_mut(key) {
                *full -= key.0.quota().1;
            }
        }
    }
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

    fn wait(result: Result<Try<'_>>) -> u64 {
        match result {
            Ok(_) => 0,
            Err(Error::RateLimited { retry_after }) => retry_after,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_guesses_waits_and_others_do_not() {
        let (throttle, clock) = throttle();
        let mallory = from("192.0.2.7");
        for _ in 0..50 {
            assert_eq!(wait(throttle.sign_in(&mallory, "ann@acme.example")), 0);
        }
        let pause = wait(throttle.sign_in(&mallory, "ann@acme.example"));
        assert!((29..=31).contains(&pause), "{pause}");
        assert_eq!(wait(throttle.sign_in(&from("192.0.2.8"), "ann@acme.example")), 0);
        assert_eq!(wait(throttle.sign_in(&mallory, "bob@acme.example")), 0);
        *clock.0.lock().unwrap() += TimeDelta::seconds(31);
        assert_eq!(wait(throttle.sign_in(&mallory, "ann@acme.example")), 0);
        assert_ne!(wait(throttle.sign_in(&mallory, "ann@acme.example")), 0);
    }

    #[test]
    fn one_password_tried_on_everyone() {
        let (throttle, _) = throttle();
        let tries =
            (0..999).map(|n| throttle.sign_in(&from("192.0.2.7"), &format!("{n}@acme.example")));
        assert_eq!(tries.flatten().count(), 600);
    }

    #[test]
    fn one_address_tried_from_everywhere_is_free_again_in_seconds() {
        let (throttle, clock) = throttle();
        let tries =
            (0..200).map(|n| throttle.sign_in(&from(&format!("192.0.2.{n}")), "ann@acme.example"));
        assert_eq!(tries.flatten().count(), 100);
        *clock.0.lock().unwrap() += TimeDelta::seconds(10);
        assert_eq!(wait(throttle.sign_in(&from("198.51.100.1"), "ann@acme.example")), 0);
    }

    #[test]
    fn a_client_with_a_whole_ipv6_network_is_one() {
        let (throttle, _) = throttle();
        let tries = (0..80)
            .map(|n| throttle.sign_in(&from(&format!("2001:db8:1:2::{n:x}")), "ann@acme.example"));
        assert_eq!(tries.flatten().count(), 50);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, clock) = throttle();
        for n in 0..(2 * REMEMBERED) {
            *clock.0.lock().unwrap() += TimeDelta::seconds(31);
            assert_eq!(wait(throttle.sign_in(&from("192.0.2.7"), &format!("{n}@acme.example"))), 0);
        }
        assert!(throttle.full_at.lock().unwrap().len() <= REMEMBERED + 3);
    }

    #[test]
    fn good_refresh_tokens_do_not_count_and_bad_ones_do() {
        let (throttle, _) = throttle();
        let mallory = from("192.0.2.7");
        for _ in 0..1_000 {
            throttle.refresh(&mallory).ok().unwrap().was_right();
        }
        assert_eq!((0..999).filter_map(|_| throttle.refresh(&mallory).ok()).count(), 600);
        assert_eq!(wait(throttle.refresh(&from("192.0.2.8"))), 0);
    }

    #[test]
    fn who_knows_the_password_is_never_slow() {
        let (throttle, _) = throttle();
        for _ in 0..1_000 {
            throttle.sign_in(&from("192.0.2.7"), "ann@acme.example").ok().unwrap().was_right();
        }
        assert_eq!(wait(throttle.sign_in(&from("192.0.2.7"), "ann@acme.example")), 0);
    }
}
