//! What the operator entitles organizations to (R55).

use chrono::TimeDelta;
use entity::id::OrganizationId;
use futures_util::future::join_all;
use rolecall::config::{Config, TeamAccess};
use serde_json::{Value, json};

use crate::support::life::{act, with_user};
use crate::support::moves::{accept, asked};
use crate::support::roles::welcome;
use crate::support::{Options, Person, Server, both, plant};

const BOB: &str = "bob@corp.example";

fn only_the_entitled() -> Options {
    fn entitled(config: &mut Config) {
        config.team_access = TeamAccess::Entitled;
    }
    Options { config: Some(entitled), ..Options::default() }
}

fn id(person: &Person) -> OrganizationId {
    person.organization.parse().unwrap()
}

/// Says for how many people there is room.
async fn seats(ann: &Person, seats: u32) {
    ann.server.operator().entitle(id(ann), true, Some(seats)).await.unwrap();
}

/// What the members are told: team access, seats, used, left.
async fn told(person: &Person) -> Value {
    let query = "query($id: ID!) { organization(id: $id) {
        entitlement { teamAccess seats seatsUsed seatsLeft } } }";
    let answer = person.send(query, json!({ "id": person.organization })).await;
    let told = answer.at("/organization/entitlement");
    json!([told["teamAccess"], told["seats"], told["seatsUsed"], told["seatsLeft"]])
}

/// Invites these people in one call; its rows.
async fn invite(ann: &Person, names: &[&str]) -> Vec<String> {
    let invitees: Vec<Value> =
        names.iter().map(|name| json!({ "email": format!("{name}@corp.example") })).collect();
    ann.invite_with(json!({ "invitees": invitees })).await.done("inviteUsers").rows()
}

both!(
    /// Unless something else is said, everyone may invite as many as they like; members can read it.
    r55_by_default_everyone_is_entitled,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        assert_eq!(told(&ann).await, json!([true, null, 1, null]));
        let bob = ann.colleague("Bob", BOB, &[("account_support", &ann.account)]).await;
        assert_eq!(invite(&ann, &["carol"]).await, ["INVITED"]);
        assert_eq!(told(&bob).await, json!([true, null, 3, null]));
        assert_eq!((ann.can_invite().await.as_str(), bob.can_invite().await.as_str()), ("yes", "FORBIDDEN"));
        let pat = [("account_administrator", &*ann.account)];
        let pat = ann.colleague("Pat", "pat@corp.example", &pat).await;
        assert_eq!(pat.can_invite().await, "yes");

        // Nobody else learns of it.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let zoe = Person { organization: ann.organization.clone(), ..zoe };
        for field in ["entitlement { seatsUsed }", "viewerCanInvite { allowed }"] {
            let query = format!("query($id: ID!) {{ organization(id: $id) {{ {field} }} }}");
            let answer = zoe.send(&query, json!({ "id": ann.organization })).await;
            assert_eq!(answer.error(), "NOT_FOUND");
        }
    }
);

both!(
    /// The operator can take it from one organization: nobody is invited there or mailed again, and what
    /// was promised before stands.
    r55_an_organization_without_team_access,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (invitation, token) = ann.invite_one(BOB, &[]).await;
        server.pass(TimeDelta::minutes(1));
        let operator = server.operator();
        let entitled = operator.entitle(id(&ann), false, None).await.unwrap();
        assert!(entitled.set && !entitled.entitlement.team_access && entitled.name == "Acme");
        let refused = ann.invite("carol@corp.example", &[]).await;
        assert_eq!(refused.refusals("inviteUsers"), ["NOT_ENTITLED organizationId"]);
        assert!(refused.at("/inviteUsers/results").is_null());
        let refused = ann.resend(&invitation).await;
        assert_eq!(refused.refusals("resendInvitation"), ["NOT_ENTITLED organizationId"]);
        assert_eq!(ann.can_invite().await, "NOT_ENTITLED");
        assert_eq!(told(&ann).await, json!([false, null, 2, null]));
        assert_eq!(ann.invitations(json!({})).await.len(), 1);
        server.accept(&token, "Bob").await.done("acceptInvitation");
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        assert_eq!(invite(&zoe, &["carol"]).await, ["INVITED"]);

        let (removed, now) = operator.forget(id(&ann)).await.unwrap();
        assert!(removed && !now.set && now.entitlement.team_access);
        assert!(!operator.forget(id(&ann)).await.unwrap().0);
        assert_eq!(invite(&ann, &["carol"]).await, ["INVITED"]);
        let (set, removed) =
            (server.audit("entitlement.set").await, server.audit("entitlement.removed").await);
        assert_eq!((set.len(), removed.len()), (1, 1));
        assert_eq!((set[0].actor_id, set[0].organization_id), (None, Some(id(&ann))));
        assert_eq!(set[0].before, None);
        assert_eq!(set[0].after, Some(json!({ "teamAccess": false, "seats": null })));
        assert_eq!(removed[0].before, set[0].after);
    }
);

