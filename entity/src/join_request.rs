//! Somebody's wish to join an organization that their address is at a domain of.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{JoinRequestId, MailId, OrganizationId, UserId};

/// The states of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Nobody has answered yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The person is a member now.
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// An administrator said no.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// The person took it back.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
    /// The person became a member in another way.
    #[sea_orm(string_value = "OVERTAKEN")]
    Overtaken,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "join_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JoinRequestId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    /// The domain that let them ask, in ASCII, lower case.
    pub domain: String,
    /// What they wrote.
    pub message: Option<String>,
    pub status: Status,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
    /// When and by whom it was answered or taken back.
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
