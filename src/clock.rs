//! Time and randomness, as arguments: nothing else in the program asks the system for either, so
//! that a test can fix both.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use entity::id::TypedId;
use rand::CryptoRng;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The instant that counts as now, in UTC, to the millisecond (what both databases keep).
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }
}

/// Where ids and secrets come from.
#[derive(Clone)]
pub struct Random(Arc<Mutex<Box<dyn CryptoRng + Send>>>);

impl Random {
    /// Random numbers from this generator; it has to be fit for secrets.
    #[must_use]
    pub fn new(generator: impl CryptoRng + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(generator))))
    }

    /// A generator seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::new(rand::rand_core::UnwrapErr(rand::rngs::SysRng))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // A generator that panicked once is still a generator.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A new id: a UUIDv7 (RFC 9562 §5.7) of this instant.
    #[must_use]
    pub fn id<T: TypedId>(&self, now: DateTime<Utc>) -> T {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        T::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid())
    }
}
