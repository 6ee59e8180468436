//! The top container: members, accounts, billing groups. Exactly one Owner, by foreign key.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::OrganizationId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrganizationId,
    pub name: String,
    pub name_key: String,
    /// R25: standard users may create accounts of their own.
    pub standard_users_create_accounts: bool,
    /// How long an invitation stands, in hours, when the call does not say (R45).
    pub invitation_hours: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(has_many)]
    pub accounts: HasMany<super::account::Entity>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
    #[sea_orm(has_many)]
    pub billing_groups: HasMany<super::billing_group::Entity>,
    #[sea_orm(has_many)]
    pub invitations: HasMany<super::invitation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
