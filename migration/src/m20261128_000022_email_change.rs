//! Links that give a person another address (R67).

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The table anew, because SQLite changes no check of a standing one. Nothing refers to it.
const ANEW: [&str; 4] = [
    "INSERT INTO email_links_anew (hash, user_id, purpose, email_key, created_at, expires_at, used_at)
        SELECT hash, user_id, purpose, email_key, created_at, expires_at, used_at FROM email_links",
    "DROP TABLE email_links",
    "ALTER TABLE email_links_anew RENAME TO email_links",
    "CREATE INDEX email_links_by_user ON email_links (user_id, purpose, created_at)",
];

/// `email` is the new address as it was typed: for links that change it, and for no others.
fn table(purposes: &str, email: &str) -> String {
    format!(
        "CREATE TABLE email_links_anew (
            hash {{bytes}} PRIMARY KEY,
            user_id {{id}} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            purpose text NOT NULL CHECK (purpose IN ({purposes})),
            email_key {{key}} NOT NULL,
            created_at {{time}} NOT NULL,
            expires_at {{time}} NOT NULL,
            used_at {{time}}{email})"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        let email = ", email text, CHECK ((purpose = 'CHANGE_EMAIL') = (email IS NOT NULL))";
        db.run(&[&table("'VERIFY_EMAIL', 'RESET_PASSWORD', 'CHANGE_EMAIL'", email)]).await?;
        db.run(&ANEW).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        db.run(&[
            "DELETE FROM email_links WHERE purpose = 'CHANGE_EMAIL'",
            &table("'VERIFY_EMAIL', 'RESET_PASSWORD'", ""),
        ])
        .await?;
        db.run(&ANEW).await
    }
}
