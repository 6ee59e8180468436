//! A person's sessions: seeing them and ending them (R68).

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Options, Person, Server, both};

/// The ids of a person's sessions, the newest first.
async fn sessions(person: &Person) -> Vec<String> {
    person.ask("Sessions", json!({})).await.texts("/viewer/sessions/nodes", "/id")
}

async fn end(person: &Person, session: &str) -> crate::support::Answer {
    person.call("EndSession", json!({ "sessionId": session })).await
}

const END_OTHERS: &str = "mutation { endOtherSessions { endedCount userErrors { code } } }";

both!(
    /// R68: each sign-in is a session of its own, shown to its person, the newest first.
    r68_sessions_are_listed,
    |server: Server| async move {
        let desk = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.pass(TimeDelta::minutes(1));
        let phone = server.sign_in("Ann", "ann@acme.example").await;
        let bob = server.sign_up("Bob", "bob@other.example", "Other").await;

        let seen = phone.ask("Sessions", json!({})).await;
        let nodes = seen.at("/viewer/sessions/nodes").as_array().unwrap().clone();
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[0]["isCurrent"], true);
        assert_eq!(nodes[1]["isCurrent"], false);
        assert_eq!(nodes[1]["createdAt"], "2026-03-02T09:00:00+00:00");
        assert_eq!(nodes[0]["lastSeenAt"], "2026-03-02T09:01:00+00:00");
        let ids = sessions(&desk).await;
        assert_eq!(ids, sessions(&phone).await);
        assert_eq!(sessions(&bob).await.len(), 1);

        let doc = "query($id: ID!) { node(id: $id) { id ... on Session { isCurrent } } }";
        let own = desk.send(doc, json!({ "id": ids[0] })).await;
        assert_eq!(own.at("/node/isCurrent"), false);
        let others = bob.send(doc, json!({ "id": ids[0] })).await;
        assert!(others.at("/node").is_null(), "somebody else's does not exist");

        let page = "{ viewer { sessions(first: 1) { totalCount pageInfo { hasNextPage endCursor } nodes { id } } } }";
        let first = desk.send(page, json!({})).await;
        assert_eq!(first.at("/viewer/sessions/totalCount"), 2);
        assert_eq!(first.at("/viewer/sessions/pageInfo/hasNextPage"), true);
        let cursor = first.text("/viewer/sessions/pageInfo/endCursor");
        let next = "query($c: String) { viewer { sessions(first: 1, after: $c) { nodes { id } } } }";
        let second = desk.send(next, json!({ "c": cursor })).await;
        assert_eq!(second.texts("/viewer/sessions/nodes", "/id"), ids[1..]);
    }
);

both!(
    /// R27, R68: a session that was ended answers nothing any more, on every server, and cannot be
    /// refreshed.
    r68_one_session_is_ended,
    |server: Server| async move {
        let desk = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.pass(TimeDelta::seconds(1));
        let phone = server.sign_in("Ann", "ann@acme.example").await;
        let bob = server.sign_up("Bob", "bob@other.example", "Other").await;
        let elsewhere = server.another(Options::default()).await;
        let lost = sessions(&phone).await[0].clone();

        assert_eq!(end(&bob, &lost).await.error(), "NOT_FOUND");
        end(&desk, &lost).await.done("endSession");
        let token = Some(phone.access_token.as_str());
        for server in [&server, &elsewhere] {
            let answer = server.send("{ viewer { user { id } } }", json!({}), token, None).await;
            assert_eq!(answer.error(), "UNAUTHENTICATED");
        }
        let input = json!({ "input": { "refreshToken": phone.refresh_token } });
        let refreshed = server.ask("RefreshSession", input).await;
        assert_eq!(refreshed.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
        assert_eq!(sessions(&desk).await.len(), 1);
        assert_eq!(end(&desk, &lost).await.error(), "NOT_FOUND");
        assert_eq!(server.audit("session.ended").await.len(), 1);
    }
);

both!(
    /// R68: all others at once; the one that asks goes on.
    r68_all_other_sessions_are_ended,
    |server: Server| async move {
        let desk = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@other.example", "Other").await;
        let phone = server.sign_in("Ann", "ann@acme.example").await;
        server.sign_in("Ann", "ann@acme.example").await;
        let ended = desk.send(END_OTHERS, json!({})).await;
        assert_eq!(ended.at("/endOtherSessions/endedCount"), 2);
        assert_eq!(sessions(&desk).await.len(), 1);
        assert_eq!(phone.ask("Sessions", json!({})).await.error(), "UNAUTHENTICATED");
        assert_eq!(sessions(&bob).await.len(), 1, "nobody else's");
        let again = desk.send(END_OTHERS, json!({})).await;
        assert_eq!(again.at("/endOtherSessions/endedCount"), 0);
        assert_eq!(server.audit("session.others_ended").await.len(), 1);
    }
);
