//! A domain that an organization claims, or has proved, to be its own.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{AccountId, DomainId, OrganizationId, RoleId, UserId};

/// How far the proof is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Nothing is proved yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The domain's TXT record says whose it is.
    #[sea_orm(string_value = "VERIFIED")]
    Verified,
    /// It said so once, and does no longer.
    #[sea_orm(string_value = "LAPSED")]
    Lapsed,
}

/// How people with an address at the domain come into the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum JoinPolicy {
    /// Only by invitation; nobody is told that the organization exists.
    #[sea_orm(string_value = "INVITATION")]
    Invitation,
    /// They are told whom to ask.
    #[sea_orm(string_value = "CONTACT")]
    Contact,
    /// They ask, and an administrator decides.
    #[sea_orm(string_value = "REQUEST")]
    Request,
    /// They join by themselves.
    #[sea_orm(string_value = "AUTOMATIC")]
    Automatic,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    pub organization_id: OrganizationId,
    /// In ASCII, lower case.
    pub domain: String,
    /// What the TXT record has to say.
    pub challenge: String,
    pub status: Status,
    pub verified_at: Option<DateTime<Utc>>,
    pub checked_at: Option<DateTime<Utc>>,
    /// When it is looked up again; none: never, unless somebody asks.
    pub next_check_at: Option<DateTime<Utc>>,
    /// How many look-ups in a row have failed.
    pub failures: i64,
    /// What the last look-up found instead.
    pub last_error: Option<String>,
    /// Whether nobody else invites people there.
    pub reserved: bool,
    pub join_policy: JoinPolicy,
    /// What people who join are given, beside the default role.
    pub join_role_id: Option<RoleId>,
    /// Where; none: at the organization.
    pub join_account_id: Option<AccountId>,
    /// Whom to ask, in the organization's words.
    pub join_contact: Option<String>,
    /// Who answers for what people who join are given (R21).
    pub set_by: UserId,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
