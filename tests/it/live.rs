//! Subscriptions, over WebSockets and as server-sent events.

use serde_json::{Value, json};

use crate::support::live::{Events, Socket};
use crate::support::{Options, Server, both};

const INVITATIONS: &str = "subscription($org: ID!) { invitationChanged(organizationId: $org) {
    invitation { email status grants { role { key } } } } }";
const ASSIGNMENTS: &str = "subscription($org: ID!) { roleAssignmentsChanged(organizationId: $org) {
    userId user { name roleAssignments(first: 10) { nodes { role { key } } } } } }";
const ACCESS: &str =
    "subscription { accessChanged { viewer { accounts(first: 10) { nodes { name } } } } }";

/// Patience that a story need not wait for.
fn hasty() -> Options {
    Options { config: Some(|config| config.live_ping_seconds = 1), ..Options::default() }
}

both!(
    /// What is done at one server is told at another, once it is done, and answered as a query would be.
    r2_invitations_are_told_to_who_administers_them_on_every_server,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let grants = [("account_developer", ann.account.as_str())];
        let dev = ann.colleague("Dev", "dev@acme.example", &grants).await;
        let elsewhere = server.another(Options::default()).await;
        let org = json!({ "org": ann.organization });

        let mut socket = Socket::at(&elsewhere, &ann).await;
        socket.begin("a", INVITATIONS, org.clone()).await;
        // What exists without being theirs to see is FORBIDDEN; what does not exist for them NOT_FOUND.
        for (person, code) in [(&dev, "FORBIDDEN"), (&bob, "NOT_FOUND")] {
            let mut other = Socket::at(&elsewhere, person).await;
            for subscription in [INVITATIONS, ASSIGNMENTS] {
                other.begin("b", subscription, org.clone()).await;
                let refused = other.hear().await;
                let told = &refused["payload"]["errors"][0]["extensions"]["code"];
                assert_eq!(told, code, "{refused:#}");
                assert_eq!(other.hear().await["type"], "complete");
            }
        }

        ann.invite("cleo@acme.example", &grants).await.done("inviteUsers");
        let told = socket.event("a").await;
        let invitation = json!({ "email": "cleo@acme.example", "status": "PENDING",
            "grants": [{ "role": { "key": "account_developer" } }] });
        assert_eq!(told["invitationChanged"]["invitation"], invitation);
        // What is refused changes nothing, and nothing is told of it.
        ann.invite("cleo@acme.example", &grants).await;
        socket.is_silent().await;
    }
);

both!(
    /// The next event is decided anew: who was removed does not get it.
    r27_who_administers_no_more_is_told_nothing_from_the_next_event_on,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = [("account_administrator", ann.account.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &grants).await;
        let mut socket = Socket::of(&adam).await;
        socket.begin("a", INVITATIONS, json!({ "org": ann.organization })).await;
        let mut access = Socket::of(&adam).await;
        access.begin("x", ACCESS, json!({})).await;

        let input = json!({ "userId": adam.id, "scopeId": ann.account });
        ann.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
        let told = access.event("x").await;
        assert_eq!(told["accessChanged"]["viewer"]["accounts"]["nodes"], json!([]));
        ann.invite("cleo@acme.example", &[("account_developer", &ann.account)]).await;
        let refused = socket.hear().await;
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused:#}");
        assert_eq!(refused["payload"]["data"], Value::Null);
        assert_eq!(socket.hear().await, json!({ "id": "a", "type": "complete" }));
    }
);

both!(
    /// One event for all that one call changes of a user, also for assignments that are gone.
    r31_changed_assignments_are_told_once_for_each_user,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = [("account_developer", ann.account.as_str())];
        let dev = ann.colleague("Dev", "dev@acme.example", &grants).await;
        let mut socket = Socket::of(&ann).await;
        socket.begin("a", ASSIGNMENTS, json!({ "org": ann.organization })).await;

        let input =
            json!({ "userId": dev.id, "accountId": ann.account, "roleKey": "account_administrator" });
        ann.call("ChangeAccountRole", input).await.done("changeAccountRole");
        let told = &socket.event("a").await["roleAssignmentsChanged"];
        assert_eq!(told["userId"], dev.id);
        let held = told["user"]["roleAssignments"]["nodes"].to_string();
        assert!(held.contains("account_administrator") && !held.contains("developer"), "{held}");
        socket.is_silent().await;
    }
);

