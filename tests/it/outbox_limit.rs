//! How many mails leave in an organization's name, and how many reach one address (R46, R53): what is
//! over waits or is refused, and keeps nobody else waiting.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use rolecall::config::Config;
use rolecall::mail::worker;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::inviting::{moment, transport};
use crate::support::joining::prove;
use crate::support::smtp::{Fault, Point, SmtpServer};
use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

fn limits(change: fn(&mut Config)) -> Options {
    Options { config: Some(change), ..Options::default() }
}

fn ten_an_hour() -> Options {
    limits(|config| config.mails_per_organization_per_hour = 10)
}

fn three_a_day() -> Options {
    limits(|config| config.mails_per_recipient_per_day = 3)
}

both!(
    /// What is over the limit of an organization waits until there is room, each mail until an instant
    /// that can be read; nobody else waits, and nothing is lost.
    r53_an_organization_has_so_many_mails_an_hour,
    ten_an_hour(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let smtp = SmtpServer::start().await;
        invite_many(&ann, 25).await;
        zoe.invite_one(BOB, &[]).await;
        server.deliver_to(&smtp).await;
        assert_eq!(people(&smtp), 10);
        assert_eq!(to(&smtp, "ann@acme.example") + to(&smtp, "zoe@elsewhere.example"), 2);
        assert_eq!(to(&smtp, BOB), 1);

        let begun = server.now();
        let mut until = held_back(&ann).await;
        until.sort();
        let expected = [(10, begun + TimeDelta::hours(1)), (5, begun + TimeDelta::hours(2))];
        let expected: Vec<_> =
            expected.into_iter().flat_map(|(n, at)| std::iter::repeat_n(at, n)).collect();
        assert_eq!(until, expected);
        server.pass(TimeDelta::hours(1) - TimeDelta::milliseconds(1));
        assert_eq!(server.deliver_to(&smtp).await, 0);
        server.pass(TimeDelta::milliseconds(1));
        server.deliver_to(&smtp).await;
        assert_eq!(people(&smtp), 20);

        // Who comes now waits behind those who wait already.
        let ann = ann.later(TimeDelta::minutes(1)).await;
        let late: Vec<Value> =
            (0..6).map(|n| json!({ "email": format!("late{n}@corp.example") })).collect();
        ann.invite_with(json!({ "invitees": late })).await.done("inviteUsers");
        server.deliver_to(&smtp).await;
        let mut until = held_back(&ann).await;
        until.sort();
        assert_eq!(until.len(), 11);
        assert_eq!((until[9], until[10]), (begun + TimeDelta::hours(2), begun + TimeDelta::hours(3)));
        for _ in 0..2 {
            server.pass(TimeDelta::hours(1));
            server.deliver_to(&smtp).await;
        }
        let ann = ann.later(TimeDelta::zero()).await;
        assert!(held_back(&ann).await.is_empty());
        assert_eq!(people(&smtp), 25);
        let once = |n| to(&smtp, &format!("p{n}@corp.example")) == 1;
        assert!((0..25).all(once));
        assert!((0..6).all(|n| to(&smtp, &format!("late{n}@corp.example")) == 1));
    }
);

both!(
    /// Workers of several processes keep to the limit together.
    r53_two_workers_share_the_limit,
    limits(|config| config.mails_per_organization_per_hour = 30),
    |server: Server| async move {
        let options = limits(|config| config.mails_per_organization_per_hour = 30);
        let there = server.another(options).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        invite_many(&ann, 80).await;
        let smtp = SmtpServer::start().await;
        for hour in [30, 60, 80] {
            tokio::join!(server.deliver_to(&smtp), there.deliver_to(&smtp));
            assert_eq!(people(&smtp), hour);
            server.pass(TimeDelta::hours(1));
        }
    }
);

both!(
    /// Organizations take turns: whoever queues a hundred mails keeps nobody waiting.
    r53_organizations_take_turns,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        server.deliver().await;
        invite_many(&ann, 100).await;
        server.pass(TimeDelta::seconds(1));
        zoe.invite_one(BOB, &[]).await;
        let cleo = server.sign_up("Cleo", "cleo@third.example", "Third").await;
        let smtp = SmtpServer::start().await;
        let taken = worker::run_once(&server.app, &transport(&smtp)).await.unwrap();
        assert!(taken < 50, "{taken} at once");
        assert_eq!((to(&smtp, BOB), to(&smtp, &cleo.email)), (1, 1));
        server.deliver_to(&smtp).await;
        assert_eq!(people(&smtp), 100);
    }
);

