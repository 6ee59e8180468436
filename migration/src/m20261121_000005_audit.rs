//! Who did what (R70), and the answers to calls that carry an idempotency key (R71).

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
                // No foreign keys: an event outlives what it tells of.
                "CREATE TABLE audit_events (
                    id {id} PRIMARY KEY,
                    organization_id {id},
                    actor_id {id},
                    action text NOT NULL,
                    target text NOT NULL,
                    before {json},
                    after {json},
                    network_address text,
                    request_id text NOT NULL,
                    created_at {time} NOT NULL)",
                "CREATE INDEX audit_events_by_organization
                    ON audit_events (organization_id, created_at, id)",
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

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE idempotency_keys", "DROP TABLE audit_events"]).await
    }
}
