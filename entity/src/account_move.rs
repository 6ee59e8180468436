//! An account that is to go into another organization, if both sides agree.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, AccountMoveId, OrganizationId, UserId};

/// Who asked; the other side answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Side {
    /// The account's Owner.
    #[sea_orm(string_value = "ACCOUNT")]
    Account,
    /// Somebody who manages the accounts of the organization that it is to go to.
    #[sea_orm(string_value = "ORGANIZATION")]
    Organization,
}

/// The states of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// The other side has not answered yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// Both sides agreed, and the account went.
    #[sea_orm(string_value = "ACCEPTED")]
    Accepted,
    /// The other side said no.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// The side that asked took it back.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// Its time ran out.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_moves")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountMoveId,
    pub account_id: AccountId,
    pub from_organization_id: OrganizationId,
    pub to_organization_id: OrganizationId,
    pub side: Side,
    pub asked_by: UserId,
    pub status: Status,
    pub expires_at: DateTime<Utc>,
    /// When and by whom it was accepted, declined or withdrawn.
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
