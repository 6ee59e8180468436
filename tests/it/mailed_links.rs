//! Links as they come back from the world: mangled by mail programs, led to an application of one's
//! own, opened by its app.

use std::path::PathBuf;
use std::sync::LazyLock;

use rolecall::app::{App, StartError};
use rolecall::clock::{Random, SystemClock};
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

/// What becomes of a token on its way.
fn mangled(token: &str) -> Vec<String> {
    vec![
        token.to_uppercase(),
        format!("{token}."),
        format!("{token}>"),
        format!("<{token}>"),
        format!("{token}),"),
        format!("\"{token}\";"),
        format!("{token}%3E"),
        format!("{}%20{}", &token[..20], &token[20..]),
        format!("{}%0D%0A{}", &token[..20], &token[20..]),
    ]
}

both!(
    /// R48, R49: a link in the wrong letter case, with the punctuation around it, encoded twice or
    /// broken over two lines leads where it always led, by the API and by the page.
    r48_a_mangled_link_works,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        for spelling in mangled(&token) {
            assert_eq!(server.link_state(&spelling).await, "InvitationNeedsSignUp", "{spelling}");
            let mut url = reqwest::Url::parse(&server.url).unwrap();
            url.path_segments_mut().unwrap().push("invitations").push(&spelling);
            let page = server.http.get(url).send().await.unwrap();
            assert_eq!(page.status(), 200, "{spelling}");
            let page = page.text().await.unwrap();
            // From here on the page speaks of the link as it was mailed.
            assert!(page.contains(&format!("/invitations/{token}/decline")), "{spelling}: {page}");
        }
        let shorter = &token[1..];
        let unknown = server.ask("InvitationByToken", json!({ "token": shorter })).await;
        assert_eq!(unknown.error(), "NOT_FOUND");
        let accepted = server.accept(&mangled(&token)[0], "Bob").await;
        accepted.done("acceptInvitation");
        assert_eq!(server.link_state(&token).await, "InvitationAlreadyAccepted");
        let (_, token) = ann.invite_one("carol@corp.example", &[]).await;
        server.decline(&mangled(&token)[3]).await.done("declineInvitation");
    }
);

both!(
    /// The same with the links that prove an address and that set a password.
    r67_a_mangled_link_works,
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let link = async |path: &str| {
            for _ in 0..200 {
                let mails = server.mails().await;
                let links = mails.iter().flat_map(|mail| mail["links"].as_array().unwrap());
                let mut links = links.filter_map(Value::as_str);
                if let Some(link) = links.find_map(|link| link.split_once(path)) {
                    return link.1.to_owned();
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("no link with {path}");
        };
        let token = link("/verify-email/").await;
        let query = "mutation($t: String!) { verifyEmail(input: { token: $t }) {
            userErrors { code path } } }";
        let spelling = json!({ "t": format!("<{}>.", token.to_uppercase()) });
        server.send(query, spelling, None, None).await.done("verifyEmail");

        let input = json!({ "input": { "email": "ann@acme.example" } });
        server.ask("RequestPasswordReset", input).await.done("requestPasswordReset");
        let token = link("/reset-password/").await;
        let input = json!({ "token": format!("{}),", token.to_uppercase()), "password": Person::PASSWORD });
        server.ask("ResetPassword", json!({ "input": input })).await.done("resetPassword");
    }
);

both!(
    /// A link of a version before, in base64url, works as it is: there the case of letters matters.
    links_of_the_version_before_work,
    |server: Server| async move {
        use entity::invitation;
        use sea_orm::sea_query::Expr;
        use sea_orm::EntityTrait;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        ann.invite_one(BOB, &[]).await;
        let old = "-GhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyID_";
        invitation::Entity::update_many()
            .col_expr(invitation::Column::TokenHash, Expr::value(rolecall::auth::secret::hash_of(old)))
            .exec(&server.app.db)
            .await
            .unwrap();
        assert_eq!(server.link_state(old).await, "InvitationNeedsSignUp");
        assert_eq!(server.link_state(&format!("{old}.")).await, "InvitationNeedsSignUp");
        let other = server.ask("InvitationByToken", json!({ "token": old.to_lowercase() })).await;
        assert_eq!(other.error(), "NOT_FOUND");
        server.accept(old, "Bob").await.done("acceptInvitation");
    }
);

