//! Who did what to what, when, from where, before and after (R70).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AuditEventId, OrganizationId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    pub organization_id: Option<OrganizationId>,
    pub actor_id: Option<UserId>,
    /// `invitation.created`, `role_assignment.removed`, …
    pub action: String,
    /// The prefixed id of what was changed.
    pub target: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub before: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub after: Option<Json>,
    pub network_address: Option<String>,
    pub request_id: String,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
