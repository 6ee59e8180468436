//! Names and other texts that people type, as the rules accept them.

use crate::error::{Error, UserError, UserErrorCode};

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
    if !name.chars().any(is_visible) {
        let message = "a name has at least one character that can be seen";
        return Err(UserError::new(UserErrorCode::InvalidName, path, message));
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

/// What a list is searched for: trimmed, at most [`NAME_MAX`] characters, because nothing that is
/// searched is longer; none when nothing remains.
///
/// # Errors
/// `BAD_USER_INPUT` at `field`, also for control characters: nothing has any, and not every database
/// takes them.
pub fn search(field: &'static str, input: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = input.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let length = text.chars().count();
    let message = if length > NAME_MAX {
        format!("at most {NAME_MAX} characters, this text has {length}")
    } else if text.chars().any(char::is_control) {
        "control characters are not accepted".to_owned()
    } else {
        return Ok(Some(text.to_owned()));
    };
    Err(Error::BadInput { field, message })
}

/// The form in which a text, or the part of it behind an @, stands in the keys of addresses: lower
/// case, whole labels of domain names in ASCII (RFC 5890).
#[must_use]
pub fn address_key(text: &str) -> String {
    let (local, domain) =
        text.rsplit_once('@').map_or(("", text), |(local, domain)| (&text[..=local.len()], domain));
    match idna::domain_to_ascii(domain) {
        Ok(ascii) if !domain.is_ascii() => format!("{}{ascii}", key(local)),
        _ => key(text),
    }
}

/// Control characters, line and paragraph separators, and the marks that make text run backwards: a
/// name must not be able to reorder or break the sentence of a mail that it stands in.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character leaves anything to see.
fn is_visible(c: char) -> bool {
    let blank = matches!(c, '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}');
    !blank && !c.is_whitespace() && !c.is_control()
}
