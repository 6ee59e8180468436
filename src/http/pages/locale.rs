//! The language of a page.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::mail::Locale;

/// The language that a browser likes best among those that there are (RFC 9110 §12.5.4).
pub(super) fn accepted(headers: &HeaderMap) -> Locale {
    let list = headers.get(ACCEPT_LANGUAGE).and_then(|list| list.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Locale::default());
    for range in list.split(',') {
        let mut parts = range.split(';');
        let Some(locale) = parts.next().and_then(|tag| Locale::parse(tag.trim())) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, locale);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn german() -> Locale {
        Locale::parse("de").unwrap()
    }

    #[test]
    fn the_browsers_favourite_among_our_languages_wins() {
        let accepted = |list: &str| {
            super::accepted(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, list.parse().unwrap())]))
        };
        assert_eq!(accepted("de-AT"), german());
        assert_eq!(accepted("fr, de;q=0.8, en;q=0.5"), german());
        assert_eq!(accepted("de; q=0.3, en-GB; q=0.9"), Locale::default());
        assert_eq!(accepted("en, de"), Locale::default());
        assert_eq!(accepted("de;q=0, fr"), Locale::default());
        assert_eq!(accepted("de;q=x, *"), Locale::default());
        assert_eq!(super::accepted(&HeaderMap::new()), Locale::default());
    }
}
