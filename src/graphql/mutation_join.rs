//! Joining an organization through the domain of one's address, and requests to.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use entity::id::{JoinRequestId, OrganizationId};

use super::account::Account;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::join::JoinRequest;
use super::mutation_role::GrantInput;
use super::user_error::UserError;
use super::viewer::Viewer;
use crate::app::{grants, join, join_request};

/// What joining takes.
#[derive(InputObject)]
pub(super) struct JoinOrganizationInput {
    /// One of `viewer.joinableOrganizations`.
    organization_id: Gid<OrganizationId>,
}

/// What asking to join takes.
#[derive(InputObject)]
pub(super) struct RequestToJoinInput {
    /// One of `viewer.joinableOrganizations`.
    organization_id: Gid<OrganizationId>,
    /// A message to those who decide, at most 2,000 characters.
    message: Option<String>,
}

/// What withdrawing a request to join takes.
#[derive(InputObject)]
pub(super) struct WithdrawJoinRequestInput {
    /// The request.
    join_request_id: Gid<JoinRequestId>,
}

/// What approving a request to join takes.
#[derive(InputObject)]
pub(super) struct ApproveJoinRequestInput {
    /// The request.
    join_request_id: Gid<JoinRequestId>,
    /// What the person is given, at most 100 grants; what people at the domain are given when nothing
    /// is said, and the default role alone for an empty list.
    grants: Option<Vec<GrantInput>>,
}

/// What declining a request to join takes.
#[derive(InputObject)]
pub(super) struct DeclineJoinRequestInput {
    /// The request.
    join_request_id: Gid<JoinRequestId>,
}

/// What joining gives.
#[derive(SimpleObject)]
pub(super) struct JoinOrganizationPayload {
    /// Where the person can begin: the account that they were given a role in, or the first of the
    /// organization's that they can enter; `switchAccount` leads there. Null where there is none yet.
    account: Option<Account>,
    /// The person, now a member.
    viewer: Option<Viewer>,
    /// Why they are not.
    user_errors: Vec<UserError>,
}

/// What asking to join gives.
#[derive(SimpleObject)]
pub(super) struct RequestToJoinPayload {
    /// The request, which waits for an answer.
    join_request: Option<JoinRequest>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What withdrawing a request to join gives.
#[derive(SimpleObject)]
pub(super) struct WithdrawJoinRequestPayload {
    /// The request.
    join_request: Option<JoinRequest>,
    /// Why it was not withdrawn.
    user_errors: Vec<UserError>,
}

/// What approving a request to join gives.
#[derive(SimpleObject)]
pub(super) struct ApproveJoinRequestPayload {
    /// The request; its user is a member now.
    join_request: Option<JoinRequest>,
    /// Why it was not approved.
    user_errors: Vec<UserError>,
}

/// What declining a request to join gives.
#[derive(SimpleObject)]
pub(super) struct DeclineJoinRequestPayload {
    /// The request.
    join_request: Option<JoinRequest>,
    /// Why it was not declined.
    user_errors: Vec<UserError>,
}

/// Coming into organizations by the domain of one's address.
#[derive(Default)]
pub(super) struct JoinMutation;

/// Coming into organizations by the domain of one's address.
#[Object]
impl JoinMutation {
    /// Joins an organization whose domain the person's verified address is at, where its policy is
    /// `AUTOMATIC`: membership with the default role, and the role that the policy names, as long as
    /// who set it may still give that. They are told by mail. A pending invitation stays as it is.
    /// Codes: EMAIL_NOT_VERIFIED, ALREADY_MEMBER, NOT_JOINABLE, ROLE_LIMIT_REACHED.
    async fn join_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization.")] input: JoinOrganizationInput,
    ) -> Result<JoinOrganizationPayload> {
        let context = context(ctx)?;
        let (app, viewer) = (&context.app, context.viewer().await?);
        let joined = join::join(app, &viewer, input.organization_id.0).await;
        let (joined, user_errors) = outcome(joined)?;
        let Some(joined) = joined else {
            return Ok(JoinOrganizationPayload { account: None, viewer: None, user_errors });
        };
        context.access_changed().await;
        let viewer = context.viewer().await?;
        let account = join::landing(app, &viewer, joined).await?.map(Account::from);
        Ok(JoinOrganizationPayload { account, viewer: Some(Viewer(viewer)), user_errors })
    }

