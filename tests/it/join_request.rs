//! People who ask to join an organization, because their address is at a domain of its own, and those
//! who decide.

use chrono::TimeDelta;
use entity::email_domain::JoinPolicy;
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::joining::{
    self, Domain, approve, approve_with, ask, asked, decline, doors, join, joinable, node,
    requests, told, verified, withdraw,
};
use crate::support::{Options, Person, Server, both, life, plant};

const REQUEST: JoinPolicy = JoinPolicy::Request;

fn team() -> Options {
    Options { team: true, ..Options::default() }
}

/// Ann with a domain where people ask, and Bob at it.
async fn ann_and_bob(server: &Server) -> (Person, Person) {
    let ann = verified(server, "Ann", "ann@acme.example").await;
    Domain::new("acme.example", REQUEST).of(&ann).await;
    (ann, verified(server, "Bob", "bob@acme.example").await)
}

both!(
    /// R70: who asks waits for an answer; those who decide are told, and see who asks and what they
    /// wrote. It is approved with what people at the domain are given.
    a_request_is_approved,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let role = Some(("account_developer", Some(ann.account.as_str())));
        Domain { role, ..Domain::new("acme.example", REQUEST) }.of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let answer = ask(&bob, &ann.organization, Some(" I work at the\r\ndesk. ")).await;
        let answer = answer.done("requestToJoin");
        let request = answer.at("/requestToJoin/joinRequest").clone();
        let id = request["id"].as_str().unwrap();
        assert!(id.starts_with("join_"), "{id}");
        assert_eq!(moment(&request["createdAt"]), server.now());
        let expected = json!({
            "id": id, "organizationId": ann.organization, "organizationName": "Ann's",
            "organization": null,
            "user": { "id": bob.id, "name": "Bob", "email": "bob@acme.example" },
            "domain": "acme.example", "message": "I work at the\ndesk.", "status": "PENDING",
            "createdAt": request["createdAt"], "endedAt": null, "endedBy": null,
        });
        assert_eq!(request, expected);
        assert_eq!(node(&bob, id).await, expected);
        assert_eq!(joinable(&bob).await[0]["request"], json!({ "id": id, "status": "PENDING" }));
        let mut seen = expected;
        seen["organization"] = json!({ "id": ann.organization, "name": "Ann's" });
        assert_eq!(node(&ann, id).await, seen);
        assert_eq!(requests(&ann, &ann.organization, json!({})).await, ["Bob PENDING"]);
        assert_eq!(told(&server).await, ["join_requested ann@acme.example"]);
        let text = joining::mail(&server, "join_requested").await;
        for part in ["Bob", "bob@acme.example", "Ann's", "acme.example", "I work at the"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let again = ask(&bob, &ann.organization, None).await.refusals("requestToJoin");
        assert_eq!(again, ["JOIN_REQUEST_PENDING organizationId"]);

        server.deliver().await;
        server.pass(TimeDelta::minutes(5));
        let answer = approve(&ann, id).await.done("approveJoinRequest");
        let approved = answer.at("/approveJoinRequest/joinRequest");
        assert_eq!(approved["status"], "APPROVED");
        assert_eq!(approved["endedBy"], json!({ "id": ann.id, "name": "Ann" }));
        assert_eq!(moment(&approved["endedAt"]), server.now());
        let held = [
            format!("account_developer @ {}", ann.account),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, held);
        assert_eq!(told(&server).await[1..], ["join_approved bob@acme.example"]);
        let text = joining::mail(&server, "join_approved").await;
        for part in ["Ann", "Ann's", "Developer", "Ann's Main", "http://rolecall.test"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(doors(&bob).await, [""; 0]);
        for action in ["join_request.created", "join_request.approved", "membership.created"] {
            let events = server.audit(action).await;
            assert_eq!(events.len(), 1, "{action}");
            let actor = if action.ends_with("created") && action.starts_with("join") { &bob } else { &ann };
            assert_eq!(events[0].actor_id.unwrap().to_string(), actor.id, "{action}");
        }
        let over = ["JOIN_REQUEST_NOT_PENDING joinRequestId"];
        assert_eq!(approve(&ann, id).await.refusals("approveJoinRequest"), over);
        assert_eq!(decline(&ann, id).await.refusals("declineJoinRequest"), over);
        assert_eq!(withdraw(&bob, id).await.refusals("withdrawJoinRequest"), over);
    }
);

both!(
    /// R21: who approves gives what they could invite to, be it that the call names it or the domain;
    /// whatever cannot be given leaves the request as it is.
    r21_who_approves_gives_no_more_than_they_may,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let role = Some(("account_administrator", Some(main)));
        let domain = Domain { role, ..Domain::new("acme.example", REQUEST) }.of(&ann).await;
        let key = "people";
        crate::support::custom::make_role(&ann, key, &["organization.users.manage"]).await;
        let roles = [(key, organization)];
        let mia = ann.colleague("Mia", "mia@corp.example", &roles).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let id = asked(&bob, organization).await;

        let forbidden = approve(&mia, &id).await;
        assert_eq!(forbidden.error(), "FORBIDDEN", "{:#}", forbidden.body);
        let owner = approve_with(&ann, &id, &[("account_owner", main)]).await;
        assert_eq!(owner.refusals("approveJoinRequest"), ["OWNER_ROLE grants.0.roleKey"]);
        let unknown = approve_with(&ann, &id, &[("nobody", main)]).await;
        assert_eq!(unknown.refusals("approveJoinRequest"), ["UNKNOWN_ROLE grants.0.roleKey"]);
        let foreign = approve_with(&ann, &id, &[("account_developer", &bob.account)]).await;
        assert_eq!(foreign.refusals("approveJoinRequest"), ["NOT_FOUND grants.0.scopeId"]);
        let many: Vec<(&str, &str)> = (0..101).map(|_| ("account_developer", main)).collect();
        let many = approve_with(&ann, &id, &many).await;
        assert_eq!(many.refusals("approveJoinRequest"), ["BAD_LIST_LENGTH grants"]);
        assert_eq!(node(&bob, &id).await["status"], "PENDING");
        assert!(ann.roles_of(&bob.id).await.is_empty());

        // Membership alone is for who manages the organization's users.
        approve_with(&mia, &id, &[]).await.done("approveJoinRequest");
        let standard = format!("organization_standard_user @ {organization}");
        assert_eq!(ann.roles_of(&bob.id).await, [standard.clone()]);
        let cy = verified(&server, "Cy", "cy@acme.example").await;
        let id = asked(&cy, organization).await;
        let grants = [("account_support", main), ("studio_viewer", organization)];
        approve_with(&ann, &id, &grants).await.done("approveJoinRequest");
        let held = [format!("account_support @ {main}"), format!("studio_viewer @ {organization}")];
        assert_eq!(ann.roles_of(&cy.id).await, held);

        // A domain that is gone gives nothing.
        let dan = verified(&server, "Dan", "dan@acme.example").await;
        let id = asked(&dan, organization).await;
        plant::run(&server, "DELETE FROM email_domains WHERE id = $1", &[&domain]).await;
        approve(&ann, &id).await.done("approveJoinRequest");
        assert_eq!(ann.roles_of(&dan.id).await, [standard]);
    }
);

