//! Another address (R67).

use chrono::TimeDelta;
use entity::email_domain::JoinPolicy;
use serde_json::json;

use crate::support::identity::{confirm_email, mailed, request_email, sign_in};
use crate::support::joining::{Domain, asked, joinable, prove, requests};
use crate::support::{Person, Server, both};

const OLD: &str = "ann@acme.example";
const NEW: &str = "Ann.Lee@New.example";

both!(
    /// R67: the link that is mailed to the new address gives it to the person, once; the old one is told
    /// before and after; other sessions end; the address counts as proved.
    r67_another_address,
    |server: Server| async move {
        let ann = server.sign_up("Ann", OLD, "Acme").await;
        let elsewhere = server.sign_in("Ann", OLD).await;
        request_email(&ann, NEW).await.done("requestEmailChange");
        let kinds = async |email: &'static str| -> Vec<String> {
            server.outbox(email).await.into_iter().map(|mail| mail.kind).collect()
        };
        assert_eq!(kinds(NEW).await, ["email_change"]);
        assert!(kinds(OLD).await.contains(&"email_change_requested".to_owned()));
        sign_in(&server, OLD, Person::PASSWORD).await.done("signIn");

        let token = mailed(&server, NEW, "/change-email").await;
        assert!(!server.dump().await.iter().any(|line| line.contains(&token)), "only its hash");
        let page = format!("{}/change-email/{token}", server.url);
        for _ in 0..2 {
            // A mail scanner looks; nothing happens.
            assert_eq!(server.http.get(&page).send().await.unwrap().status(), 200);
        }
        let done = confirm_email(&server, Some(&ann), &token).await.done("confirmEmailChange");
        assert_eq!(done.at("/confirmEmailChange/viewer/user/email"), NEW);
        assert_eq!(done.at("/confirmEmailChange/viewer/user/emailVerified"), true);

        ann.ask("Viewer", json!({})).await.text("/viewer/user/id");
        assert_eq!(elsewhere.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        let old = sign_in(&server, OLD, Person::PASSWORD).await;
        assert_eq!(old.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
        sign_in(&server, "ann.lee@new.example", Person::PASSWORD).await.done("signIn");
        assert!(kinds(OLD).await.contains(&"email_changed".to_owned()));
        assert_eq!(server.audit("user.email_changed").await.len(), 1);

        let again = confirm_email(&server, None, &token).await;
        assert_eq!(again.refusals("confirmEmailChange"), ["INVALID_TOKEN token"]);
        // The old address is free, and members are found by the new one.
        server.sign_up("Other", OLD, "Other").await;
        let query = "query($id: ID!) { organization(id: $id) { users(first: 5, filter: { query: \"ann.lee@\" }) {
            nodes { email } } } }";
        let found = ann.send(query, json!({ "id": ann.organization })).await;
        assert_eq!(found.texts("/organization/users/nodes", "/email"), [NEW]);
    }
);

both!(
    /// R67, R66: what is refused; and that somebody has the address is told only to who reads its mail.
    r67_an_address_that_is_not_free,
    |server: Server| async move {
        let ann = server.sign_up("Ann", OLD, "Acme").await;
        server.sign_up("Bob", "bob@corp.example", "Corp").await;
        let refused = async |email: &str| request_email(&ann, email).await.refusals("requestEmailChange");
        assert_eq!(refused("ann at acme").await, ["INVALID_EMAIL email"]);
        assert_eq!(refused(" ANN@acme.example").await, ["EMAIL_UNAVAILABLE email"]);
        let document = "mutation { requestEmailChange(input: { email: \"a@b.example\",
            password: \"not the password\" }) { userErrors { code path } } }";
        let wrong = ann.send(document, json!({})).await;
        assert_eq!(wrong.refusals("requestEmailChange"), ["INVALID_CREDENTIALS password"]);

        let (taken, free) =
            (request_email(&ann, "bob@corp.example").await, request_email(&ann, NEW).await);
        assert_eq!(taken.body, free.body);
        request_email(&ann, "bob@corp.example").await.done("requestEmailChange");
        // Only the newest link works.
        let overtaken = mailed(&server, NEW, "/change-email").await;
        let answer = confirm_email(&server, None, &overtaken).await;
        assert_eq!(answer.refusals("confirmEmailChange"), ["INVALID_TOKEN token"]);
        let token = mailed(&server, "bob@corp.example", "/change-email").await;
        let page = format!("{}/change-email/{token}", server.url);
        assert_eq!(server.http.post(&page).send().await.unwrap().status(), 422);
        let answer = confirm_email(&server, None, &token).await;
        assert_eq!(answer.refusals("confirmEmailChange"), ["EMAIL_UNAVAILABLE token"]);
        sign_in(&server, OLD, Person::PASSWORD).await.done("signIn");

        for _ in 3..5 {
            assert_eq!(refused(NEW).await, Vec::<String>::new());
        }
        assert_eq!(refused(NEW).await, ["LIMIT_REACHED email"]);
        let late = mailed(&server, NEW, "/change-email").await;
        server.pass(TimeDelta::hours(1));
        let answer = confirm_email(&server, None, &late).await;
        assert_eq!(answer.refusals("confirmEmailChange"), ["INVALID_TOKEN token"]);
    }
);

