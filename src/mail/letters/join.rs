//! The letters about people who come in by the domains of their addresses.

use super::{action, told};
use crate::mail::letter::{Grants, Letter, Quote};
use crate::mail::message::{JoinApproved, JoinDeclined, JoinRequested, MemberJoined};
use crate::words::{Locale, Words};

pub(super) fn requested(locale: Locale, facts: &JoinRequested) -> Letter {
    let words = Words::of(locale, "mail-join-requested")
        .with("asker", &facts.asker_name)
        .with("asker-email", &facts.asker_email)
        .with("organization", &facts.organization_name)
        .with("domain", &facts.domain);
    Letter {
        paragraphs: vec![words.say("text"), words.say("next")],
        quote: facts.note.clone().map(|text| Quote { heading: words.say("quote"), text }),
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn approved(locale: Locale, facts: &JoinApproved) -> Letter {
    let words = Words::of(locale, "mail-join-approved")
        .with("approver", &facts.approver_name)
        .with("approver-email", &facts.approver_email)
        .with("organization", &facts.organization_name);
    Letter {
        grants: Some(Grants { heading: words.say("grants"), lines: facts.grants.clone() }),
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn declined(locale: Locale, facts: &JoinDeclined) -> Letter {
    let words =
        Words::of(locale, "mail-join-declined").with("organization", &facts.organization_name);
    Letter { small_print: vec![words.say("small-print")], ..told(locale, &words, &facts.name) }
}

pub(super) fn joined(locale: Locale, facts: &MemberJoined) -> Letter {
    let words = Words::of(locale, "mail-member-joined")
        .with("member", &facts.member_name)
        .with("member-email", &facts.member_email)
        .with("organization", &facts.organization_name)
        .with("domain", &facts.domain);
    Letter {
        grants: Some(Grants { heading: words.say("grants"), lines: facts.grants.clone() }),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}
