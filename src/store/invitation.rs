//! Invitations: their life.

use chrono::{DateTime, Utc};
use entity::id::{
    AccountId, BillingGroupId, InvitationGrantId, InvitationId, MailId, OrganizationId, RoleId,
    UserId,
};
use entity::invitation::{self, Status};
use entity::invitation_grant;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryTrait,
};

use super::sql::{Batch, ROWS_PER_STATEMENT, Sql};
use crate::access::{Grant, Roles};
use crate::clock::Random;

/// An invitation to be.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The id.
    pub id: InvitationId,
    /// The address as typed.
    pub email: String,
    /// The address normalized.
    pub email_key: String,
    /// What the inviter calls the person.
    pub name: Option<String>,
    /// What the inviter writes.
    pub message: Option<String>,
    /// The language of the mail.
    pub locale: String,
    /// SHA-256 of the link's token.
    pub token_hash: Vec<u8>,
    /// How long it stands, in hours.
    pub lifetime_hours: i64,
    /// The mail that carries the link.
    pub mail_id: MailId,
    /// When that is due (R46).
    pub sent_at: DateTime<Utc>,
    /// When the day that resends are counted in began (R46).
    pub resend_day: DateTime<Utc>,
    /// How many there were in it.
    pub resends_that_day: i64,
    /// The mail that will say that it expires tomorrow.
    pub reminder_id: Option<MailId>,
    /// What it promises.
    pub grants: Vec<Grant>,
}

/// Has invitations made with their grants by a batch, which has their mails already.
pub fn add(
    batch: &mut Batch,
    db: &impl ConnectionTrait,
    (organization_id, invited_by): (OrganizationId, UserId),
    new: &[NewInvitation],
    random: &Random,
    now: DateTime<Utc>,
) {
    if new.is_empty() {
        return;
    }
    let rows = new.iter().map(|new| invitation::ActiveModel {
        id: Set(new.id),
        organization_id: Set(organization_id),
        email: Set(new.email.clone()),
        email_key: Set(new.email_key.clone()),
        name: Set(new.name.clone()),
        message: Set(new.message.clone()),
        locale: Set(new.locale.clone()),
        status: Set(Status::Pending),
        token_hash: Set(new.token_hash.clone()),
        lifetime_hours: Set(new.lifetime_hours),
        expires_at: Set(now + chrono::TimeDelta::hours(new.lifetime_hours)),
        invited_by: Set(invited_by),
        mail_id: Set(Some(new.mail_id)),
        sent_at: Set(new.sent_at),
        resend_day: Set(new.resend_day),
        resends_that_day: Set(new.resends_that_day),
        link_requested_at: Set(None),
        reminder_id: Set(new.reminder_id),
        ended_at: Set(None),
        ended_by: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    });
    batch.add(invitation::Entity::insert_many(rows).build(db.get_database_backend()));
    let grants = new.iter().map(|new| (new.id, new.grants.as_slice()));
    add_grants(batch, db, organization_id, grants, random, now);
}

fn add_grants<'a>(
    batch: &mut Batch,
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    lists: impl Iterator<Item = (InvitationId, &'a [Grant])>,
    random: &Random,
    now: DateTime<Utc>,
) {
    let rows = lists.flat_map(|(id, grants)| {
        grants.iter().zip(0..).map(move |(grant, position)| invitation_grant::ActiveModel {
            id: Set(random.id::<InvitationGrantId>(now)),
            invitation_id: Set(id),
            organization_id: Set(organization_id),
            position: Set(position),
            role_id: Set(grant.role().id),
            account_id: Set(grant.place().account_id()),
            billing_group_id: Set(grant.resource()),
            valid_until: Set(grant.valid_until()),
        })
    });
    let mut grants: Vec<invitation_grant::ActiveModel> = rows.collect();
    // In pieces, because a statement takes only so many values; the usual call is one piece.
    while !grants.is_empty() {
        let piece: Vec<_> = grants.drain(..grants.len().min(ROWS_PER_STATEMENT)).collect();
        batch.add(invitation_grant::Entity::insert_many(piece).build(db.get_database_backend()));
    }
}

/// Makes somebody answer for a pending invitation, and holds it until the transaction ends; tells
/// whether it is still pending.
pub async fn vouch(
    db: &impl ConnectionTrait,
    id: InvitationId,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE invitations SET invited_by = ");
    sql.bind(by).push(", updated_at = ").bind(now).push(" WHERE id = ").bind(id);
    sql.push(" AND status = 'PENDING' AND expires_at > ").bind(now);
    Ok(sql.execute(db).await? == 1)
}

