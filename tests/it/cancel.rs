//! Clients that hang up in the middle of something, under load.
//!
//! A handler that is dropped while it opens a transaction gives its connection back inside one; what
//! is written over that connection later is acknowledged and never committed. So: many clients hang up
//! at random moments, and afterwards everything that was acknowledged has to be there, as another
//! server sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use entity::{account, invitation};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Options, Person, Server, both};

/// Clients that wait for their answers, and how much each has done.
const PATIENT: usize = 4;
const WRITES: usize = 20;
/// Clients that do not.
const HASTY: u64 = 8;

async fn create(person: &Person, name: &str) -> String {
    let input = json!({
        "organizationId": person.organization, "name": name, "parentAccountId": person.account,
    });
    let created = person.call("CreateAccount", input).await.done("createAccount");
    created.text("/createAccount/account/name")
}

async fn invite(person: &Person, email: &str) -> String {
    let invited = person.invite(email, &[]).await.done("inviteUsers");
    assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "INVITED");
    invited.text("/inviteUsers/results/0/invitation/email")
}

/// Nothing but a transaction that is opened and given up again.
async fn refresh_in_vain(server: &Server) {
    let input = json!({ "input": { "refreshToken": "x" } });
    let refused = server.ask("RefreshSession", input).await;
    assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
}

/// Has one thing done after another and waits for each; what was acknowledged.
async fn wait(person: Person, client: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..WRITES {
        acknowledged.push(create(&person, &format!("account {client} {number}")).await);
        let email = format!("user{client}.{number}@corp.example");
        acknowledged.push(invite(&person, &email).await);
        // A connection that was left in the middle of an answer must not give it to somebody else.
        let viewer = person.ask("Viewer", json!({})).await;
        assert_eq!(viewer.text("/viewer/user/id"), person.id);
    }
    acknowledged
}

/// Asks for one thing after another, and hangs up at a random moment within twice the time that
/// it takes; what was acknowledged all the same.
async fn hang_up(person: Person, client: u64, enough: Arc<AtomicBool>) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(client);
    let mut acknowledged = Vec::new();
    let mut number = 0;
    while !enough.load(Ordering::Relaxed) {
        number += 1;
        let started = Instant::now();
        refresh_in_vain(&person.server).await;
        let usual = started.elapsed();
        for _ in 0..4 {
            let moment = usual.mul_f64(random.random_range(0.0..2.0));
            let _hung_up = timeout(moment, refresh_in_vain(&person.server)).await;
        }
        let moment = usual.mul_f64(random.random_range(0.0..4.0));
        let _hung_up = timeout(moment, person.ask("Viewer", json!({}))).await;
        let moment = usual.mul_f64(random.random_range(0.0..8.0));
        let email = format!("hasty{client}.{number}@corp.example");
        acknowledged.extend(timeout(moment, invite(&person, &email)).await);
    }
    acknowledged
}

/// All names of accounts and addresses of invitations, as this server sees them.
async fn standing(server: &Server) -> BTreeSet<String> {
    let accounts = account::Entity::find().all(&server.app.db).await.unwrap();
    let invitations = invitation::Entity::find().all(&server.app.db).await.unwrap();
    let accounts = accounts.into_iter().map(|account| account.name);
    accounts.chain(invitations.into_iter().map(|invitation| invitation.email)).collect()
}

both!(
    /// Nothing that was acknowledged is lost, and no connection stays behind in a transaction.
    clients_that_hang_up_cost_nobody_a_write,
    Options {
        config: Some(|config| {
            // Few connections, so that each is used by many.
            config.database_connections = 4;
            config.pending_invitations = 100_000;
        }),
        ..Options::default()
    },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let enough = Arc::new(AtomicBool::new(false));
        let hasty: Vec<_> = (0..HASTY)
            .map(|client| tokio::spawn(hang_up(bob.clone(), client, Arc::clone(&enough))))
            .collect();
        let patient: Vec<_> =
            (0..PATIENT).map(|client| tokio::spawn(wait(ann.clone(), client))).collect();

        let mut acknowledged = BTreeSet::new();
        for client in patient {
            acknowledged.extend(client.await.unwrap());
        }
        enough.store(true, Ordering::Relaxed);
        assert_eq!(acknowledged.len(), PATIENT * WRITES * 2);
        for client in hasty {
            acknowledged.extend(client.await.unwrap());
        }

        // Another server sees only what was committed.
        let elsewhere = server.another(Options::default()).await;
        let standing = standing(&elsewhere).await;
        let lost: Vec<&String> = acknowledged.difference(&standing).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert!(!stuck_in_transaction(&elsewhere).await);
        assert_eq!(create(&ann, "one more").await, "one more");
    }
);

/// Whether a connection of the database stays in a transaction in which nothing happens. What is still
/// under way for those who hung up gets the time to finish.
async fn stuck_in_transaction(server: &Server) -> bool {
    let db = &server.app.db;
    if db.get_database_backend() != DbBackend::Postgres {
        return false;
    }
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    for _ in 0..1_000 {
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        if row.unwrap().try_get_by_index::<i64>(0).unwrap() == 0 {
            return false;
        }
    }
    true
}
