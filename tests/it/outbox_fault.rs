//! What a mail server can do wrong (R53), really tried: every refusal at every stage, TLS, addresses
//! beyond ASCII, and an hour without service.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use entity::mail;
use rolecall::config::Config;
use rolecall::mail::transport::{Outcome, Transport};
use serde_json::{Value, json};

use crate::outbox::{contents, delivery, inviter, queued_mail};
use crate::support::smtp::{Fault, Point, SmtpServer};
use crate::support::smtp_tls::authority;
use crate::support::{Options, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// At each stage the server can refuse for now, refuse for good, or hang up. Only what it says for
    /// good about the recipient or the mail ends the mail; all else is tried again, and arrives once.
    r53_refusals_at_every_stage,
    |server: Server| async move {
        let mut ann = inviter(&server).await;
        let smtp = SmtpServer::start().await;
        let stages = [Point::Connect, Point::Hello, Point::Mail, Point::Rcpt, Point::Data, Point::End];
        let faults =
            [Fault::Reply(421, "closing"), Fault::Reply(450, "later"), Fault::Reply(550, "no"), Fault::HangUp];
        let cases = stages.into_iter().flat_map(|at| faults.map(|fault| (at, fault)));
        for (n, (at, fault)) in cases.enumerate() {
            let case = format!("{at:?} {fault:?}");
            let email = format!("p{n}@corp.example");
            ann.invite(&email, &[]).await.done("inviteUsers");
            smtp.fail_once(at, fault);
            assert_eq!(server.deliver_to(&smtp).await, 1, "{case}");
            let about_the_mail = matches!(at, Point::Rcpt | Point::Data | Point::End);
            let over = about_the_mail && matches!(fault, Fault::Reply(550, _));
            let (state, attempts, error) = delivery(&ann, &email).await;
            assert_eq!((state.as_str(), attempts), (if over { "FAILED" } else { "QUEUED" }, 1), "{case}");
            if let Fault::Reply(code, text) = fault {
                assert_eq!(error, format!("{code} {text}"), "{case}");
            }
            assert!(!error.is_empty() && arrived(&smtp, &email) == 0, "{case}");
            ann = ann.later(TimeDelta::seconds(38)).await;
            let again = usize::from(!over);
            assert_eq!(server.deliver_to(&smtp).await, again, "{case}");
            assert_eq!(arrived(&smtp, &email), again, "{case}");
        }
    }
);

both!(
    /// A server that accepts nothing for an hour, in whichever way: nothing is lost, and when it is back
    /// everything arrives once, though two workers try.
    r53_an_hour_without_service,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let there = server.another(Options::default()).await;
        for call in 0..2 {
            let people: Vec<Value> =
                (0..90).map(|n| json!({ "email": format!("p{call}.{n}@corp.example") })).collect();
            ann.invite_with(json!({ "invitees": people })).await.done("inviteUsers");
        }
        let mut smtp = SmtpServer::start().await;
        let mut attempts = 0;
        for minute in 0..60 {
            match minute {
                0 => smtp.close().await,
                20 => {
                    smtp.reopen().await;
                    smtp.fail_always(Point::Connect, Fault::Reply(421, "no service"));
                }
                30 => {
                    smtp.heal();
                    smtp.fail_always(Point::Rcpt, Fault::Reply(451, "greylisted"));
                }
                40 => {
                    smtp.heal();
                    smtp.fail_always(Point::Content, Fault::HangUp);
                }
                50 => {
                    smtp.heal();
                    smtp.fail_always(Point::End, Fault::Reply(452, "full"));
                }
                _ => {}
            }
            let (one, two) = tokio::join!(server.deliver_to(&smtp), there.deliver_to(&smtp));
            attempts += one + two;
            server.pass(TimeDelta::minutes(1));
        }
        assert!(smtp.received().is_empty());
        // Half a minute, a minute, two, … half an hour: a server in distress is left alone.
        assert!((180 * 6..=180 * 7).contains(&attempts), "{attempts} attempts");
        let waiting = server.all_mails().await;
        let waiting = waiting.iter().filter(|mail| mail.state == mail::State::Queued);
        assert!(waiting.clone().all(|mail| mail.sealed.is_some() && mail.lease.is_none()));
        assert_eq!(waiting.count(), 180);

        smtp.heal();
        let back = server.now();
        while smtp.received().len() < 180 {
            assert!(server.now() - back <= TimeDelta::minutes(45), "{}", smtp.received().len());
            tokio::join!(server.deliver_to(&smtp), there.deliver_to(&smtp));
            server.pass(TimeDelta::minutes(1));
        }
        server.pass(TimeDelta::hours(2));
        assert_eq!(server.deliver_to(&smtp).await, 0);
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for mail in smtp.received() {
            *times.entry(mail.to[0].clone()).or_default() += 1;
        }
        assert_eq!(times.len(), 180);
        assert!(times.values().all(|times| *times == 1), "{times:#?}");
    }
);

