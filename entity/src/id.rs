//! Typed, prefixed, time-ordered ids: the TypeID form of a UUIDv7 (`acct_01h…`).
//!
//! In the database an id is the bare UUID; everywhere else (API, tokens, logs, mails) it is the
//! prefixed text. Reading one of the wrong kind fails with a sentence that names both kinds.

use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use sea_orm::entity::prelude::Uuid;
use type_safe_id::{DynamicType, TypeSafeId};

/// A kind of id: what the text form begins with, and what the kind is called in messages.
pub trait TypedId: Copy + Eq + std::hash::Hash + fmt::Display + FromStr<Err = IdError> {
    /// The prefix, without the underscore: `acct`.
    const PREFIX: &'static str;
    /// The noun with its article: `an account`.
    const NOUN: &'static str;

    /// The id with this UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID behind the prefix.
    fn uuid(self) -> Uuid;
}

/// Why a text is not an id of the kind asked for. The text is fit to be shown to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdError(pub String);

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for IdError {}

/// Every prefix and the noun behind it, for messages about ids of the wrong kind.
pub const KINDS: [(&str, &str); 17] = [
    (OrganizationId::PREFIX, OrganizationId::NOUN),
    (AccountId::PREFIX, AccountId::NOUN),
    (UserId::PREFIX, UserId::NOUN),
    (MembershipId::PREFIX, MembershipId::NOUN),
    (RoleId::PREFIX, RoleId::NOUN),
    (AssignmentId::PREFIX, AssignmentId::NOUN),
    (BillingGroupId::PREFIX, BillingGroupId::NOUN),
    (InvitationId::PREFIX, InvitationId::NOUN),
    (InvitationGrantId::PREFIX, InvitationGrantId::NOUN),
    (OfferId::PREFIX, OfferId::NOUN),
    (SessionId::PREFIX, SessionId::NOUN),
    (MailId::PREFIX, MailId::NOUN),
    (AuditEventId::PREFIX, AuditEventId::NOUN),
    (AccountMoveId::PREFIX, AccountMoveId::NOUN),
    (DomainId::PREFIX, DomainId::NOUN),
    (JoinRequestId::PREFIX, JoinRequestId::NOUN),
    (ApiKeyId::PREFIX, ApiKeyId::NOUN),
];

/// Splits a text into its prefix and UUID, whatever the kind.
///
/// # Errors
/// When the text is not a TypeID of one of our [`KINDS`].
pub fn parse_any(text: &str) -> Result<(&'static str, Uuid), IdError> {
    let malformed =
        || IdError(format!("not an id: {:?}", text.chars().take(64).collect::<String>()));
    let id = TypeSafeId::<DynamicType>::from_str(text).map_err(|_| malformed())?;
    let prefix = KINDS.iter().find(|(prefix, _)| *prefix == id.type_prefix());
    Ok((prefix.ok_or_else(malformed)?.0, id.uuid()))
}

fn parse<T: TypedId>(text: &str) -> Result<T, IdError> {
    let expected = format!("expected {} id ({}_…)", T::NOUN, T::PREFIX);
    match parse_any(text) {
        Ok((prefix, uuid)) if prefix == T::PREFIX => Ok(T::from_uuid(uuid)),
        Ok((prefix, _)) => {
            let got =
                KINDS.iter().find(|(known, _)| *known == prefix).map_or("another", |kind| kind.1);
            Err(IdError(format!("{expected}, got {got} id")))
        }
        Err(malformed) => Err(IdError(format!("{expected}, got {malformed}"))),
    }
}

fn display(prefix: &str, uuid: Uuid, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = DynamicType::new(prefix).map_err(|_| fmt::Error)?;
    write!(f, "{}", TypeSafeId::from_type_and_uuid(kind, uuid))
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $noun:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            const NOUN: &'static str = $noun;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                display(Self::PREFIX, self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        // The database driver asks for it of primary keys; a UUID never comes from a counter.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

typed_ids! {
    /// An organization, the top container.
    OrganizationId = "org", "an organization";
    /// An account or subaccount.
    AccountId = "acct", "an account";
    /// A person.
    UserId = "user", "a user";
    /// A user in an organization.
    MembershipId = "mem", "a membership";
    /// A role of the catalogue, or a custom one.
    RoleId = "role", "a role";
    /// User × role × scope.
    AssignmentId = "asgn", "a role assignment";
    /// A billing group.
    BillingGroupId = "bgrp", "a billing group";
    /// An invitation.
    InvitationId = "inv", "an invitation";
    /// One grant of an invitation.
    InvitationGrantId = "igrt", "an invitation grant";
    /// An offer to hand over what one owns.
    OfferId = "offer", "an ownership offer";
    /// One sign-in on one device.
    SessionId = "sess", "a session";
    /// A mail in the outbox.
    MailId = "mail", "a mail";
    /// An audit event.
    AuditEventId = "evt", "an audit event";
    /// An account that is to go into another organization.
    AccountMoveId = "move", "an account move";
    /// An e-mail domain that an organization claims.
    DomainId = "dom", "an e-mail domain";
    /// Somebody's wish to join an organization.
    JoinRequestId = "join", "a join request";
    /// A key that a machine comes with.
    ApiKeyId = "key", "an API key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_wrong_kind_is_refused_by_name() {
        let user = UserId(Uuid::from_u128(7)).to_string();
        assert_eq!(
            user.parse::<AccountId>().unwrap_err().0,
            "expected an account id (acct_…), got a user id"
        );
        assert_eq!(user.parse::<UserId>().unwrap(), UserId(Uuid::from_u128(7)));
    }

    #[test]
    fn what_is_no_id_is_said_to_be_none() {
        for text in
            ["", "acct_", "7", "acct_zzzzzzzzzzzzzzzzzzzzzzzzzz", "foo_00000000000000000000000007"]
        {
            assert!(text.parse::<AccountId>().unwrap_err().0.contains("got not an id"), "{text}");
        }
    }
}
