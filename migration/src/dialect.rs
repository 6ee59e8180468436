//! The differences between SQLite's and PostgreSQL's data definition language that our steps meet.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Column types by purpose, written `{id}`, `{time}`, … in the steps' SQL.
///
/// * `{id}`: a UUID (`uuid`, or 16 bytes in SQLite)
/// * `{time}`: an instant in UTC (`timestamptz`; RFC 3339 text in SQLite, which sorts by time)
/// * `{key}`: text compared byte by byte on both databases, so that orders and cursors agree
/// * `{bytes}`, `{json}`: what they say
const TYPES: [(&str, &str, &str); 5] = [
    ("{id}", "uuid", "blob"),
    ("{time}", "timestamptz", "text"),
    ("{key}", "text COLLATE \"C\"", "text"),
    ("{bytes}", "bytea", "blob"),
    ("{json}", "jsonb", "text"),
];

/// Runs a step's SQL on either database.
pub struct Dialect<'a> {
    manager: &'a SchemaManager<'a>,
    postgres: bool,
}

impl<'a> Dialect<'a> {
    /// The dialect of the database that `manager` works on.
    #[must_use]
    pub fn of(manager: &'a SchemaManager<'a>) -> Self {
        Self { manager, postgres: manager.get_database_backend() == DbBackend::Postgres }
    }

    /// Runs one statement after another, with the column types filled in.
    ///
    /// # Errors
    /// Whatever the database answers to a statement that it refuses.
    pub async fn run(&self, statements: &[&str]) -> Result<(), DbErr> {
        for statement in statements {
            let mut sql = (*statement).to_owned();
            for (placeholder, postgres, sqlite) in TYPES {
                sql = sql.replace(placeholder, if self.postgres { postgres } else { sqlite });
            }
            self.manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// Adds a foreign key that points at a table made later in the same step. SQLite cannot add one
    /// to a standing table, but lets `CREATE TABLE` name a table that does not exist yet, so there
    /// the key stands in `CREATE TABLE` already (see [`Dialect::later`]).
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn add_foreign_key(&self, table: &str, key: &str) -> Result<(), DbErr> {
        if self.postgres {
            self.run(&[&format!("ALTER TABLE {table} ADD {key}")]).await?;
        }
        Ok(())
    }

    /// The part of a `CREATE TABLE` that holds such a key: on SQLite `, key`, on PostgreSQL nothing.
    #[must_use]
    pub fn later(&self, key: &str) -> String {
        if self.postgres { String::new() } else { format!(", {key}") }
    }
}
