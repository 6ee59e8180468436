//! From settings to a working [`App`].

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend};
use tokio::sync::Notify;

use super::App;
use super::associations::Associations;
use super::live::Live;
use super::trusted_documents::TrustedDocuments;
use crate::access::Roles;
use crate::access::catalogue::{Catalogue, ORGANIZATION, TEAM};
use crate::auth::keys::{Keyring, Keys};
use crate::auth::password::{DEFAULT_PARALLEL, Passwords};
use crate::auth::throttle::Throttle;
use crate::clock::{Clock, Random};
use crate::config::{CatalogueSource, Config, ConfigError, redacted};
use crate::dns::Dns;
use crate::mail::transport::{self, Transport};
use crate::metrics::Metrics;
use crate::store;
use crate::store::sql::Sql;

/// Held while migrations run, so that servers that start at once do so one after the other.
const MIGRATION_LOCK: i64 = 0x0726_0C41;

/// What PostgreSQL's planner has to know of our statements. Each is planned for its values: an
/// organization of a hundred thousand and one of three take different roads. And reading a page of an index
/// costs hardly more than reading the next page of a table, as it does wherever a database is in memory or
/// on a disk without moving parts.
const PLANNING: [(&str, &str); 2] =
    [("plan_cache_mode", "force_custom_plan"), ("random_page_cost", "1.1")];

/// Why the server cannot start.
#[derive(Debug)]
pub enum StartError {
    /// A setting is wrong.
    Config(ConfigError),
    /// Something that the settings point at does not work; a sentence for the operator.
    Other(String),
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl App {
    /// Connects, migrates, loads keys and catalogue.
    ///
    /// # Errors
    /// A wrong setting, or a sentence on what does not work.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Self, StartError> {
        let catalogue = load_catalogue(&config.catalog)?;
        transport::authorities(&config).map_err(|accepts| {
            let path = config.smtp_ca.as_deref().unwrap_or_else(|| "".as_ref());
            ConfigError::new("SMTP_CA", &path.display().to_string(), accepts)
        })?;
        Transport::from_config(&config).map_err(|reason| {
            let url = config.smtp_url.as_deref().unwrap_or_default();
            ConfigError::new("SMTP_URL", url, &reason)
        })?;
        // A mistake in a file is told before the database is touched.
        Associations::load(&config)?;
        let keys = Keyring::of(&config, &random)?;
        let db = connect(&config).await?;
        migrate(&db).await?;
        Self::assemble(config, db, catalogue, keys, clock, random).await
    }

    /// Puts an app together on a database that has been migrated.
    ///
    /// # Errors
    /// When the database does not take the catalogue's roles.
    pub async fn assemble(
        config: Config,
        mut db: DatabaseConnection,
        catalogue: Catalogue,
        keys: Keyring,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Self, StartError> {
        let failed =
            |error| StartError::Other(format!("cannot bring the roles up to date: {error}"));
        let tx = store::begin(&db).await.map_err(failed)?;
        let ids = store::role::sync(&tx, &catalogue, &random, clock.now()).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        let metrics = Metrics::default();
        let counting = metrics.clone();
        db.set_metric_callback(move |statement| counting.statement(statement));
        Ok(Self {
            roles: Roles::new(catalogue, &ids),
            passwords: Passwords::new(random.clone(), DEFAULT_PARALLEL),
            throttle: Throttle::new(Arc::clone(&clock)),
            associations: Associations::load(&config)?,
            trusted_documents: TrustedDocuments::load(&config)?,
            dns: Dns::from_config(&config),
            metrics,
            key_uses: Mutex::default(),
            mail_queued: Notify::new(),
            live: Live::default(),
            config,
            db,
            clock,
            random,
            keys: Keys::new(keys),
        })
    }
}

/// The catalogue that the settings name.
pub(super) fn load_catalogue(source: &CatalogueSource) -> Result<Catalogue, StartError> {
    let wrong =
        |got: &str, accepts: String| StartError::Config(ConfigError::new("CATALOG", got, &accepts));
    let (file, text) = match source {
        CatalogueSource::Organization => ("organization".to_owned(), ORGANIZATION.to_owned()),
        CatalogueSource::Team => ("team".to_owned(), TEAM.to_owned()),
        CatalogueSource::File(path) => {
            let file = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| wrong(&file, format!("a file that can be read ({error})")))?;
            (file, text)
        }
    };
    Catalogue::parse(&file, &text)
        .map_err(|error| wrong(&file, format!("a catalogue without faults, but {error}")))
}

/// Opens the connection pool; on SQLite, makes the file where there is none.
///
/// # Errors
/// A sentence that names the database, without its password.
pub async fn connect(config: &Config) -> Result<DatabaseConnection, StartError> {
    let url = &config.database_url;
    let shown = redacted(url);
    let mut options = ConnectOptions::new(url.clone());
    options
        .sqlx_logging(false)
        .acquire_timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(5))
        // Asking a connection whether it lives, before each use, would be a round trip for every
        // statement. One that nobody needed for a second is asked, so that a database that was
        // restarted does not fail a request for each connection to its former self.
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(1));
    if let Some(file) = config.sqlite_file() {
        make_directory(&file)?;
        make_private(&file);
        // Many readers, one writer at a time (WAL); who waits for the writer waits for seconds
        // before giving up.
        options.max_connections(4).min_connections(1).map_sqlx_sqlite_opts(
            |options: SqliteConnectOptions| {
                options
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .busy_timeout(Duration::from_secs(10))
            },
        );
    } else {
        options
            .max_connections(config.database_connections)
            .min_connections(1)
            .set_application_name("rolecall")
            .map_sqlx_postgres_opts(|options: PgConnectOptions| options.options(PLANNING))
            .statement_timeout(Duration::from_secs(config.request_timeout_seconds.max(5)));
    }
    Database::connect(options)
        .await
        .map_err(|error| StartError::Other(format!("cannot open the database {shown}: {error}")))
}

fn make_directory(file: &Path) -> Result<(), StartError> {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => {
            crate::config::private_directory(directory).map_err(|error| {
                StartError::Other(format!(
                    "cannot make the directory {}: {error}",
                    directory.display()
                ))
            })
        }
        _ => Ok(()),
    }
}

/// Makes an empty file that only the server's own user can read, which is an empty database; what `SQLite`
/// keeps beside it is as private. Where there is a file, or none can be made, `SQLite` says what there is to
/// say.
fn make_private(file: &Path) {
    if file.as_os_str().as_encoded_bytes().starts_with(b":") {
        return;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(file);
}

/// Brings the database to the current model; gives the names of the steps that it took. It is all done
/// or nothing. Several servers may start at once: they take turns.
///
/// # Errors
/// A sentence with the database's answer.
pub async fn migrate(db: &DatabaseConnection) -> Result<Vec<String>, StartError> {
    let failed = |error| StartError::Other(format!("cannot migrate the database: {error}"));
    // On SQLite the transaction is the lock, as it is one that writes.
    let tx = store::begin(db).await.map_err(failed)?;
    if db.get_database_backend() == DbBackend::Postgres {
        let mut sql = Sql::new("SELECT pg_advisory_xact_lock(");
        sql.bind(MIGRATION_LOCK).push(")");
        sql.execute(&tx).await.map_err(failed)?;
    }
    let pending = Migrator::get_pending_migrations(&tx).await.map_err(failed)?;
    let names: Vec<String> = pending.iter().map(|step| step.name().to_owned()).collect();
    if !names.is_empty() {
        Migrator::up(&tx, None).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)?;
    Ok(names)
}
