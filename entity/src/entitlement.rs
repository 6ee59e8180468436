//! What the operator entitles an organization to (R55).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::OrganizationId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Whether it may invite people.
    pub invitations: bool,
    /// For how many people there is room; none: for as many as there are.
    pub seats: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
