//! What ending an account or an organization looks for.

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
                // Which invitations promise something in an account; and each account that is deleted
                // has to be looked for here and among the assignments, because both refer to it.
                "CREATE INDEX invitation_grants_by_account
                    ON invitation_grants (account_id) WHERE account_id IS NOT NULL",
                "CREATE INDEX assignments_by_account
                    ON role_assignments (account_id) WHERE account_id IS NOT NULL",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&["DROP INDEX assignments_by_account", "DROP INDEX invitation_grants_by_account"])
            .await
    }
}
