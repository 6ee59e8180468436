//! A refresh token (R61): only its hash is kept; a rotated one stays, so that its reuse is noticed.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, SessionId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    pub session_id: SessionId,
    /// The account that tokens made from this one work in.
    pub account_id: Option<AccountId>,
    pub issued_at: DateTime<Utc>,
    /// When it was first used.
    pub rotated_at: Option<DateTime<Utc>>,
    /// How often it was used.
    pub uses: i64,
    #[sea_orm(belongs_to, from = "session_id", to = "id")]
    pub session: BelongsTo<super::session::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
