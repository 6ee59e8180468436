//! Organizations, their accounts, members and billing groups, and the roles assigned in them.
//!
//! The rules that must hold whatever the program does are held here:
//!
//! * **One owner, never none, never two (R22).** The owner's assignment carries the id of what it
//!   owns in `owned_scope_id`, which is unique: a second owner is refused. An organization and a
//!   top-level account each refer to that column with their own id: without an owner's assignment
//!   they cannot exist. The reference is checked at commit, because each row needs the other.
//! * **Subaccounts are one level deep.** `top_level_id` is the account's own id for a top-level
//!   account and null for a subaccount; a parent is referred to through it, so only a top-level
//!   account of the same organization can be a parent.
//! * **Only members hold assignments, only in their organization's scopes.** Composite foreign keys
//!   carry the organization along.
//! * **No assignment twice (R15).** Two partial unique indexes, without and with a resource.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ORGANIZATION_HAS_OWNER: &str = "CONSTRAINT organization_has_owner FOREIGN KEY (id) \
     REFERENCES role_assignments (owned_scope_id) DEFERRABLE INITIALLY DEFERRED";
const ACCOUNT_HAS_OWNER: &str = "CONSTRAINT account_has_owner FOREIGN KEY (top_level_id) \
     REFERENCES role_assignments (owned_scope_id) DEFERRABLE INITIALLY DEFERRED";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    #[expect(clippy::too_many_lines, reason = "one list of statements, read from top to bottom")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        db.run(&[
            &format!(
                "CREATE TABLE organizations (
                    id {{id}} PRIMARY KEY,
                    name text NOT NULL,
                    name_key {{key}} NOT NULL,
                    standard_users_create_accounts boolean NOT NULL DEFAULT false,
                    invitation_hours bigint NOT NULL DEFAULT 168
                        CHECK (invitation_hours BETWEEN 1 AND 720),
                    created_at {{time}} NOT NULL,
                    updated_at {{time}} NOT NULL{})",
                db.later(ORGANIZATION_HAS_OWNER)
            ),
            &format!(
                "CREATE TABLE accounts (
                    id {{id}} PRIMARY KEY,
                    organization_id {{id}} NOT NULL REFERENCES organizations (id),
                    parent_id {{id}},
                    top_level_id {{id}},
                    name text NOT NULL,
                    name_key {{key}} NOT NULL,
                    status text NOT NULL
                        CHECK (status IN ('ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED')),
                    created_at {{time}} NOT NULL,
                    updated_at {{time}} NOT NULL,
                    UNIQUE (organization_id, id),
                    UNIQUE (organization_id, top_level_id),
                    CONSTRAINT account_is_top_level_or_has_parent CHECK (
                        (parent_id IS NULL AND top_level_id IS NOT NULL AND top_level_id = id)
                        OR (parent_id IS NOT NULL AND top_level_id IS NULL)),
                    CONSTRAINT parent_is_top_level FOREIGN KEY (organization_id, parent_id)
                        REFERENCES accounts (organization_id, top_level_id){})",
                db.later(ACCOUNT_HAS_OWNER)
            ),
            "CREATE INDEX accounts_by_organization ON accounts (organization_id, name_key, id)",
            "CREATE INDEX accounts_by_parent ON accounts (parent_id, name_key, id)",
            "CREATE TABLE memberships (
                id {id} PRIMARY KEY,
                organization_id {id} NOT NULL REFERENCES organizations (id),
                user_id {id} NOT NULL REFERENCES users (id),
                status text NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED')),
                created_at {time} NOT NULL,
                updated_at {time} NOT NULL,
                UNIQUE (organization_id, user_id))",
            "CREATE INDEX memberships_by_user ON memberships (user_id)",
            "CREATE TABLE billing_groups (
                id {id} PRIMARY KEY,
                organization_id {id} NOT NULL REFERENCES organizations (id),
                name text NOT NULL,
                name_key {key} NOT NULL,
                created_at {time} NOT NULL,
                updated_at {time} NOT NULL,
                UNIQUE (organization_id, id))",
            "CREATE TABLE billing_group_accounts (
                billing_group_id {id} NOT NULL,
                account_id {id} NOT NULL,
                organization_id {id} NOT NULL,
                created_at {time} NOT NULL,
                PRIMARY KEY (billing_group_id, account_id),
                FOREIGN KEY (organization_id, billing_group_id)
                    REFERENCES billing_groups (organization_id, id) ON DELETE CASCADE,
                FOREIGN KEY (organization_id, account_id)
                    REFERENCES accounts (organization_id, id) ON DELETE CASCADE)",
            "CREATE INDEX billing_group_accounts_by_account ON billing_group_accounts (account_id)",
            // Roles of the catalogue (no organization) and an organization's custom roles.
            "CREATE TABLE roles (
                id {id} PRIMARY KEY,
                organization_id {id} REFERENCES organizations (id),
                key {key} NOT NULL,
                name text NOT NULL,
                description text NOT NULL,
                kind text NOT NULL
                    CHECK (kind IN ('ORGANIZATION', 'GENERAL', 'BUILT_IN', 'RESOURCE', 'CUSTOM')),
                product_group text NOT NULL,
                is_exclusive boolean NOT NULL,
                is_owner boolean NOT NULL,
                resource_type text CHECK (resource_type IN ('BILLING_GROUP')),
                created_at {time} NOT NULL,
                updated_at {time} NOT NULL,
                CHECK ((organization_id IS NOT NULL) = (kind = 'CUSTOM')),
                CHECK ((resource_type IS NOT NULL) = (kind = 'RESOURCE')))",
            "CREATE UNIQUE INDEX catalogue_role_keys ON roles (key) WHERE organization_id IS NULL",
            "CREATE UNIQUE INDEX custom_role_keys ON roles (organization_id, key)
                WHERE organization_id IS NOT NULL",
            "CREATE TABLE role_permissions (
                role_id {id} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
                permission {key} NOT NULL,
                PRIMARY KEY (role_id, permission))",
            "CREATE TABLE role_assignments (
                id {id} PRIMARY KEY,
                organization_id {id} NOT NULL,
                user_id {id} NOT NULL,
                role_id {id} NOT NULL REFERENCES roles (id),
                scope_id {id} NOT NULL,
                account_id {id},
                billing_group_id {id},
                owned_scope_id {id} UNIQUE,
                valid_until {time},
                granted_by {id} REFERENCES users (id) ON DELETE SET NULL,
                created_at {time} NOT NULL,
                CHECK (scope_id = COALESCE(account_id, organization_id)),
                CHECK (owned_scope_id IS NULL OR owned_scope_id = scope_id),
                CHECK (owned_scope_id IS NULL OR valid_until IS NULL),
                CHECK (billing_group_id IS NULL OR account_id IS NULL),
                FOREIGN KEY (organization_id, user_id)
                    REFERENCES memberships (organization_id, user_id),
                FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
                FOREIGN KEY (organization_id, billing_group_id)
                    REFERENCES billing_groups (organization_id, id) ON DELETE CASCADE)",
            "CREATE UNIQUE INDEX assignment_once ON role_assignments (user_id, role_id, scope_id)
                WHERE billing_group_id IS NULL",
            "CREATE UNIQUE INDEX resource_assignment_once
                ON role_assignments (user_id, role_id, billing_group_id)
                WHERE billing_group_id IS NOT NULL",
            "CREATE INDEX assignments_by_user ON role_assignments (organization_id, user_id, id)",
            "CREATE INDEX assignments_by_scope ON role_assignments (scope_id, user_id)",
            "CREATE INDEX assignments_by_role ON role_assignments (organization_id, role_id, user_id)",
        ])
        .await?;
        db.add_foreign_key("organizations", ORGANIZATION_HAS_OWNER).await?;
        db.add_foreign_key("accounts", ACCOUNT_HAS_OWNER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Postgres {
            db.run(&[
                "ALTER TABLE organizations DROP CONSTRAINT organization_has_owner",
                "ALTER TABLE accounts DROP CONSTRAINT account_has_owner",
            ])
            .await?;
        } else {
            // SQLite empties a table before it drops it. Each side of the circle refers to the
            // other, so both are emptied first; the deferred keys are content at the commit.
            db.run(&["DELETE FROM role_assignments", "DELETE FROM accounts"]).await?;
        }
        db.run(&[
            "DROP TABLE role_assignments",
            "DROP TABLE role_permissions",
            "DROP TABLE roles",
            "DROP TABLE billing_group_accounts",
            "DROP TABLE billing_groups",
            "DROP TABLE memberships",
            "DROP TABLE accounts",
            "DROP TABLE organizations",
        ])
        .await
    }
}
