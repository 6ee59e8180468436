//! `SMTP_URL`: which mail server to use, and how.

use axum::http::Uri;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};

/// What the setting takes, for messages.
const ACCEPTED: &str = "SMTP_URL takes smtp://[user:password@]host[:port][?tls=required|opportunistic|none] or \
     smtps://[user:password@]host[:port]";

/// A mail server, and how to speak to it.
///
/// * `smtps://`: TLS from the first byte on; port 465.
/// * `smtp://…?tls=required`: STARTTLS or nothing; port 587. With a password and no `tls`, too.
/// * `smtp://…?tls=opportunistic`: STARTTLS if the server offers it, with any certificate, since
///   whoever could forge that could as well take the offer away; port 25. Without a password and
///   with no `tls`, too.
/// * `smtp://…?tls=none`: never; port 25.
pub(super) struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
}

impl Server {
    /// Reads the setting.
    ///
    /// # Errors
    /// What is wrong and what is accepted, in a sentence that does not repeat the password.
    pub(super) fn parse(url: &str, authorities: Option<&Certificate>) -> Result<Self, String> {
        let wrong = |what: &str| format!("{what}; {ACCEPTED}");
        let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?.as_str();
        let credentials = match authority.rsplit_once('@') {
            Some((user_info, _)) => Some(credentials(user_info).map_err(|what| wrong(&what))?),
            None => None,
        };
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        if !matches!(uri.path(), "" | "/") {
            return Err(wrong(&format!("it has the path {:?}", uri.path())));
        }
        let encryption = match uri.query() {
            None | Some("") => None,
            Some(query) => match query.strip_prefix("tls=") {
                Some(value) => Some(value),
                None => return Err(wrong(&format!("it has the unknown option {query:?}"))),
            },
        };
        let parameters = || {
            let mut builder = TlsParameters::builder(host.to_owned());
            if let Some(authorities) = authorities {
                builder = builder.add_root_certificate(authorities.clone());
            }
            builder
                .build()
                .map_err(|_| wrong(&format!("{host:?} is no name for a TLS certificate")))
        };
        let (tls, port) = match (uri.scheme_str(), encryption) {
            (Some("smtps"), None) => (Tls::Wrapper(parameters()?), SUBMISSIONS_PORT),
            (Some("smtp"), Some("required")) => (Tls::Required(parameters()?), SUBMISSION_PORT),
            (Some("smtp"), None) if credentials.is_some() => {
                (Tls::Required(parameters()?), SUBMISSION_PORT)
            }
            (Some("smtp"), Some("opportunistic") | None) => {
                let unverified = TlsParameters::builder(host.to_owned())
                    .dangerous_accept_invalid_certs(true)
                    .dangerous_accept_invalid_hostnames(true)
                    .build()
                    .map_err(|_| wrong(&format!("{host:?} is no name for TLS")))?;
                (Tls::Opportunistic(unverified), SMTP_PORT)
            }
            (Some("smtp"), Some("none")) => (Tls::None, SMTP_PORT),
            (Some("smtp" | "smtps"), Some(other)) => {
                return Err(wrong(&format!("it has the unknown option tls={other:?}")));
            }
            (scheme, _) => {
                return Err(wrong(&format!("it begins with {:?}", scheme.unwrap_or_default())));
            }
        };
        Ok(Self { host: host.to_owned(), port: uri.port_u16().unwrap_or(port), tls, credentials })
    }
}

fn credentials(user_info: &str) -> Result<Credentials, String> {
    let (user, password) = user_info.split_once(':').ok_or("it has a user without a password")?;
    Ok(Credentials::new(percent_decoded(user)?, percent_decoded(password)?))
}

/// The text with `%40` and the like as the characters that they stand for (RFC 3986 §2.1).
fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let byte = encoded
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or("its user or password has a % that is not written as %25")?;
        bytes.push(byte);
        rest = &encoded[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| "its user or password is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(tls: &Tls) -> &'static str {
        match tls {
            Tls::None => "none",
            Tls::Opportunistic(_) => "opportunistic",
            Tls::Required(_) => "required",
            Tls::Wrapper(_) => "wrapper",
        }
    }

    #[test]
    fn the_url_says_where_and_how() {
        for (url, host, port, tls) in [
            ("smtp://mail.example", "mail.example", 25, "opportunistic"),
            ("smtp://mail.example/?tls=opportunistic", "mail.example", 25, "opportunistic"),
            ("smtp://mail.example?tls=required", "mail.example", 587, "required"),
            ("smtp://ann:pw@mail.example", "mail.example", 587, "required"),
            ("smtp://ann:pw@mail.example:25?tls=none", "mail.example", 25, "none"),
            ("smtp://127.0.0.1:2525?tls=none", "127.0.0.1", 2525, "none"),
            ("smtp://[::1]:2525", "::1", 2525, "opportunistic"),
            ("smtps://ann:pw@mail.example", "mail.example", 465, "wrapper"),
        ] {
            let server = Server::parse(url, None).unwrap();
            let parsed = (server.host.as_str(), server.port, kind(&server.tls));
            assert_eq!(parsed, (host, port, tls), "{url}");
            assert_eq!(server.credentials.is_some(), url.contains('@'), "{url}");
        }
    }

    #[test]
    fn a_password_may_have_any_characters() {
        let server =
            Server::parse("smtp://ann%40acme.example:p%3Aw%2F%C3%B6%25@mail.example", None)
                .unwrap();
        let expected = Credentials::new("ann@acme.example".to_owned(), "p:w/ö%".to_owned());
        assert_eq!(server.credentials, Some(expected));
    }

    #[test]
    fn a_url_that_cannot_be_used_is_explained_without_its_password() {
        for (url, what) in [
            ("", "not a URL"),
            ("mail.example", "begins with \"\""),
            ("http://ann:s3cret@mail.example", "begins with \"http\""),
            ("smtp://ann@mail.example", "a user without a password"),
            ("smtp://ann:s3cret%@mail.example", "a % that"),
            ("smtp://ann:s3cret@mail.example/hello", "the path \"/hello\""),
            ("smtp://ann:s3cret@mail.example?tls=maybe", "tls=\"maybe\""),
            ("smtp://ann:s3cret@mail.example?starttls=1", "unknown option \"starttls=1\""),
            ("smtps://ann:s3cret@mail.example?tls=none", "tls=\"none\""),
        ] {
            let error = Server::parse(url, None).err().unwrap();
            assert!(error.contains(what) && error.contains("SMTP_URL takes"), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
