//! What the database says about itself.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use super::sql::Sql;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct About {
    /// What it is, with its version.
    pub version: String,
    /// Its time; `SQLite` has that of this machine.
    pub now: DateTime<Utc>,
    /// How many connections it takes, where that is limited.
    pub connections: Option<i64>,
    /// Whether it finds parts of words by an index (`pg_trgm`).
    pub trigrams: bool,
}

/// Asks it.
///
/// # Errors
/// Whatever the database answers.
pub async fn about(db: &impl ConnectionTrait) -> Result<About, DbErr> {
    let sql = Sql::new(match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, now() AS now,
                current_setting('max_connections')::bigint AS connections,
                EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') AS trigrams"
        }
        _ => {
            "SELECT 'SQLite ' || sqlite_version() AS version,
                strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now,
                CAST(NULL AS bigint) AS connections, FALSE AS trigrams"
        }
    });
    sql.one(db).await?.ok_or_else(|| DbErr::RecordNotFound("about the database".to_owned()))
}
