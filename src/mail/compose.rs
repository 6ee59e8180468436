//! A queued mail as an Internet message (RFC 5322).
//!
//! The message depends on nothing but the mail: each attempt sends the same bytes under the same
//! `Message-ID`, so that a server that has it already can tell.

use std::time::SystemTime;

use entity::mail::Model;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};

use super::letter::one_line;
use super::outbox::Contents;

/// The message of a queued mail, from this sender.
///
/// # Errors
/// A sentence for administrators when the mail cannot be addressed.
pub(super) fn compose(
    from: &Mailbox,
    mail: &Model,
    contents: &Contents,
) -> Result<Message, String> {
    let from = Mailbox::new(from.name.clone(), in_ascii(from.email.as_ref())?);
    let to = Mailbox::new(contents.to_name.as_deref().and_then(name), in_ascii(&mail.recipient)?);
    let domain = from.email.domain().to_owned();
    let mut message = Message::builder()
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        .date(SystemTime::from(mail.created_at))
        .from(from)
        .to(to)
        .subject(contents.mail.subject.clone())
        .raw_header(header("Content-Language", contents.locale.tag()))
        // Out-of-office notices are not to answer (RFC 3834 §5).
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(link) = &contents.mail.unsubscribe {
        message = message.raw_header(header("List-Unsubscribe", &format!("<{link}>")));
        // Mail programs press the button themselves, over https alone (RFC 8058 §3.1).
        if link.starts_with("https://") {
            let one_click = header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
            message = message.raw_header(one_click);
        }
    }
    // An address beyond ASCII in a header would need a server that takes such headers (RFC 6532).
    // The recipient's is worth that, this one is not.
    if let Some((answerer, address)) = &contents.mail.reply_to
        && let Ok(address) = in_ascii(address)
        && is_ascii(&address)
    {
        message = message.reply_to(Mailbox::new(name(answerer), address));
    }
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("part_{}", mail.id))
        .singlepart(SinglePart::plain(contents.mail.text.clone()))
        .singlepart(SinglePart::html(contents.mail.html.clone()));
    message.multipart(body).map_err(|error| format!("the mail cannot be put together: {error}"))
}

/// Whether the address can be sent to by any server, not only by one with SMTPUTF8 (RFC 6531).
pub(super) fn is_ascii(address: &Address) -> bool {
    address.user().is_ascii() && address.domain().is_ascii()
}

/// The address with its domain as it is looked up (R42): `ann@bücher.example` becomes
/// `ann@xn--bcher-kva.example`.
fn in_ascii(address: &str) -> Result<Address, String> {
    let unusable = |why: &str| format!("the address {:?} cannot be used: {why}", one_line(address));
    let (user, domain) = address.rsplit_once('@').ok_or_else(|| unusable("it has no @"))?;
    let domain = if domain.is_ascii() {
        domain.to_owned()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| unusable("it has no valid domain"))?
    };
    Address::new(user, domain).map_err(|error| unusable(&error.to_string()))
}

fn name(name: &str) -> Option<String> {
    Some(one_line(name)).filter(|name| !name.is_empty())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use entity::id::{MailId, TypedId};
    use entity::mail::State;

    use super::*;
    use crate::mail::message::Rendered;
    use crate::words::Locale;

    fn mail(recipient: &str) -> Model {
        let created_at = Utc.with_ymd_and_hms(2026, 11, 21, 3, 40, 5).unwrap();
        Model {
            id: MailId::from_uuid(sea_orm::prelude::Uuid::from_u128(7)),
            kind: "invitation".to_owned(),
            organization_id: None,
            recipient: recipient.to_owned(),
            sealed: None,
            state: State::Queued,
            attempts: 1,
            next_attempt_at: created_at,
            leased_until: None,
            lease: None,
            last_error: None,
            sent_at: None,
            let_go_at: None,
            created_at,
        }
    }

    fn contents() -> Contents {
        Contents {
            to_name: Some("Bob Ö.".to_owned()),
            locale: Locale::default(),
            mail: Rendered {
                subject: "Come".to_owned(),
                text: "Text\n".to_owned(),
                html: "<p>Text</p>".to_owned(),
                unsubscribe: None,
                reply_to: Some(("Ann, Owner".to_owned(), "ann@bücher.example".to_owned())),
            },
        }
    }

    fn composed(recipient: &str, contents: &Contents) -> Result<String, String> {
        let from = "Rolecall <no-reply@acme.example>".parse().unwrap();
        let message = compose(&from, &mail(recipient), contents)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn every_attempt_sends_the_same_bytes() {
        let message = composed("Bob@Acme.example", &contents()).unwrap();
        assert_eq!(composed("Bob@Acme.example", &contents()).unwrap(), message);
        for line in [
            "Message-ID: <mail_00000000000000000000000007@acme.example>\r\n",
            "Date: Sat, 21 Nov 2026 03:40:05 +0000\r\n",
            "From: Rolecall <no-reply@acme.example>\r\n",
            "To: =?utf-8?b?Qm9iIMOWLg==?= <Bob@Acme.example>\r\n",
            "Reply-To: =?utf-8?b?QW5uLCBPd25lcg==?= <ann@xn--bcher-kva.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Language: en\r\n",
        ] {
            assert!(message.contains(line), "{line} in {message}");
        }
    }

    #[test]
    fn mails_that_can_be_stopped_say_where() {
        let message = composed("bob@acme.example", &contents()).unwrap();
        assert!(!message.contains("List-Unsubscribe"), "{message}");
        for (link, one_click) in [("https://acme.example/x", true), ("http://127.0.0.1/x", false)] {
            let mut contents = contents();
            contents.mail.unsubscribe = Some(link.to_owned());
            let message = composed("bob@acme.example", &contents).unwrap();
            assert!(message.contains(&format!("List-Unsubscribe: <{link}>\r\n")), "{message}");
            let post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
            assert_eq!(message.contains(post), one_click, "{message}");
        }
    }

    #[test]
    fn no_name_or_subject_begins_a_header() {
        let mut contents = contents();
        let evil = "x\r\nBcc: all@acme.example\r\n\r\nHello";
        contents.to_name = Some(evil.to_owned());
        contents.mail.subject = evil.to_owned();
        contents.mail.reply_to = Some((evil.to_owned(), "ann@acme.example".to_owned()));
        let message = composed("bob@acme.example", &contents).unwrap();
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("\nBcc"), "{headers}");
        assert!(headers.contains("Content-Type: multipart/alternative"), "{headers}");
    }

    #[test]
    fn only_the_recipients_address_may_go_beyond_ascii() {
        let mut contents = contents();
        contents.mail.reply_to = Some(("Jörg".to_owned(), "jörg@acme.example".to_owned()));
        let message = composed("bjørn@fjord.example", &contents).unwrap();
        assert!(message.contains("<bjørn@fjord.example>"), "{message}");
        assert!(!message.contains("Reply-To"), "{message}");
    }

    #[test]
    fn an_address_that_is_none_is_said_to_be_none() {
        for address in
            ["", "bob", "bob@", "b ob@acme.example", "bob@acme.example\r\nBcc: x@y.example"]
        {
            assert!(
                composed(address, &contents()).unwrap_err().contains("cannot be used"),
                "{address}"
            );
        }
    }
}
