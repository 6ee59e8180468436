//! What the administrator's lists cost in a large database (R30, R31).
//!
//! `cargo bench --bench scale -- 100000 500000` makes a PostgreSQL database of its own (beside the one at
//! `TEST_POSTGRES_URL`, else at 127.0.0.1:5432) with so many users and role assignments, and one with a
//! tenth of them. It starts the server over each, asks for every list as GraphQL, has PostgreSQL explain
//! each statement with its values, and takes the time of the first page, of one far behind it, and of a
//! search. It fails if a plan reads one of the large tables from one end to the other.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    unused_macros,
    unused_imports,
    unreachable_pub,
    reason = "a program for the terminal, which may stop at the first surprise, and what the tests share with it"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

#[path = "../tests/it/support/mod.rs"]
mod support;

use support::plans::{Listing, examine, listings};
use support::{Options, Server, crowd, database};

/// How often a page is asked for.
const TIMES: usize = 3;
/// How many pages of a hundred lie before the one far behind.
const DEEP: usize = 8;

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let users = numbers.first().copied().unwrap_or(100_000);
    let assignments = numbers.get(1).copied().unwrap_or(users * 5);
    let small = measure(users / 10, assignments / 10).await;
    let large = measure(users, assignments).await;
    assert!(!small.is_empty() && !large.is_empty(), "this needs PostgreSQL");

    println!("\n{:<95} {:>24} {:>24}", "ms: first page, far behind; rows read", users / 10, users);
    for ((name, before), (_, after)) in small.iter().zip(&large) {
        let shown = |(first, deep, rows): &Times| {
            let deep = deep.map_or("-".to_owned(), |deep| format!("{:.1}", milliseconds(deep)));
            format!("{:.1} {deep:>8} {rows:>8}", milliseconds(*first))
        };
        println!("{name:<95} {:>24} {:>24}", shown(before), shown(after));
    }
}

/// Of the first page, of one far behind, and the most rows that a statement of either read.
type Times = (Duration, Option<Duration>, u64);

/// Every list's times in a database of this size.
async fn measure(users: u64, assignments: u64) -> Vec<(String, Times)> {
    let measured = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&measured);
    let story = async move |server: Server| {
        let began = Instant::now();
        let crowd = crowd::make(&server, users, assignments).await;
        println!("made {users} users, {assignments} assignments in {:.0?}", began.elapsed());
        let mut wrong = Vec::new();
        for listing in listings(&crowd) {
            let (first, mut statements) =
                server.queries(listing.page(json!({ "first": 50 }))).await;
            let quick = median(&listing, json!({ "first": 50 })).await;
            // Far behind: the cursor is walked to once.
            let mut cursor = listing.cursor(&first, "endCursor");
            let mut full = listing.rows(&first) == 50;
            for _ in 0..DEEP {
                if !full {
                    break;
                }
                let page = listing.page(json!({ "first": 100, "after": cursor })).await;
                full = listing.rows(&page) == 100;
                if full {
                    cursor = listing.cursor(&page, "endCursor");
                }
            }
            let deep = if full {
                let window = json!({ "first": 50, "after": cursor });
                statements.extend(server.queries(listing.page(window.clone())).await.1);
                Some(median(&listing, window).await)
            } else {
                None
            };
            let examined = examine(&server, &statements).await;
            wrong.extend(examined.scans.iter().map(|scan| format!("{}: {scan}", listing.name)));
            into.lock().unwrap().push((listing.name.clone(), (quick, deep, examined.rows)));
        }
        println!("{} lists, {} scans of large tables", into.lock().unwrap().len(), wrong.len());
        // A table of a few hundred rows is read whole sooner than any index.
        assert!(wrong.is_empty() || users < 20_000, "{}", wrong.join("\n"));
    };
    database::on_postgres(Options::default(), story).await;
    std::mem::take(&mut *measured.lock().unwrap())
}

async fn median(listing: &Listing<'_>, window: serde_json::Value) -> Duration {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        listing.page(window.clone()).await;
        times.push(began.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
