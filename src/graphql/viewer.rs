//! The signed-in person.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use entity::id::OrganizationId;

use super::account::{self, Account};
use super::account_move::{self, AccountMove};
use super::audit::{self, AuditEvent, AuditEventFilter, AuditEventOrder};
use super::connection::{Connection, window};
use super::context::context;
use super::entitlement::{self, Network};
use super::join::JoinableOrganization;
use super::loader::{load, read};
use super::organization::Organization;
use super::ownership::{self, OwnershipOffer};
use super::session::{self, Session};
use super::user::User;
use crate::access;
use crate::app;
use crate::error::Error;
use crate::store::organization::OrganizationRow;
use crate::store::page::Cursor;

/// The signed-in person, and where they work.
pub(super) struct Viewer(pub(super) Arc<access::Viewer>);

impl Viewer {
    /// The organization that the person is seen through: the one they work in, else their first.
    fn organization_id(&self) -> Option<OrganizationId> {
        let member = |id: &OrganizationId| self.0.standing.membership(*id).is_some();
        let first =
            self.0.standing.memberships.first().map(|membership| membership.organization_id);
        self.0.organization_id.filter(member).or(first)
    }
}

/// The signed-in person, and where they work.
#[Object]
impl Viewer {
    /// The person.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        let row = load(ctx, self.0.user_id()).await?.ok_or(Error::Unauthenticated)?;
        let organization_id = self.organization_id();
        let membership = organization_id.and_then(|id| self.0.standing.membership(id));
        Ok(User::new(row, organization_id, membership.map(|membership| membership.status)))
    }

    /// Where this request comes from.
    async fn network(&self, ctx: &Context<'_>) -> Result<Network> {
        entitlement::network(ctx, &self.0).await
    }

    /// The account that this request works in: the `Rolecall-Account` header's, else the token's.
    /// Null when it cannot be worked in any more: switch to another.
    async fn current_account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let context = context(ctx)?;
        match self.0.account_id {
            None => Ok(None),
            Some(id) => {
                Ok(app::account::usable(&context.app, &self.0, id).await?.map(Account::from))
            }
        }
    }

    /// The account where sign-in lands, if the person chose one and can still work in it.
    async fn default_account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let context = context(ctx)?;
        Ok(app::account::default(&context.app, &self.0).await?.map(Account::from))
    }

    /// The organizations that the person is a member of, by name.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Organization>>> {
        let window = window(ctx, first, after, last, before)?;
        let context = context(ctx)?;
        let page = app::user::organizations(&context.app, &self.0, &window).await?;
        let cursor =
            |row: &OrganizationRow| Cursor { key: Some(row.name_key.clone()), id: row.id.0 };
        Ok(Some(Connection::new(page, cursor, Organization::from)))
    }

    /// The organizations that the person is no member of, and may join or ask to join, because their
    /// address is at a domain of its own. Empty as long as the address is not verified.
    async fn joinable_organizations(&self, ctx: &Context<'_>) -> Result<Vec<JoinableOrganization>> {
        let context = context(ctx)?;
        let joinable = app::join::joinable(&context.app, &self.0).await?;
        Ok(joinable.into_iter().map(Into::into).collect())
    }

    /// The accounts that the person can reach, across organizations, subaccounts included, by name.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Account>>> {
        let window = window(ctx, first, after, last, before)?;
        let unread = app::account::list(&self.0, None, None, window);
        Ok(Some(account::connection(read(ctx, unread).await?)))
    }

    /// The moves of the accounts that the person owns, those that wait for an answer: theirs, or the
    /// other organization's. As they were asked for.
    async fn account_moves(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<AccountMove>>> {
        let window = window(ctx, first, after, last, before)?;
        let unread = app::account_move::of_viewer(&self.0, window);
        Ok(Some(account_move::connection(read(ctx, unread).await?, self.0.now)))
    }

    /// The person's live sessions, the newest first.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Session>>> {
        let window = window(ctx, first, after, last, before)?;
        let context = context(ctx)?;
        let page = app::device::list(&context.app, &self.0, &window).await?;
        Ok(Some(session::connection(page, self.0.session_id().ok())))
    }

    /// The record of the person's own affairs, newest first: their sign-ins, sessions and passwords, and
    /// what becomes of their address.
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which events.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "In which order; newest first when nothing is said.")] order_by: Option<
            AuditEventOrder,
        >,
    ) -> Result<Option<Connection<AuditEvent>>> {
        let window = window(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default().resolve()?;
        let newest_first = AuditEventOrder::newest_first(order_by);
        let unread = app::audit::of_viewer(&self.0, filter, newest_first, window)?;
        Ok(Some(audit::connection(read(ctx, unread).await?)))
    }

    /// The pending offers to hand over an organization or account, made by the person or to them, as
    /// they were made.
    async fn ownership_offers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<OwnershipOffer>>> {
        let window = window(ctx, first, after, last, before)?;
        let context = context(ctx)?;
        let page = app::ownership::list(&context.app, &self.0, &window).await?;
        Ok(Some(ownership::connection(page, self.0.now)))
    }
}
