//! Delivery (R53): an invitation exists if and only if its mail will be sent, and the mail is sent
//! once, whatever the mail server, the workers and the database do meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use entity::id::TypedId;
use entity::mail;
use rolecall::config::Config;
use rolecall::mail::Locale;
use rolecall::mail::message::Rendered;
use rolecall::mail::outbox::Contents;
use rolecall::mail::smtp::SEND_TIMEOUT;
use rolecall::mail::transport::Outcome;
use rolecall::mail::worker;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::inviting::{moment, transport};
use crate::support::smtp::{Fault, Point, SmtpServer};
use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// A call that fails on its last step leaves neither invitation nor mail.
    r53_no_invitation_no_mail,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
        let db = &server.app.db;
        // What is written last, in every use case.
        db.execute_unprepared(&rename("audit_events", "gone")).await.unwrap();
        let failed = ann.invite(BOB, &[]).await;
        assert_eq!(failed.error(), "INTERNAL");
        assert!(!failed.body.to_string().contains("audit"), "{:#}", failed.body);
        db.execute_unprepared(&rename("gone", "audit_events")).await.unwrap();

        assert!(ann.invitations(json!({})).await.is_empty());
        assert!(server.outbox(BOB).await.is_empty());
        let smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        assert!(smtp.received().is_empty());
        assert_eq!(ann.invite(BOB, &[]).await.rows(), ["INVITED"]);
        server.deliver_to(&smtp).await;
        assert_eq!(smtp.received().len(), 1);
    }
);

both!(
    /// A running server sends by itself what was committed.
    r53_the_worker_sends_after_the_commit,
    |server: Server| async move {
        let mut smtp = SmtpServer::start().await;
        let options = Options { smtp_url: Some(smtp.url()), ..Options::default() };
        let server = server.another(options).await;
        let (stop, stopping) = watch::channel(false);
        let worker = tokio::spawn(worker::run(server.app.clone(), stopping));
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        assert_eq!(smtp.next().await.to, ["ann@acme.example"]);
        assert_eq!(ann.invite(BOB, &[]).await.rows(), ["INVITED"]);
        assert_eq!(smtp.next().await.to, [BOB]);
        stop.send(true).unwrap();
        worker.await.unwrap();
        assert_eq!(delivery(&ann, BOB).await, ("SENT".to_owned(), 1, String::new()));
    }
);

both!(
    /// How far the mail is can be read on the invitation, with the mail server's answer.
    r53_the_state_of_delivery_is_on_the_invitation,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let invited = ann.invite(BOB, &[]).await;
        let shown = invited.at("/inviteUsers/results/0/invitation/delivery").clone();
        let expected = json!({ "state": "QUEUED", "attempts": 0, "lastError": null, "sentAt": null });
        assert_eq!(shown, expected);

        let smtp = SmtpServer::start().await;
        smtp.fail_once(Point::Rcpt, Fault::Reply(450, "4.2.1 try later"));
        server.deliver_to(&smtp).await;
        let waiting = ("QUEUED".to_owned(), 1, "450 4.2.1 try later".to_owned());
        assert_eq!(delivery(&ann, BOB).await, waiting);
        server.pass(TimeDelta::minutes(1));
        server.deliver_to(&smtp).await;
        assert_eq!(delivery(&ann, BOB).await, ("SENT".to_owned(), 2, String::new()));
        let sent_at = moment(&ann.invitation_of(BOB).await["delivery"]["sentAt"]);
        assert_eq!(sent_at, server.now());

        let reply = Fault::Reply(550, "5.1.1 <nobody@corp.example>: no such user");
        smtp.fail_recipient("nobody@corp.example", reply);
        ann.invite("nobody@corp.example", &[]).await.done("inviteUsers");
        server.deliver_to(&smtp).await;
        let reply = "550 5.1.1 <nobody@corp.example>: no such user".to_owned();
        let failed = ("FAILED".to_owned(), 1, reply);
        assert_eq!(delivery(&ann, "nobody@corp.example").await, failed);
        assert_eq!(ann.invitation_of("nobody").await["status"], "PENDING");
    }
);