both!(
    /// A request is declined or withdrawn, once, and the other side has nothing more to do.
    a_request_is_declined_or_withdrawn,
    |server: Server| async move {
        let (ann, bob) = ann_and_bob(&server).await;
        let id = asked(&bob, &ann.organization).await;
        let refused = withdraw(&ann, &id).await;
        assert_eq!(refused.refusals("withdrawJoinRequest"), ["NOT_ALLOWED joinRequestId"]);
        for (mutation, answer) in
            [("approveJoinRequest", approve(&bob, &id).await), ("declineJoinRequest", decline(&bob, &id).await)]
        {
            assert_eq!(answer.refusals(mutation), ["NOT_ALLOWED joinRequestId"]);
            let help = answer.text(&format!("/{mutation}/userErrors/0/help"));
            assert_eq!(help, "You can withdraw it.");
        }
        let withdrawn = withdraw(&bob, &id).await.done("withdrawJoinRequest");
        assert_eq!(withdrawn.text("/withdrawJoinRequest/joinRequest/status"), "WITHDRAWN");
        assert!(told(&server).await.is_empty(), "the mail had not gone out, and is called off");

        let id = asked(&bob, &ann.organization).await;
        server.deliver().await;
        server.pass(TimeDelta::minutes(1));
        let declined = decline(&ann, &id).await.done("declineJoinRequest");
        assert_eq!(declined.text("/declineJoinRequest/joinRequest/status"), "DECLINED");
        let mails = ["join_requested ann@acme.example", "join_declined bob@acme.example"];
        assert_eq!(told(&server).await, mails);
        assert_eq!(node(&bob, &id).await["endedBy"], Value::Null, "not for outsiders to know");
        assert_eq!(node(&ann, &id).await["endedBy"]["name"], "Ann");
        assert_eq!(doors(&bob).await, ["Ann's REQUEST"]);
        assert_eq!(joinable(&bob).await[0]["request"], Value::Null);
        assert!(ann.roles_of(&bob.id).await.is_empty());
        let listed = requests(&ann, &ann.organization, json!({})).await;
        assert_eq!(listed, ["Bob DECLINED", "Bob WITHDRAWN"]);
        let listed = requests(&ann, &ann.organization, json!({ "status": "WITHDRAWN" })).await;
        assert_eq!(listed, ["Bob WITHDRAWN"]);
        let actions = ["join_request.withdrawn", "join_request.declined"];
        for (action, actor) in actions.into_iter().zip([&bob, &ann]) {
            let events = server.audit(action).await;
            assert_eq!(events.len(), 1, "{action}");
            assert_eq!(events[0].actor_id.unwrap().to_string(), actor.id, "{action}");
        }
    }
);

