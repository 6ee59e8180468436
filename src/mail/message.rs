//! What we write to people about.
//!
//! To add a message: a variant with its facts here, what its letter consists of in
//! [`letters`], and its words in every file of `locales`.

mod identity;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::identity::{
    EmailChange, EmailChangeRequested, EmailChanged, PasswordChanged, PasswordReset, VerifyEmail,
};
use super::letters;
use super::outbox::is_nowhere;
use crate::error::Error;
use crate::words::Locale;

/// A mail, as facts: the words are found by [`Message::render`].
pub enum Message {
    /// Come and join (R40).
    Invitation(Invitation),
    /// The invitation expires tomorrow.
    InvitationExpiring(InvitationExpiring),
    /// More roles for somebody who is a member already (R44).
    GrantsApplied(GrantsApplied),
    /// Tells the inviter that somebody came.
    InvitationAccepted(InvitationAccepted),
    /// Somebody's link to an invitation is no good any more, and they ask for a new one (R49).
    NewLinkRequested(NewLinkRequested),
    /// Somebody took access away (R26).
    AccessRemoved(AccessRemoved),
    /// Prove that this address is yours (R60).
    VerifyEmail(VerifyEmail),
    /// Choose a new password (R67).
    PasswordReset(PasswordReset),
    /// Somebody chose a new password, hopefully you (R67).
    PasswordChanged(PasswordChanged),
    /// Prove that the address that you want is yours (R67).
    EmailChange(EmailChange),
    /// Tells the address that somebody has that they want another (R67).
    EmailChangeRequested(EmailChangeRequested),
    /// Tells the address that somebody had that they have another (R67).
    EmailChanged(EmailChanged),
    /// Somebody wants to hand over to you what they own (R22).
    OwnershipOffered(OwnershipOffered),
    /// Tells the other side how such an offer ended.
    OwnershipOfferEnded(OwnershipOfferEnded),
    /// The record that proves whose a domain is has gone (R41).
    EmailDomainLapsed(EmailDomainLapsed),
    /// Somebody at a domain of the organization's asks to join it.
    JoinRequested(JoinRequested),
    /// They may.
    JoinApproved(JoinApproved),
    /// They may not.
    JoinDeclined(JoinDeclined),
    /// Tells who lets people at a domain join by themselves that somebody did.
    MemberJoined(MemberJoined),
}

/// One role in one scope, both as the reader knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantLine {
    /// The role's name: `Administrator`.
    pub role: String,
    /// The scope's name: `Account “Production”`.
    pub scope: String,
}

/// The facts of [`Message::Invitation`].
pub struct Invitation {
    /// What the inviter calls the person, if anything.
    pub invitee_name: Option<String>,
    /// Who invites.
    pub inviter_name: String,
    /// Where an answer goes.
    pub inviter_email: String,
    /// What the person is to join.
    pub organization_name: String,
    /// What the person will be there.
    pub grants: Vec<GrantLine>,
    /// What the inviter adds in their own words.
    pub note: Option<String>,
    /// The page of the invitation, token included (R48).
    pub link: String,
    /// Where mails about invitations are stopped.
    pub unsubscribe: String,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Whether there was an earlier mail, whose link has ended (R46).
    pub resent: bool,
}

