//! The GraphQL endpoint over real HTTP: what is refused, and how that is said (R72, api.md).
//!
//! That a half-sent request does not keep its connection is tested in `src/http/server.rs`, where the
//! runtime's clock can be moved.

use std::fmt::Write;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::rows::counts;
use crate::support::{Answer, Options, Person, Server, both, operations};

pub(crate) const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

pub(crate) fn call(server: &Server, method: Method, path: &str) -> RequestBuilder {
    server.http.request(method, format!("{}{path}", server.url))
}

/// A POST of this body, said to be of this content type.
async fn post(server: &Server, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = call(server, Method::POST, "/graphql").header("content-type", content_type);
    Answer::read(request.header("accept", GRAPHQL).body(body).send().await.unwrap()).await
}

fn message(answer: &Answer) -> &str {
    answer.body["errors"][0]["message"].as_str().unwrap_or_default()
}

/// A mutation that leaves a trace when it is executed, as parameters.
pub(crate) fn creating(person: &Person) -> Value {
    let input = json!({ "organizationId": person.organization, "name": "Trace" });
    json!({ "query": operations::document("CreateAccount"), "variables": { "input": input } })
}

both!(
    /// What the schema does not know is refused before anything runs, and named.
    r72_a_document_that_does_not_fit_the_schema_is_refused_with_what_does_not_fit,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = counts(&server.app.db).await;
        let mutation = "mutation($input: CreateAccountInput!) {
            createAccount(input: $input) { account { id } } }";
        for (document, variables, named) in [
            ("{ viewer { shoeSize } }", json!({}), "shoeSize"),
            ("{ viewer(now: true) { user { id } } }", json!({}), "now"),
            ("query($id: ID!) { organization(id: $id) { id } }", json!({}), "$id"),
            ("{ organization { id } }", json!({}), "id"),
            ("{ viewer { accounts(first: \"ten\") { totalCount } } }", json!({}), "first"),
            (
                "query($n: Int) { viewer { accounts(first: $n) { totalCount } } }",
                json!({ "n": "ten" }),
                "first",
            ),
            ("{ roles(filter: { kind: MAGIC }) { totalCount } }", json!({}), "MAGIC"),
            ("{ viewer { user } }", json!({}), "user"),
            ("{ viewer { user { name { first } } } }", json!({}), "name"),
            (mutation, json!({ "input": { "organizationId": ann.organization } }), "name"),
            (
                mutation,
                json!({ "input": { "organizationId": ann.organization, "name": "A", "x": 1 } }),
                "x",
            ),
            (mutation, json!({ "input": { "organizationId": ann.organization, "name": 7 } }), "name"),
            (mutation, json!({ "input": null }), "$input"),
            ("{ viewer { user { id } }", json!({}), "Syntax Error"),
            ("subscription { viewer { user { id } } }", json!({}), "subscription"),
        ] {
            let refused = ann.send(document, variables).await;
            assert_eq!((refused.status, refused.error()), (400, "BAD_USER_INPUT"), "{document}");
            assert!(message(&refused).contains(named), "{document}: {}", message(&refused));
            assert!(refused.body.get("data").is_none(), "{document}");
        }
        assert_eq!(counts(&server.app.db).await, before);
    }
);