both!(
    /// R67: two who want one address at the same time: one has it.
    r67_one_address_for_one_person,
    |server: Server| async move {
        let mut tokens = Vec::new();
        for email in ["ann@acme.example", "bob@corp.example"] {
            let person = server.sign_up("Somebody", email, "Theirs").await;
            request_email(&person, NEW).await.done("requestEmailChange");
            tokens.push(mailed(&server, NEW, "/change-email").await);
        }
        let (one, two) = tokio::join!(
            confirm_email(&server, None, &tokens[0]),
            confirm_email(&server, None, &tokens[1]),
        );
        let mut refusals = one.refusals("confirmEmailChange");
        refusals.extend(two.refusals("confirmEmailChange"));
        assert_eq!(refusals, ["EMAIL_UNAVAILABLE token"]);
    }
);

both!(
    /// R67: by the page, without being signed in; invitations to the new address are the person's, and
    /// requests to join by the old one are over.
    r67_what_hangs_on_the_address_follows,
    |server: Server| async move {
        let owner = server.sign_up("Owner", "owner@host.example", "Host").await;
        Domain::new("acme.example", JoinPolicy::Request).of(&owner).await;
        let ann = server.sign_up("Ann", OLD, "Acme").await;
        prove(&ann).await;
        asked(&ann, &owner.organization).await;
        let (_, invitation) =
            owner.invite_one(NEW, &[("account_developer", owner.account.as_str())]).await;
        assert_eq!(server.link_state(&invitation).await, "InvitationNeedsSignUp");

        request_email(&ann, NEW).await.done("requestEmailChange");
        let token = mailed(&server, NEW, "/change-email").await;
        let page = format!("{}/change-email/{token}", server.url);
        let done = server.http.post(&page).send().await.unwrap();
        assert_eq!(done.status(), 200);
        assert!(done.text().await.unwrap().contains("Your address is changed"));
        assert_eq!(ann.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");

        let pending = requests(&owner, &owner.organization, json!({ "status": "PENDING" })).await;
        assert!(pending.is_empty(), "{pending:?}");
        let ann = server.sign_in("Ann", NEW).await;
        assert!(joinable(&ann).await.is_empty());
        assert_eq!(server.link_state(&invitation).await, "InvitationNeedsSignIn");
        let accepted = ann.call("AcceptInvitation", json!({ "token": invitation })).await;
        accepted.done("acceptInvitation");
    }
);

both!(
    /// R60: the mail to prove an address comes again, not too often, and not once it is proved.
    r60_the_mail_to_prove_an_address_comes_again,
    |server: Server| async move {
        let ann = server.sign_up("Ann", OLD, "Acme").await;
        let resend = async || {
            let document = "mutation { resendVerificationEmail { userErrors { code path } } }";
            ann.send(document, json!({})).await.refusals("resendVerificationEmail")
        };
        let first = mailed(&server, OLD, "/verify-email").await;
        assert_eq!(resend().await, ["RESEND_TOO_SOON"]);
        for _ in 2..=5 {
            server.pass(TimeDelta::minutes(1));
            assert_eq!(resend().await, Vec::<String>::new());
        }
        server.pass(TimeDelta::minutes(1));
        assert_eq!(resend().await, ["RESEND_TOO_SOON"]);
        let verify = async |token: &str| {
            let input = json!({ "input": { "token": token } });
            server.ask("VerifyEmail", input).await.refusals("verifyEmail")
        };
        assert_eq!(verify(&first).await, ["INVALID_TOKEN token"]);
        assert_eq!(verify(&mailed(&server, OLD, "/verify-email").await).await, Vec::<String>::new());
        assert_eq!(resend().await, ["EMAIL_VERIFIED"]);
    }
);
