//! `rolecall doctor`: what it looks at, what it says, and that it changes nothing.

use tempfile::TempDir;

use crate::support::program::{Serving, run, stderr};
use crate::support::smtp::SmtpServer;
use crate::support::{database, program};

/// The exit code and what was printed.
async fn examined(directory: &TempDir, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(directory, &["doctor"], settings).await;
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code(), said + &stderr(&output))
}

#[track_caller]
fn line<'a>(said: &'a str, begin: &str) -> &'a str {
    said.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{begin}? {said}"))
}

#[tokio::test]
async fn a_fresh_directory_is_well_and_stays_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = examined(&directory, &[]).await;
    assert_eq!(code, Some(0), "{said}");
    for subject in ["mode", "catalogue", "keys", "database", "mail"] {
        line(&said, &format!("ok    {subject}"));
    }
    assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none(), "nothing was made");
}

#[tokio::test]
async fn a_server_that_has_run_is_well() {
    let directory = tempfile::tempdir().unwrap();
    Serving::start(&directory, &[], &[]).await.stop("-TERM").await;
    let (code, said) = examined(&directory, &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(line(&said, "ok    database").contains("SQLite 3."), "{said}");
    assert!(line(&said, "ok    tables").contains("up to date"), "{said}");
    assert!(line(&said, "ok    keys").contains("signs"), "{said}");
    assert!(line(&said, "ok    outbox").contains("nothing waits"), "{said}");
}

#[tokio::test]
async fn what_does_not_work_is_named_with_what_to_do_and_the_program_fails() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", "postgres://ann:hunter2@127.0.0.1:1/rolecall"),
        ("SMTP_URL", "smtp://ann:hunter2@127.0.0.1:1?tls=none"),
        ("DNS_RESOLVER", "127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
    ];
    let (code, said) = examined(&directory, &settings).await;
    assert_eq!(code, Some(1), "{said}");
    for begin in ["BAD   database", "BAD   mail", "look  name server", "look  traces"] {
        let at = said.find(line(&said, begin)).unwrap();
        assert!(said[at..].lines().nth(1).unwrap().trim_start().starts_with('→'), "{said}");
    }
    assert!(said.contains("2 things have to be mended"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_wrong_setting_ends_it_like_any_other_command() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = examined(&directory, &[("MODE", "staging")]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("development or production"), "{said}");
}

#[tokio::test]
async fn a_mailbox_that_the_network_can_read_is_bad() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = examined(&directory, &[("LISTEN", "0.0.0.0:8080")]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(line(&said, "BAD   mode").contains("0.0.0.0:8080"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_can_read_is_worth_a_look() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    Serving::start(&directory, &[], &[]).await.stop("-TERM").await;
    let key = directory.path().join("data/signing-key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = examined(&directory, &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(line(&said, "look  keys").contains("signing-key.pem"), "{said}");
}

#[tokio::test]
async fn postgresql_and_a_mail_server_are_asked_and_no_mail_is_sent() {
    let Some(url) = database::empty_postgres().await else { return };
    let smtp = SmtpServer::start().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", url.as_str()), ("SMTP_URL", &smtp.url())];
    let (code, said) = examined(&directory, &settings).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(line(&said, "look  tables").contains("steps behind"), "{said}");

    assert_eq!(program::run(&directory, &["migrate"], &settings).await.status.code(), Some(0));
    let (code, said) = examined(&directory, &settings).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(line(&said, "ok    database").contains("PostgreSQL"), "{said}");
    assert!(line(&said, "ok    tables").contains("up to date"), "{said}");
    assert!(line(&said, "ok    mail").contains("takes us in"), "{said}");
    assert!(smtp.received().is_empty());
    database::drop_postgres(&url).await;
}
