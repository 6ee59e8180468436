//! Encryption of mails while they wait in the outbox: they hold links, and whoever reads the
//! database must not be able to follow them (R48). Calls with idempotency keys are sealed alike: what they
//! were given may be a password, and their answer a session (R71).
//!
//! AES-256-GCM. Each signing key gives a key of its own, so that rotating the signing keys rotates
//! these too; a mail that was sealed before opens as long as its key is on the ring.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use chrono::{DateTime, Utc};

use crate::auth::keys::{Key, Keyring};
use crate::clock::Random;

/// Tells these keys from any others that may be derived from a signing key one day (RFC 5869 §3.2).
const PURPOSE: &[u8] = b"rolecall outbox v1";

/// How many bytes of its key's thumbprint a sealed text begins with. The outbox counts mails by them.
const HINT_LEN: usize = 8;

/// The key for mails that belongs to a signing key.
pub(super) struct SealingKey {
    hint: [u8; HINT_LEN],
    key: LessSafeKey,
}

/// A sealed text is a hint at its key, the nonce, the ciphertext and its tag.
impl Keyring {
    /// Encrypts `plain` under the key that signs at this instant: every server has that. `aad` (the mail's
    /// id, say) is not kept in the result; who opens it has to know it, so that one mail's text cannot be
    /// put in another's place.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "no mail has 64 GiB")]
    pub fn seal(&self, random: &Random, now: DateTime<Utc>, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        // Random nonces are good for 2^32 texts under one key (NIST SP 800-38D §8.3).
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let SealingKey { hint, key } = &self.signing(now).sealing;
        let mut text = plain.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut text,
        )
        .expect("shorter than 64 GiB");
        [&hint[..], &nonce, &text].concat()
    }

    /// Decrypts what [`Keyring::seal`] gave for the same `aad`. None when it was sealed under a key that
    /// is not on the ring, for another `aad`, or was changed.
    #[must_use]
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (hint, rest) = sealed.split_first_chunk::<HINT_LEN>()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key = self.iter().map(|key| &key.sealing).find(|key| key.hint == *hint)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?;
        Some(plain.to_vec())
    }
}

impl Key {
    /// What texts begin with that are sealed under this key.
    #[must_use]
    pub fn hint(&self) -> &[u8] {
        &self.sealing.hint
    }
}

impl SealingKey {
    /// That of the signing key with this seed and thumbprint.
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes, and these are 32")]
    pub(super) fn derive(seed: &[u8; 32], thumbprint: &[u8; 32]) -> Self {
        let mut hint = [0; HINT_LEN];
        hint.copy_from_slice(&thumbprint[..HINT_LEN]);
        // The seed is 256 random bits already, so that the salt adds nothing (RFC 5869 §3.1).
        let secret = Salt::new(HKDF_SHA256, &[]).extract(seed);
        let derived = secret.expand(&[PURPOSE], &AES_256_GCM);
        let derived = derived.expect("no more than 8160 bytes");
        Self { hint, key: LessSafeKey::new(derived.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &[u8] = b"https://team.example.com/invitations/secret";

    fn outbox(seed: u8) -> Keyring {
        Keyring::from_seed([seed; 32])
    }

    fn seal(outbox: &Keyring, random: &Random) -> Vec<u8> {
        outbox.seal(random, DateTime::UNIX_EPOCH, b"mail_1", LINK)
    }

    #[test]
    fn a_mail_in_the_outbox_shows_nothing_and_opens_again() {
        let outbox = outbox(1);
        let sealed = seal(&outbox, &Random::system());
        assert!(!sealed.windows(10).any(|window| LINK.windows(10).any(|part| part == window)));
        assert_eq!(outbox.open(b"mail_1", &sealed).as_deref(), Some(LINK));
    }

    #[test]
    fn the_same_mail_twice_looks_different() {
        let (outbox, random) = (outbox(1), Random::system());
        assert_ne!(seal(&outbox, &random), seal(&outbox, &random));
    }

    #[test]
    fn a_mail_put_in_the_place_of_another_or_changed_does_not_open() {
        let outbox = outbox(1);
        let sealed = seal(&outbox, &Random::system());
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
        let sealed = seal(&outbox(1), &Random::system());
        let rotated = Keyring::from_seeds(&[[2; 32], [1; 32]]);
        assert_eq!(rotated.open(b"mail_1", &sealed).as_deref(), Some(LINK));
        assert_eq!(outbox(2).open(b"mail_1", &sealed), None);
    }
}
