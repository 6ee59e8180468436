//! A call that carried an idempotency key and was carried out, with its answer (R71).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotent_calls")]
pub struct Model {
    /// SHA-256 of whose key it is, and the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// What the call asked for, sealed; sealed anew for each call, so that no two are the same.
    pub input: Vec<u8>,
    /// What it was answered, sealed. None as long as the answer is being made, and for ever if its server
    /// died over it.
    pub answer: Option<Vec<u8>>,
    /// When the key is free again.
    pub expires_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