/// Files for the settings, as an operator has them.
static FILES: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("rolecall-links-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    (write("apple.json", r#"{ "applinks": { "details": [] } }"#), write("android.json", "[ ]\n"))
});

fn with_an_application() -> Options {
    Options {
        config: Some(|config| {
            config.invitation_url = Some("myapp://join/{token}?from=mail".to_owned());
            config.application_url = Some("https://app.example.com/team".to_owned());
            config.apple_app_site_association = Some(FILES.0.clone());
            config.android_asset_links = Some(FILES.1.clone());
        }),
        ..Options::default()
    }
}

both!(
    /// Mails lead to the application's own pages where the operator says so; ours stay where they are.
    mails_lead_to_the_application,
    with_an_application(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let invited = ann.invite(BOB, &[("account_developer", &ann.account)]).await.done("inviteUsers");
        let id = invited.text("/inviteUsers/results/0/invitation/id");
        let token = async || {
            let mails = server.mails().await;
            let mail = mails.iter().find(|mail| mail["to"].as_str().unwrap().contains(BOB)).unwrap();
            let text = mail["text"].as_str().unwrap().to_owned();
            assert!(!text.contains("/invitations/"), "{text}");
            let (_, rest) = text.split_once("myapp://join/").unwrap();
            let (token, rest) = rest.split_once('?').unwrap();
            assert!(rest.starts_with("from=mail"), "{text}");
            token.to_owned()
        };
        let first = token().await;
        assert_eq!(server.link_state(&first).await, "InvitationNeedsSignUp");
        server.pass(chrono::TimeDelta::minutes(1));
        ann.resend(&id).await.done("resendInvitation");
        let second = token().await;
        assert_ne!(first, second);
        let page = server.http.get(format!("{}/invitations/{second}", server.url)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        server.accept(&second, "Bob").await.done("acceptInvitation");

        server.pass(chrono::TimeDelta::minutes(1));
        ann.invite(BOB, &[("studio_viewer", &ann.organization)]).await.done("inviteUsers");
        let told = server.mails().await.remove(0);
        assert!(told["links"].as_array().unwrap().contains(&json!("https://app.example.com/team")), "{told:#}");
    }
);

both!(
    /// The files that let apps open links are served as they are.
    association_files,
    with_an_application(),
    |server: Server| async move {
        let get = async |server: &Server, name: &str| {
            let url = format!("{}/.well-known/{name}", server.url);
            let file = server.http.get(url).send().await.unwrap();
            let kind = file.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            (file.status().as_u16(), kind, file.text().await.unwrap())
        };
        let json = Some("application/json".to_owned());
        assert_eq!(
            get(&server, "apple-app-site-association").await,
            (200, json.clone(), r#"{ "applinks": { "details": [] } }"#.to_owned())
        );
        assert_eq!(get(&server, "assetlinks.json").await, (200, json, "[ ]\n".to_owned()));
        let without = server.another(Options::default()).await;
        for name in ["apple-app-site-association", "assetlinks.json"] {
            assert_eq!(get(&without, name).await.0, 404);
        }
    }
);

/// A file that is not there, or not JSON, is told at start, with its setting.
#[tokio::test]
async fn a_faulty_association_file_is_told_at_start() {
    let faulty = FILES.0.with_file_name("faulty.json");
    std::fs::write(&faulty, "{ \"applinks\": }").unwrap();
    for path in [faulty, FILES.0.with_file_name("nowhere.json")] {
        let config = Config { android_asset_links: Some(path.clone()), ..Config::default() };
        let started = App::start(config, std::sync::Arc::new(SystemClock), Random::system()).await;
        let Err(StartError::Config(error)) = started else {
            panic!("{} was taken", path.display())
        };
        assert_eq!(error.setting, "ANDROID_ASSET_LINKS");
        assert!(error.got.contains(".json") && error.accepts.contains("JSON"), "{error}");
    }
}
