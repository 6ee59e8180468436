//! The database fails under every operation: each table that an operation needs is taken away, one after
//! the other. The answer says nothing but that it is our fault, and which request it was; the log says
//! what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use rolecall::access::ScopeType;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::answers::mutation_outcome;
use super::cases::{Ask, Case, Given};
use super::relations::Spot;
use super::run::{Desk, Worker};
use super::schema::Schema;
use super::undo;
use super::words::ORGANIZATION;
use super::world::World;
use crate::support::{Options, Server, database};

/// One thread, so that the log of this test is its own.
#[tokio::test]
async fn a_database_that_fails_is_told_to_the_log_and_nobody_else() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    database::on_sqlite(Options::default(), move |server| fail(server, log)).await;
}

/// What was written since it was last taken.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn fail(server: Server, log: Log) {
    let world = World::build(&server, &ORGANIZATION, &[]).await;
    undo::watch(&server.app.db).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.db");
    let copy = format!("VACUUM INTO '{}'", file.display());
    server.app.db.execute_unprepared(&copy).await.unwrap();

    let statements = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&statements);
    let watch = move |sql: &str| seen.lock().unwrap().push(sql.to_owned());
    let desk = Desk::watched(&world, &file, 0, watch).await;
    let schema = Schema::read();
    let worker = Worker::new(&world, &schema, desk);
    let tables = undo::tables(&worker.desk.app.db).await;
    let house = House { worker: &worker, statements, tables, log };

    let mut broken = BTreeSet::new();
    for (case, documents) in house.mutations().await {
        let tried = house.try_out(case.mutation, documents, case.given, Some(case)).await;
        broken.extend(tried.then_some(case.mutation.to_owned()));
    }
    for (index, (way, _)) in worker.ways.iter().enumerate() {
        let ask = house.ask(way.at[0], String::new());
        let Some(root) = (way.root)(&ask) else { continue };
        let document = format!("{{ {} }}", worker.part(index, &root));
        let field = root.split('(').next().unwrap();
        if way.given.is_none() && house.try_out(field, &document, None, None).await {
            broken.insert(field.to_owned());
        }
    }
    let fields = ["Query", "Mutation"].into_iter().flat_map(|of| schema.fields(of));
    let missing: Vec<&str> = fields
        .map(|field| field.name.as_str())
        .filter(|name| !broken.contains(*name) && *name != ANSWERED_BEFORE)
        .collect();
    assert!(missing.is_empty(), "no failure was seen under {missing:?}");
}

/// Answers before it looks whether there is anybody to mail (R66), so that its failures are the log's only.
const ANSWERED_BEFORE: &str = "requestPasswordReset";

/// Has a connection notice what another one has renamed: `ALTER TABLE` itself does not look.
const LOOK: &str = "SELECT COUNT(*) FROM sqlite_master";

struct House<'a> {
    worker: &'a Worker<'a>,
    statements: Arc<Mutex<Vec<String>>>,
    tables: Vec<String>,
    log: Log,
}

impl<'a> House<'a> {
    /// The Owner of the organization, at a target of this kind.
    fn ask(&self, kind: ScopeType, given: String) -> Ask<'a> {
        let world = self.worker.world;
        let spot = match kind {
            ScopeType::Organization => Spot::Acme,
            ScopeType::Account => Spot::Main,
            ScopeType::Subaccount => Spot::Sub,
        };
        Ask { me: &world.ann, to: &world.targets[&spot], world, given }
    }

    /// For every mutation a case that succeeds for whoever asks here, or else any; with its document.
    async fn mutations(&self) -> Vec<(&'a Case, &'a String)> {
        let mut chosen: BTreeMap<&str, (&Case, &String, bool)> = BTreeMap::new();
        for (case, [_, document]) in &self.worker.cases {
            if chosen.get(case.mutation).is_some_and(|(.., allowed)| *allowed) {
                continue;
            }
            let Some((answer, _)) = self.answer(document, case.given, Some(case), None).await
            else {
                continue;
            };
            let allowed = mutation_outcome(&answer) == "allowed";
            if allowed || !chosen.contains_key(case.mutation) {
                chosen.insert(case.mutation, (case, document, allowed));
            }
        }
        chosen.into_values().map(|(case, document, _)| (case, document)).collect()
    }

    /// What is answered while a table is away, and the statements that were run; all is taken back.
    async fn answer(
        &self,
        document: &str,
        given: Option<Given>,
        case: Option<&Case>,
        away: Option<&str>,
    ) -> Option<(Value, Vec<String>)> {
        let kind = case.map_or(ScopeType::Organization, |case| case.at[0]);
        let mut ask = self.ask(kind, String::new());
        ask.given = self.worker.desk.give(given, &ask).await?;
        let input = match case {
            Some(case) => (case.input)(&ask)?,
            None => Value::Null,
        };
        let db = &self.worker.desk.app.db;
        if let Some(table) = away {
            let rename = format!("{LOOK}; ALTER TABLE {table} RENAME TO missing_table");
            db.execute_unprepared(&rename).await.unwrap();
        }
        self.statements.lock().unwrap().clear();
        let answer = self.worker.desk.ask(ask.me, document, &input).await;
        let statements = std::mem::take(&mut *self.statements.lock().unwrap());
        if let Some(table) = away {
            let back = format!("{LOOK}; ALTER TABLE missing_table RENAME TO {table}");
            db.execute_unprepared(&back).await.unwrap();
        }
        self.worker.desk.revert().await;
        Some((answer, statements))
    }

    /// Takes away each table that the operation needs; whether that ever made it fail.
    async fn try_out(
        &self,
        name: &str,
        document: &str,
        given: Option<Given>,
        case: Option<&Case>,
    ) -> bool {
        let Some((_, statements)) = self.answer(document, given, case, None).await else {
            return false;
        };
        let words: BTreeSet<&str> = statements
            .iter()
            .flat_map(|sql| sql.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .collect();
        let mut failed = false;
        for table in self.tables.iter().filter(|table| words.contains(table.as_str())) {
            self.log.take();
            // Tests beside this one, which log nothing, may have come first to a place that logs.
            tracing::callsite::rebuild_interest_cache();
            let Some((answer, _)) = self.answer(document, given, case, Some(table)).await else {
                continue;
            };
            let log = self.log.take();
            let text = answer.to_string();
            for secret in ["no such table", "sqlx", "sqlite", "SELECT", "world.db", "missing_table"]
            {
                assert!(!text.contains(secret), "{name} without {table}: {answer:#}");
            }
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            for error in &errors {
                let id = error["extensions"]["requestId"].as_str().unwrap_or_default();
                assert!(id.starts_with("req_"), "{name} without {table}: {answer:#}");
                assert_eq!(error["message"], "internal error");
                assert_eq!(error["extensions"], json!({ "code": "INTERNAL", "requestId": id }));
                let told = |line: &str| {
                    [id, "no such table", table.as_str()].iter().all(|part| line.contains(part))
                };
                let told = log.lines().any(told);
                assert!(told, "{name} without {table}: the log has {log}");
            }
            failed |= !errors.is_empty();
        }
        failed
    }
}
