//! Signing up and out, proving an address, and what is noted of it (R60, R27, R70).

use std::collections::HashSet;

use chrono::TimeDelta;
use entity::audit_event;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::answer::refusal;
use crate::support::rows::{counts, events};
use crate::support::{Answer, Options, Person, Server, both, operations};

/// What a sign-up takes, with some of it changed.
fn sign_up(changes: &Value) -> Value {
    let mut input = json!({
        "name": "Ann", "email": "Ann@Acme.example", "password": Person::PASSWORD,
        "organizationName": "Acme", "accountName": "Production",
    });
    for (field, value) in changes.as_object().unwrap() {
        input[field] = value.clone();
    }
    json!({ "input": input })
}

/// The token of the link that was mailed to prove an address.
async fn verification_token(server: &Server, email: &str) -> String {
    let mails = server.mails().await;
    let mail = mails.iter().find(|mail| mail["to"].as_str().unwrap().contains(email)).unwrap();
    let mut links = mail["links"].as_array().unwrap().iter().filter_map(Value::as_str);
    let link = links.find_map(|link| link.strip_prefix("http://rolecall.test/verify-email/"));
    link.expect("a link that begins with PUBLIC_URL").to_owned()
}

async fn verify(server: &Server, token: &str) -> Answer {
    server.ask("VerifyEmail", json!({ "input": { "token": token } })).await
}

both!(
    /// One call, and the person owns an organization with an account, and works in it.
    r60_signing_up_makes_the_user_the_organization_and_its_first_account,
    |server: Server| async move {
        let signed_up = server.ask("SignUp", sign_up(&json!({}))).await.done("signUp");
        assert_eq!(signed_up.text("/signUp/viewer/user/email"), "Ann@Acme.example");
        assert_eq!(*signed_up.at("/signUp/viewer/user/emailVerified"), false);
        assert_eq!(signed_up.text("/signUp/viewer/currentAccount/name"), "Production");

        let ann =
            Person::from_tokens(&server, "Ann", "ann@acme.example", &signed_up, "signUp").await;
        let mut owned = vec![
            format!("account_owner @ {}", ann.account),
            format!("organization_owner @ {}", ann.organization),
        ];
        owned.sort();
        assert_eq!(ann.roles_of(&ann.id).await, owned);
        let query = "query($id: ID!, $account: ID!) {
            organization(id: $id) { name owner { id } }
            account(id: $account) { owner { id } parent { id } status } }";
        let seen = ann.send(query, json!({ "id": ann.organization, "account": ann.account })).await;
        assert_eq!(seen.text("/organization/name"), "Acme");
        assert_eq!(seen.text("/organization/owner/id"), ann.id);
        assert_eq!(seen.text("/account/owner/id"), ann.id);
        assert_eq!(seen.text("/account/status"), "ACTIVE");
        assert!(seen.at("/account/parent").is_null());

        let input = sign_up(&json!({ "email": "cy@blue.example", "accountName": null }));
        let unnamed = server.ask("SignUp", input).await.done("signUp");
        assert_eq!(unnamed.text("/signUp/viewer/currentAccount/name"), "Acme");
    }
);

