//! One's own identity: password and address.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::consequences::Consequences;
use super::context::context;
use super::error::outcome;
use super::user_error::UserError;
use super::viewer::Viewer;
use crate::app::user_delete::{self, Deleted};
use crate::app::work::Run;
use crate::app::{email_change, password_change, sign_up};

/// What changing one's password takes.
#[derive(InputObject)]
pub(super) struct ChangePasswordInput {
    /// The password that the person has.
    current_password: String,
    /// The new one, 8 to 256 characters.
    new_password: String,
}

/// What changing one's password gives.
#[derive(SimpleObject)]
pub(super) struct ChangePasswordPayload {
    /// How many other sessions ended.
    ended_count: Option<u64>,
    /// Why the password was not changed.
    user_errors: Vec<UserError>,
}

/// What asking for another address takes.
#[derive(InputObject)]
pub(super) struct RequestEmailChangeInput {
    /// The new e-mail address.
    email: String,
    /// The person's password.
    password: String,
}

/// What asking for another address gives: the same, whether or not somebody else has it.
#[derive(SimpleObject)]
pub(super) struct RequestEmailChangePayload {
    /// Why no link was mailed.
    user_errors: Vec<UserError>,
}

/// What proving a new address takes.
#[derive(InputObject)]
pub(super) struct ConfirmEmailChangeInput {
    /// The token: the last part of the mailed link.
    token: String,
}

/// What proving a new address gives.
#[derive(SimpleObject)]
pub(super) struct ConfirmEmailChangePayload {
    /// The signed-in person, if the address is theirs now; null when nobody is signed in.
    viewer: Option<Viewer>,
    /// Why the address was not changed.
    user_errors: Vec<UserError>,
}

/// What asking for the mail again gives.
#[derive(SimpleObject)]
pub(super) struct ResendVerificationEmailPayload {
    /// Why no mail was sent.
    user_errors: Vec<UserError>,
}

/// What deleting one's own user takes.
#[derive(InputObject)]
pub(super) struct DeleteOwnUserInput {
    /// The person's password.
    password: String,
    /// Whether to only tell what would go: nothing is done then.
    #[graphql(default)]
    dry_run: bool,
}

/// What deleting one's own user gives.
#[derive(SimpleObject)]
pub(super) struct DeleteOwnUserPayload {
    /// The user who is gone.
    deleted_user_id: Option<ID>,
    /// What went along; after STILL_OWNER, the accounts that are in the way.
    consequences: Option<Consequences>,
    /// Why the user was not deleted.
    user_errors: Vec<UserError>,
}

/// One's own identity.
#[derive(Default)]
pub(super) struct IdentityMutation;

/// One's own identity.
#[Object]
impl IdentityMutation {
    /// Sets a new password and ends all other sessions; a mail tells of it. Who tries too often gets
    /// RATE_LIMITED with `retryAfter`. Codes: INVALID_CREDENTIALS, INVALID_PASSWORD, WEAK_PASSWORD.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password, and what it is to be.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (current, new) = (input.current_password, input.new_password);
        let result = password_change::change(&context.app, &viewer, current, new).await;
        let (ended_count, user_errors) = outcome(result)?;
        Ok(ChangePasswordPayload { ended_count, user_errors })
    }

    /// Mails a link to a new address, whose `confirmEmailChange` makes it the person's, and a notice to the
    /// one that they have. The newest link works, for an hour; five are mailed in a day. Who tries
    /// passwords too often gets RATE_LIMITED with `retryAfter`. Codes: INVALID_EMAIL, PERSONAL_EMAIL_DOMAIN
    /// and DISPOSABLE_EMAIL_DOMAIN (where the operator asks for work addresses), EMAIL_UNAVAILABLE for the
    /// address that the person has, INVALID_CREDENTIALS, LIMIT_REACHED.
    async fn request_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new address.")] input: RequestEmailChangeInput,
    ) -> Result<RequestEmailChangePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result =
            email_change::request(&context.app, &viewer, &input.email, input.password).await;
        Ok(RequestEmailChangePayload { user_errors: outcome(result)?.1 })
    }

    /// Gives a person the address that the mailed link proves, and ends their sessions, but for the one that
    /// asks. Requests to join organizations by the old address are withdrawn. Codes: INVALID_TOKEN,
    /// EMAIL_UNAVAILABLE.
    async fn confirm_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: ConfirmEmailChangeInput,
    ) -> Result<ConfirmEmailChangePayload> {
        let context = context(ctx)?;
        // Who opens a link need not be signed in, nor still be.
        let asking = context.viewer_if_any().await.unwrap_or_default();
        let asking = asking.and_then(|viewer| Some((viewer.user_id(), viewer.session_id().ok()?)));
        let (app, origin) = (&context.app, &context.origin);
        let result = email_change::confirm(app, origin, asking, &input.token).await;
        let (user_id, user_errors) = outcome(result)?;
        let mut viewer = None;
        if user_id.is_some() && user_id == asking.map(|(user_id, _)| user_id) {
            context.access_changed().await;
            viewer = Some(Viewer(context.viewer().await?));
        }
        Ok(ConfirmEmailChangePayload { viewer, user_errors })
    }

    /// Erases one's own identity for good: name, address, password, sessions. Memberships end with all that
    /// is held there, and pending invitations that the person vouches for are revoked. The record of changes
    /// stays. The address is free for a new sign-up. Refused while the person owns anything. Who tries
    /// passwords too often gets RATE_LIMITED with `retryAfter`. Codes: INVALID_CREDENTIALS, STILL_OWNER.
    async fn delete_own_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password, and whether it is only tried.")] input: DeleteOwnUserInput,
    ) -> Result<DeleteOwnUserPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let run = Run::dry(input.dry_run);
        let result = user_delete::delete_own(&context.app, &viewer, input.password, run).await;
        let (deleted, mut user_errors) = outcome(result)?;
        let Some(Deleted { consequences, refused }) = deleted else {
            return Ok(DeleteOwnUserPayload {
                deleted_user_id: None,
                consequences: None,
                user_errors,
            });
        };
        let consequences = Consequences::new(consequences, &context.app.roles, viewer.now);
        let deleted_user_id = refused.is_none().then(|| viewer.user_id().to_string().into());
        user_errors.extend(refused.map(UserError::from));
        Ok(DeleteOwnUserPayload { deleted_user_id, consequences: Some(consequences), user_errors })
    }

    /// Mails the link that proves the person's address again; the earlier ones work no more. Codes:
    /// RESEND_TOO_SOON within a minute and after five mails in a day, EMAIL_VERIFIED where there is
    /// nothing to prove.
    async fn resend_verification_email(
        &self,
        ctx: &Context<'_>,
    ) -> Result<ResendVerificationEmailPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = sign_up::resend_verification(&context.app, &viewer).await;
        Ok(ResendVerificationEmailPayload { user_errors: outcome(result)?.1 })
    }
}
