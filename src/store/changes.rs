//! What is changed, by whichever process: the audit events, as they are committed.

use std::time::Duration;

use entity::id::{AuditEventId, OrganizationId, UserId};
use futures_util::FutureExt;
use sea_orm::entity::prelude::Uuid;
use sea_orm::sqlx::postgres::{PgListener, PgNotification};
use sea_orm::sqlx::{self, Executor};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, FromQueryResult, RuntimeErr};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::sql::Sql;

/// The channel that the trigger on `audit_events` announces their ids on (`PostgreSQL`).
const CHANNEL: &str = "rolecall_changes";
/// How long nothing may be heard on it before the connection is asked whether it lives.
const QUIET: Duration = Duration::from_secs(30);
/// How long it may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often `SQLite`, which announces nothing, is asked what is new.
const EVERY: Duration = Duration::from_millis(150);
/// Changes that are read at once.
const AT_ONCE: usize = 500;

/// A change, as its audit event tells it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Change {
    /// The organization that it happened in.
    pub organization_id: Option<OrganizationId>,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done: `noun.verb`.
    pub action: String,
    /// The prefixed id of what it was done to.
    pub target: String,
    /// What was there before.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
}

#[derive(FromQueryResult)]
struct Row {
    position: i64,
    #[sea_orm(nested)]
    change: Change,
}

const COLUMNS: &str = "organization_id, actor_id, action, target, before, after FROM audit_events";

/// Where changes come from.
pub struct Changes {
    db: DatabaseConnection,
    source: Source,
}

enum Source {
    /// A connection of its own, to which `PostgreSQL` sends what is announced.
    Announced(Box<PgListener>),
    /// The row that was read last. Writers take turns on `SQLite` and no event is ever deleted, so that
    /// rows are numbered in the order of their commits.
    Read(i64),
}

impl Changes {
    /// Everything that is committed from now on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(db: &DatabaseConnection, url: &str) -> Result<Self, DbErr> {
        let source = if db.get_database_backend() == DbBackend::Postgres {
            let mut listener = PgListener::connect(url).await.map_err(failed)?;
            // What is announced while it is away is lost: whoever listens has to know.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await.map_err(failed)?;
            Source::Announced(Box::new(listener))
        } else {
            let sql = Sql::new("SELECT COALESCE(MAX(rowid), 0) AS last FROM audit_events");
            let row = db.query_one_raw(sql.statement(db)).await?;
            Source::Read(row.map(|row| row.try_get("", "last")).transpose()?.unwrap_or_default())
        };
        Ok(Self { db: db.clone(), source })
    }

    /// The next ones, in the order of their commits; none after a while in which there were none.
    ///
    /// # Errors
    /// When some may have been missed. Then there is no going on: open anew.
    pub async fn next(&mut self) -> Result<Vec<Change>, DbErr> {
        match &mut self.source {
            Source::Announced(listener) => {
                let ids = announced(listener).await?;
                let mut changes = Vec::with_capacity(ids.len());
                for ids in ids.chunks(AT_ONCE) {
                    changes.extend(by_ids(&self.db, ids).await?);
                }
                Ok(changes)
            }
            Source::Read(last) => {
                sleep(EVERY).await;
                let rows = behind(&self.db, *last).await?;
                *last = rows.last().map_or(*last, |row| row.position);
                Ok(rows.into_iter().map(|row| row.change).collect())
            }
        }
    }
}

/// The ids that have been announced, at least one unless all was quiet.
async fn announced(listener: &mut PgListener) -> Result<Vec<AuditEventId>, DbErr> {
    let Ok(first) = timeout(QUIET, listener.try_recv()).await else {
        let asked = timeout(ANSWER_WITHIN, listener.execute("SELECT 1")).await;
        asked.map_err(|_| lost())?.map_err(failed)?;
        return Ok(Vec::new());
    };
    let mut ids = vec![id(&first.map_err(failed)?.ok_or_else(lost)?)?];
    // What a transaction announces comes in one go.
    while let Some(more) = listener.try_recv().now_or_never() {
        ids.push(id(&more.map_err(failed)?.ok_or_else(lost)?)?);
    }
    Ok(ids)
}

fn id(announced: &PgNotification) -> Result<AuditEventId, DbErr> {
    let uuid = announced.payload().parse::<Uuid>();
    uuid.map(AuditEventId).map_err(|_| DbErr::Custom("something else was announced".to_owned()))
}

async fn by_ids(db: &impl ConnectionTrait, ids: &[AuditEventId]) -> Result<Vec<Change>, DbErr> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" WHERE id IN ").list(ids.iter().copied());
    sql.push(" ORDER BY created_at, id");
    sql.all(db).await
}

async fn behind(db: &impl ConnectionTrait, last: i64) -> Result<Vec<Row>, DbErr> {
    let mut sql = Sql::new("SELECT rowid AS position, ");
    sql.push(COLUMNS).push(" WHERE rowid > ").bind(last).push(" ORDER BY rowid LIMIT ");
    sql.bind(i64::try_from(AT_ONCE).unwrap_or(i64::MAX));
    sql.all(db).await
}

fn lost() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the connection that listens was lost".to_owned()))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
