//! Idempotency keys on whatever mutation (R71). That there is none without is told in `policy/effects.rs`.

use chrono::TimeDelta;
use futures_util::future::join_all;
use rolecall::store;
use serde_json::{Value, json};

use crate::support::operations::document;
use crate::support::{Answer, Options, Person, Server, both, plant};

/// Sends a document with a key.
async fn keyed(
    server: &Server,
    token: Option<&str>,
    key: &str,
    query: &str,
    variables: Value,
) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    let mut request = server.http.post(format!("{}/graphql", server.url)).json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let request = request.header("accept", "application/graphql-response+json");
    Answer::read(request.header("idempotency-key", key).send().await.unwrap()).await
}

async fn by(person: &Person, key: &str, operation: &str, input: Value) -> Answer {
    let (token, variables) = (Some(person.access_token.as_str()), json!({ "input": input }));
    keyed(&person.server, token, key, &document(operation), variables).await
}

async fn anybody(server: &Server, key: &str, operation: &str, input: Value) -> Answer {
    keyed(server, None, key, &document(operation), json!({ "input": input })).await
}

fn account(person: &Person, name: &str) -> Value {
    json!({ "organizationId": person.organization, "name": name })
}

/// The names of a person's accounts.
async fn accounts(person: &Person) -> Vec<String> {
    person.ask("Viewer", json!({})).await.texts("/viewer/accounts/nodes", "/name")
}

both!(
    /// The same call many times at once, on two servers, is done once; all get its answer.
    r71_any_mutation_in_parallel_is_done_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let there = Person { server: server.another(Options::default()).await, ..ann.clone() };
        let people = (0..20).map(|n| if n % 2 == 0 { &ann } else { &there });
        let calls = people.map(|person| by(person, "key-1", "CreateAccount", account(&ann, "Desk")));
        let answers = join_all(calls).await;
        for answer in &answers {
            assert_eq!(answer.text("/createAccount/account/name"), "Desk");
            assert_eq!(answer.body["data"], answers[0].body["data"]);
        }
        assert_eq!(accounts(&ann).await, ["Acme Main", "Desk"]);
        assert_eq!(server.audit("account.created").await.len(), 2);
    }
);

