use chrono::TimeZone;

use super::*;
use crate::mail::previews;

fn german() -> Locale {
    Locale::parse("de").unwrap()
}

fn invitation() -> Invitation {
    Invitation {
        invitee_name: Some("Bob".to_owned()),
        inviter_name: "Ann Owner".to_owned(),
        inviter_email: "ann@acme.example".to_owned(),
        organization_name: "Acme".to_owned(),
        grants: vec![
            GrantLine { role: "Standard User".to_owned(), scope: "Acme".to_owned() },
            GrantLine { role: "Developer".to_owned(), scope: "Account Production".to_owned() },
        ],
        note: Some("See you on Monday.\nAnn".to_owned()),
        link: "https://acme.example/invitations/t0ken?a=1&b=2".to_owned(),
        unsubscribe: "https://acme.example/invitations/t0ken/unsubscribe".to_owned(),
        expires_at: Utc.with_ymd_and_hms(2026, 11, 28, 3, 40, 0).unwrap(),
        resent: false,
    }
}

fn production() -> Owned {
    Owned { organization_name: "Acme".to_owned(), account_name: Some("Production".to_owned()) }
}

fn ownership_offered() -> OwnershipOffered {
    OwnershipOffered {
        name: "Bob".to_owned(),
        owner_name: "Ann Owner".to_owned(),
        owner_email: "ann@acme.example".to_owned(),
        owned: production(),
        link: "https://acme.example".to_owned(),
        expires_at: invitation().expires_at,
    }
}

fn ended(end: OfferEnd) -> Message {
    Message::OwnershipOfferEnded(OwnershipOfferEnded {
        name: "Ann Owner".to_owned(),
        other_name: "Bob".to_owned(),
        other_email: "bob@acme.example".to_owned(),
        owned: production(),
        end,
    })
}

fn render(message: &Message, locale: Locale) -> Rendered {
    message.render(locale).unwrap()
}

#[test]
fn an_invitation_says_who_into_what_as_what_and_until_when() {
    let mail = render(&Message::Invitation(invitation()), Locale::default());
    assert_eq!(mail.subject, "Ann Owner invited you to join Acme");
    assert_eq!(
        mail.text,
        "Hello Bob,

Ann Owner (ann@acme.example) invites you to join Acme.

Ann Owner writes:
> See you on Monday.
> Ann

Your roles will be:
* Standard User: Acme
* Developer: Account Production

View invitation:
https://acme.example/invitations/t0ken?a=1&b=2

You can accept until 28 November 2026, 03:40 UTC.

---
If you did not expect this invitation, you can ignore this mail: nothing happens unless you accept.
The link is meant for you alone. Please do not forward it.
"
    );
    let reply_to = Some(("Ann Owner".to_owned(), "ann@acme.example".to_owned()));
    assert_eq!(mail.reply_to, reply_to);
    // Once as the button, once as text with its target.
    let link = "https://acme.example/invitations/t0ken?a=1&#38;b=2";
    assert_eq!(mail.html.matches(link).count(), 3, "{}", mail.html);
}

#[test]
fn a_resent_invitation_says_that_the_former_link_has_ended() {
    let facts = Invitation { resent: true, invitee_name: None, ..invitation() };
    let mail = render(&Message::Invitation(facts), Locale::default());
    assert_eq!(mail.subject, "Reminder: Ann Owner invited you to join Acme");
    assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
    assert!(mail.text.contains("no longer works"), "{}", mail.text);
}

#[test]
fn every_message_has_words_in_every_language() {
    for (name, message) in previews::all("https://acme.example", invitation().expires_at) {
        for locale in Locale::all() {
            let mail = render(&message, locale);
            assert!(!mail.subject.is_empty(), "{name}");
            assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
            assert!(mail.html.contains(&format!("<html lang=\"{}\">", locale.tag())));
            assert!(
                mail.html.contains("https://acme.example")
                    == mail.text.contains("https://acme.example")
            );
        }
    }
    let german = render(&Message::Invitation(invitation()), german());
    assert!(german.text.contains("bis zum 28. November 2026, 03:40 Uhr (UTC)"), "{}", german.text);
}

