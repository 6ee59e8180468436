//! The page of an invitation.

use super::{application, field, form, notice};
use crate::app::invitation_link::LinkState;
use crate::http::pages::facts::{Grant, Invitation, Place};
use crate::http::pages::sheet::{Form, Grants, Input, Link, Quote, Sheet};
use crate::mail::Locale;
use crate::words::Words;

/// The page of an invitation, in each of its states.
pub(in crate::http::pages) fn invitation(locale: Locale, facts: &Invitation) -> Sheet {
    let over = match facts.state {
        LinkState::NeedsSignUp | LinkState::NeedsSignIn | LinkState::Ready => {
            return open(locale, facts);
        }
        LinkState::ForAnotherUser => return for_another_user(locale, facts),
        LinkState::Expired => return dead(locale, "page-invitation-expired", facts),
        LinkState::InviterLostAccess => {
            return dead(locale, "page-invitation-inviter-lost-access", facts);
        }
        LinkState::AlreadyAccepted => return accepted(locale, facts),
        LinkState::Revoked => "page-invitation-revoked",
        LinkState::Declined => "page-invitation-declined",
        LinkState::SeatsExhausted => {
            return notice(
                &words(locale, "page-invitation-seats-exhausted", facts),
                &["text", "next", "until"],
            );
        }
    };
    notice(&words(locale, over, facts), &["text", "next"])
}

/// A link that no longer works, and the form that asks for a new one, unless it was just asked for.
fn dead(locale: Locale, about: &str, facts: &Invitation) -> Sheet {
    let sheet = notice(&words(locale, about, facts), &["text"]);
    let new = words(locale, "page-new-link", facts);
    match facts.asked_at {
        Some(asked_at) => {
            let asked = new.with_moment("asked", asked_at).say("asked");
            Sheet { paragraphs: sheet.paragraphs.into_iter().chain([asked]).collect(), ..sheet }
        }
        None => Sheet {
            form: Some(Form {
                action: Some(format!("{}/new-link", facts.path)),
                paragraphs: vec![new.say("ask")],
                ..form(&new, vec![])
            }),
            ..sheet
        },
    }
}

/// What is left to do is done in the application.
fn accepted(locale: Locale, facts: &Invitation) -> Sheet {
    let forgot = words(locale, "page-invitation", facts).say("forgot");
    let mut links = application(locale, facts.application.as_deref());
    links.push(Link::new("/reset-password", forgot));
    Sheet { links, ..notice(&words(locale, "page-invitation-accepted", facts), &["text", "next"]) }
}

/// Asks whether an invitation is really to be declined.
pub(in crate::http::pages) fn decline(locale: Locale, facts: &Invitation) -> Sheet {
    let words = words(locale, "page-decline", facts);
    Sheet {
        form: Some(form(&words, vec![])),
        links: vec![Link::new(&facts.path, words.say("back"))],
        ..notice(&words, &["text"])
    }
}

/// Asks whether the organization is really to send no more mails about invitations.
pub(in crate::http::pages) fn unsubscribe(locale: Locale, facts: &Invitation) -> Sheet {
    let words = words(locale, "page-unsubscribe", facts);
    Sheet {
        form: Some(form(&words, vec![])),
        links: vec![Link::new(&facts.path, words.say("back"))],
        ..notice(&words, &["text"])
    }
}

/// It sends none.
pub(in crate::http::pages) fn unsubscribed(locale: Locale, facts: &Invitation) -> Sheet {
    let words = words(locale, "page-unsubscribed", facts);
    Sheet {
        form: Some(Form {
            action: Some(format!("{}/subscribe", facts.path)),
            ..form(&words, vec![])
        }),
        links: vec![Link::new(&facts.path, words.say("back"))],
        ..notice(&words, &["text"])
    }
}

/// An invitation that waits for its invitee.
fn open(locale: Locale, facts: &Invitation) -> Sheet {
    let words = words(locale, "page-invitation", facts);
    let signed_in: &[&str] = if facts.viewer.is_some() { &["signed-in"] } else { &[] };
    let (parts, fields, button): (&[&str], _, _) = match facts.state {
        LinkState::NeedsSignUp => {
            let name = field(locale, Input::Name, "name");
            (&["sign-up"], vec![name, field(locale, Input::NewPassword, "password")], "join")
        }
        LinkState::NeedsSignIn => {
            (&["sign-in"], vec![field(locale, Input::Password, "password")], "sign-in-and-join")
        }
        _ => (signed_in, vec![], "join"),
    };
    let mut links = vec![decline_link(&words, facts)];
    if facts.state == LinkState::NeedsSignIn {
        links.insert(0, Link::new("/reset-password", words.say("forgot")));
    }
    Sheet {
        quote: facts.message.clone().map(|text| Quote { heading: words.say("quote"), text }),
        grants: Some(&facts.grants).filter(|grants| !grants.is_empty()).map(|grants| Grants {
            heading: words.say("grants"),
            lines: grants.iter().map(|grant| line(locale, grant)).collect(),
        }),
        form: Some(Form {
            heading: Some(words.say("form")),
            paragraphs: parts.iter().map(|part| words.say(part)).collect(),
            fields,
            button: words.say(button),
            ..Form::default()
        }),
        links,
        ..notice(&words, &["text", "until"])
    }
}

fn for_another_user(locale: Locale, facts: &Invitation) -> Sheet {
    let words = words(locale, "page-invitation", facts);
    Sheet {
        form: Some(Form {
            action: Some(format!("{}/sign-out", facts.path)),
            button: words.say("sign-out"),
            ..Form::default()
        }),
        links: vec![decline_link(&words, facts)],
        ..notice(&words, &["text", "signed-in", "other-user"])
    }
}

fn words<'a>(locale: Locale, about: &'a str, facts: &'a Invitation) -> Words<'a> {
    let words = Words::of(locale, about)
        .with("organization", &facts.organization)
        .with("inviter", &facts.inviter)
        .with("masked-email", &facts.masked_email)
        .with_moment("until", facts.expires_at);
    match &facts.viewer {
        Some((name, email)) => words.with("viewer", name).with("viewer-email", email),
        None => words,
    }
}

fn decline_link(words: &Words<'_>, facts: &Invitation) -> Link {
    Link::new(format!("{}/decline", facts.path), words.say("decline"))
}

/// A role, and where it is.
fn line(locale: Locale, grant: &Grant) -> (String, String) {
    let words = Words::of(locale, "page-grant");
    let place = match &grant.place {
        Place::Organization(name) => words.with("name", name).say("organization"),
        Place::Account(name) => words.with("name", name).say("account"),
        Place::Subaccount(name, parent) => {
            words.with("name", name).with("parent", parent).say("subaccount")
        }
        Place::BillingGroup(name) => words.with("name", name).say("billing-group"),
    };
    let place = match grant.until {
        Some(until) => Words::of(locale, "page-grant")
            .with("place", place)
            .with_moment("until", until)
            .say("until"),
        None => place,
    };
    (grant.role.clone(), place)
}