/// Puts these grants in the place of an invitation's.
pub async fn replace_grants(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    id: InvitationId,
    grants: &[Grant],
    random: &Random,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut sql = Sql::new("DELETE FROM invitation_grants WHERE invitation_id = ");
    sql.bind(id);
    sql.execute(db).await?;
    let mut batch = Batch::default();
    let lists = std::iter::once((id, grants));
    add_grants(&mut batch, db, organization_id, lists, random, now);
    batch.execute(db).await
}

/// The invitation with this id, whoever's it is: the caller decides who sees it.
pub async fn by_id(
    db: &impl ConnectionTrait,
    id: InvitationId,
) -> Result<Option<invitation::Model>, DbErr> {
    invitation::Entity::find_by_id(id).one(db).await
}

/// Settles as expired those of these addresses' invitations whose time has run out, so that they no
/// longer stand in the way of new ones (R43).
pub async fn settle_expired(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    email_keys: &[String],
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let mut sql =
        Sql::new("UPDATE invitations SET status = 'EXPIRED', ended_at = expires_at, updated_at = ");
    sql.bind(now).push(" WHERE status = 'PENDING' AND expires_at <= ").bind(now);
    sql.push(" AND organization_id = ").bind(organization_id);
    sql.push(" AND email_key IN ").list(email_keys.iter().cloned());
    sql.execute(db).await
}

/// A pending invitation of an address.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PendingRow {
    /// The invitation.
    pub id: InvitationId,
    /// The address.
    pub email_key: String,
}

/// The pending invitations of these addresses; call [`settle_expired`] first.
pub async fn pending(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    email_keys: &[String],
) -> Result<Vec<PendingRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT id, email_key FROM invitations WHERE status = 'PENDING' AND organization_id = ",
    );
    sql.bind(organization_id).push(" AND email_key IN ").list(email_keys.iter().cloned());
    sql.all(db).await
}

/// What a resend changes (R46).
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The hash of the new link's token; the old link is dead from here on.
    pub token_hash: Vec<u8>,
    /// The mail that carries the new link.
    pub mail_id: MailId,
    /// The mail that will say that it expires tomorrow.
    pub reminder_id: Option<MailId>,
    /// Who vouches for it from here on.
    pub invited_by: UserId,
    /// The new end.
    pub expires_at: DateTime<Utc>,
    /// When the day that resends are counted in began.
    pub resend_day: DateTime<Utc>,
    /// How many there were in it, this one included.
    pub resends_that_day: i64,
}

/// Renews an invitation, if it still is as `before` was read; tells whether it did. It becomes
/// pending again where it had expired.
pub async fn renew(
    db: &impl ConnectionTrait,
    before: &invitation::Model,
    renewal: Renewal,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE invitations SET status = 'PENDING', token_hash = ");
    sql.bind(renewal.token_hash).push(", mail_id = ").bind(renewal.mail_id);
    sql.push(", reminder_id = ").bind(renewal.reminder_id);
    sql.push(", invited_by = ").bind(renewal.invited_by);
    sql.push(", expires_at = ").bind(renewal.expires_at).push(", sent_at = ").bind(now);
    sql.push(", resend_day = ").bind(renewal.resend_day);
    sql.push(", resends_that_day = ").bind(renewal.resends_that_day);
    sql.push(", link_requested_at = NULL, ended_at = NULL, ended_by = NULL, updated_at = ")
        .bind(now);
    sql.push(" WHERE id = ")
        .bind(before.id)
        .push(" AND token_hash = ")
        .bind(before.token_hash.clone());
    sql.push(" AND status IN ('PENDING', 'EXPIRED')");
    Ok(sql.execute(db).await? == 1)
}

/// Notes that a new link is asked for, unless one was asked for after `since`, or the link is not the
/// newest any more; tells whether it did.
pub async fn ask_for_link(
    db: &impl ConnectionTrait,
    id: InvitationId,
    token_hash: &[u8],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE invitations SET link_requested_at = ");
    sql.bind(now).push(", updated_at = ").bind(now).push(" WHERE id = ").bind(id);
    sql.push(" AND token_hash = ").bind(token_hash.to_vec());
    sql.push(" AND status IN ('PENDING', 'EXPIRED')");
    sql.push(" AND (link_requested_at IS NULL OR link_requested_at <= ").bind(since).push(")");
    Ok(sql.execute(db).await? == 1)
}

