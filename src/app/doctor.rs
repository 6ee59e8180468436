//! Looks at everything that the settings point at, without changing any of it: for `rolecall doctor`.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use migration::{Migrator, MigratorTrait};
use sea_orm::{DatabaseConnection, DbBackend, DbErr};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::associations::Associations;
use super::start::{StartError, connect, load_catalogue};
use crate::auth::key_files::{self, Filed};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Mode, redacted};
use crate::dns::{Answer, Dns};
use crate::mail::transport::Transport;
use crate::store;
use crate::store::mail::Backlog;
use crate::store::server::{self, About};

/// How far our clock and the database's may be apart before that is worth a word.
const SKEW: TimeDelta = TimeDelta::seconds(5);
/// How long a mail waits before that is: most mail servers that defer mails take them within this time.
const LONG_WAIT: TimeDelta = TimeDelta::minutes(30);
/// How long a connection to a collector may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Well,
    /// The server works, but something is worth a look.
    Doubtful,
    /// The server does not work, or not with this.
    Bad,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub subject: &'static str,
    /// How well it is.
    pub verdict: Verdict,
    /// What was found, without secrets.
    pub found: String,
    /// What to do about it, where it is not well.
    pub mend: Option<String>,
}

impl Finding {
    fn well(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Well, found: found.into(), mend: None }
    }

    fn doubtful(subject: &'static str, found: impl Into<String>, mend: &str) -> Self {
        let (found, mend) = (found.into(), Some(mend.to_owned()));
        Self { subject, verdict: Verdict::Doubtful, found, mend }
    }

    fn bad(subject: &'static str, found: impl Into<String>, mend: &str) -> Self {
        Self { verdict: Verdict::Bad, ..Self::doubtful(subject, found, mend) }
    }

    /// What keeps the server from starting.
    fn fatal(subject: &'static str, error: StartError, mend: &str) -> Self {
        let found = match error {
            StartError::Config(error) => error.to_string(),
            StartError::Other(sentence) => sentence,
        };
        Self::bad(subject, found, mend)
    }
}

/// Everything, in the order in which the server needs it.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings =
        vec![mode(config), catalogue(config), signing_keys(config, SystemClock.now())];
    if let Err(error) = Associations::load(config) {
        findings.push(Finding::fatal(
            "app files",
            error.into(),
            "mend the file, or unset the setting",
        ));
    }
    findings.extend(database(config).await);
    findings.push(mail(config).await);
    findings.push(dns(config).await);
    findings.extend(traces(config).await);
    findings
}

fn mode(config: &Config) -> Finding {
    let open = !config.listen.ip().is_loopback();
    match config.mode {
        Mode::Production if config.trusted_proxies.is_empty() => Finding::doubtful(
            "mode",
            "production, behind no proxy that is known",
            "if a proxy stands in front, name it in TRUSTED_PROXIES: until then all requests seem to come \
             from it, and share one network's limits",
        ),
        Mode::Production => Finding::well("mode", "production"),
        Mode::Development if open && config.smtp_url.is_none() => Finding::bad(
            "mode",
            format!("development, open to the network at {}", config.listen),
            "whoever reaches /mailbox reads all mails: set MODE=production, or LISTEN on 127.0.0.1",
        ),
        Mode::Development => Finding::well("mode", "development"),
    }
}

fn catalogue(config: &Config) -> Finding {
    match load_catalogue(&config.catalog) {
        Ok(catalogue) => {
            let (key, roles) = (&catalogue.key, catalogue.roles.len());
            Finding::well("catalogue", format!("{key}, {roles} roles"))
        }
        Err(error) => Finding::fatal("catalogue", error, "mend the file that CATALOG names"),
    }
}

fn signing_keys(config: &Config, now: DateTime<Utc>) -> Finding {
    let keys = match key_files::filed(config) {
        Ok(keys) => keys,
        Err(error) => {
            let mend = "make one with rolecall keys next, and name it in SIGNING_KEYS";
            return Finding::fatal("keys", error.into(), mend);
        }
    };
    let signs = |key: &&Filed| key.0.signs_from.is_none_or(|from| from <= now);
    let Some((signing, _)) = keys.iter().find(signs).or(keys.last()) else {
        return Finding::well("keys", "one is made at the first start");
    };
    let found = format!("{} signs, of {}", signing.kid, keys.len());
    match keys.iter().find(|(_, path)| is_open(path)) {
        Some((_, path)) => Finding::doubtful(
            "keys",
            format!("{found}; others on this machine may read {}", path.display()),
            "chmod 600: whoever has the key can be anybody",
        ),
        None => Finding::well("keys", found),
    }
}

/// Whether others than its owner may read a file.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Whether others than its owner may read a file: nobody knows.
#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