both!(
    /// Whatever goes wrong on the way, the mail waits and goes out once, unless it was refused for
    /// good.
    r53_faults_of_the_mail_server,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let smtp = SmtpServer::start().await;
        let faults = [
            (Point::Connect, Fault::Reply(554, "no service here"), "QUEUED", "554 no service here"),
            (Point::Connect, Fault::HangUp, "QUEUED", ""),
            (Point::Hello, Fault::Reply(421, "busy"), "QUEUED", "421 busy"),
            (Point::Mail, Fault::Reply(530, "5.7.0 who are you"), "QUEUED", "530 5.7.0 who are you"),
            (Point::Rcpt, Fault::Reply(451, "greylisted"), "QUEUED", "451 greylisted"),
            (Point::Rcpt, Fault::Reply(550, "no such user"), "FAILED", "550 no such user"),
            (Point::Data, Fault::Reply(452, "full"), "QUEUED", "452 full"),
            (Point::Content, Fault::HangUp, "QUEUED", ""),
            (Point::End, Fault::Reply(451, "later"), "QUEUED", "451 later"),
            (Point::End, Fault::Reply(554, "5.7.1 spam"), "FAILED", "554 5.7.1 spam"),
            (Point::End, Fault::HangUp, "QUEUED", ""),
        ];
        for (n, (at, fault, state, error)) in faults.into_iter().enumerate() {
            let case = format!("{at:?} {fault:?}");
            let email = format!("p{n}@corp.example");
            ann.invite(&email, &[]).await.done("inviteUsers");
            smtp.fail_once(at, fault);
            assert_eq!(server.deliver_to(&smtp).await, 1, "{case}");
            let found = delivery(&ann, &email).await;
            assert_eq!((found.0.as_str(), found.1), (state, 1), "{case}");
            assert!(!found.2.is_empty() && found.2.contains(error), "{case}: {}", found.2);
            assert_eq!(sent_to(&smtp, &email), 0, "{case}");

            // Not again at once; later once.
            assert_eq!(server.deliver_to(&smtp).await, 0, "{case}");
            server.pass(TimeDelta::seconds(38));
            let again = usize::from(state == "QUEUED");
            assert_eq!(server.deliver_to(&smtp).await, again, "{case}");
            assert_eq!(sent_to(&smtp, &email), again, "{case}");
        }
    }
);

both!(
    /// A mail server that refuses connections, for however long, costs no mail.
    r53_a_closed_port,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let mut smtp = SmtpServer::start().await;
        smtp.close().await;
        let people: Vec<Value> =
            (0..30).map(|n| json!({ "email": format!("p{n}@corp.example") })).collect();
        ann.invite_with(json!({ "invitees": people })).await.done("inviteUsers");
        assert_eq!(server.deliver_to(&smtp).await, 30);
        let (state, attempts, error) = delivery(&ann, "p7@corp.example").await;
        assert_eq!((state.as_str(), attempts), ("QUEUED", 1));
        assert!(error.contains("refused"), "{error}");
        smtp.reopen().await;
        server.pass(TimeDelta::minutes(1));
        assert_eq!(server.deliver_to(&smtp).await, 30);
        assert_eq!(times_sent(&smtp).len(), 30);
    }
);

both!(
    /// Two workers of two processes share the outbox, while the mail server fails in every way that
    /// leaves no doubt: every mail arrives, and once.
    r53_two_workers_send_each_mail_once,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let there = server.another(Options::default()).await;
        let people: Vec<Value> =
            (0..80).map(|n| json!({ "email": format!("p{n}@corp.example") })).collect();
        ann.invite_with(json!({ "invitees": people })).await.done("inviteUsers");
        let smtp = SmtpServer::start().await;
        for _ in 0..3 {
            smtp.fail_once(Point::Connect, Fault::Reply(421, "busy"));
            smtp.fail_once(Point::Mail, Fault::Reply(451, "later"));
            smtp.fail_once(Point::Rcpt, Fault::HangUp);
            smtp.fail_once(Point::Data, Fault::Reply(452, "full"));
            smtp.fail_once(Point::Content, Fault::HangUp);
            smtp.fail_once(Point::End, Fault::Reply(451, "later"));
            smtp.fail_once(Point::End, Fault::HangUp);
        }
        let mut attempts = 0;
        for _ in 0..6 {
            let (one, two) = tokio::join!(server.deliver_to(&smtp), there.deliver_to(&smtp));
            attempts += one + two;
            server.pass(TimeDelta::seconds(80));
        }
        assert!(attempts > 80, "no fault came to pass");
        let sent = times_sent(&smtp);
        assert_eq!(sent.len(), 80);
        assert!(sent.values().all(|times| *times == 1), "{sent:#?}");
        let mails = server.all_mails().await;
        assert!(mails.iter().all(|mail| mail.state == mail::State::Sent && mail.lease.is_none()));
    }
);

