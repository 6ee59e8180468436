use super::*;

fn env<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| {
        let pair = pairs.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| (*value).to_owned())
    }
}

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(env(pairs), None)
}

#[test]
fn with_nothing_set_the_server_works_on_one_machine() {
    let config = Config::default();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url, "sqlite://data/rolecall.db");
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.application_url, None);
    assert_eq!(config.invitation_url, None);
    assert_eq!(config.application_url(), "http://127.0.0.1:8080");
    assert_eq!(config.invitation_link("x"), "http://127.0.0.1:8080/invitations/x");
    assert_eq!((config.apple_app_site_association, config.android_asset_links), (None, None));
    assert_eq!(config.smtp_url, None);
    assert_eq!(config.smtp_ca, None);
    assert_eq!(config.mail_from.to_string(), "Rolecall <no-reply@localhost>");
    assert_eq!(config.catalog, CatalogueSource::Organization);
    assert_eq!(config.signing_keys, None);
    assert_eq!(config.mode, Mode::Development);
    assert!(!config.sign_up_requires_work_email);
    assert_eq!(config.access_token_minutes, 10);
    assert_eq!(config.session_days, 30);
    assert_eq!(config.built_in_roles_per_user, 50);
    assert_eq!(config.custom_roles_per_organization, 100);
    assert_eq!(config.mails_per_organization_per_hour, 1000);
    assert_eq!(config.mails_per_recipient_per_day, 20);
    assert_eq!(config.unverified_invitations_per_day, 100);
    assert_eq!(config.pending_invitations, 500);
    assert_eq!(config.team_access, TeamAccess::Everyone);
    assert_eq!(config.accounts_per_organization, 10);
    assert_eq!(config.subaccounts_per_account, 1000);
    assert_eq!(config.database_connections, 10);
    assert_eq!(config.request_body_bytes, 1 << 20);
    assert_eq!(config.request_timeout_seconds, 30);
    let api = &config.api;
    assert_eq!((api.query_tokens, api.query_depth, api.introspection_depth), (2_000, 15, 15));
    assert_eq!((api.query_root_fields, api.query_aliases, api.query_directives), (20, 30, 50));
    assert_eq!((api.query_cost, api.cost_per_user_per_minute), (300_000, 3_000_000));
    assert_eq!(api.cost_per_network_per_minute, 30_000_000);
    assert!(api.introspection && api.graphiql && api.trusted_documents.is_none());
    assert_eq!(api.document_cache_bytes, 8 << 20);
    assert_eq!((config.live_connections, config.live_operations), (2000, 20));
    assert_eq!(config.live_ping_seconds, 25);
    assert!(config.cors_origins.is_empty());
    assert!(config.trusted_proxies.is_empty());
    assert_eq!(config.dns_resolver, None);
    assert_eq!(config.otlp_endpoint, None);
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!(config.log, "info");
}

#[test]
fn traces_go_to_a_collector_beside_the_server() {
    let read =
        |text| load(&[("OTEL_EXPORTER_OTLP_ENDPOINT", text)]).map(|config| config.otlp_endpoint);
    assert_eq!(read("http://127.0.0.1:4318/").unwrap().unwrap(), "http://127.0.0.1:4318");
    for text in ["127.0.0.1:4318", "https://collector.example", "http://", "http://a/?key=b"] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains("it accepts the http address of a collector"), "{error}");
    }
}

#[test]
fn a_name_server_has_a_port_or_the_usual_one() {
    let read = |text| load(&[("DNS_RESOLVER", text)]).map(|config| config.dns_resolver.unwrap());
    assert_eq!(read("10.0.0.53").unwrap().to_string(), "10.0.0.53:53");
    assert_eq!(read("[::1]:5353").unwrap().to_string(), "[::1]:5353");
    for text in ["dns.example", "10.0.0.53:0", "10.0.0.53:dns"] {
        assert!(read(text).unwrap_err().to_string().contains("DNS_RESOLVER"), "{text}");
    }
}

