//! What is taken away is gone at once, at every server over the database, under load (R27).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Options, Person, Server, both};

/// How many clients ask at the same time.
const CLIENTS: usize = 4;
/// How many answers there are before and after each removal.
const ANSWERS: usize = 25;

/// Whether somebody may do anything in an account, as the server says.
async fn may(server: &Server, token: &str, account: &str) -> bool {
    let query = "query($id: ID!) { account(id: $id) { viewerPermissions } }";
    let answer = server.send(query, json!({ "id": account }), Some(token), None).await;
    let permissions = answer.body.pointer("/data/account/viewerPermissions");
    permissions.and_then(Value::as_array).is_some_and(|all| !all.is_empty())
}

/// Asks one server again and again while something is taken away at the other. Whatever was sent before
/// the removal began has the access; whatever was sent after its answer, and so after its commit, has not.
async fn gone_at_once(
    what: &str,
    server: &Server,
    person: &Person,
    account: &str,
    removal: impl Future<Output = ()>,
) {
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            let (server, account) = (server.clone(), account.to_owned());
            let token = person.access_token.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let sent = Instant::now();
                    let may = may(&server, &token, &account).await;
                    seen.push((sent, Instant::now(), may));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                seen
            })
        })
        .collect();
    let more = async |answers: usize| {
        let until = answered.load(Ordering::SeqCst) + answers;
        while answered.load(Ordering::SeqCst) < until {
            tokio::task::yield_now().await;
        }
    };
    more(ANSWERS).await;
    let begun = Instant::now();
    removal.await;
    let committed = Instant::now();
    more(ANSWERS + CLIENTS).await;
    over.store(true, Ordering::SeqCst);

    let (mut before, mut after) = (0, 0);
    for client in clients {
        for (sent, answered, may) in client.await.unwrap() {
            if answered < begun {
                assert!(may, "{what}: no access before");
                before += 1;
            } else if sent > committed {
                assert!(!may, "{what}: access {:?} after the commit", sent - committed);
                after += 1;
            }
        }
    }
    assert!(before >= ANSWERS && after >= ANSWERS, "{what}: {before} before, {after} after");
}

both!(
    /// A role, a membership, an account and a session, taken away at one server and asked for at the other.
    r27_no_request_after_a_removal_has_the_access_at_another_server_under_load,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let roles = [("account_developer", &*desk)];
        let mut people = Vec::new();
        for name in ["bob", "cy", "dan", "eve"] {
            people.push(ann.colleague(name, &format!("{name}@corp.example"), &roles).await);
        }
        let [bob, cy, dan, eve]: &[Person; 4] = people.as_slice().try_into().unwrap();

        gone_at_once("a role", &other, bob, &desk, async {
            let input = json!({ "userId": bob.id, "scopeId": desk });
            ann.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
        })
        .await;
        gone_at_once("a membership", &other, cy, &desk, async {
            let input = json!({ "organizationId": ann.organization, "userId": cy.id });
            let suspend = "mutation($input: SuspendUserInput!) { suspendUser(input: $input) {
                userErrors { path code } } }";
            ann.send(suspend, json!({ "input": input })).await.done("suspendUser");
        })
        .await;
        gone_at_once("a session", &other, dan, &desk, async {
            dan.ask("SignOut", json!({})).await.done("signOut");
        })
        .await;
        gone_at_once("an account", &other, eve, &desk, async {
            ann.call("CloseAccount", json!({ "accountId": desk })).await.done("closeAccount");
        })
        .await;
    }
);
