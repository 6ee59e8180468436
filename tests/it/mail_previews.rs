//! Every mail there is, to be looked at in development.

use reqwest::StatusCode;

use crate::support::{Options, Server, both};

async fn get(server: &Server, path: &str) -> (StatusCode, String) {
    let answer = server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

both!(
    /// The list leads to each mail in each language, as HTML and as text.
    every_mail_can_be_looked_at,
    |server: Server| async move {
        let (_, mailbox) = get(&server, "/mailbox").await;
        assert!(mailbox.contains("href=\"/mailbox/previews\""), "{mailbox}");
        let (_, list) = get(&server, "/mailbox/previews").await;
        let links: Vec<&str> = list
            .split("href=\"")
            .filter_map(|rest| rest.split('"').next())
            .filter(|link| link.starts_with("/mailbox/previews/"))
            .collect();
        assert!(links.contains(&"/mailbox/previews/invitation_expiring/de"));
        for link in &links {
            let (status, shown) = get(&server, link).await;
            assert_eq!(status, StatusCode::OK, "{link}");
            assert!(shown.contains(&format!("src=\"{link}/html\"")), "{shown}");
            let (status, mail) = get(&server, &format!("{link}/html")).await;
            assert_eq!(status, StatusCode::OK, "{link}");
            let language = link.rsplit('/').next().unwrap();
            assert!(mail.contains(&format!("<html lang=\"{language}\">")), "{mail}");
        }
        for unknown in ["nothing/en", "invitation/xx", "nothing/en/html"] {
            let (status, _) = get(&server, &format!("/mailbox/previews/{unknown}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{unknown}");
        }
    }
);

both!(
    /// With a mail server there is no mailbox, and no previews either.
    where_mails_go_out_there_are_no_previews,
    Options { smtp_url: Some("smtp://127.0.0.1:1?tls=none".to_owned()), ..Options::default() },
    |server: Server| async move {
        let (status, _) = get(&server, "/mailbox/previews").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
);
