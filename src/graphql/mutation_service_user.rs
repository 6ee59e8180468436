//! Service users and their API keys.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{ApiKeyId, OrganizationId, UserId};
use entity::membership::Status;

use super::api_key::ApiKey;
use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::mutation_role::GrantInput;
use super::user::User;
use super::user_error::UserError;
use crate::app::api_key::{self, CreateApiKey, RotateApiKey};
use crate::app::service_user::{self, CreateServiceUser};
use crate::store::user::UserRow;

/// What creating a service user takes.
#[derive(InputObject)]
pub(super) struct CreateServiceUserInput {
    /// The organization that it works for.
    organization_id: Gid<OrganizationId>,
    /// Its name, 1 to 255 characters.
    name: String,
    /// Which roles it has where, at most 100. One without any at the organization gets the default role,
    /// where there is one.
    #[graphql(default)]
    grants: Vec<GrantInput>,
}

/// What renaming a service user takes.
#[derive(InputObject)]
pub(super) struct UpdateServiceUserInput {
    /// The service user.
    service_user_id: Gid<UserId>,
    /// Its new name, 1 to 255 characters.
    name: String,
}

/// What creating an API key takes.
#[derive(InputObject)]
pub(super) struct CreateApiKeyInput {
    /// The service user that comes with it.
    service_user_id: Gid<UserId>,
    /// What people call it, 1 to 255 characters.
    name: String,
    /// From when on it lets nobody in, at most 366 days from now; 90 days when nothing is said.
    expires_at: Option<DateTime<Utc>>,
}

/// What rotating an API key takes.
#[derive(InputObject)]
pub(super) struct RotateApiKeyInput {
    /// The key whose place another one takes.
    api_key_id: Gid<ApiKeyId>,
    /// How many seconds the old key goes on, 0 to 2592000 (30 days), and never beyond its own end; a day
    /// when nothing is said.
    overlap_seconds: Option<i64>,
    /// From when on the new key lets nobody in, at most 366 days from now; when nothing is said, it lives as
    /// long as the old one was to.
    expires_at: Option<DateTime<Utc>>,
}

/// What revoking an API key takes.
#[derive(InputObject)]
pub(super) struct RevokeApiKeyInput {
    /// The key.
    api_key_id: Gid<ApiKeyId>,
}

/// What creating a service user gives.
#[derive(SimpleObject)]
pub(super) struct CreateServiceUserPayload {
    /// The service user.
    service_user: Option<User>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What renaming a service user gives.
#[derive(SimpleObject)]
pub(super) struct UpdateServiceUserPayload {
    /// The service user as it is now.
    service_user: Option<User>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

/// What creating an API key gives.
#[derive(SimpleObject)]
pub(super) struct CreateApiKeyPayload {
    /// What is known of the key.
    api_key: Option<ApiKey>,
    /// The key itself, `rcl_…`. It is shown this once.
    key: Option<String>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What rotating an API key gives.
#[derive(SimpleObject)]
pub(super) struct RotateApiKeyPayload {
    /// What is known of the new key.
    api_key: Option<ApiKey>,
    /// The new key itself, `rcl_…`. It is shown this once.
    key: Option<String>,
    /// The old key, with the end that it has now.
    old_api_key: Option<ApiKey>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

/// What revoking an API key gives.
#[derive(SimpleObject)]
pub(super) struct RevokeApiKeyPayload {
    /// The key as it is now.
    api_key: Option<ApiKey>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

/// Service users and their API keys.
#[derive(Default)]
pub(super) struct ServiceUserMutation;

/// Service users and their API keys.
#[Object]
impl ServiceUserMutation {
    /// Makes a service user: a machine that works for the organization, with roles like anyone. It comes
    /// with an API key (`createApiKey`), has no session and no mailbox, takes no seat and owns nothing;
    /// accounts that it creates are the organization's Owner's. Roles are given and taken, and it is
    /// suspended and removed (`removeUserFromOrganization`), as with other users. Takes
    /// `organization.users.manage`, and for the roles what `assignRoles` takes. Codes: INVALID_NAME,
    /// LIMIT_REACHED (100 in an organization), BAD_LIST_LENGTH, and those of `assignRoles` about grants.
    async fn create_service_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The service user to be.")] input: CreateServiceUserInput,
    ) -> Result<CreateServiceUserPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = CreateServiceUser {
            organization_id: input.organization_id.0,
            name: input.name,
            grants: input.grants.into_iter().map(Into::into).collect(),
        };
        let (row, user_errors) = outcome(service_user::create(&context.app, &viewer, input).await)?;
        let active = Some(Status::Active);
        let seen = |row: UserRow| {
            let organization_id = row.service_of;
            User::new(row, organization_id, active)
        };
        Ok(CreateServiceUserPayload { service_user: row.map(seen), user_errors })
    }

