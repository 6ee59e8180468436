//! Organizations.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::OrganizationId;

use super::account::{self, Account};
use super::account_move::{self, AccountMove};
use super::api_key::{self, ApiKey, ApiKeyFilter};
use super::assignment::{self, RoleAssignment, RoleAssignmentFilter};
use super::audit::{self, AuditEvent, AuditEventFilter, AuditEventOrder};
use super::billing_group::{self, BillingGroup};
use super::connection::{Connection, window};
use super::context::context;
use super::email_domain::{self, EmailDomain, EmailDomainRule};
use super::entitlement::{self, CanInvite, Entitlement};
use super::invitation::{self, Invitation, InvitationFilter};
use super::join::{self, JoinRequest, JoinRequestFilter};
use super::loader::{load, read};
use super::loader_role::CustomRolesOf;
use super::role::{self, Role};
use super::user::{User, UserFilter, UserOrder};
use crate::access::Place;
use crate::app;
use crate::error::Error;
use crate::store::organization::OrganizationRow;

/// How an organization is set up.
#[derive(SimpleObject)]
pub(super) struct OrganizationSettings {
    /// Whether standard users may create accounts, whose Owners they become.
    standard_users_create_accounts: bool,
    /// How many hours invitations stand when the call does not say.
    invitation_expires_in_hours: i64,
}

/// The top container.
pub(super) struct Organization {
    id: OrganizationId,
    name: String,
    /// Everything else, where it came along already.
    row: Option<OrganizationRow>,
}

impl Organization {
    /// An organization of which only the name is at hand; the rest is loaded when asked for.
    pub(super) fn named(id: OrganizationId, name: &str) -> Self {
        Self { id, name: name.to_owned(), row: None }
    }

    async fn row(&self, ctx: &Context<'_>) -> Result<OrganizationRow> {
        if let Some(row) = &self.row {
            return Ok(row.clone());
        }
        let context = context(ctx)?;
        context.viewer().await?.visible(&context.app.roles, &Place::organization(self.id))?;
        Ok(load(ctx, self.id).await?.ok_or(Error::NotFound("organization"))?)
    }
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Self {
        Self { id: row.id, name: row.name.clone(), row: Some(row) }
    }
}

