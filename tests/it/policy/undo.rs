//! What a mutation did to the database, and how to take it back: triggers write down, for every row
//! that changes, the statement that changes it back. SQLite only, where that takes a millisecond.

use rolecall::store;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

/// Sets the triggers. Copies of the database file have them too.
pub(super) async fn watch(db: &DatabaseConnection) {
    let tables = tables(db).await;
    let mut sql = String::from(
        "CREATE TABLE undo_log (seq integer PRIMARY KEY, line text NOT NULL);
        CREATE TABLE undo_off (off integer);",
    );
    for table in tables {
        let columns = format!("SELECT name AS line FROM pragma_table_info('{table}')");
        let columns = texts(db, &columns).await;
        let names = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
        let values: Vec<String> = columns.iter().map(|c| format!("quote(old.\"{c}\")")).collect();
        let set: Vec<String> =
            columns.iter().map(|c| format!("'\"{c}\" = ' || quote(old.\"{c}\")")).collect();
        for (event, line) in [
            ("INSERT", format!("'DELETE FROM {table} WHERE rowid = ' || new.rowid")),
            (
                "DELETE",
                format!(
                    "'INSERT INTO {table} (rowid, {names}) VALUES (' || old.rowid || ', ' || {} || ')'",
                    values.join(" || ', ' || ")
                ),
            ),
            (
                "UPDATE",
                format!(
                    "'UPDATE {table} SET ' || {} || ' WHERE rowid = ' || new.rowid",
                    set.join(" || ', ' || ")
                ),
            ),
        ] {
            sql += &format!(
                "CREATE TRIGGER undo_{event}_{table} AFTER {event} ON {table}
                    WHEN NOT EXISTS (SELECT 1 FROM undo_off)
                    BEGIN INSERT INTO undo_log (line) VALUES ({line}); END;"
            );
        }
    }
    db.execute_unprepared(&sql).await.unwrap();
}

/// The tables that hold what the server knows.
pub(super) async fn tables(db: &DatabaseConnection) -> Vec<String> {
    texts(
        db,
        "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
            AND name NOT LIKE 'undo%' AND name <> 'seaql_migrations' ORDER BY name",
    )
    .await
}

/// The statements that take back what was done since the last [`revert`], newest first.
pub(super) async fn log(db: &DatabaseConnection) -> Vec<String> {
    texts(db, "SELECT line FROM undo_log ORDER BY seq DESC").await
}

/// Takes it back.
pub(super) async fn revert(db: &DatabaseConnection, log: &[String]) {
    if log.is_empty() {
        return;
    }
    let tx = store::begin(db).await.unwrap();
    let sql = format!(
        "PRAGMA defer_foreign_keys = ON; INSERT INTO undo_off VALUES (1); {};
        DELETE FROM undo_off; DELETE FROM undo_log;",
        log.join("; ")
    );
    tx.execute_unprepared(&sql).await.unwrap();
    tx.commit().await.unwrap();
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}