both!(
    /// Whoever is held back for long has a day to be tried all the same.
    r53_being_held_back_is_not_being_tried,
    limits(|config| config.mails_per_organization_per_hour = 1),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        invite_many(&ann, 30).await;
        let smtp = SmtpServer::start().await;
        for _ in 0..29 {
            server.deliver_to(&smtp).await;
            server.pass(TimeDelta::hours(1));
        }
        assert_eq!(people(&smtp), 29);
        smtp.fail_once(Point::Rcpt, Fault::Reply(451, "later"));
        assert_eq!(server.deliver_to(&smtp).await, 1);
        server.pass(TimeDelta::minutes(1));
        assert_eq!(server.deliver_to(&smtp).await, 1);
        assert_eq!(people(&smtp), 30);
    }
);

both!(
    /// All organizations together write to one address about invitations only so often a day; the row is
    /// refused and says when again. What people ask for themselves is not counted.
    r46_an_address_has_so_many_mails_a_day,
    three_a_day(),
    |server: Server| async move {
        let mut inviters = Vec::new();
        for name in ["ann", "ben", "cleo", "dora"] {
            let email = format!("{name}@{name}.example");
            inviters.push(server.sign_up(name, &email, name).await);
        }
        let [ann, ben, cleo, dora] = &inviters[..] else { unreachable!() };
        let (first, _) = ann.invite_one("Bob@corp.example", &[]).await;
        ben.invite_one(BOB, &[]).await;
        let began = server.now();
        let cleo = cleo.later(TimeDelta::hours(1)).await;
        let (ann, dora) = (ann.later(TimeDelta::zero()).await, dora.later(TimeDelta::zero()).await);
        cleo.invite_one("BOB@CORP.example", &[]).await;
        let people = json!([{ "email": BOB }, { "email": "eve@corp.example" }]);
        let refused = dora.invite_with(json!({ "invitees": people })).await;
        let expected = ["REFUSED RECIPIENT_LIMIT_REACHED invitees.0.email", "INVITED"];
        assert_eq!(refused.rows(), expected);
        let again = (began + TimeDelta::hours(24)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let help = refused.text("/inviteUsers/results/0/userError/help");
        assert!(help.contains(&again), "{help} has no {again}");
        assert!(dora.invitations(json!({ "email": BOB })).await.is_empty());
        let refused = ann.resend(&first).await;
        let expected = ["RECIPIENT_LIMIT_REACHED invitationId"];
        assert_eq!(refused.refusals("resendInvitation"), expected);
        assert_eq!(server.outbox("Bob@corp.example").await.len(), 1);

        // Bob signs up all the same, and gets the mail that verifies his address.
        server.sign_up("Bob", BOB, "Corp").await;
        assert_eq!(server.outbox(BOB).await.len(), 2);
        let dora = dora.later(TimeDelta::hours(23) - TimeDelta::milliseconds(1)).await;
        let rows = dora.invite(BOB, &[]).await.rows();
        assert_eq!(rows, ["REFUSED RECIPIENT_LIMIT_REACHED invitees.0.email"]);
        assert!(dora.invitations(json!({ "email": BOB })).await.is_empty());
        server.pass(TimeDelta::milliseconds(1));
        assert_eq!(dora.invite(BOB, &[]).await.rows(), ["INVITED"]);
    }
);

both!(
    /// What stands behind a plus is no other mailbox: also within one call.
    r46_a_plus_makes_no_other_address,
    three_a_day(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        ann.invite_one("bob+a@corp.example", &[]).await;
        let emails = ["bob+b@corp.example", BOB, "bob+c@corp.example", "bobby+c@corp.example"];
        let people: Value = emails.iter().map(|email| json!({ "email": email })).collect();
        let rows = zoe.invite_with(json!({ "invitees": people })).await.rows();
        let refused = "REFUSED RECIPIENT_LIMIT_REACHED invitees.2.email";
        assert_eq!(rows, ["INVITED", "INVITED", refused, "INVITED"]);
    }
);

both!(
    /// An invitation that is taken back before its mail was tried counts no more; one whose mail is out
    /// does.
    r46_what_was_never_sent_does_not_count,
    three_a_day(),
    |server: Server| async move {
        let smtp = SmtpServer::start().await;
        let mut inviters = Vec::new();
        for name in ["ann", "ben", "cleo", "dora"] {
            let email = format!("{name}@{name}.example");
            inviters.push(server.sign_up(name, &email, name).await);
        }
        for inviter in &inviters {
            let id = inviter.invite_one(BOB, &[]).await.0;
            inviter.revoke(&id).await.done("revokeInvitation");
        }
        server.deliver_to(&smtp).await;
        assert_eq!(to(&smtp, BOB), 0);
        let ann = inviters[0].later(TimeDelta::minutes(2)).await;
        let dora = inviters[3].later(TimeDelta::zero()).await;
        for inviter in [&ann, &dora] {
            let id = inviter.invite_one(BOB, &[]).await.0;
            server.deliver_to(&smtp).await;
            inviter.revoke(&id).await.done("revokeInvitation");
        }
        assert_eq!(to(&smtp, BOB), 2);
        let ben = inviters[1].later(TimeDelta::zero()).await;
        let cleo = inviters[2].later(TimeDelta::zero()).await;
        assert_eq!(ben.invite(BOB, &[]).await.rows(), ["INVITED"]);
        let refused = "REFUSED RECIPIENT_LIMIT_REACHED invitees.0.email";
        assert_eq!(cleo.invite(BOB, &[]).await.rows(), [refused]);
    }
);

both!(
    /// Who has not proved their own address invites only so many people a day, in all their organizations
    /// together; once it is proved, as many as they like.
    r46_who_is_not_verified_invites_only_so_many,
    limits(|config| config.unverified_invitations_per_day = 3),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        ann.invite_one(BOB, &[]).await;
        let people = |from: usize| -> Value {
            (from..from + 3).map(|n| json!({ "email": format!("p{n}@corp.example") })).collect()
        };
        let rows = ann.invite_with(json!({ "invitees": people(0) })).await.rows();
        let refused = |n: usize| format!("REFUSED EMAIL_NOT_VERIFIED invitees.{n}.email");
        assert_eq!(rows, ["INVITED".to_owned(), "INVITED".to_owned(), refused(2)]);
        let ann = ann.later(TimeDelta::days(1)).await;
        let rows = ann.invite_with(json!({ "invitees": people(3) })).await.rows();
        assert_eq!(rows, ["INVITED"; 3]);
        assert_eq!(ann.invite("late@corp.example", &[]).await.rows(), [refused(0)]);
        prove(&ann).await;
        let rows = ann.invite_with(json!({ "invitees": people(6) })).await.rows();
        assert_eq!(rows, ["INVITED"; 3]);
    }
);

