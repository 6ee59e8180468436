//! Servers tell each other what was changed: every audit event is announced when it is committed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite announces nothing; there the rows are in the order of their commits and can be read on.
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        Dialect::of(manager)
            .run(&[
                // Only the id, because what is announced may have 8000 bytes.
                "CREATE FUNCTION announce_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_notify('rolecall_changes', NEW.id::text);
                    RETURN NULL;
                END $$",
                // Transactions that announce something commit one after the other. Signing in, refreshing
                // a session and switching accounts are the most frequent ones by far and change nothing
                // that anybody watches.
                "CREATE TRIGGER announce_audit_event AFTER INSERT ON audit_events FOR EACH ROW
                    WHEN (NEW.action NOT IN
                        ('session.started', 'session.refreshed', 'session.switched_account'))
                    EXECUTE FUNCTION announce_audit_event()",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        Dialect::of(manager)
            .run(&[
                "DROP TRIGGER announce_audit_event ON audit_events",
                "DROP FUNCTION announce_audit_event()",
            ])
            .await
    }
}
