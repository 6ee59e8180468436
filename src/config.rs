//! Every setting: its name, its default, its check.
//!
//! Settings come from the environment or from a TOML file (`--config`), the environment winning. The
//! table of them is [`SETTINGS`]; defaults stand there and nowhere else. Nothing outside this module
//! and `cli` reads the environment.

mod api;
mod error;
mod read;
mod settings;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use lettre::message::Mailbox;

pub use api::Api;
pub use error::{ConfigError, redacted};
pub use read::network;
pub use settings::{SETTINGS, Setting};

use read::Source;

/// What stands for the token in `INVITATION_URL`.
const TOKEN: &str = "{token}";

/// What the operator decided. [`Config::load`] is the way to one; the fields are public so that a
/// test can change a single one (`Config { mode, ..Config::default() }`).
#[derive(Clone)]
pub struct Config {
    /// `LISTEN`: the address to serve on; port 0 means any free one.
    pub listen: SocketAddr,
    /// `DATABASE_URL`: `sqlite:…`, `postgres://…` or `postgresql://…`. May hold a password: show it
    /// through [`redacted`] only.
    pub database_url: String,
    /// `PUBLIC_URL`: what links in mails begin with, and the `iss` of access tokens: scheme, host
    /// and port, without a slash at the end.
    pub public_url: String,
    /// Whether the operator chose `public_url`, see [`Config::public_url_follows`].
    pub public_url_is_set: bool,
    /// `APPLICATION_URL`: where “Open the application” leads; none: see [`Config::application_url`].
    pub application_url: Option<String>,
    /// `INVITATION_URL`: the application's own page of an invitation, `{token}` standing for the
    /// link's token; none: ours.
    pub invitation_url: Option<String>,
    /// `APPLE_APP_SITE_ASSOCIATION`: the file that lets an app on Apple's systems open our links.
    pub apple_app_site_association: Option<PathBuf>,
    /// `ANDROID_ASSET_LINKS`: the file that lets an app on Android open our links.
    pub android_asset_links: Option<PathBuf>,
    /// `SMTP_URL`: `smtp://…` or `smtps://…`; none: mails stay in the development mailbox. May hold a
    /// password: show it through [`redacted`] only.
    pub smtp_url: Option<String>,
    /// `SMTP_CA`: a PEM file of authorities that the mail server's certificate may come from, beside
    /// the public ones.
    pub smtp_ca: Option<PathBuf>,
    /// `MAIL_FROM`: the sender of every mail.
    pub mail_from: Mailbox,
    /// `CATALOG`: where the roles come from.
    pub catalog: CatalogueSource,
    /// `SIGNING_KEYS`: PEM files of the token keys, newest first; none: made and kept in `data_dir`.
    pub signing_keys: Option<Vec<PathBuf>>,
    /// `DATA_DIR`: where the server keeps what it makes for itself.
    pub data_dir: PathBuf,
    /// `MODE`.
    pub mode: Mode,
    /// `SIGN_UP_REQUIRES_WORK_EMAIL`: whether personal addresses are refused at sign-up (R60).
    pub sign_up_requires_work_email: bool,
    /// `ACCESS_TOKEN_MINUTES`: how long an access token is good (R61).
    pub access_token_minutes: u32,
    /// `SESSION_DAYS`: how long a session lives without being used.
    pub session_days: u32,
    /// `BUILT_IN_ROLES_PER_USER`: built-in role assignments of one user in one organization (R12).
    pub built_in_roles_per_user: u32,
    /// `CUSTOM_ROLES_PER_ORGANIZATION`: custom roles of one organization.
    pub custom_roles_per_organization: u32,
    /// `MAILS_PER_ORGANIZATION_PER_HOUR`: mails that leave in the name of one organization (R53).
    pub mails_per_organization_per_hour: u32,
    /// `MAILS_PER_RECIPIENT_PER_DAY`: mails about invitations to one address (R46).
    pub mails_per_recipient_per_day: u32,
    /// `UNVERIFIED_INVITATIONS_PER_DAY`: people whom somebody invites before their own address is verified.
    pub unverified_invitations_per_day: u32,
    /// `PENDING_INVITATIONS`: pending invitations of one organization (R52).
    pub pending_invitations: u64,
    /// `TEAM_ACCESS`: who may invite people without being entitled to it (R55).
    pub team_access: TeamAccess,
    /// `ACCOUNTS_PER_ORGANIZATION`: top-level accounts of one organization.
    pub accounts_per_organization: u32,
    /// `SUBACCOUNTS_PER_ACCOUNT`: subaccounts of one account.
    pub subaccounts_per_account: u32,
    /// `DATABASE_CONNECTIONS`: how many at a time, where the database is a server.
    pub database_connections: u32,
    /// `REQUEST_BODY_BYTES`: the largest request body.
    pub request_body_bytes: usize,
    /// `REQUEST_TIMEOUT_SECONDS`: how long a request may take.
    pub request_timeout_seconds: u64,
    /// What the GraphQL endpoint takes.
    pub api: Api,
    /// `LIVE_CONNECTIONS`: WebSockets and event streams at a time.
    pub live_connections: u32,
    /// `LIVE_OPERATIONS`: operations at a time on one WebSocket.
    pub live_operations: usize,
    /// `LIVE_PING_SECONDS`: how often a WebSocket or event stream is pinged, and its session looked at.
    pub live_ping_seconds: u64,
    /// `CORS_ORIGINS`: origins whose pages may call the API, as browsers spell them.
    pub cors_origins: Vec<String>,
    /// `TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is believed (R54).
    pub trusted_proxies: Vec<IpNet>,
    /// `DNS_RESOLVER`: the name server that is asked about domains; none: the system's (R41).
    pub dns_resolver: Option<SocketAddr>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: where traces are collected, without a slash at the end.
    pub otlp_endpoint: Option<String>,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `LOG`: what is logged, in the syntax of tracing's `EnvFilter`.
    pub log: String,
}

