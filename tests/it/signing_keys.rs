//! Keys that come and go while servers run, and `rolecall keys` (R61).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{SecondsFormat, TimeDelta};
use rolecall::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Serving, run, stderr};

/// What a command prints, when it is done.
async fn done(directory: &TempDir, arguments: &[&str]) -> String {
    let output = run(directory, arguments, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says when it is not done.
async fn failed(directory: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let output = run(directory, arguments, settings).await;
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    stderr(&output)
}

/// The name of the key that signed a token.
fn kid(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// Whether a server publishes a key.
async fn publishes(serving: &Serving, kid: &str) -> bool {
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", serving.url)).await.unwrap();
    let keys: Value = keys.json().await.unwrap();
    keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid)
}

/// Two processes: each publishes the new key before the other signs with it, and nobody is signed out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_running_processes_have_the_next_key_before_it_signs() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("PUBLIC_URL", "http://rolecall.test")];
    let mut one = Serving::start(&directory, &[], &settings).await;
    let mut two = Serving::start(&directory, &[], &settings).await;
    let signed_up = one.sign_up("ann@acme.example").await;
    let first = signed_up.text("/signUp/tokens/accessToken");
    let mut refresh = signed_up.text("/signUp/tokens/refreshToken");

    let said = done(&directory, &["keys", "next"]).await;
    let next = said.split(' ').next().unwrap().to_owned();
    let path = directory.path().join(said.split(' ').nth(3).unwrap());
    let again = failed(&directory, &["keys", "next"], &[]).await;
    assert!(again.contains("the next key is there"), "{again}");
    // Ten minutes are long for a test.
    let text = std::fs::read_to_string(&path).unwrap();
    let soon =
        (SystemClock.now() + TimeDelta::seconds(12)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!("Signs from {soon}\n{}", text.split_once('\n').unwrap().1);
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text).unwrap();
    std::fs::rename(&unfinished, &path).unwrap();

    let (mut old, mut new) = (0, [false; 2]);
    while new != [true; 2] {
        for (number, (here, there)) in [(&one, &two), (&two, &one)].into_iter().enumerate() {
            let input = json!({ "refreshToken": refresh });
            let refreshed = here.ask("RefreshSession", input, None).await.done("refreshSession");
            refresh = refreshed.text("/refreshSession/tokens/refreshToken");
            let access = refreshed.text("/refreshSession/tokens/accessToken");
            let by = kid(&access);
            assert!(publishes(there, &by).await, "it signs before it is published");
            for token in [&access, &first] {
                let viewer = there.ask("Viewer", json!({}), Some(token)).await;
                assert_eq!(viewer.text("/viewer/user/email"), "ann@acme.example");
            }
            if by == next {
                new[number] = true;
            } else {
                old += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(old > 0, "the old key signed until then");

    let list = done(&directory, &["keys", "list"]).await;
    let states: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((states[0][0], states[0][1]), (&*next, "signs"), "{list}");
    assert_eq!((states[1][0], states[1][1]), (&*kid(&first), "last"), "{list}");
    let needed = failed(&directory, &["keys", "retire", &kid(&first)], &[]).await;
    assert!(needed.contains("are good until"), "{needed}");
    let signs = failed(&directory, &["keys", "retire", &next], &[]).await;
    assert!(signs.contains("the key that signs"), "{signs}");
    assert_eq!((one.stop("-TERM").await, two.stop("-TERM").await), (Some(0), Some(0)));
}

/// A key may go when its last token is over and no mail is encrypted with it; the operator who names the
/// files is told what to do with a new one.
#[tokio::test]
async fn r61_a_key_is_retired_when_nothing_needs_it() {
    let directory = tempfile::tempdir().unwrap();
    // No mail server answers there, so that mails wait.
    let settings = [("SMTP_URL", "smtp://127.0.0.1:9")];
    let mut serving = Serving::start(&directory, &[], &settings).await;
    let first = kid(&serving.sign_up("ann@acme.example").await.text("/signUp/tokens/accessToken"));
    done(&directory, &["keys", "next", "--in", "0"]).await;
    let made = std::fs::read_dir(directory.path().join("data")).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().path()).collect();
    let made = made.iter().find(|path| path.to_str().unwrap().contains("signing-key-")).unwrap();
    let text = std::fs::read_to_string(made).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    std::fs::write(made, format!("Signs from 2026-01-01T00:00:00Z\n{rest}")).unwrap();

    let waits = failed(&directory, &["keys", "retire", &first], &[]).await;
    assert!(waits.contains("a mail waits that is encrypted with"), "{waits}");
    assert_eq!(serving.stop("-TERM").await, Some(0));

    // Where the files are named, only the operator can take them out.
    let named = [("SIGNING_KEYS", "data/signing-key.pem")];
    let told = failed(&directory, &["keys", "next"], &named).await;
    assert!(told.contains("--out"), "{told}");
    let output = run(&directory, &["keys", "next", "--out", "new.pem"], &named).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("put new.pem in front of SIGNING_KEYS"), "{said}");
    let both = [("SIGNING_KEYS", "new.pem,data/signing-key.pem")];
    let list = String::from_utf8(run(&directory, &["keys", "list"], &both).await.stdout).unwrap();
    assert!(list.contains("\tnext\t") && list.contains("\tsigns\t-\t1\t"), "{list}");
}
