//! Inviting, resending, revoking, accepting, declining.

use std::collections::HashMap;

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{InvitationId, OrganizationId};

use super::account::Account;
use super::context::{Context as RequestContext, context};
use super::error::outcome;
use super::id::Gid;
use super::invitation::Invitation;
use super::mutation_role::GrantInput;
use super::mutation_session::SessionTokens;
use super::user_error::UserError;
use super::viewer::Viewer;
use crate::app::grants::GrantInput as Grant;
use crate::app::invitation::Invitees;
use crate::app::work::Run;
use crate::app::{
    invitation, invitation_admin, invitation_link, invitation_request, invitation_update,
};
use crate::error::Error;

/// One person to invite.
#[derive(InputObject)]
pub(super) struct InviteeInput {
    /// The e-mail address; a work address.
    email: String,
    /// The name, for the mail.
    name: Option<String>,
    /// Grants of their own, instead of the call's.
    grants: Option<Vec<GrantInput>>,
}

/// What inviting takes.
#[derive(InputObject)]
pub(super) struct InviteUsersInput {
    /// The organization.
    organization_id: Gid<OrganizationId>,
    /// The people, 1 to 100, unless `csv` names them. An address that is named twice counts once.
    invitees: Option<Vec<InviteeInput>>,
    /// The people as CSV text, instead of `invitees`. The first line names the columns,
    /// `email,name,role,scope`; each other one has an address and perhaps a name, the key of a role and
    /// the id of an organization or account. Several lines of one address are one person with several
    /// grants; a line without role and scope stands for the call's `grants`.
    csv: Option<String>,
    /// What those without grants of their own are granted. Nothing at all: membership with the
    /// default role.
    grants: Option<Vec<GrantInput>>,
    /// A message for the mail, at most 2,000 characters.
    message: Option<String>,
    /// The language of the mail, a BCP 47 tag: `en`, `de`.
    locale: Option<String>,
    /// How many hours the invitations stand, 1 to 720; the organization's default when nothing is
    /// said.
    expires_in_hours: Option<i64>,
    /// Answers what the call would, and does nothing: no invitation, no mail. The key is not used up.
    #[graphql(default)]
    dry_run: bool,
}

/// How one row of an invitation call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "invitation::Outcome")]
pub(super) enum InviteOutcome {
    /// A mail with a link is on its way.
    Invited,
    /// The person is a member already, and has the roles now.
    Granted,
    /// See `userError`.
    Refused,
}

/// What became of one person of the call.
#[derive(SimpleObject)]
pub(super) struct InviteUsersResult {
    /// The address as it was given.
    email: String,
    /// The line of `csv` where the address stands first.
    line: Option<u64>,
    /// How it went.
    outcome: InviteOutcome,
    /// The invitation: the new one, or the one that stands in the way (ALREADY_INVITED). A dry run makes
    /// none.
    invitation: Option<Invitation>,
    /// Why it was refused.
    user_error: Option<UserError>,
}

/// What inviting gives.
#[derive(SimpleObject)]
pub(super) struct InviteUsersPayload {
    /// One row a person, in the order of the call; an address that was named twice has one row.
    results: Option<Vec<InviteUsersResult>>,
    /// Why nobody at all was invited.
    user_errors: Vec<UserError>,
}

/// What resending takes.
#[derive(InputObject)]
pub(super) struct ResendInvitationInput {
    /// The invitation.
    invitation_id: Gid<InvitationId>,
}

/// What resending gives.
#[derive(SimpleObject)]
pub(super) struct ResendInvitationPayload {
    /// The invitation, renewed.
    invitation: Option<Invitation>,
    /// Why it was not resent.
    user_errors: Vec<UserError>,
}

/// What changing an invitation takes.
#[derive(InputObject)]
pub(super) struct UpdateInvitationInput {
    /// The invitation.
    invitation_id: Gid<InvitationId>,
    /// What it promises from here on, instead of what it did: 1 to 100 grants.
    grants: Vec<GrantInput>,
}

/// What changing an invitation gives.
#[derive(SimpleObject)]
pub(super) struct UpdateInvitationPayload {
    /// The invitation as it is now.
    invitation: Option<Invitation>,
    /// Why it was not changed.
    user_errors: Vec<UserError>,
}

/// What revoking takes.
#[derive(InputObject)]
pub(super) struct RevokeInvitationInput {
    /// The invitation.
    invitation_id: Gid<InvitationId>,
}

/// What revoking gives.
#[derive(SimpleObject)]
pub(super) struct RevokeInvitationPayload {
    /// The invitation, ended.
    invitation: Option<Invitation>,
    /// Why it was not revoked.
    user_errors: Vec<UserError>,
}

/// What accepting takes.
#[derive(InputObject)]
pub(super) struct AcceptInvitationInput {
    /// The token: the last part of the link.
    token: String,
    /// The name, for somebody new.
    name: Option<String>,
    /// For somebody new, the password to be (8 to 256 characters); for somebody who has an identity
    /// and is not signed in, their password.
    password: Option<String>,
}