both!(
    /// Nobody can pester an organization: three declines are enough, and so are five requests a day.
    who_asks_too_often_asks_no_more,
    |server: Server| async move {
        let (ann, bob) = ann_and_bob(&server).await;
        for _ in 0..3 {
            let id = asked(&bob, &ann.organization).await;
            decline(&ann, &id).await.done("declineJoinRequest");
        }
        let refused = ask(&bob, &ann.organization, None).await;
        assert_eq!(refused.refusals("requestToJoin"), ["LIMIT_REACHED organizationId"]);
        let bob = bob.later(TimeDelta::days(3)).await;
        let refused = ask(&bob, &ann.organization, None).await;
        assert_eq!(refused.refusals("requestToJoin"), ["LIMIT_REACHED organizationId"]);

        let cy = verified(&server, "Cy", "cy@acme.example").await;
        for _ in 0..5 {
            let id = asked(&cy, &ann.organization).await;
            withdraw(&cy, &id).await.done("withdrawJoinRequest");
        }
        let refused = ask(&cy, &ann.organization, None).await;
        assert_eq!(refused.refusals("requestToJoin"), ["LIMIT_REACHED organizationId"]);
        let cy = cy.later(TimeDelta::days(1)).await;
        asked(&cy, &ann.organization).await;
        let long = "x".repeat(2001);
        let dan = verified(&server, "Dan", "dan@acme.example").await;
        let refused = ask(&dan, &ann.organization, Some(&long)).await.refusals("requestToJoin");
        assert_eq!(refused, ["INVALID_TEXT message"]);
    }
);

