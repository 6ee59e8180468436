//! Deciding about e-mail domains.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use entity::id::{AccountId, DomainId, OrganizationId};

use super::context::context;
use super::email_domain::{EmailDomain, EmailDomainRule, EmailDomainVerdict, JoinPolicy};
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use crate::app::{email_domain, email_rule};
use crate::error::Error;
use crate::store::email_domain::DomainRow;

/// What deciding about a domain takes.
#[derive(InputObject)]
pub(super) struct SetEmailDomainRuleInput {
    /// The organization that decides.
    organization_id: Gid<OrganizationId>,
    /// The domain: one that people register, or one below that. In any case and script.
    domain: String,
    /// Whether people there are invited.
    verdict: EmailDomainVerdict,
}

/// What taking a decision about a domain back takes.
#[derive(InputObject)]
pub(super) struct RemoveEmailDomainRuleInput {
    /// The organization that decided.
    organization_id: Gid<OrganizationId>,
    /// The domain that the rule is about.
    domain: String,
}

/// What adding a domain takes.
#[derive(InputObject)]
pub(super) struct AddEmailDomainInput {
    /// The organization that it belongs to.
    organization_id: Gid<OrganizationId>,
    /// The domain: one that people register, or one below that. In any case and script.
    domain: String,
}

/// What verifying a domain takes.
#[derive(InputObject)]
pub(super) struct VerifyEmailDomainInput {
    /// The domain.
    domain_id: Gid<DomainId>,
}

/// What removing a domain takes.
#[derive(InputObject)]
pub(super) struct RemoveEmailDomainInput {
    /// The domain.
    domain_id: Gid<DomainId>,
}

/// What changing a domain takes; what is left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateEmailDomainInput {
    /// The domain.
    domain_id: Gid<DomainId>,
    /// Whether nobody but this organization invites people with an address at the domain or below it;
    /// takes a verified domain.
    reserved: Option<bool>,
    /// How people with an address at the domain come into the organization; anything but INVITATION
    /// takes a verified domain.
    join_policy: Option<JoinPolicy>,
    /// The key of the role that people who join are given, beside the default role; null: none. Whoever
    /// sets it answers for it, and has to be able to give it at that time and whenever somebody joins.
    join_role_key: MaybeUndefined<String>,
    /// The account in which they are given it; null: it is given at the organization.
    join_account_id: MaybeUndefined<Gid<AccountId>>,
    /// Whom people at the domain are told to ask, at most 500 characters; null: nobody.
    join_contact: MaybeUndefined<String>,
}

/// What deciding about a domain gives.
#[derive(SimpleObject)]
pub(super) struct SetEmailDomainRulePayload {
    /// The rule as it is now.
    email_domain_rule: Option<EmailDomainRule>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What taking a decision about a domain back gives.
#[derive(SimpleObject)]
pub(super) struct RemoveEmailDomainRulePayload {
    /// The domain that no rule is about any more.
    removed_domain: Option<String>,
    /// Why nothing was removed.
    user_errors: Vec<UserError>,
}

/// What removing a domain gives.
#[derive(SimpleObject)]
pub(super) struct RemoveEmailDomainPayload {
    /// The domain that is gone.
    removed_email_domain_id: Option<ID>,
    /// Why nothing was removed.
    user_errors: Vec<UserError>,
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(super) struct $name {
            /// The domain as it is now.
            email_domain: Option<EmailDomain>,
            /// Why nothing was done.
            user_errors: Vec<UserError>,
        }

        impl $name {
            fn of(result: Result<DomainRow, Error>) -> Result<Self> {
                let (row, user_errors) = outcome(result)?;
                Ok(Self { email_domain: row.map(EmailDomain::from), user_errors })
            }
        }
    )+};
}

payloads! {
    /// What adding a domain gives.
    AddEmailDomainPayload;
    /// What verifying a domain gives.
    VerifyEmailDomainPayload;
    /// What changing a domain gives.
    UpdateEmailDomainPayload;
}

/// E-mail domains.
#[derive(Default)]
pub(super) struct EmailDomainMutation;

