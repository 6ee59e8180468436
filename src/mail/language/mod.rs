//! The languages that mails are written in.
//!
//! To add one: a file beside `en.rs` with its sentences, a variant of [`Locale`], and the arms that
//! the compiler then asks for.

mod de;
mod en;

use serde::{Deserialize, Serialize};

use super::letter::Letter;
use super::message::{
    GrantsApplied, Invitation, InvitationAccepted, OwnershipOfferEnded, OwnershipOffered,
    PasswordChanged, PasswordReset, VerifyEmail,
};

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl Locale {
    /// All of them.
    pub const SUPPORTED: &'static [Self] = &[Self::En, Self::De];

    /// The language of a tag (BCP 47) such as `de` or `en-US`: its primary subtag decides, in
    /// whatever case. `None` for a language that mails are not written in.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::SUPPORTED.iter().copied().find(|locale| locale.tag().eq_ignore_ascii_case(primary))
    }

    /// The language's tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

/// The words of a language for every message.
pub(super) trait Language {
    /// For [`Message::Invitation`](super::message::Message::Invitation).
    fn invitation(&self, facts: &Invitation) -> Letter;
    /// For [`Message::GrantsApplied`](super::message::Message::GrantsApplied).
    fn grants_applied(&self, facts: &GrantsApplied) -> Letter;
    /// For [`Message::InvitationAccepted`](super::message::Message::InvitationAccepted).
    fn invitation_accepted(&self, facts: &InvitationAccepted) -> Letter;
    /// For [`Message::VerifyEmail`](super::message::Message::VerifyEmail).
    fn verify_email(&self, facts: &VerifyEmail) -> Letter;
    /// For [`Message::PasswordReset`](super::message::Message::PasswordReset).
    fn password_reset(&self, facts: &PasswordReset) -> Letter;
    /// For [`Message::PasswordChanged`](super::message::Message::PasswordChanged).
    fn password_changed(&self, facts: &PasswordChanged) -> Letter;
    /// For [`Message::OwnershipOffered`](super::message::Message::OwnershipOffered).
    fn ownership_offered(&self, facts: &OwnershipOffered) -> Letter;
    /// For [`Message::OwnershipOfferEnded`](super::message::Message::OwnershipOfferEnded).
    fn ownership_offer_ended(&self, facts: &OwnershipOfferEnded) -> Letter;
}

/// The words of this language.
pub(super) fn of(locale: Locale) -> &'static dyn Language {
    match locale {
        Locale::En => &en::English,
        Locale::De => &de::German,
    }
}
