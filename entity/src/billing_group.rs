//! A billing group of an organization: the resource that resource roles are about (R10).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{BillingGroupId, OrganizationId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BillingGroupId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub name_key: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organization::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
