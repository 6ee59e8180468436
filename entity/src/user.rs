//! One person, one identity, one normalized email (R42); or a machine of an organization.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, OrganizationId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub name: String,
    /// The name folded for sorting and searching.
    pub name_key: String,
    /// As typed, for display and delivery.
    pub email: String,
    /// Normalized: the identity.
    pub email_key: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    /// PHC string; none for somebody who cannot sign in with a password.
    pub password_hash: Option<String>,
    /// BCP 47 language of mails and pages.
    pub locale: String,
    pub default_account_id: Option<AccountId>,
    pub last_account_id: Option<AccountId>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The organization whose machine it is; none for a person.
    pub service_of: Option<OrganizationId>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::session::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
