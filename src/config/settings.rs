//! The table of settings: what `README.md` shows, and where defaults come from.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable; the key in the TOML file is the same in lower case.
    pub name: &'static str,
    /// What it is when it is not set; empty: see the meaning.
    pub default: &'static str,
    /// What it does, and its unit.
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default, meaning }
}

/// Every setting, in the order in which they are documented.
pub const SETTINGS: &[Setting] = &[
    setting(
        "LISTEN",
        "127.0.0.1:8080",
        "address to serve on (port 0: any free one; the log line `listening on http://…` tells)",
    ),
    setting(
        "DATABASE_URL",
        "sqlite://data/rolecall.db",
        "`sqlite://…` or `postgres://…`; migrations run at start; unset: `rolecall.db` in `DATA_DIR`",
    ),
    setting(
        "PUBLIC_URL",
        "http://127.0.0.1:8080",
        "what links in mails begin with, and the issuer of tokens; unset in development: the address that is served on",
    ),
    setting(
        "APPLICATION_URL",
        "",
        "where “Open the application” leads in mails and on the welcome page: `https://…`, or an app's own scheme; unset: in mails to `PUBLIC_URL`",
    ),
    setting(
        "INVITATION_URL",
        "",
        "the application's own page of an invitation, for the links in mails, such as `https://app.example.com/join/{token}` or `myapp://join/{token}`; unset: the server's page",
    ),
    setting(
        "APPLE_APP_SITE_ASSOCIATION",
        "",
        "JSON file to be served as `/.well-known/apple-app-site-association`, for universal links",
    ),
    setting(
        "ANDROID_ASSET_LINKS",
        "",
        "JSON file to be served as `/.well-known/assetlinks.json`, for Android app links",
    ),
    setting(
        "SMTP_URL",
        "",
        "`smtp://…`, `smtps://…` or `smtp://…?tls=required` (`opportunistic`, `none`); unset: mails stay in the development mailbox",
    ),
    setting(
        "SMTP_CA",
        "",
        "PEM file of further authorities whose certificates the mail server may have; unset: the public ones only",
    ),
    setting("MAIL_FROM", "Rolecall <no-reply@localhost>", "sender of mails"),
    setting(
        "CATALOG",
        "organization",
        "roles: `organization`, `team`, or the path of a catalogue file",
    ),
    setting(
        "SIGNING_KEYS",
        "",
        "PEM files of the token keys (PKCS#8, Ed25519), newest first, separated by commas; unset: made and kept in `DATA_DIR`",
    ),
    setting("DATA_DIR", "data", "directory of what the server keeps for itself"),
    setting(
        "MODE",
        "development",
        "`production` refuses to start with development defaults (no `SMTP_URL`, made-up keys, http `PUBLIC_URL`)",
    ),
    setting(
        "SIGN_UP_REQUIRES_WORK_EMAIL",
        "false",
        "`true`: sign-up refuses personal and disposable addresses",
    ),
    setting("ACCESS_TOKEN_MINUTES", "10", "how long an access token is good, 5 to 15 minutes"),
    setting("SESSION_DAYS", "30", "how long a session lives without being used, in days"),
    setting(
        "BUILT_IN_ROLES_PER_USER",
        "50",
        "built-in role assignments of one user in one organization",
    ),
    setting("CUSTOM_ROLES_PER_ORGANIZATION", "100", "custom roles of one organization"),
    setting(
        "MAILS_PER_ORGANIZATION_PER_HOUR",
        "1000",
        "mails that leave in the name of one organization; what is over waits",
    ),
    setting(
        "MAILS_PER_RECIPIENT_PER_DAY",
        "20",
        "mails about invitations to one address, from all organizations together",
    ),
    setting(
        "UNVERIFIED_INVITATIONS_PER_DAY",
        "100",
        "people whom somebody invites within a day before their own address is verified",
    ),
    setting("PENDING_INVITATIONS", "500", "pending invitations of one organization"),
    setting(
        "TEAM_ACCESS",
        "everyone",
        "which organizations may invite people: `everyone`, or only those that are `entitled` (`rolecall entitlements`)",
    ),
    setting(
        "ACCOUNTS_PER_ORGANIZATION",
        "10",
        "accounts of one organization, subaccounts not counted",
    ),
    setting("SUBACCOUNTS_PER_ACCOUNT", "1000", "subaccounts of one account"),
    setting("DATABASE_CONNECTIONS", "10", "connections to PostgreSQL at a time"),
    setting("REQUEST_BODY_BYTES", "1048576", "largest request body, 1 KiB to 16 MiB, in bytes"),
    setting("REQUEST_TIMEOUT_SECONDS", "30", "how long a request may take, in seconds"),
    setting("QUERY_TOKENS", "2000", "lexical tokens of a GraphQL document, 100 to 100000"),
    setting("QUERY_DEPTH", "15", "fields within fields of a document, 1 to 30"),
    setting("QUERY_ROOT_FIELDS", "20", "fields at the root of an operation"),
    setting("QUERY_ALIASES", "30", "fields with an alias in a document"),
    setting("QUERY_DIRECTIVES", "50", "directives in a document"),
    setting(
        "QUERY_COST",
        "300000",
        "cost of an operation: the fields that its answer may have, with every page full, and 100 for each list",
    ),
    setting(
        "COST_PER_USER_PER_MINUTE",
        "3000000",
        "cost of all operations of one user; it comes back evenly; `0`: no limit",
    ),
    setting(
        "COST_PER_NETWORK_PER_MINUTE",
        "30000000",
        "cost of all operations from one address (IPv6: from one /64 network); `0`: no limit",
    ),
    setting("INTROSPECTION", "", "`true`: the schema can be asked for; unset: in development only"),
    setting("INTROSPECTION_DEPTH", "15", "fields within fields of such a question, 1 to 30"),
    setting("GRAPHIQL", "", "`true`: serve `/graphiql`; unset: in development only"),
    setting(
        "TRUSTED_DOCUMENTS",
        "",
        "file or directory of the only documents that are executed: manifests of Apollo or Relay (JSON), or `.graphql` files; unset: any document is",
    ),
    setting(
        "DOCUMENT_CACHE_BYTES",
        "8388608",
        "memory for parsed documents, and for those that clients persist, 0 to 1 GiB",
    ),
    setting(
        "LIVE_CONNECTIONS",
        "2000",
        "WebSockets and event streams at a time; one person may have a tenth of them",
    ),
    setting("LIVE_OPERATIONS", "20", "operations at a time on one WebSocket"),
    setting(
        "LIVE_PING_SECONDS",
        "25",
        "how often a WebSocket or event stream is pinged, and its session looked at, 1 to 300 seconds",
    ),
    setting(
        "CORS_ORIGINS",
        "",
        "origins whose pages may call the API, separated by commas; unset: none",
    ),
    setting(
        "TRUSTED_PROXIES",
        "",
        "addresses and networks of proxies whose `X-Forwarded-For` is believed, separated by commas; unset: none",
    ),
    setting(
        "DNS_RESOLVER",
        "",
        "name server that is asked whose an e-mail domain is, such as `10.0.0.53` or `10.0.0.53:53`; unset: those of the system",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "OpenTelemetry collector that traces go to (OTLP over HTTP), such as `http://127.0.0.1:4318`; unset: no traces",
    ),
    setting("LOG", "info", "what is logged: a level, or `target=level` pairs"),
    setting("LOG_FORMAT", "", "`text` or `json`; unset: text in development, json in production"),
];

/// The default of the setting of this name, if it has one.
pub(super) fn default_of(name: &str) -> Option<&'static str> {
    SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .map(|setting| setting.default)
        .filter(|text| !text.is_empty())
}
