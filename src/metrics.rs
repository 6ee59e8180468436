//! What the server counts about itself, for whoever watches over it: `GET /metrics`, in the text format of
//! `OpenMetrics` 1.0, which Prometheus reads.
//!
//! Labels have few values each, whatever clients send: a path is the router's, a code one of ours.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Response, Value};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::store::Connections;
use crate::store::mail::Backlog;

/// The limits of the buckets for times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    path: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Path {
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Mail {
    outcome: &'static str,
}

/// What came of an attempt to send a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server took it.
    Sent,
    /// The mail server did not take it; it is tried again.
    Deferred,
    /// The mail server refused it for good.
    Refused,
    /// It was tried for as long as it is tried.
    GivenUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connection {
    state: &'static str,
}

/// The outbox, which needs no label: there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outbox {}

/// The counters of one process. Clones are the same.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Counters>);

struct Counters {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Family<Path, Histogram>,
    errors: Family<Code, Counter>,
    statements: Counter,
    failed_statements: Counter,
    statement_seconds: Histogram,
    connections: Family<Connection, Gauge>,
    most_connections: Gauge,
    mails: Family<Mail, Counter>,
    // Families, so that there is no value where none is known.
    outbox: Family<Outbox, Gauge>,
    outbox_age: Family<Outbox, Gauge>,
}

impl Default for Counters {
    fn default() -> Self {
        let times = || Histogram::new(SECONDS);
        let mut counters = Self {
            registry: Registry::with_prefix("rolecall"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(times as fn() -> Histogram),
            errors: Family::default(),
            statements: Counter::default(),
            failed_statements: Counter::default(),
            statement_seconds: times(),
            connections: Family::default(),
            most_connections: Gauge::default(),
            mails: Family::default(),
            outbox: Family::default(),
            outbox_age: Family::default(),
        };
        counters.register();
        counters
    }
}

impl Counters {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        let requests = self.requests.clone();
        registry.register("http_requests", "HTTP requests answered", requests);
        let (help, times) = ("Time until an HTTP answer began", self.request_seconds.clone());
        registry.register_with_unit("http_request", help, Unit::Seconds, times);
        let help = "Errors at the top level of GraphQL answers";
        registry.register("graphql_errors", help, self.errors.clone());
        registry.register("sql_statements", "SQL statements run", self.statements.clone());
        let help = "SQL statements that the database did not carry out";
        registry.register("sql_statement_failures", help, self.failed_statements.clone());
        let (help, times) = ("Time that an SQL statement took", self.statement_seconds.clone());
        registry.register_with_unit("sql_statement", help, Unit::Seconds, times);
        let help = "Connections of the pool to the database";
        registry.register("database_connections", help, self.connections.clone());
        let help = "The most connections that the pool opens";
        registry.register("database_connections_max", help, self.most_connections.clone());
        registry.register("mails", "Attempts to send a mail", self.mails.clone());
        let help = "Mails that are due and not sent, of all servers over the database";
        registry.register("outbox_mails", help, self.outbox.clone());
        let (help, age) = ("How long the oldest of these has waited", self.outbox_age.clone());
        registry.register_with_unit("outbox_oldest_mail", help, Unit::Seconds, age);
    }
}

impl Metrics {
    /// Counts an HTTP request that was answered. `path` is the router's; what was not found has none.
    pub fn request(&self, path: Option<&str>, status: u16, took: Duration) {
        let path = path.unwrap_or("none").to_owned();
        let seconds = self.0.request_seconds.get_or_create(&Path { path: path.clone() });
        seconds.observe(took.as_secs_f64());
        drop(seconds);
        self.0.requests.get_or_create(&Request { path, status }).inc();
    }

    /// Counts the errors of a GraphQL answer by their codes.
    pub fn errors(&self, response: &Response) {
        for error in &response.errors {
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            if let Some(Value::String(code)) = code {
                self.0.errors.get_or_create(&Code { code: code.clone() }).inc();
            }
        }
    }

    /// Counts an SQL statement.
    pub fn statement(&self, statement: &sea_orm::metric::Info<'_>) {
        self.0.statements.inc();
        self.0.statement_seconds.observe(statement.elapsed.as_secs_f64());
        if statement.failed {
            self.0.failed_statements.inc();
        }
    }

    /// Counts an attempt to send a mail.
    pub fn mail(&self, outcome: Delivery) {
        let outcome = match outcome {
            Delivery::Sent => "sent",
            Delivery::Deferred => "deferred",
            Delivery::Refused => "refused",
            Delivery::GivenUp => "given_up",
        };
        self.0.mails.get_or_create(&Mail { outcome }).inc();
    }

    /// All of it as text, with how things stand now. Of the outbox nothing is said where `backlog` is
    /// not known.
    #[must_use]
    pub fn render(&self, connections: Connections, backlog: Option<Backlog>) -> String {
        let (idle, in_use) = (connections.idle, connections.open.saturating_sub(connections.idle));
        for (state, number) in [("idle", idle), ("in_use", in_use)] {
            self.0.connections.get_or_create(&Connection { state }).set(i64::from(number));
        }
        self.0.most_connections.set(i64::from(connections.most));
        if let Some(Backlog { mails, oldest }) = backlog {
            self.0.outbox.get_or_create(&Outbox {}).set(mails);
            self.0.outbox_age.get_or_create(&Outbox {}).set(oldest.num_seconds());
        } else {
            self.0.outbox.clear();
            self.0.outbox_age.clear();
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