both!(
    /// A worker that dies while the mail server stalls keeps the mail from others until its lease
    /// runs out, two minutes later; then another process sends it.
    r53_the_lease_of_a_dead_worker,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let there = server.another(Options::default()).await;
        ann.invite(BOB, &[]).await.done("inviteUsers");
        let smtp = SmtpServer::start().await;
        smtp.fail_once(Point::End, Fault::Stall);
        let (app, way) = (server.app.clone(), transport(&smtp));
        let dying = tokio::spawn(async move { worker::run_once(&app, &way).await });
        while smtp.connections() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(there.deliver_to(&smtp).await, 0, "it is taken");
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        server.pass(TimeDelta::minutes(2) - TimeDelta::milliseconds(1));
        assert_eq!(there.deliver_to(&smtp).await, 0, "it is taken still");
        // Where the first exchange had not come to its end, the fault is still waiting.
        smtp.heal();
        server.pass(TimeDelta::milliseconds(1));
        assert_eq!(there.deliver_to(&smtp).await, 1);
        assert_eq!(sent_to(&smtp, BOB), 1);
        assert_eq!(delivery(&ann, BOB).await, ("SENT".to_owned(), 2, String::new()));
    }
);

both!(
    /// A worker that comes late changes nothing: not the mail that another has taken over, nor one
    /// that was called off; but what it did send is noted as sent.
    r53_a_worker_that_comes_late,
    |server: Server| async move {
        use rolecall::store::mail::{lease_due, mark_failed, mark_sent, release, retry_later};
        let ann = inviter(&server).await;
        let (revoked, _) = ann.invite_one("revoked@corp.example", &[]).await;
        let (gone_out, _) = ann.invite_one("out@corp.example", &[]).await;
        ann.invite_one(BOB, &[]).await;
        let (db, lease) = (&server.app.db, Uuid::from_u128(9));
        let two = TimeDelta::minutes(2);
        let taken = lease_due(db, server.now(), 20, two, lease).await.unwrap();
        assert_eq!(taken.len(), 3);
        ann.revoke(&revoked).await.done("revokeInvitation");
        ann.revoke(&gone_out).await.done("revokeInvitation");
        let mail = |email: &str| taken.iter().find(|mail| mail.recipient == email).unwrap().clone();
        let (now, called_off) = (server.now(), mail("revoked@corp.example"));
        assert!(!retry_later(db, called_off.id, lease, now, "later").await.unwrap());
        assert!(!mark_failed(db, called_off.id, lease, "no").await.unwrap());
        assert!(!release(db, &called_off, lease).await.unwrap());
        assert!(mark_sent(db, mail("out@corp.example").id, lease, now, false).await.unwrap());
        assert_eq!(delivery(&ann, "revoked").await.0, "CANCELLED");
        assert_eq!(delivery(&ann, "out").await.0, "SENT");

        server.pass(two);
        let smtp = SmtpServer::start().await;
        assert_eq!(server.deliver_to(&smtp).await, 1, "Bob's");
        assert!(!mark_sent(db, mail(BOB).id, lease, now, false).await.unwrap());
        assert!(!retry_later(db, mail(BOB).id, lease, now, "later").await.unwrap());
        assert_eq!(delivery(&ann, BOB).await, ("SENT".to_owned(), 2, String::new()));
    }
);

both!(
    /// A server that took a mail and hung up before it said so gets it again: the same bytes under
    /// the same Message-ID, so that it can tell.
    r53_taken_and_not_confirmed,
    |server: Server| async move {
        let ann = inviter(&server).await;
        ann.invite(BOB, &[]).await.done("inviteUsers");
        let smtp = SmtpServer::start().await;
        smtp.fail_once(Point::End, Fault::KeepAndHangUp);
        server.deliver_to(&smtp).await;
        server.pass(TimeDelta::minutes(1));
        server.deliver_to(&smtp).await;
        let mails = smtp.received();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].raw, mails[1].raw);
        assert!(mails[0].message_id.starts_with("mail_"), "{}", mails[0].message_id);
    }
);

