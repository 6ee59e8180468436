//! Secrets that are handed out once and kept only as a hash: links in mails, refresh tokens (R48, R61).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::Random;

/// 256 random bits.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new secret.
    #[must_use]
    pub fn new(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// The text that its owner gets: base64url without padding (RFC 4648 §5), 43 characters.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the database keeps of it, see [`hash_of`].
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash_of(&self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret's text as somebody presents it: 32 bytes. The text is hashed as it is, so
/// that no second spelling of the same bits is accepted; a plain hash is enough, because 256 random
/// bits cannot be guessed.
#[must_use]
pub fn hash_of(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_by_the_text_that_was_handed_out_and_shown_nowhere_else() {
        let secret = Secret::new(&Random::system());
        let text = secret.expose();
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c)), "{text}");
        assert_eq!(hash_of(&text), secret.hash());
        assert_ne!(hash_of(&format!("{text}=")), secret.hash());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn no_two_secrets_are_alike() {
        let random = Random::system();
        assert_ne!(Secret::new(&random).expose(), Secret::new(&random).expose());
    }
}
