//! Somebody's offer to hand over what they own.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, MailId, OfferId, OrganizationId, UserId};

/// The states of an offer (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Can be accepted until it expires.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The other is the Owner now.
    #[sea_orm(string_value = "ACCEPTED")]
    Accepted,
    /// The other said no.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// It was taken back.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// Its time ran out.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ownership_offers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OfferId,
    pub organization_id: OrganizationId,
    pub account_id: Option<AccountId>,
    /// The account, or the organization where there is none: what one pending offer is about.
    pub scope_id: Uuid,
    pub from_user_id: UserId,
    pub to_user_id: UserId,
    pub status: Status,
    pub expires_at: DateTime<Utc>,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
    /// The mail that will tell of its expiry, called off when it ends otherwise.
    pub expiry_mail_id: Option<MailId>,
    /// When it was accepted, declined, withdrawn or settled as expired.
    pub ended_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
