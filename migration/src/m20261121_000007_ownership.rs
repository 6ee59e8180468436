//! Offers to hand over what one owns (R22).

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
                // `expires_at` has passed counts as expired everywhere. An offer goes with what it is
                // about and with whom it is between, and stays with an account that moves.
                "CREATE TABLE ownership_offers (
                    id {id} PRIMARY KEY,
                    organization_id {id} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                    account_id {id},
                    scope_id {id} NOT NULL,
                    from_user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    to_user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    status text NOT NULL CHECK
                        (status IN ('PENDING', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
                    expires_at {time} NOT NULL,
                    mail_id {id},
                    expiry_mail_id {id},
                    ended_at {time},
                    created_at {time} NOT NULL,
                    updated_at {time} NOT NULL,
                    CHECK (scope_id = COALESCE(account_id, organization_id)),
                    CONSTRAINT nobody_offers_to_themselves CHECK (from_user_id <> to_user_id),
                    FOREIGN KEY (organization_id, account_id)
                        REFERENCES accounts (organization_id, id)
                        ON UPDATE CASCADE ON DELETE CASCADE)",
                "CREATE UNIQUE INDEX one_pending_offer
                    ON ownership_offers (scope_id) WHERE status = 'PENDING'",
                "CREATE INDEX ownership_offers_from ON ownership_offers (from_user_id, id)",
                "CREATE INDEX ownership_offers_to ON ownership_offers (to_user_id, id)",
                "CREATE INDEX ownership_offers_by_scope
                    ON ownership_offers (organization_id, account_id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager).run(&["DROP TABLE ownership_offers"]).await
    }
}
