//! Removing and suspending users (R22, R24, R26, R27).

use serde_json::{Value, json};

use crate::support::life::{account_of, act, on, there, with_user};
use crate::support::roles::{ask, give, welcome};
use crate::support::{Answer, Options, Person, Server, both, plant};

async fn from_account(by: &Person, user: &str, account: &str) -> Answer {
    act(by, "removeUserFromAccount", json!({ "userId": user, "accountId": account })).await
}

async fn from_organization(by: &Person, user: &str, mut more: Value) -> Answer {
    more["userId"] = json!(user);
    more["organizationId"] = json!(by.organization);
    act(by, "removeUserFromOrganization", more).await
}

const FROM_ACCOUNT: &str = "removeUserFromAccount";
const FROM_ORGANIZATION: &str = "removeUserFromOrganization";

both!(
    /// R26: removed from an account, a user loses what they hold there and below, and nothing else.
    r26_removed_from_an_account,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let sub = ann.create_account("Sub", Some(main)).await;
        let second = ann.create_account("Second", None).await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_administrator", main)]).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_developer", &second)]).await;
        let there_too = [("account_developer", main), ("studio_admin", main), ("studio_viewer", &sub)];
        let ids = give(&ann, &bob.id, &there_too).await;
        let eve = plant::member(&server, &ann.organization, "Eve").await;
        give(&ann, &eve, &there_too).await;
        let bob_there = there(&bob, &other);
        assert!(bob_there.access(&bob.id, "studio.flow.read", &sub).await);

        // From the subaccount alone, then from all of it; the ceiling does not matter.
        let done = from_account(&adam, &bob.id, &sub).await.done(FROM_ACCOUNT);
        assert_eq!(*done.at("/removeUserFromAccount/removedIds"), json!([ids[2]]));
        let done = from_account(&adam, &bob.id, main).await.done(FROM_ACCOUNT);
        let mut removed = done.texts("/removeUserFromAccount/removedIds", "");
        let mut expected = ids[..2].to_vec();
        removed.sort();
        expected.sort();
        assert_eq!(removed, expected);
        let told = done.at("/removeUserFromAccount/consequences");
        assert_eq!(told["roleAssignmentCount"], 2);
        assert_eq!(told["roleAssignments"][0]["user"]["id"], bob.id);
        assert_eq!(ask(&bob_there, &bob.id, "studio.flow.read", main).await.error(), "NOT_FOUND");
        let left = [format!("account_developer @ {second}"),
            format!("organization_standard_user @ {}", ann.organization)];
        assert_eq!(ann.roles_of(&bob.id).await, left);
        assert_eq!(ann.roles_of(&eve).await.len(), 3, "others keep theirs");
        assert_eq!(server.audit("role_assignment.removed").await.len(), 3);

        // Nobody there, and nobody at all, is no error, and the same.
        let nothing = from_account(&adam, &bob.id, main).await.done(FROM_ACCOUNT);
        let unknown = from_account(&adam, &plant::unknown(&bob.id), main).await;
        assert_eq!(nothing.body, unknown.body);
        assert_eq!(*nothing.at("/removeUserFromAccount/removedIds"), json!([]));

        // Who may not, and where one sees nothing.
        let refused = from_account(&bob, &eve, &second).await;
        assert_eq!(refused.denial()["permission"], "account.users.manage");
        assert_eq!(from_account(&adam, &bob.id, &second).await.error(), "NOT_FOUND");
    }
);

both!(
    /// R22: the Owner of an account is not removed from it, nor the Organization Owner from anything, by
    /// anybody.
    r22_owners_are_neither_removed_nor_suspended,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let before = server.dump().await;
        for person in [&ann, &oda] {
            for account in [&ann.account, &sub] {
                let refused = from_account(person, &ann.id, account).await;
                assert_eq!(refused.refusals(FROM_ACCOUNT), ["OWNER_ROLE userId"]);
            }
            for more in [json!({}), json!({ "newOwnerId": oda.id })] {
                let refused = from_organization(person, &ann.id, more).await;
                assert_eq!(refused.refusals(FROM_ORGANIZATION), ["OWNER_ROLE userId"]);
            }
        }
        let refused = with_user(&oda, "suspendUser", &ann.id).await;
        assert_eq!(refused.refusals("suspendUser"), ["OWNER_ROLE userId"]);
        assert_eq!(server.dump().await, before);
    }
);