both!(
    /// An id of the wrong kind is refused by name, wherever it stands; it is never "not found".
    r72_an_id_of_the_wrong_kind_is_refused_by_name,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (user, account) = (ann.id.as_str(), ann.account.as_str());
        let org = ann.organization.as_str();
        let before = counts(&server.app.db).await;
        let no_account = "expected an account id (acct_…), got a user id";
        let no_scope =
            "expected an organization id (org_…) or an account id (acct_…), got a user id";
        let grants = json!([{ "roleKey": "account_developer", "scopeId": user }]);
        for (document, variables, told) in [
            ("query($id: ID!) { account(id: $id) { id } }".to_owned(), json!({ "id": user }), no_account),
            (
                "query($id: ID!) { account(id: $id) { id } }".to_owned(),
                json!({ "id": "7" }),
                "expected an account id (acct_…), got not an id: \"7\"",
            ),
            (
                operations::document("SwitchAccount"),
                json!({ "input": { "accountId": user } }),
                no_account,
            ),
            (
                operations::document("CreateAccount"),
                json!({ "input": { "organizationId": account, "name": "A" } }),
                "expected an organization id (org_…), got an account id",
            ),
            (
                operations::document("InviteUsers"),
                json!({ "input": {
                    "organizationId": org, "invitees": [{ "email": "a@b.example" }],
                    "grants": grants,
                } }),
                no_scope,
            ),
            (
                operations::document("InviteUsers"),
                json!({ "input": {
                    "organizationId": org,
                    "invitees": [{ "email": "a@b.example", "grants": grants }],
                } }),
                no_scope,
            ),
            (
                operations::document("RemoveRoleAssignments"),
                json!({ "input": { "assignmentIds": [account] } }),
                "expected a role assignment id (asgn_…), got an account id",
            ),
            (
                operations::document("Access"),
                json!({ "userId": account, "permission": "account.access.use", "scopeId": account }),
                "expected a user id (user_…), got an account id",
            ),
        ] {
            let refused = ann.send(&document, variables.clone()).await;
            assert_eq!(refused.error(), "BAD_USER_INPUT", "{:#}", refused.body);
            assert!(message(&refused).contains(told), "{variables}: {}", message(&refused));
        }
        assert_eq!(counts(&server.app.db).await, before);
    }
);

both!(
    /// Characters and numbers that a database or a page cannot take are the sender's mistake.
    r72_odd_values_are_bad_input_or_find_nothing_and_break_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let org = ann.organization.as_str();
        let users = operations::document("OrganizationUsers");
        let invitations = operations::document("Invitations");
        let access = operations::document("Access");
        let invite = |key: &str, locale: &str, message: &str, email: &str| json!({ "input": {
            "organizationId": org, "invitees": [{ "email": email }], "idempotencyKey": key,
            "locale": locale, "message": message,
        } });
        let inviting = operations::document("InviteUsers");
        let ask = |permission: &str| json!({ "userId": ann.id, "permission": permission, "scopeId": org });
        let token = |token: &str| json!({ "token": token });
        let sign_in = json!({ "input": { "email": "a\0@acme.example", "password": "\0\0\0\0\0\0\0\0" } });
        for (document, variables) in [
            (&users, json!({ "id": org, "filter": { "query": "\0" } })),
            (&users, json!({ "id": org, "filter": { "query": "\u{fffd}%_\\" } })),
            (&users, json!({ "id": org, "filter": { "roleKey": "\0" } })),
            (&users, json!({ "id": org, "first": -1 })),
            (&users, json!({ "id": org, "first": 0 })),
            (&users, json!({ "id": org, "first": 101 })),
            (&users, json!({ "id": org, "first": i64::MAX })),
            (&users, json!({ "id": org, "first": 1.5 })),
            (&users, json!({ "id": org, "after": "" })),
            (&users, json!({ "id": org, "after": "junk" })),
            (&users, json!({ "id": org, "after": "\0" })),
            (&users, json!({ "id": org, "after": format!("{}D0A", "A".repeat(21)) })),
            (&invitations, json!({ "organizationId": org, "filter": { "email": "\0" } })),
            (&access, ask("\0")),
            (&access, ask("")),
            (&inviting, invite("\0", "en", "", "bob@corp.example")),
            (&inviting, invite("k1", "\0", "", "bob@corp.example")),
            (&inviting, invite("k2", "en", "\0", "bob@corp.example")),
            (&inviting, invite("k3", "en", "", "b\0b@corp.example")),
            (&operations::document("InvitationByToken"), token("\0")),
            (&operations::document("VerifyEmail"), json!({ "input": token("\0") })),
            (&operations::document("SignIn"), sign_in),
            (&"query($id: ID!) { node(id: $id) { id } }".to_owned(), json!({ "id": "\0" })),
        ] {
            let answer = ann.send(document, variables.clone()).await;
            let broken = answer.body.to_string().contains("INTERNAL");
            assert!(!broken && answer.status < 500, "{variables}: {:#}", answer.body);
        }
    }
);

