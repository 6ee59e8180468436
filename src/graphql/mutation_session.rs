//! Signing up, in and out; switching accounts.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, SessionId};

use super::account::Account;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use super::viewer::Viewer;
use crate::app;
use crate::app::password_reset;
use crate::app::session::{self, Landing, SignedIn};
use crate::app::sign_up;

/// What a client keeps of a session.
#[derive(SimpleObject)]
pub(super) struct SessionTokens {
    /// The JWT for the header `Authorization: Bearer …`.
    access_token: String,
    /// When it stops working; refresh before.
    access_token_expires_at: DateTime<Utc>,
    /// Good for one `refreshSession`.
    refresh_token: String,
}

impl From<session::Tokens> for SessionTokens {
    fn from(tokens: session::Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            access_token_expires_at: tokens.access_token_expires_at,
            refresh_token: tokens.refresh_token,
        }
    }
}

/// Why a sign-in landed in the account that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Landing")]
pub(super) enum LandingReason {
    /// It is the person's default.
    Default,
    /// The person last worked in it, and has no default.
    LastUsed,
    /// It is the first that the person can reach.
    First,
    /// The default was closed, or access to it was lost: it is the next best.
    DefaultUnavailable,
    /// The person can reach no account.
    None,
}

/// What signing up takes.
#[derive(InputObject)]
pub(super) struct SignUpInput {
    /// The person's name, 1 to 255 characters.
    name: String,
    /// The person's e-mail address.
    email: String,
    /// The password, 8 to 256 characters.
    password: String,
    /// The name of the organization that is created.
    organization_name: String,
    /// The name of its first account; the organization's when nothing is said.
    account_name: Option<String>,
    /// The language of mails, a BCP 47 tag: `en`, `de`.
    locale: Option<String>,
}

/// What signing in takes.
#[derive(InputObject)]
pub(super) struct SignInInput {
    /// The e-mail address.
    email: String,
    /// The password.
    password: String,
}

/// What signing up or in gives.
#[derive(SimpleObject)]
#[graphql(name = "SignInPayload")]
pub(super) struct SignedInPayload {
    /// The tokens of the new session.
    tokens: Option<SessionTokens>,
    /// The person.
    viewer: Option<Viewer>,
    /// Why the session is in the account that it is.
    landing: Option<LandingReason>,
    /// Why there is no session.
    user_errors: Vec<UserError>,
}

/// What signing up gives.
#[derive(SimpleObject)]
pub(super) struct SignUpPayload {
    /// The tokens of the new session.
    tokens: Option<SessionTokens>,
    /// The person.
    viewer: Option<Viewer>,
    /// Why there is no session.
    user_errors: Vec<UserError>,
}

/// What refreshing takes.
#[derive(InputObject)]
pub(super) struct RefreshSessionInput {
    /// The refresh token; it is used up.
    refresh_token: String,
}

/// What refreshing gives.
#[derive(SimpleObject)]
pub(super) struct RefreshSessionPayload {
    /// New tokens of the same session.
    tokens: Option<SessionTokens>,
    /// Why there are none.
    user_errors: Vec<UserError>,
}

/// What signing out gives.
#[derive(SimpleObject)]
pub(super) struct SignOutPayload {
    /// Always empty.
    user_errors: Vec<UserError>,
}

/// What asking for a new password takes.
#[derive(InputObject)]
pub(super) struct RequestPasswordResetInput {
    /// The e-mail address.
    email: String,
}

/// What asking for a new password gives: the same, whether or not somebody has the address.
#[derive(SimpleObject)]
pub(super) struct RequestPasswordResetPayload {
    /// Why no mail can be sent to what was given.
    user_errors: Vec<UserError>,
}

/// What setting a new password takes.
#[derive(InputObject)]
pub(super) struct ResetPasswordInput {
    /// The token: the last part of the mailed link.
    token: String,
    /// The new password, 8 to 256 characters.
    password: String,
}

/// What setting a new password gives.
#[derive(SimpleObject)]
pub(super) struct ResetPasswordPayload {
    /// The tokens of a new session.
    tokens: Option<SessionTokens>,
    /// Why the password was not set.
    user_errors: Vec<UserError>,
}

/// What ending a session takes.
#[derive(InputObject)]
pub(super) struct EndSessionInput {
    /// One of the person's own sessions.
    session_id: Gid<SessionId>,
}

