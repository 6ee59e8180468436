//! How much one may ask for: budgets of users and networks, and the limits of one operation (api.md).

use chrono::TimeDelta;
use reqwest::Method;
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::endpoint::call;
use crate::support::{Options, Server, both};

fn with(config: fn(&mut Config)) -> Options {
    Options { config: Some(config), ..Options::default() }
}

/// Status, `Retry-After` and body of the answer to this query.
async fn ask(server: &Server, token: Option<&str>, query: &str) -> (u16, Option<u64>, Value) {
    let request = call(server, Method::POST, "/graphql").json(&json!({ "query": query }));
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    let answer = request.send().await.unwrap();
    let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse());
    let (status, wait) = (answer.status().as_u16(), wait.map(Result::unwrap));
    (status, wait, answer.json().await.unwrap())
}

both!(
    /// A user who has asked for much waits, on every device; others do not.
    a_user_who_has_spent_their_budget_waits,
    with(|config| config.api.cost_per_user_per_minute = 1_000),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let phone = server.sign_in("Ann", "ann@acme.example").await;
        let bob = server.sign_up("Bob", "bob@acme.example", "Bobs").await;
        server.pass(TimeDelta::minutes(1));
        let list = "{ viewer { organizations(first: 100) { nodes { id name createdAt } } } }";
        let (_, _, body) = ask(&server, Some(&ann.access_token), list).await;
        let cost = &body["extensions"]["cost"];
        assert_eq!(cost["requested"], 1 + 100 + 100 * 4, "{body:#}");
        let budget = json!({ "charged": 501, "remaining": 499, "perMinute": 1_000 });
        assert_eq!(cost["budget"], budget);
        let (status, wait, refused) = ask(&server, Some(&phone.access_token), list).await;
        assert_eq!((status, wait), (429, Some(1)), "{refused:#}");
        let error = &refused["errors"][0];
        assert_eq!(error["extensions"], json!({ "code": "RATE_LIMITED", "retryAfter": 1 }));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("costs 501") && message.contains("499 are left"), "{message}");
        assert!(refused.get("data").is_none());
        assert_eq!(ask(&server, Some(&bob.access_token), list).await.0, 200);
        // It comes back evenly, and small questions need little of it.
        assert_eq!(ask(&server, Some(&phone.access_token), "{ viewer { user { id } } }").await.0, 200);
        server.pass(TimeDelta::seconds(4));
        assert_eq!(ask(&server, Some(&ann.access_token), list).await.0, 200);
    }
);

both!(
    /// Whoever is not signed in is known by their network, and a request costs something before it is
    /// looked at: what is refused for its form too.
    a_network_that_has_spent_its_budget_waits,
    with(|config| config.api.cost_per_network_per_minute = 1_000),
    |server: Server| async move {
        let (_, _, body) = ask(&server, None, "{ __typename }").await;
        let budget = json!({ "charged": 50, "remaining": 950, "perMinute": 1_000 });
        assert_eq!(body["extensions"]["cost"]["budget"], budget);
        for _ in 0..19 {
            assert_eq!(ask(&server, None, "{").await.0, 200);
        }
        for query in ["{", "{ __typename }", "{ viewer { user { id } } }"] {
            let (status, wait, body) = ask(&server, None, query).await;
            assert_eq!((status, wait), (429, Some(3)), "{body:#}");
            assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        }
        server.pass(TimeDelta::seconds(3));
        assert_eq!(ask(&server, None, "{ __typename }").await.0, 200);
    }
);

both!(
    /// The limits of one operation are the operator's, and the schema and GraphiQL need not be shown.
    an_operator_decides_what_one_operation_may_ask_for,
    with(|config| {
        config.api.query_root_fields = 2;
        config.api.query_depth = 3;
        config.api.query_aliases = 1;
        (config.api.introspection, config.api.graphiql) = (false, false);
    }),
    |server: Server| async move {
        for (query, code, said) in [
            ("{ a: __typename roles { totalCount } permissions { key } }", "QUERY_TOO_COMPLEX", "root fields is 3, at most 2"),
            ("{ viewer { user { id } accounts { nodes { id } } } }", "QUERY_TOO_COMPLEX", "depth is 4, at most 3"),
            ("{ a: __typename b: __typename }", "QUERY_TOO_COMPLEX", "aliases is 2, at most 1"),
            ("{ __schema { queryType { name } } }", "INTROSPECTION_DISABLED", "switched off"),
            ("{ __type(name: \"User\") { name } }", "INTROSPECTION_DISABLED", "switched off"),
        ] {
            let (_, _, body) = ask(&server, None, query).await;
            assert_eq!(body["errors"][0]["extensions"]["code"], code, "{body:#}");
            assert!(body["errors"][0]["message"].as_str().unwrap().contains(said), "{body:#}");
        }
        assert_eq!(ask(&server, None, "{ __typename }").await.2["data"]["__typename"], "Query");
        for page in ["/graphiql", "/graphiql/assets/graphiql.js"] {
            let answer = call(&server, Method::GET, page).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 404, "{page}");
        }
    }
);