#[test]
fn what_strangers_type_is_text_in_html_and_one_line_everywhere() {
    let facts = Invitation {
        invitee_name: Some("Bob\r\n\r\nYour account is closed.\u{2028}Call us".to_owned()),
        inviter_name: "<script>alert(1)</script>\r\nBcc: all@acme.example".to_owned(),
        organization_name: "\"><img src=x>\u{202e}".to_owned(),
        note: Some("</blockquote><a href='https://evil.example'>\r\n\r\nSubject: x".to_owned()),
        ..invitation()
    };
    let mail = render(&Message::Invitation(facts), Locale::default());
    assert_eq!(
        mail.subject,
        "<script>alert(1)</script> Bcc: all@acme.example invited you to join \"><img src=x>"
    );
    assert!(mail.reply_to.unwrap().0.lines().count() == 1);
    for tag in ["<script", "<img", "</blockquote><a", "\u{202e}"] {
        assert!(!mail.html.contains(tag), "{tag} in {}", mail.html);
    }
    assert!(mail.text.starts_with("Hello Bob Your account is closed. Call us,\n"), "{}", mail.text);
    assert!(
        mail.text.contains("> </blockquote><a href='https://evil.example'>\n> \n> Subject: x\n")
    );
}

#[test]
fn a_subject_has_an_end() {
    let facts = Invitation { organization_name: "ö".repeat(255), ..invitation() };
    let mail = render(&Message::Invitation(facts), Locale::default());
    assert_eq!(mail.subject.chars().count(), 200);
    assert!(mail.subject.ends_with('…'));
}

#[test]
fn debugging_shows_no_link() {
    let message = Message::Invitation(invitation());
    let mail = render(&message, Locale::default());
    assert!(!format!("{message:?}{mail:?}").contains("t0ken"));
}

#[test]
fn an_offer_of_ownership_says_who_what_and_until_when() {
    let mail = render(&Message::OwnershipOffered(ownership_offered()), Locale::default());
    assert_eq!(mail.subject, "Ann Owner wants to hand over the account Production (Acme) to you");
    assert_eq!(
        mail.text,
        "Hello Bob,

Ann Owner (ann@acme.example) wants to hand over the account Production (Acme) to you.

If you accept, you will be its only Owner, in the place of Ann Owner. Until then nothing changes.

Open the application:
https://acme.example

You can accept until 28 November 2026, 03:40 UTC.

---
If you did not expect this offer, ask Ann Owner, or decline it: nothing happens unless you accept.
"
    );
    let reply_to = Some(("Ann Owner".to_owned(), "ann@acme.example".to_owned()));
    assert_eq!(mail.reply_to, reply_to);
    let owned = Owned { account_name: None, ..production() };
    let facts = OwnershipOffered { owned, ..ownership_offered() };
    let mail = render(&Message::OwnershipOffered(facts), german());
    assert_eq!(mail.subject, "Ann Owner möchte Ihnen die Organisation „Acme“ übergeben");
    assert!(mail.text.contains("bis zum 28. November 2026, 03:40 Uhr (UTC)"), "{}", mail.text);
}

#[test]
fn the_end_of_an_offer_says_who_owns_it_from_here_on() {
    let cases = [
        (
            OfferEnd::Accepted { role: Some("Administrator".to_owned()) },
            "ownership_accepted",
            "Bob (bob@acme.example) accepted your offer and is now the Owner of the account Production \
             (Acme).\n\nYour role there is now: Administrator.\n",
        ),
        (OfferEnd::Accepted { role: None }, "ownership_accepted", "(Acme).\n\nThere is nothing"),
        (OfferEnd::Declined, "ownership_declined", "You are still its Owner.\n"),
        (OfferEnd::Withdrawn, "ownership_withdrawn", "can no longer be accepted.\n"),
        (OfferEnd::Expired, "ownership_expired", "still its Owner, and can offer it again.\n"),
    ];
    for (end, kind, said) in cases {
        let message = ended(end);
        assert_eq!(message.kind(), kind);
        let mail = render(&message, Locale::default());
        assert!(mail.text.starts_with("Hello Ann Owner,\n"), "{}", mail.text);
        assert!(mail.text.contains(said), "{}", mail.text);
        assert_eq!(mail.reply_to.unwrap().1, "bob@acme.example");
    }
}