/// What ending a session gives.
#[derive(SimpleObject)]
pub(super) struct EndSessionPayload {
    /// Always empty.
    user_errors: Vec<UserError>,
}

/// What ending all other sessions gives.
#[derive(SimpleObject)]
pub(super) struct EndOtherSessionsPayload {
    /// How many there were.
    ended_count: u64,
    /// Always empty.
    user_errors: Vec<UserError>,
}

/// What verifying an address takes.
#[derive(InputObject)]
pub(super) struct VerifyEmailInput {
    /// The token: the last part of the mailed link.
    token: String,
}

/// What verifying an address gives.
#[derive(SimpleObject)]
pub(super) struct VerifyEmailPayload {
    /// The signed-in person; null when nobody is signed in.
    viewer: Option<Viewer>,
    /// Why the address is not verified.
    user_errors: Vec<UserError>,
}

/// What switching takes.
#[derive(InputObject)]
pub(super) struct SwitchAccountInput {
    /// The account to work in.
    account_id: Gid<AccountId>,
}

/// What switching gives.
#[derive(SimpleObject)]
pub(super) struct SwitchAccountPayload {
    /// Tokens of the same session that work in the account. The old ones go on working in the old
    /// account, so that another tab can stay there.
    tokens: Option<SessionTokens>,
    /// The account.
    account: Option<Account>,
    /// Why it cannot be worked in.
    user_errors: Vec<UserError>,
}

/// What setting the default account takes.
#[derive(InputObject)]
pub(super) struct SetDefaultAccountInput {
    /// The account where sign-in will land.
    account_id: Gid<AccountId>,
}

/// What setting the default account gives.
#[derive(SimpleObject)]
pub(super) struct SetDefaultAccountPayload {
    /// The person.
    viewer: Option<Viewer>,
    /// Why it was not set.
    user_errors: Vec<UserError>,
}

/// Sessions.
#[derive(Default)]
pub(super) struct SessionMutation;

