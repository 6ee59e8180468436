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
                // Each account that is deleted has to be looked for among the assignments, because they
                // refer to it. (So do invitations' grants; they get theirs with the listings.)
                "CREATE INDEX assignments_by_account
                    ON role_assignments (account_id) WHERE account_id IS NOT NULL",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP INDEX assignments_by_account"]).await
    }
}
