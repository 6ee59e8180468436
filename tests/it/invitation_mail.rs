//! The mails of an invitation beside the first: the reminder (R45–R47), and how they are stopped.

use chrono::TimeDelta;
use entity::mail::{Model, State};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::inviting::moment;
use crate::support::smtp::SmtpServer;
use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

/// The reminders to Bob, whenever they are due, in that order.
async fn reminders(server: &Server) -> Vec<Model> {
    let mut mails = server.mails_of_all_times().await;
    mails.retain(|mail| mail.kind == "invitation_expiring" && mail.recipient == BOB);
    mails
}

async fn states(server: &Server) -> Vec<State> {
    reminders(server).await.iter().map(|mail| mail.state).collect()
}

both!(
    /// A day before an invitation expires its recipient is reminded, with the same link.
    r45_the_day_before_it_expires_there_is_a_reminder,
    |server: Server| async move {
        let smtp = SmtpServer::start().await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let input = json!({ "invitees": [{ "email": BOB }], "grants": [], "locale": "de" });
        ann.invite_with(input).await.done("inviteUsers");
        let token = server.invitation_token(BOB).await;
        let expires = moment(&ann.invitation_of(BOB).await["expiresAt"]);
        server.deliver_to(&smtp).await;
        server.pass(TimeDelta::days(6) - TimeDelta::seconds(1));
        assert_eq!(server.deliver_to(&smtp).await, 0);
        assert_eq!(reminders(&server).await[0].created_at, expires - TimeDelta::days(1));
        server.pass(TimeDelta::seconds(1));
        assert_eq!(server.deliver_to(&smtp).await, 1);

        let mail = smtp.received().pop().unwrap();
        assert_eq!(mail.to, [BOB]);
        assert_eq!(mail.subject, "Erinnerung: Ihre Einladung zu „Acme“ läuft morgen ab");
        assert!(mail.text.contains("bis zum 9. März 2026, 09:00 Uhr (UTC)"), "{}", mail.text);
        assert!(mail.links()[0].ends_with(&format!("/invitations/{token}")), "{}", mail.text);
        assert!(mail.header("reply-to").unwrap().contains("ann@acme.example"));
        server.accept(&token, "Bob").await.done("acceptInvitation");
        assert_eq!(states(&server).await, [State::Sent]);
    }
);

both!(
    /// Who has less than two days needs no reminder.
    r45_short_invitations_have_no_reminder,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for (hours, reminded) in [(47, 0), (48, 1)] {
            let input = json!({
                "invitees": [{ "email": BOB }], "grants": [], "expiresInHours": hours,
            });
            ann.invite_with(input).await.done("inviteUsers");
            assert_eq!(reminders(&server).await.len(), reminded);
            let id = ann.invitation_of(BOB).await["id"].as_str().unwrap().to_owned();
            ann.revoke(&id).await.done("revokeInvitation");
            // One of an address is enough for this story.
            server.pass(TimeDelta::minutes(2));
            crate::support::plant::run(&server, "DELETE FROM invitations WHERE id = $1", &[&id]).await;
        }
    }
);

both!(
    /// Whatever ends an invitation or its link calls the reminder off.
    r46_r47_the_reminder_is_called_off,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let queued = [State::Queued];
        let called_off = [State::Cancelled];

        let (id, _) = ann.invite_one(BOB, &[]).await;
        assert_eq!(states(&server).await, queued);
        ann.revoke(&id).await.done("revokeInvitation");
        assert_eq!(states(&server).await, called_off);
        assert_eq!(reminders(&server).await[0].sealed, None, "it keeps no link");

        server.pass(TimeDelta::minutes(2));
        let (_, token) = ann.invite_one(BOB, &[]).await;
        server.decline(&token).await.done("declineInvitation");
        assert_eq!(states(&server).await, [State::Cancelled; 2]);

        server.pass(TimeDelta::minutes(2));
        let (id, _) = ann.invite_one(BOB, &[]).await;
        server.pass(TimeDelta::minutes(2));
        ann.resend(&id).await.done("resendInvitation");
        let now = states(&server).await;
        assert_eq!(now, [State::Cancelled, State::Cancelled, State::Cancelled, State::Queued]);
        let token = server.invitation_token(BOB).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        assert_eq!(states(&server).await, [State::Cancelled; 4]);
    }
);