/// Sessions.
#[Object]
impl SessionMutation {
    /// Creates a person, an organization and its first account, with the Owner roles; mails a link to
    /// verify the address. Codes: INVALID_NAME, INVALID_EMAIL, PERSONAL_EMAIL_DOMAIN and
    /// DISPOSABLE_EMAIL_DOMAIN (where the operator asks for work addresses), EMAIL_UNAVAILABLE,
    /// INVALID_PASSWORD, WEAK_PASSWORD, UNKNOWN_LOCALE. A network that signs up too often gets
    /// RATE_LIMITED with `retryAfter`.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person and the organization to be.")] input: SignUpInput,
    ) -> Result<SignUpPayload> {
        let context = context(ctx)?;
        let input = sign_up::SignUp {
            name: input.name,
            email: input.email,
            password: input.password,
            organization_name: input.organization_name,
            account_name: input.account_name,
            locale: input.locale,
        };
        let (signed_in, user_errors) =
            outcome(sign_up::sign_up(&context.app, &context.origin, input).await)?;
        let Some(SignedIn { tokens, viewer, .. }) = signed_in else {
            return Ok(SignUpPayload { tokens: None, viewer: None, user_errors });
        };
        let viewer = context.signed_in(viewer).await;
        Ok(SignUpPayload { tokens: Some(tokens.into()), viewer: Some(Viewer(viewer)), user_errors })
    }

    /// Begins a session. It lands in the default account, else in the last used, else in the first.
    /// Who tries too often gets RATE_LIMITED with `retryAfter`. Codes: INVALID_CREDENTIALS.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> Result<SignedInPayload> {
        let context = context(ctx)?;
        let result =
            session::sign_in(&context.app, &context.origin, &input.email, input.password).await;
        let (signed_in, user_errors) = outcome(result)?;
        let Some(SignedIn { tokens, viewer, landing, .. }) = signed_in else {
            return Ok(SignedInPayload { tokens: None, viewer: None, landing: None, user_errors });
        };
        let viewer = context.signed_in(viewer).await;
        Ok(SignedInPayload {
            tokens: Some(tokens.into()),
            viewer: Some(Viewer(viewer)),
            landing: Some(landing.into()),
            user_errors,
        })
    }

    /// Uses a refresh token up for new tokens. A token that was used before ends its session. Codes:
    /// INVALID_REFRESH_TOKEN. A network that tries too many that are no good gets RATE_LIMITED with
    /// `retryAfter`.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Result<RefreshSessionPayload> {
        let context = context(ctx)?;
        let result = session::refresh(&context.app, &context.origin, &input.refresh_token).await;
        let (tokens, user_errors) = outcome(result)?;
        Ok(RefreshSessionPayload { tokens: tokens.map(Into::into), user_errors })
    }

    /// Ends the session; its tokens stop working with the next request. Codes: PERSON_REQUIRED.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (_, user_errors) = outcome(session::sign_out(&context.app, &viewer).await)?;
        Ok(SignOutPayload { user_errors })
    }

    /// Mails a link that sets a new password, if somebody has the address; the answer does not tell.
    /// At most one mail a minute and five a day. A network that asks too often gets RATE_LIMITED with
    /// `retryAfter`. Codes: INVALID_EMAIL.
    #[expect(clippy::unused_async, reason = "resolvers are async; the work comes after the answer")]
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password.")] input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload> {
        let context = context(ctx)?;
        let result = password_reset::request(&context.app, &context.origin, &input.email);
        Ok(RequestPasswordResetPayload { user_errors: outcome(result)?.1 })
    }

    /// Sets a new password with the mailed link's token, ends all sessions and begins a new one. Codes:
    /// INVALID_PASSWORD, WEAK_PASSWORD, INVALID_TOKEN.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token and the new password.")] input: ResetPasswordInput,
    ) -> Result<ResetPasswordPayload> {
        let context = context(ctx)?;
        let (app, origin) = (&context.app, &context.origin);
        let result = password_reset::reset(app, origin, &input.token, input.password).await;
        let (signed_in, user_errors) = outcome(result)?;
        Ok(ResetPasswordPayload {
            tokens: signed_in.map(|signed_in| signed_in.tokens.into()),
            user_errors,
        })
    }

    /// Ends one of the person's own sessions; its tokens stop working with the next request. NOT_FOUND
    /// for one that is over, or somebody else's. Codes: PERSON_REQUIRED.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: EndSessionInput,
    ) -> Result<EndSessionPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = app::device::end(&context.app, &viewer, input.session_id.0).await;
        Ok(EndSessionPayload { user_errors: outcome(result)?.1 })
    }

    /// Ends all of the person's sessions but the one that asks. Codes: PERSON_REQUIRED.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<EndOtherSessionsPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = app::device::end_others(&context.app, &viewer).await;
        let (ended_count, user_errors) = outcome(result)?;
        Ok(EndOtherSessionsPayload { ended_count: ended_count.unwrap_or_default(), user_errors })
    }

    /// Proves an address with the token of the mailed link. Codes: INVALID_TOKEN.
    async fn verify_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: VerifyEmailInput,
    ) -> Result<VerifyEmailPayload> {
        let context = context(ctx)?;
        let result = sign_up::verify_email(&context.app, &context.origin, &input.token).await;
        let (user_id, user_errors) = outcome(result)?;
        let viewer = context.viewer_if_any().await.unwrap_or_default();
        let viewer = viewer.filter(|viewer| Some(viewer.user_id()) == user_id).map(Viewer);
        Ok(VerifyEmailPayload { viewer, user_errors })
    }

    /// Works in another account from here on: new tokens, the account, and what may be done there, in
    /// one step. Codes: ACCOUNT_NOT_ACTIVE.
    async fn switch_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to.")] input: SwitchAccountInput,
    ) -> Result<SwitchAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = app::account::switch(&context.app, &viewer, input.account_id.0).await;
        let (switched, user_errors) = outcome(result)?;
        let (tokens, account) = switched.unzip();
        Ok(SwitchAccountPayload {
            tokens: tokens.map(Into::into),
            account: account.map(Account::from),
            user_errors,
        })
    }

    /// Sets where sign-in lands. Codes: ACCOUNT_NOT_ACTIVE.
    async fn set_default_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: SetDefaultAccountInput,
    ) -> Result<SetDefaultAccountPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = app::account::set_default(&context.app, &viewer, input.account_id.0).await;
        let (set, user_errors) = outcome(result)?;
        let viewer = set.map(|_| Viewer(Arc::clone(&viewer)));
        Ok(SetDefaultAccountPayload { viewer, user_errors })
    }
}
