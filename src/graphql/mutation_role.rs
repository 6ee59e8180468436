//! Assigning, changing and removing roles.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, AssignmentId, BillingGroupId, UserId};

use super::assignment::RoleAssignment;
use super::context::{Context as RequestContext, context};
use super::error::outcome;
use super::id::Gid;
use super::user_error::UserError;
use crate::app::assignment::{self, Removal};
use crate::app::grants::{GrantInput as Grant, ScopeId};
use crate::error::Error;
use crate::store::assignment::AssignmentRow;

/// A role at a scope.
#[derive(Clone, InputObject)]
pub(super) struct GrantInput {
    /// The role's key.
    role_key: String,
    /// The id of an organization or account.
    scope_id: Gid<ScopeId>,
    /// The id of a billing group, for a resource role.
    resource_id: Option<Gid<BillingGroupId>>,
    /// From this instant on it grants nothing.
    valid_until: Option<DateTime<Utc>>,
}

impl From<GrantInput> for Grant {
    fn from(input: GrantInput) -> Self {
        Self {
            role_key: input.role_key,
            scope: input.scope_id.0,
            resource_id: input.resource_id.map(|id| id.0),
            valid_until: input.valid_until,
        }
    }
}

/// What assigning roles takes.
#[derive(InputObject)]
pub(super) struct AssignRolesInput {
    /// Who gets them.
    user_id: Gid<UserId>,
    /// Which roles where, 1 to 100, in one organization.
    grants: Vec<GrantInput>,
}

/// What changing a user's role in an account takes.
#[derive(InputObject)]
pub(super) struct ChangeAccountRoleInput {
    /// Whose role.
    user_id: Gid<UserId>,
    /// Where.
    account_id: Gid<AccountId>,
    /// The general role that replaces those the user holds there.
    role_key: String,
}

/// What removing assignments takes: `assignmentIds`, or `userId` with `scopeId`.
#[derive(InputObject)]
pub(super) struct RemoveRoleAssignmentsInput {
    /// These assignments, 1 to 100.
    assignment_ids: Option<Vec<Gid<AssignmentId>>>,
    /// All assignments of this user at `scopeId`.
    user_id: Option<Gid<UserId>>,
    /// The scope at which all assignments of `userId` are removed.
    scope_id: Option<Gid<ScopeId>>,
}

/// What assigning roles gives.
#[derive(SimpleObject)]
pub(super) struct AssignRolesPayload {
    /// The assignments that stand afterwards, in the order of the grants; those that stood before
    /// included.
    role_assignments: Option<Vec<RoleAssignment>>,
    /// Whether anything had to be done; false when all of it stood already.
    changed: bool,
    /// Why nothing was assigned: every grant that cannot be made is named.
    user_errors: Vec<UserError>,
}

/// What changing a user's role in an account gives.
#[derive(SimpleObject)]
pub(super) struct ChangeAccountRolePayload {
    /// The assignment of the new role.
    role_assignments: Option<Vec<RoleAssignment>>,
    /// Whether anything had to be done; false when the role was the only one already.
    changed: bool,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
}

/// What removing assignments gives.
#[derive(SimpleObject)]
pub(super) struct RemoveRoleAssignmentsPayload {
    /// The assignments that are gone.
    removed_ids: Option<Vec<ID>>,
    /// Why nothing was removed.
    user_errors: Vec<UserError>,
}

/// Roles.
#[derive(Default)]
pub(super) struct RoleMutation;

/// Roles.
#[Object]
impl RoleMutation {
    /// Gives a member roles, all or none. Organization-level roles take
    /// `organization.assignments.manage`, which lifts the ceiling; account-level ones take
    /// `account.users.manage` there, and then no role above one's own access. A role that stands
    /// already is no error. Codes: BAD_LIST_LENGTH, UNKNOWN_ROLE, ROLE_NOT_ASSIGNABLE_HERE,
    /// RESOURCE_MISMATCH, OWNER_ROLE, ABOVE_OWN_ACCESS, NOT_ALLOWED, EXCLUSIVE_ROLES,
    /// VALID_UNTIL_IN_PAST, ROLE_LIMIT_REACHED, NOT_A_MEMBER, NOT_FOUND, DIFFERENT_ORGANIZATIONS,
    /// ACCOUNT_NOT_ACTIVE.
    async fn assign_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who gets which roles where.")] input: AssignRolesInput,
    ) -> Result<AssignRolesPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let grants: Vec<Grant> = input.grants.into_iter().map(Grant::from).collect();
        let result = assignment::assign(&context.app, &viewer, input.user_id.0, &grants).await;
        let (assigned, user_errors) = outcome(result)?;
        context.access_changed().await;
        Ok(AssignRolesPayload {
            changed: assigned.as_ref().is_some_and(|assigned| assigned.changed),
            role_assignments: assigned.map(|assigned| shown(context, assigned.rows)),
            user_errors,
        })
    }

    /// Makes a general role the only one that a user holds in an account, in one step; product roles
    /// stay. Codes: UNKNOWN_ROLE, ROLE_NOT_ASSIGNABLE_HERE, OWNER_ROLE, ABOVE_OWN_ACCESS,
    /// NOT_A_MEMBER.
    async fn change_account_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose role becomes which, where.")] input: ChangeAccountRoleInput,
    ) -> Result<ChangeAccountRolePayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let (user_id, account_id) = (input.user_id.0, input.account_id.0);
        let changed = assignment::change_account_role(
            &context.app,
            &viewer,
            user_id,
            account_id,
            &input.role_key,
        );
        let (assigned, user_errors) = outcome(changed.await)?;
        context.access_changed().await;
        Ok(ChangeAccountRolePayload {
            changed: assigned.as_ref().is_some_and(|assigned| assigned.changed),
            role_assignments: assigned.map(|assigned| shown(context, assigned.rows)),
            user_errors,
        })
    }

    /// Removes assignments, all or none: the ones named, or all of a user at one scope. Takes the same
    /// as assigning there, but for the ceiling. Codes: BAD_LIST_LENGTH, NOT_FOUND, NOT_ALLOWED,
    /// OWNER_ROLE, DIFFERENT_ORGANIZATIONS.
    async fn remove_role_assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which assignments.")] input: RemoveRoleAssignmentsInput,
    ) -> Result<RemoveRoleAssignmentsPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let removal = match (input.assignment_ids, input.user_id, input.scope_id) {
            (Some(ids), None, None) => Removal::Assignments(ids.iter().map(|id| id.0).collect()),
            (None, Some(user_id), Some(scope)) => Removal::UserAtScope(user_id.0, scope.0),
            _ => {
                let message = "either assignmentIds, or userId and scopeId".to_owned();
                return Err(Error::BadInput { field: "input", message }.into());
            }
        };
        let (ids, user_errors) = outcome(assignment::remove(&context.app, &viewer, removal).await)?;
        context.access_changed().await;
        let removed_ids = ids.map(|ids| ids.into_iter().map(ID::from).collect());
        Ok(RemoveRoleAssignmentsPayload { removed_ids, user_errors })
    }
}

fn shown(context: &RequestContext, rows: Vec<AssignmentRow>) -> Vec<RoleAssignment> {
    rows.into_iter().filter_map(|row| RoleAssignment::new(row, &context.app.roles)).collect()
}
