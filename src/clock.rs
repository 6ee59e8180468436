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
pub struct Random(Arc<Mutex<Source>>);

struct Source {
    generator: Box<dyn CryptoRng + Send>,
    /// What the newest id was made of: its milliseconds, and its counter behind them.
    newest: (u64, u64),
}

/// The bits of an id's counter (RFC 9562 §6.2, method 1): `rand_a` and the first 30 of `rand_b`. The 32
/// bits behind them are random in every id.
const COUNTER_BITS: u32 = 42;

impl Random {
    /// Random numbers from this generator; it has to be fit for secrets.
    #[must_use]
    pub fn new(generator: impl CryptoRng + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Source { generator: Box::new(generator), newest: (0, 0) })))
    }

    /// A generator seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::new(rand::rand_core::UnwrapErr(rand::rngs::SysRng))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        // A generator that panicked once is still a generator.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// A new id: a UUIDv7 (RFC 9562 §5.7) of this instant, and greater than every one before it, so that
    /// things made one after the other are listed so. Ids are no secrets (see `auth::secret` for those),
    /// but nobody guesses one.
    #[must_use]
    pub fn id<T: TypedId>(&self, now: DateTime<Utc>) -> T {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        T::from_uuid(source.uuid(millis))
    }

    /// An id of an instant that may be yet to come: random within it, and without a part in the order of
    /// [`Random::id`].
    #[must_use]
    pub fn id_for<T: TypedId>(&self, at: DateTime<Utc>) -> T {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        T::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid())
    }
}

impl Source {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.generator.fill_bytes(&mut bytes);
        bytes
    }

    fn uuid(&mut self, millis: u64) -> uuid::Uuid {
        let (newest, counter) = self.newest;
        self.newest = if millis > newest {
            // A random beginning in the lower half: there is room to count.
            (millis, u64::from_be_bytes(self.bytes()) >> (u64::BITS - COUNTER_BITS + 1))
        } else if counter + 1 < 1 << COUNTER_BITS {
            // The same millisecond, or a clock that was set back.
            (newest, counter + 1)
        } else {
            (newest + 1, 0)
        };
        let (millis, counter) = self.newest;
        let [a, b, c, d]: [u8; 4] = self.bytes();
        // The version and variant bits lie between and before the counter's two parts.
        let [.., a0, a1] = (counter >> 30).to_be_bytes();
        let [.., b0, b1, b2, b3] = (counter & 0x3fff_ffff).to_be_bytes();
        let random = [a0, a1, b0, b1, b2, b3, a, b, c, d];
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};
    use entity::id::UserId;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn ids_grow_whatever_the_clock_does() {
        let random = Random::new(rand::rngs::StdRng::seed_from_u64(1));
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let times = [noon, noon, noon - TimeDelta::hours(1), noon + TimeDelta::milliseconds(1)];
        let mut before: UserId = random.id(noon);
        for now in times.into_iter().flat_map(|now| std::iter::repeat_n(now, 10_000)) {
            let id: UserId = random.id(now);
            assert!(id > before, "{id} after {before}");
            before = id;
        }
        let uuid = before.uuid();
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos), (noon.timestamp().unsigned_abs(), 1_000_000));
    }

    #[test]
    fn an_id_for_next_week_leaves_those_of_today_alone() {
        let random = Random::new(rand::rngs::StdRng::seed_from_u64(1));
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let later: UserId = random.id_for(noon + TimeDelta::days(7));
        let now: UserId = random.id(noon);
        assert!(now < later);
        assert_eq!(
            now.uuid().get_timestamp().unwrap().to_unix().0,
            noon.timestamp().unsigned_abs()
        );
    }

    #[test]
    fn a_counter_that_is_full_goes_on_in_the_next_millisecond() {
        let generator = Box::new(rand::rngs::StdRng::seed_from_u64(1));
        let mut source = Source { generator, newest: (7, (1 << COUNTER_BITS) - 2) };
        let last = source.uuid(7);
        let next = source.uuid(7);
        assert!(next > last && source.newest == (8, 0), "{last} {next}");
    }

    #[test]
    fn two_processes_do_not_make_the_same_ids() {
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let made = |seed| {
            let random = Random::new(rand::rngs::StdRng::seed_from_u64(seed));
            (0..1000).map(|_| random.id::<UserId>(noon)).collect::<Vec<_>>()
        };
        let (one, other) = (made(1), made(2));
        assert!(one.iter().all(|id| !other.contains(id)));
    }
}
