//! Passwords: what is accepted, and how they are kept (R66).
//!
//! Argon2id with the parameters that OWASP's password storage cheat sheet asks for at least (19 MiB,
//! two passes, one lane), as PHC strings, so that stored hashes tell their parameters and stay good
//! when these are raised.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::password_hash::{self, Error as HashError};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use super::strength;
use crate::clock::Random;
use crate::error::{Error, Result, UserError, UserErrorCode};

/// The shortest password, in characters.
pub const MIN_LENGTH: usize = 8;

/// The longest password, in characters.
pub const MAX_LENGTH: usize = 256;

/// How many passwords are hashed at a time unless said otherwise: each takes 19 MiB and a core.
pub const DEFAULT_PARALLEL: usize = 2;

/// How many may wait for their turn. Who comes when the queue is full is told so at once: a flood of
/// sign-ins takes neither memory nor the others' time without end.
const QUEUE: usize = 200;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// Blocks (of 1 KiB) that are reserved for a hash, though it uses fewer. What glibc allocates beyond
/// 32 MiB it always gives back to the system; of smaller pieces it keeps more and more (measured: 400
/// MB after forty hashes). Pages that are reserved and never touched take no memory.
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Refuses passwords that are too short or too long. Which characters they are made of is nobody's
/// business (NIST SP 800-63B §3.1.1.2).
///
/// # Errors
/// `INVALID_PASSWORD` at `path`.
pub fn check(path: &str, password: &str) -> Result<(), UserError> {
    let length = password.chars().count();
    if (MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Ok(());
    }
    Err(UserError::new(
        UserErrorCode::InvalidPassword,
        path,
        format!("a password has {MIN_LENGTH} to {MAX_LENGTH} characters, this one has {length}"),
    ))
}

/// Hashes and checks passwords, a few at a time and never on a thread that serves requests.
pub struct Passwords {
    random: Random,
    places: Arc<Semaphore>,
    queue: Semaphore,
    /// The hash of no password at all, for when there is no user to check one against.
    nobody: String,
}

impl Passwords {
    /// With salts from `random`, and `parallel` passwords hashed at a time (at least one).
    #[must_use]
    pub fn new(random: Random, parallel: usize) -> Self {
        let nobody = phc(&random.bytes(), &random.bytes::<HASH_LEN>());
        let places = Arc::new(Semaphore::new(parallel.max(1)));
        Self { random, places, queue: Semaphore::new(QUEUE), nobody }
    }

    /// Hashes a new password that [`check`] let pass, unless it is easily guessed by somebody who knows
    /// `about` the person; gives a PHC string.
    ///
    /// # Errors
    /// `WEAK_PASSWORD` at `path`, [`Error::RateLimited`] when too many wait already,
    /// [`Error::Internal`] when there is no memory for it.
    pub async fn hash(&self, path: &str, password: String, about: Vec<String>) -> Result<String> {
        let (salt, path) = (self.random.bytes(), path.to_owned());
        let done = self.in_its_place(move || {
            if let Err(weak) = strength::check(&path, &password, &about) {
                return Ok(Err(weak));
            }
            hashed(&password, &salt).map(Ok)
        });
        Ok(done.await??)
    }

    /// Hashes a password that was accepted when it was chosen with today's parameters.
    ///
    /// # Errors
    /// As of [`Passwords::hash`], but for the strength.
    pub async fn hash_anew(&self, password: String) -> Result<String> {
        let salt = self.random.bytes();
        self.in_its_place(move || hashed(&password, &salt)).await
    }

    /// Whether this is the password behind a PHC string. Without one (there is no such user) the
    /// answer is no, and takes as long (R66).
    ///
    /// # Errors
    /// [`Error::RateLimited`] when too many wait already, [`Error::Internal`] when the string is none
    /// of ours.
    pub async fn verify(&self, password: String, phc: Option<String>) -> Result<bool> {
        let phc = phc.unwrap_or_else(|| self.nobody.clone());
        self.in_its_place(move || matches(&password, &phc)).await
    }

    /// Runs `work` on a thread for blocking work, when there is a place. The place belongs to the
    /// work: it is not free earlier because the request was given up.
    async fn in_its_place<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting =
            self.queue.try_acquire().map_err(|_| Error::RateLimited { retry_after: 5 })?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|error| Error::internal("waiting to hash a password", error))?;
        let worked = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        worked
            .await
            .map_err(|error| Error::internal("hashing a password", error))?
            .map_err(|error| Error::internal("hashing a password", error))
    }
}

/// Without the salts to come and the hash of nobody.
impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// Whether this is the password behind a PHC string, with that string's own parameters.
fn matches(password: &str, phc: &str) -> password_hash::Result<bool> {
    let stored = PasswordHash::new(phc)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(HashError::EncodingInvalid);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored)?);
    // `Output` compares in constant time.
    Ok(Output::new(&output(&argon2, password, &salt)?)? == expected)
}

/// Whether a PHC string has other parameters than those that passwords are hashed with today.
#[must_use]
pub fn is_outdated(phc: &str) -> bool {
    !phc.starts_with(&parameters())
}

/// The PHC string of a password with today's parameters.
fn hashed(password: &str, salt: &[u8; SALT_LEN]) -> password_hash::Result<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_LEN))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(phc(salt, &output(&argon2, password, salt)?))
}

