//! The real server: real router, real socket, real database; only time and randomness are ours.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rolecall::access::catalogue::{Catalogue, ORGANIZATION, TEAM};
use rolecall::app::{self, App};
use rolecall::auth::keys::Keyring;
use rolecall::clock::{Clock, Random};
use rolecall::config::Config;
use rolecall::http;
use rolecall::mail::transport::Transport;
use rolecall::mail::worker;
use sea_orm::Statement;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answer::Answer;
use super::operations;
use super::person::Person;

/// What a story needs to be different.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Changes to the settings.
    pub(crate) config: Option<fn(&mut Config)>,
    /// The team catalogue instead of the organization catalogue.
    pub(crate) team: bool,
    /// A catalogue of one's own, instead of either.
    pub(crate) catalogue: Option<String>,
    /// A mail server, instead of the development mailbox.
    pub(crate) smtp_url: Option<String>,
}

/// A running server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    clock: Arc<FixedClock>,
    statements: Arc<Mutex<Vec<Statement>>>,
    _stop: Arc<watch::Sender<bool>>,
}

/// A clock that stands still.
pub(crate) struct FixedClock(Mutex<DateTime<Utc>>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl Server {
    /// A server on a migrated database.
    pub(crate) async fn start(database_url: String, options: Options) -> Self {
        let clock =
            Arc::new(FixedClock(Mutex::new(Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap())));
        Self::start_with(database_url, options, clock, 7).await
    }

    /// Another server process over the same database, as far as a test can have one: nothing is
    /// shared but the database, the keys and the time.
    pub(crate) async fn another(&self, options: Options) -> Self {
        let database_url = self.app.config.database_url.clone();
        Self::start_with(database_url, options, Arc::clone(&self.clock), 8).await
    }

    async fn start_with(
        database_url: String,
        options: Options,
        clock: Arc<FixedClock>,
        seed: u64,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let mut config = Config {
            database_url,
            public_url: "http://rolecall.test".to_owned(),
            smtp_url: options.smtp_url,
            dns_resolver: Some(super::dns::address()),
            // Nobody in the stories stops to verify their address.
            unverified_invitations_per_day: 1_000_000,
            ..Config::default()
        };
        // Time stands still, and with it what comes back of a budget.
        config.api.cost_per_user_per_minute = 0;
        config.api.cost_per_network_per_minute = 0;
        if let Some(change) = options.config {
            change(&mut config);
        }
        let db = app::connect(&config).await.unwrap();
        let shipped = if options.team { TEAM } else { ORGANIZATION };
        let catalogue = options.catalogue.as_deref().unwrap_or(shipped);
        let catalogue = Catalogue::parse("of the test", catalogue).unwrap();
        let keys = Keyring::from_seed([7; 32]);
        let random = Random::new(StdRng::seed_from_u64(seed));
        let time: Arc<dyn Clock> = clock.clone();
        let mut app = App::assemble(config, db, catalogue, keys, time, random).await.unwrap();
        let statements = Arc::new(Mutex::new(Vec::new()));
        let (log, metrics) = (Arc::clone(&statements), app.metrics.clone());
        app.db.set_metric_callback(move |info| {
            metrics.statement(info);
            log.lock().unwrap().push(info.statement.clone());
        });
        let app = Arc::new(app);

        let (stop, stopping) = watch::channel(false);
        let router = http::router(Arc::clone(&app));
        tokio::spawn(http::server::serve(listener, router, stopping, Duration::from_secs(1)));
        Self {
            app,
            url: format!("http://{address}"),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            clock,
            statements,
            _stop: Arc::new(stop),
        }
    }

    /// The time, as the server has it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.clock.0.lock().unwrap() += time;
    }

    /// Sends an operation of the contract without being anybody.
    pub(crate) async fn ask(&self, operation: &str, variables: Value) -> Answer {
        self.send(&operations::document(operation), variables, None, None).await
    }

    /// Sends a document, perhaps with a token and in another account.
    pub(crate) async fn send(
        &self,
        query: &str,
        variables: Value,
        token: Option<&str>,
        account: Option<&str>,
    ) -> Answer {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.url))
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(account) = account {
            request = request.header("rolecall-account", account);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Somebody signs up: a person with an organization and an account of their own.
    pub(crate) async fn sign_up(&self, name: &str, email: &str, organization: &str) -> Person {
        let input = json!({
            "name": name, "email": email, "password": Person::PASSWORD,
            "organizationName": organization, "accountName": format!("{organization} Main"),
        });
        let answer = self.ask("SignUp", json!({ "input": input })).await;
        Person::from_tokens(self, name, email, &answer, "signUp").await
    }

    /// Somebody signs in with the password that all our people have.
    pub(crate) async fn sign_in(&self, name: &str, email: &str) -> Person {
        let input = json!({ "email": email, "password": Person::PASSWORD });
        let answer = self.ask("SignIn", json!({ "input": input })).await;
        Person::from_tokens(self, name, email, &answer, "signIn").await
    }

    /// The mails in the development mailbox, newest first: `to`, `subject`, `text`, `links`.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        let mails = self.http.get(format!("{}/mailbox.json", self.url)).send().await.unwrap();
        mails.json::<Value>().await.unwrap().as_array().unwrap().clone()
    }

    /// The token in the newest invitation mailed to an address.
    pub(crate) async fn invitation_token(&self, email: &str) -> String {
        let mails = self.mails().await;
        let to = |mail: &&Value| mail["to"].as_str().unwrap().contains(email);
        let links = mails.iter().filter(to).flat_map(|mail| mail["links"].as_array().unwrap());
        let mut links = links.filter_map(Value::as_str);
        let link = links.find(|link| link.contains("/invitations/")).expect("a mail with a link");
        link.rsplit('/').next().unwrap().to_owned()
    }

    /// Has the mail worker do one round.
    pub(crate) async fn deliver(&self) -> usize {
        let transport = Transport::from_config(&self.app.config).unwrap();
        worker::run_once(&self.app, &transport).await.unwrap()
    }

    /// The SQL statements that the server runs while something is done.
    pub(crate) async fn statements<T>(&self, doing: impl Future<Output = T>) -> (T, Vec<String>) {
        let (done, statements) = self.queries(doing).await;
        (done, statements.into_iter().map(|statement| statement.sql).collect())
    }

    /// The same with their values.
    pub(crate) async fn queries<T>(&self, doing: impl Future<Output = T>) -> (T, Vec<Statement>) {
        self.statements.lock().unwrap().clear();
        let done = doing.await;
        let statements = std::mem::take(&mut *self.statements.lock().unwrap());
        (done, statements)
    }
}
