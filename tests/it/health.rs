//! Life without the database: what is said meanwhile, and coming back from it.
//!
//! On PostgreSQL only: a proxy between server and database can be cut. `SQLite` is a file that the
//! process has open; there is nothing to be cut off from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Options, Person, Server, both, database};

/// A way to the database that can be closed.
struct Proxy {
    address: SocketAddr,
    open: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// A proxy in front of this server.
    async fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(watch::Sender::new(true));
        let way = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *way.borrow() {
                    tokio::spawn(connect(client, upstream.clone(), way.subscribe()));
                }
            }
        });
        Self { address, open }
    }

    /// Ends all connections, and each new one as it comes.
    async fn cut(&self) {
        self.open.send_replace(false);
        // Each connection watches for as long as it lasts.
        self.open.closed().await;
    }

    fn restore(&self) {
        self.open.send_replace(true);
    }
}

/// Passes on what either side says, until the way is closed.
async fn connect(mut client: TcpStream, upstream: String, mut way: watch::Receiver<bool>) {
    let mut server = TcpStream::connect(upstream).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = way.wait_for(|open| !open) => {}
    }
    drop((client, server));
    drop(way);
}

/// A server whose way to its database leads through a proxy.
async fn behind_proxy(server: &Server) -> (Server, Proxy) {
    let url = &server.app.config.database_url;
    let (scheme, rest) = url.split_once("://").unwrap();
    let (place, database) = rest.split_once('/').unwrap();
    let (user, host) = place.rsplit_once('@').map_or(("", place), |(user, host)| (user, host));
    let proxy = Proxy::start(host.to_owned()).await;
    let url = format!("{scheme}://{user}@{}/{database}", proxy.address);
    (Server::start(url, Options::default()).await, proxy)
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    let answer = server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// `INTERNAL`, the request's id to ask about, and not a word more.
async fn assert_internal(person: &Person, account: Option<&str>, status: u16) {
    let request = person.server.http.post(format!("{}/graphql", person.server.url));
    let request = request.bearer_auth(&person.access_token);
    let request = request.json(&json!({ "query": "{ viewer { user { id } } }" }));
    let request = match account {
        Some(account) => request.header("rolecall-account", account),
        None => request,
    };
    let answer = request.header("x-request-id", "edge-7").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), status);
    let body: Value = answer.json().await.unwrap();
    let error = &body["errors"][0];
    assert_eq!(error["message"], "internal error", "{body}");
    assert_eq!(error["extensions"], json!({ "code": "INTERNAL", "requestId": "edge-7" }), "{body}");
    assert!(body["data"].is_null(), "{body}");
}

both!(
    /// With its database the server is ready; that it lives is another question.
    a_server_with_its_database_is_ready,
    |server: Server| async move {
        assert_eq!(get(&server, "/health/ready").await, (200, json!({ "status": "ok" })));
        assert_eq!(get(&server, "/health/live").await, (200, json!({ "status": "ok" })));
    }
);

/// While the database is gone every answer says so without naming it; when it is back, so is the
/// server, with all that was acknowledged before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_its_database_says_so_and_recovers_by_itself() {
    database::on_postgres(Options::default(), |server| async move {
        let (server, proxy) = behind_proxy(&server).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for round in 0..2 {
            assert_eq!(get(&server, "/health/ready").await.0, 200);
            proxy.cut().await;
            let (status, body) = get(&server, "/health/ready").await;
            let reason = "the database does not answer";
            assert_eq!(status, 503);
            assert_eq!(body, json!({ "status": "unavailable", "reason": reason }));
            assert_eq!(get(&server, "/health/live").await.0, 200);
            assert_eq!(get(&server, "/.well-known/jwks.json").await.0, 200);
            for _ in 0..3 {
                assert_internal(&ann, None, 200).await;
                assert_internal(&ann, Some(&ann.account), 500).await;
            }
            let new = json!({ "organizationId": ann.organization, "name": "Lost" });
            let lost = ann.call("CreateAccount", new).await;
            assert_eq!(lost.error(), "INTERNAL");

            proxy.restore();
            assert_eq!(get(&server, "/health/ready").await.0, 200);
            let listed = ann.ask("Viewer", json!({})).await;
            assert_eq!(*listed.at("/viewer/accounts/totalCount"), 1 + round);
            ann.create_account(&format!("Account {round}"), None).await;
        }
    })
    .await;
}

/// A database that restarts while nobody asks leaves the pool with connections that are dead: nobody
/// gets to see them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_gone_for_a_moment_costs_no_request() {
    database::on_postgres(Options::default(), |server| async move {
        let (server, proxy) = behind_proxy(&server).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        // Many at once, so that the pool has many connections.
        let asking: Vec<_> = (0..20)
            .map(|_| {
                let ann = ann.clone();
                tokio::spawn(async move { ann.ask("Viewer", json!({})).await })
            })
            .collect();
        for asked in asking {
            asked.await.unwrap();
        }
        proxy.cut().await;
        // As long as connections may be idle without being asked whether they live: no restart is
        // faster, and the pool's own clock cannot be moved.
        tokio::time::sleep(Duration::from_secs(1)).await;
        proxy.restore();
        for _ in 0..20 {
            assert_eq!(ann.ask("Viewer", json!({})).await.text("/viewer/user/id"), ann.id);
        }
    })
    .await;
}

both!(
    /// One connection is few, but it is what an operator may say: nothing that holds it waits for
    /// another one.
    a_server_with_one_connection_serves_many,
    Options { config: Some(|config| config.database_connections = 1), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("account_developer", &desk)]).await;
        let working: Vec<_> = (0..10)
            .map(|number| {
                let (ann, bob, desk) = (ann.clone(), bob.clone(), desk.clone());
                tokio::spawn(async move {
                    ann.create_account(&format!("Account {number}"), Some(&desk)).await;
                    ann.invite(&format!("user{number}@corp.example"), &[]).await.done("inviteUsers");
                    bob.call("SwitchAccount", json!({ "accountId": desk })).await.done("switchAccount");
                    let users = json!({ "id": ann.organization, "first": 10 });
                    let users = ann.ask("OrganizationUsers", users).await;
                    assert_eq!(*users.at("/organization/users/totalCount"), 2);
                    assert_eq!(get(&ann.server, "/health/ready").await.0, 200);
                })
            })
            .collect();
        for done in working {
            done.await.unwrap();
        }
        let input = json!({
            "userId": bob.id, "accountId": desk, "roleKey": "account_administrator",
        });
        ann.call("ChangeAccountRole", input).await.done("changeAccountRole");
        while server.deliver().await > 0 {}
        ann.ask("SignOut", json!({})).await.done("signOut");
    }
);
