//! What is in the database, for tests that are about rows.

use std::collections::BTreeMap;

use entity::audit_event;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryOrder, Statement};

/// The tables and their columns, both sorted; the list of migrations is left out.
pub(crate) async fn columns(db: &DatabaseConnection) -> BTreeMap<String, Vec<String>> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns
                WHERE table_schema = 'public' ORDER BY 1, 2"
        }
        _ => {
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1, 2"
        }
    };
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db.query_all_raw(statement(db, sql)).await.unwrap() {
        let table: String = row.try_get_by_index(0).unwrap();
        columns.entry(table).or_default().push(row.try_get_by_index(1).unwrap());
    }
    columns.remove("seaql_migrations");
    columns
}

/// How many rows each table has.
pub(crate) async fn counts(db: &DatabaseConnection) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in columns(db).await.into_keys() {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = db.query_one_raw(statement(db, &sql)).await.unwrap().unwrap();
        counts.insert(table, row.try_get_by_index(0).unwrap());
    }
    counts
}

/// All audit events, oldest first.
pub(crate) async fn events(db: &DatabaseConnection) -> Vec<audit_event::Model> {
    let events = audit_event::Entity::find();
    events.order_by_asc(audit_event::Column::CreatedAt).all(db).await.unwrap()
}

fn statement(db: &DatabaseConnection, sql: &str) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}
