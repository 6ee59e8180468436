//! What organizations decided about e-mail domains, and the domains of their own.

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{OrganizationId, TypedId, UserId};
use sea_orm::prelude::Uuid;

use super::account::Account;
use super::connection::Connection;
use super::context::context;
use super::loader::load;
use super::loader_domain::{EmailDomainRulesOf, EmailDomainsOf};
use super::organization::Organization;
use super::role::Role;
use super::user::User;
use crate::app;
use crate::error::Error;
use crate::store::email_domain::DomainRow;
use crate::store::email_rule::RuleRow;
use crate::store::page::{Cursor, Page, Window};

/// What an organization decides about an e-mail domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::email_domain_rule::Verdict")]
pub(super) enum EmailDomainVerdict {
    /// People there may be invited, even if it gives mailboxes to everybody.
    Allow,
    /// Nobody there is invited.
    Block,
}

/// How far it is proved that an e-mail domain is an organization's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::email_domain::Status")]
pub(super) enum EmailDomainStatus {
    /// Nothing is proved yet.
    Pending,
    /// The domain's TXT record says whose it is. It is looked up every day.
    Verified,
    /// The record was there, and has been missing for three days in a row. What was decided about the
    /// domain has no effect until it is back.
    Lapsed,
}

/// How people with an address at a domain come into the organization that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::email_domain::JoinPolicy")]
pub(super) enum JoinPolicy {
    /// Only by invitation; nobody is told that the organization exists.
    Invitation,
    /// They are told whom to ask.
    Contact,
    /// They ask to join, and an administrator decides.
    Request,
    /// They join by themselves.
    Automatic,
}

/// Loads somebody of an organization.
async fn member(ctx: &Context<'_>, organization_id: OrganizationId, id: UserId) -> Result<User> {
    let row = load(ctx, id).await?.ok_or(Error::NotFound("user"))?;
    Ok(User::new(row, Some(organization_id), None))
}

/// What an organization decided about an e-mail domain, and those below it.
pub(super) struct EmailDomainRule(RuleRow);

impl From<RuleRow> for EmailDomainRule {
    fn from(row: RuleRow) -> Self {
        Self(row)
    }
}

/// What an organization decided about an e-mail domain, and those below it that no rule of their own is
/// about.
#[Object]
impl EmailDomainRule {
    /// The domain, in ASCII and lower case.
    async fn domain(&self) -> &str {
        &self.0.domain
    }

    /// What was decided.
    async fn verdict(&self) -> EmailDomainVerdict {
        self.0.verdict.into()
    }

    /// Who decided it; none if that identity has been erased.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.created_by {
            None => Ok(None),
            Some(id) => member(ctx, self.0.organization_id, id).await.map(Some),
        }
    }

    /// When it was decided.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// One page of an organization's rules.
pub(super) async fn rules_of(
    ctx: &Context<'_>,
    id: OrganizationId,
    window: &Window,
) -> Result<Connection<EmailDomainRule>> {
    decides(ctx, id).await?;
    let rows = load(ctx, EmailDomainRulesOf(id)).await?.unwrap_or_default();
    // A rule has no id; its domain alone tells it from the others.
    let cursor = |row: &RuleRow| Cursor { key: Some(row.domain.clone()), id: Uuid::nil() };
    // Only what is shown is taken out of the list, which all who ask in one request share.
    let page = Page::of(&rows, window, cursor).map(RuleRow::clone);
    Ok(Connection::new(page, cursor, EmailDomainRule::from))
}

/// Refuses those who do not decide about an organization's domains.
async fn decides(ctx: &Context<'_>, id: OrganizationId) -> Result<()> {
    let context = context(ctx)?;
    let viewer = context.viewer().await?;
    Ok(app::email_rule::may_decide(&context.app, &viewer, id)?)
}

/// An e-mail domain that an organization claims, or has proved, to be its own.
pub(super) struct EmailDomain(DomainRow);

impl From<DomainRow> for EmailDomain {
    fn from(row: DomainRow) -> Self {
        Self(row)
    }
}

