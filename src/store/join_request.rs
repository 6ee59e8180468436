//! Requests to join an organization.

use chrono::{DateTime, Utc};
use entity::id::{JoinRequestId, MailId, OrganizationId, UserId};
use entity::join_request::{ActiveModel, Entity, Status};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, TryInsertResult,
};

use super::list::List;
use super::page::{Order, Window, text_value};
use super::sql::Sql;
use super::user::UserRow;

/// What the API shows of a request.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RequestRow {
    /// The id.
    #[sea_orm(alias = "request_id")]
    pub id: JoinRequestId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Who asks.
    #[sea_orm(nested)]
    pub asker: UserRow,
    /// The language of their mails.
    pub asker_locale: String,
    /// The domain that let them ask.
    pub domain: String,
    /// What they wrote.
    pub message: Option<String>,
    /// The state.
    pub status: Status,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When it was answered or taken back.
    pub ended_at: Option<DateTime<Utc>>,
    /// By whom.
    pub ended_by: Option<UserId>,
}

fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(super::user::COLUMNS).push(
        ", j.id AS request_id, j.organization_id, o.name AS organization_name,
            u.locale AS asker_locale, j.domain, j.message, j.status, j.mail_id,
            j.created_at AS asked_at, j.ended_at, j.ended_by
        FROM join_requests j
        JOIN organizations o ON o.id = j.organization_id
        JOIN users u ON u.id = j.user_id
        WHERE ",
    );
    sql
}

/// A request to be.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The id.
    pub id: JoinRequestId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Who asks.
    pub user_id: UserId,
    /// The domain that lets them.
    pub domain: String,
    /// What they wrote.
    pub message: Option<String>,
    /// The mail that tells of it.
    pub mail_id: Option<MailId>,
}

/// Asks, unless the person's request is pending already; tells whether it did.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: NewRequest,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(new.id),
        organization_id: Set(new.organization_id),
        user_id: Set(new.user_id),
        domain: Set(new.domain),
        message: Set(new.message),
        status: Set(Status::Pending),
        mail_id: Set(new.mail_id),
        ended_at: Set(None),
        ended_by: Set(None),
        created_at: Set(now),
    };
    // Any conflict: the index that lets only one be pending is a partial one.
    let conflict = OnConflict::new().do_nothing().to_owned();
    let insert = Entity::insert(row).on_conflict(conflict).try_insert();
    let outcome = insert.exec_without_returning(db).await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Ends a pending request; tells whether this call did.
pub async fn end(
    db: &impl ConnectionTrait,
    id: JoinRequestId,
    status: Status,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE join_requests SET status = ");
    sql.bind(status).push(", ended_at = ").bind(now).push(", ended_by = ").bind(by);
    sql.push(" WHERE status = 'PENDING' AND id = ").bind(id);
    Ok(sql.execute(db).await? == 1)
}

/// How often somebody asked an organization before.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Asked {
    /// Declined requests, ever.
    pub declined: i64,
    /// All requests since an instant.
    pub lately: i64,
}

/// Counts somebody's requests. The organization is locked, so that it stays true.
pub async fn asked(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
    since: DateTime<Utc>,
) -> Result<Asked, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(CASE WHEN status = 'DECLINED' THEN 1 END) AS declined, ");
    sql.push("COUNT(CASE WHEN created_at > ").bind(since).push(" THEN 1 END) AS lately");
    sql.push(" FROM join_requests WHERE organization_id = ").bind(organization_id);
    sql.push(" AND user_id = ").bind(user_id);
    Ok(sql.one(db).await?.unwrap_or(Asked { declined: 0, lately: 0 }))
}

/// The request with this id, whoever's it is: the caller decides who sees it.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: JoinRequestId,
) -> Result<Option<RequestRow>, DbErr> {
    let mut sql = select();
    sql.push("j.id = ").bind(id);
    sql.one(db).await
}

/// Somebody's pending requests.
pub async fn pending_of(
    db: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Vec<RequestRow>, DbErr> {
    let mut sql = select();
    sql.push("j.status = 'PENDING' AND j.user_id = ").bind(user_id).push(" ORDER BY j.id");
    sql.all(db).await
}

/// The order of requests in listings: newest first.
pub const NEWEST_FIRST: Order =
    Order { column: None, id: "j.id", descending: true, value: text_value };

/// One window of an organization's requests, all or those in one state.
#[must_use]
pub fn list(
    organization_id: OrganizationId,
    status: Option<Status>,
    window: Window,
) -> List<RequestRow> {
    let mut conditions = Sql::new("j.organization_id = ");
    conditions.bind(organization_id);
    if let Some(status) = status {
        conditions.push(" AND j.status = ").bind(status);
    }
    let mut sql = select();
    sql.append(&conditions);
    NEWEST_FIRST.apply(&mut sql, &window);
    let mut count = Sql::new("SELECT COUNT(*) FROM join_requests j WHERE ");
    count.append(&conditions);
    List::new(sql, count, window)
}
