//! Finding invitations: by state, by who vouches for them, by how far their mails have come.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::smtp::{Fault, SmtpServer};
use crate::support::{Person, Server, both};

/// The addresses that a filter finds, in the list's order, with the total that it tells.
async fn found(by: &Person, filter: Value) -> Vec<String> {
    let variables = json!({ "organizationId": by.organization, "first": 100, "filter": filter });
    let listed = by.ask("Invitations", variables).await;
    let emails = listed.texts("/organization/invitations/nodes", "/email");
    assert_eq!(listed.at("/organization/invitations/totalCount"), emails.len());
    emails.into_iter().map(|email| email.split('@').next().unwrap().to_owned()).collect()
}

/// The same in pages of one.
async fn paged(by: &Person, filter: Value) -> Vec<String> {
    let mut emails = Vec::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({
            "organizationId": by.organization, "first": 1, "after": after, "filter": filter,
        });
        let page = by.ask("Invitations", variables).await;
        for email in page.texts("/organization/invitations/nodes", "/email") {
            emails.push(email.split('@').next().unwrap().to_owned());
        }
        if page.at("/organization/invitations/pageInfo/hasNextPage") == &json!(false) {
            return emails;
        }
        after = page.at("/organization/invitations/pageInfo/endCursor").clone();
    }
}

both!(
    /// R45: in one of several states, in the list's one order.
    r45_invitations_in_several_states,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for (n, name) in ["late", "pending", "declined", "revoked", "accepted"].iter().enumerate() {
            let hours = if n == 0 { 1 } else { 720 };
            let input = json!({
                "invitees": [{ "email": format!("{name}@corp.example") }], "expiresInHours": hours,
            });
            ann.invite_with(input).await.done("inviteUsers");
            server.pass(TimeDelta::seconds(1));
        }
        let link = async |name: &str| server.invitation_token(&format!("{name}@corp.example")).await;
        server.decline(&link("declined").await).await.done("declineInvitation");
        let revoked = ann.invitation_of("revoked@corp.example").await;
        ann.revoke(revoked["id"].as_str().unwrap()).await.done("revokeInvitation");
        server.accept(&link("accepted").await, "Eve").await.done("acceptInvitation");
        let ann = ann.later(TimeDelta::hours(1)).await;

        let everything = ["accepted", "revoked", "declined", "pending", "late"];
        assert_eq!(found(&ann, json!({})).await, everything);
        assert_eq!(found(&ann, json!({ "statuses": [] })).await, everything);
        let all = json!({ "statuses": ["PENDING", "EXPIRED", "ACCEPTED", "DECLINED", "REVOKED"] });
        assert_eq!(found(&ann, all.clone()).await, everything);
        assert_eq!(paged(&ann, all).await, everything);
        let open = json!({ "statuses": ["EXPIRED", "PENDING", "EXPIRED"] });
        assert_eq!(found(&ann, open.clone()).await, ["pending", "late"]);
        assert_eq!(paged(&ann, open).await, ["pending", "late"]);
        let over = json!({ "statuses": ["REVOKED", "DECLINED"], "email": "declin" });
        assert_eq!(found(&ann, over).await, ["declined"]);
        let both = json!({ "status": "DECLINED", "statuses": ["REVOKED", "DECLINED"] });
        assert_eq!(found(&ann, both).await, ["declined"]);
        let neither = json!({ "status": "PENDING", "statuses": ["REVOKED"] });
        let variables = json!({ "organizationId": ann.organization, "filter": neither });
        assert_eq!(ann.ask("Invitations", variables).await.error(), "BAD_USER_INPUT");
    }
);

both!(
    /// By who vouches for them: who made them, or resent them since. Somebody who sees only a part of
    /// the list finds only that part.
    invitations_by_who_vouches_for_them,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let admin = [("account_administrator", desk.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let developer = [("account_developer", desk.as_str())];
        carol.invite("one@corp.example", &developer).await.done("inviteUsers");
        server.pass(TimeDelta::minutes(1));
        let (two, _) = carol.invite_one("two@corp.example", &developer).await;
        ann.invite("three@corp.example", &[]).await.done("inviteUsers");
        let by = |person: &Person| json!({ "invitedById": person.id, "status": "PENDING" });
        assert_eq!(found(&ann, by(&carol)).await, ["two", "one"]);
        assert_eq!(found(&ann, by(&ann)).await, ["three"]);
        assert_eq!(found(&carol, by(&carol)).await, ["two", "one"]);
        assert_eq!(found(&carol, by(&ann)).await, [""; 0], "hers are none of Carol's business");
        let ann = ann.later(TimeDelta::minutes(1)).await;
        ann.resend(&two).await.done("resendInvitation");
        assert_eq!(found(&ann, by(&carol)).await, ["one"]);
        assert_eq!(found(&ann, by(&ann)).await, ["three", "two"]);
        let carol = carol.later(TimeDelta::zero()).await;
        assert_eq!(found(&carol, by(&ann)).await, ["two"]);
        let nobody = json!({ "invitedById": crate::support::plant::unknown(&ann.id) });
        assert_eq!(found(&ann, nobody).await, [""; 0]);
    }
);

both!(
    /// R53: by how far the newest mail has come.
    r53_invitations_by_the_state_of_their_mail,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let (_, _) = ann.invite_one("sent@corp.example", &[]).await;
        let (_, _) = ann.invite_one("failed@corp.example", &[]).await;
        zoe.invite("elsewhere@corp.example", &[]).await.done("inviteUsers");
        let smtp = SmtpServer::start().await;
        smtp.fail_recipient("failed@corp.example", Fault::Reply(550, "no such user"));
        server.deliver_to(&smtp).await;
        server.pass(TimeDelta::seconds(1));
        ann.invite("queued@corp.example", &[]).await.done("inviteUsers");
        let (revoked, _) = ann.invite_one("cancelled@corp.example", &[]).await;
        ann.revoke(&revoked).await.done("revokeInvitation");
        for state in ["sent", "failed", "queued", "cancelled"] {
            let filter = json!({ "delivery": state.to_uppercase() });
            assert_eq!(found(&ann, filter.clone()).await, [state]);
            assert_eq!(paged(&ann, filter).await, [state]);
        }
        let pending = json!({ "delivery": "CANCELLED", "statuses": ["PENDING", "EXPIRED"] });
        assert_eq!(found(&ann, pending).await, [""; 0]);
        assert_eq!(found(&zoe, json!({ "delivery": "SENT" })).await, ["elsewhere"]);
    }
);
