//! The look at a document's text that comes before parsing.

use async_graphql::ServerError;

use super::{count, request_error};

/// The measures of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) tokens: u64,
    pub(super) nesting: u64,
    pub(super) longest_name: u64,
}

/// Measures a text.
///
/// Not a whole lexer: a number may count as several tokens, and whatever no token begins with is one
/// of its own. It agrees with the parser about strings and comments, where a bracket is none.
///
/// # Errors
/// `BAD_USER_INPUT` for a string that does not end.
pub(super) fn scan(text: &str) -> Result<Scanned, ServerError> {
    let mut scanned = Scanned::default();
    let mut open = 0_u64;
    let mut rest = text.as_bytes();
    while let Some(&byte) = rest.first() {
        let run = |part: fn(&u8) -> bool| rest.iter().take_while(|byte| part(byte)).count();
        let length = match byte {
            b'#' => run(|byte| !matches!(byte, b'\n' | b'\r')),
            b'"' => string_length(rest)?,
            b'.' => run(|byte| *byte == b'.'),
            b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                run(|byte| *byte == b'_' || byte.is_ascii_alphanumeric())
            }
            _ => 1,
        };
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            b'_' | b'A'..=b'Z' | b'a'..=b'z' => {
                scanned.longest_name = scanned.longest_name.max(count(length));
            }
            _ => {}
        }
        scanned.nesting = scanned.nesting.max(open);
        let ignored = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'#');
        scanned.tokens += u64::from(!ignored);
        rest = &rest[length..];
    }
    Ok(scanned)
}

/// The length of the string that `text` begins with, quotes included (GraphQL §2.9.4).
fn string_length(text: &[u8]) -> Result<usize, ServerError> {
    let quote: &[u8] = if text.starts_with(b"\"\"\"") { b"\"\"\"" } else { b"\"" };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return Ok(at + quote.len());
        }
        at += match rest {
            [b'\\', escaped @ ..] if quote.len() == 3 && escaped.starts_with(quote) => 4,
            [b'\\', _, ..] if quote.len() == 1 => 2,
            [b'\n' | b'\r', ..] if quote.len() == 1 => break,
            _ => 1,
        };
    }
    Err(request_error("BAD_USER_INPUT", "Syntax Error: Unterminated string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_have_no_brackets() {
        for (text, tokens) in [
            ("{ a(b: \"{[(\\\"{\") # {{{\n }", 8),
            ("{ a(b: \"\"\"{ \" \\\"\"\" {\n\"\"\") }", 8),
            ("{ a(b: \"\") ...F }", 10),
        ] {
            let expected = Scanned { tokens, nesting: 2, longest_name: 1 };
            assert_eq!(scan(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_string_has_an_end() {
        for text in [
            "{ a(b: \"",
            "{ a(b: \"\n\")",
            "\"\"\"",
            "\"\"\"a\" {{{",
            "\"\\\"",
            "\"\\",
            "\"\"\"\\\"\"\"",
        ] {
            let message = scan(text).unwrap_err().message;
            assert_eq!(message, "Syntax Error: Unterminated string", "{text:?}");
        }
    }
}