both!(
    /// Every connection of a session ends with it; those of other sessions go on.
    r68_a_connection_is_closed_when_its_session_ends,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let again = server.sign_in("Ann", &ann.email).await;
        let (mut ends, mut stays) = (Socket::of(&ann).await, Socket::of(&again).await);
        ends.begin("a", ACCESS, json!({})).await;
        let mut events = Events::of(&ann, ACCESS, json!({})).await;
        ann.ask("SignOut", json!({})).await.done("signOut");
        assert_eq!(ends.closed().await, 4401);
        let (kind, data) = events.next().await.unwrap();
        assert_eq!((kind.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!("UNAUTHENTICATED")));
        assert_eq!(events.next().await.unwrap().0, "complete");
        assert_eq!(events.next().await, None);
        stays.begin("q", "{ viewer { user { name } } }", json!({})).await;
        assert_eq!(stays.event("q").await["viewer"]["user"]["name"], "Ann");
    }
);

both!(
    /// Where a socket is blocked: the same over HTTP, and queries and mutations as well.
    events_are_sent_over_http_too,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut events = Events::of(&ann, INVITATIONS, json!({ "org": ann.organization })).await;
        ann.invite("cleo@acme.example", &[("account_developer", &ann.account)]).await;
        let (kind, data) = events.next().await.unwrap();
        assert_eq!(kind, "next");
        let email = &data["data"]["invitationChanged"]["invitation"]["email"];
        assert_eq!(email, "cleo@acme.example");

        let mut single = Events::of(&ann, "{ viewer { user { name } } }", json!({})).await;
        let (_, data) = single.next().await.unwrap();
        assert_eq!(data["data"]["viewer"]["user"]["name"], "Ann");
        assert_eq!(single.next().await.unwrap().0, "complete");
        let mut wrong = Events::of(&ann, "{ nothing }", json!({})).await;
        let (_, data) = wrong.next().await.unwrap();
        assert_eq!(data["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(wrong.next().await.unwrap().0, "complete");
    }
);

both!(
    /// The codes that graphql-transport-ws prescribes.
    a_socket_that_breaks_the_protocol_is_closed_with_its_code,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let foreign = [("origin", "https://evil.example")];
        assert_eq!(Socket::open(&server, &foreign).await.err(), Some(403));
        let mut socket = Socket::open(&server, &[]).await.ok().unwrap();
        assert_eq!(socket.closed().await, 4406);

        let mut socket = Socket::plain(&server).await;
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": "Bearer x" } })).await;
        assert_eq!(socket.closed().await, 4403);
        let mut socket = Socket::plain(&server).await;
        socket.begin("a", "{ viewer { user { id } } }", json!({})).await;
        assert_eq!(socket.closed().await, 4401);
        let mut socket = Socket::of(&ann).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.closed().await, 4429);
        let mut socket = Socket::of(&ann).await;
        socket.text("{}").await;
        assert_eq!(socket.closed().await, 4400);
        let mut socket = Socket::of(&ann).await;
        socket.begin("a", ACCESS, json!({})).await;
        socket.begin("a", ACCESS, json!({})).await;
        assert_eq!(socket.closed().await, 4409);

        let mut socket = Socket::of(&ann).await;
        socket.say(json!({ "type": "ping", "payload": { "n": 1 } })).await;
        assert_eq!(socket.hear().await, json!({ "type": "pong", "payload": { "n": 1 } }));
        socket.begin("q", "{ nothing }", json!({})).await;
        let refused = socket.hear().await;
        assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("q")), "{refused:#}");
    }
);

both!(
    /// Nothing is kept for who does not take it.
    a_consumer_that_takes_nothing_is_cut_off,
    hasty(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut socket = Socket::of(&ann).await;
        // Some 20 kB an event, more than the system buffers after a few hundred.
        let many: String = (0..10).map(|n| format!("m{n}: message ")).collect();
        let query = format!(
            "subscription($org: ID!) {{ invitationChanged(organizationId: $org) {{ invitation {{ {many} }} }} }}"
        );
        socket.begin("a", &query, json!({ "org": ann.organization })).await;
        let mut made = 0;
        for call in 0..4 {
            let invitees: Vec<Value> =
                (0..100).map(|n| json!({ "email": format!("p{call}-{n}@acme.example") })).collect();
            let input = json!({ "organizationId": ann.organization, "invitees": invitees,
                "message": "m".repeat(2000),
                "grants": [{ "roleKey": "account_developer", "scopeId": ann.account }] });
            ann.call("InviteUsers", input).await.done("inviteUsers");
            made += 100;
        }
        tokio::time::sleep(std::time::Duration::from_secs(8)).await;
        let mut heard = 0;
        while socket.next().await.is_ok() {
            heard += 1;
        }
        assert!(heard < made, "all {made} were kept");
    }
);
