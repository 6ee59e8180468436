//! What each letter consists of, once for all languages. The words are in `locales/<tag>.ftl`, how it
//! looks in the templates.

mod identity;
mod join;

use super::letter::{Action, Grants, Letter, Quote};
use super::message::{
    AccessRemoved, EmailDomainLapsed, GrantsApplied, Invitation, InvitationAccepted,
    InvitationExpiring, Lost, Message, NewLinkRequested, OfferEnd, Owned, OwnershipOfferEnded,
    OwnershipOffered,
};
use crate::words::{Locale, Words};

/// The letter that tells this message.
pub(super) fn letter(locale: Locale, message: &Message) -> Letter {
    match message {
        Message::Invitation(facts) => invitation(locale, facts),
        Message::InvitationExpiring(facts) => invitation_expiring(locale, facts),
        Message::GrantsApplied(facts) => grants_applied(locale, facts),
        Message::InvitationAccepted(facts) => invitation_accepted(locale, facts),
        Message::NewLinkRequested(facts) => new_link_requested(locale, facts),
        Message::AccessRemoved(facts) => access_removed(locale, facts),
        Message::VerifyEmail(facts) => identity::verify_email(locale, facts),
        Message::PasswordReset(facts) => identity::password_reset(locale, facts),
        Message::PasswordChanged(facts) => identity::password_changed(locale, facts),
        Message::EmailChange(facts) => identity::email_change(locale, facts),
        Message::EmailChangeRequested(facts) => identity::email_change_requested(locale, facts),
        Message::EmailChanged(facts) => identity::email_changed(locale, facts),
        Message::OwnershipOffered(facts) => ownership_offered(locale, facts),
        Message::OwnershipOfferEnded(facts) => ownership_offer_ended(locale, facts),
        Message::EmailDomainLapsed(facts) => email_domain_lapsed(locale, facts),
        Message::JoinRequested(facts) => join::requested(locale, facts),
        Message::JoinApproved(facts) => join::approved(locale, facts),
        Message::JoinDeclined(facts) => join::declined(locale, facts),
        Message::MemberJoined(facts) => join::joined(locale, facts),
    }
}

fn invitation(locale: Locale, facts: &Invitation) -> Letter {
    let words = Words::of(locale, "mail-invitation")
        .with("inviter", &facts.inviter_name)
        .with("inviter-email", &facts.inviter_email)
        .with("organization", &facts.organization_name)
        .with_moment("until", facts.expires_at);
    let resent = facts.resent.then(|| words.say("resent"));
    Letter {
        subject: words.say(if facts.resent { "subject-resent" } else { "subject" }),
        heading: words.say("heading"),
        greeting: greeting(locale, facts.invitee_name.as_deref()),
        paragraphs: [words.say("text")].into_iter().chain(resent).collect(),
        quote: facts.note.clone().map(|text| Quote { heading: words.say("quote"), text }),
        grants: Some(Grants { heading: words.say("grants"), lines: facts.grants.clone() }),
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("unexpected"), words.say("alone")],
    }
}

fn invitation_expiring(locale: Locale, facts: &InvitationExpiring) -> Letter {
    let words = Words::of(locale, "mail-invitation-expiring")
        .with("inviter", &facts.inviter_name)
        .with("inviter-email", &facts.inviter_email)
        .with("organization", &facts.organization_name)
        .with_moment("until", facts.expires_at);
    Letter {
        subject: words.say("subject"),
        heading: words.say("heading"),
        greeting: greeting(locale, facts.invitee_name.as_deref()),
        paragraphs: vec![words.say("text"), words.say("after")],
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("unexpected"), words.say("alone")],
        ..Letter::default()
    }
}