both!(
    /// R26: removed from the organization, a user is no member any more: assignments and pending
    /// invitations end; the person, and what they are elsewhere, is untouched.
    r26_removed_from_the_organization,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &admin).await;
        welcome(&zoe, &bob, &[("account_developer", &zoe.account)]).await;
        let group = plant::billing_group(&server, &ann.organization, "East", &[]).await;
        crate::support::roles::give_about(&ann, &bob.id, "billing_group_viewer", &group).await;
        give(&ann, &bob.id, &[("account_developer", &ann.account)]).await;
        let mine = Person { organization: ann.organization.clone(), ..bob.clone() };
        let (invitation, token) = mine.invite_one("pat@new.example", &admin).await;
        let (_, kept) = oda.invite_one("pam@new.example", &admin).await;
        let held = ann.assignments_of(&bob.id).await;
        let bob_there = there(&bob, &other);
        assert!(bob_there.access(&bob.id, "organization.users.manage", &ann.organization).await);

        let done = from_organization(&oda, &bob.id, json!({})).await.done(FROM_ORGANIZATION);
        let mut removed = done.texts("/removeUserFromOrganization/removedIds", "");
        let mut expected: Vec<String> = held.into_iter().map(|(_, id)| id).collect();
        removed.sort();
        expected.sort();
        assert_eq!(removed, expected);
        let told = done.at("/removeUserFromOrganization/consequences");
        assert_eq!(told["roleAssignmentCount"], 3);
        assert_eq!(told["invitationCount"], 1);
        assert_eq!(told["invitations"][0]["id"], invitation);
        assert_eq!(told["invitations"][0]["status"], "REVOKED");
        assert_eq!(told["accounts"], json!([]));

        // With the very next request, at the other server too (R27).
        let gone = ask(&bob_there, &bob.id, "organization.users.manage", &ann.organization).await;
        assert_eq!(gone.error(), "NOT_FOUND");
        assert_eq!(server.held_by(&bob.id).await, (1, 2));
        assert_eq!(server.link_state(&token).await, "InvitationRevoked");
        server.accept(&kept, "Pam").await.done("acceptInvitation");
        assert_eq!(zoe.roles_of(&bob.id).await.len(), 2);
        server.sign_in("Bob", "bob@acme.example").await;
        let events = server.audit("membership.ended").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].actor_id.unwrap().to_string(), oda.id);

        // Once more, and somebody from elsewhere: no member.
        for user in [&bob.id, &zoe.id, &plant::unknown(&bob.id)] {
            let refused = from_organization(&oda, user, json!({})).await;
            assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NOT_A_MEMBER userId"]);
        }
        // He can be invited again, as somebody who has nothing; a minute later, for the mail (R46).
        server.pass(chrono::TimeDelta::minutes(1));
        welcome(&ann, &bob, &[]).await;
        let standard = format!("organization_standard_user @ {}", ann.organization);
        assert_eq!(ann.roles_of(&bob.id).await, [standard]);
    }
);

