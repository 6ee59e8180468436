use async_graphql::{EmptySubscription, Error, ErrorExtensions, Object};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Builder;
use serde_json::{Value as Json, json};

use super::*;
use crate::config::Config;

struct Query;

#[Object]
impl Query {
    async fn echo(&self, text: String) -> String {
        text
    }
    async fn year(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        at.format("%Y").to_string()
    }
    async fn short(&self, #[graphql(validator(max_length = 3))] text: String) -> String {
        text
    }
    #[expect(clippy::unused_async, reason = "resolvers have to be")]
    async fn leak(&self) -> Result<bool, Error> {
        Err(std::io::Error::other("no such table: user").into())
    }
    #[expect(clippy::unused_async, reason = "resolvers have to be")]
    async fn secret(&self) -> Result<bool, Error> {
        Err(Error::new("Not yours")
            .extend_with(|_, extensions| extensions.set("code", "FORBIDDEN")))
    }
    async fn slow(&self) -> bool {
        tokio::time::sleep(Duration::from_mins(1)).await;
        true
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self) -> bool {
        true
    }
}

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// Status, headers and body of the answer.
async fn send(request: Builder, body: impl Into<Body>) -> (u16, HeaderMap, Json) {
    let endpoint = Endpoint {
        schema: Schema::build(self::Query, Mutation, EmptySubscription).finish(),
        limits: Limits::from(&Config::default().api),
        documents: Documents::new(1_000_000, None),
        body_bytes: 1_000,
        time_limit: Duration::from_secs(5),
        metrics: Metrics::default(),
    };
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(RequestId("req_1".to_owned()));
    let (parts, body) =
        endpoint.run(request, async |request, _| Ok((request, None))).await.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap())
}

fn post_accepting(accept: &str) -> Builder {
    Request::post("/graphql").header(CONTENT_TYPE, JSON).header(ACCEPT, accept)
}

/// Posts these parameters for each media type and answers both status codes, and the body.
async fn post(parameters: Json) -> ((u16, u16), Json) {
    let (graphql, _, body) = send(post_accepting(GRAPHQL), parameters.to_string()).await;
    let (json, _, same) = send(post_accepting(JSON), parameters.to_string()).await;
    assert_eq!(body, same);
    ((graphql, json), body)
}

fn code(body: &Json) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_query_is_answered_with_its_cost() {
    let (status, body) = post(json!({
        "query": "query Q($text: String!) { echo(text: $text) }",
        "variables": { "text": "🏃" }, "operationName": "Q", "extensions": null,
    }))
    .await;
    assert_eq!(status, (200, 200));
    assert_eq!(
        body,
        json!({ "data": { "echo": "🏃" }, "extensions": { "cost": { "requested": 1, "limit": 300_000 } } })
    );
}

#[tokio::test(start_paused = true)]
async fn request_errors_have_no_data_and_fail_where_the_media_type_lets_them() {
    for (query, variables, code_expected, message) in [
        ("{", json!({}), "BAD_USER_INPUT", "Syntax Error: expected "),
        ("{ nothing }", json!({}), "BAD_USER_INPUT", "Unknown field \"nothing\" on type \"Query\""),
        (
            "query($text: String!) { echo(text: $text) }",
            json!({}),
            "BAD_USER_INPUT",
            "Variable \"$text\" of required",
        ),
        (
            "query($t: String!) { echo(text: $t) }",
            json!({ "t": null }),
            "BAD_USER_INPUT",
            "Variable \"$t\" of required",
        ),
        (
            "query($t: String!) { echo(text: $t) }",
            json!({ "t": 7 }),
            "BAD_USER_INPUT",
            "Invalid value for argument",
        ),
        (
            "query A { echo } query B { echo }",
            json!({}),
            "BAD_USER_INPUT",
            "Must provide operationName",
        ),
        ("{ echo(text: \"a\") @x }", json!({}), "BAD_USER_INPUT", "Unknown directive \"x\""),
        ("{ slow }", json!({}), "QUERY_TOO_COMPLEX", "The operation did not finish within the 5 s"),
        (
            "{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a}}}}}}}}}}}}}}}}",
            json!({}),
            "QUERY_TOO_COMPLEX",
            "The query is too large: its depth is 16",
        ),
    ] {
        let (status, body) = post(json!({ "query": query, "variables": variables })).await;
        assert_eq!(status, (400, 200), "{query}");
        assert_eq!(code(&body), code_expected, "{query}");
        assert!(
            body["errors"][0]["message"].as_str().unwrap().starts_with(message),
            "{query}: {body}"
        );
        assert!(body.get("data").is_none(), "{query}");
    }
    let (status, body) = post(json!({ "query": "query A { echo }", "operationName": "B" })).await;
    assert_eq!((status, code(&body)), ((400, 200), "BAD_USER_INPUT"));
}

