//! New links that invitees ask for (R49), and invitations listed by how far their mails have come.

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
                "ALTER TABLE invitations ADD COLUMN link_requested_at {time}",
                // Most mails have been sent: those are found in the order of the list. The others are
                // few, and are looked up.
                "CREATE INDEX unsent_mails_by_organization ON mails (organization_id, state, id)
                    WHERE state <> 'SENT'",
                "CREATE INDEX invitations_by_mail ON invitations (mail_id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP INDEX invitations_by_mail",
                "DROP INDEX unsent_mails_by_organization",
                "ALTER TABLE invitations DROP COLUMN link_requested_at",
            ])
            .await
    }
}
