//! Handing over an organization or account (R22): offered by its Owner, accepted by the other.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::ownership::{
    accept, decline, hand_over, offer, offered, owner, pending, shown, withdraw,
};
use crate::support::roles::{change, give, take, welcome};
use crate::support::{Server, both, plant};

/// What a person holds at a scope, sorted.
pub(crate) fn at(roles: &[String], scope: &str) -> Vec<String> {
    let end = format!(" @ {scope}");
    roles.iter().filter_map(|role| role.strip_suffix(&end)).map(str::to_owned).collect()
}

both!(
    /// An account changes its Owner when the other accepts, not before. Somebody who held nothing
    /// there can work in it right away; the former Owner stays as Administrator.
    r22_an_account_is_handed_over,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let organization = ann.organization.as_str();
        let roles = [("organization_admin", organization)];
        let oda = ann.colleague("Oda", "oda@acme.example", &roles).await;
        let desk = oda.create_account("Desk", None).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let enter = json!({ "accountId": desk });
        assert_eq!(bob.call("SwitchAccount", enter.clone()).await.error(), "NOT_FOUND");

        let made = offer(&oda, &desk, &bob.id).await.done("offerOwnership");
        let told = made.at("/offerOwnership/ownershipOffer");
        assert_eq!(told["status"], "PENDING");
        assert_eq!(told["to"]["id"], bob.id.as_str());
        assert_eq!(moment(&told["expiresAt"]), server.now() + TimeDelta::days(7));
        let id = made.text("/offerOwnership/ownershipOffer/id");
        assert!(id.starts_with("offer_"), "{id}");

        // Both see it, and nobody else; nothing has changed.
        for person in [&oda, &bob] {
            assert_eq!(pending(person).await, [id.clone()]);
            let seen = shown(person, &id).await;
            assert_eq!(seen["scope"], json!({ "id": desk, "name": "Desk" }));
            assert_eq!(seen["from"], json!({ "name": "Oda", "email": "oda@acme.example" }));
            assert_eq!(seen["to"], json!({ "name": "Bob", "email": "bob@corp.example" }));
            assert_eq!(seen["endedAt"], Value::Null);
        }
        assert!(pending(&ann).await.is_empty());
        assert_eq!(shown(&ann, &id).await, Value::Null);
        assert_eq!(owner(&ann, &desk).await, oda.id);
        assert_eq!(bob.call("SwitchAccount", enter.clone()).await.error(), "NOT_FOUND");

        server.pass(TimeDelta::minutes(1));
        let accepted = accept(&bob, &id).await.done("acceptOwnership");
        assert_eq!(accepted.text("/acceptOwnership/ownershipOffer/status"), "ACCEPTED");
        assert_eq!(owner(&ann, &desk).await, bob.id);
        let standard = format!("organization_standard_user @ {organization}");
        assert_eq!(ann.roles_of(&bob.id).await, [format!("account_owner @ {desk}"), standard]);
        let admin = format!("organization_admin @ {organization}");
        assert_eq!(ann.roles_of(&oda.id).await, [format!("account_administrator @ {desk}"), admin]);
        assert!(bob.access(&bob.id, "account.ownership.close", &desk).await);
        assert!(!oda.access(&oda.id, "account.ownership.close", &desk).await);
        let entered = bob.call("SwitchAccount", enter).await.done("switchAccount");
        assert_eq!(entered.text("/switchAccount/account/viewerRoles/0/key"), "account_owner");

        assert!(pending(&bob).await.is_empty() && pending(&oda).await.is_empty());
        let seen = shown(&oda, &id).await;
        assert_eq!((seen["status"].as_str(), moment(&seen["endedAt"])), (Some("ACCEPTED"), server.now()));
        // What she handed over she cannot offer any more; the new Owner can, and hands it back.
        assert_eq!(offer(&oda, &desk, &ann.id).await.error(), "FORBIDDEN");
        hand_over(&bob, &desk, &oda).await;
        assert_eq!(owner(&ann, &desk).await, oda.id);
        assert_eq!(at(&ann.roles_of(&oda.id).await, &desk), ["account_owner"]);
    }
);

both!(
    /// So does an organization; its former Owner stays as Organization Admin, and keeps what they own
    /// beside.
    r22_an_organization_is_handed_over,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let id = offered(&ann, organization, &bob.id).await;
        assert_eq!(shown(&bob, &id).await["scope"], json!({ "id": organization, "name": "Acme" }));
        accept(&bob, &id).await.done("acceptOwnership");

        for person in [&ann, &bob] {
            assert_eq!(owner(person, organization).await, bob.id);
        }
        assert_eq!(owner(&ann, main).await, ann.id);
        assert_eq!(bob.roles_of(&bob.id).await, [
            format!("organization_owner @ {organization}"),
            format!("organization_standard_user @ {organization}")
        ]);
        assert_eq!(bob.roles_of(&ann.id).await, [
            format!("account_owner @ {main}"),
            format!("organization_admin @ {organization}")
        ]);
        let delete = "organization.ownership.delete";
        assert!(bob.access(&bob.id, delete, organization).await);
        assert!(!bob.access(&ann.id, delete, organization).await);
        assert!(bob.access(&bob.id, "account.users.manage", main).await);
    }
);

