//! User × role × scope (× resource).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, AssignmentId, BillingGroupId, OrganizationId, RoleId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_assignments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssignmentId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub role_id: RoleId,
    /// The account, or the organization where there is none: what uniqueness is about.
    pub scope_id: Uuid,
    pub account_id: Option<AccountId>,
    pub billing_group_id: Option<BillingGroupId>,
    /// Set on an owner's assignment: the scope that it owns.
    pub owned_scope_id: Option<Uuid>,
    /// From this instant on it grants nothing (R16).
    pub valid_until: Option<DateTime<Utc>>,
    pub granted_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "role_id", to = "id")]
    pub role: BelongsTo<super::role::Entity>,
    #[sea_orm(belongs_to, from = "account_id", to = "id")]
    pub account: BelongsTo<Option<super::account::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
