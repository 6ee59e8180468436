//! API keys: what machines show instead of a session's token.
//!
//! A key is `rcl_` and 59 digits of Crockford's base 32: 256 random bits in 52 of them, then the CRC-32 of
//! these 52 in the last 7. By the prefix, scanners find keys in places where they must not be
//! (`rcl_[0-9a-hjkmnp-tv-z]{59}`), and by the checksum they tell them from what merely looks like one. So
//! do we: what is no key costs no statement.

use std::fmt;

use super::secret::{DIGITS, LENGTH, Secret, digit, hash_of};
use crate::clock::Random;

/// What every key begins with, and no access token.
pub const PREFIX: &str = "rcl_";

/// How many digits 32 bits take.
const CHECKSUM: usize = 7;

/// How many characters of a key are kept to tell it from others. They are the checksum's.
const HINT: usize = 4;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// A new key, to be shown once.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key.
    #[must_use]
    pub fn new(random: &Random) -> Self {
        let secret = Secret::new(random).expose();
        Self(format!("{PREFIX}{secret}{}", checksum(&secret)))
    }

    /// The text that its owner gets.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database keeps of it: the SHA-256 of the whole text.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash_of(&self.0)
    }

    /// The characters at its end, by which people tell it from others.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - HINT..]
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// The hash of a key as somebody presents it; none for what cannot be one of ours.
#[must_use]
pub fn hash_of_key(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(PREFIX)?;
    let (secret, sum) = digits.split_at_checked(LENGTH)?;
    let ours = digits.len() == LENGTH + CHECKSUM && digits.bytes().all(|c| DIGITS.contains(&c));
    (ours && sum == checksum(secret)).then(|| hash_of(text))
}

/// The CRC-32 (ISO-HDLC, as in zip and PNG) of the secret's digits.
fn checksum(secret: &str) -> String {
    let sum = CRC.checksum(secret.as_bytes());
    (0..CHECKSUM).rev().map(|place| digit(sum >> (5 * place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_as_it_was_shown_and_in_no_other_way() {
        let key = ApiKey::new(&Random::system());
        let text = key.expose();
        assert_eq!(text.len(), PREFIX.len() + LENGTH + CHECKSUM);
        assert_eq!(hash_of_key(text), Some(key.hash()));
        assert!(text.ends_with(key.hint()));
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        let mut others =
            vec![String::new(), PREFIX.to_owned(), text.to_uppercase(), format!("{text}0")];
        others.push(text[..text.len() - 1].to_owned());
        others.push(format!("{PREFIX}{}", "é".repeat(30)));
        // Whichever digit is mistaken for another, the checksum tells.
        for at in PREFIX.len()..text.len() {
            let other = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
            others.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
        }
        for other in others {
            assert_eq!(hash_of_key(&other), None, "{other}");
        }
    }

    #[test]
    fn scanners_can_be_told_what_a_checksum_is() {
        let secret = "0".repeat(LENGTH);
        // python: zlib.crc32(b"0" * 52) == 0x71550ccf
        assert_eq!(checksum(&secret), "1rna36f");
    }
}
