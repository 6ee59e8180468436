//! Asking for a new link from one that is no good any more (R49): who is told, how often, and what is
//! told to whoever asks.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::life::{there, with_user};
use crate::support::roles::take;
use crate::support::{Answer, Options, Person, Server, both};

const BOB: &str = "bob@corp.example";
const ASK: &str = "mutation($input: RequestNewInvitationInput!) {
    requestNewInvitation(input: $input) { requestedAt userErrors { code message path help } } }";

pub(crate) async fn request(server: &Server, token: &str) -> Answer {
    server.send(ASK, json!({ "input": { "token": token } }), None, None).await
}

fn refusals(answer: &Answer) -> Vec<String> {
    answer.refusals("requestNewInvitation")
}

/// Who has been asked for a new link, one address a mail, oldest first.
async fn asked(server: &Server) -> Vec<String> {
    let mails = server.all_mails().await.into_iter();
    mails.filter(|mail| mail.kind == "new_link_requested").map(|mail| mail.recipient).collect()
}

/// The text of the newest mail that asks for a new link.
async fn mailed(server: &Server) -> String {
    let mails = server.mails().await;
    let asks = |mail: &&Value| mail["subject"].as_str().unwrap().contains("new link");
    mails.iter().find(asks).unwrap()["text"].as_str().unwrap().to_owned()
}

/// When a new link was last asked for, as an administrator sees it.
async fn requested_at(by: &Person) -> Value {
    let query = "query($id: ID!) { organization(id: $id) { invitations(first: 1) { nodes {
        newLinkRequestedAt } } } }";
    let shown = by.send(query, json!({ "id": by.organization })).await;
    shown.at("/organization/invitations/nodes/0/newLinkRequestedAt").clone()
}

/// What the link shows of it.
async fn shown(server: &Server, token: &str) -> Value {
    let query = "query($token: String!) { invitationByToken(token: $token) {
        ... on InvitationExpired { newLinkRequestedAt }
        ... on InvitationInviterLostAccess { newLinkRequestedAt } } }";
    let shown = server.send(query, json!({ "token": token }), None, None).await;
    shown.at("/invitationByToken/newLinkRequestedAt").clone()
}

both!(
    /// R49: the inviter of an expired invitation gets a mail, which says who asks and where an answer
    /// goes; resending does the rest.
    r49_a_new_link_is_asked_for_when_the_old_one_has_expired,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = [("account_developer", ann.account.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &[("account_administrator", &ann.account)]).await;
        let (id, token) = carol.invite_one(BOB, &grants).await;
        assert_eq!(refusals(&request(&server, &token).await), ["ALREADY_INVITED token"]);
        assert_eq!(requested_at(&ann).await, Value::Null);

        let ann = ann.later(TimeDelta::days(7)).await;
        assert_eq!(shown(&server, &token).await, Value::Null);
        let answer = request(&server, &token).await.done("requestNewInvitation");
        let at = moment(answer.at("/requestNewInvitation/requestedAt"));
        assert_eq!(at, server.now());
        assert_eq!(moment(&requested_at(&ann).await), at);
        assert_eq!(moment(&shown(&server, &token).await), at);
        assert_eq!(asked(&server).await, ["carol@corp.example"]);
        let text = mailed(&server).await;
        assert!(text.contains(BOB) && text.contains("Acme") && text.contains("Carol"), "{text}");
        assert!(!text.contains(&token), "{text}");
        let events = server.audit("invitation.link_requested").await;
        assert_eq!((events[0].target.as_str(), events[0].actor_id), (id.as_str(), None));
        assert_eq!(events[0].after.as_ref().unwrap()["told"], json!(carol.id));

        // Nothing else has happened: the old link stays what it is, and a new one is mailed by hand.
        assert_eq!(server.link_state(&token).await, "InvitationExpired");
        ann.resend(&id).await.done("resendInvitation");
        assert_eq!(requested_at(&ann).await, Value::Null, "it has been answered");
        let new = server.invitation_token(BOB).await;
        assert_eq!(refusals(&request(&server, &token).await), ["INVALID_TOKEN token"]);
        server.accept(&new, "Bob").await.done("acceptInvitation");
        assert_eq!(refusals(&request(&server, &new).await), ["INVITATION_NOT_PENDING token"]);
    }
);

