//! Trying an invitation (R40): the answer of the real call, and nothing else.

use chrono::TimeDelta;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Proptest, RngAlgorithm, TestRng, TestRunner};
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::inviting::RESULTS;
use crate::support::{Answer, Options, Person, Server, both, custom, plant};

/// Tries a call, and then makes it: the try changes nothing and sends nothing, and but for the
/// invitations that are made both answer the same. Gives the real answer.
async fn tried_then_done(by: &Person, input: &Value) -> Answer {
    let server = &by.server;
    let (before, mails) = (server.dump().await, server.mails().await.len());
    let mut dry = input.clone();
    dry["dryRun"] = json!(true);
    let first = custom::mutate(by, "inviteUsers", RESULTS, dry.clone()).await;
    let second = custom::mutate(by, "inviteUsers", RESULTS, dry).await;
    assert_eq!(first.body, second.body, "the second try of {input:#}");
    assert_eq!(server.dump().await, before, "a try changed something: {input:#}");
    assert_eq!(server.mails().await.len(), mails);
    let real = custom::mutate(by, "inviteUsers", RESULTS, input.clone()).await;
    let (told, done) = (without_new(&first.body), without_new(&real.body));
    assert_eq!(told, done, "tried, and then done: {input:#}");
    real
}

/// An answer without the invitations that are made.
fn without_new(body: &Value) -> Value {
    let mut body = body.clone();
    let rows = body.pointer_mut("/data/inviteUsers/results").and_then(Value::as_array_mut);
    for row in rows.into_iter().flatten().filter(|row| row["outcome"] == "INVITED") {
        row["invitation"] = Value::Null;
    }
    body
}

both!(
    /// Every kind of row is told as it will be.
    r40_inviting_can_be_tried,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        plant::members(&server, &ann.organization, &[("Mia", "mia@acme.example")]).await;
        ann.invite_one("pending@corp.example", &[("account_support", &ann.account)]).await;
        let own = json!([{ "roleKey": "account_owner", "scopeId": ann.account }]);
        let input = json!({
            "organizationId": ann.organization,
            "invitees": [
                { "email": "new@corp.example" },
                { "email": "mia@acme.example" },
                { "email": "pending@corp.example" },
                { "email": "x@gmail.com" },
                { "email": "own@corp.example", "grants": own },
                { "email": "NEW@corp.example" },
                { "email": ann.email },
            ],
            "grants": [{ "roleKey": "account_support", "scopeId": ann.account }],
        });
        let mut dry = input.clone();
        dry["dryRun"] = json!(true);
        let tried = custom::mutate(&ann, "inviteUsers", RESULTS, dry).await;
        assert_eq!(tried.at("/inviteUsers/results/0/invitation"), &Value::Null);
        assert_eq!(
            tried.text("/inviteUsers/results/2/invitation/email"),
            "pending@corp.example"
        );
        let told = tried_then_done(&ann, &input).await;
        assert_eq!(
            told.rows(),
            [
                "INVITED",
                "GRANTED",
                "REFUSED ALREADY_INVITED invitees.2.email",
                "REFUSED PERSONAL_EMAIL_DOMAIN invitees.3.email",
                "REFUSED OWNER_ROLE invitees.4.grants.0.roleKey",
                "GRANTED",
            ]
        );
        // And now that it has been done.
        let again = tried_then_done(&ann, &input).await;
        assert_eq!(again.rows()[0], "REFUSED ALREADY_INVITED invitees.0.email");
        let faulty = json!({ "organizationId": ann.organization, "csv": "mail\n", "locale": "tlh" });
        let refused = tried_then_done(&ann, &faulty).await;
        assert_eq!(refused.refusals("inviteUsers"), ["INVALID_CSV csv.1", "UNKNOWN_LOCALE locale"]);

        // A try does not need more, nor less, than the call.
        let bob = ann.colleague("Bob", "bob@acme.example", &[]).await;
        let dry = json!({ "organizationId": ann.organization, "dryRun": true,
            "invitees": [{ "email": "new@corp.example" }] });
        assert_eq!(custom::mutate(&bob, "inviteUsers", RESULTS, dry.clone()).await.error(), "FORBIDDEN");
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        assert_eq!(custom::mutate(&zoe, "inviteUsers", RESULTS, dry).await.error(), "NOT_FOUND");
    }
);

both!(
    /// R45: a try does not settle an invitation whose time has run out, and sees past it.
    r45_a_try_sees_past_what_has_expired,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = json!([{ "roleKey": "account_support", "scopeId": ann.account }]);
        let input = json!({ "organizationId": ann.organization, "grants": grants,
            "csv": "email\nbob@corp.example\n" });
        ann.invite_one("bob@corp.example", &[("account_support", &ann.account)]).await;
        let refused = tried_then_done(&ann, &input).await;
        assert_eq!(refused.rows(), ["REFUSED ALREADY_INVITED csv.2"]);
        let ann = ann.later(TimeDelta::days(8)).await;
        assert_eq!(tried_then_done(&ann, &input).await.rows(), ["INVITED"]);
    }
);