both!(
    /// Organizations that invite one person at the same time do not get past the limit together.
    r46_the_limit_of_an_address_holds_for_all_at_once,
    three_a_day(),
    |server: Server| async move {
        let mut inviters = Vec::new();
        for n in 0..8 {
            let place = server.sign_up("Ann", &format!("ann@acme{n}.example"), "Acme").await;
            inviters.push(place);
        }
        let people = |n: usize| -> Value {
            // In different orders, so that they would get in each other's way.
            let mut emails = vec![BOB, "cy@corp.example", "di@corp.example"];
            emails.rotate_left(n % 3);
            emails.into_iter().map(|email| json!({ "email": email })).collect()
        };
        let calls = inviters.iter().enumerate();
        let answers = join_all(calls.map(|(n, ann)| ann.invite_with(json!({ "invitees": people(n) }))));
        let rows: Vec<String> = answers.await.iter().flat_map(|answer| answer.rows()).collect();
        assert_eq!(rows.iter().filter(|row| *row == "INVITED").count(), 9, "{rows:#?}");
        for email in [BOB, "cy@corp.example", "di@corp.example"] {
            assert_eq!(server.outbox(email).await.len(), 3, "{email}");
        }
    }
);

both!(
    /// What was counted is forgotten once it counts no more.
    r46_days_that_are_over_are_forgotten,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        ann.invite_one(BOB, &[]).await;
        let ann = ann.later(TimeDelta::hours(12)).await;
        ann.invite_one("cy@corp.example", &[]).await;
        server.pass(TimeDelta::hours(12));
        let (stop, stopping) = watch::channel(false);
        let worker = tokio::spawn(worker::run(server.app.clone(), stopping));
        let left = async || {
            let rows = entity::recipient_day::Entity::find().all(&server.app.db).await.unwrap();
            rows.into_iter().map(|row| row.recipient_key).collect::<Vec<_>>()
        };
        while left().await.len() > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(left().await, ["cy@corp.example"]);
        stop.send(true).unwrap();
        worker.await.unwrap();
    }
);

