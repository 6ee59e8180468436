//! What the operator decides: networks from which nobody is invited (R54), and what organizations are
//! entitled to (R55).

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
                // A network is looked for by each of its possible prefixes, so it is kept in its one
                // canonical spelling. Several lists may name the same one.
                "CREATE TABLE denied_networks (
                    network {key} NOT NULL,
                    list {key} NOT NULL,
                    note text,
                    created_at {time} NOT NULL,
                    PRIMARY KEY (network, list))",
                // No `seats`: as many as they like.
                "CREATE TABLE entitlements (
                    organization_id {id} PRIMARY KEY REFERENCES organizations (id),
                    invitations boolean NOT NULL,
                    seats bigint CHECK (seats >= 1),
                    created_at {time} NOT NULL,
                    updated_at {time} NOT NULL)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE entitlements", "DROP TABLE denied_networks"]).await
    }
}
