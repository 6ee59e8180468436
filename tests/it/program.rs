//! The program itself: its commands, its exit codes, its settings, its end.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rolecall::access::catalogue::ORGANIZATION;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Serving, run, stderr};
use crate::support::{Answer, Person, database};

#[tokio::test]
async fn the_schema_is_printed_whatever_the_settings() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&directory, &["schema"], &[("LISTEN", "nonsense")]).await;
    assert_eq!(output.status.code(), Some(0));
    let committed = include_str!("../../schema.graphql");
    assert!(String::from_utf8(output.stdout).unwrap() == committed, "schema.graphql is stale");
    assert!(
        std::fs::read_dir(directory.path()).unwrap().next().is_none(),
        "nothing is made for it"
    );
}

#[tokio::test]
async fn a_wrong_setting_ends_the_program_with_2_and_is_named_with_what_it_accepts() {
    let directory = tempfile::tempdir().unwrap();
    for (setting, value, accepts) in [
        ("LISTEN", "localhost", "an IP address and a port"),
        ("LISTEN", "127.0.0.1:99999", "an IP address and a port"),
        ("DATABASE_URL", "mysql://127.0.0.1/rolecall", "postgres://"),
        ("PUBLIC_URL", "team.example.com", "https://"),
        ("SMTP_URL", "http://mail.example.com", "smtp://"),
        ("SMTP_CA", "no-such-ca.pem", "a PEM file of certificates"),
        ("MAIL_FROM", "nobody", "mail address"),
        ("CATALOG", "no-such-file.toml", "a file that can be read"),
        ("SIGNING_KEYS", "no-such-key.pem", "PEM"),
        ("MODE", "staging", "development or production"),
        ("ACCESS_TOKEN_MINUTES", "60", "from 5 to 15"),
        ("REQUEST_BODY_BYTES", "12", "from 1024"),
        ("CORS_ORIGINS", "*", "origins"),
        ("TRUSTED_PROXIES", "10.0.0.0/99", "networks"),
        ("TEAM_ACCESS", "nobody", "everyone or entitled"),
        ("LOG", "=,=", "level"),
    ] {
        for arguments in [&["serve"][..], &[]] {
            let output = run(&directory, arguments, &[(setting, value)]).await;
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{setting}: {said}");
            assert!(said.contains(&format!("{setting} got \"{value}\"")), "{said}");
            let accepted = said.split_once("it accepts").unwrap_or_else(|| panic!("{said}")).1;
            assert!(accepted.contains(accepts), "{said}");
            assert!(output.stdout.is_empty() && said.lines().count() == 1, "{said}");
        }
    }
    for arguments in [&["fly"][..], &["serve", "--port", "80"], &["--config"]] {
        assert_eq!(run(&directory, arguments, &[]).await.status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(run(&directory, &arguments, &[]).await.status.code(), Some(0), "{arguments:?}");
    }
}

#[tokio::test]
async fn production_names_all_that_is_missing_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(&directory, &["serve"], &[("MODE", "production")]).await;
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for missing in ["SMTP_URL", "SIGNING_KEYS", "PUBLIC_URL"] {
        assert!(said.contains(missing), "{said}");
    }
    assert!(std::fs::read_dir(directory.path()).unwrap().next().is_none(), "nothing was made up");
}

#[tokio::test]
async fn a_faulty_catalogue_ends_the_program_with_2_and_the_line_of_the_fault() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("roles.toml");
    let path = file.to_str().unwrap();
    for (right, wrong) in [
        ("exclusive = true", "exklusive = true"),
        ("    \"billing.usage.read\",\n", "    \"billing.usage.guess\",\n"),
        ("key = \"account_support\"", "key = \"account_developer\""),
        ("kind = \"RESOURCE\"", "kind = \"SOURCE\""),
        ("name = \"Developer\"", "name = \"Developer"),
    ] {
        let faulty = ORGANIZATION.replacen(right, wrong, 1);
        let offset = ORGANIZATION.find(right).unwrap();
        let line = 1 + ORGANIZATION[..offset].matches('\n').count();
        std::fs::write(&file, faulty).unwrap();
        let output = run(&directory, &["serve"], &[("CATALOG", path)]).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("CATALOG") && said.contains(path), "{said}");
        assert!(said.contains(&line.to_string()), "line {line} ({wrong}): {said}");
    }
}