both!(
    /// R49: once a day for an invitation, however often and on however many servers it is asked.
    r49_a_new_link_is_asked_for_once_a_day,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        let other = server.another(Options::default()).await;
        server.pass(TimeDelta::days(7));
        let servers = (0..20).map(|n| if n % 2 == 0 { &server } else { &other });
        let answers = join_all(servers.map(|server| request(server, &token))).await;
        let done = answers.iter().filter(|answer| refusals(answer).is_empty()).count();
        assert_eq!(done, 1);
        for answer in answers.iter().filter(|answer| !refusals(answer).is_empty()) {
            assert_eq!(refusals(answer), ["LINK_REQUESTED_TOO_SOON token"]);
            let help = answer.text("/requestNewInvitation/userErrors/0/help");
            assert!(help.contains("2026-03-10T09:00:00Z"), "{help}");
        }
        assert_eq!(asked(&server).await, ["ann@acme.example"]);
        server.pass(TimeDelta::hours(24) - TimeDelta::seconds(1));
        assert_eq!(refusals(&request(&server, &token).await), ["LINK_REQUESTED_TOO_SOON token"]);
        server.pass(TimeDelta::seconds(1));
        request(&server, &token).await.done("requestNewInvitation");
        assert_eq!(asked(&server).await.len(), 2);
        assert_eq!(server.audit("invitation.link_requested").await.len(), 2);
    }
);

both!(
    /// R49, R21: where the inviter can do nothing about it any more, the Owner of the organization is
    /// asked; whoever asks is not told whom.
    r49_the_owner_is_asked_in_the_place_of_an_inviter_who_lost_access,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = [("account_developer", ann.account.as_str())];
        let admin = [("account_administrator", ann.account.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let (_, token) = carol.invite_one(BOB, &grants).await;
        take(&ann, &carol.id, &ann.account).await.done("removeRoleAssignments");
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");
        let answer = request(&server, &token).await.done("requestNewInvitation");
        assert_eq!(asked(&server).await, ["ann@acme.example"]);
        let text = mailed(&server).await;
        assert!(text.contains("Carol") && text.contains(BOB), "{text}");
        assert!(!answer.body.to_string().contains("ann@"), "{:#}", answer.body);
        assert_eq!(refusals(&request(&server, &token).await), ["LINK_REQUESTED_TOO_SOON token"]);

        // The same when it has expired meanwhile; and for an inviter who is suspended.
        server.pass(TimeDelta::days(7));
        request(&server, &token).await.done("requestNewInvitation");
        assert_eq!(asked(&server).await, ["ann@acme.example", "ann@acme.example"]);
        let ann = ann.later(TimeDelta::zero()).await;
        let dan = ann.colleague("Dan", "dan@corp.example", &admin).await;
        let (_, token) = dan.invite_one("eve@corp.example", &grants).await;
        with_user(&ann, "suspendUser", &dan.id).await.done("suspendUser");
        request(&server, &token).await.done("requestNewInvitation");
        assert_eq!(asked(&server).await.len(), 3);
        assert!(asked(&server).await.iter().all(|to| to == "ann@acme.example"));
    }
);

both!(
    /// R49: what has been decided is not asked for again, and an unknown link asks nobody.
    r49_no_new_link_where_the_invitation_has_ended,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, revoked) = ann.invite_one(BOB, &[]).await;
        ann.revoke(&id).await.done("revokeInvitation");
        let (_, declined) = ann.invite_one("carol@corp.example", &[]).await;
        server.decline(&declined).await.done("declineInvitation");
        server.pass(TimeDelta::days(7));
        let before = server.dump().await;
        for token in [&revoked, &declined] {
            assert_eq!(refusals(&request(&server, token).await), ["INVITATION_NOT_PENDING token"]);
        }
        for token in ["", "unknown", "\0"] {
            assert_eq!(refusals(&request(&server, token).await), ["INVALID_TOKEN token"]);
        }
        assert_eq!(server.dump().await, before);
    }
);

both!(
    /// Who asks, and who resends at that moment: the new link is mailed once, and nothing is left over
    /// that asks for it.
    a_request_and_a_resend_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let other = server.another(Options::default()).await;
        let mut ann = ann;
        for n in 0..6 {
            let email = format!("p{n}@corp.example");
            let (id, token) = ann.invite_one(&email, &[]).await;
            ann = ann.later(TimeDelta::days(7)).await;
            let ann_there = there(&ann, &other);
            let (asked, resent) = tokio::join!(request(&server, &token), ann_there.resend(&id));
            resent.done("resendInvitation");
            let asked = if asked.body.get("errors").is_some() {
                vec![asked.error().to_owned()]
            } else {
                refusals(&asked)
            };
            let fine = [vec![], vec!["INVALID_TOKEN token".to_owned()], vec!["CONFLICT".to_owned()]];
            assert!(fine.contains(&asked), "{asked:?}");
            assert_eq!(server.link_state(&server.invitation_token(&email).await).await, "InvitationNeedsSignUp");
            assert_eq!(requested_at(&ann).await, Value::Null, "{asked:?}");
        }
    }
);
