//! The policy: who may do what, tried in every combination and told in `tests/policy/*.txt`, which
//! people who decide policy read. What it takes:
//!
//! * [`cases`] and [`structure`]: what is tried, a line for every mutation and every type of the schema;
//! * [`relations`] and [`world`]: who tries it, on what;
//! * [`run`]: trying it, through the endpoint; [`undo`] takes back what was allowed;
//! * [`table`]: what came of it, as text.
//!
//! In the same world [`failure`] tries what becomes of every operation when the database fails.
//!
//! On SQLite only, where what was done is taken back in a millisecond. That the two databases decide
//! alike is what the stories beside this one are told on both for.

mod answers;
mod cases;
mod effects;
mod expectations;
mod failure;
mod relations;
mod run;
mod schema;
mod structure;
mod table;
mod undo;
mod words;
mod world;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::ConnectionTrait;

use self::relations::{first_alike, jobs, stand_in};
use self::run::{Desk, Worker};
use self::schema::Schema;
use self::table::Table;
use self::words::{ORGANIZATION, TEAM, Words};
use self::world::World;
use crate::support::{Options, Server, database};

/// How many copies of the world are worked on at the same time.
const WORKERS: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn organization() {
    let options = Options::default();
    database::on_sqlite(options, |server| policy(server, &ORGANIZATION)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn team() {
    let options = Options { team: true, ..Options::default() };
    database::on_sqlite(options, |server| policy(server, &TEAM)).await;
}

/// Whether a field is told, not asked for: who is told is decided again at each event, which takes a stream
/// and not a row of the table. `live.rs` has the stories of who may subscribe, and who is told no more.
fn is_told(field: &str) -> bool {
    let (of, _) = field.split_once('.').unwrap_or_default();
    of == "Subscription" || of.ends_with("Changed")
}

/// Tries everything, and compares with the file.
async fn policy(server: Server, words: &'static Words) {
    let jobs = jobs(server.app.roles.all());
    let world = Arc::new(World::build(&server, words, &jobs).await);
    undo::watch(&server.app.db).await;
    let directory = tempfile::tempdir().unwrap();
    let schema = Arc::new(Schema::read());

    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let file = directory.path().join(format!("{number}.db"));
        let copy = format!("VACUUM INTO '{}'", file.display());
        server.app.db.execute_unprepared(&copy).await.unwrap();
        let (world, schema, jobs) = (Arc::clone(&world), Arc::clone(&schema), jobs.clone());
        workers.push(tokio::spawn(async move {
            let desk = Desk::open(&world, &file, number as u64).await;
            let mut worker = Worker::new(&world, &schema, desk);
            for job in jobs.iter().skip(number).step_by(WORKERS) {
                worker.run(job).await;
            }
            (worker.table, worker.asked, worker.seen)
        }));
    }
    let (mut table, mut asked, mut seen) = (Table::default(), BTreeSet::new(), BTreeSet::new());
    for worker in workers {
        let done = worker.await.unwrap();
        table.absorb(done.0);
        asked.extend(done.1);
        seen.extend(done.2);
    }
    let missing: Vec<String> =
        schema.all_fields().difference(&asked).filter(|name| !is_told(name)).cloned().collect();
    assert!(missing.is_empty(), "without a case in tests/it/policy/cases.rs: {missing:#?}");
    let never = |name: &String| words.never.contains(&name.as_str());
    let unseen: Vec<&String> =
        schema.entries().filter(|name| !seen.contains(*name) && !never(name)).collect();
    assert!(unseen.is_empty(), "no way of tests/it/policy/cases.rs has led to any: {unseen:?}");
    let first = first_alike(&world.roles);
    for job in &jobs {
        let Some(other) = stand_in(job, &first) else { continue };
        table.note_alike(world.targets[&job.target].kind, job, other);
    }

    let text = table.text(&world.roles, &schema.parts());
    let file = format!("{}/tests/policy/{}.txt", env!("CARGO_MANIFEST_DIR"), words.catalogue);
    compare(&PathBuf::from(file), &text);
}

/// Fails when the file is not this text, with the first lines that differ; with `UPDATE_POLICY` set,
/// writes it.
fn compare(file: &PathBuf, text: &str) {
    if std::env::var_os("UPDATE_POLICY").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    let differs = committed.lines().zip(text.lines()).position(|(old, new)| old != new);
    let at = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
    let from = at.saturating_sub(4);
    let lines = |text: &str| text.lines().skip(from).take(12).collect::<Vec<_>>().join("\n");
    assert!(
        committed == *text,
        "{} is stale: run scripts/update.sh, and read what it changes.\n-- line {} is\n{}\n-- and should be\n{}",
        file.display(),
        at + 1,
        lines(&committed),
        lines(text)
    );
}
