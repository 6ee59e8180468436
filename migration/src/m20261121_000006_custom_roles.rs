//! Custom roles and billing groups in use: indexes for finding what names a role or a group, and the
//! rule that a custom role is held and promised in its own organization only.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The tables that name roles.
const TABLES: [&str; 2] = ["role_assignments", "invitation_grants"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        db.run(&[
            // The role first: deleting one asks who names it, whatever the organization.
            "DROP INDEX assignments_by_role",
            "CREATE INDEX assignments_by_role ON role_assignments (role_id, organization_id, user_id)",
            "CREATE INDEX invitation_grants_by_role ON invitation_grants (role_id, organization_id)",
            "CREATE INDEX assignments_by_billing_group ON role_assignments (billing_group_id)
                WHERE billing_group_id IS NOT NULL",
            "CREATE INDEX invitation_grants_by_billing_group ON invitation_grants (billing_group_id)
                WHERE billing_group_id IS NOT NULL",
            "CREATE INDEX billing_groups_by_organization
                ON billing_groups (organization_id, name_key, id)",
        ])
        .await?;
        // No foreign key can say this, because a role of the catalogue has no organization.
        if manager.get_database_backend() == DbBackend::Postgres {
            db.run(&["CREATE FUNCTION custom_role_is_of_organization() RETURNS trigger AS $$
                BEGIN
                    IF EXISTS (SELECT 1 FROM roles r WHERE r.id = NEW.role_id
                        AND r.organization_id IS NOT NULL
                        AND r.organization_id <> NEW.organization_id) THEN
                        RAISE EXCEPTION 'a custom role of another organization'
                            USING ERRCODE = 'foreign_key_violation';
                    END IF;
                    RETURN NEW;
                END $$ LANGUAGE plpgsql"])
                .await?;
        }
        for table in TABLES {
            if manager.get_database_backend() == DbBackend::Postgres {
                db.run(&[&format!(
                    "CREATE TRIGGER {table}_custom_role
                    BEFORE INSERT OR UPDATE OF role_id, organization_id ON {table}
                    FOR EACH ROW EXECUTE FUNCTION custom_role_is_of_organization()"
                )])
                .await?;
                continue;
            }
            for (name, event) in
                [("insert", "INSERT"), ("update", "UPDATE OF role_id, organization_id")]
            {
                db.run(&[&format!(
                    "CREATE TRIGGER {table}_custom_role_{name} BEFORE {event} ON {table}
                    WHEN EXISTS (SELECT 1 FROM roles r WHERE r.id = NEW.role_id
                        AND r.organization_id IS NOT NULL
                        AND r.organization_id <> NEW.organization_id)
                    BEGIN SELECT RAISE(ABORT, 'a custom role of another organization'); END"
                )])
                .await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = Dialect::of(manager);
        for table in TABLES {
            if manager.get_database_backend() == DbBackend::Postgres {
                db.run(&[&format!("DROP TRIGGER {table}_custom_role ON {table}")]).await?;
                continue;
            }
            for name in ["insert", "update"] {
                db.run(&[&format!("DROP TRIGGER {table}_custom_role_{name}")]).await?;
            }
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            db.run(&["DROP FUNCTION custom_role_is_of_organization()"]).await?;
        }
        db.run(&[
            "DROP INDEX billing_groups_by_organization",
            "DROP INDEX invitation_grants_by_billing_group",
            "DROP INDEX assignments_by_billing_group",
            "DROP INDEX invitation_grants_by_role",
            "DROP INDEX assignments_by_role",
            "CREATE INDEX assignments_by_role ON role_assignments (organization_id, role_id, user_id)",
        ])
        .await
    }
}
