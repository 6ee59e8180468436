//! Somebody whom an organization removed: they do not come back by themselves.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{OrganizationId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "join_bars")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
