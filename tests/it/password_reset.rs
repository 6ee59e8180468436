//! A forgotten password (R66, R67).

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, both};

const NEW: &str = "another horse, another staple";

async fn request(server: &Server, email: &str) -> Answer {
    server.ask("RequestPasswordReset", json!({ "input": { "email": email } })).await
}

async fn reset(server: &Server, token: &str, password: &str) -> Answer {
    let input = json!({ "token": token, "password": password });
    server.ask("ResetPassword", json!({ "input": input })).await
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Answer {
    server.ask("SignIn", json!({ "input": { "email": email, "password": password } })).await
}

/// The tokens of the reset links mailed to an address, the newest first, once there are this many: the
/// answer to the request does not wait for the mail.
async fn tokens(server: &Server, email: &str, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let mails = server.mails().await;
        let to = |mail: &&Value| mail["to"].as_str().unwrap().contains(email);
        let links = mails.iter().filter(to).flat_map(|mail| mail["links"].as_array().unwrap());
        let found: Vec<String> = links
            .filter_map(|link| Some(link.as_str()?.split_once("/reset-password/")?.1.to_owned()))
            .collect();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no {count} mails to {email}");
}

both!(
    /// R67: the mailed link sets a password, once; every session ends, and a new one begins.
    r67_a_forgotten_password,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        request(&server, " ANN@acme.example ").await.done("requestPasswordReset");
        let token = tokens(&server, "ann@acme.example", 1).await.remove(0);
        // Asking changes nothing.
        ann.ask("Viewer", json!({})).await;
        assert!(!server.dump().await.iter().any(|line| line.contains(&token)), "only its hash");

        let short = reset(&server, &token, "short").await;
        assert_eq!(short.refusals("resetPassword"), ["INVALID_PASSWORD password"]);
        let done = reset(&server, &token, NEW).await.done("resetPassword");
        let fresh = done.text("/resetPassword/tokens/accessToken");
        let viewer = "{ viewer { user { emailVerified } currentAccount { id } } }";
        let seen = server.send(viewer, json!({}), Some(&fresh), None).await;
        assert_eq!(seen.at("/viewer/currentAccount/id"), ann.account.as_str());
        assert_eq!(seen.at("/viewer/user/emailVerified"), true, "the link proves the address");

        assert_eq!(ann.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        let old = sign_in(&server, "ann@acme.example", Person::PASSWORD).await;
        assert_eq!(old.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
        sign_in(&server, "ann@acme.example", NEW).await.done("signIn");

        let again = reset(&server, &token, Person::PASSWORD).await;
        assert_eq!(again.refusals("resetPassword"), ["INVALID_TOKEN token"]);
        let told = server.mails().await;
        assert!(told.iter().any(|mail| mail["subject"] == "Your password was changed"));
        assert_eq!(server.audit("user.password_reset").await.len(), 1);
    }
);

both!(
    /// R66: the answer is the same, whoever has the address; and nobody can be flooded.
    r66_asking_tells_nothing,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let known = request(&server, "ann@acme.example").await;
        let unknown = request(&server, "nobody@acme.example").await;
        assert_eq!(known.body, unknown.body);
        assert_eq!(known.refusals("requestPasswordReset"), Vec::<String>::new());
        let odd = request(&server, "ann at acme").await;
        assert_eq!(odd.refusals("requestPasswordReset"), ["INVALID_EMAIL email"]);

        tokens(&server, "ann@acme.example", 1).await;
        for count in 2..=5 {
            request(&server, "ann@acme.example").await.done("requestPasswordReset");
            server.pass(TimeDelta::minutes(1));
            request(&server, "ann@acme.example").await.done("requestPasswordReset");
            assert_eq!(tokens(&server, "ann@acme.example", count).await.len(), count);
        }
        server.pass(TimeDelta::minutes(1));
        request(&server, "ann@acme.example").await.done("requestPasswordReset");
        server.pass(TimeDelta::days(1));
        request(&server, "ann@acme.example").await.done("requestPasswordReset");
        assert_eq!(tokens(&server, "ann@acme.example", 6).await.len(), 6);
        let mails = server.mails().await;
        assert!(mails.iter().all(|mail| !mail["to"].as_str().unwrap().contains("nobody")));
    }
);

both!(
    /// R67: a link works for an hour, and no longer once another was used.
    r67_a_link_ends,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        request(&server, "ann@acme.example").await.done("requestPasswordReset");
        let first = tokens(&server, "ann@acme.example", 1).await.remove(0);
        server.pass(TimeDelta::minutes(60));
        let late = reset(&server, &first, NEW).await;
        assert_eq!(late.refusals("resetPassword"), ["INVALID_TOKEN token"]);
        for _ in 0..2 {
            server.pass(TimeDelta::minutes(1));
            request(&server, "ann@acme.example").await.done("requestPasswordReset");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let mut links = tokens(&server, "ann@acme.example", 3).await;
        links.retain(|link| *link != first);
        reset(&server, &links[0], NEW).await.done("resetPassword");
        let other = reset(&server, &links[1], Person::PASSWORD).await;
        assert_eq!(other.refusals("resetPassword"), ["INVALID_TOKEN token"]);
        for wrong in ["", "x", &"A".repeat(43), "\0"] {
            let answer = reset(&server, wrong, NEW).await;
            assert_eq!(answer.refusals("resetPassword"), ["INVALID_TOKEN token"]);
        }
    }
);

both!(
    /// Many at once with one link: one password, one session.
    r67_a_link_works_once,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        request(&server, "ann@acme.example").await.done("requestPasswordReset");
        let token = tokens(&server, "ann@acme.example", 1).await.remove(0);
        let tries = (0..8).map(|_| reset(&server, &token, NEW));
        let answers = futures_util::future::join_all(tries).await;
        let done = answers.iter().filter(|a| a.refusals("resetPassword").is_empty()).count();
        assert_eq!(done, 1);
    }
);

