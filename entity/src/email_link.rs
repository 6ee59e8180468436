//! A single-use link mailed to an address to prove that its owner reads it.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::UserId;

/// What following the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Purpose {
    /// Proves the address of a sign-up (R60).
    #[sea_orm(string_value = "VERIFY_EMAIL")]
    VerifyEmail,
    /// Sets a new password (R67).
    #[sea_orm(string_value = "RESET_PASSWORD")]
    ResetPassword,
    /// Gives the user the address that the link was mailed to (R67).
    #[sea_orm(string_value = "CHANGE_EMAIL")]
    ChangeEmail,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_links")]
pub struct Model {
    /// SHA-256 of the token in the link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub user_id: UserId,
    pub purpose: Purpose,
    /// The address that the link was mailed to. Unless it gives the user this address, the link is void
    /// once the user has another.
    pub email_key: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
    /// The new address as it was typed, where the link gives one.
    pub email: Option<String>,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
