//! One (role, scope) that an invitation carries.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{
    AccountId, BillingGroupId, InvitationGrantId, InvitationId, OrganizationId, RoleId,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitation_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationGrantId,
    pub invitation_id: InvitationId,
    pub organization_id: OrganizationId,
    /// Its place in the list that the inviter gave.
    pub position: i64,
    pub role_id: RoleId,
    /// None: at the organization.
    pub account_id: Option<AccountId>,
    pub billing_group_id: Option<BillingGroupId>,
    pub valid_until: Option<DateTime<Utc>>,
    #[sea_orm(belongs_to, from = "invitation_id", to = "id")]
    pub invitation: BelongsTo<super::invitation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
