//! Users that are machines, and the keys that they come with.

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
                // The organization whose machine it is; nothing for people. When its membership ends, the
                // row stays: audit events and invitations name it. It goes with the organization.
                "ALTER TABLE users ADD COLUMN service_of {id}
                    REFERENCES organizations (id) ON DELETE CASCADE",
                "CREATE INDEX service_users ON users (service_of) WHERE service_of IS NOT NULL",
                // Of a key the database has the hash, and the few characters at its end by which people
                // tell it from others.
                "CREATE TABLE api_keys (
                    id {id} PRIMARY KEY,
                    organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    name text NOT NULL,
                    hash {bytes} NOT NULL UNIQUE,
                    hint text NOT NULL,
                    created_by {id} REFERENCES users (id) ON DELETE SET NULL,
                    created_at {time} NOT NULL,
                    expires_at {time} NOT NULL,
                    revoked_at {time},
                    last_used_at {time},
                    replaced_by {id} UNIQUE REFERENCES api_keys (id) ON DELETE SET NULL)",
                "CREATE INDEX api_keys_of_organization ON api_keys (organization_id, id)",
                "CREATE INDEX api_keys_of_user ON api_keys (user_id, id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP TABLE api_keys",
                // A version that knows no machines would take them for people.
                "DELETE FROM role_assignments
                    WHERE user_id IN (SELECT id FROM users WHERE service_of IS NOT NULL)",
                "DELETE FROM memberships
                    WHERE user_id IN (SELECT id FROM users WHERE service_of IS NOT NULL)",
                "DROP INDEX service_users",
                "ALTER TABLE users DROP COLUMN service_of",
            ])
            .await
    }
}
