//! Accepting (R50, R51), and what the inviter still has to be able to do then (R20, R21).

use chrono::TimeDelta;
use entity::id::{BillingGroupId, UserId};
use entity::{billing_group, membership, role_assignment, session};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::{Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// Somebody new joins in one step, with name and password; the token proves the address.
    r50_somebody_new_in_one_step,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let try_with = async |name: &str, password: &str| {
            let input = json!({ "token": token, "name": name, "password": password });
            let answer = server.ask("AcceptInvitation", json!({ "input": input })).await;
            answer.refusals("acceptInvitation")
        };
        assert_eq!(try_with("", "short").await, ["INVALID_NAME name", "INVALID_PASSWORD password"]);
        assert_eq!(try_with("Bob", "").await, ["INVALID_PASSWORD password"]);
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp", "nothing is half-done");

        let answer = server.accept(&token, " Bob ").await;
        let bob = Person::from_tokens(&server, "Bob", BOB, &answer, "acceptInvitation").await;
        let viewer = bob.ask("Viewer", json!({})).await;
        assert_eq!(viewer.text("/viewer/user/name"), "Bob");
        assert_eq!(viewer.text("/viewer/user/email"), BOB);
        assert_eq!(viewer.at("/viewer/user/emailVerified"), true);
        assert_eq!(viewer.texts("/viewer/organizations/nodes", "/name"), ["Acme"]);
        let roles = [
            format!("account_developer @ {}", ann.account),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, roles);
        server.sign_in("Bob", BOB).await;

        // No second mail to prove the address; the inviter is told.
        let to_bob: Vec<String> = server.outbox(BOB).await.into_iter().map(|m| m.kind).collect();
        assert_eq!(to_bob, ["invitation"]);
        let to_ann = server.outbox("ann@acme.example").await;
        assert!(to_ann.iter().any(|mail| mail.kind == "invitation_accepted"));

        // Once.
        let refused = server.accept(&token, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVITATION_NOT_PENDING token"]);
        let refused = server.accept("no-such-token", "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVALID_TOKEN token"]);
    }
);

both!(
    /// Somebody with an identity gives their password on the way; a wrong one changes nothing.
    r50_somebody_known_by_password,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", BOB, "Bobs").await;
        let (_, token) = ann.invite_one("BOB@corp.example", &[("account_developer", &ann.account)]).await;
        let accept = async |password: Option<&str>| {
            let input = json!({ "token": token, "name": "Robert", "password": password });
            server.ask("AcceptInvitation", json!({ "input": input })).await
        };
        let before = server.dump().await;
        let refused = accept(None).await;
        assert_eq!(refused.refusals("acceptInvitation"), ["SIGN_IN_REQUIRED password"]);
        let refused = accept(Some("wrong password")).await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVALID_CREDENTIALS password"]);
        assert_eq!(server.dump().await, before);

        let accepted = accept(Some(Person::PASSWORD)).await.done("acceptInvitation");
        assert_eq!(accepted.text("/acceptInvitation/viewer/user/id"), bob.id);
        let viewer = bob.ask("Viewer", json!({})).await;
        assert_eq!(viewer.text("/viewer/user/name"), "Bob", "the name is theirs, not the form's");
        assert_eq!(viewer.at("/viewer/user/emailVerified"), true, "the token proves the address");
        assert_eq!(viewer.texts("/viewer/organizations/nodes", "/name"), ["Acme", "Bobs"]);
    }
);

both!(
    /// Somebody who is signed in accepts as they are, in the session that they have; nobody accepts
    /// for another.
    r50_somebody_signed_in,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", BOB, "Bobs").await;
        let (id, token) = ann.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let input = json!({ "token": token, "name": "x", "password": Person::PASSWORD });
        let refused = ann.call("AcceptInvitation", input).await;
        assert_eq!(refused.refusals("acceptInvitation"), ["WRONG_USER token"]);
        assert!(!refused.body.to_string().contains(BOB), "the address is masked");

        let accepted = bob.call("AcceptInvitation", json!({ "token": token })).await;
        let accepted = Person::from_tokens(&server, "Bob", BOB, &accepted, "acceptInvitation").await;
        assert_eq!(accepted.account, ann.account);
        let sessions = session::Entity::find().filter(session::Column::UserId.eq(user_id(&bob)));
        assert_eq!(sessions.count(&server.app.db).await.unwrap(), 1);
        let event = server.audit("invitation.accepted").await.remove(0);
        assert_eq!((event.target, event.actor_id), (id, Some(user_id(&bob))));
    }
);

both!(
    /// Who accepts lands in the first account that they were invited to, with the tokens for it;
    /// without any, where they would have landed anyway.
    r51_the_session_and_the_account_to_land_in,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let lab = ann.create_account("Lab", None).await;
        let grants = [
            ("studio_viewer", ann.organization.as_str()),
            ("account_developer", &lab),
            ("account_support", &desk),
        ];
        let (_, token) = ann.invite_one(BOB, &grants).await;
        let accepted = server.accept(&token, "Bob").await;
        assert_eq!(accepted.text("/acceptInvitation/account/name"), "Lab");
        let bob = Person::from_tokens(&server, "Bob", BOB, &accepted, "acceptInvitation").await;
        assert_eq!((&bob.account, &bob.organization), (&lab, &ann.organization));
        let input = json!({ "refreshToken": bob.refresh_token });
        let refreshed = server.ask("RefreshSession", json!({ "input": input })).await;
        refreshed.done("refreshSession");

        let (_, token) = ann.invite_one("plain@corp.example", &[]).await;
        let accepted = server.accept(&token, "Pia").await.done("acceptInvitation");
        assert_eq!(accepted.at("/acceptInvitation/account"), &Value::Null, "she reaches none");
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let (_, token) = ann.invite_one("zoe@zeta.example", &[]).await;
        let accepted = zoe.call("AcceptInvitation", json!({ "token": token })).await;
        assert_eq!(accepted.text("/acceptInvitation/account/name"), "Zeta Main");
    }
);