/// The facts of [`Message::InvitationExpiring`]. Not what it promises: that may have changed meanwhile,
/// and the page tells.
pub struct InvitationExpiring {
    /// What the inviter calls the person, if anything.
    pub invitee_name: Option<String>,
    /// Who invited.
    pub inviter_name: String,
    /// Where an answer goes.
    pub inviter_email: String,
    /// What the person is to join.
    pub organization_name: String,
    /// The page of the invitation, token included (R48).
    pub link: String,
    /// Where mails about invitations are stopped.
    pub unsubscribe: String,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// The facts of [`Message::GrantsApplied`].
pub struct GrantsApplied {
    /// The member.
    pub name: String,
    /// Who gave the roles.
    pub granter_name: String,
    /// Where an answer goes.
    pub granter_email: String,
    /// Where the roles are.
    pub organization_name: String,
    /// The roles that are new.
    pub grants: Vec<GrantLine>,
    /// Where the product is.
    pub link: String,
}

/// The facts of [`Message::InvitationAccepted`].
pub struct InvitationAccepted {
    /// The inviter, who reads this.
    pub name: String,
    /// Who accepted.
    pub invitee_name: String,
    /// The address that had been invited.
    pub invitee_email: String,
    /// What they joined.
    pub organization_name: String,
}

/// The facts of [`Message::NewLinkRequested`].
pub struct NewLinkRequested {
    /// The inviter, or the Owner of the organization, who reads this.
    pub name: String,
    /// The inviter, where somebody else reads this: they cannot do anything about it.
    pub inviter_name: Option<String>,
    /// What the inviter calls the person who was invited, if anything.
    pub invitee_name: Option<String>,
    /// The address that was invited, where an answer goes.
    pub invitee_email: String,
    /// What the person was to join.
    pub organization_name: String,
    /// Where the product is.
    pub link: String,
}

/// What somebody has lost.
pub enum Lost {
    /// They are no member of the organization any more.
    Membership,
    /// Every role in an account, which has this name.
    Account(String),
    /// Their roles count for nothing until they are let in again.
    Suspended,
}

/// The facts of [`Message::AccessRemoved`].
pub struct AccessRemoved {
    /// Who lost it.
    pub name: String,
    /// Who took it away.
    pub remover_name: String,
    /// Where an answer goes.
    pub remover_email: String,
    /// Where it was.
    pub organization_name: String,
    /// What it was.
    pub lost: Lost,
}

/// What somebody owns.
#[derive(Clone)]
pub struct Owned {
    /// The organization.
    pub organization_name: String,
    /// The account; none when it is the organization itself.
    pub account_name: Option<String>,
}

/// The facts of [`Message::OwnershipOffered`].
pub struct OwnershipOffered {
    /// Who is to be the Owner.
    pub name: String,
    /// The Owner.
    pub owner_name: String,
    /// Where an answer goes.
    pub owner_email: String,
    /// What is offered.
    pub owned: Owned,
    /// Where the product is.
    pub link: String,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// How an offer ended.
pub enum OfferEnd {
    /// The reader owns it no more, and has this role there, if the catalogue leaves them one.
    Accepted {
        /// The role's name.
        role: Option<String>,
    },
    /// The reader stays the Owner.
    Declined,
    /// The reader need not decide any more.
    Withdrawn,
    /// The reader stays the Owner.
    Expired,
}

/// The facts of [`Message::OwnershipOfferEnded`].
pub struct OwnershipOfferEnded {
    /// Who reads this: who offered, or of an offer that was withdrawn, whom it was made to.
    pub name: String,
    /// The one on the other side.
    pub other_name: String,
    /// Where an answer goes.
    pub other_email: String,
    /// What was offered.
    pub owned: Owned,
    /// How it ended.
    pub end: OfferEnd,
}

/// The facts of [`Message::EmailDomainLapsed`].
pub struct EmailDomainLapsed {
    /// Who answers for the domain.
    pub name: String,
    /// Whose domain it was.
    pub organization_name: String,
    /// The domain.
    pub domain: String,
    /// Where its record has to stand.
    pub record_name: String,
    /// What it has to say.
    pub record_value: String,
    /// Where the product is.
    pub link: String,
}

/// The facts of [`Message::JoinRequested`].
pub struct JoinRequested {
    /// Who decides, and reads this.
    pub name: String,
    /// Who asks.
    pub asker_name: String,
    /// Where an answer goes.
    pub asker_email: String,
    /// What they want to join.
    pub organization_name: String,
    /// The domain that lets them ask.
    pub domain: String,
    /// What they add in their own words.
    pub note: Option<String>,
    /// Where the product is.
    pub link: String,
}

/// The facts of [`Message::JoinApproved`].
pub struct JoinApproved {
    /// The new member.
    pub name: String,
    /// Who let them in.
    pub approver_name: String,
    /// Where an answer goes.
    pub approver_email: String,
    /// What they joined.
    pub organization_name: String,
    /// What they are there.
    pub grants: Vec<GrantLine>,
    /// Where the product is.
    pub link: String,
}

/// The facts of [`Message::JoinDeclined`].
pub struct JoinDeclined {
    /// Who asked.
    pub name: String,
    /// What they wanted to join.
    pub organization_name: String,
}

/// The facts of [`Message::MemberJoined`].
pub struct MemberJoined {
    /// Who lets people in, and reads this.
    pub name: String,
    /// Who joined.
    pub member_name: String,
    /// Where an answer goes.
    pub member_email: String,
    /// What they joined.
    pub organization_name: String,
    /// The domain that let them in.
    pub domain: String,
    /// What they are there.
    pub grants: Vec<GrantLine>,
}

/// A mail, as words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// The subject: one line.
    pub subject: String,
    /// The plain text, with `\n` line ends.
    pub text: String,
    /// The same as an HTML document.
    pub html: String,
    /// The name and address that an answer goes to; else it goes to the sender.
    pub reply_to: Option<(String, String)>,
    /// Where the recipient can stop mails of this kind (RFC 2369, RFC 8058).
    #[serde(default)]
    pub unsubscribe: Option<String>,
}

impl Message {
    /// What the outbox and the log call the message.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::InvitationExpiring(_) => "invitation_expiring",
            Self::GrantsApplied(_) => "grants_applied",
            Self::InvitationAccepted(_) => "invitation_accepted",
            Self::NewLinkRequested(_) => "new_link_requested",
            Self::AccessRemoved(_) => "access_removed",
            Self::VerifyEmail(_) => "verify_email",
            Self::PasswordReset(_) => "password_reset",
            Self::PasswordChanged(_) => "password_changed",
            Self::EmailChange(_) => "email_change",
            Self::EmailChangeRequested(_) => "email_change_requested",
            Self::EmailChanged(_) => "email_changed",
            Self::OwnershipOffered(_) => "ownership_offered",
            Self::OwnershipOfferEnded(facts) => match facts.end {
                OfferEnd::Accepted { .. } => "ownership_accepted",
                OfferEnd::Declined => "ownership_declined",
                OfferEnd::Withdrawn => "ownership_withdrawn",
                OfferEnd::Expired => "ownership_expired",
            },
            Self::EmailDomainLapsed(_) => "email_domain_lapsed",
            Self::JoinRequested(_) => "join_requested",
            Self::JoinApproved(_) => "join_approved",
            Self::JoinDeclined(_) => "join_declined",
            Self::MemberJoined(_) => "member_joined",
        }
    }

    /// The message in the words of a language.
    ///
    /// # Errors
    /// `Internal` when a template fails, which takes running out of memory.
    pub fn render(&self, locale: Locale) -> Result<Rendered, Error> {
        let rendered = letters::letter(locale, self).tidied().render(locale, self.reply_to())?;
        Ok(Rendered { unsubscribe: self.unsubscribe(), ..rendered })
    }

    /// Where mails of this kind can be stopped: those to people who are nothing to us yet.
    fn unsubscribe(&self) -> Option<String> {
        match self {
            Self::Invitation(facts) => Some(facts.unsubscribe.clone()),
            Self::InvitationExpiring(facts) => Some(facts.unsubscribe.clone()),
            _ => None,
        }
    }

    /// Whom an answer should reach.
    fn reply_to(&self) -> Option<(String, String)> {
        let (name, address) = match self {
            Self::Invitation(facts) => (&facts.inviter_name, &facts.inviter_email),
            Self::InvitationExpiring(facts) => (&facts.inviter_name, &facts.inviter_email),
            Self::AccessRemoved(facts) => (&facts.remover_name, &facts.remover_email),
            Self::GrantsApplied(facts) => (&facts.granter_name, &facts.granter_email),
            Self::InvitationAccepted(facts) => (&facts.invitee_name, &facts.invitee_email),
            Self::NewLinkRequested(facts) => {
                let name = facts.invitee_name.as_ref().unwrap_or(&facts.invitee_email);
                (name, &facts.invitee_email)
            }
            Self::VerifyEmail(_)
            | Self::PasswordReset(_)
            | Self::PasswordChanged(_)
            | Self::EmailChange(_)
            | Self::EmailChangeRequested(_)
            | Self::EmailChanged(_)
            | Self::EmailDomainLapsed(_)
            | Self::JoinDeclined(_) => return None,
            Self::OwnershipOffered(facts) => (&facts.owner_name, &facts.owner_email),
            Self::OwnershipOfferEnded(facts) => (&facts.other_name, &facts.other_email),
            Self::JoinRequested(facts) => (&facts.asker_name, &facts.asker_email),
            Self::JoinApproved(facts) => (&facts.approver_name, &facts.approver_email),
            Self::MemberJoined(facts) => (&facts.member_name, &facts.member_email),
        };
        (!is_nowhere(address)).then(|| (name.clone(), address.clone()))
    }
}

// Most messages hold a link, and a link holds a secret (R48).

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