both!(
    /// The address is proved by who reads the mail: once, by nothing else, and for whoever it is.
    r60_the_mailed_link_verifies_the_address_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let token = verification_token(&server, "ann@acme.example").await;
        assert_ne!(token, verification_token(&server, "bob@blue.example").await);

        for wrong in ["", "x", &format!("{token}0"), &token[1..], &ann.refresh_token] {
            assert_eq!(verify(&server, wrong).await.refusals("verifyEmail"), ["INVALID_TOKEN token"]);
        }
        assert_eq!(*ann.ask("Viewer", json!({})).await.at("/viewer/user/emailVerified"), false);

        let verified = ann.call("VerifyEmail", json!({ "token": token })).await.done("verifyEmail");
        assert_eq!(*verified.at("/verifyEmail/viewer/user/emailVerified"), true);
        assert_eq!(*ann.ask("Viewer", json!({})).await.at("/viewer/user/emailVerified"), true);
        assert_eq!(*bob.ask("Viewer", json!({})).await.at("/viewer/user/emailVerified"), false);
        let again = ann.call("VerifyEmail", json!({ "token": token })).await;
        assert_eq!(again.refusals("verifyEmail"), ["INVALID_TOKEN token"]);

        // Opened where Ann is signed in, Bob's link proves Bob's address and shows Ann nothing.
        let token = verification_token(&server, "bob@blue.example").await;
        let verified = ann.call("VerifyEmail", json!({ "token": token })).await.done("verifyEmail");
        assert!(verified.at("/verifyEmail/viewer").is_null());
        assert_eq!(*bob.ask("Viewer", json!({})).await.at("/viewer/user/emailVerified"), true);
    }
);

both!(
    /// Three days, to the second; nobody has to be signed in for it.
    r60_a_link_that_verifies_an_address_expires,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let ann = verification_token(&server, "ann@acme.example").await;
        let bob = verification_token(&server, "bob@blue.example").await;
        server.pass(TimeDelta::days(3) - TimeDelta::seconds(1));
        let verified = verify(&server, &ann).await.done("verifyEmail");
        assert!(verified.at("/verifyEmail/viewer").is_null());
        server.pass(TimeDelta::seconds(1));
        assert_eq!(verify(&server, &bob).await.refusals("verifyEmail"), ["INVALID_TOKEN token"]);
    }
);

both!(
    /// A form is corrected once, not field by field.
    r60_whatever_is_wrong_with_a_sign_up_is_named_at_once,
    |server: Server| async move {
        let before = counts(&server.app.db).await;
        let input = sign_up(&json!({
            "name": " ", "email": "ann@acme", "password": "short", "organizationName": "A\u{7}",
            "accountName": "x".repeat(256), "locale": "tlh",
        }));
        let refused = server.ask("SignUp", input).await;
        let codes: HashSet<String> = refused.refusals("signUp").into_iter().collect();
        let expected = [
            "INVALID_NAME name",
            "INVALID_EMAIL email",
            "INVALID_PASSWORD password",
            "INVALID_NAME organizationName",
            "INVALID_NAME accountName",
            "UNKNOWN_LOCALE locale",
        ];
        assert_eq!(codes, expected.map(str::to_owned).into(), "{:#}", refused.body);
        assert!(refused.at("/signUp/tokens").is_null() && refused.at("/signUp/viewer").is_null());

        for (password, good) in [("1234567", false), ("12345678", false), ("vk3.wuqp", true)] {
            let email = format!("{}@acme.example", password.len());
            let input = sign_up(&json!({ "email": email, "password": password }));
            let answer = server.ask("SignUp", input).await;
            assert_eq!(answer.refusals("signUp").is_empty(), good, "{password}");
        }
        let long = sign_up(&json!({ "password": "x".repeat(257) }));
        assert_eq!(server.ask("SignUp", long).await.refusals("signUp"), ["INVALID_PASSWORD password"]);
        assert_eq!(counts(&server.app.db).await["users"], before["users"] + 1);
    }
);

both!(
    /// A second identity for one address is refused however it is written, and leaves nothing behind.
    r60_an_address_that_has_a_user_cannot_sign_up_again,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = counts(&server.app.db).await;
        for email in ["ann@acme.example", " ANN@Acme.Example. "] {
            let refused = server.ask("SignUp", sign_up(&json!({ "email": email }))).await;
            assert_eq!(refused.refusals("signUp"), ["EMAIL_UNAVAILABLE email"]);
            assert!(refused.at("/signUp/tokens").is_null());
        }
        assert_eq!(counts(&server.app.db).await, before);
    }
);

