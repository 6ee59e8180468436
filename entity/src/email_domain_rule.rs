//! A domain that an organization allows or blocks, whatever the lists of providers say (R41).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{OrganizationId, UserId};

/// What an organization decided about a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Verdict {
    /// People there may be invited, even if it is a provider of personal addresses.
    #[sea_orm(string_value = "ALLOW")]
    Allow,
    /// Nobody there is invited.
    #[sea_orm(string_value = "BLOCK")]
    Block,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_domain_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    /// In ASCII, lower case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain: String,
    pub verdict: Verdict,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
