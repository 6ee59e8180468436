//! What can be done. One file a noun; they are merged here.

use async_graphql::MergedObject;

use super::mutation_account::AccountMutation;
use super::mutation_account_move::AccountMoveMutation;
use super::mutation_billing_group::BillingGroupMutation;
use super::mutation_custom_role::CustomRoleMutation;
use super::mutation_email_domain::EmailDomainMutation;
use super::mutation_identity::IdentityMutation;
use super::mutation_invitation::InvitationMutation;
use super::mutation_join::JoinMutation;
use super::mutation_membership::MembershipMutation;
use super::mutation_organization::OrganizationMutation;
use super::mutation_ownership::OwnershipMutation;
use super::mutation_role::RoleMutation;
use super::mutation_service_user::ServiceUserMutation;
use super::mutation_session::SessionMutation;

/// What can be done. Each mutation takes one input; what a person can cause to go wrong is in
/// `userErrors`, and then nothing was done. Each can answer INVALID_TEXT and IDEMPOTENCY_KEY_REUSED for its
/// `idempotencyKey`.
#[derive(Default, MergedObject)]
pub struct Mutation(
    SessionMutation,
    IdentityMutation,
    OrganizationMutation,
    AccountMutation,
    AccountMoveMutation,
    MembershipMutation,
    RoleMutation,
    InvitationMutation,
    JoinMutation,
    OwnershipMutation,
    CustomRoleMutation,
    BillingGroupMutation,
    EmailDomainMutation,
    ServiceUserMutation,
);
