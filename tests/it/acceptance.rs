//! Whether an invitation can be accepted, as those who administer it see it: what they are told is what
//! whoever accepts meets (R21, R45).

use chrono::TimeDelta;
use rolecall::access::catalogue::ORGANIZATION;
use serde_json::{Value, json};

use crate::support::custom::make_role;
use crate::support::life::{act, there, with_user};
use crate::support::roles::{give, take};
use crate::support::{Options, Person, Server, both, plant};

const BOB: &str = "bob@corp.example";
const LIST: &str =
    "query($id: ID!, $first: Int) { organization(id: $id) { invitations(first: $first) {
    nodes { id email canBeAccepted acceptance { possible reason explanation } } } } }";

/// What one invitation says of itself: the reason, or `POSSIBLE`.
async fn acceptance(by: &Person, id: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Invitation {
        canBeAccepted acceptance { possible reason explanation } } } }";
    let shown = by.send(query, json!({ "id": id })).await;
    let node = shown.at("/node");
    assert_eq!(node["canBeAccepted"], node["acceptance"]["possible"]);
    assert_eq!(node["canBeAccepted"], json!(node["acceptance"]["reason"].is_null()));
    assert_eq!(node["acceptance"]["explanation"].is_null(), node["canBeAccepted"] == json!(true));
    node["acceptance"]["reason"].as_str().unwrap_or("POSSIBLE").to_owned()
}

both!(
    /// R45: what has ended says how.
    r45_the_obstacle_is_the_state,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (pending, token) = ann.invite_one(BOB, &[]).await;
        let (revoked, _) = ann.invite_one("r@corp.example", &[]).await;
        ann.revoke(&revoked).await.done("revokeInvitation");
        let (declined, link) = ann.invite_one("d@corp.example", &[]).await;
        server.decline(&link).await.done("declineInvitation");
        assert_eq!(acceptance(&ann, &pending).await, "POSSIBLE");
        assert_eq!(acceptance(&ann, &revoked).await, "REVOKED");
        assert_eq!(acceptance(&ann, &declined).await, "DECLINED");
        let (late, _) = ann.invite_one("late@corp.example", &[]).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        assert_eq!(acceptance(&ann, &pending).await, "ACCEPTED");
        let ann = ann.later(TimeDelta::days(7)).await;
        assert_eq!(acceptance(&ann, &late).await, "EXPIRED");
        ann.resend(&late).await.done("resendInvitation");
        assert_eq!(acceptance(&ann, &late).await, "POSSIBLE");
    }
);

