//! Tokens whose signature was checked: the one thing about a token that cannot change (R27).
//!
//! Checking an Ed25519 signature takes longer than all else that is done to tell who asks. A token that
//! was seen before is found by its hash; when it expires, and for whom it is, is looked at each time. What
//! was checked belongs to the keys that checked it, and goes with them.

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::token::Claims;

/// SHA-256 of a token.
pub(super) type Digest = [u8; 32];

/// How many tokens are remembered at least, if there are as many, and half as many as at most: some 5 MB.
/// Each is good for minutes, so that these are the people of a busy quarter of an hour.
const GENERATION: usize = 8 * 1024;

/// Tokens by their hash, in two generations: when the younger is full, the older goes. What is asked for
/// is young again.
#[derive(Default)]
pub(super) struct Verified(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Digest, Arc<Claims>>,
    old: HashMap<Digest, Arc<Claims>>,
}

impl Verified {
    /// What a token says, if it was remembered.
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Claims>> {
        let mut generations = self.lock();
        if let Some(claims) = generations.young.get(digest) {
            return Some(Arc::clone(claims));
        }
        let claims = generations.old.remove(digest)?;
        generations.insert(*digest, Arc::clone(&claims));
        Some(claims)
    }

    /// Remembers a token whose signature is good.
    pub(super) fn insert(&self, digest: Digest, claims: Arc<Claims>) {
        self.lock().insert(digest, claims);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, digest: Digest, claims: Arc<Claims>) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(digest, claims);
    }
}

/// Shows nobody's token.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(…)")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::clock::Random;

    fn digest(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn what_is_in_use_stays_and_there_are_never_more_than_two_generations() {
        let (verified, random) = (Verified::default(), Random::system());
        let now = DateTime::UNIX_EPOCH;
        let claims = Arc::new(Claims {
            iss: String::new(),
            aud: String::new(),
            sub: random.id(now),
            sid: random.id(now),
            acct: None,
            org: None,
            iat: 0,
            exp: 0,
            nbf: None,
            jti: String::new(),
        });
        for number in 0..10 * GENERATION {
            verified.insert(digest(number), Arc::clone(&claims));
            assert!(verified.get(&digest(0)).is_some(), "forgotten at {number}");
        }
        assert!(verified.get(&digest(1)).is_none());
        assert!(verified.get(&digest(10 * GENERATION - 1)).is_some());
        let generations = verified.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