both!(
    /// What is no GraphQL request is told so, in the shape of a GraphQL answer.
    r72_a_body_that_is_no_request_is_refused,
    |server: Server| async move {
        let query = json!({ "query": "{ __typename }" }).to_string();
        let deep = "[".repeat(50_000);
        let bodies: [(&str, &[u8]); 12] = [
            ("empty", b""),
            ("malformed", b"{\"query\": "),
            ("not UTF-8", b"{\"query\": \"{ \xc3\x28 }\"}"),
            ("UTF-16", b"\xff\xfe{\0}\0"),
            ("a text", b"\"{ __typename }\""),
            ("null", b"null"),
            ("no query", b"{}"),
            ("a query that is none", b"{\"query\": 7}"),
            ("variables that are none", b"{\"query\": \"{ __typename }\", \"variables\": []}"),
            ("two requests", b"{\"query\": \"{ __typename }\"}{\"query\": \"{ __typename }\"}"),
            ("a batch", b"[{\"query\": \"{ __typename }\"}]"),
            ("nested beyond measure", deep.as_bytes()),
        ];
        for (what, body) in bodies {
            for media in [GRAPHQL, JSON] {
                let request = call(&server, Method::POST, "/graphql").header("accept", media);
                let request = request.header("content-type", JSON).body(body.to_vec());
                let refused = Answer::read(request.send().await.unwrap()).await;
                assert_eq!((refused.status, refused.error()), (400, "BAD_USER_INPUT"), "{what}");
                assert!(refused.body.get("data").is_none(), "{what}");
            }
        }
        assert_eq!(post(&server, JSON, query).await.text("/__typename"), "Query");
    }
);

both!(
    /// A batch is refused as a whole: its mutations are not executed.
    r72_a_batch_executes_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = counts(&server.app.db).await;
        let request = call(&server, Method::POST, "/graphql").bearer_auth(&ann.access_token);
        let refused = request.json(&json!([creating(&ann), creating(&ann)])).send().await.unwrap();
        let refused = Answer::read(refused).await;
        assert_eq!((refused.status, refused.error()), (400, "BAD_USER_INPUT"));
        assert!(message(&refused).contains("batch"), "{}", message(&refused));
        assert_eq!(counts(&server.app.db).await, before);
    }
);

both!(
    /// More than the operator allows is not read, whether its size is announced or not.
    r72_a_body_of_10_mb_is_too_large,
    |server: Server| async move {
        let pad = " ".repeat(10 * 1024 * 1024);
        let body = json!({ "query": "{ __typename }", "extensions": { "pad": pad } }).to_string();
        let refused = post(&server, JSON, body).await;
        assert_eq!((refused.status, refused.error()), (413, "BAD_USER_INPUT"));
        let just_below = format!("{}{{\"query\": \"{{ __typename }}\"}}", " ".repeat(1_048_000));
        assert_eq!(post(&server, JSON, just_below).await.text("/__typename"), "Query");
    }
);

