//! Accounts that are to go into another organization.

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::account_move::{Side, Status};

use super::account::Account;
use super::connection::Connection;
use super::context::context;
use super::loader::load;
use super::organization::Organization;
use super::user::User;
use crate::error::Error;
use crate::store::account_move::MoveRow;
use crate::store::page::{Cursor, Page};

/// Who asked for a move; the other side answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::account_move::Side")]
pub(super) enum AccountMoveSide {
    /// The account's Owner; those who manage the accounts of the organization that it is to go to
    /// answer.
    Account,
    /// Somebody who manages the accounts of the organization that it is to go to; the account's Owner
    /// answers.
    Organization,
}

/// The states of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::account_move::Status")]
pub(super) enum AccountMoveStatus {
    /// The other side has not answered yet.
    Pending,
    /// Both sides agreed, and the account went.
    Accepted,
    /// The other side said no.
    Declined,
    /// The side that asked took it back.
    Withdrawn,
    /// Its time ran out.
    Expired,
}

/// An account that is to go into another organization, if both sides agree.
pub(super) struct AccountMove {
    row: MoveRow,
    now: DateTime<Utc>,
}

impl AccountMove {
    pub(super) fn new(row: MoveRow, now: DateTime<Utc>) -> Self {
        Self { row, now }
    }
}

/// An account that is to go into another organization, if both sides agree: its Owner, and those who
/// manage the accounts of that organization. These see it, and those who manage the accounts of the
/// organization that it leaves.
#[Object]
impl AccountMove {
    /// The id, `move_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The account. Its subaccounts come along. Null once the move is over and the account is in an
    /// organization that the viewer has no part in.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let MoveRow { account_id, account_name, home_id, home_name, .. } = &self.row;
        let viewer = context(ctx)?.viewer().await?;
        let waits = self.row.status_at(self.now) == Status::Pending;
        let account = Account::named(*account_id, account_name, (*home_id, home_name), None);
        Ok((waits || viewer.standing.membership(*home_id).is_some()).then_some(account))
    }

    /// The organization that it leaves.
    async fn from(&self) -> Organization {
        Organization::named(self.row.from_id, &self.row.from_name)
    }

    /// The organization that it goes to.
    async fn to(&self) -> Organization {
        Organization::named(self.row.to_id, &self.row.to_name)
    }

    /// Who asked.
    async fn asked_by(&self, ctx: &Context<'_>) -> Result<User> {
        let row = load(ctx, self.row.asked_by).await?.ok_or(Error::NotFound("user"))?;
        let through = match self.row.side {
            Side::Account => self.row.from_id,
            Side::Organization => self.row.to_id,
        };
        Ok(User::new(row, Some(through), None))
    }

    /// The side that asked; the other one answers.
    async fn side(&self) -> AccountMoveSide {
        self.row.side.into()
    }

    /// How far it is.
    async fn status(&self) -> AccountMoveStatus {
        self.row.status_at(self.now).into()
    }

    /// Until when it can be accepted: seven days after it was asked for.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When it was accepted, declined or withdrawn, or expired.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        let expired = (self.row.expires_at <= self.now).then_some(self.row.expires_at);
        self.row.ended_at.or(expired)
    }
}

/// A page of moves.
pub(super) fn connection(page: Page<MoveRow>, now: DateTime<Utc>) -> Connection<AccountMove> {
    let cursor = |row: &MoveRow| Cursor { key: None, id: row.id.0 };
    Connection::new(page, cursor, |row| AccountMove::new(row, now))
}
