//! The pages of those who may join an organization because of the domain of their address.

use super::{field, form, notice};
use crate::http::pages::facts::{Door, Way};
use crate::http::pages::sheet::{Form, Input, Link, Sheet};
use crate::mail::Locale;
use crate::words::Words;

/// The page that signs in those who want to join: the links of mails lead to nobody's session.
pub(in crate::http::pages) fn sign_in(locale: Locale) -> Sheet {
    let words = Words::of(locale, "page-join");
    let fields =
        vec![field(locale, Input::Email, "email"), field(locale, Input::Password, "password")];
    Sheet {
        form: Some(form(&words, fields)),
        links: vec![Link::new("/reset-password", words.say("forgot"))],
        ..notice(&words, &["text"])
    }
}

/// What the page of somebody who is signed in says of an organization that they may join: with a form,
/// where there is something to do here.
pub(super) fn add_door(locale: Locale, sheet: &mut Sheet, door: &Door) {
    let words = words(locale, "page-door", door);
    let mut say = |part: &str| sheet.paragraphs.push(words.say(part));
    let button = match &door.way {
        Way::Join => "join",
        Way::Ask => "ask",
        Way::Asked(_) => return say("asked"),
        Way::Contact(_) => return say("contact"),
    };
    let action = match door.way {
        Way::Join => format!("/join/{}", door.organization_id),
        _ => format!("/join/{}/ask", door.organization_id),
    };
    sheet.form = Some(Form {
        action: Some(action),
        heading: Some(words.say("heading")),
        paragraphs: vec![words.say(if button == "join" { "may-join" } else { "may-ask" })],
        button: words.say(button),
        ..Form::default()
    });
}

/// The page after an address was proved, where that opens a door.
pub(super) fn verified(locale: Locale, door: &Door) -> Sheet {
    let words = words(locale, "page-verify-email-door", door);
    Sheet {
        links: vec![Link::new("/join", words.say("go-on"))],
        ..notice(&words, &["text", "door"])
    }
}

fn words<'a>(locale: Locale, about: &'a str, door: &'a Door) -> Words<'a> {
    let words = Words::of(locale, about)
        .with("organization", &door.organization)
        .with("domain", &door.domain);
    match &door.way {
        Way::Asked(at) => words.with_moment("at", *at),
        Way::Contact(contact) => words.with("contact", contact),
        Way::Join | Way::Ask => words,
    }
}
