//! Names and other texts that people type, as the rules accept them.

use crate::error::{UserError, UserErrorCode};

/// The longest name, in characters (R3).
pub const NAME_MAX: usize = 255;

/// A trimmed name of 1 to [`NAME_MAX`] characters without control characters (R3).
///
/// # Errors
/// `INVALID_NAME` at `path`.
pub fn name(path: &str, input: &str) -> Result<String, UserError> {
    let name = input.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(UserError::new(
            UserErrorCode::InvalidName,
            path,
            format!("a name has 1 to {NAME_MAX} characters, this one has {length}"),
        ));
    }
    if name.chars().any(is_forbidden) {
        return Err(UserError::new(
            UserErrorCode::InvalidName,
            path,
            "a name has no control characters (line breaks and tabs included)",
        ));
    }
    Ok(name.to_owned())
}

/// A trimmed text of at most `max` characters; line breaks are fine, other control characters are not.
///
/// # Errors
/// `INVALID_TEXT` at `path`.
pub fn prose(path: &str, input: &str, max: usize) -> Result<String, UserError> {
    let text = input.trim().replace("\r\n", "\n");
    let length = text.chars().count();
    if length > max {
        return Err(UserError::new(
            UserErrorCode::InvalidText,
            path,
            format!("at most {max} characters, this text has {length}"),
        ));
    }
    if text.chars().any(|c| c != '\n' && is_forbidden(c)) {
        return Err(UserError::new(
            UserErrorCode::InvalidText,
            path,
            "control characters other than line breaks are not accepted",
        ));
    }
    Ok(text)
}

/// The form of a text that is sorted and searched by: lower case, by Unicode's rules.
#[must_use]
pub fn key(text: &str) -> String {
    text.to_lowercase()
}

/// Control characters, and the marks that make text run backwards: a name must not be able to
/// reorder the sentence of a mail that it stands in.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