#[test]
fn a_budget_is_enough_for_the_dearest_operation() {
    let small = load(&[("COST_PER_USER_PER_MINUTE", "299999")]).unwrap_err().to_string();
    assert!(small.contains("0 (no limit) or a whole number from 300000"), "{small}");
    let none = load(&[("COST_PER_USER_PER_MINUTE", "0"), ("COST_PER_NETWORK_PER_MINUTE", "0")]);
    assert_eq!(none.unwrap().api.cost_per_user_per_minute, 0);
    assert!(load(&[("COST_PER_USER_PER_MINUTE", "500"), ("QUERY_COST", "500")]).is_ok());
}

#[test]
fn every_setting_is_documented_once_and_every_documented_default_is_what_one_gets() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        assert!(!setting.meaning.is_empty(), "{}", setting.name);
        assert!(SETTINGS[..index].iter().all(|earlier| earlier.name != setting.name));
    }
    let documented: Vec<(&str, &str)> =
        SETTINGS.iter().map(|setting| (setting.name, setting.default)).collect();
    let config = load(&documented).unwrap();
    let default = Config::default();
    assert_eq!(config.database_url, default.database_url);
    assert_eq!(config.public_url, default.public_url);
    assert_eq!(config.data_dir, default.data_dir);
}

#[test]
fn the_file_speaks_and_the_environment_has_the_last_word() {
    let file = r#"
        listen = "127.0.0.1:9000"
        session_days = 7
        log = "debug"
        cors_origins = ["https://a.example", "https://b.example"]
        signing_keys = "new.pem, old.pem"
        catalog = "team"
        data_dir = ""
        sign_up_requires_work_email = true
    "#;
    let config =
        Config::load(env(&[("LISTEN", "127.0.0.1:9001"), ("LOG", "")]), Some(file)).unwrap();
    assert_eq!(config.listen.port(), 9001);
    assert_eq!(config.session_days, 7);
    assert!(config.sign_up_requires_work_email);
    assert_eq!(config.log, "debug", "an empty variable counts as unset");
    assert_eq!(config.cors_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.signing_keys.unwrap(), [PathBuf::from("new.pem"), "old.pem".into()]);
    assert_eq!(config.catalog, CatalogueSource::Team);
    assert_eq!(config.data_dir, PathBuf::from("data"));
}

#[test]
fn a_misspelt_key_in_the_file_is_answered_with_the_known_ones() {
    let error = Config::load(env(&[]), Some("lisen = \"127.0.0.1:9000\"")).unwrap_err().to_string();
    assert!(error.contains("\"lisen\"") && error.contains("listen, database_url"), "{error}");
    let error = Config::load(env(&[]), Some("[smtp]\nurl = \"x\"")).unwrap_err().to_string();
    assert!(error.contains("\"smtp\""), "{error}");
}

#[test]
fn a_file_that_is_not_toml_is_answered_with_the_line_and_not_with_what_stands_there() {
    let file = "listen = \"127.0.0.1:9000\"\nsmtp_url = smtp://ann:hunter2@mail";
    let error = Config::load(env(&[]), Some(file)).unwrap_err().to_string();
    assert_eq!(
        error,
        "--config got a file with a mistake in line 2; it accepts TOML, one setting = \"value\" \
         per line"
    );
    let error = Config::load(env(&[]), Some("session_days = 1.5")).unwrap_err().to_string();
    assert!(error.starts_with("SESSION_DAYS got float"), "{error}");
}

