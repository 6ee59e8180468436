//! A mail in the outbox (R53).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{MailId, OrganizationId};

/// How far a mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// Waiting for a worker, or for its next attempt.
    #[sea_orm(string_value = "QUEUED")]
    Queued,
    /// Handed to the mail server.
    #[sea_orm(string_value = "SENT")]
    Sent,
    /// Given up.
    #[sea_orm(string_value = "FAILED")]
    Failed,
    /// Overtaken before it was sent: its link was replaced or revoked.
    #[sea_orm(string_value = "CANCELLED")]
    Cancelled,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    /// Which message it is: `invitation`, `verify_email`, …
    pub kind: String,
    pub organization_id: Option<OrganizationId>,
    pub recipient: String,
    /// The rendered mail, encrypted; erased once it has been handed over.
    pub sealed: Option<Vec<u8>>,
    pub state: State,
    pub attempts: i64,
    pub next_attempt_at: DateTime<Utc>,
    pub leased_until: Option<DateTime<Utc>>,
    /// Which taking of the mail the lease belongs to.
    pub lease: Option<Uuid>,
    pub last_error: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
    /// When the limit of its organization lets it go; none until a worker has asked.
    pub let_go_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
