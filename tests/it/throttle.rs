//! Guessing passwords (R66).

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;

use crate::support::{Answer, Person, Server, both};

async fn sign_in(server: &Server, email: &str, password: &str) -> Answer {
    server.ask("SignIn", json!({ "input": { "email": email, "password": password } })).await
}

both!(
    /// R66: who guesses waits, whether or not somebody has the address; the owner is not locked out for
    /// long, and others not at all.
    r66_who_guesses_passwords_waits,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.sign_up("Bob", "bob@acme.example", "Bobs").await;
        for email in ["ann@acme.example", "nobody@acme.example"] {
            for _ in 0..50 {
                let wrong = sign_in(&server, email, "not her password").await;
                assert_eq!(wrong.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
            }
            // Spelled in another way it is the same address.
            let slow = sign_in(&server, &email.to_uppercase(), Person::PASSWORD).await;
            assert_eq!(slow.error(), "RATE_LIMITED");
            let wait = slow.body["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap();
            assert!((1..=31).contains(&wait), "{wait}");
        }
        sign_in(&server, "bob@acme.example", Person::PASSWORD).await.done("signIn");
        server.pass(TimeDelta::seconds(31));
        sign_in(&server, "ann@acme.example", Person::PASSWORD).await.done("signIn");
    }
);

both!(
    /// R66: an invitation's link is no other way to guess.
    r66_accepting_with_a_password_counts_too,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.sign_up("Bob", "bob@corp.example", "Bobs").await;
        let developer = [("account_developer", ann.account.as_str())];
        let (_, token) = ann.invite_one("bob@corp.example", &developer).await;
        let accept = |password: &'static str| {
            let input = json!({ "token": token, "password": password });
            let server = server.clone();
            async move { server.ask("AcceptInvitation", json!({ "input": input })).await }
        };
        for _ in 0..200 {
            let wrong = accept("not his password").await;
            assert_eq!(wrong.refusals("acceptInvitation"), ["INVALID_CREDENTIALS password"]);
        }
        assert_eq!(accept(Person::PASSWORD).await.error(), "RATE_LIMITED");
        server.pass(TimeDelta::seconds(31));
        accept(Person::PASSWORD).await.done("acceptInvitation");
    }
);

both!(
    /// R66: what strangers can ask for without a password is counted by network, and HTTP says when to come
    /// back.
    r66_strangers_cannot_ask_without_end,
    |server: Server| async move {
        let refresh = || server.ask("RefreshSession", json!({ "input": { "refreshToken": "no such token" } }));
        for _ in 0..600 {
            let refused = refresh().await;
            assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
        }
        assert_eq!(refresh().await.error(), "RATE_LIMITED");
        let reset = |n: usize| {
            let input = json!({ "input": { "email": format!("nobody{n}@acme.example") } });
            let server = server.clone();
            async move { server.ask("RequestPasswordReset", input).await }
        };
        for n in 0..200 {
            reset(n).await.done("requestPasswordReset");
        }
        assert_eq!(reset(200).await.error(), "RATE_LIMITED");

        let query = "mutation { refreshSession(input: { refreshToken: \"x\" }) { userErrors { code } } }";
        let request = server.http.post(format!("{}/graphql", server.url));
        let response = request.json(&json!({ "query": query })).send().await.unwrap();
        let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=2).contains(&seconds), "{seconds}");
        server.pass(TimeDelta::seconds(10));
        reset(201).await.done("requestPasswordReset");
    }
);

both!(
    /// R66: a flood of sign-ins makes sign-ins wait, and nobody else.
    r66_a_flood_of_sign_ins_slows_sign_ins_and_not_queries,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let over = AtomicUsize::new(0);
        let flood = async {
            let mut tries: FuturesUnordered<_> = (0..150)
                .map(|n| {
                    let (server, email) = (&server, format!("nobody{n}@acme.example"));
                    async move { sign_in(server, &email, "not the password").await }
                })
                .collect();
            while let Some(answer) = tries.next().await {
                assert_eq!(answer.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
                over.fetch_add(1, Ordering::Relaxed);
            }
        };
        let queries = async {
            // Once some are through, all the others are in flight.
            while over.load(Ordering::Relaxed) < 5 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            for _ in 0..20 {
                ann.ask("Viewer", json!({})).await.text("/viewer/user/id");
            }
            over.load(Ordering::Relaxed)
        };
        let ((), over) = tokio::join!(flood, queries);
        assert!(over < 100, "{over} of 150 sign-ins were over before 20 queries");
    }
);