both!(
    /// R2: a request exists for who asked, and for those who manage the organization's users.
    r02_a_request_exists_for_those_whom_it_is_between,
    |server: Server| async move {
        let (ann, bob) = ann_and_bob(&server).await;
        let id = asked(&bob, &ann.organization).await;
        let main = ann.account.clone();
        let adam = ann.colleague("Adam", "adam@corp.example", &[("account_administrator", &main)]).await;
        let cy = verified(&server, "Cy", "cy@acme.example").await;
        let zoe = verified(&server, "Zoe", "zoe@elsewhere.example").await;
        let nothing = plant::unknown(&id);
        for (person, request) in [(&adam, &id), (&cy, &id), (&zoe, &id), (&ann, &nothing)] {
            assert_eq!(node(person, request).await, Value::Null);
            for answer in [
                approve(person, request).await,
                decline(person, request).await,
                withdraw(person, request).await,
            ] {
                assert_eq!(answer.error(), "NOT_FOUND", "{:#}", answer.body);
            }
        }
        let query = "query($id: ID!) { organization(id: $id) { joinRequests { nodes { id } } } }";
        let variables = json!({ "id": ann.organization });
        assert_eq!(adam.send(query, variables.clone()).await.error(), "FORBIDDEN");
        assert_eq!(zoe.send(query, variables).await.error(), "NOT_FOUND");
    }
);

both!(
    /// Who comes in another way waits for nothing any more.
    a_request_is_overtaken,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let domain = Domain::new("acme.example", REQUEST).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let first = asked(&bob, &ann.organization).await;
        ann.invite("bob@acme.example", &[]).await.done("inviteUsers");
        let token = server.invitation_token("bob@acme.example").await;
        let input = json!({ "token": token });
        bob.call("AcceptInvitation", input).await.done("acceptInvitation");
        assert_eq!(node(&bob, &first).await["status"], "OVERTAKEN");
        let over = ["JOIN_REQUEST_NOT_PENDING joinRequestId"];
        assert_eq!(approve(&ann, &first).await.refusals("approveJoinRequest"), over);
        assert_eq!(server.audit("join_request.overtaken").await.len(), 1);
        assert!(told(&server).await.is_empty());

        let cy = verified(&server, "Cy", "cy@acme.example").await;
        let second = asked(&cy, &ann.organization).await;
        joining::change(&server, &domain, "join_policy = 'AUTOMATIC'").await;
        join(&cy, &ann.organization).await.done("joinOrganization");
        assert_eq!(node(&ann, &second).await["status"], "OVERTAKEN");
        assert_eq!(told(&server).await, ["member_joined ann@acme.example"]);

        // And with the organization goes what was asked of it.
        let dan = verified(&server, "Dan", "dan@acme.example").await;
        let third = asked(&dan, &ann.organization).await;
        let input = json!({ "input": { "organizationId": ann.organization } });
        ann.send(&life::document("deleteOrganization"), input).await.done("deleteOrganization");
        assert_eq!(node(&dan, &third).await, Value::Null);
        assert_eq!(doors(&dan).await, [""; 0]);
    }
);

both!(
    /// Who set the policy is told of requests as long as they can answer them, then the Owner.
    whoever_can_answer_is_told,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let admin = [("organization_admin", &*ann.organization)];
        let adam = ann.colleague("Adam", "adam@corp.example", &admin).await;
        let set_by = Some(adam.id.as_str());
        Domain { set_by, ..Domain::new("acme.example", REQUEST) }.of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let id = asked(&bob, &ann.organization).await;
        assert_eq!(told(&server).await, ["join_requested adam@corp.example"]);
        server.deliver().await;
        crate::support::roles::take(&ann, &adam.id, &ann.organization).await.done("removeRoleAssignments");
        withdraw(&bob, &id).await.done("withdrawJoinRequest");
        server.pass(TimeDelta::minutes(1));
        asked(&bob, &ann.organization).await;
        assert_eq!(told(&server).await[1..], ["join_requested ann@acme.example"]);
    }
);