both!(
    /// R13: the new Owner loses the general roles there that go with no other; product roles, those that
    /// combine, and what is held elsewhere stay.
    r22_what_the_owners_role_excludes_is_cleared,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let sub = ann.create_account("Sub", Some(main)).await;
        let other = ann.create_account("Other", None).await;
        let admin = "account_administrator";
        let grants = [(admin, main), (admin, &*sub), (admin, &*other), ("studio_admin", main)];
        let bob = ann.colleague("Bob", "bob@corp.example", &grants).await;
        hand_over(&ann, main, &bob).await;
        let held = ann.roles_of(&bob.id).await;
        assert_eq!(at(&held, main), ["account_owner", "studio_admin"]);
        assert_eq!((at(&held, &sub), at(&held, &other)), (vec![admin.to_owned()], vec![admin.to_owned()]));

        let grants = [("account_developer", main), ("account_support", main)];
        let eve = ann.colleague("Eve", "eve@corp.example", &grants).await;
        hand_over(&bob, main, &eve).await;
        let held = at(&ann.roles_of(&eve.id).await, main);
        assert_eq!(held, ["account_developer", "account_owner", "account_support"]);

        // An organization's roles exclude nothing here.
        give(&ann, &bob.id, &[("organization_admin", organization)]).await;
        hand_over(&ann, organization, &bob).await;
        let held = at(&bob.roles_of(&bob.id).await, organization);
        assert_eq!(held, ["organization_admin", "organization_owner", "organization_standard_user"]);
    }
);

both!(
    /// The former Owner's role is there once, whatever they held before, and for good; as an exclusive
    /// one it clears the others (R13).
    r22_the_former_owner_has_one_role_for_good,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let administrator = ["account_administrator"];

        let had = give(&ann, &ann.id, &[("account_administrator", main)]).await;
        hand_over(&ann, main, &bob).await;
        assert_eq!(at(&ann.roles_of(&ann.id).await, main), administrator);
        assert!(ann.assignments_of(&ann.id).await.iter().any(|(_, id)| *id == had[0]), "the same one");

        // Ann's return, while Bob holds it only for a while.
        let until = (server.now() + TimeDelta::minutes(1)).to_rfc3339();
        let brief = |role: &str, scope: &str| json!({ "roleKey": role, "scopeId": scope, "validUntil": until });
        let grants = json!([brief("account_administrator", main)]);
        ann.call("AssignRoles", json!({ "userId": bob.id, "grants": grants })).await.done("assignRoles");
        hand_over(&bob, main, &ann).await;
        assert_eq!(at(&ann.roles_of(&ann.id).await, main), ["account_owner"]);
        let grants = json!([brief("organization_admin", organization)]);
        ann.call("AssignRoles", json!({ "userId": ann.id, "grants": grants })).await.done("assignRoles");
        hand_over(&ann, organization, &bob).await;
        server.pass(TimeDelta::minutes(2));
        assert!(ann.access(&bob.id, "account.users.manage", main).await);
        assert!(ann.access(&ann.id, "organization.users.manage", organization).await);
        assert_eq!(at(&ann.roles_of(&bob.id).await, main), administrator);
        assert_eq!(at(&ann.roles_of(&ann.id).await, organization), ["organization_admin"]);

        // What combined with the owner's role goes from beside the Administrator's.
        give(&bob, &ann.id, &[("account_developer", main), ("studio_admin", main)]).await;
        hand_over(&ann, main, &bob).await;
        let held = at(&ann.roles_of(&ann.id).await, main);
        assert_eq!(held, ["account_administrator", "studio_admin"]);
    }
);

