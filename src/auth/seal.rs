//! Encryption of mails while they wait in the outbox: they hold links, and whoever reads the
//! database must not be able to follow them (R48). Calls with idempotency keys are sealed alike: what they
//! were given may be a password, and their answer a session (R71).
//!
//! AES-256-GCM. Each signing key gives a key of its own, so that rotating the signing keys rotates
//! these too; a mail that was sealed before opens as long as its key is on the ring.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

use crate::auth::keys::{Key, Keyring};
use crate::clock::Random;

/// Tells these keys from any others that may be derived from a signing key one day (RFC 5869 §3.2).
const PURPOSE: &[u8] = b"rolecall outbox v1";

/// How many bytes of its key's thumbprint a sealed text begins with.
const HINT_LEN: usize = 8;

/// Seals and opens. A sealed text is a hint at its key, the nonce, the ciphertext and its tag.
pub struct Sealer {
    newest: SealingKey,
    older: Vec<SealingKey>,
}

struct SealingKey {
    hint: [u8; HINT_LEN],
    key: LessSafeKey,
}

impl Sealer {
    /// With keys derived from those on the ring.
    #[must_use]
    pub fn from_keyring(keyring: &Keyring) -> Self {
        Self {
            newest: SealingKey::derive(keyring.newest()),
            older: keyring.older().iter().map(SealingKey::derive).collect(),
        }
    }

    /// Encrypts `plain` under the newest key. `aad` (the mail's id, say) is not kept in the result;
    /// who opens it has to know it, so that one mail's text cannot be put in another's place.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "no mail has 64 GiB")]
    pub fn seal(&self, random: &Random, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        // Random nonces are good for 2^32 texts under one key (NIST SP 800-38D §8.3).
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut text = plain.to_vec();
        self.newest
            .key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                &mut text,
            )
            .expect("shorter than 64 GiB");
        [&self.newest.hint[..], &nonce, &text].concat()
    }

    /// Decrypts what [`Sealer::seal`] gave for the same `aad`. None when it was sealed under a key
    /// that is no longer on the ring, for another `aad`, or was changed.
    #[must_use]
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (hint, rest) = sealed.split_first_chunk::<HINT_LEN>()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key = std::iter::once(&self.newest).chain(&self.older).find(|key| key.hint == *hint)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?;
        Some(plain.to_vec())
    }
}

impl SealingKey {
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes, and these are 32")]
    fn derive(key: &Key) -> Self {
        let mut hint = [0; HINT_LEN];
        hint.copy_from_slice(&key.thumbprint[..HINT_LEN]);
        // The seed is 256 random bits already, so that the salt adds nothing (RFC 5869 §3.1).
        let secret = Salt::new(HKDF_SHA256, &[]).extract(&key.seed);
        let derived = secret.expand(&[PURPOSE], &AES_256_GCM);
        let derived = derived.expect("no more than 8160 bytes");
        Self { hint, key: LessSafeKey::new(derived.into()) }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &[u8] = b"https://team.example.com/invitations/secret";

    fn outbox(seed: u8) -> Sealer {
        Sealer::from_keyring(&Keyring::from_seed([seed; 32]))
    }

    #[test]
    fn a_mail_in_the_outbox_shows_nothing_and_opens_again() {
        let outbox = outbox(1);
        let sealed = outbox.seal(&Random::system(), b"mail_1", LINK);
        assert!(!sealed.windows(10).any(|window| LINK.windows(10).any(|part| part == window)));
        assert_eq!(outbox.open(b"mail_1", &sealed).as_deref(), Some(LINK));
    }

    #[test]
    fn the_same_mail_twice_looks_different() {
        let (outbox, random) = (outbox(1), Random::system());
        assert_ne!(outbox.seal(&random, b"mail_1", LINK), outbox.seal(&random, b"mail_1", LINK));
    }

    #[test]
    fn a_mail_put_in_the_place_of_another_or_changed_does_not_open() {
        let outbox = outbox(1);
        let sealed = outbox.seal(&Random::system(), b"mail_1", LINK);
        assert_eq!(outbox.open(b"mail_2", &sealed), None);
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(outbox.open(b"mail_1", &changed), None, "byte {position}");
            assert_eq!(outbox.open(b"mail_1", &sealed[..position]), None, "{position} bytes");
        }
    }

    #[test]
    fn mails_wait_through_a_rotation_of_keys_and_not_through_the_loss_of_one() {
        let sealed = outbox(1).seal(&Random::system(), b"mail_1", LINK);
        let (old, new) = (Keyring::from_seed([1; 32]), Keyring::from_seed([2; 32]));
        let rotated = Sealer {
            newest: SealingKey::derive(new.newest()),
            older: vec![SealingKey::derive(old.newest())],
        };
        assert_eq!(rotated.open(b"mail_1", &sealed).as_deref(), Some(LINK));
        assert_eq!(outbox(2).open(b"mail_1", &sealed), None);
    }
}