both!(
    /// R26: who owns accounts is removed only when somebody is named who becomes their Owner; closed ones
    /// fall to the Organization's Owner.
    r26_accounts_get_a_new_owner,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let one = account_of(&ann, &ivo, "One").await;
        server.pass(chrono::TimeDelta::seconds(1));
        let two = account_of(&ann, &ivo, "Two").await;
        let closed = account_of(&ann, &ivo, "Old").await;
        on(&ivo, "closeAccount", &closed).await.done("closeAccount");
        let heir = ann.colleague("Hera", "hera@acme.example", &[]).await;
        give(&ann, &heir.id, &[("account_administrator", &one), ("studio_viewer", &one)]).await;
        let eve = plant::member(&server, &ann.organization, "Eve").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;

        let before = server.dump().await;
        let refused = from_organization(&ann, &ivo.id, json!({})).await;
        assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NEW_OWNER_REQUIRED newOwnerId"]);
        let payload = refused.at("/removeUserFromOrganization");
        assert!(payload["removedIds"].is_null());
        let message = payload["userErrors"][0]["message"].as_str().unwrap();
        assert!(message.contains("One") && message.contains("Two") && !message.contains("Old"));
        assert_eq!(payload["consequences"]["accountCount"], 2);
        assert_eq!(payload["consequences"]["accounts"][0]["id"], one);
        for stranger in [&zoe.id, &plant::unknown(&ivo.id), &ivo.id] {
            let refused =
                from_organization(&ann, &ivo.id, json!({ "newOwnerId": stranger })).await;
            assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NOT_A_MEMBER newOwnerId"]);
        }
        assert_eq!(server.dump().await, before);
        with_user(&ann, "suspendUser", &eve).await.done("suspendUser");
        let refused = from_organization(&ann, &ivo.id, json!({ "newOwnerId": eve })).await;
        assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NOT_A_MEMBER newOwnerId"]);

        let done =
            from_organization(&ann, &ivo.id, json!({ "newOwnerId": heir.id })).await.done(FROM_ORGANIZATION);
        let told = done.at("/removeUserFromOrganization/consequences");
        assert_eq!(told["accountCount"], 3);
        let owners: Vec<&str> = told["accounts"].as_array().unwrap().iter()
            .map(|account| account["owner"]["id"].as_str().unwrap()).collect();
        assert_eq!(owners, [heir.id.as_str(); 3]);
        assert!(heir.access(&heir.id, "account.ownership.close", &one).await);
        // The Administrator's role excludes every other general one, also the Owner's.
        let roles = ann.roles_of(&heir.id).await;
        assert!(!roles.contains(&format!("account_administrator @ {one}")), "{roles:?}");
        assert!(roles.contains(&format!("studio_viewer @ {one}")) && roles.contains(&format!("account_owner @ {two}")));
        assert_eq!(server.held_by(&ivo.id).await, (0, 0));
        assert_eq!(server.audit("account.owner_changed").await.len(), 3);

        // Only closed ones need nobody named.
        let una = ann.colleague("Una", "una@acme.example", &[]).await;
        let hers = una.create_account("Hers", None).await;
        on(&una, "closeAccount", &hers).await.done("closeAccount");
        from_organization(&ann, &una.id, json!({})).await.done(FROM_ORGANIZATION);
        let query = "query($id: ID!) { account(id: $id) { owner { id } } }";
        assert_eq!(ann.send(query, json!({ "id": hers })).await.text("/account/owner/id"), ann.id);
    }
);

both!(
    /// R21, R26: pending invitations are handed to who removes their inviter, and can be accepted then.
    r26_invitations_are_handed_over,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let bob = ann.colleague("Bob", "bob@acme.example", &admin).await;
        let (invitation, token) = bob.invite_one("pat@new.example", &[("studio_admin", &ann.account)]).await;
        let more = json!({ "invitations": "HAND_OVER" });
        let done = from_organization(&ann, &bob.id, more).await.done(FROM_ORGANIZATION);
        let told = &done.at("/removeUserFromOrganization/consequences")["invitations"][0];
        assert_eq!(told["id"], invitation);
        assert_eq!(told["status"], "PENDING");
        assert_eq!(told["invitedBy"]["id"], ann.id);
        server.accept(&token, "Pat").await.done("acceptInvitation");

        // What nobody can vouch for is not handed over: the account was closed meanwhile, for instance.
        let eve = ann.colleague("Eve", "eve@acme.example", &admin).await;
        let second = ann.create_account("Second", None).await;
        eve.invite_one("pam@new.example", &[("account_developer", &second)]).await;
        let close = "UPDATE accounts SET status = 'CLOSED' WHERE id = $1";
        plant::run(&server, close, &[&second]).await;
        let before = server.dump().await;
        let more = json!({ "invitations": "HAND_OVER" });
        let refused = from_organization(&ann, &eve.id, more).await;
        assert_eq!(refused.refusals(FROM_ORGANIZATION), ["ABOVE_OWN_ACCESS invitations"]);
        assert_eq!(server.dump().await, before);
        from_organization(&ann, &eve.id, json!({ "invitations": "REVOKE" })).await.done(FROM_ORGANIZATION);
    }
);

both!(
    /// R26: a member leaves by themselves; others are removed by those who manage users only (R24).
    r26_a_member_may_leave,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_administrator", &ann.account)]).await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        for person in [&adam, &stan] {
            let refused = from_organization(person, &ann.id, json!({})).await;
            assert_eq!(refused.denial()["permission"], "organization.users.manage");
        }
        let refused = from_organization(&stan, &stan.id, json!({ "invitations": "HAND_OVER" })).await;
        assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NOT_ALLOWED invitations"]);
        // Somebody who is suspended stays until somebody else decides.
        with_user(&ann, "suspendUser", &stan.id).await.done("suspendUser");
        let refused = from_organization(&stan, &stan.id, json!({})).await;
        assert_eq!(refused.denial()["membershipStatus"], "SUSPENDED");
        with_user(&ann, "reactivateUser", &stan.id).await.done("reactivateUser");
        for person in [&adam, &stan] {
            from_organization(person, &person.id, json!({})).await.done(FROM_ORGANIZATION);
            assert_eq!(server.held_by(&person.id).await, (0, 0));
            let viewer = person.ask("Viewer", json!({})).await;
            assert_eq!(*viewer.at("/viewer/organizations/nodes"), json!([]));
        }
    }
);