both!(
    /// Who is not signed in may use a key as well. A session that was answered is answered again, for ten
    /// minutes, and stands in the database for nobody to read.
    r71_a_key_of_somebody_who_is_not_signed_in,
    |server: Server| async move {
        let input = json!({ "name": "Ann", "email": "ann@acme.example", "password": Person::PASSWORD,
            "organizationName": "Acme" });
        let first = anybody(&server, "key-1", "SignUp", input.clone()).await.done("signUp");
        let again = anybody(&server, "key-1", "SignUp", input.clone()).await;
        assert_eq!(again.body["data"], first.body["data"]);
        let mut other = input.clone();
        other["password"] = json!("another password");
        let refused = anybody(&server, "key-1", "SignUp", other).await;
        assert_eq!(refused.refusals("signUp"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        assert_eq!(refused.at("/signUp/tokens"), &Value::Null);

        let refresh_token = first.text("/signUp/tokens/refreshToken");
        let token = json!({ "refreshToken": refresh_token });
        let first = anybody(&server, "key-2", "RefreshSession", token.clone()).await;
        let refreshed = first.text("/refreshSession/tokens/refreshToken");
        // Long after the token was used up, this ends no session.
        server.pass(TimeDelta::minutes(5));
        let again = anybody(&server, "key-2", "RefreshSession", token.clone()).await;
        assert_eq!(again.body["data"], first.body["data"]);
        let dump = server.dump().await.join("\n").to_lowercase();
        for secret in [&refresh_token, &refreshed] {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!dump.contains(&secret.to_lowercase()) && !dump.contains(&hex));
        }

        server.pass(TimeDelta::minutes(6));
        let late = anybody(&server, "key-1", "SignUp", input).await;
        assert_eq!(late.refusals("signUp"), ["EMAIL_UNAVAILABLE email"]);
        let late = anybody(&server, "key-2", "RefreshSession", token).await;
        assert_eq!(late.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
    }
);

both!(
    /// A key is for one mutation with one input and selection; the header is for all of a document's.
    r71_one_header_for_several_mutations,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let query = "mutation($a: CreateAccountInput!, $b: CreateAccountInput!) {
            a: createAccount(input: $a) { account { id name } userErrors { code } }
            b: createAccount(input: $b) { account { id name } userErrors { code } } }";
        let both = json!({ "a": account(&ann, "A"), "b": account(&ann, "B") });
        let token = Some(ann.access_token.as_str());
        let first = keyed(&server, token, "key-1", query, both.clone()).await;
        assert_eq!(first.text("/b/account/name"), "B");
        let again = keyed(&server, token, "key-1", query, both).await;
        assert_eq!(again.body["data"], first.body["data"]);
        assert_eq!(accounts(&ann).await, ["A", "Acme Main", "B"]);

        let swapped = json!({ "a": account(&ann, "A"), "b": account(&ann, "C") });
        let refused = keyed(&server, token, "key-1", query, swapped).await;
        assert_eq!(refused.at("/a"), first.at("/a"));
        assert_eq!(refused.at("/b/userErrors/0/code"), "IDEMPOTENCY_KEY_REUSED");
        let close = json!({ "accountId": first.text("/a/account/id") });
        let refused = by(&ann, "key-1", "CloseAccount", close).await;
        assert_eq!(refused.refusals("closeAccount"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        let narrower = "mutation($a: CreateAccountInput!) { a: createAccount(input: $a) {
            account { id } userErrors { code } } }";
        let refused = keyed(&server, token, "key-1", narrower, json!({ "a": account(&ann, "A") })).await;
        assert_eq!(refused.at("/a/userErrors/0/code"), "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(accounts(&ann).await, ["A", "Acme Main", "B"]);
    }
);

both!(
    /// A call whose answer was lost with its server is not done again; a day later its key is free, and
    /// what is over is forgotten.
    r71_a_lost_answer_does_not_do_it_twice,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        by(&ann, "key-1", "CreateAccount", account(&ann, "Desk")).await.done("createAccount");
        plant::run(&server, "UPDATE idempotent_calls SET answer = NULL", &[]).await;
        let before = server.dump().await;
        let lost = by(&ann, "key-1", "CreateAccount", account(&ann, "Desk")).await;
        assert_eq!(lost.error(), "CONFLICT");
        let other = by(&ann, "key-1", "CreateAccount", account(&ann, "Other")).await;
        assert_eq!(other.refusals("createAccount"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        assert_eq!(server.dump().await, before);

        server.pass(TimeDelta::hours(25));
        let ann = Person { organization: ann.organization, ..server.sign_in("Ann", &ann.email).await };
        by(&ann, "key-1", "CreateAccount", account(&ann, "Other")).await.done("createAccount");
        server.pass(TimeDelta::hours(25));
        let kept = async || {
            let rows = server.dump().await;
            rows.iter().filter(|row| row.starts_with("idempotent_calls")).count()
        };
        assert_eq!(kept().await, 1);
        store::idempotency::forget(&server.app.db, server.now()).await.unwrap();
        assert_eq!(kept().await, 0);
    }
);

both!(
    /// A call that ended its own session is answered again to the same session's token; nothing else is,
    /// neither to that token nor to another one.
    r71_signing_out_twice,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let twin = server.sign_in("Ann", &ann.email).await;
        by(&twin, "key-2", "CreateAccount", account(&ann, "Desk")).await.done("createAccount");
        let out = document("SignOut");
        let first = keyed(&server, Some(&ann.access_token), "key-1", &out, json!({})).await;
        let again = keyed(&server, Some(&ann.access_token), "key-1", &out, json!({})).await;
        assert_eq!(again.body["data"], first.clone().done("signOut").body["data"]);
        let other = keyed(&server, Some(&ann.access_token), "key-3", &out, json!({})).await;
        assert_eq!(other.error(), "UNAUTHENTICATED");
        // What was told in another session.
        let told = by(&ann, "key-2", "CreateAccount", account(&ann, "Desk")).await;
        assert_eq!(told.error(), "UNAUTHENTICATED");
        let told = by(&twin, "key-2", "CreateAccount", account(&ann, "Desk")).await;
        assert_eq!(told.text("/createAccount/account/name"), "Desk");
        server.pass(TimeDelta::minutes(20));
        let late = keyed(&server, Some(&ann.access_token), "key-1", &out, json!({})).await;
        assert_eq!(late.error(), "UNAUTHENTICATED");
    }
);

both!(
    /// R71: who signs in within the document is somebody from then on; what they are answered is not kept for
    /// anybody who knows the key.
    r71_what_somebody_did_after_signing_in_is_theirs,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let create = format!(
            "c: createAccount(input: {{ organizationId: \"{}\", name: \"Desk\",
                idempotencyKey: \"key-1\" }}) {{ account {{ id name }} userErrors {{ code }} }}",
            ann.organization
        );
        let sign_in = format!(
            "signIn(input: {{ email: \"{}\", password: \"{}\" }}) {{ userErrors {{ code }} }}",
            ann.email,
            Person::PASSWORD
        );
        let both = format!("mutation {{ {sign_in} {create} }}");
        let made = server.send(&both, json!({}), None, None).await;
        assert_eq!(made.text("/c/account/name"), "Desk");

        let alone = format!("mutation {{ {create} }}");
        let stranger = server.send(&alone, json!({}), None, None).await;
        assert_eq!(stranger.error(), "UNAUTHENTICATED");
        let again = ann.send(&alone, json!({})).await;
        assert_eq!(again.text("/c/account/id"), made.text("/c/account/id"));
    }
);
