//! What hashing a password takes (R66).
//!
//! `cargo bench --bench password` hashes with the parameters that sign-in uses, one at a time and two at a
//! time, as the server does it, and prints the milliseconds for one and how many that is in a second.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal, which may stop at the first surprise"
)]

use std::time::Instant;

use futures_util::future::join_all;
use rolecall::auth::password::Passwords;
use rolecall::clock::Random;

/// How many passwords are hashed in each measurement.
const HASHES: u32 = 100;

#[tokio::main]
async fn main() {
    for parallel in [1, 2] {
        let passwords = Passwords::new(Random::system(), parallel);
        let hash = || passwords.hash_anew("correct horse battery staple".to_owned());
        hash().await.unwrap();
        let began = Instant::now();
        let hashes = join_all((0..HASHES).map(|_| hash())).await;
        let (took, done) = (began.elapsed(), hashes.iter().filter(|hash| hash.is_ok()).count());
        assert_eq!(done, HASHES as usize);
        let rate = f64::from(HASHES) / took.as_secs_f64();
        println!("{parallel} at a time: {:.1} ms for each, {rate:.0} in a second", 1e3 / rate);
    }
}
