//! How many mails a second the worker hands to a mail server (R53).
//!
//! `cargo bench --bench outbox` (with `--profile dev` for a debug build) queues mails of several
//! organizations, lets the worker send them to a mail server on this machine that answers at once, on
//! SQLite and, if one answers, on PostgreSQL, and prints the mails a second. It fails below 50. The mail
//! server runs in the same process and reads every mail, so the number is the less for it.
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

use std::time::{Duration, Instant};

use rolecall::mail::worker;
use serde_json::{Value, json};
use tokio::sync::watch;

#[path = "../tests/it/support/mod.rs"]
mod support;

use support::smtp::SmtpServer;
use support::{Options, Server, database};

/// How many mails there are, unless a number is given.
const MAILS: usize = 2_000;
/// How many organizations they are of.
const ORGANIZATIONS: usize = 5;
/// The fewest mails a second that are good enough.
const ENOUGH: f64 = 50.0;

#[tokio::main]
async fn main() {
    database::on_sqlite(options(), |server| measure("SQLite", server)).await;
    database::on_postgres(options(), |server| measure("PostgreSQL", server)).await;
}

fn options() -> Options {
    Options {
        config: Some(|config| {
            config.pending_invitations = 1_000_000;
            config.mails_per_organization_per_hour = 1_000_000;
        }),
        ..Options::default()
    }
}

async fn measure(name: &str, server: Server) {
    let mails: usize = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(MAILS);
    let smtp = SmtpServer::start().await;
    let sending = Options { smtp_url: Some(smtp.url()), ..options() };
    for number in 0..ORGANIZATIONS {
        let ann = server.sign_up("Ann", &format!("ann@acme{number}.example"), "Acme").await;
        let of_this = mails / ORGANIZATIONS;
        for from in (0..of_this).step_by(100) {
            let people: Vec<Value> = (from..of_this.min(from + 100))
                .map(|n| json!({ "email": format!("p{n}@corp{number}.example") }))
                .collect();
            ann.invite_with(json!({ "invitees": people })).await.done("inviteUsers");
        }
    }
    let total = mails / ORGANIZATIONS * ORGANIZATIONS + ORGANIZATIONS;
    let sender = server.another(sending).await;
    let (stop, stopping) = watch::channel(false);
    let began = Instant::now();
    let worker = tokio::spawn(worker::run(sender.app.clone(), stopping));
    while smtp.received_count() < total {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(began.elapsed().as_secs_f64() < total as f64 / ENOUGH * 2.0, "far too slow");
    }
    let seconds = began.elapsed().as_secs_f64();
    stop.send(true).unwrap();
    worker.await.unwrap();
    let speed = total as f64 / seconds;
    println!(
        "{name:<12} {total:>6} mails in {seconds:>6.2} s: {speed:>7.0} /s (target: at least 50)"
    );
    assert!(speed >= ENOUGH, "{name}: {speed:.0} mails a second");
}
