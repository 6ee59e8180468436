//! An address that wants no more mails about invitations from an organization.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::OrganizationId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_opt_outs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// Normalized.
    #[sea_orm(primary_key, auto_increment = false)]
    pub email_key: String,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