async fn database(config: &Config) -> Vec<Finding> {
    let shown = redacted(&config.database_url);
    if let Some(path) = config.sqlite_file()
        && !path.exists()
    {
        return vec![Finding::well("database", format!("{shown} is made at the first start"))];
    }
    let db = match connect(config).await {
        Ok(db) => db,
        Err(error) => {
            let mend = "is the database server up, does the database exist, may this user in?";
            return vec![Finding::fatal("database", error, mend)];
        }
    };
    let found = match look_at(config, &db, &shown).await {
        Ok(found) => found,
        Err(error) => {
            let mend = "what the database says tells more than could be said here";
            vec![Finding::bad("database", format!("{shown}: {error}"), mend)]
        }
    };
    // What was found stands, whether or not the farewell is heard.
    let _ = db.close().await;
    found
}

async fn look_at(
    config: &Config,
    db: &DatabaseConnection,
    shown: &str,
) -> Result<Vec<Finding>, DbErr> {
    let now = SystemClock.now();
    let about = server::about(db).await?;
    let pending = Migrator::get_pending_migrations(db).await?;
    let mut findings = vec![Finding::well("database", format!("{} at {shown}", about.version))];
    if db.get_database_backend() == DbBackend::Postgres {
        findings.extend(about_postgres(config, &about, now));
        // The migration makes it, if it can.
        if pending.is_empty() && !about.trigrams {
            findings.push(Finding::doubtful(
                "database",
                "the extension pg_trgm is not there",
                "searches read all rows without it: install PostgreSQL's contrib package, then CREATE \
                 EXTENSION pg_trgm and make the indexes that the log of the migration names",
            ));
        }
    } else if config.mode == Mode::Production {
        findings.push(Finding::doubtful(
            "database",
            "SQLite, which one process can use",
            "for more than one server, or a database that outlives this machine, use PostgreSQL",
        ));
    }
    if !pending.is_empty() {
        let found = format!("{} steps behind this program", pending.len());
        let mend =
            "they are taken at the next start, or by rolecall migrate; back the database up first";
        findings.push(Finding::doubtful("tables", found, mend));
        return Ok(findings);
    }
    findings.push(Finding::well("tables", "up to date"));
    findings.push(outbox(store::mail::backlog(db, now).await?));
    Ok(findings)
}

fn about_postgres(config: &Config, about: &About, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(most) = about.connections
        && i64::from(config.database_connections) * 2 > most
    {
        findings.push(Finding::doubtful(
            "database",
            format!("takes {most} connections; each server opens {}", config.database_connections),
            "two servers would not find room: lower DATABASE_CONNECTIONS, or raise max_connections",
        ));
    }
    let skew = (about.now - now).abs();
    if skew > SKEW {
        findings.push(Finding::doubtful(
            "clock",
            format!("{} s apart from the database's", skew.num_seconds()),
            "keep both with NTP: links and tokens expire by this machine's clock",
        ));
    }
    findings
}

fn outbox(Backlog { mails, oldest }: Backlog) -> Finding {
    if mails == 0 {
        return Finding::well("outbox", "nothing waits");
    }
    let found = format!("{mails} mails wait, the oldest for {} minutes", oldest.num_minutes());
    if oldest < LONG_WAIT {
        return Finding::well("outbox", found);
    }
    let mend = "does a server run, and does the mail server take mails? invitation { delivery { lastError } } \
                and the log have its answers";
    Finding::doubtful("outbox", found, mend)
}

async fn mail(config: &Config) -> Finding {
    let Some(url) = &config.smtp_url else {
        return Finding::well("mail", "stays in the development mailbox");
    };
    let shown = redacted(url);
    let transport = match Transport::from_config(config) {
        Ok(transport) => transport,
        Err(reason) => return Finding::bad("mail", reason, "mend SMTP_URL or SMTP_CA"),
    };
    match transport.greet().await {
        Ok(()) => Finding::well("mail", format!("{shown} takes us in; nothing was sent")),
        Err(reason) => Finding::bad(
            "mail",
            format!("{shown}: {reason}"),
            "until this is mended mails wait, for a day",
        ),
    }
}

/// Asks for a name that is always there (RFC 2606 §3); that it is not would be an answer as well.
async fn dns(config: &Config) -> Finding {
    match Dns::from_config(config).texts("example.com").await {
        Answer::Nothing | Answer::Texts(_) => Finding::well("name server", "answers"),
        Answer::Failed(reason) => Finding::doubtful(
            "name server",
            reason,
            "domains cannot be verified: set DNS_RESOLVER, or mend the system's",
        ),
    }
}

async fn traces(config: &Config) -> Option<Finding> {
    let endpoint = config.otlp_endpoint.as_deref()?;
    let authority = endpoint.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let port =
        if authority.rsplit(']').next().unwrap_or_default().contains(':') { "" } else { ":80" };
    let connecting = TcpStream::connect(format!("{authority}{port}"));
    Some(match timeout(PATIENCE, connecting).await {
        Ok(Ok(_)) => Finding::well("traces", format!("{endpoint} is there")),
        failed => {
            let reason = match failed {
                Ok(Err(error)) => error.to_string(),
                _ => "no answer".to_owned(),
            };
            let mend = "start the collector, or unset OTEL_EXPORTER_OTLP_ENDPOINT";
            Finding::doubtful("traces", format!("{endpoint}: {reason}"), mend)
        }
    })
}
