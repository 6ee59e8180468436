//! What an administrator's lists are sorted, filtered and searched by, served by indexes however large
//! an organization is (R30, R31).
//!
//! * **Memberships carry the sort keys of their users**, so that one index leads with the organization
//!   and goes on in the order of the list. Triggers keep them: servers of the version before insert
//!   memberships and note sign-ins without knowing of the keys. Who never signed in sorts behind all
//!   others, so there the key is the end of time instead of nothing, and a page is one range.
//! * **What is found anywhere in a text** is found by trigrams, on PostgreSQL, if its extension
//!   `pg_trgm` can be made. Where it cannot be, searching reads the organization's rows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The key of those who never signed in, as both databases write it.
const NEVER: &str = "'9999-12-31T23:59:59+00:00'";

/// Inserting takes the user's keys and holds the user until the commit, so that a change of them that
/// goes on at the same time is not missed.
const POSTGRES_TRIGGERS: [&str; 4] = [
    "CREATE FUNCTION membership_takes_keys() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        SELECT name_key, email_key, COALESCE(last_sign_in_at, NEVER)
            INTO NEW.name_key, NEW.email_key, NEW.last_sign_in_key
            FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
        RETURN NEW;
    END $$",
    "CREATE TRIGGER membership_takes_keys BEFORE INSERT ON memberships
        FOR EACH ROW EXECUTE FUNCTION membership_takes_keys()",
    "CREATE FUNCTION user_gives_keys() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE memberships SET name_key = NEW.name_key, email_key = NEW.email_key,
            last_sign_in_key = COALESCE(NEW.last_sign_in_at, NEVER)
            WHERE user_id = NEW.id;
        RETURN NULL;
    END $$",
    "CREATE TRIGGER user_gives_keys AFTER UPDATE OF name_key, email_key, last_sign_in_at ON users
        FOR EACH ROW WHEN ((OLD.name_key, OLD.email_key, OLD.last_sign_in_at)
            IS DISTINCT FROM (NEW.name_key, NEW.email_key, NEW.last_sign_in_at))
        EXECUTE FUNCTION user_gives_keys()",
];

const SQLITE_TRIGGERS: [&str; 2] = [
    "CREATE TRIGGER membership_takes_keys AFTER INSERT ON memberships BEGIN
        UPDATE memberships SET (name_key, email_key, last_sign_in_key) =
            (SELECT name_key, email_key, COALESCE(last_sign_in_at, NEVER)
                FROM users WHERE id = NEW.user_id)
            WHERE id = NEW.id;
    END",
    "CREATE TRIGGER user_gives_keys AFTER UPDATE OF name_key, email_key, last_sign_in_at ON users BEGIN
        UPDATE memberships SET name_key = NEW.name_key, email_key = NEW.email_key,
            last_sign_in_key = COALESCE(NEW.last_sign_in_at, NEVER)
            WHERE user_id = NEW.id;
    END",
];

