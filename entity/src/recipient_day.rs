//! How many mails about invitations an address has had in its running day.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recipient_days")]
pub struct Model {
    /// The address, normalized.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_key: String,
    pub began_at: DateTime<Utc>,
    pub mails: i64,
}

impl ActiveModelBehavior for ActiveModel {}