both!(
    /// A request is answered once, whoever answers at the same time, and one person asks once.
    answers_at_once_are_one_answer,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let (ann, bob) = ann_and_bob(&server).await;
        let there = |person: &Person| Person { server: other.clone(), ..person.clone() };
        let (ann_there, bob_there) = (there(&ann), there(&bob));
        for round in 0..6 {
            let asks = tokio::join!(
                ask(&bob, &ann.organization, None),
                ask(&bob_there, &ann.organization, None)
            );
            let asks = [asks.0, asks.1];
            let (mut made, mut refused) = (Vec::new(), 0);
            for answer in &asks {
                match &answer.refusals("requestToJoin")[..] {
                    [] => made.push(answer.text("/requestToJoin/joinRequest/id")),
                    codes => {
                        assert_eq!(codes, ["JOIN_REQUEST_PENDING organizationId"]);
                        refused += 1;
                    }
                }
            }
            let [id] = &made[..] else { panic!("{made:?}") };
            assert_eq!(refused, 1);
            let (ours, theirs, mutation) = match round % 2 {
                0 => {
                    let both = tokio::join!(approve(&ann, id), withdraw(&bob_there, id));
                    (both.0, both.1, "withdrawJoinRequest")
                }
                _ => {
                    let both = tokio::join!(approve(&ann, id), decline(&ann_there, id));
                    (both.0, both.1, "declineJoinRequest")
                }
            };
            let over = ["JOIN_REQUEST_NOT_PENDING joinRequestId"];
            let member = !ann.roles_of(&bob.id).await.is_empty();
            if ours.refusals("approveJoinRequest").is_empty() {
                assert_eq!(theirs.refusals(mutation), over);
                assert!(member);
                let input = json!({ "userId": bob.id, "organizationId": ann.organization });
                let document = life::document("removeUserFromOrganization");
                let left = bob.send(&document, json!({ "input": input })).await;
                left.done("removeUserFromOrganization");
            } else {
                assert_eq!(ours.refusals("approveJoinRequest"), over);
                theirs.done(mutation);
                assert!(!member);
            }
            // A day's requests are counted, and so are declines.
            server.pass(TimeDelta::minutes(1));
            plant::run(&server, "DELETE FROM join_requests WHERE user_id = $1", &[&bob.id]).await;
        }
    }
);

both!(
    /// An invitation that is accepted while the request is approved: both come in once, and nobody waits
    /// for the other for ever.
    approving_and_accepting_at_once,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let (ann, bob) = ann_and_bob(&server).await;
        let bob_there = Person { server: other.clone(), ..bob.clone() };
        for _ in 0..6 {
            let id = asked(&bob, &ann.organization).await;
            ann.invite("bob@acme.example", &[]).await.done("inviteUsers");
            let token = server.invitation_token("bob@acme.example").await;
            let accepted = bob_there.call("AcceptInvitation", json!({ "token": token }));
            let (approved, accepted) = tokio::join!(approve(&ann, &id), accepted);
            accepted.done("acceptInvitation");
            let refused = approved.refusals("approveJoinRequest");
            let status = node(&ann, &id).await["status"].clone();
            match &refused[..] {
                [] => assert_eq!(status, "APPROVED"),
                codes => {
                    assert_eq!(codes, ["JOIN_REQUEST_NOT_PENDING joinRequestId"]);
                    assert_eq!(status, "OVERTAKEN");
                }
            }
            assert_eq!(ann.roles_of(&bob.id).await.len(), 1);
            let input = json!({ "userId": bob.id, "organizationId": ann.organization });
            let document = life::document("removeUserFromOrganization");
            bob.send(&document, json!({ "input": input })).await.done("removeUserFromOrganization");
            server.pass(TimeDelta::minutes(1));
            plant::run(&server, "DELETE FROM join_requests WHERE user_id = $1", &[&bob.id]).await;
        }
    }
);

both!(
    /// The team catalogue has no role for members without any: there approving names one.
    a_team_lets_people_in_with_a_role,
    team(),
    |server: Server| async move {
        let (ann, bob) = ann_and_bob(&server).await;
        let id = asked(&bob, &ann.organization).await;
        for refused in [approve(&ann, &id).await, approve_with(&ann, &id, &[]).await] {
            assert_eq!(refused.refusals("approveJoinRequest"), ["BAD_LIST_LENGTH grants"]);
        }
        let grants = [("account_developer", &*ann.account)];
        approve_with(&ann, &id, &grants).await.done("approveJoinRequest");
        assert_eq!(ann.roles_of(&bob.id).await, [format!("account_developer @ {}", ann.account)]);
    }
);
