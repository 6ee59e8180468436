//! An account of an organization, or a subaccount (it has a parent). Depth is one.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, OrganizationId};

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// In use.
    #[sea_orm(string_value = "ACTIVE")]
    Active,
    /// Kept, but nobody can work in it.
    #[sea_orm(string_value = "SUSPENDED")]
    Suspended,
    /// About to be closed.
    #[sea_orm(string_value = "PENDING_CLOSURE")]
    PendingClosure,
    /// Closed: every access to it is cut (R23).
    #[sea_orm(string_value = "CLOSED")]
    Closed,
}

impl Status {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
        }
    }

    /// As a sentence says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::PendingClosure => "about to be closed",
            Self::Closed => "closed",
        }
    }
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    pub organization_id: OrganizationId,
    /// Set on a subaccount: the top-level account above it.
    pub parent_id: Option<AccountId>,
    /// Set on a top-level account: its own id. What subaccounts and owners refer to.
    pub top_level_id: Option<AccountId>,
    pub name: String,
    pub name_key: String,
    pub status: Status,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organization::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
