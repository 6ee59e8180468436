//! People who ask to join an organization, because their address is at a domain of its own.

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
                // OVERTAKEN: the person became a member in another way.
                "CREATE TABLE join_requests (
                    id {id} PRIMARY KEY,
                    organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    domain {key} NOT NULL,
                    message text,
                    status text NOT NULL CHECK (status IN
                        ('PENDING', 'APPROVED', 'DECLINED', 'WITHDRAWN', 'OVERTAKEN')),
                    mail_id {id},
                    ended_at {time},
                    ended_by {id} REFERENCES users (id) ON DELETE SET NULL,
                    created_at {time} NOT NULL,
                    CHECK ((ended_at IS NULL) = (status = 'PENDING')))",
                "CREATE UNIQUE INDEX one_pending_join_request
                    ON join_requests (organization_id, user_id) WHERE status = 'PENDING'",
                "CREATE INDEX join_requests_of_organization ON join_requests (organization_id, id)",
                "CREATE INDEX join_requests_of_user ON join_requests (user_id, organization_id)",
                // Who was removed does not come back by themselves: they have to ask.
                "CREATE TABLE join_bars (
                    organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    created_at {time} NOT NULL,
                    PRIMARY KEY (organization_id, user_id))",
                "CREATE INDEX join_bars_of_user ON join_bars (user_id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE join_bars", "DROP TABLE join_requests"]).await
    }
}
