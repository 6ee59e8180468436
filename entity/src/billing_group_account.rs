//! An account linked to a billing group.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, BillingGroupId, OrganizationId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_group_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub billing_group_id: BillingGroupId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    pub organization_id: OrganizationId,
    pub created_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "billing_group_id", to = "id")]
    pub billing_group: BelongsTo<super::billing_group::Entity>,
    #[sea_orm(belongs_to, from = "account_id", to = "id")]
    pub account: BelongsTo<super::account::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
