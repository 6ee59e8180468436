//! Finding a setting's text, and turning texts into values.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Scheme;
use ipnet::IpNet;
use lettre::message::Mailbox;
use tracing_subscriber::EnvFilter;

use super::error::ConfigError;
use super::settings::{SETTINGS, default_of};
use super::{CatalogueSource, LogFormat, Mode, TeamAccess};

// What the parsers below accept, in words that continue "it accepts …".
pub(super) const MODE: &str = "development or production";
pub(super) const TEAM_ACCESS: &str = "everyone or entitled";
pub(super) const YES_NO: &str = "true or false";
pub(super) const LOG_FORMAT: &str = "text or json";
pub(super) const LOG_FILTER: &str =
    "a level (error, warn, info, debug or trace), or target=level pairs separated by commas";
pub(super) const DIRECTORY: &str = "the path of a directory";
pub(super) const PATH: &str = "the path of a file or directory";
pub(super) const PEM_FILE: &str = "the path of a PEM file";
pub(super) const PEM_FILES: &str = "paths of PEM files, separated by commas";
pub(super) const CATALOGUE: &str = "organization, team, or the path of a catalogue file";
pub(super) const MAILBOX: &str =
    "a mail address, with or without a name, such as Rolecall <no-reply@example.com>";
pub(super) const LISTEN: &str =
    "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080 (port 0: any free one)";
pub(super) const DATABASE_URL: &str =
    "sqlite://path/to/file.db or postgres://user:password@host/name";
pub(super) const SMTP_URL: &str = "smtp://user:password@host:port, with ?tls=required, \
     ?tls=opportunistic or ?tls=none if needed, or smtps://…; special characters percent-encoded";
pub(super) const ORIGIN: &str =
    "an http or https address without a path, such as https://team.example.com";
pub(super) const ADDRESS: &str =
    "an address of the application, such as https://app.example.com/team or myapp://home";
pub(super) const LINK_TEMPLATE: &str = "an address with {token} in it once, such as https://app.example.com/join/{token} or \
     myapp://join/{token}";
pub(super) const JSON_FILE: &str = "the path of a JSON file";
pub(super) const ORIGINS: &str =
    "http or https origins, such as https://app.example.com, separated by commas";
pub(super) const NETWORKS: &str =
    "IP addresses and networks, such as 10.0.0.0/8, separated by commas";

pub(super) const COLLECTOR: &str = "the http address of a collector, such as http://127.0.0.1:4318; one beside the server takes \
     traces to wherever they go";

pub(super) const RESOLVER: &str =
    "the IP address of a name server, with a port or without, such as 10.0.0.53 or [::1]:53";

/// The texts of the settings that are set.
pub(super) struct Source(BTreeMap<&'static str, String>);

impl Source {
    /// Collects the texts; the environment wins over the file.
    pub(super) fn new(
        env: impl Fn(&str) -> Option<String>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut texts = file.map(from_file).transpose()?.unwrap_or_default();
        for setting in SETTINGS {
            if let Some(text) = env(setting.name).as_deref().and_then(non_empty) {
                texts.insert(setting.name, text);
            }
        }
        Ok(Self(texts))
    }

    /// Whether the operator set it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of a setting, its default's if it is not set, none if it has no default.
    pub(super) fn optional<T>(
        &self,
        name: &'static str,
        accepts: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.0.get(name).map(String::as_str).or_else(|| default_of(name)) else {
            return Ok(None);
        };
        parse(text).map(Some).ok_or_else(|| ConfigError::new(name, text, accepts))
    }

    /// The value of a setting that has a default.
    pub(super) fn required<T>(
        &self,
        name: &'static str,
        accepts: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.optional(name, accepts, parse)?.ok_or_else(|| ConfigError::new(name, "", accepts))
    }

    /// A whole number within `range`.
    pub(super) fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &'static str,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let accepts = format!("a whole number from {} to {}", range.start(), range.end());
        self.required(name, &accepts, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }
}

/// The texts of a TOML file. Numbers and truth values count as their text and lists as their items
/// separated by commas, so that `session_days = 7` and `cors_origins = ["…", "…"]` read naturally.
fn from_file(contents: &str) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    let table: toml::Table = contents.parse().map_err(|error: toml::de::Error| {
        // Not the error's own rendering: it quotes the line, which may hold a password.
        let offset = error.span().map_or(0, |span| span.start);
        let line = 1 + contents.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        ConfigError {
            setting: "--config",
            got: format!("a file with a mistake in line {line}"),
            accepts: "TOML, one setting = \"value\" per line".to_owned(),
        }
    })?;
    let mut texts = BTreeMap::new();
    for (key, value) in &table {
        let known = SETTINGS.iter().find(|setting| setting.name.to_ascii_lowercase() == *key);
        let Some(setting) = known else {
            let keys = SETTINGS.iter().map(|setting| setting.name.to_ascii_lowercase());
            return Err(ConfigError {
                setting: "--config",
                got: format!("a file with the unknown key {key:?}"),
                accepts: keys.collect::<Vec<_>>().join(", "),
            });
        };
        let text = as_text(value).ok_or_else(|| ConfigError {
            setting: setting.name,
            got: format!("{} from the file of --config", value.type_str()),
            accepts: "a text, a whole number, true, false, or a list of texts without commas"
                .to_owned(),
        })?;
        if let Some(text) = non_empty(&text) {
            texts.insert(setting.name, text);
        }
    }
    Ok(texts)
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> =
                items.iter().map(|item| item.as_str().filter(|text| !text.contains(','))).collect();
            Some(items?.join(","))
        }
        _ => None,
    }
}