/// The top container: members, accounts, invitations. It has exactly one Owner.
#[Object]
impl Organization {
    /// The id, `org_…`.
    pub(super) async fn id(&self) -> ID {
        self.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Its Owner.
    async fn owner(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(User::new(self.row(ctx).await?.owner, Some(self.id), None))
    }

    /// When it was created.
    async fn created_at(&self, ctx: &Context<'_>) -> Result<DateTime<Utc>> {
        Ok(self.row(ctx).await?.created_at)
    }

    /// How it is set up; every member may know.
    async fn settings(&self, ctx: &Context<'_>) -> Result<OrganizationSettings> {
        let row = self.row(ctx).await?;
        Ok(OrganizationSettings {
            standard_users_create_accounts: row.standard_users_create_accounts,
            invitation_expires_in_hours: row.invitation_hours,
        })
    }

    /// What the operator of the service entitles it to; every member may know.
    async fn entitlement(&self, ctx: &Context<'_>) -> Result<Option<Entitlement>> {
        entitlement::of_organization(ctx, self.id).await.map(Some)
    }

    /// Whether the viewer can invite anybody into it just now, and why not.
    async fn viewer_can_invite(&self, ctx: &Context<'_>) -> Result<Option<CanInvite>> {
        entitlement::can_invite(ctx, self.id).await.map(Some)
    }

    /// The users that the viewer administers: all, for those who manage the organization's users; for
    /// those who manage only some accounts' users, the ones with roles there. FORBIDDEN for others.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which users.")] filter: Option<UserFilter>,
        #[graphql(desc = "In which order; by name when nothing is said.")] order_by: Option<
            UserOrder,
        >,
    ) -> Result<Option<Connection<User>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let order = order_by.unwrap_or_default();
        let filter = filter.unwrap_or_default().resolve(ctx, &viewer, self.id).await?;
        let direction = order.field_and_direction();
        let unread = app::user::list(&context.app, &viewer, self.id, &filter, direction, window)?;
        Ok(Some(super::user::connection(read(ctx, unread).await?, self.id, order)))
    }

    /// The role assignments that the viewer administers, oldest first: all, for those who manage the
    /// organization's users; for those who manage only some accounts' users, the ones made there and at
    /// their subaccounts. FORBIDDEN for others.
    async fn role_assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which assignments.")] filter: Option<RoleAssignmentFilter>,
    ) -> Result<Option<Connection<RoleAssignment>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let filter = filter.unwrap_or_default().resolve(ctx, &viewer, self.id).await?;
        let listed = app::assignment_list::of_organization;
        let unread = listed(&context.app, &viewer, self.id, &filter, window)?;
        Ok(Some(assignment::connection(read(ctx, unread).await?, &context.app.roles)))
    }

    /// The accounts that the viewer reaches, subaccounts included, by name.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Account>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let unread = app::account::list(&viewer, Some(self.id), None, window);
        Ok(Some(account::connection(read(ctx, unread).await?)))
    }

    /// The roles that the organization made for itself, by key. Every member may read them.
    async fn custom_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<Role>>> {
        let window = window(ctx, first, after, last, before)?;
        let roles = load(ctx, CustomRolesOf(self.id)).await?.unwrap_or_default();
        Ok(Some(role::custom_page(&roles, &context(ctx)?.app.roles, &window)))
    }

    /// The billing groups that the viewer sees, by name: all, for those who manage the organization's
    /// accounts or hold a billing permission at the organization; for those who hold roles about billing
    /// groups, these groups.
    async fn billing_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<BillingGroup>>> {
        let window = window(ctx, first, after, last, before)?;
        billing_group::of_organization(ctx, self.id, window).await.map(Some)
    }

    /// The API keys of the organization's service users, the newest first, those that let nobody in any more
    /// included. FORBIDDEN for those who do not manage its users.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which keys.")] filter: Option<ApiKeyFilter>,
    ) -> Result<Option<Connection<ApiKey>>> {
        let window = window(ctx, first, after, last, before)?;
        api_key::of_organization(ctx, self.id, filter, window).await.map(Some)
    }

    /// The invitations that the viewer administers, newest first. FORBIDDEN for those who manage
    /// nobody.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which invitations.")] filter: Option<InvitationFilter>,
    ) -> Result<Option<Connection<Invitation>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let filter = filter.unwrap_or_default().resolve()?;
        let unread = app::invitation_admin::list(&context.app, &viewer, self.id, &filter, window)?;
        Ok(Some(invitation::connection(read(ctx, unread).await?, viewer.now)))
    }

    /// What the organization decided about e-mail domains, by domain: people at a domain that it allows
    /// can be invited whatever the lists of providers say, those at one that it blocks cannot. The rule
    /// about the longest name that an address's domain ends in decides. FORBIDDEN for those who do not
    /// decide about its domains.
    async fn email_domain_rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<EmailDomainRule>>> {
        let window = window(ctx, first, after, last, before)?;
        email_domain::rules_of(ctx, self.id, &window).await.map(Some)
    }

    /// The e-mail domains that the organization claims or has proved to be its own, by name. FORBIDDEN
    /// for those who do not decide about its domains.
    async fn email_domains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<EmailDomain>>> {
        let window = window(ctx, first, after, last, before)?;
        email_domain::of_organization(ctx, self.id, &window).await.map(Some)
    }

    /// The requests to join the organization, newest first. FORBIDDEN for those who do not manage its
    /// users.
    async fn join_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which requests.")] filter: Option<JoinRequestFilter>,
    ) -> Result<Option<Connection<JoinRequest>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let status = filter.unwrap_or_default().status.map(Into::into);
        let (app, id) = (&context.app, self.id);
        let unread = app::join_request::list(app, &viewer, id, status, window)?;
        Ok(Some(join::connection(read(ctx, unread).await?, app, &viewer)))
    }

    /// The accounts that are to come into this organization or to leave it, and wait for an answer; as
    /// they were asked for. FORBIDDEN for those who do not manage its accounts.
    async fn account_moves(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, at most 100; 50 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<AccountMove>>> {
        let context = context(ctx)?;
        let window = window(ctx, first, after, last, before)?;
        let viewer = context.viewer().await?;
        let unread = app::account_move::of_organization(&context.app, &viewer, self.id, window)?;
        Ok(Some(account_move::connection(read(ctx, unread).await?, viewer.now)))
    }

    /// The record of what was done in the organization, newest first. FORBIDDEN for those without
    /// `organization.audit.read`.
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
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let filter = filter.unwrap_or_default().resolve()?;
        let newest_first = AuditEventOrder::newest_first(order_by);
        let of = app::audit::of_organization;
        let unread = of(&context.app, &viewer, self.id, filter, newest_first, window)?;
        Ok(Some(audit::connection(read(ctx, unread).await?)))
    }
}