#[test]
fn a_bad_value_is_answered_with_its_setting_what_it_got_and_what_it_accepts() {
    assert_eq!(
        load(&[("LISTEN", "nowhere")]).unwrap_err().to_string(),
        "LISTEN got \"nowhere\"; it accepts an IP address and a port, such as 127.0.0.1:8080 or \
         [::]:8080 (port 0: any free one)"
    );
    assert_eq!(
        load(&[("ACCESS_TOKEN_MINUTES", "16")]).unwrap_err().to_string(),
        "ACCESS_TOKEN_MINUTES got \"16\"; it accepts a whole number from 5 to 15"
    );
    for (name, bad) in [
        ("LISTEN", "127.0.0.1"),
        ("DATABASE_URL", "mysql://db/rolecall"),
        ("PUBLIC_URL", "team.example.com"),
        ("PUBLIC_URL", "ftp://team.example.com"),
        ("PUBLIC_URL", "https://team.example.com/app"),
        ("PUBLIC_URL", "https://team.example.com/?a=b"),
        ("PUBLIC_URL", "https://team.example.com/#top"),
        ("PUBLIC_URL", "https://ann@team.example.com"),
        ("PUBLIC_URL", "https://team.example.com:99999"),
        ("PUBLIC_URL", "https://"),
        ("APPLICATION_URL", "app.example.com"),
        ("APPLICATION_URL", "javascript://app.example.com/%0aalert(1)"),
        ("APPLICATION_URL", "https://app.example.com:99999"),
        ("APPLICATION_URL", "https://ann@app.example.com"),
        ("APPLICATION_URL", "https:///team"),
        ("INVITATION_URL", "https://app.example.com/join"),
        ("INVITATION_URL", "https://app.example.com/{token}/{token}"),
        ("INVITATION_URL", "https://{token}.example.com/join"),
        ("INVITATION_URL", "https://app.example.com/jo in/{token}"),
        ("INVITATION_URL", "data://{token}"),
        ("INVITATION_URL", "/join/{token}"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://mail.example.com:"),
        ("SMTP_URL", "smtp://mail.example.com?tls=maybe"),
        ("SMTP_URL", "smtps://mail.example.com?tls=none"),
        ("MAIL_FROM", "nobody"),
        ("MAILS_PER_ORGANIZATION_PER_HOUR", "0"),
        ("MAILS_PER_RECIPIENT_PER_DAY", "many"),
        ("UNVERIFIED_INVITATIONS_PER_DAY", "-1"),
        ("SIGNING_KEYS", "a.pem,,b.pem"),
        ("MODE", "Production"),
        ("SIGN_UP_REQUIRES_WORK_EMAIL", "maybe"),
        ("ACCESS_TOKEN_MINUTES", "4"),
        ("SESSION_DAYS", "-1"),
        ("REQUEST_BODY_BYTES", "1 MB"),
        ("REQUEST_BODY_BYTES", "16777217"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.example,null"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("LOG_FORMAT", "xml"),
        ("LOG", "rolecall=loud"),
    ] {
        let error = load(&[(name, bad)]).expect_err(bad);
        assert_eq!(error.setting, name);
        assert!(error.got.contains(bad), "{error}");
    }
}

#[test]
fn urls_are_kept_as_the_rest_of_the_program_needs_them() {
    for (given, kept) in [
        ("https://Team.Example.com/", "https://team.example.com"),
        ("https://team.example.com:443", "https://team.example.com"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        (" http://localhost:80 ", "http://localhost"),
    ] {
        assert_eq!(load(&[("PUBLIC_URL", given)]).unwrap().public_url, kept);
        assert_eq!(load(&[("CORS_ORIGINS", given)]).unwrap().cors_origins, [kept]);
    }
    for good in [
        "smtp://localhost:1025",
        "smtp://ann:p%40ss@mail.example.com:587?tls=required",
        "smtp://[::1]?tls=none",
        "smtps://ann:secret@mail.example.com",
    ] {
        assert_eq!(load(&[("SMTP_URL", good)]).unwrap().smtp_url.as_deref(), Some(good));
    }
    for good in ["sqlite::memory:", "sqlite:///var/lib/r.db", "postgresql://db/r", "postgres://db"]
    {
        assert_eq!(load(&[("DATABASE_URL", good)]).unwrap().database_url, good);
    }
}

#[test]
fn links_lead_to_the_application_where_it_has_pages_of_its_own() {
    for (template, link) in [
        ("https://App.example.com/join/{token}", "https://App.example.com/join/abc"),
        (
            "HTTPS://app.example.com?token={token}&from=mail",
            "https://app.example.com?token=abc&from=mail",
        ),
        ("https://app.example.com/#/join/{token}", "https://app.example.com/#/join/abc"),
        ("http://localhost:3000/join/{token}", "http://localhost:3000/join/abc"),
        ("myapp://join/{token}", "myapp://join/abc"),
        ("com.example.app://{token}", "com.example.app://abc"),
    ] {
        let config = load(&[("INVITATION_URL", template)]).unwrap();
        assert_eq!(config.invitation_link("abc"), link);
    }
    for url in ["https://app.example.com", "https://app.example.com/team?a=b", "myapp://home"] {
        let config = load(&[("APPLICATION_URL", url)]).unwrap();
        assert_eq!(config.application_url(), url);
    }
}

#[test]
fn what_the_server_makes_for_itself_moves_together() {
    let config = load(&[("DATA_DIR", "/var/lib/rolecall")]).unwrap();
    assert_eq!(config.database_url, "sqlite:///var/lib/rolecall/rolecall.db");
    let config = load(&[("DATA_DIR", "elsewhere"), ("DATABASE_URL", "postgres://db/r")]).unwrap();
    assert_eq!(config.database_url, "postgres://db/r");
}

#[test]
fn production_names_every_development_default_at_once() {
    let error = load(&[("MODE", "production")]).unwrap_err().to_string();
    for part in ["MODE", "\"production\"", "SMTP_URL", "SIGNING_KEYS", "http://127.0.0.1:8080"] {
        assert!(error.contains(part), "{error}");
    }
    let error =
        load(&[("MODE", "production"), ("SMTP_URL", "smtp://mail"), ("SIGNING_KEYS", "key.pem")])
            .unwrap_err()
            .to_string();
    assert!(error.contains("https PUBLIC_URL") && !error.contains("SMTP_URL"), "{error}");

    let production = [
        ("MODE", "production"),
        ("SMTP_URL", "smtp://mail"),
        ("SIGNING_KEYS", "key.pem"),
        ("PUBLIC_URL", "https://team.example.com"),
    ];
    let config = load(&production).unwrap();
    assert_eq!(config.log_format, LogFormat::Json);

    // A token does not travel in the open.
    for (setting, url, fine) in [
        ("INVITATION_URL", "http://app.example.com/{token}", false),
        ("INVITATION_URL", "https://app.example.com/{token}", true),
        ("INVITATION_URL", "myapp://join/{token}", true),
        ("APPLICATION_URL", "http://app.example.com", false),
        ("APPLICATION_URL", "https://app.example.com", true),
    ] {
        let mut settings = production.to_vec();
        settings.push((setting, url));
        assert_eq!(load(&settings).is_ok(), fine, "{url}");
    }
}

#[test]
fn in_development_links_lead_to_wherever_the_server_ended_up() {
    let follow = |pairs: &[(&str, &str)], bound: &str| {
        let mut config = load(pairs).unwrap();
        config.public_url_follows(bound.parse().unwrap());
        config.public_url
    };
    assert_eq!(follow(&[], "127.0.0.1:43210"), "http://127.0.0.1:43210");
    assert_eq!(follow(&[], "0.0.0.0:8080"), "http://127.0.0.1:8080");
    assert_eq!(follow(&[], "[::]:8080"), "http://[::1]:8080");
    let chosen = [("PUBLIC_URL", "http://team.test")];
    assert_eq!(follow(&chosen, "127.0.0.1:43210"), "http://team.test");
}

#[test]
fn only_the_proxies_that_were_named_are_believed() {
    let config = load(&[("TRUSTED_PROXIES", "10.1.2.3/8, 192.0.2.7, 2001:db8::/32")]).unwrap();
    for (peer, believed) in [
        ("10.255.0.1", true),
        ("::ffff:10.0.0.1", true),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
    ] {
        assert_eq!(config.trusts(peer.parse().unwrap()), believed, "{peer}");
    }
}

#[test]
fn a_configuration_in_a_log_shows_no_password() {
    let config = load(&[
        ("SMTP_URL", "smtp://ann:hunter2@mail.example.com"),
        ("DATABASE_URL", "postgres://ann:hunter2@db/rolecall"),
    ]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
    let error = load(&[("SMTP_URL", "imap://ann:hunter2@mail.example.com")]).unwrap_err();
    assert_eq!(error.got, "\"imap://***@mail.example.com\"");
}