fn grants_applied(locale: Locale, facts: &GrantsApplied) -> Letter {
    let words = Words::of(locale, "mail-grants-applied")
        .with("granter", &facts.granter_name)
        .with("granter-email", &facts.granter_email)
        .with("organization", &facts.organization_name);
    Letter {
        grants: Some(Grants { heading: words.say("grants"), lines: facts.grants.clone() }),
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

fn invitation_accepted(locale: Locale, facts: &InvitationAccepted) -> Letter {
    let words = Words::of(locale, "mail-invitation-accepted")
        .with("invitee", &facts.invitee_name)
        .with("invitee-email", &facts.invitee_email)
        .with("organization", &facts.organization_name);
    Letter { small_print: vec![words.say("small-print")], ..told(locale, &words, &facts.name) }
}

fn new_link_requested(locale: Locale, facts: &NewLinkRequested) -> Letter {
    let words = Words::of(locale, "mail-new-link-requested")
        .with("invitee", facts.invitee_name.as_ref().unwrap_or(&facts.invitee_email))
        .with("invitee-email", &facts.invitee_email)
        .with("organization", &facts.organization_name);
    let (words, text) = match &facts.inviter_name {
        None => (words, "text"),
        Some(inviter) => (words.with("inviter", inviter), "text-other"),
    };
    Letter {
        paragraphs: vec![words.say(text), words.say("how")],
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

fn access_removed(locale: Locale, facts: &AccessRemoved) -> Letter {
    let about = match facts.lost {
        Lost::Membership => "mail-access-removed",
        Lost::Account(_) => "mail-access-removed-account",
        Lost::Suspended => "mail-access-suspended",
    };
    let mut words = Words::of(locale, about)
        .with("remover", &facts.remover_name)
        .with("remover-email", &facts.remover_email)
        .with("organization", &facts.organization_name);
    if let Lost::Account(account) = &facts.lost {
        words = words.with("account", account);
    }
    Letter { small_print: vec![words.say("small-print")], ..told(locale, &words, &facts.name) }
}

fn ownership_offered(locale: Locale, facts: &OwnershipOffered) -> Letter {
    let words = Words::of(locale, "mail-ownership-offered")
        .with("owner", &facts.owner_name)
        .with("owner-email", &facts.owner_email)
        .with("owned", owned(locale, &facts.owned))
        .with_moment("until", facts.expires_at);
    Letter {
        paragraphs: vec![words.say("text"), words.say("consequence")],
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

fn ownership_offer_ended(locale: Locale, facts: &OwnershipOfferEnded) -> Letter {
    let words = |about| {
        Words::of(locale, about)
            .with("other", &facts.other_name)
            .with("other-email", &facts.other_email)
            .with("owned", owned(locale, &facts.owned))
    };
    let (words, parts): (_, &[_]) = match &facts.end {
        OfferEnd::Accepted { role: Some(role) } => {
            let words = words("mail-ownership-accepted").with("role", role);
            (words, &["text", "role", "nothing-to-do"])
        }
        OfferEnd::Accepted { role: None } => {
            (words("mail-ownership-accepted"), &["text", "nothing-to-do"])
        }
        OfferEnd::Declined => (words("mail-ownership-declined"), &["text", "nothing-to-do"]),
        OfferEnd::Withdrawn => (words("mail-ownership-withdrawn"), &["text", "nothing-to-do"]),
        OfferEnd::Expired => (words("mail-ownership-expired"), &["text"]),
    };
    Letter {
        paragraphs: parts.iter().map(|part| words.say(part)).collect(),
        ..told(locale, &words, &facts.name)
    }
}

fn email_domain_lapsed(locale: Locale, facts: &EmailDomainLapsed) -> Letter {
    let words = Words::of(locale, "mail-email-domain-lapsed")
        .with("domain", &facts.domain)
        .with("organization", &facts.organization_name)
        .with("record", &facts.record_name)
        .with("value", &facts.record_value);
    Letter {
        paragraphs: vec![words.say("text"), words.say("remedy")],
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

/// The beginning of a letter to somebody whose name is known: what it is about, and one paragraph.
fn told(locale: Locale, words: &Words<'_>, name: &str) -> Letter {
    Letter {
        subject: words.say("subject"),
        heading: words.say("heading"),
        greeting: greeting(locale, Some(name)),
        paragraphs: vec![words.say("text")],
        ..Letter::default()
    }
}

fn greeting(locale: Locale, name: Option<&str>) -> String {
    let words = Words::of(locale, "mail");
    match name {
        Some(name) => words.with("name", name).say("greeting"),
        None => words.say("greeting-nobody"),
    }
}

/// The one thing to do.
fn action(locale: Locale, words: &Words<'_>, link: &str) -> Action {
    Action {
        label: words.say("button"),
        link: link.to_owned(),
        note: None,
        fallback: Words::of(locale, "mail").say("fallback"),
    }
}

/// The same with a remark, such as until when it can be done.
fn noted(locale: Locale, words: &Words<'_>, link: &str) -> Action {
    Action { note: Some(words.say("note")), ..action(locale, words, link) }
}

/// `the account Production (Acme)`
fn owned(locale: Locale, owned: &Owned) -> String {
    let words = Words::of(locale, "mail-owned").with("organization", &owned.organization_name);
    match &owned.account_name {
        Some(account) => words.with("account", account).say("account"),
        None => words.say("organization"),
    }
}
