//! `rolecall keys`: the keys that sign access tokens (R61).

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Subcommand;

use super::{operator, print};
use crate::app::{StartError, signing_keys};
use crate::auth::key_files::{Filed, filed, make_next};
use crate::auth::keys::Keyring;
use crate::clock::{Clock, Random, SystemClock};
use crate::config::Config;

/// What is done with them.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Keys {
    /// Make the next key: published at once, signing from a while later on
    Next {
        /// In how many minutes it signs. Before that every server has to have it, and those who verify
        /// tokens to have asked for the keys, which they may keep for five minutes
        #[arg(long = "in", value_name = "MINUTES", default_value_t = 10)]
        #[arg(value_parser = clap::value_parser!(u32).range(0..=10_080))]
        minutes: u32,
        /// The file to be made, where `SIGNING_KEYS` names the files; otherwise it is in `DATA_DIR`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the keys, newest first: name, signs | next | last, from when on it signs, waiting mails that are
    /// encrypted with it, file, with tabs in between
    List,
    /// Remove the file of a key that nobody needs any more: its last token has expired, and no mail waits
    /// that is encrypted with it
    Retire {
        /// The key's name (`kid`)
        key: String,
    },
}

pub(super) fn run(config: &Config, what: Keys) -> Result<(), StartError> {
    let now = SystemClock.now();
    let said = match what {
        Keys::Next { minutes, out } => next(config, now, minutes, out)?,
        Keys::List => {
            let mails = waiting(config)?;
            let keys = filed(config)?;
            let signing = signing(&keys, now);
            let line = |(at, key): (usize, &Filed)| line(key, at.cmp(&signing), &mails);
            keys.iter().enumerate().map(line).collect()
        }
        Keys::Retire { key } => retire(config, now, &key)?,
    };
    print(&said)
}

fn next(
    config: &Config,
    now: DateTime<Utc>,
    minutes: u32,
    out: Option<PathBuf>,
) -> Result<String, StartError> {
    let random = Random::system();
    let named = config.signing_keys.is_some();
    match &out {
        None if named => {
            let sentence =
                "SIGNING_KEYS names the files: say with --out where to write the new one";
            return Err(StartError::Other(sentence.to_owned()));
        }
        Some(_) if !named => {
            let sentence = "the keys are in DATA_DIR, as SIGNING_KEYS is not set: leave --out away";
            return Err(StartError::Other(sentence.to_owned()));
        }
        _ => {}
    }
    // The next one is next to something.
    Keyring::of(config, &random)?;
    let coming = |(key, _): &Filed| key.signs_from.filter(|from| *from > now);
    if let Some(from) = filed(config)?.iter().find_map(coming) {
        return Err(StartError::Other(format!(
            "the next key is there, and signs from {}",
            time(from)
        )));
    }
    let signs_from = now + TimeDelta::minutes(i64::from(minutes));
    let (path, kid) = make_next(&config.data_dir, out, signs_from, &random)?;
    let (path, signs_from) = (path.display(), time(signs_from));
    Ok(if named {
        format!(
            "{kid} is in {path} and signs from {signs_from}.\n\
             Before that, put {path} in front of SIGNING_KEYS of every server, and start them anew one \
             by one.\n"
        )
    } else {
        let seconds = signing_keys::LOOK_EVERY.as_secs();
        format!(
            "{kid} is in {path} and signs from {signs_from}.\n\
             Servers with this DATA_DIR see it within {seconds} s.\n"
        )
    })
}

fn retire(config: &Config, now: DateTime<Utc>, kid: &str) -> Result<String, StartError> {
    let refuse = |sentence: String| Err(StartError::Other(sentence));
    let keys = filed(config)?;
    let signing = signing(&keys, now);
    let Some(at) = keys.iter().position(|(key, _)| key.kid == kid) else {
        return refuse(format!("there is no key {kid}"));
    };
    let (key, path) = &keys[at];
    if at == signing {
        return refuse(format!("{kid} is the key that signs: make the next one first"));
    }
    // A token lives this long after its key has signed for the last time; clocks differ a little.
    let life = TimeDelta::minutes(i64::from(config.access_token_minutes) + 1);
    let signed_until = keys[..at].iter().rev().find_map(|(key, _)| key.signs_from);
    if let Some(end) = signed_until.map(|end| end + life).filter(|end| at > signing && *end > now) {
        return refuse(format!("tokens of {kid} are good until {}", time(end)));
    }
    match waiting(config)?.iter().find(|(hint, _)| hint == key.hint()) {
        Some((_, 1)) => return refuse(format!("a mail waits that is encrypted with {kid}")),
        Some((_, mails)) => {
            return refuse(format!("{mails} mails wait that are encrypted with {kid}"));
        }
        None => {}
    }
    if config.signing_keys.is_some() || shared(&keys, path) {
        return Ok(format!(
            "Nobody needs {kid} any more: take it out of {}.\n",
            place(config, path)
        ));
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(format!("{kid} is gone, and its file {}\n", path.display())),
        Err(error) => refuse(format!("cannot remove {}: {error}", path.display())),
    }
}

/// Whether a file holds more than one key.
fn shared(keys: &[Filed], path: &Path) -> bool {
    keys.iter().filter(|(_, other)| other == path).count() > 1
}

/// Where the operator takes a key out by hand.
fn place(config: &Config, path: &Path) -> String {
    let of = if config.signing_keys.is_some() { "SIGNING_KEYS, where it is in " } else { "" };
    format!("{of}{}", path.display())
}

/// The place of the key that signs at this instant among these, of which there is one.
fn signing(keys: &[Filed], now: DateTime<Utc>) -> usize {
    let signs = |(key, _): &Filed| key.signs_from.is_none_or(|from| from <= now);
    keys.iter().position(signs).unwrap_or(keys.len() - 1)
}

/// How many mails wait for each key: its hint, and their number.
fn waiting(config: &Config) -> Result<Vec<(Vec<u8>, i64)>, StartError> {
    let mut mails = Vec::new();
    operator(config, async |operator| {
        mails = operator.sealed_mails().await?;
        Ok(String::new())
    })?;
    Ok(mails)
}

fn line((key, path): &Filed, at: std::cmp::Ordering, mails: &[(Vec<u8>, i64)]) -> String {
    let state = match at {
        std::cmp::Ordering::Less => "next",
        std::cmp::Ordering::Equal => "signs",
        std::cmp::Ordering::Greater => "last",
    };
    let from = key.signs_from.map_or_else(|| "-".to_owned(), time);
    let mails = mails.iter().find(|(hint, _)| hint == key.hint()).map_or(0, |(_, mails)| *mails);
    format!("{}\t{state}\t{from}\t{mails}\t{}\n", key.kid, path.display())
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
