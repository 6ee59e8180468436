//! Refusals as clients read them.

use async_graphql::{Enum, SimpleObject};

use crate::error;

/// A refusal that a person can do something about.
#[derive(Clone, Debug, SimpleObject)]
pub(super) struct UserError {
    /// What happened, for programs.
    code: UserErrorCode,
    /// What happened, for people.
    message: String,
    /// The input field that it is about, list indexes included: `["invitees", "2", "email"]`. Empty
    /// when it is about the input as a whole.
    path: Vec<String>,
    /// What the person can do about it, where there is something.
    help: Option<String>,
    /// The e-mail domain that it is about: the one that matched, for refusals of addresses and domains.
    domain: Option<String>,
}

impl From<error::UserError> for UserError {
    fn from(error: error::UserError) -> Self {
        let error::UserError { code, message, path, help, domain } = error;
        Self { code: code.into(), message, path, help, domain }
    }
}

/// Every kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "error::UserErrorCode")]
pub(super) enum UserErrorCode {
    /// A name is empty, longer than 255 characters, or has control characters.
    InvalidName,
    /// A text is too long or has control characters.
    InvalidText,
    /// Not an e-mail address.
    InvalidEmail,
    /// The address is at a provider of mailboxes for private persons; a work address is needed.
    PersonalEmailDomain,
    /// The address is at a provider of throw-away addresses; a work address is needed.
    DisposableEmailDomain,
    /// Nobody can sign up with this address.
    EmailUnavailable,
    /// The address is proved already.
    EmailVerified,
    /// The address and the password do not belong together, or it is not the person's password.
    InvalidCredentials,
    /// The password is too short or too long.
    InvalidPassword,
    /// The password is easily guessed: `message` says why, `help` what would be better.
    WeakPassword,
    /// Only a person can do or be this: a service user has no session and owns nothing.
    PersonRequired,
    /// The API key is revoked, expired, or has been rotated already.
    ApiKeyNotActive,
    /// The refresh token is unknown or used up, or its session has ended: sign in again.
    InvalidRefreshToken,
    /// The token of a mailed link is unknown, used or expired.
    InvalidToken,
    /// There is nothing with this id that the caller may see.
    NotFound,
    /// The account is suspended or closed.
    AccountNotActive,
    /// The user owns accounts: name somebody who becomes their Owner.
    NewOwnerRequired,
    /// Who deletes their own user still owns organizations or accounts.
    StillOwner,
    /// A subaccount cannot have subaccounts.
    NestedSubaccount,
    /// There are as many as there may be.
    LimitReached,
    /// Neither the catalogue nor the organization has such a role.
    UnknownRole,
    /// The key of a custom role is 1 to 63 lower-case letters, digits and underscores, a letter first.
    InvalidRoleKey,
    /// The catalogue or the organization has a role with this key.
    RoleKeyTaken,
    /// The catalogue has no such permission.
    UnknownPermission,
    /// Only owners may do this: no custom role can permit it.
    OwnerPermission,
    /// The custom role is assigned to somebody, or promised by a pending invitation.
    RoleInUse,
    /// The role is not assigned at scopes of this type.
    RoleNotAssignableHere,
    /// A resource role without its resource, or another role with one.
    ResourceMismatch,
    /// Owner roles are neither assigned nor removed; ownership is handed over.
    OwnerRole,
    /// The role permits more than the caller may do there.
    AboveOwnAccess,
    /// The caller may not do this at this scope.
    NotAllowed,
    /// Two of the roles exclude each other in one scope.
    ExclusiveRoles,
    /// The scopes of one call belong to different organizations.
    DifferentOrganizations,
    /// The user would hold more built-in roles than one user may in an organization.
    RoleLimitReached,
    /// The user is not a member of the organization, or is suspended there.
    NotAMember,
    /// `validUntil` is not in the future.
    ValidUntilInPast,
    /// A list is empty or too long.
    BadListLength,
    /// There is a pending invitation for this address.
    AlreadyInvited,
    /// An invitation stands for 1 to 720 hours.
    InvalidExpiry,
    /// Mails are not written in this language.
    UnknownLocale,
    /// The organization has as many pending invitations as it may have.
    TooManyInvitations,
    /// The invitation was mailed less than a minute ago, or resent five times within a day.
    ResendTooSoon,
    /// The invitation has been accepted, declined or revoked.
    InvitationNotPending,
    /// The invitation's time has run out.
    InvitationExpired,
    /// Who invited may no longer grant what the invitation promises.
    InviterLostAccess,
    /// The invitation is for another address than that of the person who is signed in.
    WrongUser,
    /// The address has an identity already: sign in.
    SignInRequired,
    /// Ownership of it never moves: the catalogue of roles forbids it, or it is a subaccount, which has
    /// no Owner of its own.
    NotTransferable,
    /// The user owns it already.
    AlreadyOwner,
    /// Its ownership is offered to somebody already.
    AlreadyOffered,
    /// The ownership offer has been accepted, declined or withdrawn.
    OfferNotPending,
    /// The ownership offer's time has run out.
    OfferExpired,
    /// Who offers ownership does not hold it any more.
    OffererLostOwnership,
    /// A subaccount goes where its parent goes: move the account above.
    NotTopLevel,
    /// The account belongs to that organization already.
    SameOrganization,
    /// A move of the account waits for an answer already.
    MovePending,
    /// The move has been accepted, declined or withdrawn, or its time has run out.
    MoveNotPending,
    /// Who asked for the move may no longer decide it.
    AskerLostAccess,
    /// The organization does not invite to addresses at this domain.
    BlockedEmailDomain,
    /// The domain belongs to another organization, which alone invites people there.
    DomainReserved,
    /// The person wants no more mails about invitations from this organization.
    RecipientOptedOut,
    /// The address has had as many mails about invitations, from whichever organizations, as one may have
    /// in a day.
    RecipientLimitReached,
    /// A line of the list of people cannot be read.
    InvalidCsv,
    /// Not a domain name that an organization can have for itself.
    InvalidDomain,
    /// It has not been proved that the domain belongs to the organization.
    DomainNotVerified,
    /// Another organization has proved that the domain is its own.
    DomainTaken,
    /// The organization does not let people with this address join by themselves.
    NotJoinable,
    /// The person is a member of the organization already.
    AlreadyMember,
    /// The person has not proved yet that the address is theirs.
    EmailNotVerified,
    /// The person has asked to join already, and waits for an answer.
    JoinRequestPending,
    /// The join request has been approved, declined or withdrawn.
    JoinRequestNotPending,
    /// A new link was asked for less than a day ago.
    LinkRequestedTooSoon,
    /// Nobody can be invited from this network.
    NetworkDenied,
    /// The organization is not entitled to invite people.
    NotEntitled,
    /// The organization has no seat left.
    SeatsExhausted,
    /// The idempotency key was used for a call with another input.
    IdempotencyKeyReused,
}
