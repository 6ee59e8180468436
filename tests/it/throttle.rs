//! Guessing passwords (R66).

use chrono::TimeDelta;
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
