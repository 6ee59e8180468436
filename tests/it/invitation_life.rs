//! The life of an invitation: one at a time (R43), until when (R45), no more (R47), and what is
//! noted of it (R70).

use chrono::TimeDelta;
use entity::id::OrganizationId;
use entity::organization;
use futures_util::future::join_all;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::operations::document;
use crate::support::smtp::SmtpServer;
use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// Who is invited already is not invited again; the answer holds the invitation that stands.
    r43_one_pending_invitation_per_address,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, _) = ann.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let again = ann.invite("BOB@corp.example", &[]).await.done("inviteUsers");
        assert_eq!(again.rows(), ["REFUSED ALREADY_INVITED invitees.0.email"]);
        assert_eq!(again.text("/inviteUsers/results/0/invitation/id"), id);
        assert_eq!(
            again.text("/inviteUsers/results/0/invitation/grants/0/role/key"),
            "account_developer"
        );
        assert_eq!(server.outbox(BOB).await.len(), 1, "nobody is mailed twice");

        // Another organization's invitation is none of ours.
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        assert_eq!(zoe.invite(BOB, &[]).await.rows(), ["INVITED"]);

        // One that has expired is not in the way of a new one, and stays as it was.
        let ann = ann.later(TimeDelta::days(7)).await;
        let anew = ann.invite(BOB, &[]).await;
        assert_eq!(anew.rows(), ["INVITED"]);
        assert_ne!(anew.text("/inviteUsers/results/0/invitation/id"), id);
        let states: Vec<Value> = ann.invitations(json!({})).await;
        let states: Vec<&str> = states.iter().map(|i| i["status"].as_str().unwrap()).collect();
        assert_eq!(states, ["PENDING", "EXPIRED"]);
    }
);

both!(
    /// However many invite one address at once, on whatever server: one invitation, one mail.
    r43_parallel_invitations_leave_one,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let there = Person { server: server.another(Options::default()).await, ..ann.clone() };
        let grants = [("account_support", ann.account.as_str())];
        let people = (0..20).map(|n| if n % 2 == 0 { &ann } else { &there });
        let answers = join_all(people.map(|person| person.invite(BOB, &grants))).await;
        let rows: Vec<String> = answers.iter().flat_map(|answer| answer.rows()).collect();
        assert_eq!(rows.iter().filter(|row| *row == "INVITED").count(), 1, "{rows:?}");
        let refused = rows.iter().filter(|row| row.contains("ALREADY_INVITED"));
        assert_eq!(refused.count(), 19, "{rows:?}");
        let id = ann.invitation_of(BOB).await["id"].clone();
        assert!(answers.iter().all(|a| *a.at("/inviteUsers/results/0/invitation/id") == id));
        assert_eq!(server.outbox(BOB).await.len(), 1);
    }
);

both!(
    /// An invitation stands for seven days, or for what the organization or the call say: an hour to
    /// thirty days.
    r45_how_long_an_invitation_stands,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let input = |n: usize, hours: Option<i64>| {
            json!({ "invitees": [{ "email": format!("p{n}@corp.example") }], "expiresInHours": hours })
        };
        for hours in [0, -1, 721] {
            let refused = ann.invite_with(input(0, Some(hours))).await;
            assert_eq!(refused.refusals("inviteUsers"), ["INVALID_EXPIRY expiresInHours"], "{hours}");
        }
        for (n, (asked, hours)) in [(None, 168), (Some(1), 1), (Some(720), 720)].iter().enumerate() {
            let invited = ann.invite_with(input(n, *asked)).await;
            let expires = moment(invited.at("/inviteUsers/results/0/invitation/expiresAt"));
            assert_eq!(expires - server.now(), TimeDelta::hours(*hours));
        }
        // A resend renews it for as long.
        server.pass(TimeDelta::minutes(1));
        let longest = ann.invitation_of("p2@corp.example").await;
        let resent = ann.resend(longest["id"].as_str().unwrap()).await.done("resendInvitation");
        let expires = moment(resent.at("/resendInvitation/invitation/expiresAt"));
        assert_eq!(expires - server.now(), TimeDelta::hours(720));

        let id: OrganizationId = ann.organization.parse().unwrap();
        let change = organization::Entity::update_many()
            .col_expr(organization::Column::InvitationHours, Expr::value(24_i64))
            .filter(organization::Column::Id.eq(id));
        change.exec(&server.app.db).await.unwrap();
        let invited = ann.invite_with(input(9, None)).await;
        let expires = moment(invited.at("/inviteUsers/results/0/invitation/expiresAt"));
        assert_eq!(expires - server.now(), TimeDelta::hours(24));
    }
);

