//! What can go wrong, in one type that knows nothing of GraphQL or HTTP.
//!
//! Two families, never mixed: [`Error::Refused`] is an expected outcome, part of a mutation's
//! answer; everything else means that the request was broken, not allowed, or our fault.
//!
//! The type deliberately implements neither `Display` nor `std::error::Error`: async-graphql shows
//! anything `Display` under `?` to the client, and no library's words are meant for clients.

use sea_orm::DbErr;

use crate::access::Denial;

/// Why a use case has no result.
#[derive(Debug)]
pub enum Error {
    /// The rules say no to this input (R72); each reason names its field.
    Refused(Vec<UserError>),
    /// Nobody is signed in, or the token, its session or its user is no longer good.
    Unauthenticated,
    /// The caller sees the thing, but may not do this with it (R28).
    Forbidden(Box<Denial>),
    /// There is no such thing, or the caller may not know that there is (R2). Holds the noun.
    NotFound(&'static str),
    /// An argument is malformed in a way that no honest client produces.
    BadInput {
        /// The argument, as the schema spells it.
        field: &'static str,
        /// What is accepted and what came instead.
        message: String,
    },
    /// Too much of this for now.
    RateLimited {
        /// In how many seconds it is worth trying again.
        retry_after: u64,
    },
    /// The world changed under the request; trying again is worth it.
    Conflict(&'static str),
    /// Our fault. The text is for the log, never for the client.
    Internal(String),
}

/// Results of use cases.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// One refusal.
    #[must_use]
    pub fn refused(error: UserError) -> Self {
        Self::Refused(vec![error])
    }

    /// An internal error with what was being done, for the log.
    pub fn internal(doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{doing}: {error}"))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::RecordNotInserted) {
            return Self::Conflict("another call with this idempotency key was faster; try again");
        }
        if lost_a_race(&error) {
            tracing::warn!(%error, "two requests got in each other's way");
            return Self::Conflict("something changed meanwhile; try again");
        }
        Self::Internal(format!("database: {error}"))
    }
}

/// Whether a statement failed because of what another request did at the same time: deleted what this
/// one refers to, or waited for this one as this one did for it.
fn lost_a_race(error: &DbErr) -> bool {
    use sea_orm::{RuntimeErr, SqlErr, sqlx};
    if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) {
        return true;
    }
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return false;
    };
    // PostgreSQL's deadlock_detected.
    matches!(&**cause, sqlx::Error::Database(cause) if cause.code().as_deref() == Some("40P01"))
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Self {
        Self::refused(error)
    }
}

/// A refusal that a person can do something about.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserError {
    /// What happened, for programs.
    pub code: UserErrorCode,
    /// What happened, for people.
    pub message: String,
    /// The input field, list index included: `["invitees", "2", "email"]`.
    pub path: Vec<String>,
    /// What the person can do about it, where there is something.
    pub help: Option<String>,
    /// The e-mail domain that it is about, in ASCII where it is a domain name (R41).
    #[serde(default)]
    pub domain: Option<String>,
}

impl UserError {
    /// A refusal about the field at `path`, its parts joined by dots (`invitees.2.email`).
    #[must_use]
    pub fn new(code: UserErrorCode, path: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            help: None,
            domain: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, naming the e-mail domain that it is about.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.to_owned());
        self
    }

    /// The same with the path put under `parent` (`invitees.2`).
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        let mut path: Vec<String> = parent.split('.').map(str::to_owned).collect();
        path.append(&mut self.path);
        self.path = path;
        self
    }
}