both!(
    /// Only the Owner offers, only what is theirs. R2, R28: others who see it are told which role it
    /// takes; for the rest it does not exist.
    r22_only_the_owner_offers,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let oda = ann.colleague("Oda", "oda@acme.example", &[("organization_admin", organization)]).await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_administrator", main)]).await;
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", main)]).await;
        let desk = oda.create_account("Desk", None).await;
        let bob = plant::member(&server, organization, "Bob").await;

        let (of_org, of_account) = ("organization.ownership.transfer", "account.ownership.transfer");
        for (person, scope, permission, role) in [
            (&oda, organization, of_org, "organization_owner"),
            (&adam, organization, of_org, "organization_owner"),
            (&oda, main, of_account, "account_owner"),
            (&adam, main, of_account, "account_owner"),
            (&dev, main, of_account, "account_owner"),
            // The Organization Owner has every permission there, and does not own it.
            (&ann, &*desk, of_account, "account_owner"),
        ] {
            let refused = offer(person, scope, &bob).await;
            let told = &refused.body["errors"][0]["extensions"];
            let expected = json!({ "code": "FORBIDDEN", "permission": permission, "scope": scope,
                "grantedBy": [role] });
            assert_eq!(*told, expected, "{} offers {scope}: {:#}", person.name, refused.body);
        }
        for (person, scope) in [(&adam, &*desk), (&dev, &*desk), (&zoe, main), (&zoe, organization)] {
            assert_eq!(offer(person, scope, &bob).await.error(), "NOT_FOUND", "{}", person.name);
        }
        assert!(pending(&ann).await.is_empty() && pending(&oda).await.is_empty());
        // Nor does the Owner while work in it is stopped.
        let stop = "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1";
        plant::run(&server, stop, &[&desk]).await;
        assert_eq!(offer(&oda, &desk, &bob).await.error(), "FORBIDDEN");
    }
);

both!(
    /// To an active member, not to oneself; never a subaccount, which has no Owner of its own.
    r22_whom_what_can_be_offered,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let sub = ann.create_account("Sub", Some(main)).await;
        let bob = plant::member(&server, organization, "Bob").await;
        for scope in [organization, main] {
            assert_eq!(offer(&ann, scope, &ann.id).await.refusals("offerOwnership"), ["ALREADY_OWNER userId"]);
            let foreign = offer(&ann, scope, &zoe.id).await;
            let unknown = offer(&ann, scope, &plant::unknown(&zoe.id)).await;
            assert_eq!(foreign.refusals("offerOwnership"), ["NOT_A_MEMBER userId"]);
            assert_eq!(foreign.body, unknown.body, "R2");
        }
        let refused = offer(&ann, &sub, &bob).await;
        assert_eq!(refused.refusals("offerOwnership"), ["NOT_TRANSFERABLE scopeId"]);
        plant::run(&server, "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1", &[&bob]).await;
        let refused = offer(&ann, main, &bob).await;
        assert_eq!(refused.refusals("offerOwnership"), ["NOT_A_MEMBER userId"]);
        plant::run(&server, "UPDATE memberships SET status = 'ACTIVE' WHERE user_id = $1", &[&bob]).await;
        plant::run(&server, "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1", &[main]).await;
        let refused = offer(&ann, main, &bob).await;
        assert_eq!(refused.refusals("offerOwnership"), ["ACCOUNT_NOT_ACTIVE scopeId"]);
        plant::run(&server, "UPDATE accounts SET status = 'PENDING_CLOSURE' WHERE id = $1", &[main]).await;
        offered(&ann, main, &bob).await;
    }
);

both!(
    /// An offer is answered by the one whom it was made to, taken back by the one who made it, and does
    /// not exist for anybody else (R2). It ends once.
    r22_each_side_does_its_part_and_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let oda = ann.colleague("Oda", "oda@acme.example", &[("organization_admin", organization)]).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let id = offered(&ann, main, &bob.id).await;
        assert_eq!(accept(&ann, &id).await.refusals("acceptOwnership"), ["NOT_ALLOWED offerId"]);
        assert_eq!(decline(&ann, &id).await.refusals("declineOwnership"), ["NOT_ALLOWED offerId"]);
        assert_eq!(withdraw(&bob, &id).await.refusals("withdrawOwnership"), ["NOT_ALLOWED offerId"]);
        for person in [&oda, &zoe] {
            for answer in [accept(person, &id).await, decline(person, &id).await, withdraw(person, &id).await] {
                assert_eq!(answer.error(), "NOT_FOUND");
            }
        }
        let over = async |id: &str| {
            let over = "OFFER_NOT_PENDING offerId";
            assert_eq!(accept(&bob, id).await.refusals("acceptOwnership"), [over]);
            assert_eq!(decline(&bob, id).await.refusals("declineOwnership"), [over]);
            assert_eq!(withdraw(&ann, id).await.refusals("withdrawOwnership"), [over]);
        };
        let declined = decline(&bob, &id).await.done("declineOwnership");
        assert_eq!(declined.text("/declineOwnership/ownershipOffer/status"), "DECLINED");
        over(&id).await;
        let id = offered(&ann, main, &bob.id).await;
        let withdrawn = withdraw(&ann, &id).await.done("withdrawOwnership");
        assert_eq!(withdrawn.text("/withdrawOwnership/ownershipOffer/status"), "WITHDRAWN");
        over(&id).await;
        assert_eq!(owner(&ann, main).await, ann.id);
        assert!(ann.roles_of(&ann.id).await.contains(&format!("account_owner @ {main}")));
        let id = offered(&ann, main, &bob.id).await;
        accept(&bob, &id).await.done("acceptOwnership");
        over(&id).await;
        assert_eq!(owner(&ann, main).await, bob.id);
    }
);

