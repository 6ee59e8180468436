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

async fn page(server: &Server, path: &str) -> (u16, String) {
    let page = server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

/// Where a form, or an address, leads to.
async fn led(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to.unwrap_or_default())
}

both!(
    /// R49: the page of a link that has expired asks by a form, says when it was asked, and shows
    /// nothing of who is asked; in the language that the visitor chooses.
    r49_the_page_asks_for_a_new_link,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, token) = ann.invite_one(BOB, &[]).await;
        let path = format!("/invitations/{token}");
        let post = |path: String| led(server.http.post(format!("{}{path}", server.url)));
        let get = |path: String| led(server.http.get(format!("{}{path}", server.url)));

        // While the link works there is nothing to ask for.
        assert_eq!(post(format!("{path}/new-link")).await, (303, path.clone()));
        assert_eq!(asked(&server).await, [""; 0]);
        server.pass(TimeDelta::days(7));
        let (status, expired) = page(&server, &path).await;
        assert_eq!(status, 200);
        assert!(expired.contains("This invitation has expired"), "{expired}");
        assert!(expired.contains(&format!("action=\"{path}/new-link\"")), "{expired}");
        assert_eq!(asked(&server).await, [""; 0], "opening it asks for nothing");

        // Accepting too late says that it is too late.
        let accept = server.http.post(format!("{}{path}", server.url)).form(&[("name", "Bob")]);
        let late = accept.send().await.unwrap();
        assert_eq!(late.status(), 422);
        assert!(late.text().await.unwrap().contains("This invitation has expired"));

        let (_, german) = page(&server, &format!("{path}?lang=de")).await;
        assert!(german.contains("Diese Einladung ist abgelaufen") && german.contains("lang=\"de\""), "{german}");
        let form = format!("{path}/new-link?lang=de");
        assert!(german.contains(&format!("action=\"{form}\"")), "{german}");
        assert_eq!(get(form.clone()).await, (303, format!("{path}?lang=de")), "a reload leads back");
        assert_eq!(post(form.clone()).await, (303, format!("{path}?lang=de")));
        assert_eq!(asked(&server).await, ["ann@acme.example"]);
        assert_eq!(post(form).await.0, 303, "a second press is no fault");
        assert_eq!(asked(&server).await.len(), 1);
        let (_, after) = page(&server, &path).await;
        assert!(after.contains("asked for on 9 March 2026, 09:00 UTC"), "{after}");
        assert!(!after.contains("<form") && !after.contains("ann@"), "{after}");
        let (_, german) = page(&server, &format!("{path}?lang=de")).await;
        assert!(german.contains("Am 9. März 2026, 09:00 Uhr (UTC)"), "{german}");

        server.pass(TimeDelta::days(1));
        assert!(page(&server, &path).await.1.contains("<form"), "a day later it can be asked again");
        let ann = ann.later(TimeDelta::zero()).await;
        ann.resend(&id).await.done("resendInvitation");
        let (status, old) = page(&server, &path).await;
        assert_eq!(status, 404);
        assert!(old.contains("newest mail"), "{old}");
    }
);

both!(
    /// Every page has the others' languages to choose, what was chosen stays, and a link whose path came
    /// back in other letters is found.
    r49_pages_are_found_and_read,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        let path = format!("/invitations/{token}");
        for path in [path.as_str(), "/reset-password", "/welcome", "/", "/verify-email/x"] {
            let (_, english) = page(&server, path).await;
            assert!(english.contains("<html lang=\"en\"") && english.contains("<a href=\"?lang=de\""), "{english}");
            let (_, german) = page(&server, &format!("{path}?lang=de")).await;
            assert!(german.contains("<html lang=\"de\"") && german.contains("<a href=\"?lang=en\""), "{german}");
        }
        let (_, german) = page(&server, &format!("{path}?lang=de")).await;
        assert!(german.contains(&format!("href=\"{path}/decline?lang=de\"")), "{german}");
        let post = |path: String, form: Vec<(&'static str, &'static str)>| {
            led(server.http.post(format!("{}{path}", server.url)).form(&form))
        };
        let answers = vec![("name", "Bob"), ("password", Person::PASSWORD)];
        assert_eq!(post(format!("{path}?lang=de"), answers).await, (303, "/welcome?lang=de".to_owned()));
        let (_, second) = ann.invite_one("carol@corp.example", &[]).await;
        let declined = post(format!("/invitations/{second}/decline?lang=de"), vec![]).await;
        assert_eq!(declined, (303, format!("/invitations/{second}?lang=de")));

        let get = |path: String| led(server.http.get(format!("{}{path}", server.url)));
        let shouted = path.to_uppercase();
        assert_eq!(get(shouted).await, (303, path.clone()));
        assert_eq!(get(format!("{path}/")).await, (303, path.clone()));
        assert_eq!(get(format!("/Invitations/{token}?lang=de")).await, (303, format!("{path}?lang=de")));
        let (status, nowhere) = page(&server, "/nowhere").await;
        assert_eq!(status, 404);
        assert!(nowhere.contains("There is nothing here"), "{nowhere}");
        assert_eq!(page(&server, "/invitations/x/y/z").await.0, 404);
    }
);
