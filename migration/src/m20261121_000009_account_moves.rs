//! Accounts that are to go into another organization, or went there.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What holds an assignment to its account's organization. While an account moves, its assignments lag
/// one statement behind; at the commit all is as it has to be. (`SQLite` defers any key when it is told
/// to, see `store::account_transfer`.)
const ASSIGNMENT_OF_ACCOUNT: &str = "ALTER TABLE role_assignments
    ALTER CONSTRAINT role_assignments_organization_id_account_id_fkey";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        db.run(&[
            // `status` is EXPIRED only once somebody has settled it; a PENDING row whose `expires_at`
            // has passed counts as expired everywhere.
            "CREATE TABLE account_moves (
                id {id} PRIMARY KEY,
                account_id {id} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                from_organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                to_organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                side text NOT NULL CHECK (side IN ('ACCOUNT', 'ORGANIZATION')),
                asked_by {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                status text NOT NULL CHECK
                    (status IN ('PENDING', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
                expires_at {time} NOT NULL,
                ended_at {time},
                ended_by {id} REFERENCES users (id) ON DELETE SET NULL,
                created_at {time} NOT NULL,
                CHECK (from_organization_id <> to_organization_id),
                CHECK ((ended_at IS NULL) = (status = 'PENDING')))",
            "CREATE UNIQUE INDEX one_pending_move ON account_moves (account_id)
                WHERE status = 'PENDING'",
            "CREATE INDEX account_moves_by_account ON account_moves (account_id, id)",
            "CREATE INDEX account_moves_out ON account_moves (from_organization_id, id)",
            "CREATE INDEX account_moves_in ON account_moves (to_organization_id, id)",
        ])
        .await?;
        deferrable(manager, "DEFERRABLE INITIALLY IMMEDIATE").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        deferrable(manager, "NOT DEFERRABLE").await?;
        Dialect::of(manager).run(&["DROP TABLE account_moves"]).await
    }
}

async fn deferrable(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
        Dialect::of(manager).run(&[&format!("{ASSIGNMENT_OF_ACCOUNT} {how}")]).await?;
    }
    Ok(())
}