#[tokio::test]
async fn settings_come_from_a_file_and_the_environment_wins() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rolecall.toml");
    std::fs::write(&file, "mode = \"production\"\naccess_token_minutes = 5\n").unwrap();
    let arguments = ["--config", "rolecall.toml", "serve"];
    let output = run(&directory, &arguments, &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("MODE"), "{}", stderr(&output));

    let mut serving = Serving::start(&directory, &arguments, &[("MODE", "development")]).await;
    let tokens = serving.sign_up("ann@acme.example").await;
    let claims = claims(&tokens.text("/signUp/tokens/accessToken"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    // Where nothing else is said, tokens and links name the address that is served on.
    assert_eq!(claims["iss"], serving.url);
    assert_eq!(serving.stop("-TERM").await, Some(0));
}

fn claims(token: &str) -> Value {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// Serves, stops when told, and goes on where it was.
async fn starts_stops_and_goes_on(settings: &[(&str, &str)]) {
    let directory = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(&directory, &[], settings).await;
    let signed_up = serving.sign_up("ann@acme.example").await;
    let token = signed_up.text("/signUp/tokens/accessToken");
    let in_use = ("LISTEN", serving.url.strip_prefix("http://").unwrap());
    let second = run(&directory, &["serve"], &[in_use]).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another program uses this address"), "{}", stderr(&second));
    assert_eq!(serving.stop("-TERM").await, Some(0));
    assert!(serving.log().contains("stopped"), "{}", serving.log());

    let public_url = [("PUBLIC_URL", serving.url.as_str())];
    let settings = [settings, &public_url].concat();
    let mut serving = Serving::start(&directory, &["serve"], &settings).await;
    let viewer = serving.ask("Viewer", json!({}), Some(&token)).await;
    assert_eq!(viewer.text("/viewer/user/email"), "ann@acme.example");
    assert_eq!(serving.stop("-INT").await, Some(0));

    let migrated = run(&directory, &["migrate"], &settings).await;
    assert_eq!(migrated.status.code(), Some(0));
    assert!(String::from_utf8(migrated.stdout).unwrap().contains("nothing to apply"));
}

#[tokio::test]
async fn the_program_starts_stops_and_goes_on_where_it_was_on_sqlite() {
    starts_stops_and_goes_on(&[]).await;
}

#[tokio::test]
async fn the_program_starts_stops_and_goes_on_where_it_was_on_postgres() {
    let Some(url) = database::empty_postgres().await else { return };
    starts_stops_and_goes_on(&[("DATABASE_URL", &url)]).await;
    database::drop_postgres(&url).await;
}

#[tokio::test]
async fn migrating_is_a_command_that_says_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    for expected in ["applied m", "nothing to apply"] {
        let output = run(&directory, &["migrate"], &[]).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}

/// A signing key in a file, as `openssl genpkey -algorithm ed25519` writes it (RFC 8410).
fn write_key(directory: &TempDir, name: &str, seed: u8) {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = BASE64_STANDARD.encode([&head[..], &[seed; 32]].concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    std::fs::write(directory.path().join(name), pem).unwrap();
}

/// A new key goes in front of the old one, which goes when its last token has expired.
#[tokio::test]
async fn r61_keys_are_rotated_without_signing_anyone_out() {
    let directory = tempfile::tempdir().unwrap();
    write_key(&directory, "old.pem", 1);
    write_key(&directory, "new.pem", 2);
    let settings = |keys| [("PUBLIC_URL", "http://rolecall.test"), ("SIGNING_KEYS", keys)];
    let mut serving = Serving::start(&directory, &["serve"], &settings("old.pem")).await;
    let signed_up = serving.sign_up("ann@acme.example").await;
    let token = signed_up.text("/signUp/tokens/accessToken");
    let refresh_token = signed_up.text("/signUp/tokens/refreshToken");
    assert_eq!(serving.stop("-TERM").await, Some(0));

    let mut serving = Serving::start(&directory, &["serve"], &settings("new.pem,old.pem")).await;
    let viewer = serving.ask("Viewer", json!({}), Some(&token)).await;
    assert_eq!(viewer.text("/viewer/user/email"), "ann@acme.example");
    let input = json!({ "refreshToken": refresh_token });
    let refreshed = serving.ask("RefreshSession", input, None).await.done("refreshSession");
    let refreshed = refreshed.text("/refreshSession/tokens/accessToken");
    assert_ne!(refreshed.split('.').next(), token.split('.').next(), "the new key signs");
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", serving.url)).await.unwrap();
    let keys: Value = keys.json().await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(serving.stop("-TERM").await, Some(0));

    let mut serving = Serving::start(&directory, &["serve"], &settings("new.pem")).await;
    let viewer = serving.ask("Viewer", json!({}), Some(&refreshed)).await;
    assert_eq!(viewer.text("/viewer/user/email"), "ann@acme.example");
    assert_eq!(serving.ask("Viewer", json!({}), Some(&token)).await.error(), "UNAUTHENTICATED");
    assert_eq!(serving.stop("-TERM").await, Some(0));
}

/// Whoever reads the log, however much is in it, cannot sign in with it (R48, R61).
#[tokio::test]
async fn r48_no_secret_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("LOG", "trace")];
    let mut serving = Serving::start(&directory, &["serve"], &settings).await;
    let signed_up = serving.sign_up("ann@acme.example").await;
    let access = signed_up.text("/signUp/tokens/accessToken");
    let refresh = signed_up.text("/signUp/tokens/refreshToken");
    let organization = "{ viewer { organizations { nodes { id } } } }";
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/graphql", serving.url)).bearer_auth(&access);
    let organization = request.json(&json!({ "query": organization })).send().await.unwrap();
    let organization = Answer::read(organization).await;
    let organization = organization.text("/viewer/organizations/nodes/0/id");
    let invitees = json!([{ "email": "bob@corp.example" }]);
    let input = json!({ "organizationId": organization, "invitees": invitees });
    serving.ask("InviteUsers", input, Some(&access)).await.done("inviteUsers");

    let mails = client.get(format!("{}/mailbox.json", serving.url)).send().await.unwrap();
    let mails: Value = mails.json().await.unwrap();
    let links = mails.as_array().unwrap().iter().flat_map(|mail| mail["links"].as_array().unwrap());
    let links: Vec<&str> = links.filter_map(Value::as_str).collect();
    let link = *links.iter().find(|link| link.contains("/invitations/")).unwrap();
    client.get(link).send().await.unwrap();
    let token = link.rsplit('/').next().unwrap();
    let input = json!({ "token": token, "name": "Bob", "password": Person::PASSWORD });
    serving.ask("AcceptInvitation", input, None).await.done("acceptInvitation");
    let input = json!({ "refreshToken": refresh });
    serving.ask("RefreshSession", input, None).await.done("refreshSession");
    assert_eq!(serving.stop("-TERM").await, Some(0));

    let log = serving.log();
    assert!(log.contains("request"), "nothing is logged: {log}");
    let verification = links.iter().find(|link| link.contains("/verify-email/")).unwrap();
    let verification = verification.rsplit('/').next().unwrap();
    for secret in [Person::PASSWORD, &access, &refresh, token, verification, "PRIVATE KEY"] {
        let told = log.lines().find(|line| line.contains(secret));
        assert!(told.is_none(), "{told:?}");
    }
}
