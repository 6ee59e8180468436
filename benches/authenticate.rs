//! What it costs to tell who asks (R61): the check of a token that was seen before, and of a new one.
//!
//! `cargo bench --bench authenticate` prints both, and what checking an Ed25519 signature alone takes. It
//! fails where a token that was seen before takes 20 µs or more. It all runs in one thread that waits for
//! nothing, so the time is that of the processor.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for the terminal, which measures and may stop at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use rolecall::auth::keys::Keyring;
use rolecall::auth::token::{issue, verify};
use rolecall::clock::Random;
use rolecall::config::Config;

/// How many people ask in turn.
const PEOPLE: usize = 5_000;
/// How often each of them asks.
const ROUNDS: usize = 20;
/// What a token that was seen before may take.
const ALLOWED: Duration = Duration::from_micros(20);

fn main() {
    let (config, random) = (Config::default(), Random::system());
    let (keys, now) = (Keyring::from_seed([1; 32]), Utc::now());
    let tokens: Vec<String> = (0..PEOPLE).map(|_| token(&keys, &config, &random, now)).collect();
    let check = |token: &String| {
        black_box(verify(&keys, black_box(token), &config.public_url, now).unwrap());
    };
    let new = each(PEOPLE, || tokens.iter().for_each(check));
    let seen = each(PEOPLE * ROUNDS, || (0..ROUNDS).for_each(|_| tokens.iter().for_each(check)));

    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let message = tokens[0].as_bytes();
    let signature = pair.sign(message);
    let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
    let signatures = each(PEOPLE, || {
        for _ in 0..PEOPLE {
            public.verify(black_box(message), signature.as_ref()).unwrap();
        }
    });
    println!("a token that was seen before   {seen:>10.2?}   (it should be below {ALLOWED:?})");
    println!("a new token                    {new:>10.2?}");
    println!("an Ed25519 signature alone     {signatures:>10.2?}");
    assert!(seen < ALLOWED, "{seen:?}");
}

fn token(keys: &Keyring, config: &Config, random: &Random, now: DateTime<Utc>) -> String {
    let account = Some((random.id(now), random.id(now)));
    issue(keys, config, random, now, random.id(now), random.id(now), account).unwrap().0
}

/// What each of so many takes.
fn each(number: usize, doing: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    doing();
    begun.elapsed() / u32::try_from(number).unwrap()
}
