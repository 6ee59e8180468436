//! E-mail domains: those that an organization allows or blocks, and those that are its own (R41).

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
                "CREATE TABLE email_domain_rules (
                    organization_id {id} NOT NULL REFERENCES organizations (id),
                    domain {key} NOT NULL,
                    verdict text NOT NULL CHECK (verdict IN ('ALLOW', 'BLOCK')),
                    created_by {id} REFERENCES users (id) ON DELETE SET NULL,
                    created_at {time} NOT NULL,
                    PRIMARY KEY (organization_id, domain))",
                // `challenge` is what the domain's TXT record has to say. A domain that was verified and
                // no longer says it has LAPSED once it has not said so for some days in a row.
                "CREATE TABLE email_domains (
                    id {id} PRIMARY KEY,
                    organization_id {id} NOT NULL REFERENCES organizations (id),
                    domain {key} NOT NULL,
                    challenge text NOT NULL,
                    status text NOT NULL CHECK (status IN ('PENDING', 'VERIFIED', 'LAPSED')),
                    verified_at {time},
                    checked_at {time},
                    next_check_at {time},
                    failures bigint NOT NULL DEFAULT 0,
                    last_error text,
                    reserved boolean NOT NULL DEFAULT false,
                    join_policy text NOT NULL DEFAULT 'INVITATION'
                        CHECK (join_policy IN ('INVITATION', 'CONTACT', 'REQUEST', 'AUTOMATIC')),
                    join_role_id {id} REFERENCES roles (id),
                    join_account_id {id},
                    join_contact text,
                    set_by {id} NOT NULL REFERENCES users (id),
                    created_at {time} NOT NULL,
                    updated_at {time} NOT NULL,
                    UNIQUE (organization_id, domain),
                    FOREIGN KEY (organization_id, join_account_id)
                        REFERENCES accounts (organization_id, id))",
                // Whose a domain is, is held by the database.
                "CREATE UNIQUE INDEX one_verified_email_domain ON email_domains (domain)
                    WHERE status = 'VERIFIED'",
                "CREATE INDEX email_domains_due ON email_domains (next_check_at, id)
                    WHERE next_check_at IS NOT NULL",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&["DROP TABLE email_domains", "DROP TABLE email_domain_rules"])
            .await
    }
}
