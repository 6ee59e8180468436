//! Clients that hang up in the middle of something.
//!
//! A handler that is dropped while it opens a transaction gives its connection back inside one; what
//! is written over that connection later is acknowledged and never committed. So what writes is
//! carried through, whoever waits for it; and while many clients hang up at random moments, nothing of
//! what others were told, or the mail worker noted, is lost, as another server sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use entity::mail::State;
use entity::{account, invitation, mail};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, Statement,
    TransactionTrait,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Options, Person, Server, both, database};

/// Clients that hang up.
const HASTY: u64 = 6;
/// Clients that wait for their answers, and how many accounts each creates.
const PATIENT: usize = 3;
const ACCOUNTS: usize = 10;
/// How many people are invited meanwhile; each gets a mail.
const INVITED: usize = 300;

async fn create(person: &Person, name: &str) -> String {
    let input = json!({
        "organizationId": person.organization, "name": name, "parentAccountId": person.account,
    });
    let created = person.call("CreateAccount", input).await.done("createAccount");
    created.text("/createAccount/account/name")
}

/// Creates one account after another; gives their names.
async fn create_many(person: Person, client: usize) -> Vec<String> {
    let mut names = Vec::new();
    for number in 0..ACCOUNTS {
        names.push(create(&person, &format!("account {client} {number}")).await);
        // A connection that was left in the middle of an answer must not give it to somebody else.
        let viewer = person.ask("Viewer", json!({})).await;
        assert_eq!(viewer.text("/viewer/user/id"), person.id);
    }
    names
}

/// Invites a hundred people after another, and has the mails sent; gives their addresses.
async fn invite_many(person: Person) -> Vec<String> {
    let mut addresses = Vec::new();
    for hundred in 0..INVITED / 100 {
        let invitees: Vec<Value> = (0..100)
            .map(|number| json!({ "email": format!("user{number}@corp{hundred}.example") }))
            .collect();
        let input = json!({ "organizationId": person.organization, "invitees": invitees });
        let invited = person.call("InviteUsers", input).await.done("inviteUsers");
        addresses.extend(invited.texts("/inviteUsers/results", "/invitation/email"));
        while person.server.deliver().await > 0 {}
    }
    addresses
}

/// Nothing but a transaction that is opened and given up again.
async fn refresh_in_vain(server: &Server) {
    let input = json!({ "input": { "refreshToken": "x" } });
    let refused = server.ask("RefreshSession", input).await;
    assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
}

/// Asks for one thing after another, and hangs up at a random moment within twice the time that it
/// takes.
async fn hang_up(person: Person, client: u64, enough: Arc<AtomicBool>) {
    let mut random = StdRng::seed_from_u64(client);
    while !enough.load(Ordering::Relaxed) {
        let started = Instant::now();
        refresh_in_vain(&person.server).await;
        let usual = started.elapsed();
        for _ in 0..8 {
            let moment = usual.mul_f64(random.random_range(0.0..2.0));
            let _hung_up = timeout(moment, refresh_in_vain(&person.server)).await;
        }
        let moment = usual.mul_f64(random.random_range(0.0..4.0));
        let _hung_up = timeout(moment, person.ask("Viewer", json!({}))).await;
    }
}

both!(
    /// Nothing that was acknowledged is lost, and no connection stays behind in a transaction.
    clients_that_hang_up_cost_nobody_a_write,
    Options {
        // Few connections, so that each is used by many.
        config: Some(|config| config.database_connections = 4),
        ..Options::default()
    },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let enough = Arc::new(AtomicBool::new(false));
        let hasty: Vec<_> = (0..HASTY)
            .map(|client| tokio::spawn(hang_up(bob.clone(), client, Arc::clone(&enough))))
            .collect();
        let mut patient: Vec<_> =
            (0..PATIENT).map(|client| tokio::spawn(create_many(ann.clone(), client))).collect();
        patient.push(tokio::spawn(invite_many(ann.clone())));

        let mut acknowledged = BTreeSet::new();
        for client in patient {
            acknowledged.extend(client.await.unwrap());
        }
        enough.store(true, Ordering::Relaxed);
        for client in hasty {
            client.await.unwrap();
        }
        assert_eq!(acknowledged.len(), PATIENT * ACCOUNTS + INVITED);

        // Another server sees only what was committed.
        let elsewhere = server.another(Options::default()).await;
        let accounts = account::Entity::find().all(&elsewhere.app.db).await.unwrap();
        let invitations = invitation::Entity::find().all(&elsewhere.app.db).await.unwrap();
        for standing in accounts.into_iter().map(|account| account.name) {
            acknowledged.remove(&standing);
        }
        for standing in invitations.into_iter().map(|invitation| invitation.email) {
            acknowledged.remove(&standing);
        }
        assert!(acknowledged.is_empty(), "acknowledged and lost: {acknowledged:?}");
        // Both sign-ups were mailed to as well.
        let sent = mail::Entity::find().filter(mail::Column::State.eq(State::Sent));
        let sent = sent.count(&elsewhere.app.db).await.unwrap();
        assert_eq!(usize::try_from(sent).unwrap(), INVITED + 2, "sent, and noted as such");

        assert!(comes_to(&elsewhere, 0, "state LIKE 'idle in transaction%'").await);
        assert_eq!(create(&ann, "one more").await, "one more");
    }
);

/// What has begun to write is carried through when its client hangs up: on PostgreSQL, where one can
/// see from outside how far it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_whose_client_hangs_up_is_carried_through() {
    database::on_postgres(Options::default(), |server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let lock = server.app.db.begin().await.unwrap();
        lock.execute_unprepared("SELECT 1 FROM organizations FOR UPDATE").await.unwrap();
        let asking = tokio::spawn({
            let ann = ann.clone();
            async move { create(&ann, "Orphan").await }
        });
        assert!(comes_to(&server, 1, "wait_event_type = 'Lock'").await);
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        // The server notices while it does other things.
        for _ in 0..50 {
            server.http.get(format!("{}/health/live", server.url)).send().await.unwrap();
        }
        lock.commit().await.unwrap();
        assert!(comes_to(&server, 0, "state <> 'idle'").await);
        let accounts = account::Entity::find().all(&server.app.db).await.unwrap();
        assert!(accounts.iter().any(|account| account.name == "Orphan"), "{accounts:?}");
    })
    .await;
}

/// Waits until so many of the database's connections are like this; whether it came to that. Always
/// where there is nothing to see.
async fn comes_to(server: &Server, connections: i64, like: &str) -> bool {
    let db = &server.app.db;
    if db.get_database_backend() != DbBackend::Postgres {
        return true;
    }
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND {like}"
    );
    for _ in 0..10_000 {
        let count = Statement::from_string(DbBackend::Postgres, &sql);
        let count = db.query_one_raw(count).await.unwrap().unwrap();
        if count.try_get_by_index::<i64>(0).unwrap() == connections {
            return true;
        }
    }
    false
}
