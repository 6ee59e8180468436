//! Idempotency keys on inviting (R71): a call that is sent again is answered again, not done again.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::operations::document;
use crate::support::{Answer, Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// The same key and input answers the first result again, with no second mail, on every server.
    r71_the_same_call_again_is_answered_again,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        ann.colleague("Mia", "mia@corp.example", &[]).await;
        let call = input(&ann, &["bob@corp.example", "mia@corp.example", "x@gmail.com"], Some("key-1"));
        let first = ann.call("InviteUsers", call.clone()).await.done("inviteUsers");
        assert_eq!(
            first.rows(),
            ["INVITED", "GRANTED", "REFUSED PERSONAL_EMAIL_DOMAIN invitees.2.email"]
        );
        let before = server.dump().await;
        let there = Person { server: server.another(Options::default()).await, ..ann.clone() };
        for person in [&ann, &there] {
            let again = person.call("InviteUsers", call.clone()).await;
            assert_eq!(again.body["data"], first.body["data"]);
        }
        assert_eq!(server.dump().await, before);
        assert_eq!(server.outbox(BOB).await.len(), 1);

        // Without the key it is another call.
        let another = ann.call("InviteUsers", input(&ann, &[BOB], None)).await;
        assert_eq!(another.rows(), ["REFUSED ALREADY_INVITED invitees.0.email"]);
    }
);

both!(
    /// The same key with another input is refused, whatever differs, and changes nothing.
    r71_a_key_is_for_one_input,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let call = input(&ann, &[BOB], Some("key-1"));
        ann.call("InviteUsers", call.clone()).await.done("inviteUsers");
        let before = server.dump().await;
        let other = |field: &str, value: Value| {
            let mut other = call.clone();
            other[field] = value;
            other
        };
        for other in [
            other("invitees", json!([{ "email": "carol@corp.example" }])),
            other("invitees", json!([{ "email": BOB, "name": "Bob" }])),
            other("grants", json!([{ "roleKey": "account_support", "scopeId": ann.account }])),
            other("message", json!("Come!")),
            other("locale", json!("de")),
            other("expiresInHours", json!(5)),
        ] {
            let refused = ann.call("InviteUsers", other).await;
            assert_eq!(refused.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
            assert_eq!(refused.at("/inviteUsers/results"), &Value::Null);
        }
        assert_eq!(server.dump().await, before);

        // A key is its user's own.
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let invited = zoe.call("InviteUsers", input(&zoe, &[BOB], Some("key-1"))).await;
        assert_eq!(invited.rows(), ["INVITED"]);
        for key in [String::new(), "k".repeat(256)] {
            let refused = ann.call("InviteUsers", input(&ann, &[BOB], Some(&key))).await;
            assert_eq!(refused.refusals("inviteUsers"), ["INVALID_TEXT idempotencyKey"]);
        }
    }
);

both!(
    /// The header does what the field does, and the field goes first.
    r71_the_header_form,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let call = input(&ann, &[BOB], None);
        let first = with_header(&ann, "key-1", &call).await.done("inviteUsers");
        assert_eq!(first.rows(), ["INVITED"]);
        let again = with_header(&ann, "key-1", &call).await;
        assert_eq!(again.body["data"], first.body["data"]);
        let by_field = ann.call("InviteUsers", input(&ann, &[BOB], Some("key-1"))).await;
        assert_eq!(by_field.body["data"], first.body["data"]);
        let other = with_header(&ann, "key-1", &input(&ann, &["x@corp.example"], None)).await;
        assert_eq!(other.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        let both = with_header(&ann, "key-1", &input(&ann, &["x@corp.example"], Some("key-2"))).await;
        assert_eq!(both.rows(), ["INVITED"]);
    }
);

both!(
    /// The same call many times at once, on two servers, is done once; all get its answer.
    r71_the_same_call_in_parallel,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let there = Person { server: server.another(Options::default()).await, ..ann.clone() };
        let call = input(&ann, &[BOB, "carol@corp.example"], Some("key-1"));
        let people = (0..20).map(|n| if n % 2 == 0 { &ann } else { &there });
        let answers = join_all(people.map(|person| person.call("InviteUsers", call.clone()))).await;
        for answer in &answers {
            assert_eq!(answer.rows(), ["INVITED", "INVITED"]);
            assert_eq!(answer.body["data"], answers[0].body["data"]);
        }
        assert_eq!(server.outbox(BOB).await.len(), 1);
        assert_eq!(server.audit("invitation.created").await.len(), 2);
    }
);

both!(
    /// One key for two different calls at once: one is done, the other is refused.
    r71_one_key_for_two_calls_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let calls = (0..10).map(|n| {
            let email = format!("p{n}@corp.example");
            let call = input(&ann, &[&email], Some("key-1"));
            async { ann.call("InviteUsers", call).await }
        });
        let answers = join_all(calls).await;
        let (done, refused): (Vec<&Answer>, Vec<&Answer>) =
            answers.iter().partition(|answer| answer.refusals("inviteUsers").is_empty());
        assert_eq!((done.len(), refused.len()), (1, 9));
        for answer in refused {
            assert_eq!(answer.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        }
        assert_eq!(ann.invitations(json!({})).await.len(), 1);
    }
);

both!(
    /// A call that was refused as a whole did nothing: its key is still free.
    r71_a_refused_call_does_not_use_the_key_up,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut wrong = input(&ann, &[BOB], Some("key-1"));
        wrong["expiresInHours"] = json!(0);
        let refused = ann.call("InviteUsers", wrong).await;
        assert_eq!(refused.refusals("inviteUsers"), ["INVALID_EXPIRY expiresInHours"]);
        let invited = ann.call("InviteUsers", input(&ann, &[BOB], Some("key-1"))).await;
        assert_eq!(invited.rows(), ["INVITED"]);
    }
);

/// A call that invites these people to the person's account.
fn input(person: &Person, emails: &[&str], key: Option<&str>) -> Value {
    let invitees: Vec<Value> = emails.iter().map(|email| json!({ "email": email })).collect();
    let grants = json!([{ "roleKey": "account_developer", "scopeId": person.account }]);
    json!({
        "organizationId": person.organization, "invitees": invitees, "grants": grants,
        "idempotencyKey": key,
    })
}

async fn with_header(person: &Person, key: &str, input: &Value) -> Answer {
    let body = json!({ "query": document("InviteUsers"), "variables": { "input": input } });
    let url = format!("{}/graphql", person.server.url);
    let request = person.server.http.post(url).bearer_auth(&person.access_token);
    let request = request.header("idempotency-key", key).json(&body);
    Answer::read(request.send().await.unwrap()).await
}