both!(
    /// Where only the entitled may invite, it takes the operator's word; it counts on every server at once.
    r55_only_the_entitled_invite_where_the_operator_wants_it_so,
    only_the_entitled(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let other = server.another(only_the_entitled()).await;
        let there = Person { server: other, ..ann.clone() };
        for ann in [&ann, &there] {
            let refused = ann.invite(BOB, &[]).await;
            assert_eq!(refused.refusals("inviteUsers"), ["NOT_ENTITLED organizationId"]);
            assert_eq!(ann.can_invite().await, "NOT_ENTITLED");
        }
        let operator = server.operator();
        assert!(!operator.entitlement(id(&ann)).await.unwrap().entitlement.team_access);
        operator.entitle(id(&ann), true, None).await.unwrap();
        assert_eq!(there.can_invite().await, "yes");
        assert_eq!(invite(&there, &["bob"]).await, ["INVITED"]);
        let listed = operator.entitlements().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].id, listed[0].entitlement.used()), (id(&ann), 2));
    }
);

both!(
    /// Each member and each person with a pending invitation takes a seat; one row too many does not stop
    /// the others, and who gives a seat back makes room.
    r55_seats_are_taken_by_members_and_invitees,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", BOB, &[]).await;
        seats(&ann, 4).await;
        assert_eq!(told(&ann).await, json!([true, 4, 2, 2]));
        // Bob is a member: he takes no seat. Carol is named twice, and takes one.
        let rows = invite(&ann, &["carol", "bob", "carol", "dan", "eve", "fay"]).await;
        assert_eq!(
            rows,
            [
                "INVITED", "GRANTED", "INVITED",
                "REFUSED SEATS_EXHAUSTED invitees.4", "REFUSED SEATS_EXHAUSTED invitees.5",
            ]
        );
        assert_eq!(told(&ann).await, json!([true, 4, 4, 0]));
        assert_eq!(ann.can_invite().await, "SEATS_EXHAUSTED");
        assert_eq!(invite(&ann, &["bob"]).await, ["GRANTED"]);

        // Who accepts has the seat that was promised.
        let token = server.invitation_token("carol@corp.example").await;
        server.accept(&token, "Carol").await.done("acceptInvitation");
        assert_eq!(told(&ann).await, json!([true, 4, 4, 0]));
        assert_eq!(invite(&ann, &["eve"]).await, ["REFUSED SEATS_EXHAUSTED invitees.0"]);
        // Who declines, is taken back, or leaves gives it back.
        server.decline(&server.invitation_token("dan@corp.example").await).await;
        assert_eq!(invite(&ann, &["eve", "fay"]).await, ["INVITED", "REFUSED SEATS_EXHAUSTED invitees.1"]);
        let eve = ann.invitation_of("eve@corp.example").await["id"].as_str().unwrap().to_owned();
        ann.revoke(&eve).await.done("revokeInvitation");
        let (fay, _) = ann.invite_one("fay@corp.example", &[]).await;
        with_user(&ann, "removeUserFromOrganization", &bob.id).await.done("removeUserFromOrganization");
        assert_eq!(told(&ann).await, json!([true, 4, 3, 1]));
        let (gus, _) = ann.invite_one("gus@corp.example", &[]).await;

        // An invitation that has expired has none, and has to find one when it is resent.
        let ann = ann.later(TimeDelta::days(8)).await;
        assert_eq!(told(&ann).await, json!([true, 4, 2, 2]));
        assert_eq!(invite(&ann, &["hal"]).await, ["INVITED"]);
        ann.resend(&gus).await.done("resendInvitation");
        let refused = ann.resend(&fay).await;
        assert_eq!(refused.refusals("resendInvitation"), ["SEATS_EXHAUSTED invitationId"]);
        let message = refused.text("/resendInvitation/userErrors/0/message");
        assert!(message.starts_with("all 4 seats of the organization are taken"), "{message}");
        // One that is pending keeps its own.
        server.pass(TimeDelta::minutes(1));
        ann.resend(&gus).await.done("resendInvitation");
    }
);

