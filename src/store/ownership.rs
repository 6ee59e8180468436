//! Offers to hand over what one owns (R22).

use chrono::{DateTime, Utc};
use entity::id::{AccountId, MailId, OfferId, OrganizationId, UserId};
use entity::ownership_offer::{self, Status};
use sea_orm::entity::prelude::Uuid;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

use super::page::{Order, Page, Window, text_value};
use super::sql::Sql;

/// An offer with whom it is between and what it is about.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OfferRow {
    /// The id.
    pub id: OfferId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub organization_name: String,
    /// The account; none when it is the organization that is offered.
    pub account_id: Option<AccountId>,
    /// The account's name.
    pub account_name: Option<String>,
    /// The Owner who offers.
    pub from_id: UserId,
    /// Their name.
    pub from_name: String,
    /// Their address as typed.
    pub from_email: String,
    /// The language of their mails.
    pub from_locale: String,
    /// Who is to be the Owner.
    pub to_id: UserId,
    /// Their name.
    pub to_name: String,
    /// Their address as typed.
    pub to_email: String,
    /// The language of their mails.
    pub to_locale: String,
    /// The state, expiry aside.
    pub status: Status,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
    /// The mail that will tell of its expiry.
    pub expiry_mail_id: Option<MailId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl OfferRow {
    /// The state at an instant: a pending one whose time has run out has expired.
    #[must_use]
    pub fn status_at(&self, now: DateTime<Utc>) -> Status {
        match self.status {
            Status::Pending if self.expires_at <= now => Status::Expired,
            status => status,
        }
    }
}

const SELECT: &str = "SELECT f.id, f.organization_id, o.name AS organization_name, f.account_id,
        a.name AS account_name, f.from_user_id AS from_id, u.name AS from_name,
        u.email AS from_email, u.locale AS from_locale, f.to_user_id AS to_id, t.name AS to_name,
        t.email AS to_email, t.locale AS to_locale, f.status, f.expires_at, f.mail_id,
        f.expiry_mail_id, f.created_at, f.ended_at
    FROM ownership_offers f
    JOIN organizations o ON o.id = f.organization_id
    LEFT JOIN accounts a ON a.id = f.account_id
    JOIN users u ON u.id = f.from_user_id
    JOIN users t ON t.id = f.to_user_id
    WHERE ";

/// An offer to be.
#[derive(Clone, Debug)]
pub struct NewOffer {
    /// The id.
    pub id: OfferId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The account; none when it is the organization that is offered.
    pub account_id: Option<AccountId>,
    /// The Owner who offers.
    pub from_id: UserId,
    /// Who is to be the Owner.
    pub to_id: UserId,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// The mail that tells of it.
    pub mail_id: MailId,
    /// The mail that will tell of its expiry.
    pub expiry_mail_id: MailId,
}

/// Makes an offer. The database takes one pending offer for a scope.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewOffer,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ownership_offer::ActiveModel {
        id: Set(new.id),
        organization_id: Set(new.organization_id),
        account_id: Set(new.account_id),
        scope_id: Set(new.account_id.map_or(new.organization_id.0, |id| id.0)),
        from_user_id: Set(new.from_id),
        to_user_id: Set(new.to_id),
        status: Set(Status::Pending),
        expires_at: Set(new.expires_at),
        mail_id: Set(Some(new.mail_id)),
        expiry_mail_id: Set(Some(new.expiry_mail_id)),
        ended_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    ownership_offer::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The offer with this id, whoever it is between: the caller decides who sees it.
pub async fn by_id(db: &impl ConnectionTrait, id: OfferId) -> Result<Option<OfferRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("f.id = ").bind(id);
    sql.one(db).await
}

/// The offers about these scopes that have not ended, those whose time has run out included.
pub async fn standing(
    db: &impl ConnectionTrait,
    scope_ids: &[Uuid],
) -> Result<Vec<OfferRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("f.status = 'PENDING' AND f.scope_id IN ").list(scope_ids.iter().copied());
    sql.push(" ORDER BY f.id");
    sql.all(db).await
}

