//! A role: of the catalogue (no organization), or an organization's custom one.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::id::{OrganizationId, RoleId};

/// The kinds of roles (R10); the kind decides at which scopes a role can be assigned.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// At an organization only.
    #[sea_orm(string_value = "ORGANIZATION")]
    Organization,
    /// At an account or subaccount, not tied to a product.
    #[sea_orm(string_value = "GENERAL")]
    General,
    /// A product's role, at an organization, account or subaccount.
    #[sea_orm(string_value = "BUILT_IN")]
    BuiltIn,
    /// At an organization, about one resource.
    #[sea_orm(string_value = "RESOURCE")]
    Resource,
    /// Made by an organization.
    #[sea_orm(string_value = "CUSTOM")]
    Custom,
}

/// What a resource role is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceType {
    /// A billing group.
    #[sea_orm(string_value = "BILLING_GROUP")]
    BillingGroup,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleId,
    pub organization_id: Option<OrganizationId>,
    pub key: String,
    pub name: String,
    pub description: String,
    pub kind: Kind,
    pub product_group: String,
    pub is_exclusive: bool,
    pub is_owner: bool,
    pub resource_type: Option<ResourceType>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(has_many)]
    pub permissions: HasMany<super::role_permission::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