both!(
    /// Taking an invitation back and inviting anew is no way around the limits of resending: the mail
    /// goes out a minute after the last one, and counts in the day.
    r46_revoking_and_inviting_anew_is_a_resend,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let smtp = SmtpServer::start().await;
        let mut id = ann.invite_one(BOB, &[]).await.0;
        server.deliver_to(&smtp).await;
        for sent in 1..=5 {
            ann.revoke(&id).await.done("revokeInvitation");
            let anew = ann.invite(BOB, &[]).await;
            assert_eq!(anew.rows(), ["INVITED"]);
            id = anew.text("/inviteUsers/results/0/invitation/id");
            assert_eq!(held_back(&ann).await, [server.now() + TimeDelta::minutes(1)]);
            let refused = ann.resend(&id).await.refusals("resendInvitation");
            assert_eq!(refused, ["RESEND_TOO_SOON invitationId"]);
            server.pass(TimeDelta::minutes(1) - TimeDelta::milliseconds(1));
            server.deliver_to(&smtp).await;
            assert_eq!(to(&smtp, BOB), sent, "too early");
            server.pass(TimeDelta::milliseconds(1));
            server.deliver_to(&smtp).await;
            assert_eq!(to(&smtp, BOB), sent + 1);
        }
        assert!(held_back(&ann).await.is_empty());
        server.pass(TimeDelta::minutes(1));
        let refused = ann.resend(&id).await.refusals("resendInvitation");
        assert_eq!(refused, ["RESEND_TOO_SOON invitationId"]);
        ann.revoke(&id).await.done("revokeInvitation");
        let rows = ann.invite(BOB, &[]).await.rows();
        assert_eq!(rows, ["REFUSED RESEND_TOO_SOON invitees.0.email"]);
        assert!(ann.invitations(json!({ "status": "PENDING" })).await.is_empty());
        // Another organization has nothing to do with it.
        zoe.invite_one(BOB, &[]).await;
        assert!(held_back(&zoe).await.is_empty());
        let ann = ann.later(TimeDelta::days(1)).await;
        assert_eq!(ann.invite(BOB, &[]).await.rows(), ["INVITED"]);
        assert!(held_back(&ann).await.is_empty());
    }
);

both!(
    /// The statements of a call do not grow with the people in it.
    r46_limits_cost_a_call_one_statement,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, statements) = server.statements(invite_many(&ann, 50)).await;
        let about = statements.iter().filter(|sql| sql.contains("recipient_days"));
        assert_eq!(about.count(), 1, "{statements:#?}");
    }
);

async fn invite_many(person: &Person, count: usize) {
    let people: Vec<Value> =
        (0..count).map(|n| json!({ "email": format!("p{n}@corp.example") })).collect();
    let invited = person.invite_with(json!({ "invitees": people })).await;
    assert!(invited.rows().iter().all(|row| row == "INVITED"), "{:?}", invited.rows());
}

/// Until when the mails of the person's pending invitations are held back.
async fn held_back(person: &Person) -> Vec<DateTime<Utc>> {
    let query = "query($id: ID!) { organization(id: $id) {
        invitations(first: 100, filter: { status: PENDING }) { nodes {
            delivery { state attempts lastError heldBackUntil } } } } }";
    let listed = person.send(query, json!({ "id": person.organization })).await;
    let nodes = listed.at("/organization/invitations/nodes").as_array().unwrap().clone();
    let waiting = nodes.into_iter().map(|mut node| node["delivery"].take());
    let waiting = waiting.filter(|delivery| !delivery["heldBackUntil"].is_null());
    waiting
        .map(|delivery| {
            let expected = (&json!("QUEUED"), &json!(0), &Value::Null);
            assert_eq!(
                (&delivery["state"], &delivery["attempts"], &delivery["lastError"]),
                expected
            );
            moment(&delivery["heldBackUntil"])
        })
        .collect()
}

fn to(smtp: &SmtpServer, email: &str) -> usize {
    smtp.received().iter().filter(|mail| mail.to == [email]).count()
}

/// How many mails reached those of [`invite_many`].
fn people(smtp: &SmtpServer) -> usize {
    smtp.received().iter().filter(|mail| mail.to[0].starts_with('p')).count()
}
