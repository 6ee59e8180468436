//! What each page consists of, once for all languages. The words are in `locales/<tag>.ftl`, how it
//! looks in the template.

mod invitation;
mod join;

use super::facts::{Door, Landed, Proof, Reset, Way, Welcome};
use super::sheet::{Field, Form, Input, Link, Sheet};
use super::trouble::Trouble;
use crate::auth::password;
use crate::error::{UserError, UserErrorCode};
use crate::mail::Locale;
use crate::text;
use crate::words::Words;

pub(super) use self::invitation::{decline, invitation, unsubscribe, unsubscribed};
pub(super) use self::join::sign_in;

/// For somebody who has just accepted.
pub(super) fn welcome(locale: Locale, facts: &Welcome) -> Sheet {
    let words =
        Words::of(locale, "page-welcome").with("name", &facts.name).with("email", &facts.email);
    // Who may join is not sent away before they have read that.
    let to_do = facts.door.as_ref().is_some_and(|door| matches!(door.way, Way::Join | Way::Ask));
    let paragraphs = match &facts.account {
        Some(landed) if to_do => vec![place(locale, landed)],
        Some(landed) => vec![place(locale, landed), words.say("next")],
        None => vec![words.say("nowhere"), words.say("nowhere-next")],
    };
    let mut links = application(locale, facts.application.as_deref());
    links.extend(tools(locale, facts.development, false));
    let mut sheet = Sheet { heading: words.say("heading"), paragraphs, links, ..Sheet::default() };
    if let Some(door) = &facts.door {
        join::add_door(locale, &mut sheet, door);
    }
    sheet
}

/// The same for nobody in particular.
pub(super) fn signed_out(locale: Locale, to: Option<&str>) -> Sheet {
    let links = application(locale, to);
    Sheet { links, ..notice(&Words::of(locale, "page-signed-out"), &["text"]) }
}

/// The page that proves an address.
pub(super) fn verify_email(locale: Locale, proof: Proof, to: Option<&str>) -> Sheet {
    match proof {
        Proof::Open => {
            let words = Words::of(locale, "page-verify-email");
            Sheet { form: Some(form(&words, vec![])), ..notice(&words, &["text"]) }
        }
        Proof::Given => Sheet {
            links: application(locale, to),
            ..notice(&Words::of(locale, "page-verify-email-done"), &["text"])
        },
        Proof::Refused => {
            notice(&Words::of(locale, "page-verify-email-refused"), &["text", "next"])
        }
    }
}

/// The page that proves a new address.
pub(super) fn change_email(locale: Locale, proof: Proof, to: Option<&str>) -> Sheet {
    match proof {
        Proof::Open => {
            let words = Words::of(locale, "page-change-email");
            Sheet { form: Some(form(&words, vec![])), ..notice(&words, &["text"]) }
        }
        Proof::Given => Sheet {
            links: application(locale, to),
            ..notice(&Words::of(locale, "page-change-email-done"), &["text"])
        },
        Proof::Refused => {
            notice(&Words::of(locale, "page-change-email-refused"), &["text", "next"])
        }
    }
}

/// The page after an address was proved: with the organization that this opens, if it opens one.
pub(super) fn verified(locale: Locale, door: Option<&Door>, to: Option<&str>) -> Sheet {
    match door {
        Some(door) => join::verified(locale, door),
        None => verify_email(locale, Proof::Given, to),
    }
}

/// The pages of a forgotten password.
pub(super) fn reset_password(locale: Locale, step: Reset, to: Option<&str>) -> Sheet {
    match step {
        Reset::Ask => {
            let words = Words::of(locale, "page-forgot-password");
            let email = field(locale, Input::Email, "email");
            Sheet { form: Some(form(&words, vec![email])), ..notice(&words, &["text"]) }
        }
        Reset::Asked => notice(&Words::of(locale, "page-forgot-password-sent"), &["text", "next"]),
        Reset::Open => {
            let words = Words::of(locale, "page-reset-password");
            let password = field(locale, Input::NewPassword, "new-password");
            Sheet { form: Some(form(&words, vec![password])), ..notice(&words, &["text"]) }
        }
        Reset::Done => Sheet {
            links: application(locale, to),
            ..notice(&Words::of(locale, "page-reset-password-done"), &["text"])
        },
        Reset::Refused => {
            let words = Words::of(locale, "page-reset-password-refused");
            let links = vec![Link::new("/reset-password", words.say("again"))];
            Sheet { links, ..notice(&words, &["text"]) }
        }
    }
}

/// The front page; in development with links to the tools, the mailbox among them if it is open.
pub(super) fn front(locale: Locale, development: bool, mailbox: bool) -> Sheet {
    let next = if development { "development" } else { "production" };
    let links = tools(locale, development, mailbox);
    Sheet { links, ..notice(&Words::of(locale, "page-front"), &["text", next]) }
}

