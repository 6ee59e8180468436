//! A user in an organization.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{MembershipId, OrganizationId, UserId};

/// Whether the member's assignments count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// They count.
    #[sea_orm(string_value = "ACTIVE")]
    Active,
    /// They are kept, and grant nothing.
    #[sea_orm(string_value = "SUSPENDED")]
    Suspended,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MembershipId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub status: Status,
    /// The user's, as the two below: the database keeps them, and nobody writes them.
    pub name_key: String,
    pub email_key: String,
    /// The end of time for who never signed in.
    pub last_sign_in_key: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organization::Entity>,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