/// An e-mail domain that an organization claims to be its own, proves to be so by a TXT record in the
/// DNS, and then decides about. Seen by those who decide about the organization's domains.
#[Object]
impl EmailDomain {
    /// The id, `dom_…`.
    pub(super) async fn id(&self) -> ID {
        self.0.domain.id.into()
    }

    /// The domain, in ASCII and lower case.
    async fn domain(&self) -> &str {
        &self.0.domain.domain
    }

    /// The organization that claims it.
    async fn organization(&self) -> Organization {
        Organization::named(self.0.domain.organization_id, &self.0.organization_name)
    }

    /// How far it is proved.
    async fn status(&self) -> EmailDomainStatus {
        self.0.domain.status.into()
    }

    /// The name of the TXT record that proves it.
    async fn txt_record_name(&self) -> String {
        app::email_domain::record_name(&self.0.domain.domain)
    }

    /// What that record has to say.
    async fn txt_record_value(&self) -> &str {
        &self.0.domain.challenge
    }

    /// Since when it is proved; of a domain that has lapsed, since when it was.
    async fn verified_at(&self) -> Option<DateTime<Utc>> {
        self.0.domain.verified_at
    }

    /// When it was looked up for the last time.
    async fn checked_at(&self) -> Option<DateTime<Utc>> {
        self.0.domain.checked_at
    }

    /// When it is looked up again; none: only when somebody asks for it.
    async fn next_check_at(&self) -> Option<DateTime<Utc>> {
        self.0.domain.next_check_at
    }

    /// What was found at that time instead of the record; none when it was there.
    async fn last_error(&self) -> Option<&str> {
        self.0.domain.last_error.as_deref()
    }

    /// Whether nobody but this organization invites people with an address at the domain or below it.
    /// In effect as long as the domain is verified.
    async fn reserved(&self) -> bool {
        self.0.domain.reserved
    }

    /// How people with an address at the domain come into the organization. In effect as long as the
    /// domain is verified.
    async fn join_policy(&self) -> JoinPolicy {
        self.0.domain.join_policy.into()
    }

    /// The role that people who join are given, beside the default role.
    async fn join_role(&self, ctx: &Context<'_>) -> Result<Option<Role>> {
        let Some(id) = self.0.domain.join_role_id else { return Ok(None) };
        let roles = &context(ctx)?.app.roles;
        if let Some(role) = roles.get(id) {
            return Ok(Some(Role::new(role, roles)));
        }
        Ok(load(ctx, id).await?.map(|role| Role::new(&role, roles)))
    }

    /// The account in which they are given it; none: at the organization.
    async fn join_account(&self) -> Option<Account> {
        let row = &self.0;
        let organization = (row.domain.organization_id, row.organization_name.as_str());
        let parent = row.join_parent_id.zip(row.join_parent_name.as_deref());
        let name = row.join_account_name.as_deref()?;
        Some(Account::named(row.domain.join_account_id?, name, organization, parent))
    }

    /// Whom people at the domain are told to ask.
    async fn join_contact(&self) -> Option<&str> {
        self.0.domain.join_contact.as_deref()
    }

    /// Who answers for what people who join are given: whoever set that last, within what they may give
    /// themselves; at first, who added the domain.
    async fn set_by(&self, ctx: &Context<'_>) -> Result<User> {
        member(ctx, self.0.domain.organization_id, self.0.domain.set_by).await
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.domain.created_at
    }
}

/// One page of an organization's domains.
pub(super) async fn of_organization(
    ctx: &Context<'_>,
    id: OrganizationId,
    window: &Window,
) -> Result<Connection<EmailDomain>> {
    decides(ctx, id).await?;
    let rows = load(ctx, EmailDomainsOf(id)).await?.unwrap_or_default();
    let cursor = |row: &DomainRow| {
        let (key, id) = (Some(row.domain.domain.clone()), row.domain.id.uuid());
        Cursor { key, id }
    };
    let page = Page::of(&rows, window, cursor).map(DomainRow::clone);
    Ok(Connection::new(page, cursor, EmailDomain::from))
}
