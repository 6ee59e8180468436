//! Relay's `Node`: every object with an id, by its id alone, through the same decisions as on any
//! other road.

use async_graphql::{Context, ID, Interface, Result};
use entity::id::{
    AccountId, AccountMoveId, ApiKeyId, AssignmentId, AuditEventId, BillingGroupId, DomainId,
    InvitationId, JoinRequestId, OfferId, OrganizationId, RoleId, SessionId, TypedId, UserId,
    parse_any,
};

use super::account::Account;
use super::account_move::AccountMove;
use super::api_key::ApiKey;
use super::assignment::RoleAssignment;
use super::audit::AuditEvent;
use super::billing_group::BillingGroup;
use super::context::context;
use super::email_domain::EmailDomain;
use super::invitation::Invitation;
use super::join::JoinRequest;
use super::organization::Organization;
use super::ownership::OwnershipOffer;
use super::role::Role;
use super::session::Session;
use super::user::User;
use crate::app;
use crate::error::Error;

/// An object with an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The id, with the prefix of its kind."))]
pub(super) enum Node {
    /// An organization.
    Organization(Organization),
    /// An account.
    Account(Account),
    /// A user.
    User(User),
    /// A role, of the catalogue or a custom one.
    Role(Role),
    /// A billing group.
    BillingGroup(BillingGroup),
    /// A role assignment.
    RoleAssignment(RoleAssignment),
    /// An invitation.
    Invitation(Invitation),
    /// A session of the viewer's.
    Session(Session),
    /// An offer to hand over what one owns.
    OwnershipOffer(OwnershipOffer),
    /// An account that is to go into another organization.
    AccountMove(AccountMove),
    /// An e-mail domain that an organization claims.
    EmailDomain(EmailDomain),
    /// Somebody's wish to join an organization.
    JoinRequest(JoinRequest),
    /// A key of a service user.
    ApiKey(ApiKey),
    /// Something that was done.
    AuditEvent(AuditEvent),
}

/// The object with this id, if the viewer may see it.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let context = context(ctx)?;
    let app = &context.app;
    let viewer = context.viewer().await?;
    let (prefix, uuid) =
        parse_any(id).map_err(|error| Error::BadInput { field: "id", message: error.0 })?;
    let found = match prefix {
        OrganizationId::PREFIX => app::user::organization(app, &viewer, OrganizationId(uuid))
            .await
            .map(|row| Node::Organization(row.into())),
        AccountId::PREFIX => app::account::visible(app, &viewer, AccountId(uuid))
            .await
            .map(|row| Node::Account(row.into())),
        UserId::PREFIX => {
            app::user::find(app, &viewer, UserId(uuid)).await.map(|(organization_id, row)| {
                Node::User(User::new(row.user, Some(organization_id), Some(row.membership_status)))
            })
        }
        RoleId::PREFIX => match app.roles.get(RoleId(uuid)) {
            Some(role) => Ok(Node::Role(Role::new(role, &app.roles))),
            None => app::custom_role::visible(app, &viewer, RoleId(uuid))
                .await
                .map(|role| Node::Role(Role::new(&role, &app.roles))),
        },
        BillingGroupId::PREFIX => app::billing_group::visible(app, &viewer, BillingGroupId(uuid))
            .await
            .map(|row| Node::BillingGroup(row.into())),
        AssignmentId::PREFIX => {
            app::assignment::find(app, &viewer, AssignmentId(uuid)).await.and_then(|row| {
                let assignment = RoleAssignment::new(row, &app.roles);
                assignment.map(Node::RoleAssignment).ok_or(Error::NotFound("role assignment"))
            })
        }
        InvitationId::PREFIX => app::invitation_admin::find(app, &viewer, InvitationId(uuid))
            .await
            .map(|row| Node::Invitation(Invitation::new(row, viewer.now))),
        ApiKeyId::PREFIX => app::api_key::find(app, &viewer, ApiKeyId(uuid))
            .await
            .map(|row| Node::ApiKey(ApiKey::new(row, viewer.now))),
        SessionId::PREFIX => app::device::find(app, &viewer, SessionId(uuid))
            .await
            .map(|row| Node::Session(Session::new(row, viewer.session_id().ok()))),
        OfferId::PREFIX => app::ownership::find(app, &viewer, OfferId(uuid))
            .await
            .map(|row| Node::OwnershipOffer(OwnershipOffer::new(row, viewer.now))),
        AccountMoveId::PREFIX => app::account_move::find(app, &viewer, AccountMoveId(uuid))
            .await
            .map(|row| Node::AccountMove(AccountMove::new(row, viewer.now))),
        DomainId::PREFIX => app::email_domain::find(app, &viewer, DomainId(uuid))
            .await
            .map(|row| Node::EmailDomain(row.into())),
        JoinRequestId::PREFIX => app::join_request::find(app, &viewer, JoinRequestId(uuid))
            .await
            .map(|row| Node::JoinRequest(JoinRequest::new(row, app, &viewer))),
        AuditEventId::PREFIX => app::audit::find(app, &viewer, AuditEventId(uuid))
            .await
            .map(|row| Node::AuditEvent(row.into())),
        _ => Err(Error::NotFound("object")),
    };
    match found {
        Ok(node) => Ok(Some(node)),
        // By its id alone, what one may not see does not exist (R2).
        Err(Error::NotFound(_) | Error::Forbidden(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
