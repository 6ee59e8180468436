//! Documents that are named instead of sent: automatic persisted queries, trusted documents.

use std::path::PathBuf;

use reqwest::Method;
use rolecall::config::Config;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::endpoint::{GRAPHQL, call};
use crate::support::program::{Serving, run, stderr};
use crate::support::{Answer, Options, Server, both};

const QUERY: &str = "query Q($name: String!) { __type(name: $name) { name } }";

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn apq(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn post(server: &Server, body: Value) -> Answer {
    let request = call(server, Method::POST, "/graphql").header("accept", GRAPHQL).json(&body);
    Answer::read(request.send().await.unwrap()).await
}

both!(
    /// Apollo's protocol: the hash alone; with the document, where the server does not know it; and from
    /// then on the hash alone, for everybody, by GET too.
    a_document_that_was_sent_once_is_known_by_its_hash,
    |server: Server| async move {
        let hash = sha256(QUERY);
        let named = json!({ "extensions": apq(&hash), "variables": { "name": "User" } });
        let unknown = post(&server, named.clone()).await;
        assert_eq!((unknown.status, unknown.error()), (400, "PERSISTED_QUERY_NOT_FOUND"));
        assert_eq!(unknown.body["errors"][0]["message"], "PersistedQueryNotFound");
        // A document under another one's hash is refused, and not kept.
        let other = json!({ "query": "{ __typename }", "extensions": apq(&hash) });
        assert_eq!(post(&server, other).await.error(), "BAD_USER_INPUT");
        assert_eq!(post(&server, named.clone()).await.error(), "PERSISTED_QUERY_NOT_FOUND");

        let both = json!({ "query": QUERY, "extensions": apq(&hash), "variables": { "name": "User" } });
        let first = post(&server, both).await;
        assert_eq!(first.body["data"], json!({ "__type": { "name": "User" } }));
        assert_eq!(post(&server, named).await.body["data"], first.body["data"]);
        let by_id = json!({ "documentId": format!("sha256:{hash}"), "variables": { "name": "User" } });
        assert_eq!(post(&server, by_id).await.body["data"], first.body["data"]);
        let given = [
            ("extensions", apq(&hash).to_string()),
            ("variables", json!({ "name": "Role" }).to_string()),
        ];
        let url = reqwest::Url::parse_with_params(&format!("{}/graphql", server.url), given);
        let get = server.http.get(url.unwrap()).header("accept", GRAPHQL);
        let got = Answer::read(get.send().await.unwrap()).await;
        assert_eq!(got.body["data"], json!({ "__type": { "name": "Role" } }));
    }
);

both!(
    /// Only what can be executed is kept: not what is over a limit, nor what cannot be parsed.
    a_document_that_is_refused_is_not_kept,
    |server: Server| async move {
        let deep = format!("{}a{}", "{ a ".repeat(20), " }".repeat(20));
        for document in ["{", &deep] {
            let hash = sha256(document);
            let sent = json!({ "query": document, "extensions": apq(&hash) });
            assert_eq!(post(&server, sent).await.status, 400);
            let named = json!({ "extensions": apq(&hash) });
            assert_eq!(post(&server, named).await.error(), "PERSISTED_QUERY_NOT_FOUND");
        }
        // What is wrong with the variables is the request's fault, not the document's.
        let sent = json!({ "query": QUERY, "extensions": apq(&sha256(QUERY)) });
        assert_eq!(post(&server, sent).await.error(), "BAD_USER_INPUT");
        let named = json!({ "extensions": apq(&sha256(QUERY)), "variables": { "name": "User" } });
        assert_eq!(post(&server, named).await.text("/__type/name"), "User");
        for (what, body) in [
            ("another version", json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": "x" } } })),
            ("no hash", json!({ "extensions": { "persistedQuery": { "version": 1 } } })),
            ("no object", json!({ "extensions": { "persistedQuery": "x" } })),
            ("no text", json!({ "documentId": 7 })),
            ("both", json!({ "documentId": "x", "query": "{ __typename }" })),
            ("neither", json!({ "extensions": {} })),
        ] {
            assert_eq!(post(&server, body).await.error(), "BAD_USER_INPUT", "{what}");
        }
    }
);

/// Files of trusted documents in all three formats.
fn documents() -> PathBuf {
    let directory = tempfile::tempdir().unwrap().keep();
    let apollo = json!({
        "format": "apollo-persisted-query-manifest", "version": 1,
        "operations": [{ "id": "of-apollo", "name": "Q", "type": "query", "body": QUERY }],
    });
    let relay = json!({ "0123456789abcdef": "query R { __typename }" });
    std::fs::write(directory.join("apollo.json"), apollo.to_string()).unwrap();
    std::fs::write(directory.join("relay.json"), relay.to_string()).unwrap();
    std::fs::write(directory.join("bare.graphql"), "query B { __typename }\n").unwrap();
    std::fs::write(directory.join("README.md"), "no document").unwrap();
    directory
}

both!(
    /// With trusted documents nothing else is executed, whoever sends it and however.
    only_trusted_documents_are_executed_where_there_are_any,
    Options {
        config: Some(|config: &mut Config| config.api.trusted_documents = Some(documents())),
        ..Options::default()
    },
    |server: Server| async move {
        let bare = "query B { __typename }\n";
        for body in [
            json!({ "documentId": "of-apollo" }),
            json!({ "documentId": format!("sha256:{}", sha256(QUERY)) }),
            json!({ "extensions": apq(&sha256(QUERY)) }),
            json!({ "documentId": "0123456789abcdef" }),
            json!({ "extensions": apq("0123456789abcdef") }),
            json!({ "documentId": format!("sha256:{}", sha256(bare)) }),
            // A document that is trusted is, also where it is sent whole.
            json!({ "query": bare }),
        ] {
            let mut body = body;
            body["variables"] = json!({ "name": "User" });
            let answer = post(&server, body.clone()).await;
            assert!(answer.body.get("errors").is_none(), "{body}: {:#}", answer.body);
        }
        let other = "{ __typename }";
        for body in [
            json!({ "query": other }),
            json!({ "query": other, "extensions": apq(&sha256(other)) }),
            json!({ "query": "{ __schema { queryType { name } } }" }),
        ] {
            let refused = post(&server, body.clone()).await;
            assert_eq!((refused.status, refused.error()), (400, "DOCUMENT_NOT_TRUSTED"), "{body}");
        }
        let unknown = json!({ "extensions": apq(&sha256(other)) });
        assert_eq!(post(&server, unknown).await.error(), "PERSISTED_QUERY_NOT_FOUND");
    }
);

#[tokio::test]
async fn a_fault_among_trusted_documents_is_told_at_start() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text, told) in [
        ("a.json", "{ \"id\": \"query {\" }", "of \"id\": Syntax Error"),
        ("b.json", "[]", "a manifest of persisted queries in JSON"),
        (
            "c.json",
            "{ \"format\": \"another\", \"operations\": [] }",
            "a manifest of persisted queries",
        ),
        ("d.json", "{}", "there is none"),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
        let output =
            run(&directory, &["serve"], &[("TRUSTED_DOCUMENTS", name), ("LISTEN", "127.0.0.1:0")])
                .await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("TRUSTED_DOCUMENTS") && said.contains(told), "{name}: {said}");
    }
    let absent = [("TRUSTED_DOCUMENTS", "no-such-file.json"), ("LISTEN", "127.0.0.1:0")];
    let output = run(&directory, &["serve"], &absent).await;
    assert!(stderr(&output).contains("files that can be read"), "{}", stderr(&output));
    std::fs::write(directory.path().join("e.graphql"), "{ __typename }").unwrap();
    let good = [("TRUSTED_DOCUMENTS", "e.graphql")];
    let mut serving = Serving::start(&directory, &["serve"], &good).await;
    assert_eq!(serving.stop("-TERM").await, Some(0));
}