#[tokio::test]
async fn an_error_without_a_code_shows_nothing_but_the_request() {
    let (status, body) = post(json!({ "query": "{ __typename leak }" })).await;
    assert_eq!(status, (200, 200));
    assert_eq!(body["errors"][0]["message"], "internal error");
    assert_eq!(
        body["errors"][0]["extensions"],
        json!({ "code": "INTERNAL", "requestId": "req_1" })
    );
    assert_eq!(body["errors"][0]["path"], json!(["leak"]));
    assert!(body.get("data").is_some());

    let (status, body) = post(json!({ "query": "{ secret }" })).await;
    assert_eq!((status, code(&body)), ((200, 200), "FORBIDDEN"));
    assert_eq!(body["errors"][0]["message"], "Not yours");
}

#[tokio::test]
async fn an_argument_that_does_not_fit_is_the_clients_error() {
    for query in ["{ year(at: \"soon\") }", "{ short(text: \"longer\") }"] {
        let (_, body) = post(json!({ "query": query })).await;
        assert_eq!(code(&body), "BAD_USER_INPUT", "{body}");
    }
}

#[tokio::test]
async fn what_is_no_graphql_request_is_refused_whatever_is_accepted() {
    let query = "{ __typename }";
    for body in [
        json!([{ "query": query }]),
        json!("{ __typename }"),
        json!({ "qeury": query }),
        json!({ "query": 7 }),
        json!({ "query": query, "variables": "x" }),
        json!({ "query": query, "variables": [1] }),
        json!({ "query": query, "operationName": 7 }),
        json!({ "query": query, "extensions": false }),
    ] {
        let (status, answer) = post(body.clone()).await;
        assert_eq!((status, code(&answer)), ((400, 400), "BAD_USER_INPUT"), "{body}");
    }
    for body in [b"".as_slice(), b"{", b"{\"query\": \"\xff\"}", b"\x1f\x8b"] {
        let (status, _, answer) = send(post_accepting(JSON), body).await;
        assert_eq!((status, code(&answer)), (400, "BAD_USER_INPUT"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_size_and_a_time() {
    let long = json!({ "query": "{ __typename }", "extensions": { "pad": "x".repeat(1_000) } });
    assert_eq!(send(post_accepting(JSON), long.to_string()).await.0, 413);

    let never =
        Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    assert_eq!(send(post_accepting(JSON), never).await.0, 408);
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let body = json!({ "query": "mutation { touch }" }).to_string();
    for (content_type, expected) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=\"UTF-8\"", 200),
        ("application/json; charset=iso-8859-1", 415),
        ("application/jsonp", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ] {
        let request = Request::post("/graphql").header(CONTENT_TYPE, content_type);
        assert_eq!(send(request, body.clone()).await.0, expected, "{content_type}");
    }
    assert_eq!(send(Request::post("/graphql"), body).await.0, 415);
}

#[tokio::test]
async fn the_answer_has_the_media_type_that_was_asked_for() {
    for (accept, expected) in [
        (Some(GRAPHQL), GRAPHQL),
        (Some(JSON), JSON),
        (Some("*/*"), JSON),
        (Some("application/*"), JSON),
        (Some(""), JSON),
        (None, JSON),
        (Some("application/graphql-response+json, application/json;q=0.9"), GRAPHQL),
        (Some("application/json, application/graphql-response+json"), GRAPHQL),
        (Some("application/json, application/graphql-response+json;q=0.5"), JSON),
        (Some("text/html, */*; q=0.8"), JSON),
    ] {
        let request = Request::post("/graphql").header(CONTENT_TYPE, JSON);
        let request =
            accept.into_iter().fold(request, |request, accept| request.header(ACCEPT, accept));
        let (status, headers, _) =
            send(request, json!({ "query": "{ __typename }" }).to_string()).await;
        assert_eq!(
            (status, headers[CONTENT_TYPE].to_str().unwrap()),
            (200, format!("{expected}; charset=utf-8").as_str())
        );
    }
    for accept in ["text/html", "application/json;q=0", "image/*"] {
        let (status, _, body) = send(post_accepting(accept), "").await;
        assert_eq!((status, code(&body)), (406, "BAD_USER_INPUT"), "{accept}");
    }
}

#[tokio::test]
async fn a_get_runs_queries_only() {
    let get = |query: &str| Request::get(format!("/graphql?{query}")).header(ACCEPT, GRAPHQL);
    let encoded = "query=query%20Q($text:String!)%7Becho(text:$text)%7D&variables=%7B%22text%22:%22a%2Bb%22%7D&operationName=Q";
    let (status, _, body) = send(get(encoded), "").await;
    assert_eq!((status, &body["data"]["echo"]), (200, &json!("a+b")));
    assert_eq!(send(get("query=%7B__typename%7D&operationName=&variables="), "").await.0, 200);

    let (status, headers, _) = send(get("query=mutation%7Btouch%7D"), "").await;
    assert_eq!((status, headers[ALLOW].to_str().unwrap()), (405, "POST"));
    for bad in
        ["", "query=%7B__typename%7D&variables=x", "query=%7B__typename%7D&extensions=%5B%5D"]
    {
        assert_eq!(send(get(bad), "").await.0, 400, "{bad}");
    }
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let (status, headers, _) =
            send(Request::builder().method(method).uri("/graphql"), "").await;
        assert_eq!((status, headers[ALLOW].to_str().unwrap()), (405, "GET, POST"));
    }
}

#[tokio::test]
async fn a_get_that_another_site_can_cause_executes_nothing() {
    for (headers, expected) in [
        (vec![], 400),
        (vec![("accept", "*/*")], 400),
        (vec![("accept", "image/avif,image/webp,*/*;q=0.8")], 400),
        (
            vec![
                ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
                ("sec-fetch-site", "none"),
            ],
            400,
        ),
        (vec![("accept", GRAPHQL), ("sec-fetch-site", "cross-site")], 400),
        (vec![("accept", GRAPHQL), ("sec-fetch-site", "same-site")], 400),
        (vec![("accept", GRAPHQL), ("sec-fetch-site", "same-origin")], 200),
        (vec![("accept", GRAPHQL)], 200),
        (vec![("accept", JSON)], 200),
        (vec![("graphql-require-preflight", "1"), ("sec-fetch-site", "cross-site")], 200),
        (vec![("x-requested-with", "x")], 200),
        (vec![("authorization", "Bearer x"), ("sec-fetch-site", "cross-site")], 200),
        (vec![("content-type", JSON)], 200),
        (vec![("content-type", "text/plain")], 400),
    ] {
        let request = Request::get("/graphql?query=%7B__typename%7D");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_eq!(send(request, "").await.0, expected, "{headers:?}");
    }
}

#[test]
fn a_refusal_from_outside_looks_the_same() {
    let (request, ()) = Request::builder().header(ACCEPT, GRAPHQL).body(()).unwrap().into_parts();
    let error = request_error("RATE_LIMITED", "Slow down");
    let response = refuse(&request, StatusCode::TOO_MANY_REQUESTS, error);
    let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
    assert_eq!((response.status().as_u16(), content_type.split(';').next()), (429, Some(GRAPHQL)));
}
