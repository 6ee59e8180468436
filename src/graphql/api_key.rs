//! API keys of service users.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{OrganizationId, UserId};

use super::connection::Connection;
use super::context::context;
use super::id::Gid;
use super::loader::{load, read};
use super::user::User;
use crate::app;
use crate::error::Error;
use crate::store::api_key::KeyRow;
use crate::store::page::Window;

/// The states of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum ApiKeyStatus {
    /// It lets its service user in.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A key of a service user.
pub(super) struct ApiKey {
    row: KeyRow,
    now: DateTime<Utc>,
}

impl ApiKey {
    /// A key as it is at an instant.
    pub(super) fn new(row: KeyRow, now: DateTime<Utc>) -> Self {
        Self { row, now }
    }
}

/// A key of a service user: what it sends as `Authorization: Bearer …`. The key itself is shown once, when
/// it is made.
#[Object]
impl ApiKey {
    /// The id, `key_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// The last characters of the key, by which people tell it from others.
    async fn hint(&self) -> &str {
        &self.row.hint
    }

    /// Whom it lets in.
    async fn service_user(&self, ctx: &Context<'_>) -> Result<User> {
        let row = load(ctx, self.row.user_id).await?.ok_or(Error::NotFound("service user"))?;
        Ok(User::new(row, Some(self.row.organization_id), None))
    }

    /// Whether it lets in.
    async fn status(&self) -> ApiKeyStatus {
        if self.row.revoked_at.is_some() {
            ApiKeyStatus::Revoked
        } else if self.row.expires_at <= self.now {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        }
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// Who made it, as long as the identity exists.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.row.created_by else { return Ok(None) };
        let user = load(ctx, id).await?;
        Ok(user.map(|row| User::new(row, Some(self.row.organization_id), None)))
    }

    /// From when on it lets nobody in.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.row.revoked_at
    }

    /// When it last let somebody in, to the minute.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.row.last_used_at
    }

    /// The id of the key that takes its place, once it has been rotated.
    async fn replaced_by_id(&self) -> Option<ID> {
        self.row.replaced_by.map(Into::into)
    }
}

/// Which API keys to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct ApiKeyFilter {
    /// Of this service user.
    service_user_id: Option<Gid<UserId>>,
}

/// A page of an organization's keys.
pub(super) async fn of_organization(
    ctx: &Context<'_>,
    organization_id: OrganizationId,
    filter: Option<ApiKeyFilter>,
    window: Window,
) -> Result<Connection<ApiKey>> {
    let context = context(ctx)?;
    let viewer = context.viewer().await?;
    let of = filter.unwrap_or_default().service_user_id.map(|id| id.0);
    let list = app::api_key::list(&context.app, &viewer, organization_id, of, window)?;
    let page = read(ctx, list).await?;
    Ok(Connection::new(page, KeyRow::cursor, |row| ApiKey::new(row, viewer.now)))
}
