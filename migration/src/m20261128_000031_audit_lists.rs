//! The record of changes in the orders in which it is read (R70): an organization's by who did something, by
//! what it was done to and by what was done; a person's own.

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
        // Partial ones: no event is in more indexes than can find it, and none of them is taken for a list
        // that it serves badly.
        Dialect::of(manager)
            .run(&[
                "DROP INDEX audit_events_by_organization",
                "CREATE INDEX audit_events_by_organization
                    ON audit_events (organization_id, created_at, id)
                    WHERE organization_id IS NOT NULL",
                "CREATE INDEX audit_events_by_actor
                    ON audit_events (organization_id, actor_id, created_at, id)
                    WHERE organization_id IS NOT NULL",
                "CREATE INDEX audit_events_by_target
                    ON audit_events (organization_id, target, created_at, id)
                    WHERE organization_id IS NOT NULL",
                "CREATE INDEX audit_events_by_action
                    ON audit_events (organization_id, action, created_at, id)
                    WHERE organization_id IS NOT NULL",
                "CREATE INDEX audit_events_of_person
                    ON audit_events (actor_id, created_at, id)
                    WHERE organization_id IS NULL",
                "CREATE INDEX audit_events_about_person
                    ON audit_events (target, created_at, id)
                    WHERE organization_id IS NULL AND actor_id IS NULL",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP INDEX audit_events_about_person",
                "DROP INDEX audit_events_of_person",
                "DROP INDEX audit_events_by_action",
                "DROP INDEX audit_events_by_target",
                "DROP INDEX audit_events_by_actor",
                "DROP INDEX audit_events_by_organization",
                "CREATE INDEX audit_events_by_organization
                    ON audit_events (organization_id, created_at, id)",
            ])
            .await
    }
}