    /// Gives a service user another name. Takes `organization.users.manage`. Codes: INVALID_NAME.
    async fn update_service_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service user gets which name.")] input: UpdateServiceUserInput,
    ) -> Result<UpdateServiceUserPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (app, id) = (&context.app, input.service_user_id.0);
        let (row, user_errors) =
            outcome(service_user::rename(app, &viewer, id, &input.name).await)?;
        let seen = |row: UserRow| {
            let organization_id = row.service_of;
            User::new(row, organization_id, None)
        };
        Ok(UpdateServiceUserPayload { service_user: row.map(seen), user_errors })
    }

    /// Makes an API key, which lets its service user in until it expires or is revoked. Takes
    /// `organization.users.manage`, and of all roles that the service user holds that one could give them or
    /// may do the same oneself. Codes: INVALID_NAME, INVALID_EXPIRY, ABOVE_OWN_ACCESS, LIMIT_REACHED (10
    /// active ones).
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to be.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = CreateApiKey {
            service_user_id: input.service_user_id.0,
            name: input.name,
            expires_at: input.expires_at,
        };
        let (made, user_errors) = outcome(api_key::create(&context.app, &viewer, input).await)?;
        let (row, key) = made.map(|made| (made.row, made.key.expose().to_owned())).unzip();
        let api_key = row.map(|row| ApiKey::new(row, viewer.now));
        Ok(CreateApiKeyPayload { api_key, key, user_errors })
    }

    /// Makes an API key that takes the place of another one, which goes on for a while. Takes what
    /// `createApiKey` takes. A key is rotated once. Codes: INVALID_EXPIRY, ABOVE_OWN_ACCESS, LIMIT_REACHED,
    /// API_KEY_NOT_ACTIVE.
    async fn rotate_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and how long it goes on.")] input: RotateApiKeyInput,
    ) -> Result<RotateApiKeyPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = RotateApiKey {
            id: input.api_key_id.0,
            overlap_seconds: input.overlap_seconds,
            expires_at: input.expires_at,
        };
        let (rotated, user_errors) = outcome(api_key::rotate(&context.app, &viewer, input).await)?;
        let shown = |row| ApiKey::new(row, viewer.now);
        let (made, old) = rotated.map(|rotated| (rotated.made, rotated.old)).unzip();
        let (row, key) = made.map(|made| (made.row, made.key.expose().to_owned())).unzip();
        Ok(RotateApiKeyPayload {
            api_key: row.map(shown),
            key,
            old_api_key: old.map(shown),
            user_errors,
        })
    }

    /// Revokes an API key: it lets nobody in from the next request on. One that is revoked already is no
    /// error. Takes `organization.users.manage`. Codes: none.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = api_key::revoke(&context.app, &viewer, input.api_key_id.0).await;
        let (row, user_errors) = outcome(result)?;
        Ok(RevokeApiKeyPayload {
            api_key: row.map(|row| ApiKey::new(row, viewer.now)),
            user_errors,
        })
    }
}