/// Every kind of refusal. `graphql::user_error` mirrors it with the descriptions that clients read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserErrorCode {
    /// A name is empty, too long, or has control characters (R3).
    InvalidName,
    /// A text other than a name is too long or has control characters.
    InvalidText,
    /// Not an e-mail address (R42).
    InvalidEmail,
    /// A free mailbox provider's address (R41).
    PersonalEmailDomain,
    /// A throw-away address (R41).
    DisposableEmailDomain,
    /// Sign-up with an address that cannot be used.
    EmailUnavailable,
    /// The address is proved already (R60).
    EmailVerified,
    /// Sign-in failed; which of the two was wrong is not said (R66).
    InvalidCredentials,
    /// The password is too short or too long.
    InvalidPassword,
    /// The password is easily guessed (R66).
    WeakPassword,
    /// A service user was to do or to be what only a person can.
    PersonRequired,
    /// An API key that is revoked, expired, or replaced by another one already.
    ApiKeyNotActive,
    /// A refresh token that is unknown, used up, or of an ended session (R61).
    InvalidRefreshToken,
    /// A mailed link's token that is unknown, used or expired.
    InvalidToken,
    /// An id that exists nowhere the caller may look.
    NotFound,
    /// The account is suspended or closed.
    AccountNotActive,
    /// Who is to be removed owns accounts, which need a new owner (R26).
    NewOwnerRequired,
    /// Who deletes themselves owns something (R26).
    StillOwner,
    /// Subaccounts have no subaccounts.
    NestedSubaccount,
    /// As many as the operator allows.
    LimitReached,
    /// Neither the catalogue nor the organization has such a role.
    UnknownRole,
    /// Not a key that a custom role can have.
    InvalidRoleKey,
    /// The catalogue or the organization has a role with this key.
    RoleKeyTaken,
    /// The catalogue has no such permission.
    UnknownPermission,
    /// Only owners may do this: no custom role permits it.
    OwnerPermission,
    /// The custom role is assigned, or promised by pending invitations.
    RoleInUse,
    /// The role's kind does not allow this scope (R14).
    RoleNotAssignableHere,
    /// A resource role without its resource, or another role with one (R14).
    ResourceMismatch,
    /// Owner roles move only by transfer (R22).
    OwnerRole,
    /// The role holds more than the grantor does (R21).
    AboveOwnAccess,
    /// Not permitted at this scope; where a whole call is, it fails as FORBIDDEN instead.
    NotAllowed,
    /// Two roles in one scope of which one is exclusive (R13).
    ExclusiveRoles,
    /// The scopes of one call belong to different organizations.
    DifferentOrganizations,
    /// The fifty-first built-in role of a user in an organization (R12).
    RoleLimitReached,
    /// The user is not a member of the organization, or is suspended there.
    NotAMember,
    /// `validUntil` is not in the future (R16).
    ValidUntilInPast,
    /// A call with nothing in it, or with more than it takes.
    BadListLength,
    /// There is a pending invitation for this address (R43).
    AlreadyInvited,
    /// The invitation's lifetime is out of range (R45).
    InvalidExpiry,
    /// The locale is not one that mails are written in.
    UnknownLocale,
    /// Too many pending invitations in the organization (R52).
    TooManyInvitations,
    /// Resent less than a minute ago, or five times today (R46).
    ResendTooSoon,
    /// The invitation was accepted, declined or revoked.
    InvitationNotPending,
    /// The invitation's time has run out.
    InvitationExpired,
    /// The inviter may no longer grant what the invitation promises (R21).
    InviterLostAccess,
    /// The invitation is for somebody else's address (R49).
    WrongUser,
    /// The person has an identity already and has to sign in (R50).
    SignInRequired,
    /// Ownership of it never moves: the catalogue or its kind forbids it (R22).
    NotTransferable,
    /// The user owns it already.
    AlreadyOwner,
    /// Its ownership is offered to somebody already.
    AlreadyOffered,
    /// The ownership offer was accepted, declined or withdrawn.
    OfferNotPending,
    /// The ownership offer's time has run out.
    OfferExpired,
    /// Who offers ownership does not hold it any more.
    OffererLostOwnership,
    /// A subaccount goes where its parent goes.
    NotTopLevel,
    /// The account belongs to that organization already.
    SameOrganization,
    /// A move of the account waits for an answer.
    MovePending,
    /// The move was accepted, declined or withdrawn, or has expired.
    MoveNotPending,
    /// Who asked for a move may no longer decide it.
    AskerLostAccess,
    /// An address at a domain that the organization blocks (R41).
    BlockedEmailDomain,
    /// An address at a domain whose verified owner lets nobody else invite there.
    DomainReserved,
    /// Somebody who wants no more mails about invitations from the organization.
    RecipientOptedOut,
    /// The address has had as many mails about invitations as it may have in a day (R46).
    RecipientLimitReached,
    /// Not a list of people as comma-separated values (RFC 4180).
    InvalidCsv,
    /// Not a domain that an organization can have for itself.
    InvalidDomain,
    /// The organization has not proved that the domain is its own.
    DomainNotVerified,
    /// Another organization has proved that the domain is its own.
    DomainTaken,
    /// The organization does not let people with this address join by themselves.
    NotJoinable,
    /// The person is a member of the organization already.
    AlreadyMember,
    /// The person has not proved that the address is theirs.
    EmailNotVerified,
    /// The person has asked to join already.
    JoinRequestPending,
    /// The join request was approved, declined or withdrawn.
    JoinRequestNotPending,
    /// A new link was asked for less than a day ago (R49).
    LinkRequestedTooSoon,
    /// The request came from a network on the operator's deny list (R54).
    NetworkDenied,
    /// The operator has not entitled the organization to invite (R55).
    NotEntitled,
    /// The organization has as many members and invitees as the operator entitles it to (R55).
    SeatsExhausted,
    /// The idempotency key was used with another input (R71).
    IdempotencyKeyReused,
}
