//! The main job, end to end, over real HTTP and real SMTP: a team gets invited.

use serde_json::json;

use crate::support::smtp::SmtpServer;
use crate::support::{Person, Server, both};

both!(
    /// Sign up, invite a colleague, open the colleague's mail, accept, change their role, switch
    /// accounts.
    a_team_gets_invited,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let support = ann.create_account("Support desk", None).await;

        let invited = ann.invite("bob@corp.example", &[("account_developer", &support)]).await;
        let invited = invited.done("inviteUsers");
        assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "INVITED");
        assert_eq!(invited.text("/inviteUsers/results/0/invitation/status"), "PENDING");

        // The mail goes out after the commit, through a real mail server.
        let mut smtp = SmtpServer::start().await;
        deliver(&server, &smtp).await;
        let mail = loop {
            let mail = smtp.next().await;
            if mail.to == ["bob@corp.example"] {
                break mail;
            }
        };
        assert!(mail.subject.contains("Ann") && mail.subject.contains("Acme"), "{}", mail.subject);
        assert!(mail.text.contains("Developer") && mail.text.contains("Support desk"), "{}", mail.text);
        let link = mail.links().into_iter().find(|link| link.contains("/invitations/")).unwrap();
        let token = link.strip_prefix("http://rolecall.test/invitations/").unwrap();

        let listed = ann.ask("Invitations", json!({ "organizationId": ann.organization })).await;
        assert_eq!(listed.text("/organization/invitations/nodes/0/delivery/state"), "SENT");

        // Bob opens the link; nothing happens but that he sees who invites him.
        let shown = server.ask("InvitationByToken", json!({ "token": token })).await;
        assert_eq!(shown.text("/invitationByToken/__typename"), "InvitationNeedsSignUp");
        assert_eq!(shown.text("/invitationByToken/inviterName"), "Ann");
        assert_eq!(shown.text("/invitationByToken/maskedEmail"), "b•••@corp.example");

        let input = json!({ "token": token, "name": "Bob", "password": Person::PASSWORD });
        let accepted = server.ask("AcceptInvitation", json!({ "input": input })).await;
        assert_eq!(accepted.text("/acceptInvitation/account/name"), "Support desk");
        let bob =
            Person::from_tokens(&server, "Bob", "bob@corp.example", &accepted, "acceptInvitation").await;

        // Ann sees him among her users, and makes him an administrator of that account.
        let users = ann.ask("OrganizationUsers", json!({ "id": ann.organization, "first": 10 })).await;
        assert_eq!(users.texts("/organization/users/edges", "/node/name"), ["Ann", "Bob"]);
        let input =
            json!({ "userId": bob.id, "accountId": support, "roleKey": "account_administrator" });
        let changed = ann.call("ChangeAccountRole", input).await.done("changeAccountRole");
        assert_eq!(
            changed.text("/changeAccountRole/roleAssignments/0/role/key"),
            "account_administrator"
        );
        assert!(bob.access(&bob.id, "account.users.manage", &support).await);

        // Ann switches to the new account, in one step.
        let input = json!({ "accountId": support });
        let switched = ann.call("SwitchAccount", input).await.done("switchAccount");
        assert_eq!(switched.text("/switchAccount/account/name"), "Support desk");
        let tokens = switched.text("/switchAccount/tokens/accessToken");
        let query = "{ viewer { currentAccount { name } } }";
        let there = server.send(query, json!({}), Some(&tokens), None).await;
        assert_eq!(there.text("/viewer/currentAccount/name"), "Support desk");
    }
);

/// Has the worker send what is queued to this mail server.
async fn deliver(server: &Server, smtp: &SmtpServer) {
    let config = rolecall::config::Config {
        smtp_url: Some(smtp.url()),
        ..rolecall::config::Config::default()
    };
    let transport = rolecall::mail::transport::Transport::from_config(&config).unwrap();
    while rolecall::mail::worker::run_once(&server.app, &transport).await.unwrap() > 0 {}
}
