//! Mails that remind of an invitation, and addresses that want no mails about invitations.

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
                // The mail that will say that it expires tomorrow, like `mail_id` without a key.
                "ALTER TABLE invitations ADD COLUMN reminder_id {id}",
                "CREATE TABLE mail_opt_outs (
                    organization_id {id} NOT NULL REFERENCES organizations (id),
                    email_key {key} NOT NULL,
                    created_at {time} NOT NULL,
                    PRIMARY KEY (organization_id, email_key))",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&["DROP TABLE mail_opt_outs", "ALTER TABLE invitations DROP COLUMN reminder_id"])
            .await
    }
}