both!(
    /// The five states, each found by its filter, with when it came to be.
    r45_states_and_when_they_came_to_be,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (accepted, token) = ann.invite_one("accepted@corp.example", &[]).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        let (declined, token) = ann.invite_one("declined@corp.example", &[]).await;
        server.decline(&token).await.done("declineInvitation");
        let (revoked, _) = ann.invite_one("revoked@corp.example", &[]).await;
        ann.revoke(&revoked).await.done("revokeInvitation");
        let ended_at = server.now();
        let (expired, _) = ann.invite_one("expired@corp.example", &[]).await;
        let ann = ann.later(TimeDelta::days(7) - TimeDelta::milliseconds(1)).await;
        let (pending, _) = ann.invite_one("pending@corp.example", &[]).await;
        let both = ids(&ann.invitations(json!({ "status": "PENDING" })).await);
        assert_eq!(both, [pending.clone(), expired.clone()]);

        // To the millisecond.
        server.pass(TimeDelta::milliseconds(1));
        let by_state = [
            ("PENDING", pending),
            ("EXPIRED", expired),
            ("ACCEPTED", accepted),
            ("DECLINED", declined),
            ("REVOKED", revoked),
        ];
        for (state, id) in by_state {
            let found = ann.invitations(json!({ "status": state })).await;
            assert_eq!(ids(&found), [id.clone()], "{state}");
            assert_eq!(found[0]["status"], state);
            let query = "query($id: ID!) { node(id: $id) { ... on Invitation { status endedAt } } }";
            let node = ann.send(query, json!({ "id": id })).await;
            assert_eq!(node.text("/node/status"), state);
            if matches!(state, "ACCEPTED" | "DECLINED" | "REVOKED") {
                assert_eq!(moment(node.at("/node/endedAt")), ended_at, "{state}");
            }
        }
        assert_eq!(ann.invitations(json!({})).await.len(), 5);
    }
);

both!(
    /// Who ended an invitation can be read on it.
    r45_by_whom_it_was_ended,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (accepted, token) = ann.invite_one(BOB, &[]).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        let (revoked, _) = ann.invite_one("carol@corp.example", &[]).await;
        ann.revoke(&revoked).await.done("revokeInvitation");
        let query = "query($id: ID!) { node(id: $id) { ... on Invitation { endedBy { name } } } }";
        for (id, name) in [(accepted, "Bob"), (revoked, "Ann")] {
            let node = ann.send(query, json!({ "id": id })).await;
            assert_eq!(node.text("/node/endedBy/name"), name);
        }
    }
);

both!(
    /// What was revoked cannot be accepted, its mail is not sent, and the address is free again.
    r47_revoking,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, token) = ann.invite_one(BOB, &[]).await;
        let revoked = ann.revoke(&id).await.done("revokeInvitation");
        assert_eq!(revoked.text("/revokeInvitation/invitation/status"), "REVOKED");
        assert_eq!(revoked.text("/revokeInvitation/invitation/delivery/state"), "CANCELLED");
        let refused = server.accept(&token, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVITATION_NOT_PENDING token"]);
        let refused = server.decline(&token).await;
        assert_eq!(refused.refusals("declineInvitation"), ["INVITATION_NOT_PENDING token"]);
        for refused in [ann.revoke(&id).await.refusals("revokeInvitation"),
            ann.resend(&id).await.refusals("resendInvitation")] {
            assert_eq!(refused, ["INVITATION_NOT_PENDING invitationId"]);
        }
        assert_eq!(ann.invite(BOB, &[]).await.rows(), ["INVITED"]);
        // Its mail keeps a minute's distance to the first one's (R46).
        server.pass(chrono::TimeDelta::minutes(1));
        let smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        let sent = smtp.received().into_iter().filter(|mail| mail.to == [BOB]);
        assert_eq!(sent.count(), 1, "only the second one's");
    }
);