both!(
    /// Fewer seats than people were promised: no more of them come in than there are, each is told so, and
    /// the link works again once there is room.
    r55_fewer_seats_than_were_promised,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (bob, token) = ann.invite_one(BOB, &[]).await;
        seats(&ann, 1).await;
        assert_eq!(told(&ann).await, json!([true, 1, 2, 0]));
        assert_eq!(server.link_state(&token).await, "InvitationSeatsExhausted");
        let refused = server.accept(&token, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["SEATS_EXHAUSTED token"]);
        server.pass(TimeDelta::minutes(1));
        let refused = ann.resend(&bob).await;
        assert_eq!(refused.refusals("resendInvitation"), ["SEATS_EXHAUSTED invitationId"]);
        for (language, words) in [("en", "There is no seat left"), ("de", "kein Platz mehr frei")] {
            ann.revoke(&bob).await;
            let input = json!({ "invitees": [{ "email": BOB }], "locale": language });
            seats(&ann, 2).await;
            ann.invite_with(input).await.done("inviteUsers");
            seats(&ann, 1).await;
            let token = server.invitation_token(BOB).await;
            let url = format!("{}/invitations/{token}", server.url);
            let page = server.http.get(&url).send().await.unwrap().text().await.unwrap();
            assert!(page.contains(words) && !page.contains("<form"), "{page}");
            let form = [("name", "Bob"), ("password", Person::PASSWORD)];
            let post = server.http.post(&url).form(&form).header("sec-fetch-site", "same-origin");
            let page = post.send().await.unwrap();
            assert_eq!(page.status(), 422);
            assert!(page.text().await.unwrap().contains(words));
            let pending = ann.invitations(json!({ "status": "PENDING" })).await;
            ann.revoke(pending[0]["id"].as_str().unwrap()).await.done("revokeInvitation");
            server.pass(TimeDelta::minutes(1));
        }

        seats(&ann, 2).await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        // Zoe, who has the link by mistake, is told that it is not hers, and of no seats.
        seats(&ann, 1).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let shown = zoe.ask("InvitationByToken", json!({ "token": token })).await;
        assert_eq!(shown.text("/invitationByToken/__typename"), "InvitationForAnotherUser");
        // Nothing was left behind by the tries: Bob is somebody new still.
        seats(&ann, 2).await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp");
        server.accept(&token, "Bob").await.done("acceptInvitation");
        assert_eq!(told(&ann).await, json!([true, 2, 2, 0]));
    }
);

both!(
    /// Who is a member already takes no seat, whatever invitation they have.
    r55_a_member_needs_no_second_seat,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        plant::members(&server, &ann.organization, &[("Bob", BOB)]).await;
        seats(&ann, 2).await;
        assert_eq!(told(&ann).await, json!([true, 2, 2, 0]));
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignIn");
        seats(&ann, 1).await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignIn");
    }
);

both!(
    /// However many invite or accept at the same time, there are no more than there are seats.
    r55_the_last_seat_is_taken_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        seats(&ann, 5).await;
        let names: Vec<String> = (0..8).map(|n| format!("n{n}")).collect();
        let inviting = names.iter().map(async |name| invite(&ann, &[name.as_str()]).await);
        let rows = join_all(inviting).await;
        let invited: Vec<&String> = names
            .iter()
            .zip(&rows)
            .filter(|(_, rows)| rows[0] == "INVITED")
            .map(|(name, _)| name)
            .collect();
        assert_eq!(invited.len(), 4, "{rows:?}");
        assert_eq!(told(&ann).await, json!([true, 5, 5, 0]));

        seats(&ann, 3).await;
        let mut tokens = Vec::new();
        for name in invited {
            tokens.push(server.invitation_token(&format!("{name}@corp.example")).await);
        }
        let answers = join_all(tokens.iter().map(|token| server.accept(token, "New"))).await;
        let mut outcomes: Vec<Vec<String>> =
            answers.iter().map(|answer| answer.refusals("acceptInvitation")).collect();
        outcomes.sort();
        let refused = vec!["SEATS_EXHAUSTED token".to_owned()];
        assert_eq!(outcomes, [vec![], vec![], refused.clone(), refused]);
        assert_eq!(told(&ann).await, json!([true, 3, 5, 0]));
    }
);

both!(
    /// Those who would come along with an account need seats, too.
    r55_people_who_come_with_an_account_need_seats,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let desk = zoe.create_account("Desk", None).await;
        zoe.colleague("Yan", "yan@elsewhere.example", &[("account_support", &desk)]).await;
        welcome(&ann, &zoe, &[]).await;
        let moving = asked(&zoe, &desk, &ann.organization).await;
        seats(&ann, 2).await;
        let refused = accept(&ann, &moving).await;
        assert_eq!(refused.refusals("acceptAccountMove"), ["SEATS_EXHAUSTED moveId"]);
        assert_eq!(told(&ann).await, json!([true, 2, 2, 0]));
        seats(&ann, 3).await;
        accept(&ann, &moving).await.done("acceptAccountMove");
        assert_eq!(told(&ann).await, json!([true, 3, 3, 0]));
    }
);

both!(
    /// It goes with the organization; and what is said of one that is not there is said of nobody.
    r55_an_entitlement_goes_with_its_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let operator = server.operator();
        seats(&ann, 7).await;
        assert_eq!(operator.entitlements().await.unwrap().len(), 1);
        let input = json!({ "organizationId": ann.organization });
        act(&ann, "deleteOrganization", input).await.done("deleteOrganization");
        assert!(operator.entitlements().await.unwrap().is_empty());
        for failed in [
            operator.entitle(id(&ann), true, None).await.map(drop),
            operator.entitlement(id(&ann)).await.map(drop),
            operator.forget(id(&ann)).await.map(drop),
        ] {
            let sentence = format!("{:?}", failed.unwrap_err());
            assert!(sentence.contains("there is no organization org_"), "{sentence}");
        }
    }
);