both!(
    /// Attempts wait twice as long each time, from half a minute to an hour, and end after a day:
    /// then the mail has failed, and a resend begins anew.
    r53_backoff_and_giving_up,
    |server: Server| async move {
        let ann = inviter(&server).await;
        let (id, _) = ann.invite_one(BOB, &[]).await;
        let begun = server.now();
        let smtp = SmtpServer::start().await;
        smtp.fail_always(Point::Rcpt, Fault::Reply(451, "later"));
        let mut expected = TimeDelta::seconds(30);
        loop {
            assert_eq!(server.deliver_to(&smtp).await, 1);
            let mail = server.outbox(BOB).await.remove(0);
            if mail.state != mail::State::Queued {
                break;
            }
            let wait = mail.next_attempt_at - server.now();
            assert!(wait >= expected && wait <= expected * 5 / 4, "{wait} for {expected}");
            server.pass(wait - TimeDelta::milliseconds(1));
            assert_eq!(server.deliver_to(&smtp).await, 0, "too early");
            server.pass(TimeDelta::milliseconds(1));
            expected = (expected * 2).min(TimeDelta::hours(1));
        }
        let tried_for = server.now() - begun;
        assert!(tried_for > TimeDelta::hours(22) && tried_for <= TimeDelta::hours(24), "{tried_for}");
        let mail = server.outbox(BOB).await.remove(0);
        assert_eq!((mail.state, mail.sealed), (mail::State::Failed, None));

        let ann = ann.later(TimeDelta::zero()).await;
        let (state, attempts, error) = delivery(&ann, BOB).await;
        assert_eq!((state.as_str(), error.as_str()), ("FAILED", "451 later"));
        assert!((25..=35).contains(&attempts), "{attempts} attempts");
        assert_eq!(ann.invitation_of(BOB).await["status"], "PENDING");
        smtp.heal();
        ann.resend(&id).await.done("resendInvitation");
        server.deliver_to(&smtp).await;
        assert_eq!(sent_to(&smtp, BOB), 1);
        assert_eq!(delivery(&ann, BOB).await, ("SENT".to_owned(), 1, String::new()));
    }
);

/// A mail server that stalls, wherever it does, costs an attempt half a minute and no more. (The
/// time of this test runs by itself whenever nothing else does.)
#[tokio::test(start_paused = true)]
async fn r53_a_mail_server_that_stalls() {
    let points = [Point::Hello, Point::Mail, Point::Rcpt, Point::Data, Point::Content, Point::End];
    for at in points {
        let smtp = SmtpServer::start().await;
        smtp.fail_once(at, Fault::Stall);
        let begun = tokio::time::Instant::now();
        let outcome = transport(&smtp).send(&Config::default(), &queued_mail(), &contents()).await;
        assert!(matches!(outcome, Outcome::Transient(_)), "{at:?}: {outcome:?}");
        assert!(begun.elapsed() <= SEND_TIMEOUT + Duration::from_secs(1), "{at:?}");
        assert!(smtp.received().is_empty(), "{at:?}");
    }
}

/// A mail that waits.
pub(crate) fn queued_mail() -> mail::Model {
    let now = Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap();
    mail::Model {
        id: TypedId::from_uuid(Uuid::from_u128(7)),
        kind: "invitation".to_owned(),
        organization_id: None,
        recipient: BOB.to_owned(),
        sealed: None,
        state: mail::State::Queued,
        attempts: 1,
        next_attempt_at: now,
        leased_until: None,
        lease: None,
        last_error: None,
        sent_at: None,
        let_go_at: None,
        created_at: now,
    }
}

pub(crate) fn contents() -> Contents {
    let text = "Come!\n".to_owned();
    let mail = Rendered {
        subject: "Come".to_owned(),
        html: text.clone(),
        text,
        reply_to: None,
        unsubscribe: None,
    };
    Contents { to_name: None, locale: Locale::default(), mail }
}

/// Ann, with nothing else waiting in the outbox.
pub(crate) async fn inviter(server: &Server) -> Person {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    server.deliver().await;
    ann
}

/// State, attempts and last error of the delivery of the one invitation of an address.
pub(crate) async fn delivery(person: &Person, email: &str) -> (String, i64, String) {
    let delivery = &person.invitation_of(email).await["delivery"];
    let text = |field: &str| delivery[field].as_str().unwrap_or_default().to_owned();
    (text("state"), delivery["attempts"].as_i64().unwrap(), text("lastError"))
}

/// How often each mail arrived, by its `Message-ID`.
fn times_sent(smtp: &SmtpServer) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for mail in smtp.received() {
        *times.entry(mail.message_id).or_default() += 1;
    }
    times
}

fn sent_to(smtp: &SmtpServer, email: &str) -> usize {
    smtp.received().iter().filter(|mail| mail.to == [email]).count()
}