both!(
    /// R21: a pending invitation says why its promise cannot be kept, at every moment what the link
    /// says, and what is missing.
    r21_the_obstacle_is_what_the_invitee_meets,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let admin = [("account_administrator", main.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let grants = [("account_billing_manager", main.as_str()), ("account_developer", &main)];
        let (id, token) = carol.invite_one(BOB, &grants).await;
        let both = async |expected: &str| {
            assert_eq!(acceptance(&ann, &id).await, expected);
            let open = server.link_state(&token).await == "InvitationNeedsSignUp";
            assert_eq!(open, expected == "POSSIBLE", "{expected}");
            if !open {
                let refused = server.accept(&token, "Bob").await;
                assert_eq!(refused.refusals("acceptInvitation"), ["INVITER_LOST_ACCESS token"]);
            }
        };
        both("POSSIBLE").await;
        with_user(&ann, "suspendUser", &carol.id).await.done("suspendUser");
        both("INVITER_SUSPENDED").await;
        with_user(&ann, "reactivateUser", &carol.id).await.done("reactivateUser");
        both("POSSIBLE").await;
        take(&ann, &carol.id, &main).await.done("removeRoleAssignments");
        both("INVITER_LOST_ACCESS").await;
        give(&ann, &carol.id, &admin).await;
        both("POSSIBLE").await;
        act(&ann, "suspendAccount", json!({ "accountId": main })).await.done("suspendAccount");
        both("INVITER_LOST_ACCESS").await;
        act(&ann, "reactivateAccount", json!({ "accountId": main })).await.done("reactivateAccount");
        both("POSSIBLE").await;

        // A role that has left the catalogue, seen by a server with the new one.
        let without = ORGANIZATION.split("\n[[role]]").filter(|role| !role.contains("key = \"account_billing_manager\""));
        let without: Vec<&str> = without.collect();
        let catalogue = Some(without.join("\n[[role]]"));
        let other = server.another(Options { catalogue, ..Options::default() }).await;
        assert_eq!(acceptance(&there(&ann, &other), &id).await, "GRANT_GONE");
        assert_eq!(other.link_state(&token).await, "InvitationInviterLostAccess");

        // Nobody leaves behind what they vouch for; a database that was put right by hand may have it.
        plant::run(&server, "DELETE FROM role_assignments WHERE user_id = $1", &[&carol.id]).await;
        plant::run(&server, "DELETE FROM memberships WHERE user_id = $1", &[&carol.id]).await;
        both("INVITER_LEFT").await;
    }
);

both!(
    /// R16, R21: promises that have run out, and the part of a promise that is missing, by name.
    r16_promises_that_are_over,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let until = server.now() + TimeDelta::hours(1);
        let grants = json!([{ "roleKey": "account_support", "scopeId": ann.account, "validUntil": until }]);
        let input = json!({ "invitees": [{ "email": BOB }], "grants": grants });
        let invited = ann.invite_with(input).await.done("inviteUsers");
        let id = invited.text("/inviteUsers/results/0/invitation/id");
        assert_eq!(acceptance(&ann, &id).await, "POSSIBLE");
        let ann = ann.later(TimeDelta::hours(1)).await;
        assert_eq!(acceptance(&ann, &id).await, "GRANTS_OVER");

        let desk = ann.create_account("Desk", None).await;
        let wide = [("account_administrator", desk.as_str()), ("studio_admin", &ann.organization)];
        let carol = ann.colleague("Carol", "carol@corp.example", &wide).await;
        make_role(&ann, "night_shift", &["account.access.use"]).await;
        let promised = [("night_shift", desk.as_str()), ("studio_admin", &desk)];
        let (id, _) = carol.invite_one("dan@corp.example", &promised).await;
        assert_eq!(acceptance(&ann, &id).await, "POSSIBLE");
        take(&ann, &carol.id, &ann.organization).await.done("removeRoleAssignments");
        assert_eq!(acceptance(&ann, &id).await, "INVITER_LOST_ACCESS");
        let listed = ann.send(LIST, json!({ "id": ann.organization, "first": 1 })).await;
        let explanation = listed.text("/organization/invitations/nodes/0/acceptance/explanation");
        assert!(explanation.ends_with("Studio Admin in Desk"), "{explanation}");
    }
);

both!(
    /// Constant cost: fifty invitations by several people take as many statements as two, custom roles
    /// and accounts among what they promise.
    the_acceptance_of_fifty_invitations,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        make_role(&ann, "night_shift", &["account.access.use"]).await;
        let desk = ann.create_account("Desk", None).await;
        let mut inviters = Vec::new();
        for n in 0..5 {
            let email = format!("carol{n}@corp.example");
            let admin = [("account_administrator", ann.account.as_str()), ("account_administrator", &desk)];
            inviters.push(ann.colleague("Carol", &email, &admin).await);
        }
        let invite = async |from: usize, to: usize| {
            for n in from..to {
                let scope = if n % 2 == 0 { &ann.account } else { &desk };
                let grants = [("night_shift", scope.as_str()), ("account_developer", scope)];
                let by = &inviters[n % 5];
                by.invite(&format!("p{n}@corp.example"), &grants).await.done("inviteUsers");
            }
        };
        let cost = async || {
            let asked = ann.send(LIST, json!({ "id": ann.organization, "first": 50 }));
            let (answer, statements) = server.statements(asked).await;
            let nodes = answer.at("/organization/invitations/nodes").as_array().unwrap().clone();
            (nodes, statements)
        };
        invite(0, 2).await;
        let (_, few) = cost().await;
        invite(2, 50).await;
        take(&ann, &inviters[1].id, &desk).await.done("removeRoleAssignments");
        let (nodes, many) = cost().await;
        assert_eq!(many.len(), few.len(), "{many:#?}");
        assert!(many.len() <= 8, "{many:#?}");
        let lost: Vec<&Value> = nodes.iter().filter(|node| node["canBeAccepted"] == false).collect();
        assert_eq!((nodes.len(), lost.len()), (50, 5), "those of the second Carol at the desk");
        assert!(lost.iter().all(|node| node["acceptance"]["reason"] == "INVITER_LOST_ACCESS"));
    }
);
