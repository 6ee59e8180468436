//! How people come in through the domains of their addresses: which organizations they may join, and
//! what ends when they have.

use chrono::{DateTime, Utc};
use entity::email_domain::JoinPolicy;
use entity::id::{AccountId, DomainId, JoinRequestId, MailId, OrganizationId, RoleId, UserId};
use entity::join_bar;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult};

use super::sql::Sql;

/// An organization that people at a verified domain are told of.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DoorRow {
    /// The organization's domain.
    pub domain_id: DomainId,
    /// Its name, in ASCII.
    pub domain: String,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// How people at the domain come in.
    policy: JoinPolicy,
    /// Whether the organization removed this person before.
    barred: bool,
    /// Whom to ask, in the organization's words.
    pub contact: Option<String>,
    /// What those who join are given, beside the default role.
    pub role_id: Option<RoleId>,
    /// Where; none: at the organization.
    pub account_id: Option<AccountId>,
    /// Who vouches for that.
    pub set_by: UserId,
    /// Their name.
    pub setter_name: String,
    /// Their address as typed.
    pub setter_email: String,
    /// The language of their mails.
    pub setter_locale: String,
    /// Whether they still are an active member.
    pub setter_active: bool,
    /// The Owner's name.
    pub owner_name: String,
    /// The Owner's address as typed.
    pub owner_email: String,
    /// The language of the Owner's mails.
    pub owner_locale: String,
}

impl DoorRow {
    /// How this person comes in: who was removed does not come back without being let in.
    #[must_use]
    pub fn policy(&self) -> JoinPolicy {
        match self.policy {
            JoinPolicy::Automatic if self.barred => JoinPolicy::Request,
            policy => policy,
        }
    }
}

/// The organizations that let people at the domain of somebody's address know of them, members
/// included: one at most for a domain, because the database lets only one verify it. None for who has
/// not proved the address. Exactly the domain counts: what is below it may be in other hands.
pub async fn doors(
    db: &impl ConnectionTrait,
    user_id: UserId,
    domain: &str,
) -> Result<Vec<DoorRow>, DbErr> {
    select(user_id, domain).all(db).await
}

/// The same of one organization, held as it is until the transaction ends.
pub async fn lock_door(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    domain: &str,
) -> Result<Option<DoorRow>, DbErr> {
    let mut sql = select(user_id, domain);
    sql.push(" AND d.organization_id = ").bind(organization_id);
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push(" FOR SHARE OF d");
    }
    sql.one(db).await
}

fn select(user_id: UserId, domain: &str) -> Sql {
    let mut sql = Sql::new(
        "SELECT d.id AS domain_id, d.domain, d.organization_id, o.name AS organization_name,
            d.join_policy AS policy, d.join_contact AS contact, d.join_role_id AS role_id,
            d.join_account_id AS account_id, d.set_by, s.name AS setter_name,
            s.email AS setter_email, s.locale AS setter_locale,
            CASE WHEN m.status = 'ACTIVE' THEN TRUE ELSE FALSE END AS setter_active,
            w.name AS owner_name, w.email AS owner_email, w.locale AS owner_locale,
            CASE WHEN b.user_id IS NULL THEN FALSE ELSE TRUE END AS barred
        FROM email_domains d
        JOIN organizations o ON o.id = d.organization_id
        JOIN users s ON s.id = d.set_by
        LEFT JOIN memberships m ON m.organization_id = d.organization_id AND m.user_id = d.set_by
        JOIN role_assignments own ON own.owned_scope_id = d.organization_id
        JOIN users w ON w.id = own.user_id
        JOIN users u ON u.id = ",
    );
    sql.bind(user_id).push(" AND u.email_verified_at IS NOT NULL");
    sql.push(
        " LEFT JOIN join_bars b ON b.organization_id = d.organization_id AND b.user_id = u.id",
    );
    sql.push(" WHERE d.status = 'VERIFIED' AND d.join_policy <> 'INVITATION' AND d.domain = ");
    sql.bind(domain);
    sql
}

/// What those who join through a domain are given, and where: also while the domain is not verified.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct GivenRow {
    /// The role.
    pub role_id: RoleId,
    /// Where; none: at the organization.
    pub account_id: Option<AccountId>,
}

/// What an organization gives to people at one of its domains, if it gives anything.
pub async fn given(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<Option<GivenRow>, DbErr> {
    let mut sql = Sql::new("SELECT d.join_role_id AS role_id, d.join_account_id AS account_id");
    sql.push(" FROM email_domains d WHERE d.join_role_id IS NOT NULL AND d.organization_id = ");
    sql.bind(organization_id).push(" AND d.domain = ").bind(domain);
    sql.one(db).await
}

/// A request that was overtaken.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Overtaken {
    /// The request.
    pub id: JoinRequestId,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
}

/// People are members now: what they asked for is overtaken, and that they were removed before counts no
/// more.
pub async fn came_in(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_ids: &[UserId],
    now: DateTime<Utc>,
) -> Result<Vec<Overtaken>, DbErr> {
    let mut sql = Sql::new("DELETE FROM join_bars WHERE organization_id = ");
    sql.bind(organization_id).push(" AND user_id IN ").list(user_ids.iter().copied());
    sql.execute(db).await?;
    let mut sql = Sql::new("UPDATE join_requests SET status = 'OVERTAKEN', ended_at = ");
    sql.bind(now).push(" WHERE status = 'PENDING' AND organization_id = ").bind(organization_id);
    sql.push(" AND user_id IN ").list(user_ids.iter().copied());
    sql.push(" RETURNING id, mail_id");
    sql.all(db).await
}

/// Somebody was removed: they do not come back by themselves.
pub async fn bar(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = join_bar::ActiveModel {
        organization_id: Set(organization_id),
        user_id: Set(user_id),
        created_at: Set(now),
    };
    join_bar::Entity::insert(row)
        .on_conflict_do_nothing_on([join_bar::Column::OrganizationId, join_bar::Column::UserId])
        .exec_without_returning(db)
        .await
        .map(drop)
}
