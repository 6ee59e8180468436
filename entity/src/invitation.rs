//! An email asked to join an organization with a list of grants.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{InvitationId, MailId, OrganizationId, UserId};

/// The states of an invitation (R45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Can be accepted until it expires.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The person joined.
    #[sea_orm(string_value = "ACCEPTED")]
    Accepted,
    /// The person said no.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// An administrator took it back.
    #[sea_orm(string_value = "REVOKED")]
    Revoked,
    /// Its time ran out.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    pub organization_id: OrganizationId,
    /// As typed.
    pub email: String,
    /// Normalized.
    pub email_key: String,
    /// What the inviter calls the person.
    pub name: Option<String>,
    pub message: Option<String>,
    pub locale: String,
    pub status: Status,
    /// SHA-256 of the link's token.
    pub token_hash: Vec<u8>,
    /// What a resend renews the expiry by, in hours.
    pub lifetime_hours: i64,
    pub expires_at: DateTime<Utc>,
    pub invited_by: UserId,
    /// The newest mail about it: what its delivery state is read from.
    pub mail_id: Option<MailId>,
    /// The mail that says that it expires tomorrow, where it stands long enough.
    pub reminder_id: Option<MailId>,
    /// When the newest mail was queued (R46: at most one a minute).
    pub sent_at: DateTime<Utc>,
    /// When the running day of resends began (R46: at most five a day).
    pub resend_day: DateTime<Utc>,
    pub resends_that_day: i64,
    /// When a new link was last asked for (R49); none since the newest one was mailed.
    pub link_requested_at: Option<DateTime<Utc>>,
    /// When and by whom it was accepted, declined or revoked.
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organization::Entity>,
    #[sea_orm(has_many)]
    pub grants: HasMany<super::invitation_grant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
