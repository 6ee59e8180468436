//! Whatever several people do, in whatever order, some things stay true: there is always exactly one
//! owner; nobody holds a permission that no assignment explains; nobody gives more than they may;
//! removing and giving again changes nothing; and every explanation names an assignment that stands.
//!
//! The same sequences every time. `PROPERTY_SEED` (a number) makes others, `PROPERTY_CASES` makes more;
//! what fails is made shorter and printed.

mod deed;
mod house;
mod life;
mod look;
mod model;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use entity::id::UserId;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::deed::check_deed;
use self::house::House;
use self::model::{Row, Snapshot};
use self::steps::{KINDS, Step, steps};
use crate::support::{Options, Server, database};

/// How many steps a sequence has at most, and after how many of them everything is looked at.
const STEPS: usize = 60;
const LOOK: usize = 15;
/// So many sequences are enough for every kind of step to come to something.
const ALL: u32 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organization_sqlite() {
    database::on_sqlite(Options::default(), |server| sequences(server, ALL)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organization_postgres() {
    database::on_postgres(Options::default(), |server| sequences(server, 4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn team_sqlite() {
    database::on_sqlite(team(), |server| sequences(server, 6)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn team_postgres() {
    database::on_postgres(team(), |server| sequences(server, 2)).await;
}

fn team() -> Options {
    Options { team: true, ..Options::default() }
}

/// Runs this many random sequences, each in an organization of its own.
async fn sequences(server: Server, cases: u32) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("PROPERTY_SEED").unwrap_or(1).to_le_bytes());
    let cases = number("PROPERTY_CASES").map_or(cases, |cases| cases.try_into().unwrap());
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let runtime = tokio::runtime::Handle::current();
    let tally: Arc<Mutex<Tally>> = Arc::default();
    let counted = Arc::clone(&tally);
    let run = move || {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        TestRunner::new_with_rng(config, random).run(&steps(STEPS), |steps| {
            let done = runtime.block_on(sequence(&server, &steps));
            counted.lock().unwrap().extend(done);
            Ok(())
        })
    };
    if let Err(failed) = tokio::task::spawn_blocking(run).await.unwrap() {
        panic!("{failed:#}");
    }
    // What never comes to anything proves nothing.
    let tally = tally.lock().unwrap();
    let idle: Vec<&str> = KINDS.into_iter().filter(|kind| !tally.0.contains_key(*kind)).collect();
    assert!(idle.is_empty() || cases < ALL, "always refused: {idle:?}, of {tally:?}");
}

/// How often each kind of step came to something.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, usize>);

impl Extend<String> for Tally {
    fn extend<T: IntoIterator<Item = String>>(&mut self, steps: T) {
        for step in steps {
            *self.0.entry(step).or_default() += 1;
        }
    }
}

/// One sequence, and what has to be true after every step of it. Gives the kinds of the steps that
/// were not refused.
async fn sequence(server: &Server, steps: &[Step]) -> Vec<String> {
    let mut done = Vec::new();
    let mut house = House::build(server).await;
    for (index, step) in steps.iter().enumerate() {
        if let Step::RemoveAndReadd { which } = step {
            let again = remove_and_readd(&house, *which).await;
            done.extend(again.then(|| step.kind()));
        } else {
            let before = house.snapshot().await;
            let deed = house.take(step).await;
            let after = house.snapshot().await;
            after.check_owners();
            check_deed(&before, &after, &deed);
            done.extend(deed.done.then(|| step.kind()));
        }
        if index % LOOK == LOOK - 1 {
            look(&house).await;
        }
    }
    look(&house).await;
    done
}

/// The Owner takes an assignment away, and gives the same again: everybody holds what they held.
/// Whether there was any.
async fn remove_and_readd(house: &House, which: u8) -> bool {
    let before = house.snapshot().await;
    let again: Vec<&Row> =
        before.rows.iter().filter(|row| before.can_be_given_again(row)).collect();
    let Some(row) = again.get(usize::from(which) % again.len().max(1)) else { return false };
    let owner = house.person_of(before.owner());
    assert!(house.remove(&owner, &row.id.to_string()).await, "{row:?} can be removed");
    let between = house.snapshot().await;
    between.check_owners();
    assert_eq!(between.rows.len(), before.rows.len() - 1, "{row:?} went alone");
    assert!(house.give_again(&owner, &before, row).await, "{row:?} can be given");
    let after = house.snapshot().await;
    let held = |snapshot: &Snapshot| -> BTreeSet<_> {
        snapshot.rows.iter().map(|row| (row.held(), row.valid_until)).collect()
    };
    assert_eq!(held(&after), held(&before));
    let access = |snapshot: &Snapshot| -> Vec<_> {
        let places = snapshot.places().into_iter();
        places.map(|place| snapshot.permissions(row.user, place)).collect()
    };
    assert_eq!(access(&after), access(&before));
    house.check_shown(&after, row.user).await;
    true
}

/// Everybody sees, and is explained, what the assignments that stand come to.
async fn look(house: &House) {
    let snapshot = house.snapshot().await;
    for user in house.users() {
        house.check_shown(&snapshot, user).await;
    }
    let members: Vec<UserId> = snapshot.members.keys().copied().collect();
    house.check_explained(&snapshot, &members).await;
}
