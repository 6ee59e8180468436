//! How often a refresh token was used: within the time of grace a few times, and no more (R61).

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
            .run(&["ALTER TABLE refresh_tokens ADD COLUMN uses bigint NOT NULL DEFAULT 0"])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["ALTER TABLE refresh_tokens DROP COLUMN uses"]).await
    }
}