    /// Asks to join an organization whose domain the person's verified address is at, where its
    /// policy is `REQUEST` or `AUTOMATIC`. Somebody who decides is told by mail. Who was declined three
    /// times, or asked five times within a day, asks no more. Codes: EMAIL_NOT_VERIFIED,
    /// ALREADY_MEMBER, NOT_JOINABLE, JOIN_REQUEST_PENDING, LIMIT_REACHED, INVALID_TEXT.
    async fn request_to_join(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organization.")] input: RequestToJoinInput,
    ) -> Result<RequestToJoinPayload> {
        let context = context(ctx)?;
        let (app, viewer) = (&context.app, context.viewer().await?);
        let (id, message) = (input.organization_id.0, input.message.as_deref());
        let (row, user_errors) = outcome(join_request::ask(app, &viewer, id, message).await)?;
        let join_request = row.map(|row| JoinRequest::new(row, app, &viewer));
        Ok(RequestToJoinPayload { join_request, user_errors })
    }

    /// Takes one's own request to join back. Codes: JOIN_REQUEST_NOT_PENDING, NOT_ALLOWED.
    async fn withdraw_join_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request.")] input: WithdrawJoinRequestInput,
    ) -> Result<WithdrawJoinRequestPayload> {
        let context = context(ctx)?;
        let (app, viewer) = (&context.app, context.viewer().await?);
        let row = join_request::withdraw(app, &viewer, input.join_request_id.0).await;
        let (row, user_errors) = outcome(row)?;
        let join_request = row.map(|row| JoinRequest::new(row, app, &viewer));
        Ok(WithdrawJoinRequestPayload { join_request, user_errors })
    }

    /// Lets the person of a request in, who is told by mail; takes `organization.users.manage`, and for
    /// each role what inviting somebody to it takes. Codes: JOIN_REQUEST_NOT_PENDING, NOT_ALLOWED,
    /// BAD_LIST_LENGTH, UNKNOWN_ROLE, ROLE_NOT_ASSIGNABLE_HERE, RESOURCE_MISMATCH, OWNER_ROLE,
    /// ABOVE_OWN_ACCESS, EXCLUSIVE_ROLES, DIFFERENT_ORGANIZATIONS, ROLE_LIMIT_REACHED,
    /// VALID_UNTIL_IN_PAST, ACCOUNT_NOT_ACTIVE, NOT_FOUND.
    async fn approve_join_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and what the person is given.")]
        input: ApproveJoinRequestInput,
    ) -> Result<ApproveJoinRequestPayload> {
        let context = context(ctx)?;
        let (app, viewer) = (&context.app, context.viewer().await?);
        let grants: Option<Vec<grants::GrantInput>> =
            input.grants.map(|grants| grants.into_iter().map(Into::into).collect());
        let id = input.join_request_id.0;
        let row = join_request::approve(app, &viewer, id, grants.as_deref()).await;
        let (row, user_errors) = outcome(row)?;
        let join_request = row.map(|row| JoinRequest::new(row, app, &viewer));
        Ok(ApproveJoinRequestPayload { join_request, user_errors })
    }

    /// Says no to a request to join; the person is told by mail. Takes `organization.users.manage`.
    /// Codes: JOIN_REQUEST_NOT_PENDING, NOT_ALLOWED.
    async fn decline_join_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request.")] input: DeclineJoinRequestInput,
    ) -> Result<DeclineJoinRequestPayload> {
        let context = context(ctx)?;
        let (app, viewer) = (&context.app, context.viewer().await?);
        let row = join_request::decline(app, &viewer, input.join_request_id.0).await;
        let (row, user_errors) = outcome(row)?;
        let join_request = row.map(|row| JoinRequest::new(row, app, &viewer));
        Ok(DeclineJoinRequestPayload { join_request, user_errors })
    }
}
