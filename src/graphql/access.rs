//! Decisions, explained (R28, R29).

use async_graphql::{Context, Enum, Result, SimpleObject};

use super::account::AccountStatus;
use super::assignment::RoleAssignment;
use super::context::context;
use super::role::Role;
use super::scope::Scope;
use crate::access;
use crate::app::access::Answer;

/// Whether something is allowed, and why.
#[derive(SimpleObject)]
pub(super) struct Access {
    /// Whether it is allowed.
    allowed: bool,
    /// What allows it; null when it is not allowed.
    because: Option<AccessChain>,
    /// The roles that would give the permission at that scope.
    granted_by: Vec<Role>,
    /// Set when the permission is held, and yet not allowed because work in the account is stopped: the
    /// account's status, or that of the account above.
    stopped: Option<AccountStatus>,
}

/// The chain that decides: an assignment, its role, its scope, and how that scope covers the one
/// asked about.
#[derive(SimpleObject)]
pub(super) struct AccessChain {
    /// The assignment.
    assignment: RoleAssignment,
    /// The role, which holds the permission.
    role: Role,
    /// Where the role is assigned.
    scope: Scope,
    /// How that scope covers the one asked about.
    reach: Reach,
}

/// How an assignment's scope covers the scope asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Reach")]
pub(super) enum Reach {
    /// It is the same scope.
    Direct,
    /// It is the account above.
    FromAccount,
    /// It is the organization.
    FromOrganization,
    /// It is a resource that covers the scope.
    Resource,
}

/// An answer as the API shows it.
pub(super) fn shown(ctx: &Context<'_>, answer: Answer) -> Result<Access> {
    let roles = &context(ctx)?.app.roles;
    let because = answer.because.and_then(|(chain, row)| {
        Some(AccessChain {
            role: Role::new(&chain.role, roles),
            scope: Scope::from(&row),
            reach: chain.reach.into(),
            assignment: RoleAssignment::new(row, roles)?,
        })
    });
    Ok(Access {
        allowed: because.is_some(),
        because,
        granted_by: answer.granted_by.iter().map(|role| Role::new(role, roles)).collect(),
        stopped: answer.stopped.map(Into::into),
    })
}
