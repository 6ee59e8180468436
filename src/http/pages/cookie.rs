//! The cookie that keeps somebody signed in on these pages, from accepting to the welcome.
//!
//! It holds an access token, so it lives minutes. GraphQL never reads it: there, a request that a
//! browser adds cookies to of its own accord would be open to forgery.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use chrono::TimeDelta;

use crate::error::{Error, Result};

/// The token in the cookie, if it came along.
pub(super) fn read<'a>(headers: &'a HeaderMap, public_url: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    pairs
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == self::name(public_url))
        .map(|(_, token)| token)
}

/// A `Set-Cookie` that keeps a token for as long as it is good.
pub(super) fn keep(public_url: &str, token: &str, lifetime: TimeDelta) -> Result<HeaderValue> {
    let value = cookie(public_url, token, lifetime.num_seconds().max(0));
    let mut value = HeaderValue::from_str(&value)
        .map_err(|error| Error::internal("putting an access token into a cookie", error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A `Set-Cookie` that takes the token away.
pub(super) fn clear(public_url: &str) -> Result<HeaderValue> {
    keep(public_url, "", TimeDelta::zero())
}

fn cookie(public_url: &str, token: &str, seconds: i64) -> String {
    let secure = if is_secure(public_url) { "; Secure" } else { "" };
    let name = name(public_url);
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The prefix makes browsers refuse such a cookie from a neighbouring host (RFC 6265bis §4.1.3.2);
/// it asks for https.
fn name(public_url: &str) -> &'static str {
    if is_secure(public_url) { "__Host-rolecall_page" } else { "rolecall_page" }
}

fn is_secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: &str = "http://127.0.0.1:8080";
    const HTTPS: &str = "https://team.example";

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let kept = keep(HTTPS, "a.b.c", TimeDelta::minutes(10)).unwrap();
        assert_eq!(
            kept,
            "__Host-rolecall_page=a.b.c; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(kept.is_sensitive());
        assert_eq!(
            clear(HTTP).unwrap(),
            "rolecall_page=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
        assert!(keep(HTTP, "a\nb", TimeDelta::minutes(10)).is_err());
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let read_from = |cookies: &str, url| {
            read(&HeaderMap::from_iter([(COOKIE, cookies.parse().unwrap())]), url)
                .map(str::to_owned)
        };
        assert_eq!(read_from("x=1; rolecall_page=a.b.c; y=2", HTTP).as_deref(), Some("a.b.c"));
        assert_eq!(read_from("x_rolecall_page=a.b.c", HTTP), None);
        assert_eq!(read_from("rolecall_page=a.b.c", HTTPS), None);
        assert_eq!(read(&HeaderMap::new(), HTTP), None);
    }
}
