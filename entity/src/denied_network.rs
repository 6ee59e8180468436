//! A network from which nobody is invited (R54).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "denied_networks")]
pub struct Model {
    /// Address and length of the prefix, in their one canonical spelling: `203.0.113.0/24`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub network: String,
    /// The list that it came with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list: String,
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
