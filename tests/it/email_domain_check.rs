//! The daily look at the domains that belong to organizations (R41).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use entity::email_domain;
use hickory_server::proto::op::ResponseCode;
use rolecall::app::email_domain_check;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::dns::{self, Reply};
use crate::support::domains::{Claim, update, verify};
use crate::support::{Options, Person, Server, both, plant};

/// A day passes, and what is due is looked up; the domain as it is then.
async fn next_day(server: &Server, by: &Person, claim: &Claim) -> Value {
    server.pass(TimeDelta::days(1));
    server.look_up_domains().await;
    let by = server.sign_in(&by.name, &by.email).await;
    claim.now(&by).await
}

fn of(row: &Value) -> (&str, Option<&str>) {
    (row["status"].as_str().unwrap(), row["lastError"].as_str())
}

async fn invites_at(by: &Person, domain: &str, name: &str) -> String {
    let by = by.server.sign_in(&by.name, &by.email).await;
    by.invite(&format!("{name}@{domain}"), &[]).await.rows().remove(0)
}

both!(
    /// A domain whose record is gone three days in a row lapses: what was decided about it has no effect
    /// any more, and whoever looks after it gets a mail. When the record is back all is as it was.
    a_domain_without_its_record_lapses_and_comes_back,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &admin).await;
        let claim = Claim::proved(&adam, &dns::domain("lapsing")).await;
        update(&ann, &claim.id, json!({ "reserved": true })).await.done("updateEmailDomain");
        assert_eq!(server.look_up_domains().await, 0, "not yet");
        assert_eq!(of(&next_day(&server, &ann, &claim).await), ("VERIFIED", None));

        dns::forget(&claim.name);
        let gone = format!("there is no TXT record {}", claim.name);
        for _ in 0..2 {
            assert_eq!(of(&next_day(&server, &ann, &claim).await), ("VERIFIED", Some(&*gone)));
            assert_eq!(server.look_up_domains().await, 0, "once a day");
        }
        let reserved = "REFUSED DOMAIN_RESERVED invitees.0.email";
        assert_eq!(invites_at(&zoe, &claim.domain, "a").await, reserved);
        // Back for a day: it is counted anew.
        claim.publish();
        assert_eq!(of(&next_day(&server, &ann, &claim).await), ("VERIFIED", None));
        dns::say(&claim.name, dns::text("something else"));
        let other = format!("the TXT record {} says something else: \"something else\"", claim.name);
        for _ in 0..2 {
            assert_eq!(of(&next_day(&server, &ann, &claim).await), ("VERIFIED", Some(&*other)));
        }
        assert!(server.outbox("adam@acme.example").await.iter().all(|mail| mail.kind != "email_domain_lapsed"));
        let lapsed = next_day(&server, &ann, &claim).await;
        assert_eq!(of(&lapsed), ("LAPSED", Some(&*other)));
        assert_eq!(lapsed["reserved"], true, "what was decided stays, without effect");
        assert_eq!(invites_at(&zoe, &claim.domain, "b").await, "INVITED");
        let event = server.audit("email_domain.lapsed").await.remove(0);
        assert_eq!((event.actor_id, &event.target), (None, &claim.id));
        let mails = server.mails().await;
        let mail = mails.iter().find(|mail| mail["subject"].as_str().unwrap().contains(&claim.domain));
        let mail = mail.expect("a mail about the domain");
        assert!(mail["to"].as_str().unwrap().contains("adam@acme.example"), "{mail}");
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains(&claim.name) && text.contains(&claim.value), "{text}");

        // Still gone: nothing more is said about it.
        assert_eq!(of(&next_day(&server, &ann, &claim).await).0, "LAPSED");
        assert_eq!(server.audit("email_domain.lapsed").await.len(), 1);
        claim.publish();
        let back = next_day(&server, &ann, &claim).await;
        assert_eq!((of(&back), &back["reserved"]), (("VERIFIED", None), &json!(true)));
        assert_eq!(invites_at(&zoe, &claim.domain, "c").await, reserved);
        assert_eq!(server.audit("email_domain.verified").await.len(), 2);
    }
);

both!(
    /// That nobody could be asked is no proof of absence: such a day does not count.
    a_name_server_that_fails_never_makes_a_domain_lapse,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::proved(&ann, &dns::domain("failing")).await;
        dns::forget(&claim.name);
        for _ in 0..2 {
            next_day(&server, &ann, &claim).await;
        }
        for reply in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::ServFail] {
            dns::say(&claim.name, Reply::Error(reply));
            let row = next_day(&server, &ann, &claim).await;
            assert_eq!(row["status"], "VERIFIED");
            let told = row["lastError"].as_str().unwrap();
            assert!(told.contains("cannot be looked up"), "{told}");
        }
        // It is tried again after an hour, not after a day.
        claim.publish();
        server.pass(TimeDelta::hours(1));
        assert_eq!(server.look_up_domains().await, 1);
        let ann = server.sign_in("Ann", "ann@acme.example").await;
        assert_eq!(of(&claim.now(&ann).await), ("VERIFIED", None));
    }
);

