//! What is counted for whoever watches over the servers.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Options, Server, both};

/// The values of what `/metrics` shows: each line's last word, by what stands before it.
struct Shown(String);

impl Shown {
    async fn at(server: &Server) -> Self {
        let answer = server.http.get(format!("{}/metrics", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(media, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let text = answer.text().await.unwrap();
        assert!(text.ends_with("# EOF\n"), "{text}");
        Self(text)
    }

    fn value(&self, name: &str) -> Option<f64> {
        let named = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(named)
    }

    #[track_caller]
    fn of(&self, name: &str) -> f64 {
        self.value(name).unwrap_or_else(|| panic!("no {name} in:\n{}", self.0))
    }
}

both!(
    /// Requests are counted by the router's path and their status, whatever stood in the path; errors by their
    /// code.
    requests_and_errors_are_counted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = Shown::at(&server).await;
        for path in ["/invitations/not-a-token", "/invitations/another", "/nowhere/at/all"] {
            server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
        }
        server.send("{ viewer { user { id } } }", json!({}), None, None).await;
        ann.send("{ nothing }", json!({})).await;
        let after = Shown::at(&server).await;

        let grown = |name: &str| after.of(name) - before.value(name).unwrap_or_default();
        let page = r#"rolecall_http_requests_total{path="/invitations/{token}",status="404"}"#;
        assert_eq!(grown(page), 2.0);
        assert_eq!(grown(r#"rolecall_http_requests_total{path="none",status="404"}"#), 1.0);
        assert_eq!(grown(r#"rolecall_http_request_seconds_count{path="/graphql"}"#), 2.0);
        assert_eq!(grown(r#"rolecall_graphql_errors_total{code="UNAUTHENTICATED"}"#), 1.0);
        assert_eq!(grown(r#"rolecall_graphql_errors_total{code="BAD_USER_INPUT"}"#), 1.0);
        assert!(!after.0.contains("not-a-token"));
    }
);

both!(
    /// Every statement is counted, and the connections that carry them.
    statements_and_connections_are_counted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let before = Shown::at(&server).await;
        let (_, statements) =
            server.statements(ann.send("{ viewer { user { id } } }", json!({}))).await;
        let after = Shown::at(&server).await;
        // Each look at the outbox is a statement, too.
        let name = "rolecall_sql_statements_total";
        assert_eq!(after.of(name) - before.of(name), statements.len() as f64 + 1.0);
        assert_eq!(after.of("rolecall_sql_statement_failures_total"), 0.0);
        let open = ["in_use", "idle"].map(|state| {
            after.value(&format!(r#"rolecall_database_connections{{state="{state}"}}"#)).unwrap()
        });
        assert!(open.iter().sum::<f64>() >= 1.0, "{}", after.0);
        assert!(after.of("rolecall_database_connections_max") >= 4.0);
    }
);

both!(
    /// R53: how much waits in the outbox and for how long is seen, and what becomes of it.
    r53_the_outbox_is_seen_from_outside,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        while server.deliver().await > 0 {}
        let before = Shown::at(&server).await;
        assert_eq!(before.of("rolecall_outbox_mails"), 0.0);
        assert_eq!(before.of("rolecall_outbox_oldest_mail_seconds"), 0.0);

        ann.invite("ben@corp.example", &[("account_developer", &*ann.account)]).await;
        server.pass(TimeDelta::seconds(90));
        let waiting = Shown::at(&server).await;
        assert_eq!(waiting.of("rolecall_outbox_mails"), 1.0);
        assert_eq!(waiting.of("rolecall_outbox_oldest_mail_seconds"), 90.0);

        while server.deliver().await > 0 {}
        let after = Shown::at(&server).await;
        assert_eq!(after.of("rolecall_outbox_mails"), 0.0);
        let sent = r#"rolecall_mails_total{outcome="sent"}"#;
        assert_eq!(after.of(sent) - before.of(sent), 1.0);
    }
);

both!(
    /// A mail server that nobody reaches is seen as well.
    r53_mails_that_do_not_go_out_are_counted,
    Options { smtp_url: Some("smtp://127.0.0.1:1".to_owned()), ..Options::default() },
    |server: Server| async move {
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.deliver().await;
        let shown = Shown::at(&server).await;
        assert_eq!(shown.of(r#"rolecall_mails_total{outcome="deferred"}"#), 1.0);
        assert_eq!(shown.of("rolecall_outbox_mails"), 1.0);
    }
);