/// In place of a page; people can name the request by its id.
pub(super) fn trouble(locale: Locale, trouble: Trouble, request_id: &str) -> Sheet {
    let (about, parts): (_, &[_]) = match trouble {
        Trouble::Unknown => ("trouble-unknown", &["text", "next"]),
        Trouble::Forged => ("trouble-forged", &["text"]),
        Trouble::Unreadable(_) => ("trouble-unreadable", &["text"]),
        Trouble::Refused => ("trouble-refused", &["text"]),
        Trouble::Conflict => ("trouble-conflict", &["text"]),
        Trouble::TooMany => ("trouble-too-many", &["text"]),
        Trouble::Ours => ("trouble-ours", &["text", "next"]),
    };
    notice(&Words::of(locale, about).with("request", request_id), parts)
}

/// What the menu of languages is called.
pub(super) fn languages(locale: Locale) -> String {
    Words::of(locale, "language").say("menu")
}

/// The heading above refusals.
pub(super) fn problems(locale: Locale) -> String {
    Words::of(locale, "refusal").say("heading")
}

/// A refusal, and what to do about it.
pub(super) fn refusal(locale: Locale, error: &UserError) -> String {
    let words = Words::of(locale, "refusal");
    match error.code {
        UserErrorCode::InvalidName => words.with("max", text::NAME_MAX.to_string()).say("name"),
        UserErrorCode::InvalidPassword => words
            .with("min", password::MIN_LENGTH.to_string())
            .with("max", password::MAX_LENGTH.to_string())
            .say("password"),
        UserErrorCode::WeakPassword => words.say("weak-password"),
        UserErrorCode::InvalidEmail => words.say("email"),
        UserErrorCode::InvalidCredentials => words.say("credentials"),
        UserErrorCode::SignInRequired => words.say("sign-in"),
        UserErrorCode::WrongUser => words.say("wrong-user"),
        UserErrorCode::NotJoinable => words.say("not-joinable"),
        UserErrorCode::EmailNotVerified => words.say("not-verified"),
        UserErrorCode::LimitReached => words.say("asked-too-often"),
        _ => words.say("other"),
    }
}

/// A page with a heading and these paragraphs.
fn notice(words: &Words<'_>, parts: &[&str]) -> Sheet {
    Sheet {
        heading: words.say("heading"),
        paragraphs: parts.iter().map(|part| words.say(part)).collect(),
        ..Sheet::default()
    }
}

/// A form with these fields.
fn form(words: &Words<'_>, fields: Vec<Field>) -> Form {
    Form { fields, button: words.say("button"), ..Form::default() }
}

/// An empty field, called `label`.
fn field(locale: Locale, input: Input, label: &str) -> Field {
    let words = Words::of(locale, "field").with("min", password::MIN_LENGTH.to_string());
    let hint = (input == Input::NewPassword).then(|| words.say("password-hint"));
    Field::new(input, words.say(label), hint)
}

fn place(locale: Locale, landed: &Landed) -> String {
    let words = Words::of(locale, "page-welcome")
        .with("account", &landed.account)
        .with("organization", &landed.organization);
    match (&landed.parent, list(locale, &landed.roles)) {
        (None, None) => words.say("account"),
        (None, Some(roles)) => words.with("roles", roles).say("account-as"),
        (Some(parent), None) => words.with("parent", parent).say("subaccount"),
        (Some(parent), Some(roles)) => {
            words.with("parent", parent).with("roles", roles).say("subaccount-as")
        }
    }
}

/// `Administrator, Developer and Billing`
fn list(locale: Locale, items: &[String]) -> Option<String> {
    let (first, rest) = items.split_first()?;
    let mut list = first.clone();
    for (left, item) in (0..rest.len()).rev().zip(rest) {
        let part = if left == 0 { "last" } else { "more" };
        list = Words::of(locale, "list").with("list", list).with("item", item).say(part);
    }
    Some(list)
}

/// The way to the application, where it is known.
fn application(locale: Locale, to: Option<&str>) -> Vec<Link> {
    let link = |to| Link::new(to, Words::of(locale, "page-application").say("open"));
    to.map(link).into_iter().collect()
}

fn tools(locale: Locale, development: bool, mailbox: bool) -> Vec<Link> {
    let words = Words::of(locale, "page-tools");
    let graphiql = development.then(|| Link::new("/graphiql", words.say("graphiql")));
    let mailbox = mailbox.then(|| Link::new("/mailbox", words.say("mailbox")));
    graphiql.into_iter().chain(mailbox).collect()
}