/// The extension is made by a superuser, or by the database's owner; neither need be us, and it need not
/// be installed on the server. A failed attempt is undone by itself. The indexes name the extension's
/// schema, because it may be one that is not searched.
const SEARCH: &str = "DO $$ DECLARE home text; BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'searches will read whole organizations: pg_trgm cannot be made (%)', SQLERRM;
        RETURN;
    END;
    SELECT quote_ident(nspname) INTO home FROM pg_extension e
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX memberships_searched ON memberships
        USING gin (name_key %1$s.gin_trgm_ops, email_key %1$s.gin_trgm_ops)', home);
    EXECUTE format('CREATE INDEX accounts_searched ON accounts
        USING gin (name_key %1$s.gin_trgm_ops)', home);
    EXECUTE format('CREATE INDEX invitations_searched ON invitations
        USING gin (email_key %1$s.gin_trgm_ops)', home);
END $$";

/// Each with the table and what it is on.
const INDEXES: [(&str, &str); 18] = [
    ("memberships_by_name", "memberships (organization_id, name_key, user_id)"),
    ("memberships_by_email", "memberships (organization_id, email_key, user_id)"),
    ("memberships_by_sign_in", "memberships (organization_id, last_sign_in_key, user_id)"),
    ("memberships_by_status_name", "memberships (organization_id, status, name_key, user_id)"),
    ("memberships_by_status_email", "memberships (organization_id, status, email_key, user_id)"),
    (
        "memberships_by_status_sign_in",
        "memberships (organization_id, status, last_sign_in_key, user_id)",
    ),
    ("assignments_by_time", "role_assignments (organization_id, id)"),
    ("assignments_by_role_time", "role_assignments (organization_id, role_id, id)"),
    ("assignments_by_scope_time", "role_assignments (scope_id, id)"),
    ("assignments_by_scope_role_time", "role_assignments (scope_id, role_id, id)"),
    ("assignments_by_scope_role_user", "role_assignments (scope_id, role_id, user_id)"),
    (
        "assignments_with_end",
        "role_assignments (organization_id, valid_until, id) WHERE valid_until IS NOT NULL",
    ),
    (
        "assignments_with_end_by_scope",
        "role_assignments (scope_id, valid_until, id) WHERE valid_until IS NOT NULL",
    ),
    ("open_accounts", "accounts (organization_id, name_key, id) WHERE status <> 'CLOSED'"),
    ("open_subaccounts", "accounts (parent_id, name_key, id) WHERE status <> 'CLOSED'"),
    ("invitations_by_status", "invitations (organization_id, status, created_at, id)"),
    ("invitations_by_inviter", "invitations (organization_id, invited_by, created_at, id)"),
    ("invitation_grants_by_account", "invitation_grants (account_id, invitation_id)"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        db.run(&[
            "ALTER TABLE memberships ADD COLUMN name_key {key} NOT NULL DEFAULT ''",
            "ALTER TABLE memberships ADD COLUMN email_key {key} NOT NULL DEFAULT ''",
            &format!(
                "ALTER TABLE memberships
                    ADD COLUMN last_sign_in_key {{time}} NOT NULL DEFAULT {NEVER}"
            ),
        ])
        .await?;
        let triggers: &[&str] = if postgres { &POSTGRES_TRIGGERS } else { &SQLITE_TRIGGERS };
        for trigger in triggers {
            db.run(&[&trigger.replace("NEVER", NEVER)]).await?;
        }
        db.run(&[&format!(
            "UPDATE memberships SET (name_key, email_key, last_sign_in_key) =
                (SELECT name_key, email_key, COALESCE(last_sign_in_at, {NEVER})
                    FROM users WHERE id = memberships.user_id)"
        )])
        .await?;
        for (name, on) in INDEXES {
            db.run(&[&format!("CREATE INDEX {name} ON {on}")]).await?;
        }
        if postgres {
            db.run(&[SEARCH]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        db.run(&[
            "DROP INDEX IF EXISTS memberships_searched",
            "DROP INDEX IF EXISTS accounts_searched",
            "DROP INDEX IF EXISTS invitations_searched",
        ])
        .await?;
        for (name, _) in INDEXES {
            db.run(&[&format!("DROP INDEX {name}")]).await?;
        }
        let triggers: &[&str] = if manager.get_database_backend() == DbBackend::Postgres {
            &[
                "DROP TRIGGER user_gives_keys ON users",
                "DROP TRIGGER membership_takes_keys ON memberships",
                "DROP FUNCTION user_gives_keys",
                "DROP FUNCTION membership_takes_keys",
            ]
        } else {
            &["DROP TRIGGER user_gives_keys", "DROP TRIGGER membership_takes_keys"]
        };
        db.run(triggers).await?;
        db.run(&[
            "ALTER TABLE memberships DROP COLUMN name_key",
            "ALTER TABLE memberships DROP COLUMN email_key",
            "ALTER TABLE memberships DROP COLUMN last_sign_in_key",
        ])
        .await
    }
}
