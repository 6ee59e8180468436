//! Secrets that are handed out once and kept only as a hash: links in mails, refresh tokens (R48, R61).
//!
//! A link goes through mail programs, chats and hands before it is opened, so its secret is written in
//! digits and lower-case letters alone, and [`hash_of_link`] recognises it as long as nothing of it is
//! lost: in other letters, with the full stop that ended the sentence, broken over two lines.

use std::borrow::Cow;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::clock::Random;

/// Crockford's base 32: nothing in it looks like anything else, and the case of letters says nothing.
pub(super) const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many digits 256 bits take.
pub(super) const LENGTH: usize = 52;

/// What is longer than this is no link that we mailed, however it was mangled.
const MANGLED_MAX: usize = 1024;

/// 256 random bits.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new secret.
    #[must_use]
    pub fn new(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// The text that its owner gets: 52 digits of Crockford's base 32.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut text = String::with_capacity(LENGTH);
        let (mut held, mut bits) = (0_u32, 0);
        for byte in self.0 {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(digit(held >> bits));
            }
        }
        text.push(digit(held << (5 - bits)));
        text
    }

    /// What the database keeps of it, see [`hash_of`].
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash_of(&self.expose())
    }
}

pub(super) fn digit(value: u32) -> char {
    char::from(DIGITS[(value & 31) as usize])
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret's text as somebody presents it: 32 bytes. The text is hashed as it is; a
/// plain hash is enough, because 256 random bits cannot be guessed.
#[must_use]
pub fn hash_of(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// The hash of the secret in a link, whatever has become of its spelling on the way.
#[must_use]
pub fn hash_of_link(text: &str) -> Vec<u8> {
    hash_of(&as_mailed(text))
}

/// The secret of a link as it was mailed, if that can be told: percent-encoding undone (twice, where
/// two programs have encoded it), without white space and invisible characters, without the
/// punctuation around it, in lower case, and what only looks like a digit as that digit (`O` as `0`,
/// `I` and `L` as `1`).
///
/// Links of earlier versions are base64url, where the case of letters matters: theirs is left alone.
#[must_use]
pub fn as_mailed(text: &str) -> Cow<'_, str> {
    if text.len() > MANGLED_MAX {
        return Cow::Borrowed(text);
    }
    let decoded = percent_decoded(&percent_decoded(text));
    let shown: String = decoded.chars().filter(|c| !is_space(*c)).collect();
    let bare = shown.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    // A dash at either end is punctuation, unless it is part of an earlier version's secret.
    let digits: String = bare.trim_matches(['-', '_']).chars().map(as_digit).collect();
    if digits.len() == LENGTH && digits.bytes().all(|c| DIGITS.contains(&c)) {
        return Cow::Owned(digits);
    }
    Cow::Owned(bare.to_owned())
}

fn as_digit(c: char) -> char {
    match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

/// What separates or hides without being seen: white space, soft hyphens, joiners, marks of direction
/// and of byte order.
fn is_space(c: char) -> bool {
    let invisible = matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    c.is_whitespace() || c.is_control() || invisible
}

/// The text with `%3E` and its like as the characters that they stand for.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let value = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                if let (Some(high), Some(low)) = (value(*high), value(*low)) {
                    bytes.push(high * 16 + low);
                    rest = after;
                    continue;
                }
                bytes.push(b'%');
            }
            _ => bytes.push(*first),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_by_the_text_that_was_handed_out_and_shown_nowhere_else() {
        let secret = Secret::new(&Random::system());
        let text = secret.expose();
        assert_eq!(text.len(), LENGTH);
        assert!(text.bytes().all(|c| DIGITS.contains(&c)), "{text}");
        assert_eq!(hash_of(&text), secret.hash());
        assert_eq!(hash_of_link(&text), secret.hash());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn all_256_bits_are_in_the_text() {
        let zero = Secret([0; 32]).expose();
        assert_eq!(zero, "0".repeat(LENGTH));
        let mut seen = vec![zero];
        for bit in 0..256 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            let text = Secret(bytes).expose();
            assert!(!seen.contains(&text), "bit {bit}");
            seen.push(text);
        }
        assert_eq!(Secret([255; 32]).expose(), format!("{}g", "z".repeat(51)));
    }

    #[test]
    fn no_two_secrets_are_alike() {
        let random = Random::system();
        assert_ne!(Secret::new(&random).expose(), Secret::new(&random).expose());
    }

    #[test]
    fn r48_a_link_survives_what_mail_programs_and_hands_do_to_it() {
        // Digits that are mistaken for letters are among them.
        let text = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjg";
        let hash = hash_of(text);
        for mangled in [
            text.to_uppercase(),
            format!("{text}."),
            format!("{text},"),
            format!("{text};"),
            format!("{text}!"),
            format!("{text}>"),
            format!("{text}>)"),
            format!("<{text}>"),
            format!("({text})."),
            format!("\"{text}\""),
            format!("“{text}”"),
            format!("[{text}]"),
            format!("{text}%3E"),
            format!("{text}%22%5D"),
            format!("{text}%253E"),
            format!("{text}="),
            format!("{text}-"),
            format!(" {text}\r\n"),
            format!("{}\r\n  {}", &text[..30], &text[30..]),
            format!("{}%20{}", &text[..30], &text[30..]),
            format!("{}\u{ad}{}\u{200b}", &text[..30], &text[30..]),
            text.replace('0', "O").replace('1', "l"),
            text.replace('0', "o").replace('1', "I"),
            text.bytes().fold(String::new(), |all, c| format!("{all}%{c:02X}")),
        ] {
            assert_eq!(hash_of_link(&mangled), hash, "{mangled}");
            assert_eq!(as_mailed(&mangled), text);
        }
    }

    #[test]
    fn what_is_not_the_same_secret_is_not_taken_for_it() {
        let text = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjg";
        for other in [
            String::new(),
            text[1..].to_owned(),
            format!("{text}0"),
            format!("{text}.0"),
            text.replace('g', "h"),
            text.replace('z', "u"),
            format!("{text}%3Ex"),
            text.repeat(100),
            "%".repeat(200),
            "%zz%".to_owned(),
        ] {
            assert_ne!(hash_of_link(&other), hash_of(text), "{other}");
        }
    }

    #[test]
    fn links_of_earlier_versions_stay_what_they_are() {
        for old in [
            "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIDE",
            "-GhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyID_",
        ] {
            assert_eq!(hash_of_link(old), hash_of(old));
            assert_eq!(hash_of_link(&format!("<{old}>.")), hash_of(old));
            assert_ne!(hash_of_link(&old.to_lowercase()), hash_of(old));
        }
    }
}