fn non_empty(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The parser of items separated by commas, each of them accepted by `item`.
pub(super) fn list<T>(item: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Vec<T>> {
    move |text| text.split(',').map(|part| item(part.trim())).collect()
}

pub(super) fn listen(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// The address of a name server; the port is DNS's own where none is said.
pub(super) fn resolver(text: &str) -> Option<SocketAddr> {
    let bare = || text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
    text.parse::<SocketAddr>().ok().or_else(bare).filter(|address| address.port() != 0)
}

/// The address of a collector of traces. It is beside the server, so that there is no https.
pub(super) fn collector(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let uri: Uri = text.parse().ok()?;
    let plain = uri.scheme() == Some(&Scheme::HTTP) && uri.query().is_none();
    (plain && uri.host().is_some_and(|host| !host.is_empty())).then(|| text.to_owned())
}

pub(super) fn mailbox(text: &str) -> Option<Mailbox> {
    text.parse().ok()
}

pub(super) fn mode(text: &str) -> Option<Mode> {
    match text {
        "development" => Some(Mode::Development),
        "production" => Some(Mode::Production),
        _ => None,
    }
}

pub(super) fn team_access(text: &str) -> Option<TeamAccess> {
    match text {
        "everyone" => Some(TeamAccess::Everyone),
        "entitled" => Some(TeamAccess::Entitled),
        _ => None,
    }
}

pub(super) fn yes_no(text: &str) -> Option<bool> {
    text.parse().ok()
}

pub(super) fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

pub(super) fn log_filter(text: &str) -> Option<String> {
    EnvFilter::try_new(text).ok().map(|_| text.to_owned())
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

pub(super) fn catalogue(text: &str) -> CatalogueSource {
    match text {
        "organization" => CatalogueSource::Organization,
        "team" => CatalogueSource::Team,
        file => CatalogueSource::File(file.into()),
    }
}

/// A network, or a single address as the network of that address.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    let network =
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.map(|network| network.trunc())
}

pub(super) fn database_url(text: &str) -> Option<String> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    known.iter().any(|scheme| text.starts_with(scheme)).then(|| text.to_owned())
}

/// Scheme, host and port of an http or https address that has nothing else, spelt as browsers spell
/// an origin (RFC 6454 §6.2): lower case, no default port, no slash at the end.
pub(super) fn origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme()?, uri.authority()?);
    let default_port = match scheme {
        scheme if *scheme == Scheme::HTTP => 80,
        scheme if *scheme == Scheme::HTTPS => 443,
        _ => return None,
    };
    // `Uri` drops a fragment silently.
    let bare = uri.path() == "/" && uri.query().is_none() && !text.contains(['#', '@']);
    if !bare || authority.host().is_empty() || !port_is_sound(&uri) {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    Some(match authority.port_u16().filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// An address that a link may lead to: http, https or an app's own scheme. Not what a browser would run
/// or read from the visitor's machine, and nothing that would not stay in one piece in a mail.
pub(super) fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let named =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters);
    let scheme = scheme.to_ascii_lowercase();
    let harmful = ["javascript", "vbscript", "data", "file", "blob", "about", "filesystem"];
    let whole = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`' | '\'');
    if !named || harmful.contains(&scheme.as_str()) || rest.is_empty() || !rest.chars().all(whole) {
        return None;
    }
    if matches!(scheme.as_str(), "http" | "https") {
        let bare = rest.split('#').next().unwrap_or_default();
        // A template's braces are no part of an address (RFC 3986).
        let uri: Uri = format!("{scheme}://{}", bare.replace(['{', '}'], "")).parse().ok()?;
        let authority = uri.authority()?;
        if authority.host().is_empty() || authority.as_str().contains('@') || !port_is_sound(&uri) {
            return None;
        }
    }
    Some(format!("{scheme}://{rest}"))
}

/// An address in which the token has its place, once, and not where the host stands.
pub(super) fn link_template(text: &str) -> Option<String> {
    let address = address(text)?;
    let (before, after) = address.split_once(super::TOKEN)?;
    let (scheme, path) = before.split_once("://")?;
    let web = matches!(scheme, "http" | "https");
    let placed = !web || path.contains(['/', '?', '#']);
    (placed && !after.contains(super::TOKEN)).then_some(address)
}

pub(super) fn smtp_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let query = match uri.scheme_str()? {
        "smtp" => &["tls=required", "tls=opportunistic", "tls=none"][..],
        "smtps" => &[],
        _ => return None,
    };
    let host_is_there = !uri.host()?.is_empty() && port_is_sound(&uri);
    let query_is_known = uri.query().is_none_or(|given| query.contains(&given));
    (host_is_there && query_is_known).then(|| text.to_owned())
}

/// `Uri` accepts `host:` and `host:99999`; both say a port and name none.
fn port_is_sound(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else {
        return false;
    };
    let place = authority.as_str().rsplit('@').next().unwrap_or_default();
    place.len() == authority.host().len() || authority.port_u16().is_some_and(|port| port != 0)
}