/// Ends a pending invitation as accepted, declined or revoked; tells whether this call did. With a
/// token's hash and the inviter that its link was read with, only while both are the current ones.
pub async fn end(
    db: &impl ConnectionTrait,
    id: InvitationId,
    link: Option<(&[u8], UserId)>,
    status: Status,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("UPDATE invitations SET status = ");
    sql.bind(status).push(", ended_at = ").bind(now).push(", ended_by = ").bind(by);
    sql.push(", updated_at = ").bind(now).push(" WHERE status = 'PENDING' AND id = ").bind(id);
    if let Some((hash, invited_by)) = link {
        sql.push(" AND token_hash = ").bind(hash.to_vec());
        sql.push(" AND invited_by = ").bind(invited_by);
        sql.push(" AND expires_at > ").bind(now);
    }
    Ok(sql.execute(db).await? == 1)
}

/// What a link leads to, in one statement.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LinkRow {
    /// The invitation.
    pub id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub organization_name: String,
    /// The address as typed.
    pub email: String,
    /// The address normalized.
    pub email_key: String,
    /// What the inviter calls the person.
    pub name: Option<String>,
    /// What the inviter wrote.
    pub message: Option<String>,
    /// The language of the mail.
    pub locale: String,
    /// The state, expiry aside.
    pub status: Status,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When a new link was last asked for.
    pub link_requested_at: Option<DateTime<Utc>>,
    /// Who invites.
    pub invited_by: UserId,
    /// The inviter's name.
    pub inviter_name: String,
    /// The inviter's address.
    pub inviter_email: String,
    /// The inviter's language.
    pub inviter_locale: String,
    /// The identity that the address has, if any.
    pub user_id: Option<UserId>,
}

/// What the link whose token has this hash leads to.
pub async fn by_token(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<LinkRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT i.id, i.organization_id, o.name AS organization_name, i.email, i.email_key, i.name,
            i.message, i.locale, i.status, i.expires_at, i.link_requested_at, i.invited_by,
            b.name AS inviter_name, b.email AS inviter_email, b.locale AS inviter_locale, u.id AS user_id
        FROM invitations i
        JOIN organizations o ON o.id = i.organization_id
        JOIN users b ON b.id = i.invited_by
        LEFT JOIN users u ON u.email_key = i.email_key
        WHERE i.token_hash = ",
    );
    sql.bind(hash.to_vec());
    sql.one(db).await
}

/// A grant of an invitation with the names around it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct GrantRow {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub organization_name: String,
    /// The role.
    pub role_id: RoleId,
    /// The role's name, where it is a custom one.
    pub custom_role_name: Option<String>,
    /// The key of the role, if it is a custom one.
    pub custom_role_key: Option<String>,
    /// The account; none at the organization.
    pub account_id: Option<AccountId>,
    /// The account's name.
    pub account_name: Option<String>,
    /// The account above.
    pub parent_id: Option<AccountId>,
    /// The name of the account above.
    pub parent_name: Option<String>,
    /// The resource.
    pub billing_group_id: Option<BillingGroupId>,
    /// The resource's name.
    pub billing_group_name: Option<String>,
    /// Until when it will grant.
    pub valid_until: Option<DateTime<Utc>>,
}

impl GrantRow {
    /// What the role is called; none for one that the catalogue no longer has.
    #[must_use]
    pub fn role_name<'a>(&'a self, roles: &'a Roles) -> Option<&'a str> {
        let name = roles.get(self.role_id).map(|role| role.name.as_str());
        name.or(self.custom_role_name.as_deref())
    }
}

/// The grants of these invitations, in the order in which they were given.
pub async fn grants(
    db: &impl ConnectionTrait,
    ids: &[InvitationId],
) -> Result<Vec<GrantRow>, DbErr> {
    let mut sql = Sql::new(
        "SELECT g.invitation_id, g.organization_id, o.name AS organization_name, g.role_id,
            c.name AS custom_role_name, c.key AS custom_role_key, g.account_id, a.name AS account_name, a.parent_id, p.name AS parent_name,
            g.billing_group_id, b.name AS billing_group_name, g.valid_until
        FROM invitation_grants g
        JOIN organizations o ON o.id = g.organization_id
        LEFT JOIN roles c ON c.id = g.role_id AND c.organization_id = g.organization_id
        LEFT JOIN accounts a ON a.id = g.account_id
        LEFT JOIN accounts p ON p.id = a.parent_id
        LEFT JOIN billing_groups b ON b.id = g.billing_group_id
        WHERE g.invitation_id IN ",
    );
    sql.list(ids.iter().copied()).push(" ORDER BY g.invitation_id, g.position");
    sql.all(db).await
}

/// Which of these billing groups the organization has.
pub async fn known_billing_groups(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    ids: &[BillingGroupId],
) -> Result<Vec<BillingGroupId>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = entity::billing_group::Entity::find()
        .filter(entity::billing_group::Column::OrganizationId.eq(organization_id))
        .filter(entity::billing_group::Column::Id.is_in(ids.to_vec()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