/// What accepting gives.
#[derive(SimpleObject)]
pub(super) struct AcceptInvitationPayload {
    /// The tokens of the session.
    tokens: Option<SessionTokens>,
    /// The account where the person has landed.
    account: Option<Account>,
    /// The person.
    viewer: Option<Viewer>,
    /// Why it was not accepted.
    user_errors: Vec<UserError>,
}

/// What declining takes.
#[derive(InputObject)]
pub(super) struct DeclineInvitationInput {
    /// The token: the last part of the link.
    token: String,
}

/// What declining gives.
#[derive(SimpleObject)]
pub(super) struct DeclineInvitationPayload {
    /// Why it was not declined.
    user_errors: Vec<UserError>,
}

/// What asking for a new link takes.
#[derive(InputObject)]
pub(super) struct RequestNewInvitationInput {
    /// The token: the last part of the link that does not work any more.
    token: String,
}

/// What asking for a new link gives.
#[derive(SimpleObject)]
pub(super) struct RequestNewInvitationPayload {
    /// When it was asked for.
    requested_at: Option<DateTime<Utc>>,
    /// Why it was not asked for.
    user_errors: Vec<UserError>,
}

/// Invitations.
#[derive(Default)]
pub(super) struct InvitationMutation;

/// Invitations.
#[Object]
impl InvitationMutation {
    /// Invites people by e-mail. Each gets a mail with a link; members get the roles at once. One
    /// refused row does not stop the others. Takes what assigning the same roles would take; without
    /// grants `organization.users.manage`. Codes of the call: BAD_LIST_LENGTH, INVALID_CSV,
    /// INVALID_TEXT, UNKNOWN_LOCALE, INVALID_EXPIRY, NETWORK_DENIED,
    /// NOT_ENTITLED, and those of `assignRoles` for the call's own grants; of a row: INVALID_EMAIL,
    /// PERSONAL_EMAIL_DOMAIN, DISPOSABLE_EMAIL_DOMAIN, INVALID_NAME, INVALID_CSV, ALREADY_INVITED,
    /// TOO_MANY_INVITATIONS, SEATS_EXHAUSTED, RESEND_TOO_SOON, RECIPIENT_LIMIT_REACHED,
    /// RECIPIENT_OPTED_OUT, BLOCKED_EMAIL_DOMAIN, DOMAIN_RESERVED, ROLE_LIMIT_REACHED, and those of
    /// `assignRoles` for its own grants.
    async fn invite_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is invited to what.")] input: InviteUsersInput,
    ) -> Result<InviteUsersPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let grants = |list: Vec<GrantInput>| list.into_iter().map(Into::into).collect();
        let invitee = |invitee: InviteeInput| invitation::Invitee {
            email: invitee.email,
            name: invitee.name,
            grants: invitee.grants.map(grants),
        };
        let invitees = match (input.invitees, input.csv) {
            (Some(list), None) => Invitees::List(list.into_iter().map(invitee).collect()),
            (None, Some(text)) => Invitees::Csv(text),
            _ => {
                let message = "either invitees or csv".to_owned();
                return Err(Error::BadInput { field: "input", message }.into());
            }
        };
        let run = Run::dry(input.dry_run);
        let input = invitation::InviteUsers {
            organization_id: input.organization_id.0,
            invitees,
            grants: input.grants.map(grants).unwrap_or_default(),
            message: input.message,
            locale: input.locale,
            expires_in_hours: input.expires_in_hours,
        };
        let result = invitation::invite(&context.app, &viewer, input, run).await;
        let (rows, user_errors) = outcome(result)?;
        context.access_changed().await;
        let results = match rows {
            Some(rows) => Some(results(context, &viewer, rows).await?),
            None => None,
        };
        Ok(InviteUsersPayload { results, user_errors })
    }

    /// Mails a new link, ends the old one and renews the expiry; works on expired invitations too. At
    /// most once a minute and five times a day, and not to who wants no such mails. The caller vouches
    /// for the grants from here on. Codes: RESEND_TOO_SOON, RECIPIENT_LIMIT_REACHED,
    /// RECIPIENT_OPTED_OUT, BLOCKED_EMAIL_DOMAIN, DOMAIN_RESERVED, INVITATION_NOT_PENDING,
    /// ALREADY_INVITED, TOO_MANY_INVITATIONS, NETWORK_DENIED, NOT_ENTITLED, SEATS_EXHAUSTED, and those
    /// of `assignRoles` for what the invitation promises.
    async fn resend_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: ResendInvitationInput,
    ) -> Result<ResendInvitationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = invitation_admin::resend(&context.app, &viewer, input.invitation_id.0).await;
        let (row, user_errors) = outcome(result)?;
        let invitation = row.map(|row| Invitation::new(row, viewer.now));
        Ok(ResendInvitationPayload { invitation, user_errors })
    }

    /// Changes what a pending invitation promises; its link stays. The caller answers for it from here
    /// on, so all of it has to be theirs to give. Codes: INVITATION_NOT_PENDING, BAD_LIST_LENGTH, and
    /// those of `assignRoles` about grants.
    async fn update_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation, and what it promises.")] input: UpdateInvitationInput,
    ) -> Result<UpdateInvitationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let grants: Vec<Grant> = input.grants.into_iter().map(Grant::from).collect();
        let id = input.invitation_id.0;
        let result = invitation_update::update(&context.app, &viewer, id, &grants).await;
        let (row, user_errors) = outcome(result)?;
        let invitation = row.map(|row| Invitation::new(row, viewer.now));
        Ok(UpdateInvitationPayload { invitation, user_errors })
    }

    /// Takes a pending invitation back; its link dies at once. Codes: INVITATION_NOT_PENDING.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = invitation_admin::revoke(&context.app, &viewer, input.invitation_id.0).await;
        let (row, user_errors) = outcome(result)?;
        let invitation = row.map(|row| Invitation::new(row, viewer.now));
        Ok(RevokeInvitationPayload { invitation, user_errors })
    }

    /// Accepts an invitation: membership and roles, once. Somebody new gives name and password; the
    /// token proves the address. Somebody with an identity is signed in, or gives their password.
    /// Codes: INVALID_TOKEN, INVITATION_NOT_PENDING, INVITATION_EXPIRED, INVITER_LOST_ACCESS,
    /// SEATS_EXHAUSTED, WRONG_USER, SIGN_IN_REQUIRED, INVALID_CREDENTIALS, INVALID_NAME,
    /// INVALID_PASSWORD, WEAK_PASSWORD, ROLE_LIMIT_REACHED.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation, and who accepts.")] input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer_if_any().await?;
        let accept = invitation_link::Accept {
            token: input.token,
            name: input.name,
            password: input.password,
        };
        let accepted =
            invitation_link::accept(&context.app, &context.origin, viewer.as_deref(), accept).await;
        let (signed_in, user_errors) = outcome(accepted)?;
        let Some(signed_in) = signed_in else {
            return Ok(AcceptInvitationPayload {
                tokens: None,
                account: None,
                viewer: None,
                user_errors,
            });
        };
        let viewer = context.signed_in(signed_in.viewer).await;
        Ok(AcceptInvitationPayload {
            tokens: Some(signed_in.tokens.into()),
            account: signed_in.account.map(Account::from),
            viewer: Some(Viewer(viewer)),
            user_errors,
        })
    }

    /// Declines an invitation. Codes: INVALID_TOKEN, INVITATION_NOT_PENDING, INVITATION_EXPIRED.
    async fn decline_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: DeclineInvitationInput,
    ) -> Result<DeclineInvitationPayload> {
        let context = context(ctx)?;
        let result = invitation_link::decline(&context.app, &context.origin, &input.token).await;
        let (_, user_errors) = outcome(result)?;
        Ok(DeclineInvitationPayload { user_errors })
    }

    /// Asks for a new link to an invitation that has expired, or whose inviter may no longer grant what
    /// it promises. Nobody need be signed in. The inviter, or the organization's Owner in their place,
    /// gets a mail; resending the invitation mails the new link. Once a day for an invitation. Codes:
    /// INVALID_TOKEN, LINK_REQUESTED_TOO_SOON, INVITATION_NOT_PENDING, ALREADY_INVITED (the link works).
    async fn request_new_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: RequestNewInvitationInput,
    ) -> Result<RequestNewInvitationPayload> {
        let context = context(ctx)?;
        let result = invitation_request::request(&context.app, &context.origin, &input.token).await;
        let (requested_at, user_errors) = outcome(result)?;
        Ok(RequestNewInvitationPayload { requested_at, user_errors })
    }
}

/// The rows with their invitations and what these promise, read in two statements.
async fn results(
    context: &RequestContext,
    viewer: &crate::access::Viewer,
    rows: Vec<invitation::Row>,
) -> Result<Vec<InviteUsersResult>, Error> {
    let ids: Vec<InvitationId> = rows.iter().filter_map(|row| row.invitation_id).collect();
    let found = invitation_admin::rows(&context.app, viewer, &ids).await?;
    let mut found: HashMap<InvitationId, Invitation> = found
        .into_iter()
        .map(|(row, grants)| (row.id, Invitation::with_grants(row, grants, viewer.now)))
        .collect();
    let result = |row: invitation::Row| InviteUsersResult {
        email: row.email,
        line: row.line,
        outcome: row.outcome.into(),
        invitation: row.invitation_id.and_then(|id| found.remove(&id)),
        user_error: row.error.map(UserError::from),
    };
    Ok(rows.into_iter().map(result).collect())
}