both!(
    /// Documents that would keep the server busy are refused for what they are, at once.
    r72_documents_without_measure_are_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut bomb = "{ viewer { ...F0 } }".to_owned();
        for level in 0..10 {
            let spreads = format!("...F{} ", level + 1).repeat(10);
            write!(bomb, " fragment F{level} on Viewer {{ {spreads} }}").unwrap();
        }
        bomb += " fragment F10 on Viewer { __typename }";
        let aliases = |field: &str| (0..1_000).fold(String::new(), |mut text, i| {
            write!(text, "a{i}: {field} ").unwrap();
            text
        });
        let circle = "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }";
        let nested = |open: &str, close: &str, times| format!("{}{}", open.repeat(times), close.repeat(times));
        let listing = "organizations(first: 100) { nodes { users(first: 100) { nodes {
            roleAssignments(first: 100) { nodes { id } } } } } }";
        for (what, document, code) in [
            ("fragment bomb", bomb.clone(), "QUERY_TOO_COMPLEX"),
            ("fragments in a circle", circle.to_owned(), "BAD_USER_INPUT"),
            ("alias flood", format!("{{ viewer {{ {} }} }}", aliases("__typename")), "QUERY_TOO_COMPLEX"),
            ("alias flood at the root", format!("{{ {} }}", aliases("viewer { __typename }")), "QUERY_TOO_COMPLEX"),
            ("mutations without end", format!("mutation {{ {} }}", aliases("signOut { userErrors { code } }")), "QUERY_TOO_COMPLEX"),
            ("depth", nested("{ a ", "} ", 20), "QUERY_TOO_COMPLEX"),
            ("brackets", format!("{{ a(b: {}) }}", nested("[", "]", 10_000)), "QUERY_TOO_COMPLEX"),
            ("directives", format!("{{ viewer {{ __typename {} }} }}", "@include(if: true) ".repeat(500)), "QUERY_TOO_COMPLEX"),
            ("cost", format!("{{ viewer {{ {listing} }} }}"), "QUERY_TOO_COMPLEX"),
            ("length", format!("{{ viewer {{ {} }} }}", "__typename ".repeat(50_000)), "QUERY_TOO_COMPLEX"),
            ("a name", format!("{{ {} }}", "x".repeat(500_000)), "QUERY_TOO_COMPLEX"),
        ] {
            let started = std::time::Instant::now();
            let refused = ann.send(&document, json!({})).await;
            assert_eq!((refused.status, refused.error()), (400, code), "{what}: {}", message(&refused));
            assert!(refused.body.get("data").is_none(), "{what}");
            assert!(message(&refused).len() < 500, "{what}");
            assert!(started.elapsed().as_secs() < 5, "{what}");
        }
        // Nothing of that was executed, and what people do ask goes through, with its cost told.
        let answer = ann.ask("Viewer", json!({})).await;
        assert_eq!(answer.text("/viewer/user/id"), ann.id);
        let cost = &answer.body["extensions"]["cost"];
        assert!(cost["requested"].as_u64().unwrap() < cost["limit"].as_u64().unwrap(), "{cost}");
    }
);

both!(
    /// Whatever is answered can be asked about: every answer carries the request's id.
    every_answer_carries_a_request_id,
    Options {
        config: Some(|config| config.cors_origins = vec!["https://app.acme.example".to_owned()]),
        ..Options::default()
    },
    |server: Server| async move {
        let body = json!({ "query": "{ __typename }" });
        let all = [
            call(&server, Method::POST, "/graphql").json(&body),
            call(&server, Method::POST, "/graphql").json(&body).header("rolecall-account", "x"),
            call(&server, Method::POST, "/graphql").body("x"),
            call(&server, Method::DELETE, "/graphql"),
            call(&server, Method::OPTIONS, "/graphql").header("origin", "https://app.acme.example"),
            call(&server, Method::GET, "/health/live"),
            call(&server, Method::GET, "/health/ready"),
            call(&server, Method::GET, "/.well-known/jwks.json"),
            call(&server, Method::POST, "/.well-known/jwks.json"),
            call(&server, Method::GET, "/graphiql"),
            call(&server, Method::GET, "/mailbox"),
            call(&server, Method::GET, "/no/such/page"),
        ];
        for request in all {
            let plain = request.try_clone().unwrap();
            let what = format!("{plain:?}");
            let id = |answer: &reqwest::Response| {
                answer.headers().get("x-request-id").map(|id| id.to_str().unwrap().to_owned())
            };
            let given = id(&plain.send().await.unwrap()).unwrap_or_else(|| panic!("{what}"));
            assert!(given.starts_with("req_"), "{what}");
            let echoed = request.try_clone().unwrap().header("x-request-id", "edge-7_A");
            assert_eq!(id(&echoed.send().await.unwrap()).unwrap(), "edge-7_A", "{what}");
            for odd in ["a b", "<x>", &"x".repeat(65), "\u{e9}"] {
                let odd = request.try_clone().unwrap().header("x-request-id", odd);
                assert!(id(&odd.send().await.unwrap()).unwrap().starts_with("req_"), "{what}");
            }
        }
    }
);
