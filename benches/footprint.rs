//! What the server costs: time to start, memory, and the speed of a listing.
//!
//! `cargo bench --bench footprint` starts the release build of the program on a `SQLite` database of
//! its own with fifty users, and prints what it measures against what it should be. It judges
//! nothing: numbers depend on the machine, which runs the client as well.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for the terminal, which may stop at the first surprise"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

const PASSWORD: &str = "correct-horse-battery-staple";

/// How many users the listed organization has.
const USERS: usize = 50;

/// How often a start is measured.
const STARTS: usize = 10;

/// How many requests are sent one after the other, before the memory is looked at again.
const REQUESTS: usize = 200;

/// How many clients send at once, and for how long, to see how many requests a second are answered.
const CLIENTS: usize = 8;
const BUSY: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let http = Client::new();

    println!("preparing an organization of {USERS} users");
    let server = Server::start(directory.path(), &http).await;
    let (token, organization) = fill(&server, &http).await;
    drop(server);

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Server::start(directory.path(), &http).await.ready_after);
    }
    let slowest = starts.iter().max().copied().unwrap();
    println!(
        "start to ready      {:>8.1} ms, the slowest of {STARTS} {:.1} ms   (target: below 300 ms)",
        milliseconds(median(starts)),
        milliseconds(slowest)
    );

    let server = Server::start(directory.path(), &http).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!(
        "memory, idle        {:>8}                              (target: below 40 MiB)",
        server.memory()
    );

    let listing = json!({
        "query": include_str!("../clients/graphiql/tabs/organization_users.graphql"),
        "variables": { "id": organization, "first": USERS },
    });
    let list = async || {
        let body = post(&server, &http, &listing, Some(&token)).await;
        let users = body.pointer("/data/organization/users/edges").and_then(Value::as_array);
        assert_eq!(users.expect("a listing").len(), USERS);
    };
    let mut latencies = Vec::new();
    for _ in 0..REQUESTS {
        let began = Instant::now();
        list().await;
        latencies.push(began.elapsed());
    }
    println!("OrganizationUsers   {:>8.1} ms, median, one by one", milliseconds(median(latencies)));
    println!("memory, then        {:>8}   after {REQUESTS} requests", server.memory());

    let until = Instant::now() + BUSY;
    let client = async || {
        let mut answered = 0_u32;
        while Instant::now() < until {
            list().await;
            answered += 1;
        }
        answered
    };
    let answered: u32 =
        futures_util::future::join_all((0..CLIENTS).map(|_| client())).await.iter().sum();
    println!(
        "OrganizationUsers   {:>8.0} /s from {CLIENTS} clients at once",
        f64::from(answered) / BUSY.as_secs_f64()
    );
    println!("memory, at last     {:>8}", server.memory());
}

/// A running program; it is stopped when this goes.
struct Server {
    process: Child,
    url: String,
    /// From the start of the process to the first good answer of `/health/ready`.
    ready_after: Duration,
}

impl Server {
    async fn start(directory: &Path, http: &Client) -> Self {
        let began = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_rolecall"))
            .env("DATA_DIR", directory)
            .env("LISTEN", "127.0.0.1:0")
            // Tokens name it as their issuer: it has to stay the same whatever the port.
            .env("PUBLIC_URL", "http://rolecall.test")
            // It is measured how much the server can do, not how much one user may ask for.
            .env("COST_PER_USER_PER_MINUTE", "0")
            .env("COST_PER_NETWORK_PER_MINUTE", "0")
            .current_dir(directory)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let line = log.by_ref().map_while(Result::ok).find(|line| line.contains("listening on "));
        let line = line.expect("the line with the address");
        let url = line.rsplit_once("listening on ").unwrap().1.trim().to_owned();
        // Read to the end, so that the program is never kept waiting by a full pipe.
        std::thread::spawn(move || log.for_each(drop));
        while !is_ready(&url, http).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Self { process, url, ready_after: began.elapsed() }
    }

    /// The resident memory, where the system tells (Linux).
    fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<f64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kib.map_or("unknown".to_owned(), |kib| format!("{:.1} MiB", kib / 1024.0))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that the database is closed properly.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

async fn is_ready(url: &str, http: &Client) -> bool {
    let answer = http.get(format!("{url}/health/ready")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Signs somebody up who invites the others, who accept. Gives the token and the organization.
async fn fill(server: &Server, http: &Client) -> (String, String) {
    let query = "mutation($input: SignUpInput!) { signUp(input: $input) {
        tokens { accessToken } viewer { currentAccount { id organization { id } } } } }";
    let input = json!({
        "name": "Ann", "email": "ann@acme.example", "password": PASSWORD,
        "organizationName": "Acme", "accountName": "Acme Main",
    });
    let answer = send(server, http, query, input, None).await;
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    let token = text("/data/signUp/tokens/accessToken");
    let account = text("/data/signUp/viewer/currentAccount/id");
    let organization = text("/data/signUp/viewer/currentAccount/organization/id");

    let query = "mutation($input: InviteUsersInput!) { inviteUsers(input: $input) {
        userErrors { message } } }";
    let invitees: Vec<Value> =
        (1..USERS).map(|number| json!({ "email": format!("user{number}@acme.example") })).collect();
    let grants = json!([{ "roleKey": "account_developer", "scopeId": account }]);
    let input = json!({ "organizationId": organization, "invitees": invitees, "grants": grants });
    send(server, http, query, input, Some(&token)).await;

    let mails = http.get(format!("{}/mailbox.json", server.url)).send().await.unwrap();
    let mails: Vec<Value> = mails.json().await.unwrap();
    let query = "mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
        userErrors { message } } }";
    for (number, mail) in mails.iter().filter(|mail| mail["kind"] == "invitation").enumerate() {
        let link = mail["links"][0].as_str().unwrap().rsplit('/').next();
        let name = format!("User {number}");
        let input = json!({ "token": link, "name": name, "password": PASSWORD });
        send(server, http, query, input, None).await;
    }
    (token, organization)
}

/// Sends a document with an input.
async fn send(
    server: &Server,
    http: &Client,
    query: &str,
    input: Value,
    token: Option<&str>,
) -> Value {
    let request = json!({ "query": query, "variables": { "input": input } });
    let answer = post(server, http, &request, token).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer
}

async fn post(server: &Server, http: &Client, request: &Value, token: Option<&str>) -> Value {
    let mut post = http.post(format!("{}/graphql", server.url)).json(request);
    if let Some(token) = token {
        post = post.bearer_auth(token);
    }
    post.send().await.unwrap().json().await.unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
