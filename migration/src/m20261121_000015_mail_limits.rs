//! How many mails leave in an organization's name, and how many reach one address (R46, R53).

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                // When the limit of its organization lets a mail go; empty until a worker has asked.
                "ALTER TABLE mails ADD COLUMN let_go_at {time}",
                "CREATE INDEX mails_let_go ON mails (organization_id, let_go_at)
                    WHERE let_go_at IS NOT NULL",
                // How many mails about invitations an address has had in its running day, from
                // whichever organizations.
                "CREATE TABLE recipient_days (
                    recipient_key {key} PRIMARY KEY,
                    began_at {time} NOT NULL,
                    mails bigint NOT NULL)",
                "CREATE INDEX recipient_days_by_time ON recipient_days (began_at)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP TABLE recipient_days",
                "DROP INDEX mails_let_go",
                "ALTER TABLE mails DROP COLUMN let_go_at",
            ])
            .await
    }
}
