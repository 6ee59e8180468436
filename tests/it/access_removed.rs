//! Whoever loses access is told so, by whom, and where to ask (R26).

use serde_json::json;

use crate::support::life::{act, with_user};
use crate::support::smtp::SmtpServer;
use crate::support::{Person, Server, both, plant};

/// The mails about lost access since the last look, each as `address: subject`.
async fn told(server: &Server, smtp: &SmtpServer, seen: &mut usize) -> Vec<String> {
    server.deliver_to(smtp).await;
    let mails = smtp.received();
    let new = mails.iter().skip(*seen).filter(|mail| mail.text.contains("(ann@acme.example)"));
    let told = new.map(|mail| format!("{}: {}", mail.to.concat(), mail.subject)).collect();
    *seen = mails.len();
    told
}

both!(
    /// A member who is suspended, taken out of an account or of the organization is told; one who leaves
    /// knows. What is only tried, and what changes nothing, is not mailed.
    r26_who_loses_access_is_told,
    |server: Server| async move {
        let smtp = SmtpServer::start().await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("account_developer", &desk)]).await;
        let cy = ann.colleague("Cy", "cy@corp.example", &[]).await;
        plant::run(&server, "UPDATE users SET locale = 'de' WHERE id = $1", &[&bob.id]).await;
        let mut seen = 0;
        told(&server, &smtp, &mut seen).await;

        for _ in 0..2 {
            with_user(&ann, "suspendUser", &bob.id).await.done("suspendUser");
        }
        let mails = told(&server, &smtp, &mut seen).await;
        assert_eq!(mails, ["bob@corp.example: Ihr Zugang zu „Acme“ ist gesperrt"]);
        with_user(&ann, "reactivateUser", &bob.id).await.done("reactivateUser");
        for dry_run in [true, false, false] {
            let input = json!({ "userId": bob.id, "accountId": desk, "dryRun": dry_run });
            act(&ann, "removeUserFromAccount", input).await.done("removeUserFromAccount");
        }
        let mails = told(&server, &smtp, &mut seen).await;
        assert_eq!(mails, ["bob@corp.example: Sie haben keinen Zugang mehr zum Konto „Desk“"]);
        with_user(&ann, "removeUserFromOrganization", &bob.id)
            .await
            .done("removeUserFromOrganization");
        let mails = told(&server, &smtp, &mut seen).await;
        assert_eq!(mails, ["bob@corp.example: Sie sind nicht mehr Mitglied von „Acme“"]);
        let reply_to = smtp.received().pop().unwrap().header("reply-to").unwrap();
        assert!(reply_to.contains("ann@acme.example"), "{reply_to}");

        let leaving = Person { organization: ann.organization.clone(), ..cy.clone() };
        with_user(&leaving, "removeUserFromOrganization", &cy.id)
            .await
            .done("removeUserFromOrganization");
        assert_eq!(told(&server, &smtp, &mut seen).await, [""; 0]);
    }
);
