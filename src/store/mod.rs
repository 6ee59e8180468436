//! All SQL. Functions here know no rule; they read and write exactly what they are told, over any
//! connection or transaction, and what belongs to an organization is always asked for with it.

pub mod account;
pub mod account_life;
pub mod account_move;
pub mod account_page;
pub mod account_transfer;
pub mod api_key;
pub mod assignment;
pub mod assignment_end;
pub mod assignment_page;
pub mod audit;
pub mod audit_page;
pub mod billing_group;
pub mod changes;
pub mod custom_role;
pub mod denied_network;
pub mod email_domain;
pub mod email_link;
pub mod email_rule;
pub mod entitlement;
pub mod idempotency;
pub mod invitation;
pub mod invitation_call;
pub mod invitation_end;
pub mod invitation_page;
pub mod join;
pub mod join_request;
pub mod list;
pub mod mail;
pub mod mail_limit;
pub mod mail_opt_out;
pub mod membership;
pub mod organization;
pub mod ownership;
pub mod page;
pub mod role;
pub mod server;
pub mod service_user;
pub mod session;
pub mod sql;
pub mod standing;
pub mod user;
pub mod user_page;

use sea_orm::sqlx::{Database, Pool};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// Begins a transaction that will write. On SQLite it takes the write lock at once: a transaction
/// that reads first and asks for the lock later fails under load instead of waiting.
///
/// What runs within a call that has an idempotency key claims the key first (R71).
pub async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = db.begin_with_options(options).await?;
    idempotency::claim(&tx).await?;
    Ok(tx)
}

/// How many connections there are to the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// Those that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// The most that are opened.
    pub most: u32,
}

/// The connections of a pool.
#[must_use]
pub fn connections(db: &DatabaseConnection) -> Connections {
    fn of<DB: Database>(pool: &Pool<DB>) -> Connections {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Connections { open: pool.size(), idle, most: pool.options().get_max_connections() }
    }
    match db.get_database_backend() {
        DbBackend::Postgres => of(db.get_postgres_connection_pool()),
        _ => of(db.get_sqlite_connection_pool()),
    }
}

/// Whether the database answers: what readiness is.
pub async fn ping(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.query_one_raw(sql::Sql::new("SELECT 1").statement(db)).await.map(drop)
}