both!(
    /// One offer at a time for one scope: the next one is refused until that has ended.
    r22_one_offer_at_a_time,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let eve = ann.colleague("Eve", "eve@corp.example", &[]).await;
        let first = offered(&ann, main, &bob.id).await;
        for person in [&bob, &eve] {
            let refused = offer(&ann, main, &person.id).await;
            assert_eq!(refused.refusals("offerOwnership"), ["ALREADY_OFFERED scopeId"]);
            assert!(refused.body.to_string().contains("offered to Bob"), "{:#}", refused.body);
        }
        // Another scope has an offer of its own.
        let beside = offered(&ann, organization, &eve.id).await;
        let mut mine = [first.clone(), beside.clone()];
        let mut listed = pending(&ann).await;
        mine.sort();
        listed.sort();
        assert_eq!(listed, mine);
        withdraw(&ann, &first).await.done("withdrawOwnership");
        let second = offered(&ann, main, &bob.id).await;
        decline(&bob, &second).await.done("declineOwnership");
        let third = offered(&ann, main, &eve.id).await;

        // Nor is an offer in the way that nobody can accept any more: one of a former Owner, …
        plant::run(
            &server,
            "UPDATE role_assignments SET user_id = $1 WHERE owned_scope_id = $2",
            &[&bob.id, main],
        )
        .await;
        assert_eq!(accept(&eve, &third).await.refusals("acceptOwnership"), ["OFFERER_LOST_OWNERSHIP offerId"]);
        let fourth = offered(&bob, main, &eve.id).await;
        assert_eq!(shown(&eve, &third).await["status"], "WITHDRAWN");
        // … or one whose time has run out.
        let (bob, eve) = (bob.later(TimeDelta::days(8)).await, eve.later(TimeDelta::zero()).await);
        assert_eq!(server.audit("ownership_offer.expired").await.len(), 0);
        hand_over(&bob, main, &eve).await;
        assert_eq!(shown(&eve, &fourth).await["status"], "EXPIRED");
        assert_eq!(server.audit("ownership_offer.expired").await[0].target, fourth);
        assert_eq!(owner(&eve, main).await, eve.id);
    }
);

both!(
    /// What an offer rests on is looked at again when it is accepted, and the refusal says what is
    /// missing; when that is mended, the offer still stands.
    r22_what_stood_when_offered_has_to_stand_when_accepted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let id = offered(&ann, main, &bob.id).await;
        let member = "UPDATE memberships SET status = $0 WHERE user_id = $1 AND organization_id = $2";
        let account = "UPDATE accounts SET status = $0 WHERE id = $1";
        for (sql, ids, bad, code) in [
            (member, vec![&*bob.id, organization], "'SUSPENDED'", "NOT_A_MEMBER"),
            (member, vec![&*ann.id, organization], "'SUSPENDED'", "OFFERER_LOST_OWNERSHIP"),
            (account, vec![main], "'SUSPENDED'", "ACCOUNT_NOT_ACTIVE"),
            (account, vec![main], "'CLOSED'", "ACCOUNT_NOT_ACTIVE"),
        ] {
            plant::run(&server, &sql.replace("$0", bad), &ids).await;
            let refused = accept(&bob, &id).await;
            assert_eq!(refused.refusals("acceptOwnership"), [format!("{code} offerId")]);
            plant::run(&server, &sql.replace("$0", "'ACTIVE'"), &ids).await;
            assert_eq!(shown(&bob, &id).await["status"], "PENDING");
        }
        assert_eq!(owner(&ann, main).await, ann.id);

        // Somebody who was removed is told so, and sees no more of the organization than that.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        welcome(&ann, &zoe, &[("account_support", main)]).await;
        let to_zoe = offered(&ann, organization, &zoe.id).await;
        let leave = ["DELETE FROM role_assignments WHERE user_id = $1 AND organization_id = $2",
            "DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2"];
        for sql in leave {
            plant::run(&server, sql, &[&zoe.id, organization]).await;
        }
        let refused = accept(&zoe, &to_zoe).await;
        assert_eq!(refused.refusals("acceptOwnership"), ["NOT_A_MEMBER offerId"]);
        assert_eq!(decline(&zoe, &to_zoe).await.error(), "NOT_FOUND");
        assert!(pending(&zoe).await.is_empty());
        assert_eq!(shown(&zoe, &to_zoe).await, Value::Null);
        assert_eq!(owner(&ann, organization).await, ann.id);

        accept(&bob, &id).await.done("acceptOwnership");
        take(&ann, &ann.id, main).await.done("removeRoleAssignments");
        change(&bob, &ann.id, main, "account_developer").await.done("changeAccountRole");
    }
);
