//! Telling our own forms from those that another site's page has its visitor's browser send.

use axum::http::HeaderMap;
use axum::http::header::{HOST, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request that changes something may have been sent by another site's page.
///
/// Every current browser says so itself (`Sec-Fetch-Site`); older ones at least tell the origin of
/// the page, which has to be the host that was asked, or `public_url` where a proxy changes the host.
/// Programs other than browsers send neither header, and have no visitor to betray.
pub(super) fn is_forged(headers: &HeaderMap, public_url: &str) -> bool {
    let foreign =
        headers.get(SEC_FETCH_SITE).is_some_and(|site| site != "same-origin" && site != "none");
    // `Origin: null` (a sandboxed frame, a file) has no host and fits nothing.
    let elsewhere = headers.get(ORIGIN).is_some_and(|origin| {
        let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
        let ours = [asked, authority(public_url)];
        let origin = origin.to_str().ok().and_then(authority);
        !origin
            .is_some_and(|origin| ours.iter().flatten().any(|own| own.eq_ignore_ascii_case(origin)))
    });
    foreign || elsewhere
}

/// The host and port of an origin (RFC 6454 §6.2).
fn authority(origin: &str) -> Option<&str> {
    origin
        .split_once("://")
        .map(|(_, authority)| authority)
        .filter(|authority| !authority.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC_URL: &str = "https://team.example";

    fn forged(headers: &[(HeaderName, &str)]) -> bool {
        let host = (HOST, "inside:8080".parse().unwrap());
        let given = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        is_forged(&given.chain([host]).collect(), PUBLIC_URL)
    }

    #[test]
    fn our_own_forms_are_let_through() {
        assert!(!forged(&[(SEC_FETCH_SITE, "same-origin"), (ORIGIN, PUBLIC_URL)]));
        assert!(!forged(&[(SEC_FETCH_SITE, "none")]));
        assert!(!forged(&[(ORIGIN, "http://inside:8080")]));
        assert!(!forged(&[(ORIGIN, "http://INSIDE:8080")]));
        assert!(!forged(&[(ORIGIN, PUBLIC_URL)]));
    }

    #[test]
    fn other_sites_forms_are_not() {
        assert!(forged(&[(SEC_FETCH_SITE, "cross-site")]));
        assert!(forged(&[(SEC_FETCH_SITE, "same-site")]));
        assert!(forged(&[(SEC_FETCH_SITE, "")]));
        assert!(forged(&[(SEC_FETCH_SITE, "cross-site"), (ORIGIN, PUBLIC_URL)]));
        assert!(forged(&[(SEC_FETCH_SITE, "same-origin"), (ORIGIN, "https://evil.example")]));
        for origin in [
            "https://evil.example",
            "http://inside",
            "http://inside:8081",
            "https://team.example.evil.example",
            "https://team.example:8443",
            "null",
            "",
            "://",
            "inside:8080",
        ] {
            assert!(forged(&[(ORIGIN, origin)]), "{origin}");
        }
    }

    #[test]
    fn what_is_no_browser_is_let_through() {
        assert!(!forged(&[]));
        assert!(!is_forged(&HeaderMap::new(), PUBLIC_URL));
    }
}