both!(
    /// An invitation is as good as its inviter's right to grant what it promises, at the moment of
    /// accepting; who has the right can resend it.
    r21_an_inviter_who_lost_access,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("account_administrator", ann.account.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let (id, token) = carol.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let lost = ["INVITER_LOST_ACCESS token"];
        let role = async |key: &str| {
            let input = json!({ "userId": carol.id, "accountId": ann.account, "roleKey": key });
            ann.call("ChangeAccountRole", input).await.done("changeAccountRole");
        };

        role("account_developer").await;
        let before = server.dump().await;
        assert_eq!(server.accept(&token, "Bob").await.refusals("acceptInvitation"), lost);
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");
        assert_eq!(server.dump().await, before, "nothing is half-done: no user, no membership");
        role("account_administrator").await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp");

        // Whose membership is suspended or over may grant nothing either.
        let carols = membership::Column::UserId.eq(user_id(&carol));
        let status = |status: &'static str| {
            membership::Entity::update_many()
                .col_expr(membership::Column::Status, Expr::value(status))
                .filter(carols.clone())
        };
        status("SUSPENDED").exec(&server.app.db).await.unwrap();
        assert_eq!(server.accept(&token, "Bob").await.refusals("acceptInvitation"), lost);
        status("ACTIVE").exec(&server.app.db).await.unwrap();
        let input = json!({ "userId": carol.id, "scopeId": ann.account });
        ann.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
        assert_eq!(server.accept(&token, "Bob").await.refusals("acceptInvitation"), lost);
        role_assignment::Entity::delete_many()
            .filter(role_assignment::Column::UserId.eq(user_id(&carol)))
            .exec(&server.app.db)
            .await
            .unwrap();
        membership::Entity::delete_many().filter(carols).exec(&server.app.db).await.unwrap();
        assert_eq!(server.accept(&token, "Bob").await.refusals("acceptInvitation"), lost);
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");

        server.pass(TimeDelta::minutes(1));
        ann.resend(&id).await.done("resendInvitation");
        let token = server.invitation_token(BOB).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
    }
);

both!(
    /// The ceiling is that of the moment: an inviter who holds less by then grants less.
    r21_an_inviter_whose_ceiling_sank,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let grants =
            [("account_administrator", desk.as_str()), ("studio_admin", ann.organization.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &grants).await;
        let (_, token) = carol.invite_one(BOB, &[("studio_admin", &desk)]).await;
        let (_, below) = carol.invite_one("dan@corp.example", &[("account_developer", &desk)]).await;
        let input = json!({ "userId": carol.id, "scopeId": ann.organization });
        ann.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
        let refused = server.accept(&token, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVITER_LOST_ACCESS token"]);
        server.accept(&below, "Dan").await.done("acceptInvitation");
    }
);

both!(
    /// A grant whose own time has run out by then grants nothing, and does not stop the others.
    r16_a_promised_role_that_has_lapsed,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let until = server.now() + TimeDelta::hours(1);
        let grants = json!([
            { "roleKey": "account_support", "scopeId": ann.account, "validUntil": until },
            { "roleKey": "account_developer", "scopeId": ann.account },
        ]);
        let input = json!({ "invitees": [{ "email": BOB }], "grants": grants });
        ann.invite_with(input).await.done("inviteUsers");
        let token = server.invitation_token(BOB).await;
        let ann = ann.later(TimeDelta::hours(1)).await;
        let accepted = server.accept(&token, "Bob").await;
        let bob = Person::from_tokens(&server, "Bob", BOB, &accepted, "acceptInvitation").await;
        let roles = [
            format!("account_developer @ {}", ann.account),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, roles);
    }
);

both!(
    /// A resource role is promised and given with its resource.
    r14_a_resource_role_by_invitation,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, now): (BillingGroupId, _) = (server.app.random.id(server.now()), server.now());
        let group = billing_group::ActiveModel {
            id: Set(id),
            organization_id: Set(ann.organization.parse().unwrap()),
            name: Set("North".to_owned()),
            name_key: Set("north".to_owned()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        billing_group::Entity::insert(group).exec_without_returning(&server.app.db).await.unwrap();
        let grant = |resource: Option<&str>| {
            let grants = json!([{ "roleKey": "billing_group_viewer", "scopeId": ann.organization,
                "resourceId": resource }]);
            json!({ "invitees": [{ "email": BOB }], "grants": grants })
        };
        let refused = ann.invite_with(grant(None)).await;
        assert_eq!(refused.refusals("inviteUsers"), ["RESOURCE_MISMATCH grants.0.resourceId"]);
        let unknown = "bgrp_00000000000000000000000001";
        let refused = ann.invite_with(grant(Some(unknown))).await;
        assert_eq!(refused.refusals("inviteUsers"), ["NOT_FOUND grants.0.resourceId"]);
        ann.invite_with(grant(Some(&id.to_string()))).await.done("inviteUsers");
        let token = server.invitation_token(BOB).await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        let held = role_assignment::Entity::find()
            .filter(role_assignment::Column::BillingGroupId.eq(id))
            .count(&server.app.db);
        assert_eq!(held.await.unwrap(), 1);
    }
);

fn user_id(person: &Person) -> UserId {
    person.id.parse().unwrap()
}
