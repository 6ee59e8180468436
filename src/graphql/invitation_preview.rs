//! What the link of an invitation shows to whoever holds it (R49).

use async_graphql::{Interface, SimpleObject};
use chrono::{DateTime, Utc};

use crate::access::Roles;
use crate::app::email::masked;
use crate::app::invitation_link::{LinkState, Preview};
use crate::store::invitation::GrantRow;

/// What an invitation's link shows without signing in; the type says which state it is in.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "the derive repeats the attributes of its fields")]
#[graphql(
    field(name = "organization_name", ty = "&String", desc = "The name of the organization."),
    field(name = "inviter_name", ty = "&String", desc = "The name of the person who invites."),
    field(
        name = "masked_email",
        ty = "&String",
        desc = "The invited address, masked: the link may have been passed on."
    ),
    field(
        name = "expires_at",
        ty = "&DateTime<Utc>",
        desc = "When the invitation expires or expired."
    )
)]
pub(super) enum InvitationPreview {
    /// See the type.
    Ready(InvitationReady),
    /// See the type.
    NeedsSignUp(InvitationNeedsSignUp),
    /// See the type.
    NeedsSignIn(InvitationNeedsSignIn),
    /// See the type.
    ForAnotherUser(InvitationForAnotherUser),
    /// See the type.
    Expired(InvitationExpired),
    /// See the type.
    Revoked(InvitationRevoked),
    /// See the type.
    Declined(InvitationDeclined),
    /// See the type.
    AlreadyAccepted(InvitationAlreadyAccepted),
    /// See the type.
    InviterLostAccess(InvitationInviterLostAccess),
    /// See the type.
    SeatsExhausted(InvitationSeatsExhausted),
}

/// A role that is promised, in words: whoever holds the link may be a stranger, so there is no way on
/// from here to the scope itself.
#[derive(SimpleObject)]
pub(super) struct PromisedRole {
    /// What the role is called.
    role_name: String,
    /// What the organization or account is called where it will be assigned.
    scope_name: String,
}

fn promised(rows: &[GrantRow], roles: &Roles) -> Vec<PromisedRole> {
    let name = |row: &GrantRow| {
        let scope = row.account_name.as_ref().unwrap_or(&row.organization_name);
        let role_name = row.role_name(roles)?.to_owned();
        Some(PromisedRole { role_name, scope_name: scope.clone() })
    };
    rows.iter().filter_map(name).collect()
}

macro_rules! previews {
    (
        open { $($(#[$open_doc:meta])* $open:ident;)+ }
        ended { $($(#[$ended_doc:meta])* $ended:ident;)+ }
        askable { $($(#[$askable_doc:meta])* $askable:ident;)+ }
    ) => {
        $(
            $(#[$open_doc])*
            #[derive(SimpleObject)]
            pub(super) struct $open {
                /// The name of the organization.
                organization_name: String,
                /// The name of the person who invites.
                inviter_name: String,
                /// The invited address, masked: the link may have been passed on.
                masked_email: String,
                /// When the invitation expires.
                expires_at: DateTime<Utc>,
                /// What the inviter wrote.
                message: Option<String>,
                /// What is promised.
                grants: Vec<PromisedRole>,
            }

            impl $open {
                fn of(preview: Preview, roles: &Roles) -> Self {
                    Self {
                        organization_name: preview.link.organization_name,
                        inviter_name: preview.link.inviter_name,
                        masked_email: masked(&preview.link.email),
                        expires_at: preview.link.expires_at,
                        message: preview.link.message,
                        grants: promised(&preview.grants, roles),
                    }
                }
            }
        )+
        $(
            $(#[$ended_doc])*
            #[derive(SimpleObject)]
            pub(super) struct $ended {
                /// The name of the organization.
                organization_name: String,
                /// The name of the person who invited.
                inviter_name: String,
                /// The invited address, masked: the link may have been passed on.
                masked_email: String,
                /// When the invitation expires or expired.
                expires_at: DateTime<Utc>,
            }

            impl $ended {
                fn of(preview: Preview) -> Self {
                    Self {
                        organization_name: preview.link.organization_name,
                        inviter_name: preview.link.inviter_name,
                        masked_email: masked(&preview.link.email),
                        expires_at: preview.link.expires_at,
                    }
                }
            }
        )+
        $(
            $(#[$askable_doc])*
            #[derive(SimpleObject)]
            pub(super) struct $askable {
                /// The name of the organization.
                organization_name: String,
                /// The name of the person who invited.
                inviter_name: String,
                /// The invited address, masked: the link may have been passed on.
                masked_email: String,
                /// When the invitation expires or expired.
                expires_at: DateTime<Utc>,
                /// When a new link was last asked for with `requestNewInvitation`.
                new_link_requested_at: Option<DateTime<Utc>>,
            }

            impl $askable {
                fn of(preview: Preview) -> Self {
                    Self {
                        organization_name: preview.link.organization_name,
                        inviter_name: preview.link.inviter_name,
                        masked_email: masked(&preview.link.email),
                        expires_at: preview.link.expires_at,
                        new_link_requested_at: preview.link.link_requested_at,
                    }
                }
            }
        )+
    };
}

previews! {
    open {
        /// The invitee is signed in: accepting is one step.
        InvitationReady;
        /// The address has no identity yet: accepting takes a name and a password.
        InvitationNeedsSignUp;
        /// The address has an identity: accepting takes signing in.
        InvitationNeedsSignIn;
    }
    ended {
        /// Somebody else is signed in than the address that is invited.
        InvitationForAnotherUser;
        /// The invitation was taken back.
        InvitationRevoked;
        /// The invitation was declined.
        InvitationDeclined;
        /// The invitation was accepted before.
        InvitationAlreadyAccepted;
    }
    askable {
        /// The invitation's time has run out. A new link can be asked for.
        InvitationExpired;
        /// The person who invited may no longer grant what the invitation promises. A new link can be
        /// asked for.
        InvitationInviterLostAccess;
        /// The organization has no seat left for the invitee: there are fewer than when they were invited.
        InvitationSeatsExhausted;
    }
}

impl InvitationPreview {
    /// What a link shows.
    pub(super) fn of(preview: Preview, roles: &Roles) -> Self {
        match preview.state {
            LinkState::Ready => Self::Ready(InvitationReady::of(preview, roles)),
            LinkState::NeedsSignUp => Self::NeedsSignUp(InvitationNeedsSignUp::of(preview, roles)),
            LinkState::NeedsSignIn => Self::NeedsSignIn(InvitationNeedsSignIn::of(preview, roles)),
            LinkState::ForAnotherUser => {
                Self::ForAnotherUser(InvitationForAnotherUser::of(preview))
            }
            LinkState::Expired => Self::Expired(InvitationExpired::of(preview)),
            LinkState::Revoked => Self::Revoked(InvitationRevoked::of(preview)),
            LinkState::Declined => Self::Declined(InvitationDeclined::of(preview)),
            LinkState::AlreadyAccepted => {
                Self::AlreadyAccepted(InvitationAlreadyAccepted::of(preview))
            }
            LinkState::InviterLostAccess => {
                Self::InviterLostAccess(InvitationInviterLostAccess::of(preview))
            }
            LinkState::SeatsExhausted => {
                Self::SeatsExhausted(InvitationSeatsExhausted::of(preview))
            }
        }
    }
}