both!(
    /// Somebody took the address of another at sign-up; its owner, invited, gets in by the mail.
    r67_the_owner_of_the_address_wins,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let squatter = server.sign_up("Mallory", "bob@corp.example", "Hers").await;
        let developer = [("account_developer", ann.account.as_str())];
        let (_, invitation) = ann.invite_one("bob@corp.example", &developer).await;
        assert_eq!(server.link_state(&invitation).await, "InvitationNeedsSignIn");
        request(&server, "bob@corp.example").await.done("requestPasswordReset");
        let token = tokens(&server, "bob@corp.example", 1).await.remove(0);
        let done = reset(&server, &token, NEW).await.done("resetPassword");
        let bob = done.text("/resetPassword/tokens/accessToken");
        assert_eq!(squatter.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        let accept = crate::support::operations::document("AcceptInvitation");
        let input = json!({ "input": { "token": invitation } });
        server.send(&accept, input, Some(&bob), None).await.done("acceptInvitation");
    }
);

both!(
    /// The pages: asking, choosing, and a link that is no good, without a script.
    r67_the_pages,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let url = format!("{}/reset-password", server.url);
        let open = server.http.get(&url).send().await.unwrap();
        assert_eq!(open.status(), 200);
        assert!(open.text().await.unwrap().contains("name=\"email\""));
        let send = |email: &'static str| {
            server.http.post(&url).form(&[("email", email)]).send()
        };
        let (known, unknown) =
            (send("ann@acme.example").await.unwrap(), send("nobody@acme.example").await.unwrap());
        assert_eq!((known.status(), unknown.status()), (200.try_into().unwrap(), 200.try_into().unwrap()));
        assert_eq!(known.text().await.unwrap(), unknown.text().await.unwrap());
        assert_eq!(send("no address").await.unwrap().status(), 422);

        let token = tokens(&server, "ann@acme.example", 1).await.remove(0);
        let page = format!("{url}/{token}");
        for _ in 0..2 {
            // A mail scanner looks; nothing happens.
            assert_eq!(server.http.get(&page).send().await.unwrap().status(), 200);
        }
        let set = |password: &'static str| {
            server.http.post(&page).form(&[("password", password)]).send()
        };
        let short = set("short").await.unwrap();
        assert_eq!(short.status(), 422);
        assert!(short.text().await.unwrap().contains("8 to 256"));
        let done = set(NEW).await.unwrap();
        assert_eq!(done.status(), 200);
        assert!(done.text().await.unwrap().contains("Your password is set"));
        let again = set(NEW).await.unwrap();
        assert_eq!(again.status(), 422);
        assert!(again.text().await.unwrap().contains("/reset-password\""));
        sign_in(&server, "ann@acme.example", NEW).await.done("signIn");
    }
);

both!(
    /// R67: who signs in with the old password while a new one is set is out, or was never in.
    r67_no_session_of_the_old_password_outlives_the_reset,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        request(&server, "ann@acme.example").await.done("requestPasswordReset");
        let token = tokens(&server, "ann@acme.example", 1).await.remove(0);
        let tries = (0..6).map(|_| sign_in(&server, "ann@acme.example", Person::PASSWORD));
        let (before, done, after) = tokio::join!(
            futures_util::future::join_all(tries),
            reset(&server, &token, NEW),
            futures_util::future::join_all(
                (0..6).map(|_| sign_in(&server, "ann@acme.example", Person::PASSWORD))
            ),
        );
        done.done("resetPassword");
        for answer in before.iter().chain(&after).filter(|a| a.refusals("signIn").is_empty()) {
            let token = answer.text("/signIn/tokens/accessToken");
            let seen = server.send("{ viewer { user { id } } }", json!({}), Some(&token), None).await;
            assert_eq!(seen.error(), "UNAUTHENTICATED");
        }
    }
);
