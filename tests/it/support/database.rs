//! A fresh, migrated database for each test, made by copying one that was migrated once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rolecall::app;
use rolecall::config::Config;
use sea_orm::{ConnectionTrait, Database};
use tokio::sync::OnceCell;

use super::server::{Options, Server};

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SQLITE_TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<Option<String>> = OnceCell::const_new();

/// Where to look for PostgreSQL when `TEST_POSTGRES_URL` does not say.
const LOCAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// Tells the story on SQLite.
pub(crate) async fn on_sqlite<S, F>(options: Options, story: S)
where
    S: FnOnce(Server) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let template = SQLITE_TEMPLATE.get_or_init(migrated_sqlite).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rolecall.db");
    std::fs::copy(template, &file).unwrap();
    story(Server::start(format!("sqlite://{}", file.display()), options).await).await;
}

/// Tells the story on PostgreSQL; where there is none, says so instead.
pub(crate) async fn on_postgres<S, F>(options: Options, story: S)
where
    S: FnOnce(Server) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Some(server_url) = POSTGRES_TEMPLATE.get_or_init(migrated_postgres).await else { return };
    let name = new_name();
    run(server_url, &format!("CREATE DATABASE {name} TEMPLATE {}", template())).await;
    let url = with_database(server_url, &name);
    let told = tokio::spawn(async move { story(Server::start(url, options).await).await }).await;
    run(server_url, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failed) = told {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// The URL of an empty database on PostgreSQL. None where there is no PostgreSQL.
pub(crate) async fn empty_postgres() -> Option<String> {
    let server_url = POSTGRES_TEMPLATE.get_or_init(migrated_postgres).await.as_ref()?;
    let name = new_name();
    run(server_url, &format!("CREATE DATABASE {name}")).await;
    Some(with_database(server_url, &name))
}

/// Removes a database of [`empty_postgres`].
pub(crate) async fn drop_postgres(url: &str) {
    let (server_url, name) = url.rsplit_once('/').unwrap();
    run(&format!("{server_url}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn migrated_sqlite() -> PathBuf {
    // Kept for the whole run; the operating system clears its directory of temporary files.
    let directory = tempfile::tempdir().unwrap().keep();
    let file = directory.join("template.db");
    migrate(format!("sqlite://{}", file.display())).await;
    file
}

async fn migrated_postgres() -> Option<String> {
    let set = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    let required = std::env::var("REQUIRE_POSTGRES").is_ok();
    let url = set.clone().unwrap_or_else(|| LOCAL.to_owned());
    if let Err(error) = Database::connect(&url).await {
        assert!(set.is_none() && !required, "PostgreSQL does not answer at {url}: {error}");
        eprintln!(
            "\n*** PostgreSQL is LEFT OUT: TEST_POSTGRES_URL is not set and nothing answers at {LOCAL}. \
             ***\n*** Every story is told on SQLite only. ***\n"
        );
        return None;
    }
    run(&url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", template())).await;
    run(&url, &format!("CREATE DATABASE {}", template())).await;
    migrate(with_database(&url, &template())).await;
    Some(url)
}

/// As `rolecall migrate` does.
async fn migrate(database_url: String) {
    let config = Config { database_url, ..Config::default() };
    let db = app::connect(&config).await.unwrap();
    app::migrate(&db).await.unwrap();
    db.close().await.unwrap();
}

/// One statement on a connection of its own.
async fn run(url: &str, statement: &str) {
    let db = Database::connect(url).await.unwrap();
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

/// Names carry the process, so that two runs of the tests do not meet.
fn template() -> String {
    format!("rolecall_template_{}", std::process::id())
}

fn new_name() -> String {
    format!("rolecall_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn with_database(url: &str, name: &str) -> String {
    let (base, query) =
        url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let (server, _) = base.rsplit_once('/').unwrap();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{server}/{name}{query}")
}
