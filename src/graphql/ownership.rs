//! Offers to hand over what one owns, as the two whom they are between see them.

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::UserId;

use super::connection::Connection;
use super::loader::load;
use super::scope::Scope;
use super::user::User;
use crate::error::Error;
use crate::store::ownership::OfferRow;
use crate::store::page::{Cursor, Page};

/// The states of an offer of ownership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::ownership_offer::Status")]
pub(super) enum OwnershipOfferStatus {
    /// It can be accepted.
    Pending,
    /// Ownership was handed over.
    Accepted,
    /// The person whom it was made to said no.
    Declined,
    /// It was taken back.
    Withdrawn,
    /// Its time ran out.
    Expired,
}

/// An offer to hand over an organization or account.
pub(super) struct OwnershipOffer {
    row: OfferRow,
    now: DateTime<Utc>,
}

impl OwnershipOffer {
    pub(super) fn new(row: OfferRow, now: DateTime<Utc>) -> Self {
        Self { row, now }
    }

    async fn user(&self, ctx: &Context<'_>, id: UserId) -> Result<User> {
        let row = load(ctx, id).await?.ok_or(Error::NotFound("user"))?;
        Ok(User::new(row, Some(self.row.organization_id), None))
    }
}

/// An Owner's offer to hand over their organization or account to another member, who accepts or
/// declines. Seen by these two, as long as they are members.
#[Object]
impl OwnershipOffer {
    /// The id, `offer_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What is offered.
    async fn scope(&self) -> Scope {
        Scope::from(&self.row)
    }

    /// The Owner who offers it.
    async fn from(&self, ctx: &Context<'_>) -> Result<User> {
        self.user(ctx, self.row.from_id).await
    }

    /// Who is to be the Owner.
    async fn to(&self, ctx: &Context<'_>) -> Result<User> {
        self.user(ctx, self.row.to_id).await
    }

    /// The state.
    async fn status(&self) -> OwnershipOfferStatus {
        self.row.status_at(self.now).into()
    }

    /// When it expires or expired, if nobody ends it before.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When it was accepted, declined or withdrawn, or expired.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        match self.row.status_at(self.now) {
            entity::ownership_offer::Status::Expired => Some(self.row.expires_at),
            _ => self.row.ended_at,
        }
    }
}

/// A page of offers.
pub(super) fn connection(page: Page<OfferRow>, now: DateTime<Utc>) -> Connection<OwnershipOffer> {
    let cursor = |row: &OfferRow| Cursor { key: None, id: row.id.0 };
    Connection::new(page, cursor, |row| OwnershipOffer::new(row, now))
}