/// E-mail domains.
#[Object]
impl EmailDomainMutation {
    /// Allows or blocks inviting people at a domain and those below it, in the place of what was decided
    /// about it before. Takes `organization.domains.manage`. Codes: INVALID_DOMAIN, LIMIT_REACHED (1,000
    /// rules).
    async fn set_email_domain_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is decided about which domain.")] input: SetEmailDomainRuleInput,
    ) -> Result<SetEmailDomainRulePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.organization_id.0);
        let verdict = input.verdict.into();
        let (rule, user_errors) =
            outcome(email_rule::set(app, &viewer, id, &input.domain, verdict).await)?;
        let email_domain_rule = rule.map(EmailDomainRule::from);
        Ok(SetEmailDomainRulePayload { email_domain_rule, user_errors })
    }

    /// Takes back what was decided about a domain. Takes `organization.domains.manage`. Codes:
    /// INVALID_DOMAIN, NOT_FOUND.
    async fn remove_email_domain_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rule.")] input: RemoveEmailDomainRuleInput,
    ) -> Result<RemoveEmailDomainRulePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.organization_id.0);
        let (removed_domain, user_errors) =
            outcome(email_rule::remove(app, &viewer, id, &input.domain).await)?;
        Ok(RemoveEmailDomainRulePayload { removed_domain, user_errors })
    }

    /// Claims a domain for an organization, and says which TXT record proves it; one that it claims
    /// already stays as it is. The record is looked for every hour for a week, and when `verifyEmailDomain`
    /// asks for it. Takes `organization.domains.manage`. Codes: INVALID_DOMAIN (also for providers of
    /// mailboxes for everybody), LIMIT_REACHED (100 domains).
    async fn add_email_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain for which organization.")] input: AddEmailDomainInput,
    ) -> Result<AddEmailDomainPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.organization_id.0);
        AddEmailDomainPayload::of(email_domain::add(app, &viewer, id, &input.domain).await)
    }

    /// Looks the domain's TXT record up now; where it says what it has to say, the domain is verified
    /// from here on, and looked up every day. Takes `organization.domains.manage`. Codes:
    /// DOMAIN_NOT_VERIFIED (with what was found), DOMAIN_TAKEN.
    async fn verify_email_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: VerifyEmailDomainInput,
    ) -> Result<VerifyEmailDomainPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.domain_id.0);
        VerifyEmailDomainPayload::of(email_domain::verify(app, &viewer, id).await)
    }

    /// Changes what follows for people with an address at a domain. Takes `organization.domains.manage`,
    /// and whatever giving people who join their role takes. Codes: DOMAIN_NOT_VERIFIED, UNKNOWN_ROLE,
    /// NOT_FOUND (an account), ACCOUNT_NOT_ACTIVE, ROLE_NOT_ASSIGNABLE_HERE, RESOURCE_MISMATCH,
    /// OWNER_ROLE, ABOVE_OWN_ACCESS, DIFFERENT_ORGANIZATIONS, INVALID_TEXT.
    async fn update_email_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What becomes of which domain.")] input: UpdateEmailDomainInput,
    ) -> Result<UpdateEmailDomainPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.domain_id.0);
        let change = email_domain::Change {
            reserved: input.reserved,
            join_policy: input.join_policy.map(Into::into),
            join_role_key: said(input.join_role_key),
            join_account_id: said(input.join_account_id).map(|account| account.map(|id| id.0)),
            join_contact: said(input.join_contact),
        };
        UpdateEmailDomainPayload::of(email_domain::update(app, &viewer, id, change).await)
    }

    /// Gives a domain up, with what was decided about it. Takes `organization.domains.manage`. Codes:
    /// none.
    async fn remove_email_domain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: RemoveEmailDomainInput,
    ) -> Result<RemoveEmailDomainPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.domain_id.0);
        let (removed, user_errors) = outcome(email_domain::remove(app, &viewer, id).await)?;
        let removed_email_domain_id = removed.map(ID::from);
        Ok(RemoveEmailDomainPayload { removed_email_domain_id, user_errors })
    }
}

/// What was said about a field, if anything was: null is something.
#[expect(clippy::option_option, reason = "nothing was said, null was said, a value was said")]
fn said<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