/// Whose offers are meant, within an organization.
#[derive(Clone, Copy, Debug)]
pub enum Concerned<'a> {
    /// Those about these accounts.
    Accounts(&'a [AccountId]),
    /// Those that a user made or was made.
    User(UserId),
}

/// The offers in an organization that have not ended and concern these accounts or this user.
pub async fn concerning(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    concerned: Concerned<'_>,
) -> Result<Vec<OfferRow>, DbErr> {
    let mut sql = Sql::new(SELECT);
    sql.push("f.status = 'PENDING' AND f.organization_id = ").bind(organization_id);
    match concerned {
        Concerned::Accounts(ids) => sql.push(" AND f.account_id IN ").list(ids.iter().copied()),
        Concerned::User(id) => {
            sql.push(" AND (f.from_user_id = ").bind(id).push(" OR f.to_user_id = ").bind(id);
            sql.push(")")
        }
    };
    sql.push(" ORDER BY f.id");
    sql.all(db).await
}

/// Ends those of these offers that are pending, or as expired those whose time has run out; the ids
/// of those that this call ended.
pub async fn end(
    db: &impl ConnectionTrait,
    ids: &[OfferId],
    status: Status,
    now: DateTime<Utc>,
) -> Result<Vec<OfferId>, DbErr> {
    let mut sql = Sql::new("UPDATE ownership_offers SET status = ");
    sql.bind(status).push(", ended_at = ").bind(now).push(", updated_at = ").bind(now);
    sql.push(" WHERE status = 'PENDING' AND expires_at ");
    sql.push(if status == Status::Expired { "<= " } else { "> " }).bind(now);
    sql.push(" AND id IN ").list(ids.iter().copied()).push(" RETURNING id");
    let statement = sql.statement(db);
    db.query_all_raw(statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// Hands what somebody owns to somebody else, as far as it still is theirs; how many scopes that was.
/// It is the same assignment, held since now by another: the database never sees a scope without an
/// owner.
pub async fn hand_over(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    scopes: &[Uuid],
    from: UserId,
    to: UserId,
    now: DateTime<Utc>,
) -> Result<usize, DbErr> {
    let mut sql = Sql::new("UPDATE role_assignments SET user_id = ");
    sql.bind(to).push(", granted_by = NULL, created_at = ").bind(now);
    sql.push(" WHERE organization_id = ").bind(organization_id).push(" AND user_id = ").bind(from);
    sql.push(" AND owned_scope_id IN ").list(scopes.iter().copied());
    Ok(usize::try_from(sql.execute(db).await?).unwrap_or(usize::MAX))
}

/// The order of [`page_of_user`]: as they were made.
pub const BY_TIME: Order = Order { column: None, id: "f.id", descending: false, value: text_value };

/// The pending offers that a user made or was made, in organizations that they are a member of.
pub async fn page_of_user(
    db: &impl ConnectionTrait,
    user_id: UserId,
    now: DateTime<Utc>,
    window: &Window,
) -> Result<Page<OfferRow>, DbErr> {
    let mut theirs = Sql::new("(f.from_user_id = ");
    theirs.bind(user_id).push(" OR f.to_user_id = ").bind(user_id);
    theirs.push(") AND f.status = 'PENDING' AND f.expires_at > ").bind(now);
    theirs.push(" AND f.organization_id IN (SELECT m.organization_id FROM memberships m");
    theirs.push(" WHERE m.user_id = ").bind(user_id).push(")");

    let mut sql = Sql::new(SELECT);
    sql.append(&theirs);
    BY_TIME.apply(&mut sql, window);
    let rows = sql.all(db).await?;
    let total = if window.total {
        let mut sql = Sql::new("SELECT COUNT(*) FROM ownership_offers f WHERE ");
        sql.append(&theirs);
        Some(sql.count(db).await?)
    } else {
        None
    };
    Ok(Page::cut(rows, window, total))
}
