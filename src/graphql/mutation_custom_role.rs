//! Making, changing and deleting custom roles.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::id::{OrganizationId, RoleId};

use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::role::Role;
use super::user_error::UserError;
use crate::app::custom_role::{self, CreateCustomRole, DeleteCustomRole, UpdateCustomRole};
use crate::app::work::Run;

/// What creating a custom role takes.
#[derive(InputObject)]
pub(super) struct CreateCustomRoleInput {
    /// The organization that makes it for itself.
    organization_id: Gid<OrganizationId>,
    /// What mutations will name it by: 1 to 63 lower-case letters, digits and underscores, a letter
    /// first. It stays.
    key: String,
    /// What people call it, 1 to 255 characters.
    name: String,
    /// What it is for, at most 1000 characters.
    description: Option<String>,
    /// What it permits: the keys of at least one permission. What only owners may do is not among them.
    permissions: Vec<String>,
}

/// What changing a custom role takes; what is left out stays.
#[derive(InputObject)]
pub(super) struct UpdateCustomRoleInput {
    /// The role.
    role_id: Gid<RoleId>,
    /// Another name, 1 to 255 characters.
    name: Option<String>,
    /// Another description, at most 1000 characters.
    description: Option<String>,
    /// Other permissions: all that it will permit.
    permissions: Option<Vec<String>>,
}

/// What deleting a custom role takes.
#[derive(InputObject)]
pub(super) struct DeleteCustomRoleInput {
    /// The role.
    role_id: Gid<RoleId>,
    /// The key of the role that takes its place wherever it is assigned or promised.
    replacement_role_key: Option<String>,
    /// Only tell what would come of it; nothing is changed.
    #[graphql(default)]
    dry_run: bool,
}

/// What creating a custom role gives.
#[derive(SimpleObject)]
pub(super) struct CreateCustomRolePayload {
    /// The new role.
    role: Option<Role>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What changing a custom role gives.
#[derive(SimpleObject)]
pub(super) struct UpdateCustomRolePayload {
    /// The role as it is now.
    role: Option<Role>,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
}

/// What deleting a custom role gives.
#[derive(SimpleObject)]
pub(super) struct DeleteCustomRolePayload {
    /// The role that is gone.
    deleted_role_id: Option<ID>,
    /// How many assignments it had: they are of the other role now.
    role_assignment_count: Option<u64>,
    /// How many pending invitations promised it: they promise the other role now.
    invitation_count: Option<u64>,
    /// Why nothing was deleted.
    user_errors: Vec<UserError>,
}

/// Custom roles.
#[derive(Default)]
pub(super) struct CustomRoleMutation;

/// Custom roles.
#[Object]
impl CustomRoleMutation {
    /// Makes a role for an organization out of the catalogue's permissions. It can be assigned at the
    /// scopes where all of them make sense. Takes `organization.assignments.manage`. Codes:
    /// INVALID_ROLE_KEY, ROLE_KEY_TAKEN, INVALID_NAME, INVALID_TEXT, UNKNOWN_PERMISSION,
    /// OWNER_PERMISSION, BAD_LIST_LENGTH, ABOVE_OWN_ACCESS, LIMIT_REACHED.
    async fn create_custom_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role to be.")] input: CreateCustomRoleInput,
    ) -> Result<CreateCustomRolePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = CreateCustomRole {
            organization_id: input.organization_id.0,
            key: input.key,
            name: input.name,
            description: input.description,
            permissions: input.permissions,
        };
        let result = custom_role::create(&context.app, &viewer, input).await;
        let (role, user_errors) = outcome(result)?;
        let role = role.map(|role| Role::new(&role, &context.app.roles));
        Ok(CreateCustomRolePayload { role, user_errors })
    }

    /// Changes what a custom role is called or permits; for those who hold it that counts from the next
    /// request on. Takes `organization.assignments.manage`. Codes: INVALID_NAME, INVALID_TEXT,
    /// UNKNOWN_PERMISSION, OWNER_PERMISSION, BAD_LIST_LENGTH, ABOVE_OWN_ACCESS,
    /// ROLE_NOT_ASSIGNABLE_HERE (it is in use where the new permissions make no sense).
    async fn update_custom_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What becomes of which role.")] input: UpdateCustomRoleInput,
    ) -> Result<UpdateCustomRolePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = UpdateCustomRole {
            id: input.role_id.0,
            name: input.name,
            description: input.description,
            permissions: input.permissions,
        };
        let result = custom_role::update(&context.app, &viewer, input).await;
        let (role, user_errors) = outcome(result)?;
        context.access_changed().await;
        let role = role.map(|role| Role::new(&role, &context.app.roles));
        Ok(UpdateCustomRolePayload { role, user_errors })
    }

    /// Deletes a custom role. Where it is assigned, or promised by a pending invitation, another role
    /// has to take its place, in the same step. Invitations that are over lose it. Takes
    /// `organization.assignments.manage`. Codes: ROLE_IN_USE, UNKNOWN_ROLE, ROLE_NOT_ASSIGNABLE_HERE,
    /// RESOURCE_MISMATCH, OWNER_ROLE, ABOVE_OWN_ACCESS, ROLE_LIMIT_REACHED.
    async fn delete_custom_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and which takes its place.")] input: DeleteCustomRoleInput,
    ) -> Result<DeleteCustomRolePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let input = DeleteCustomRole {
            id: input.role_id.0,
            replacement: input.replacement_role_key,
            run: Run::dry(input.dry_run),
        };
        let result = custom_role::delete(&context.app, &viewer, input).await;
        let (deleted, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(DeleteCustomRolePayload {
            deleted_role_id: deleted.as_ref().map(|deleted| deleted.id.into()),
            role_assignment_count: deleted.as_ref().map(|deleted| deleted.assignments as u64),
            invitation_count: deleted.as_ref().map(|deleted| deleted.invitations as u64),
            user_errors,
        })
    }
}