both!(
    /// R71: a try does not use a key up, and with a used one answers as the call would.
    r71_a_try_keeps_no_key,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut input = json!({ "organizationId": ann.organization, "csv": "email\nbob@corp.example\n",
            "idempotencyKey": "key-1" });
        let first = tried_then_done(&ann, &input).await;
        assert_eq!(first.rows(), ["INVITED"]);
        assert_eq!(tried_then_done(&ann, &input).await.body["data"], first.body["data"]);
        input["csv"] = json!("email\ncarol@corp.example\n");
        let refused = tried_then_done(&ann, &input).await;
        assert_eq!(refused.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    }
);

fn narrow() -> Options {
    fn limits(config: &mut Config) {
        config.pending_invitations = 4;
        config.built_in_roles_per_user = 2;
    }
    Options { config: Some(limits), ..Options::default() }
}

/// Someone of a call: which address, and which roles where, each by number.
type Someone = (usize, Vec<(usize, usize)>);

/// A call: its people, the call's own grants, and whether it is CSV text.
fn call() -> impl Strategy<Value = (Vec<Someone>, Vec<(usize, usize)>, bool)> {
    let grants = || proptest::collection::vec((0..7_usize, 0..5_usize), 0..3);
    let someone = (0..16_usize, prop_oneof![Just(Vec::new()), grants()]);
    (proptest::collection::vec(someone, 1..6), grants(), any::<bool>())
}

both!(
    /// Whatever is asked for, with whatever has been done before: what was tried is what is done.
    r40_a_try_answers_what_the_call_does,
    narrow(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let members = [("Mia", "mia@acme.example"), ("Max", "max@acme.example")];
        plant::members(&server, &ann.organization, &members).await;
        custom::make_role(&ann, "night_shift", &["account.access.use"]).await;
        let desk = ann.create_account("Desk", None).await;
        let sub = ann.create_account("Sub", Some(&desk)).await;
        let eve = ann.colleague("Eve", "eve@acme.example", &[("account_administrator", &desk)]).await;
        let roles = ["account_support", "account_administrator", "studio_viewer", "studio_admin",
            "night_shift", "account_owner", "no_such_role"];
        let scopes = [&ann.organization, &ann.account, &desk, &sub, &zoe.account];
        let address = |number: usize| match number {
            0 => "mia@acme.example".to_owned(),
            1 => "MAX@acme.example".to_owned(),
            2 => "eve@acme.example".to_owned(),
            3 => "x@gmail.com".to_owned(),
            4 => "nobody".to_owned(),
            _ => format!("p{number}@corp.example"),
        };
        let grants = |list: &[(usize, usize)]| -> Vec<Value> {
            let grant = |(role, scope): &(usize, usize)| json!({ "roleKey": roles[*role], "scopeId": scopes[*scope] });
            list.iter().map(grant).collect()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[40; 32]);
        let mut runner = TestRunner::new_with_rng(Proptest::default(), rng);
        let mut seen: Vec<String> = Vec::new();
        for round in 0..80 {
            let (people, shared, csv) = call().new_tree(&mut runner).unwrap().current();
            let mut input = json!({ "organizationId": ann.organization, "grants": grants(&shared) });
            if csv {
                let mut text = "email,name,role,scope\n".to_owned();
                for (number, own) in &people {
                    if own.is_empty() {
                        text.push_str(&format!("{}\n", address(*number)));
                    }
                    for (role, scope) in own {
                        let (role, scope) = (roles[*role], scopes[*scope]);
                        text.push_str(&format!("{},P,{role},{scope}\n", address(*number)));
                    }
                }
                input["csv"] = json!(text);
            } else {
                let invitee = |(number, own): &Someone| match own.is_empty() {
                    true => json!({ "email": address(*number) }),
                    false => json!({ "email": address(*number), "grants": grants(own) }),
                };
                input["invitees"] = people.iter().map(invitee).collect();
            }
            let by = if round % 3 == 2 { &eve } else { &ann };
            let answer = tried_then_done(by, &input).await;
            let results = answer.body.pointer("/data/inviteUsers/results").and_then(Value::as_array);
            for row in results.into_iter().flatten() {
                let code = row["userError"]["code"].as_str();
                seen.push(code.or(row["outcome"].as_str()).unwrap().to_owned());
            }
        }
        // It has met what it was to meet.
        for kind in ["INVITED", "GRANTED", "ALREADY_INVITED", "TOO_MANY_INVITATIONS", "INVALID_EMAIL",
            "PERSONAL_EMAIL_DOMAIN", "NOT_ALLOWED", "NOT_FOUND", "OWNER_ROLE", "UNKNOWN_ROLE"] {
            assert!(seen.iter().any(|it| it == kind), "{kind} among {seen:?}");
        }
    }
);
