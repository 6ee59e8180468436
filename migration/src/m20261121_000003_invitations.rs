//! Invitations and the grants that they carry.

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
                // `status` is EXPIRED only once somebody has settled it; a PENDING row whose
                // `expires_at` has passed counts as expired everywhere (R45). `token_hash` is all
                // that is kept of the link (R48).
                "CREATE TABLE invitations (
                    id {id} PRIMARY KEY,
                    organization_id {id} NOT NULL REFERENCES organizations (id),
                    email text NOT NULL,
                    email_key {key} NOT NULL,
                    name text,
                    message text,
                    locale text NOT NULL,
                    status text NOT NULL CHECK
                        (status IN ('PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED')),
                    token_hash {bytes} NOT NULL UNIQUE,
                    lifetime_hours bigint NOT NULL,
                    expires_at {time} NOT NULL,
                    invited_by {id} NOT NULL REFERENCES users (id),
                    mail_id {id},
                    sent_at {time} NOT NULL,
                    resend_day {time} NOT NULL,
                    resends_that_day bigint NOT NULL DEFAULT 0,
                    ended_at {time},
                    ended_by {id} REFERENCES users (id) ON DELETE SET NULL,
                    created_at {time} NOT NULL,
                    updated_at {time} NOT NULL,
                    UNIQUE (organization_id, id))",
                // R43, held by the database.
                "CREATE UNIQUE INDEX one_pending_invitation
                    ON invitations (organization_id, email_key) WHERE status = 'PENDING'",
                "CREATE INDEX invitations_by_organization
                    ON invitations (organization_id, created_at, id)",
                "CREATE INDEX invitations_by_email ON invitations (email_key)",
                "CREATE TABLE invitation_grants (
                    id {id} PRIMARY KEY,
                    invitation_id {id} NOT NULL,
                    organization_id {id} NOT NULL,
                    position bigint NOT NULL,
                    role_id {id} NOT NULL REFERENCES roles (id),
                    account_id {id},
                    billing_group_id {id},
                    valid_until {time},
                    FOREIGN KEY (organization_id, invitation_id)
                        REFERENCES invitations (organization_id, id) ON DELETE CASCADE,
                    FOREIGN KEY (organization_id, account_id)
                        REFERENCES accounts (organization_id, id),
                    FOREIGN KEY (organization_id, billing_group_id)
                        REFERENCES billing_groups (organization_id, id) ON DELETE CASCADE)",
                "CREATE INDEX invitation_grants_by_invitation
                    ON invitation_grants (invitation_id, position)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE invitation_grants", "DROP TABLE invitations"]).await
    }
}
