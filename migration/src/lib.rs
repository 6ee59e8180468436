//! The steps that bring a database from nothing to the current model, forward and back, on SQLite
//! and on PostgreSQL.
//!
//! The steps are written as SQL, because most of what they say (partial indexes, composite and
//! deferred foreign keys, checks) is what a schema builder leaves out. The few differences between
//! the two databases are type names; [`Dialect`] fills them in.

use sea_orm_migration::prelude::*;

mod dialect;
mod m20261121_000001_identity;
mod m20261121_000002_organizations;
mod m20261121_000003_invitations;
mod m20261121_000004_mails;
mod m20261121_000005_audit;
mod m20261121_000006_custom_roles;
mod m20261121_000007_ownership;
mod m20261121_000008_lifecycle;
mod m20261121_000009_account_moves;
mod m20261121_000010_listings;
mod m20261121_000011_password_reset;
mod m20261121_000012_email_domains;
mod m20261121_000013_join_requests;
mod m20261121_000014_link_requests;
mod m20261121_000015_mail_limits;
mod m20261121_000016_mail_opt_outs;
mod m20261121_000017_operator;
mod m20261128_000020_refresh_uses;
mod m20261128_000022_email_change;
mod m20261128_000025_service_users;
mod m20261128_000027_announced_changes;
mod m20261128_000031_audit_lists;
mod m20261128_000032_idempotent_calls;

pub use dialect::Dialect;
pub use sea_orm_migration::MigratorTrait;

/// What every step answers to `use_transaction`: on `SQLite` too a step is done whole or not at all, so
/// that one that was cut short is simply done again. Left to itself, the library would use none there.
const ALL_OR_NOTHING: Option<bool> = Some(true);

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_identity::Migration),
            Box::new(m20261121_000002_organizations::Migration),
            Box::new(m20261121_000003_invitations::Migration),
            Box::new(m20261121_000004_mails::Migration),
            Box::new(m20261121_000005_audit::Migration),
            Box::new(m20261121_000006_custom_roles::Migration),
            Box::new(m20261121_000007_ownership::Migration),
            Box::new(m20261121_000008_lifecycle::Migration),
            Box::new(m20261121_000009_account_moves::Migration),
            Box::new(m20261121_000010_listings::Migration),
            Box::new(m20261121_000011_password_reset::Migration),
            Box::new(m20261121_000012_email_domains::Migration),
            Box::new(m20261121_000013_join_requests::Migration),
            Box::new(m20261121_000014_link_requests::Migration),
            Box::new(m20261121_000015_mail_limits::Migration),
            Box::new(m20261121_000016_mail_opt_outs::Migration),
            Box::new(m20261121_000017_operator::Migration),
            Box::new(m20261128_000020_refresh_uses::Migration),
            Box::new(m20261128_000022_email_change::Migration),
            Box::new(m20261128_000025_service_users::Migration),
            Box::new(m20261128_000027_announced_changes::Migration),
            Box::new(m20261128_000031_audit_lists::Migration),
            Box::new(m20261128_000032_idempotent_calls::Migration),
        ]
    }
}
