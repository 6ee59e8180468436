//! Who is at the other end of a request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::RequestId;
use crate::access::Origin;
use crate::config::Config;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// As much of what a client calls itself as is kept, in characters.
const USER_AGENT_MAX: usize = 255;

/// Where a request came from, for audit events and sessions.
#[must_use]
pub fn origin(config: &Config, parts: &Parts) -> Origin {
    let id = parts.extensions.get().map(|RequestId(id)| id.clone());
    let peer = parts.extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip());
    Origin {
        request_id: id.unwrap_or_default(),
        network_address: peer.map(|peer| client_address(config, peer, &parts.headers).to_string()),
        user_agent: user_agent(&parts.headers),
    }
}

/// The address that the client has (R54). Every proxy adds the address that it was called from at
/// the right end of `X-Forwarded-For`, so the list is read from there, and for as long as the one
/// who added an entry is trusted: what stands further left is hearsay.
fn client_address(config: &Config, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lists: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|list| list.to_str().unwrap_or_default())
        .collect();
    let mut client = peer.to_canonical();
    for entry in lists.iter().flat_map(|list| list.split(',')).rev() {
        if !config.trusts(client) {
            break;
        }
        match address(entry.trim()) {
            Some(address) => client = address,
            // A proxy that hides whom it speaks for (`unknown`) is all that is known of the client.
            None => break,
        }
    }
    client
}

/// The address in an entry; some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let ip = bare.parse().ok().or_else(|| entry.parse().ok().map(|with: SocketAddr| with.ip()));
    ip.map(|ip| ip.to_canonical())
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let name = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    let name: String = name.trim().chars().take(USER_AGENT_MAX).collect();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let config = Config { trusted_proxies, ..Config::default() };
        let headers = forwarded.iter().map(|list| (FORWARDED_FOR, list.parse().unwrap())).collect();
        client_address(&config, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn r54_nobody_is_believed_unless_trusted() {
        assert_eq!(seen(&[], "203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
        assert_eq!(seen(&["10.0.0.0/8"], "203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn r54_a_trusted_proxy_tells_who_called_it() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(seen(&trusted, "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen(&trusted, "::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen(&trusted, "fd00::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(seen(&trusted, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn r54_what_the_client_itself_claims_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        let claimed = "192.0.2.66, 198.51.100.1, 10.0.0.2";
        assert_eq!(seen(&trusted, "10.0.0.1", &[claimed]), "198.51.100.1");
        let claimed = ["192.0.2.66, 198.51.100.1", "10.0.0.2"];
        assert_eq!(seen(&trusted, "10.0.0.1", &claimed), "198.51.100.1");
    }

    #[test]
    fn r54_entries_are_read_with_ports_and_not_guessed_at() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(seen(&trusted, "10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(seen(&trusted, "10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(seen(&trusted, "10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(seen(&trusted, "10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        for odd in ["unknown", "", "198.51.100.1, _hidden", "198.51.100.1,"] {
            assert_eq!(seen(&trusted, "10.0.0.1", &[odd]), "10.0.0.1", "{odd:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let named = |name: &[u8]| {
            user_agent(&HeaderMap::from_iter([(USER_AGENT, name.try_into().unwrap())]))
        };
        assert_eq!(named("ü".repeat(300).as_bytes()), Some("ü".repeat(255)));
        assert_eq!(named(b" curl/8.0 "), Some("curl/8.0".to_owned()));
        assert_eq!(named(b" "), None);
        assert_eq!(user_agent(&HeaderMap::new()), None);
    }
}