both!(
    /// R27: a suspended member keeps everything and can do nothing, from the next request on, on every
    /// server; reactivated, they can again.
    r27_a_suspended_member_can_do_nothing,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &admin).await;
        let bob_there = there(&bob, &other);
        let list = json!({ "id": ann.organization });
        bob_there.ask("OrganizationUsers", list.clone()).await.at("/organization/users/edges");

        let done = with_user(&oda, "suspendUser", &bob.id).await.done("suspendUser");
        assert_eq!(done.text("/suspendUser/user/membershipStatus"), "SUSPENDED");
        with_user(&oda, "suspendUser", &bob.id).await.done("suspendUser");
        let denied = bob_there.ask("OrganizationUsers", list.clone()).await;
        assert_eq!(denied.denial()["membershipStatus"], "SUSPENDED");
        assert!(denied.body["errors"][0]["message"].as_str().unwrap().contains("suspended"));
        assert_eq!(on(&bob_there, "suspendAccount", &ann.account).await.error(), "NOT_FOUND");
        assert_eq!(ann.roles_of(&bob.id).await.len(), 1, "the assignments are kept");
        assert_eq!(server.audit("membership.suspended").await.len(), 1);

        with_user(&oda, "reactivateUser", &bob.id).await.done("reactivateUser");
        with_user(&oda, "reactivateUser", &bob.id).await.done("reactivateUser");
        assert_eq!(server.audit("membership.reactivated").await.len(), 1);
        bob_there.ask("OrganizationUsers", list).await.at("/organization/users/edges");

        // Nobody suspends themselves; a stranger is no member; others may not at all.
        let refused = with_user(&oda, "suspendUser", &oda.id).await;
        assert_eq!(refused.refusals("suspendUser"), ["NOT_ALLOWED userId"]);
        for mutation in ["suspendUser", "reactivateUser"] {
            let refused = with_user(&oda, mutation, &plant::unknown(&bob.id)).await;
            assert_eq!(refused.refusals(mutation), ["NOT_A_MEMBER userId"]);
        }
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let refused = with_user(&stan, "suspendUser", &bob.id).await;
        assert_eq!(refused.denial()["permission"], "organization.users.manage");
    }
);

both!(
    /// Where the catalogue has no role for members without any, removing somebody from their last account
    /// is final; and ownership does not move.
    r26_in_a_team_removal_is_final,
    Options { team: true, ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let second = ann.create_account("Second", None).await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_admin", main)]).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_admin", main)]).await;
        give(&ann, &bob.id, &[("account_support", &second)]).await;
        let (_, token) = bob.invite_one("pat@new.example", &[("account_support", main)]).await;

        from_account(&adam, &bob.id, main).await.done(FROM_ACCOUNT);
        assert_eq!(server.held_by(&bob.id).await, (1, 1), "he is still in the other account");
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");
        let done = from_account(&ann, &bob.id, &second).await.done(FROM_ACCOUNT);
        assert_eq!(*done.at("/removeUserFromAccount/consequences/invitationCount"), 1);
        assert_eq!(server.held_by(&bob.id).await, (0, 0));
        assert_eq!(server.link_state(&token).await, "InvitationRevoked");

        // Somebody without anything who is not in the account stays what they are.
        let eve = plant::member(&server, &ann.organization, "Eve").await;
        from_account(&adam, &eve, main).await.done(FROM_ACCOUNT);
        assert_eq!(server.held_by(&eve).await, (1, 0));

        let own = account_of(&ann, &adam, "Adam's").await;
        for more in [json!({}), json!({ "newOwnerId": ann.id })] {
            let refused = from_organization(&ann, &adam.id, more).await;
            assert_eq!(refused.refusals(FROM_ORGANIZATION), ["NOT_TRANSFERABLE userId"]);
            let told = refused.at("/removeUserFromOrganization/consequences");
            assert_eq!(told["accounts"][0]["id"], own);
        }
        on(&adam, "closeAccount", &own).await.done("closeAccount");
        from_organization(&ann, &adam.id, json!({})).await.done(FROM_ORGANIZATION);
    }
);
