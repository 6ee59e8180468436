//! Traces, as a collector of OpenTelemetry gets them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::program::Serving;

type Collected = Arc<Mutex<Vec<Bytes>>>;

/// A collector, which keeps what it gets (protobuf).
async fn collector() -> (String, Collected) {
    async fn keep(State(collected): State<Collected>, body: Bytes) {
        collected.lock().unwrap().push(body);
    }
    let collected = Collected::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(keep)).with_state(Arc::clone(&collected));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, collected)
}

/// One trace goes from whoever called the server through the request and its fields to the statements;
/// it holds no secret, and the last spans are handed over before the program ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_followed_from_its_caller_to_its_statements() {
    let (url, collected) = collector().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    let mut serving = Serving::start(&directory, &[], &settings).await;
    let ann = serving.sign_up("ann@acme.example").await;
    let token = ann.text("/signUp/tokens/accessToken");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let query = "{ viewer { organizations(first: 5) { nodes { owner { name } } } } }";
    let asked = reqwest::Client::new()
        .post(format!("{}/graphql", serving.url))
        .bearer_auth(&token)
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .json(&json!({ "query": query }))
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    assert_eq!(serving.stop("-TERM").await, Some(0));

    let batches = collected.lock().unwrap().concat();
    let has = |bytes: &[u8]| batches.windows(bytes.len()).any(|window| window == bytes);
    for name in ["rolecall", "POST /graphql", "Query.viewer", "Mutation.signUp", "batch"] {
        assert!(has(name.as_bytes()), "no {name}");
    }
    for statement in ["sea_orm.", "SELECT", "sqlite"] {
        assert!(has(statement.as_bytes()), "no {statement}");
    }
    let id: Vec<u8> =
        (0..16).map(|n| u8::from_str_radix(&trace[2 * n..][..2], 16).unwrap()).collect();
    assert!(has(&id), "the caller's trace goes on");
    for secret in [token.as_str(), "ann@acme.example", crate::support::Person::PASSWORD] {
        assert!(!has(secret.as_bytes()), "{secret}");
    }
    // The log has its own spans, and no more.
    assert!(!serving.log().contains("sea_orm"), "{}", serving.log());
}