both!(
    /// The invitee says no, once; the address can be invited again.
    r47_declining,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        server.decline(&token).await.done("declineInvitation");
        assert_eq!(ann.invitation_of(BOB).await["status"], "DECLINED");
        let refused = server.decline(&token).await;
        assert_eq!(refused.refusals("declineInvitation"), ["INVITATION_NOT_PENDING token"]);
        let refused = server.accept(&token, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVITATION_NOT_PENDING token"]);
        let refused = server.decline("no-such-token").await;
        assert_eq!(refused.refusals("declineInvitation"), ["INVALID_TOKEN token"]);

        assert_eq!(ann.invite(BOB, &[]).await.rows(), ["INVITED"]);
        let ann = ann.later(TimeDelta::days(7)).await;
        let (_, token) = ann.invite_one("carol@corp.example", &[]).await;
        server.pass(TimeDelta::days(7));
        let refused = server.decline(&token).await;
        assert_eq!(refused.refusals("declineInvitation"), ["INVITATION_EXPIRED token"]);
    }
);

both!(
    /// Each step leaves its event: who, what, when, where from, and in which request.
    r70_every_step_is_noted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = json!([{ "roleKey": "account_developer", "scopeId": ann.account }]);
        let people = json!([{ "email": BOB }, { "email": "carol@corp.example" },
            { "email": "dan@corp.example" }]);
        let input = json!({ "organizationId": ann.organization, "invitees": people, "grants": grants });
        let step = async |name: &str, token: Option<&Person>, input: Value| {
            let request = server.http.post(format!("{}/graphql", server.url)).json(
                &json!({ "query": document(name), "variables": { "input": input } }),
            );
            let request = request.header("x-request-id", format!("step-{name}"));
            let request = match token {
                Some(person) => request.bearer_auth(&person.access_token),
                None => request,
            };
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            let payload = answer["data"].as_object().unwrap().values().next().unwrap().clone();
            assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
            payload
        };
        let invited = step("InviteUsers", Some(&ann), input).await;
        let of = |row: usize| invited["results"][row]["invitation"]["id"].as_str().unwrap().to_owned();
        let (bobs, carols, dans) = (of(0), of(1), of(2));
        server.pass(TimeDelta::minutes(1));
        step("ResendInvitation", Some(&ann), json!({ "invitationId": bobs })).await;
        step("RevokeInvitation", Some(&ann), json!({ "invitationId": carols })).await;
        let token = server.invitation_token("dan@corp.example").await;
        step("DeclineInvitation", None, json!({ "token": token })).await;
        let token = server.invitation_token(BOB).await;
        let input = json!({ "token": token, "name": "Bob", "password": Person::PASSWORD });
        let bob = step("AcceptInvitation", None, input).await["viewer"]["user"]["id"].clone();

        let expected = [
            ("invitation.created", "InviteUsers", Some(json!(ann.id)), vec![bobs.clone(), carols.clone(), dans.clone()]),
            ("invitation.resent", "ResendInvitation", Some(json!(ann.id)), vec![bobs.clone()]),
            ("invitation.revoked", "RevokeInvitation", Some(json!(ann.id)), vec![carols]),
            ("invitation.declined", "DeclineInvitation", None, vec![dans]),
            ("invitation.accepted", "AcceptInvitation", Some(bob), vec![bobs]),
        ];
        for (action, name, actor, mut targets) in expected {
            let events = server.audit(action).await;
            let mut noted: Vec<String> = events.iter().map(|event| event.target.clone()).collect();
            noted.sort();
            targets.sort();
            assert_eq!(noted, targets, "{action}");
            for event in events {
                assert_eq!(event.request_id, format!("step-{name}"));
                assert_eq!(event.actor_id.map(|id| json!(id.to_string())), actor, "{action}");
                assert_eq!(event.organization_id.unwrap().to_string(), ann.organization);
                assert_eq!(event.network_address.as_deref(), Some("127.0.0.1"));
                assert!(server.now() - event.created_at <= TimeDelta::minutes(1));
            }
        }
        // What was promised, and what has changed.
        let created = &server.audit("invitation.created").await[0];
        let after = created.after.as_ref().unwrap();
        assert_eq!(after["grants"][0]["role"], "account_developer", "{after}");
        let resent = &server.audit("invitation.resent").await[0];
        assert_ne!(resent.before, resent.after);
    }
);

fn ids(invitations: &[Value]) -> Vec<String> {
    invitations.iter().map(|invitation| invitation["id"].as_str().unwrap().to_owned()).collect()
}