/// Where the roles come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueSource {
    /// The built-in catalogue `organization`.
    Organization,
    /// The built-in catalogue `team`.
    Team,
    /// A catalogue file (TOML).
    File(PathBuf),
}

/// What the server is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything works at once on one machine: mailbox page, keys made up.
    Development,
    /// Nothing is made up.
    Production,
}

/// Which organizations may invite people when the operator has said nothing about them (R55).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamAccess {
    /// All of them.
    Everyone,
    /// None.
    Entitled,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Config {
    /// The settings from `env` (the value of an environment variable) and from the contents of a TOML
    /// file, whose keys are the same names in lower case. The environment wins; an empty value counts
    /// as none.
    ///
    /// # Errors
    /// The first setting that is not accepted; or, in production, all development defaults at once.
    pub fn load(
        env: impl Fn(&str) -> Option<String>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let source = Source::new(env, file)?;
        let mode = source.required("MODE", read::MODE, read::mode)?;
        let data_dir = source.required("DATA_DIR", read::DIRECTORY, read::path)?;
        let config = Self {
            listen: source.required("LISTEN", read::LISTEN, read::listen)?,
            database_url: if source.is_set("DATABASE_URL") {
                source.required("DATABASE_URL", read::DATABASE_URL, read::database_url)?
            } else {
                format!("sqlite://{}/rolecall.db", data_dir.display())
            },
            public_url: source.required("PUBLIC_URL", read::ORIGIN, read::origin)?,
            public_url_is_set: source.is_set("PUBLIC_URL"),
            application_url: source.optional("APPLICATION_URL", read::ADDRESS, read::address)?,
            invitation_url: source.optional(
                "INVITATION_URL",
                read::LINK_TEMPLATE,
                read::link_template,
            )?,
            apple_app_site_association: source.optional(
                "APPLE_APP_SITE_ASSOCIATION",
                read::JSON_FILE,
                read::path,
            )?,
            android_asset_links: source.optional(
                "ANDROID_ASSET_LINKS",
                read::JSON_FILE,
                read::path,
            )?,
            smtp_url: source.optional("SMTP_URL", read::SMTP_URL, read::smtp_url)?,
            smtp_ca: source.optional("SMTP_CA", read::PEM_FILE, read::path)?,
            mail_from: source.required("MAIL_FROM", read::MAILBOX, read::mailbox)?,
            catalog: source
                .required("CATALOG", read::CATALOGUE, |text| Some(read::catalogue(text)))?,
            signing_keys: source.optional(
                "SIGNING_KEYS",
                read::PEM_FILES,
                read::list(read::path),
            )?,
            data_dir,
            mode,
            sign_up_requires_work_email: source.required(
                "SIGN_UP_REQUIRES_WORK_EMAIL",
                read::YES_NO,
                read::yes_no,
            )?,
            access_token_minutes: source.number("ACCESS_TOKEN_MINUTES", 5..=15)?,
            session_days: source.number("SESSION_DAYS", 1..=366)?,
            built_in_roles_per_user: source.number("BUILT_IN_ROLES_PER_USER", 1..=10_000)?,
            custom_roles_per_organization: source
                .number("CUSTOM_ROLES_PER_ORGANIZATION", 0..=10_000)?,
            mails_per_organization_per_hour: source
                .number("MAILS_PER_ORGANIZATION_PER_HOUR", 1..=1_000_000)?,
            mails_per_recipient_per_day: source
                .number("MAILS_PER_RECIPIENT_PER_DAY", 1..=1_000_000)?,
            unverified_invitations_per_day: source
                .number("UNVERIFIED_INVITATIONS_PER_DAY", 0..=1_000_000)?,
            pending_invitations: source.number("PENDING_INVITATIONS", 1..=1_000_000)?,
            team_access: source.required("TEAM_ACCESS", read::TEAM_ACCESS, read::team_access)?,
            accounts_per_organization: source.number("ACCOUNTS_PER_ORGANIZATION", 1..=100_000)?,
            subaccounts_per_account: source.number("SUBACCOUNTS_PER_ACCOUNT", 0..=1_000_000)?,
            database_connections: source.number("DATABASE_CONNECTIONS", 1..=1_000)?,
            request_body_bytes: source.number("REQUEST_BODY_BYTES", 1_024..=16 * 1_024 * 1_024)?,
            request_timeout_seconds: source.number("REQUEST_TIMEOUT_SECONDS", 1..=600)?,
            api: Api::read(&source, mode)?,
            live_connections: source.number("LIVE_CONNECTIONS", 0..=1_000_000)?,
            live_operations: source.number("LIVE_OPERATIONS", 1..=1_000)?,
            live_ping_seconds: source.number("LIVE_PING_SECONDS", 1..=300)?,
            cors_origins: source
                .optional("CORS_ORIGINS", read::ORIGINS, read::list(read::origin))?
                .unwrap_or_default(),
            trusted_proxies: source
                .optional("TRUSTED_PROXIES", read::NETWORKS, read::list(read::network))?
                .unwrap_or_default(),
            dns_resolver: source.optional("DNS_RESOLVER", read::RESOLVER, read::resolver)?,
            otlp_endpoint: source.optional(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                read::COLLECTOR,
                read::collector,
            )?,
            log_format: source
                .optional("LOG_FORMAT", read::LOG_FORMAT, read::log_format)?
                .unwrap_or(match mode {
                    Mode::Development => LogFormat::Text,
                    Mode::Production => LogFormat::Json,
                }),
            log: source.required("LOG", read::LOG_FILTER, read::log_filter)?,
        };
        config.fit_for_its_mode()?;
        Ok(config)
    }

    /// In development, links in mails lead to the address that was bound, unless the operator chose
    /// `PUBLIC_URL`: with port 0 nobody else can know the address.
    pub fn public_url_follows(&mut self, bound: SocketAddr) {
        if self.public_url_is_set || self.mode == Mode::Production {
            return;
        }
        self.public_url = format!("http://{}", reachable(bound));
    }

    /// The file of the database, where it is `SQLite`'s.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.database_url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Some(path.split('?').next().unwrap_or_default().into())
    }

    /// Where “Open the application” leads in mails: `APPLICATION_URL`, or `PUBLIC_URL` where it is not
    /// set.
    #[must_use]
    pub fn application_url(&self) -> &str {
        self.application_url.as_deref().unwrap_or(&self.public_url)
    }

    /// The link of an invitation: to the application's own page, or to ours.
    #[must_use]
    pub fn invitation_link(&self, token: &str) -> String {
        match &self.invitation_url {
            Some(template) => template.replace(TOKEN, token),
            None => format!("{}/invitations/{token}", self.public_url),
        }
    }

    /// Whether this peer is a proxy whose `X-Forwarded-For` is believed (R54).
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        // A socket that serves both families shows IPv4 peers as ::ffff:a.b.c.d.
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&peer))
    }

    /// Production refuses what only development may leave open, all of it in one answer.
    fn fit_for_its_mode(&self) -> Result<(), ConfigError> {
        if self.mode == Mode::Development {
            return Ok(());
        }
        let mut missing = Vec::new();
        if self.smtp_url.is_none() {
            missing.push("SMTP_URL set (it is not: no mail would leave)".to_owned());
        }
        if self.signing_keys.is_none() {
            missing.push("SIGNING_KEYS set (they are not: keys would be made up)".to_owned());
        }
        if !self.public_url.starts_with("https://") {
            missing.push(format!("an https PUBLIC_URL (it is {:?})", self.public_url));
        }
        // An app's own scheme never leaves the device; http does, with the token in it.
        let open = |url: &&String| url.starts_with("http://");
        if let Some(url) = self.invitation_url.as_ref().filter(open) {
            missing.push(format!("an https INVITATION_URL, or an app's scheme (it is {url:?})"));
        }
        if let Some(url) = self.application_url.as_ref().filter(open) {
            missing.push(format!("an https APPLICATION_URL, or an app's scheme (it is {url:?})"));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(ConfigError::new(
            "MODE",
            "production",
            format!("production only with {}", missing.join(" and ")),
        ))
    }
}

/// The address under which this machine reaches a socket bound to `bound`: where that is every
/// address (0.0.0.0, [::]), the local one.
#[must_use]
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

impl Default for Config {
    /// What [`Config::load`] gives when nothing is set.
    #[expect(clippy::expect_used, reason = "the defaults are constants, and a test loads them")]
    fn default() -> Self {
        Self::load(|_| None, None).expect("the defaults are accepted")
    }
}

/// Without passwords, so that a configuration can be logged.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("database_url", &redacted(&self.database_url))
            .field("public_url", &self.public_url)
            .field("smtp_url", &self.smtp_url.as_deref().map(redacted))
            .field("catalog", &self.catalog)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// A directory that only the server's own user can look into: what is in the database is nobody
/// else's business.
pub fn private_directory(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests;