both!(
    /// With `tls=required` a mail goes out encrypted, to a server whose certificate is good, or not at
    /// all; it waits until the server can be trusted.
    r53_tls_is_required,
    |server: Server| async move {
        let mut ann = inviter(&server).await;
        ann.invite(BOB, &[]).await.done("inviteUsers");
        let plain = SmtpServer::start().await;
        assert_eq!(attempt(&server, &plain, "required", true).await, 1);
        let (state, _, error) = delivery(&ann, BOB).await;
        assert!(state == "QUEUED" && error.to_lowercase().contains("starttls"), "{state} {error}");
        assert!(plain.connections() > 0 && plain.received().is_empty());

        let smtp = SmtpServer::with_tls().await;
        ann = ann.later(TimeDelta::minutes(10)).await;
        assert_eq!(attempt(&server, &smtp, "required", false).await, 1);
        let (state, _, error) = delivery(&ann, BOB).await;
        assert!(state == "QUEUED" && error.contains("certificate"), "{state} {error}");
        ann = ann.later(TimeDelta::minutes(10)).await;
        smtp.fail_once(Point::StartTls, Fault::Reply(454, "4.7.0 no TLS just now"));
        assert_eq!(attempt(&server, &smtp, "required", true).await, 1);
        let waiting = ("QUEUED".to_owned(), 3, "454 4.7.0 no TLS just now".to_owned());
        assert_eq!(delivery(&ann, BOB).await, waiting);
        assert!(smtp.received().is_empty());
        server.pass(TimeDelta::minutes(10));
        assert_eq!(attempt(&server, &smtp, "required", true).await, 1);
        let arrived = smtp.received();
        assert_eq!(arrived.len(), 1);
        assert!(arrived[0].encrypted && arrived[0].to == [BOB]);
    }
);

both!(
    /// With `tls=opportunistic` it is encrypted where the server offers it, with whatever certificate, and
    /// with `tls=none` never.
    r53_tls_is_offered,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let (plain, offering) = (SmtpServer::start().await, SmtpServer::with_tls().await);
        for (n, (smtp, tls, encrypted)) in [
            (&plain, "opportunistic", false),
            (&offering, "opportunistic", true),
            (&offering, "none", false),
        ]
        .into_iter()
        .enumerate()
        {
            let email = format!("p{n}@corp.example");
            ann.invite(&email, &[]).await.done("inviteUsers");
            assert_eq!(attempt(&server, smtp, tls, false).await, 1, "{tls}");
            let mail = smtp.received().into_iter().find(|mail| mail.to == [&*email]);
            assert_eq!(mail.map(|mail| mail.encrypted), Some(encrypted), "{tls}");
        }
    }
);

/// An address beyond ASCII goes to a server that takes such addresses (RFC 6531), and is refused for good
/// where none would.
#[tokio::test]
async fn r53_an_address_beyond_ascii_needs_smtputf8() {
    let mail = mail::Model { recipient: "bjørn@fjord.example".to_owned(), ..queued_mail() };
    let smtp = SmtpServer::start().await;
    let sent = way(&smtp, "none", false).send(&Config::default(), &mail, &contents()).await;
    assert_eq!(sent, Outcome::Sent);
    assert_eq!(smtp.received()[0].to, ["bjørn@fjord.example"]);

    for extensions in [&["8BITMIME"][..], &[]] {
        let smtp = SmtpServer::with_extensions(extensions).await;
        let way = way(&smtp, "none", false);
        let refused = way.send(&Config::default(), &mail, &contents()).await;
        assert!(
            matches!(&refused, Outcome::Permanent(why) if why.contains("SMTPUTF8")),
            "{refused:?}"
        );
        let sent = way.send(&Config::default(), &queued_mail(), &contents()).await;
        assert_eq!(sent, Outcome::Sent);
        assert_eq!(smtp.received().len(), 1);
    }
}

/// A server that says nothing from the first byte on, or in the middle of STARTTLS, costs an attempt half
/// a minute as well. (The time of this test runs by itself whenever nothing else does.)
#[tokio::test(start_paused = true)]
async fn r53_a_mail_server_that_stalls_before_it_speaks() {
    for at in [Point::Connect, Point::StartTls] {
        let smtp = SmtpServer::with_tls().await;
        smtp.fail_once(at, Fault::Stall);
        let begun = tokio::time::Instant::now();
        let way = way(&smtp, "required", true);
        let outcome = way.send(&Config::default(), &queued_mail(), &contents()).await;
        assert!(matches!(outcome, Outcome::Transient(_)), "{at:?}: {outcome:?}");
        assert!(begun.elapsed() <= Duration::from_secs(31), "{at:?}");
        assert!(smtp.received().is_empty(), "{at:?}");
    }
}

/// The way to this mail server, with TLS as asked for.
fn way(smtp: &SmtpServer, tls: &str, trusting: bool) -> Transport {
    let config = Config {
        smtp_url: Some(smtp.url_with(tls)),
        smtp_ca: trusting.then(authority),
        ..Config::default()
    };
    Transport::from_config(&config).unwrap()
}

/// Has the worker do one round over this way; how many mails it took.
async fn attempt(server: &Server, smtp: &SmtpServer, tls: &str, trusting: bool) -> usize {
    let way = way(smtp, tls, trusting);
    rolecall::mail::worker::run_once(&server.app, &way).await.unwrap()
}

fn arrived(smtp: &SmtpServer, email: &str) -> usize {
    smtp.received().iter().filter(|mail| mail.to == [email]).count()
}