both!(
    /// It is called off too where the invitation ends with something else.
    r23_r26_the_reminder_goes_with_the_invitation,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        ann.invite_one(BOB, &[("account_developer", &desk)]).await;
        crate::support::life::on(&ann, "closeAccount", &desk).await.done("closeAccount");
        assert_eq!(ann.invitation_of(BOB).await["status"], "REVOKED");
        assert_eq!(states(&server).await, [State::Cancelled]);
    }
);

/// A POST to the page of Bob's invitation.
async fn post(
    server: &Server,
    token: &str,
    what: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> StatusCode {
    let mut request = server.http.post(format!("{}/invitations/{token}/{what}", server.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let form = "application/x-www-form-urlencoded";
    request.header("content-type", form).body(body.to_owned()).send().await.unwrap().status()
}

async fn page(server: &Server, token: &str) -> String {
    let url = format!("{}/invitations/{token}/unsubscribe", server.url);
    server.http.get(url).send().await.unwrap().text().await.unwrap()
}

/// Every invitation to Bob is refused, because he said so.
async fn is_refused(ann: &Person, id: &str) {
    let refused = ann.resend(id).await;
    assert_eq!(refused.refusals("resendInvitation"), ["RECIPIENT_OPTED_OUT invitationId"]);
}

both!(
    /// The mails say where they are stopped; mail programs do it with one request, whatever site they
    /// say they come from. The invitation stays, and accepting it makes mails welcome again.
    r53_mails_about_invitations_can_be_stopped,
    Options {
        config: Some(|config| config.public_url = "https://rolecall.test".to_owned()),
        ..Options::default()
    },
    |server: Server| async move {
        let smtp = SmtpServer::start().await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, token) = ann.invite_one(BOB, &[]).await;
        server.deliver_to(&smtp).await;
        let mail = smtp.received().into_iter().find(|mail| mail.to == [BOB]).unwrap();
        let link = format!("<https://rolecall.test/invitations/{token}/unsubscribe>");
        assert_eq!(mail.header("list-unsubscribe").unwrap(), link);
        let one_click = "List-Unsubscribe=One-Click";
        assert_eq!(mail.header("list-unsubscribe-post").unwrap(), one_click);

        // Looking changes nothing, and neither does another site's form.
        assert!(page(&server, &token).await.contains("Send no more mails"));
        let cross = [("sec-fetch-site", "cross-site"), ("origin", "https://mail.example")];
        let forged = post(&server, &token, "unsubscribe", &cross, "").await;
        assert_eq!(forged, StatusCode::FORBIDDEN);
        assert_eq!(states(&server).await, [State::Queued]);

        for _ in 0..2 {
            let done = post(&server, &token, "unsubscribe", &cross, one_click).await;
            assert_eq!(done, StatusCode::OK);
        }
        assert_eq!(states(&server).await, [State::Cancelled]);
        assert_eq!(server.audit("invitation.mails_stopped").await.len(), 1);
        server.pass(TimeDelta::minutes(2));
        is_refused(&ann, &id).await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp");
        // Another organization is another matter.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        zoe.invite_one(BOB, &[]).await;

        server.accept(&token, "Bob").await.done("acceptInvitation");
        assert_eq!(server.audit("invitation.mails_resumed").await.len(), 1);
    }
);

both!(
    /// On the page they are stopped by a button, and started again by another. Meanwhile nobody of that
    /// address is invited; the others in the call are.
    r53_stopping_mails_on_the_page,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, token) = ann.invite_one(BOB, &[]).await;
        let own = [("sec-fetch-site", "same-origin")];
        assert_eq!(post(&server, &token, "unsubscribe", &own, "").await, StatusCode::OK);
        assert!(page(&server, &token).await.contains("Send them again after all"));
        ann.revoke(&id).await.done("revokeInvitation");
        server.pass(TimeDelta::minutes(2));
        let both = json!({
            "invitees": [{ "email": "BOB@corp.example" }, { "email": "cy@corp.example" }],
            "grants": [],
        });
        let rows = ann.invite_with(both).await.rows();
        assert_eq!(rows, ["REFUSED RECIPIENT_OPTED_OUT invitees.0.email", "INVITED"]);

        assert_eq!(post(&server, &token, "subscribe", &own, "").await, StatusCode::SEE_OTHER);
        assert_eq!(server.audit("invitation.mails_resumed").await.len(), 1);
        ann.invite_one(BOB, &[]).await;
        assert_eq!(post(&server, "nobody-knows", "unsubscribe", &own, "").await, StatusCode::NOT_FOUND);
    }
);
