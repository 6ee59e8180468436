//! The language of a page.

use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, Uri};

use crate::mail::Locale;

/// The language of a page, and how it came to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tongue {
    /// The language.
    pub locale: Locale,
    /// Whether the visitor has chosen it on a page (`?lang=de`): then it stays with them.
    chosen: bool,
}

impl Tongue {
    /// What a request asks for: the language that was chosen, or the one that the browser likes best.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let parameters = uri.query().unwrap_or_default().split('&');
        let chosen = parameters.filter_map(|parameter| parameter.strip_prefix("lang=")).next_back();
        match chosen.and_then(Locale::parse) {
            Some(locale) => Self { locale, chosen: true },
            None => Self { locale: accepted(headers), chosen: false },
        }
    }

    /// The same for a page that has a language of its own, unless the visitor has chosen one.
    pub(super) fn or(self, own: Option<Locale>) -> Self {
        match own {
            Some(locale) if !self.chosen => Self { locale, ..self },
            _ => self,
        }
    }

    /// The address of another page: of ours, in the language that was chosen.
    pub(super) fn address(self, target: &str) -> String {
        if self.chosen && target.starts_with('/') && !target.contains(['?', '#']) {
            return format!("{target}?lang={}", self.locale.tag());
        }
        target.to_owned()
    }
}

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
    fn what_the_visitor_has_chosen_stays_with_them() {
        let german_browser = HeaderMap::from_iter([(ACCEPT_LANGUAGE, "de".parse().unwrap())]);
        let of = |uri: &str| Tongue::of(&uri.parse().unwrap(), &german_browser);
        let browser = of("/welcome?x=1");
        assert_eq!(browser.locale, german());
        assert_eq!(browser.or(Some(Locale::default())).locale, Locale::default());
        assert_eq!(browser.address("/welcome"), "/welcome");
        let chosen = of("/welcome?lang=en");
        assert_eq!(chosen.locale, Locale::default());
        assert_eq!(chosen.or(Some(german())).locale, Locale::default());
        assert_eq!(chosen.address("/welcome"), "/welcome?lang=en");
        assert_eq!(chosen.address("/welcome?lang=de"), "/welcome?lang=de");
        assert_eq!(chosen.address("https://app.example"), "https://app.example");
        assert_eq!(of("/welcome?lang=en&lang=de").locale, german());
        assert_eq!(of("/welcome?lang=tlh").locale, german(), "none of ours");
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
