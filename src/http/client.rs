//! Who is on the other end of a request, as far as the network tells.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use super::RequestId;
use crate::access::Origin;
use crate::config::Config;

/// The longest user agent that is kept, in characters.
const USER_AGENT_MAX: usize = 255;

/// Where a request came from.
#[must_use]
pub fn origin(config: &Config, parts: &Parts) -> Origin {
    let request_id =
        parts.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        request_id,
        network_address: peer.map(|peer| address(config, parts, peer).to_string()),
        user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX).collect()),
    }
}

/// The client's address (R54): the peer's, unless that is a trusted proxy; then the last address in
/// `X-Forwarded-For` that is not one. What a client puts into the header itself stands further left
/// and is never reached.
fn address(config: &Config, parts: &Parts, peer: IpAddr) -> IpAddr {
    let mut client = peer;
    let headers = parts.headers.get_all("x-forwarded-for");
    let forwarded: Vec<&str> = headers
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.iter().rev() {
        if !config.trusts(client) {
            break;
        }
        match hop.trim().parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn seen(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let env = |name: &str| (name == "TRUSTED_PROXIES").then(|| trusted.to_owned());
        let config = Config::load(env, None).unwrap();
        let mut request = Request::builder();
        for header in forwarded {
            request = request.header("x-forwarded-for", *header);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        origin(&config, &parts).network_address.unwrap()
    }

    #[test]
    fn r54_a_stranger_cannot_say_who_they_are() {
        assert_eq!(seen("", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.0/8", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn r54_a_trusted_proxy_is_believed_as_far_as_it_saw() {
        assert_eq!(seen("10.0.0.0/8", "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            seen("10.0.0.0/8", "10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(seen("10.0.0.0/8", "10.0.0.1", &["1.2.3.4", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.0/8", "10.0.0.1", &["nonsense"]), "10.0.0.1");
    }
}