both!(
    /// The same at the same instant: one of them is first.
    r60_of_many_sign_ups_at_once_with_one_address_one_goes_through,
    |server: Server| async move {
        let attempts: Vec<_> = (0..8)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move { server.ask("SignUp", sign_up(&json!({}))).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for attempt in attempts {
            outcomes.extend(attempt.await.unwrap().refusals("signUp"));
        }
        assert_eq!(outcomes, ["EMAIL_UNAVAILABLE email"; 7]);
        let counts = counts(&server.app.db).await;
        assert_eq!((counts["users"], counts["organizations"], counts["mails"]), (1, 1, 1));
    }
);

both!(
    /// Private mailboxes are welcome unless the operator says otherwise.
    r60_a_private_address_signs_up_by_default,
    |server: Server| async move {
        server.sign_up("Ann", "ann@gmail.com", "Acme").await;
    }
);

both!(
    /// `SIGN_UP_REQUIRES_WORK_EMAIL`.
    r60_a_work_address_can_be_required,
    Options {
        config: Some(|config| config.sign_up_requires_work_email = true),
        ..Options::default()
    },
    |server: Server| async move {
        for (email, code) in [
            ("ann@GMAIL.com.", "PERSONAL_EMAIL_DOMAIN email"),
            ("ann@mailinator.com", "DISPOSABLE_EMAIL_DOMAIN email"),
        ] {
            let refused = server.ask("SignUp", sign_up(&json!({ "email": email }))).await;
            assert_eq!(refused.refusals("signUp"), [code]);
            let help = refused.text("/signUp/userErrors/0/help");
            assert!(help.contains("company"), "{help}");
        }
        // It is one refusal among the others.
        let both = sign_up(&json!({ "email": "ann@gmail.com", "name": "" }));
        assert_eq!(server.ask("SignUp", both).await.refusals("signUp").len(), 2);
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
    }
);

both!(
    /// The token is still unexpired; the session is not there any more, for any server.
    r27_signing_out_ends_the_session_on_every_server_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let elsewhere = server.another(Options::default()).await;
        let phone = elsewhere.sign_in("Ann", "ann@acme.example").await;
        let there = |token: String| {
            let elsewhere = elsewhere.clone();
            async move { elsewhere.send("{ viewer { user { id } } }", json!({}), Some(&token), None).await }
        };
        assert_eq!(there(ann.access_token.clone()).await.text("/viewer/user/id"), ann.id);

        ann.ask("SignOut", json!({})).await.done("signOut");
        assert_eq!(there(ann.access_token.clone()).await.error(), "UNAUTHENTICATED");
        assert_eq!(ann.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        assert_eq!(ann.ask("SignOut", json!({})).await.error(), "UNAUTHENTICATED");
        let input = json!({ "input": { "refreshToken": ann.refresh_token } });
        for server in [&server, &elsewhere] {
            let refused = server.ask("RefreshSession", input.clone()).await;
            assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
        }
        // The other device stays signed in.
        assert_eq!(phone.ask("Viewer", json!({})).await.text("/viewer/user/id"), ann.id);
    }
);

both!(
    /// Each step leaves its event: who, what, to what, when, from where, by which request.
    r70_what_happens_to_a_session_is_noted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let token = verification_token(&server, "ann@acme.example").await;
        verify(&server, &token).await.done("verifyEmail");
        server.pass(TimeDelta::minutes(1));
        let ann = server.sign_in("Ann", &ann.email).await;
        let desk = ann.create_account("Desk", None).await;
        server.pass(TimeDelta::minutes(1));
        ann.call("SwitchAccount", json!({ "accountId": desk })).await.done("switchAccount");
        ann.call("SetDefaultAccount", json!({ "accountId": desk })).await.done("setDefaultAccount");

        // The last one is sent by hand, with an id of its own.
        server.pass(TimeDelta::minutes(1));
        let body = json!({ "query": operations::document("SignOut") });
        let request = server.http.post(format!("{}/graphql", server.url)).json(&body);
        let request = request.bearer_auth(&ann.access_token).header("x-request-id", "edge-7");
        Answer::read(request.send().await.unwrap()).await.done("signOut");

        let events = events(&server.app.db).await;
        let mut actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
        actions.sort_unstable();
        let expected = [
            "account.created",
            "account.created",
            "organization.created",
            "session.ended",
            "session.started",
            "session.switched_account",
            "user.default_account_set",
            "user.email_verified",
            "user.signed_up",
        ];
        assert_eq!(actions, expected);
        for event in &events {
            assert_eq!(event.actor_id.unwrap().to_string(), ann.id, "{event:?}");
            assert_eq!(event.network_address.as_deref(), Some("127.0.0.1"), "{event:?}");
        }

        let of = |action: &str| events.iter().find(|event| event.action == action).unwrap();
        let switched = of("session.switched_account");
        assert_eq!(switched.organization_id.unwrap().to_string(), ann.organization);
        assert_eq!(switched.before, Some(json!({ "account": ann.account })));
        assert_eq!(switched.after, Some(json!({ "account": desk })));
        assert!(switched.target.starts_with("sess_"));
        let ended = of("session.ended");
        assert_eq!((ended.target.as_str(), ended.request_id.as_str()), (&*switched.target, "edge-7"));
        assert_eq!(ended.created_at, server.now());
        assert_eq!(switched.created_at, server.now() - TimeDelta::minutes(1));
        assert_eq!(of("user.default_account_set").after, Some(json!({ "defaultAccount": desk })));
        assert_eq!(of("user.signed_up").target, ann.id);

        // What is noted for ever holds no secret.
        let noted = |event: &audit_event::Model| format!("{:?}{:?}", event.before, event.after);
        let noted: String = events.iter().map(noted).collect();
        assert!(!noted.contains(&token) && !noted.contains(Person::PASSWORD), "{noted}");
        assert!(!noted.contains("argon2"), "{noted}");
    }
);