both!(
    /// Where whoever looked after the domain has left, the Owner gets the mail.
    the_owner_is_told_where_nobody_else_is,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &admin).await;
        let claim = Claim::proved(&adam, &dns::domain("orphan")).await;
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&adam.id]).await;
        dns::forget(&claim.name);
        for _ in 0..3 {
            next_day(&server, &ann, &claim).await;
        }
        let kinds = |mails: Vec<entity::mail::Model>| {
            mails.iter().filter(|mail| mail.kind == "email_domain_lapsed").count()
        };
        assert_eq!(kinds(server.outbox("ann@acme.example").await), 1);
        assert_eq!(kinds(server.outbox("adam@acme.example").await), 0);
    }
);

both!(
    /// What nothing is proved of is looked for by itself for a week; a domain that lapsed and is another's
    /// by now stays so.
    a_record_is_found_without_being_asked_for,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let claim = Claim::of(&ann, &dns::domain("pending")).await;
        let never = Claim::of(&ann, &dns::domain("never")).await;
        server.pass(TimeDelta::hours(1));
        assert_eq!(server.look_up_domains().await, 2);
        claim.publish();
        server.pass(TimeDelta::hours(1));
        server.look_up_domains().await;
        let again = server.sign_in("Ann", "ann@acme.example").await;
        assert_eq!(of(&claim.now(&again).await), ("VERIFIED", None));
        assert_eq!(of(&never.now(&again).await).0, "PENDING");
        assert_eq!(server.audit("email_domain.verified").await[0].actor_id, None);

        dns::forget(&claim.name);
        for _ in 0..3 {
            next_day(&server, &ann, &claim).await;
        }
        let zoe = server.sign_in("Zoe", &zoe.email).await;
        let theirs = Claim::of(&zoe, &claim.domain).await;
        let both = [&claim, &theirs].map(|claim| vec![claim.value.clone()]);
        dns::say(&claim.name, Reply::Texts(both.into()));
        verify(&zoe, &theirs.id).await.done("verifyEmailDomain");
        let row = next_day(&server, &ann, &claim).await;
        let taken = format!("another organization has proved that {} is its own", claim.domain);
        assert_eq!(of(&row), ("LAPSED", Some(&*taken)));

        for _ in 0..6 {
            next_day(&server, &ann, &never).await;
        }
        let again = server.sign_in("Ann", "ann@acme.example").await;
        let over = never.now(&again).await;
        assert_eq!((of(&over).0, &over["nextCheckAt"]), ("PENDING", &Value::Null));
    }
);

both!(
    /// Several processes share the work: each domain is looked up by one of them, once.
    several_processes_look_each_domain_up_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut claims = Vec::new();
        for _ in 0..30 {
            claims.push(Claim::proved(&ann, &dns::domain("many")).await);
        }
        let others = [
            server.another(Options::default()).await,
            server.another(Options::default()).await,
        ];
        server.pass(TimeDelta::days(1));
        let (one, two, three) = tokio::join!(
            server.look_up_domains(),
            others[0].look_up_domains(),
            others[1].look_up_domains()
        );
        assert_eq!(one + two + three, 30, "{one}, {two}, {three}");
        for claim in &claims {
            assert!(dns::asked(&claim.name) >= 2, "when it was verified, and a day later");
        }
        assert_eq!(server.look_up_domains().await, 0);
        let rows = email_domain::Entity::find().all(&server.app.db).await.unwrap();
        assert!(rows.iter().all(|row| row.checked_at == Some(server.now()) && row.failures == 0));
    }
);

both!(
    /// Whoever claims many domains keeps nobody else waiting: the organizations take turns.
    organizations_take_turns_at_being_looked_up,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        for _ in 0..40 {
            Claim::of(&ann, &dns::domain("crowd")).await;
        }
        server.pass(TimeDelta::seconds(1));
        let late = Claim::of(&zoe, &dns::domain("alone")).await;
        server.pass(TimeDelta::hours(1));
        let taken = email_domain_check::run_once(&server.app).await.unwrap();
        assert!(taken < 40, "{taken} at once");
        assert_eq!(dns::asked(&late.name), 1);
        assert_eq!(server.look_up_domains().await, 41 - taken);
    }
);

both!(
    /// What a process took and did not live to settle is another's to look up some minutes later.
    a_process_that_dies_leaves_its_domains_to_others,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::proved(&ann, &dns::domain("dead")).await;
        server.pass(TimeDelta::days(1));
        let (now, lease) = (server.now(), TimeDelta::minutes(5));
        let taken = rolecall::store::email_domain::take_due(&server.app.db, now, 16, lease).await;
        assert_eq!(taken.unwrap().len(), 1);
        assert_eq!(server.look_up_domains().await, 0);
        server.pass(lease);
        assert_eq!(server.look_up_domains().await, 1);
        assert_eq!(dns::asked(&claim.name), 2);
    }
);

both!(
    /// The task in the background does it by itself, and stops when it is told to.
    the_daily_look_runs_until_it_is_stopped,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::proved(&ann, &dns::domain("runs")).await;
        server.pass(TimeDelta::days(1));
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(email_domain_check::run(Arc::clone(&server.app), stopping));
        let looked_up = async {
            while dns::asked(&claim.name) < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), looked_up).await.expect("it is looked up");
        stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), task).await.expect("it stops").unwrap();
    }
);