fn output(argon2: &Argon2, password: &str, salt: &[u8]) -> password_hash::Result<Vec<u8>> {
    let blocks = argon2.params().block_count();
    let mut memory = Vec::new();
    memory.try_reserve_exact(blocks.max(RESERVED_BLOCKS)).map_err(|_| HashError::OutOfMemory)?;
    memory.resize(blocks, Block::new());
    let mut output = vec![0; argon2.params().output_len().unwrap_or(HASH_LEN)];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory)?;
    Ok(output)
}

/// A PHC string of ours; salt and hash are base64 without padding there.
fn phc(salt: &[u8; SALT_LEN], hash: &[u8]) -> String {
    let (salt, hash) = (BASE64_STANDARD_NO_PAD.encode(salt), BASE64_STANDARD_NO_PAD.encode(hash));
    format!("{}{salt}${hash}", parameters())
}

/// How a PHC string of ours begins.
fn parameters() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(Random::system(), DEFAULT_PARALLEL)
    }

    #[tokio::test]
    async fn ann_gets_in_with_her_password_and_bob_not_with_his() {
        let passwords = passwords();
        let phc = passwords.hash_anew("correct horse".to_owned()).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(passwords.verify("correct horse".to_owned(), Some(phc.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".to_owned(), Some(phc)).await.unwrap());
    }

    #[tokio::test]
    async fn one_password_has_another_hash_for_everyone_who_chose_it() {
        let passwords = passwords();
        let first = passwords.hash_anew("correct horse".to_owned()).await.unwrap();
        assert_ne!(first, passwords.hash_anew("correct horse".to_owned()).await.unwrap());
    }

    /// The example of the reference implementation's README:
    /// `echo -n "password" | ./argon2 somesalt -t 2 -m 16 -p 4 -l 24`.
    #[tokio::test]
    async fn hashes_with_other_parameters_stay_good() {
        let phc = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
        assert!(passwords().verify("password".to_owned(), Some(phc.to_owned())).await.unwrap());
        assert!(!passwords().verify("Password".to_owned(), Some(phc.to_owned())).await.unwrap());
    }

    #[tokio::test]
    async fn r66_hashes_with_other_parameters_are_told_from_todays() {
        let today = passwords().hash_anew("correct horse".to_owned()).await.unwrap();
        assert!(!is_outdated(&today));
        for old in [
            "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
            "$argon2id$v=19$m=19456,t=20,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        ] {
            assert!(is_outdated(old), "{old}");
        }
    }

    #[tokio::test]
    async fn a_person_who_does_not_exist_costs_as_much_as_one_who_does() {
        let passwords = passwords();
        let phc = passwords.hash_anew("correct horse".to_owned()).await.unwrap();
        // The shortest of a few tries is the work itself, without what else the machine did.
        let mut shortest = [Duration::MAX; 2];
        for _ in 0..5 {
            for (shortest, phc) in shortest.iter_mut().zip([Some(phc.clone()), None]) {
                let start = Instant::now();
                assert!(!passwords.verify("battery staple".to_owned(), phc).await.unwrap());
                *shortest = start.elapsed().min(*shortest);
            }
        }
        let [somebody, nobody] = shortest;
        assert!(nobody > somebody / 2 && somebody > nobody / 2, "{somebody:?}, {nobody:?}");
    }

    #[tokio::test]
    async fn a_broken_hash_in_the_database_is_our_fault_and_not_a_wrong_password() {
        for phc in
            ["", "hunter2", "$argon2id$v=19$m=19456,t=2,p=1", "$scrypt$ln=1$c2FsdHNhbHQ$aGFzaA"]
        {
            let answer = passwords().verify("x".to_owned(), Some(phc.to_owned())).await;
            assert!(matches!(answer, Err(Error::Internal(_))), "{phc}");
        }
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_keeps_its_place_until_its_work_is_done() {
        let passwords = Passwords::new(Random::system(), 1);
        let mut given_up = Box::pin(passwords.hash_anew("correct horse".to_owned()));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        drop(given_up);
        assert_eq!(passwords.places.available_permits(), 0);
        passwords.hash_anew("correct horse".to_owned()).await.unwrap();
        assert_eq!(passwords.places.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_at_once() {
        let passwords = Passwords::new(Random::system(), 1);
        let mut waiting: Vec<_> =
            (0..QUEUE).map(|_| Box::pin(passwords.hash_anew("correct horse".to_owned()))).collect();
        for hash in &mut waiting {
            assert!(futures_util::poll!(hash).is_pending());
        }
        let refused = passwords.hash_anew("correct horse".to_owned()).await;
        assert!(matches!(refused, Err(Error::RateLimited { .. })), "{refused:?}");
        drop(waiting);
        passwords.hash_anew("correct horse".to_owned()).await.unwrap();
    }

    #[test]
    fn a_password_has_8_to_256_characters_of_any_kind() {
        for good in ["12345678", "ä€𝄞 ä€𝄞 ", &"x".repeat(256)] {
            assert_eq!(check("password", good), Ok(()));
        }
        for bad in ["", "1234567", "ä€𝄞ä€𝄞ä", &"x".repeat(257)] {
            let refused = check("input.password", bad).unwrap_err();
            assert_eq!(refused.code, UserErrorCode::InvalidPassword);
            assert_eq!(refused.path, ["input", "password"]);
        }
    }
}