both!(
    /// A used refresh token that comes back is told apart from a plain end.
    r70_a_stolen_refresh_token_is_noted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let input = json!({ "input": { "refreshToken": ann.refresh_token } });
        server.ask("RefreshSession", input.clone()).await.done("refreshSession");
        server.pass(TimeDelta::minutes(1));
        let refused = server.ask("RefreshSession", input.clone()).await;
        let error = refusal(refused.at("/refreshSession/userErrors/0"));
        assert_eq!(error, "INVALID_REFRESH_TOKEN refreshToken");
        // The session is over already the next time, and nothing more happens to it.
        server.ask("RefreshSession", input).await;
        let events = events(&server.app.db).await;
        let noted = |event: &&audit_event::Model| event.action == "session.refresh_token_reused";
        assert_eq!(events.iter().filter(noted).count(), 1);
    }
);

both!(
    /// The event is part of the change: where it cannot be written, nothing is changed.
    r70_what_cannot_be_noted_does_not_happen,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        server.app.db.execute_unprepared("DROP TABLE audit_events").await.unwrap();
        let before = counts(&server.app.db).await;

        for (operation, input) in [
            ("SwitchAccount", json!({ "accountId": desk })),
            ("SetDefaultAccount", json!({ "accountId": desk })),
            ("SignIn", json!({ "email": ann.email, "password": Person::PASSWORD })),
            ("SignUp", sign_up(&json!({ "email": "new@acme.example" }))["input"].clone()),
        ] {
            assert_eq!(ann.call(operation, input).await.error(), "INTERNAL", "{operation}");
        }
        assert_eq!(ann.ask("SignOut", json!({})).await.error(), "INTERNAL");
        assert_eq!(counts(&server.app.db).await, before);
        let viewer = ann.ask("Viewer", json!({})).await;
        assert!(viewer.at("/viewer/defaultAccount").is_null());
    }
);
