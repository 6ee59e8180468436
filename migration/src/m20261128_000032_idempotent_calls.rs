//! The answers to calls that carry an idempotency key (R71), whichever mutation they call and whoever makes
//! them.
//!
//! The table before was for `inviteUsers` alone. What it holds is good for a day, so it goes at once: a call
//! with a key that began before this step is not recognised after it.

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
                "DROP TABLE idempotency_keys",
                "CREATE TABLE idempotent_calls (
                    id {bytes} PRIMARY KEY,
                    input {bytes} NOT NULL,
                    answer {bytes},
                    expires_at {time} NOT NULL)",
                "CREATE INDEX idempotent_calls_by_expiry ON idempotent_calls (expires_at)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP TABLE idempotent_calls",
                "CREATE TABLE idempotency_keys (
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    key text NOT NULL,
                    operation text NOT NULL,
                    input_hash {bytes} NOT NULL,
                    result {json} NOT NULL,
                    created_at {time} NOT NULL,
                    PRIMARY KEY (user_id, key))",
            ])
            .await
    }
}
