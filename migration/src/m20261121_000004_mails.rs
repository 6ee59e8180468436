//! The outbox: mails queued in the transaction that causes them (R53).

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
                // `sealed` is the rendered mail, encrypted, because it holds a link whose token is
                // otherwise stored only as a hash (R48); it is erased once the mail is handed over.
                // A worker takes a mail by a lease that runs out by itself if the worker dies.
                "CREATE TABLE mails (
                    id {id} PRIMARY KEY,
                    kind text NOT NULL,
                    organization_id {id},
                    recipient text NOT NULL,
                    sealed {bytes},
                    state text NOT NULL
                        CHECK (state IN ('QUEUED', 'SENT', 'FAILED', 'CANCELLED')),
                    attempts bigint NOT NULL DEFAULT 0,
                    next_attempt_at {time} NOT NULL,
                    leased_until {time},
                    lease {id},
                    last_error text,
                    sent_at {time},
                    created_at {time} NOT NULL)",
                "CREATE INDEX mails_due ON mails (next_attempt_at, id) WHERE state = 'QUEUED'",
                "CREATE INDEX mails_by_time ON mails (created_at, id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE mails"]).await
    }
}
