//! Accounts that are to go into another organization: who asks, who answers, and who is told what
//! (R1, R2, R20, R24). Both sides have to agree.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::moves::{
    accept, asked, decline, document, home, node, of_organization, own, request, withdraw,
};
use crate::support::roles::welcome;
use crate::support::{Answer, Options, Person, Server, both, plant};

/// Ann of Acme, with an account that she owns, and Zoe of Elsewhere.
async fn two(server: &Server) -> (Person, String, Person) {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let desk = ann.create_account("Desk", None).await;
    let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
    (ann, desk, zoe)
}

fn forbidden(answer: &Answer) -> (String, String, Value) {
    assert_eq!(answer.error(), "FORBIDDEN");
    let told = &answer.body["errors"][0]["extensions"];
    let text = |field: &str| told[field].as_str().unwrap().to_owned();
    (text("permission"), text("scope"), told["grantedBy"].clone())
}

both!(
    /// R1, R24: the account's Owner asks, who is a member of the other organization, and somebody who
    /// manages that organization's accounts accepts.
    r24_the_owner_asks_and_the_organization_accepts,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        // Where she is no member there is nothing, to her.
        let unseen = request(&ann, &desk, &zoe.organization).await;
        let nothing = request(&ann, &desk, &plant::unknown(&zoe.organization)).await;
        assert_eq!((unseen.error(), nothing.error()), ("NOT_FOUND", "NOT_FOUND"));
        assert_eq!(unseen.body["errors"], nothing.body["errors"]);

        welcome(&zoe, &ann, &[]).await;
        let answer = request(&ann, &desk, &zoe.organization).await.done("requestAccountMove");
        let told = answer.at("/requestAccountMove/accountMove").clone();
        let id = told["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("move_"), "{id}");
        let expected = json!({
            "id": id,
            "account": { "id": desk, "name": "Desk",
                "organization": { "id": ann.organization, "name": "Acme" } },
            "from": { "id": ann.organization, "name": "Acme" },
            "to": { "id": zoe.organization, "name": "Elsewhere" },
            "askedBy": { "id": ann.id, "name": "Ann" },
            "side": "ACCOUNT", "status": "PENDING", "endedAt": null,
            "expiresAt": told["expiresAt"], "createdAt": told["createdAt"],
        });
        assert_eq!(told, expected);
        assert_eq!(moment(&told["expiresAt"]) - server.now(), TimeDelta::days(7));
        for (person, organization) in [(&ann, &ann.organization), (&zoe, &zoe.organization)] {
            assert_eq!(of_organization(person, organization).await, [id.clone()]);
            assert_eq!(node(person, &id).await, expected);
        }
        assert_eq!(own(&ann).await, [id.clone()]);
        assert!(own(&zoe).await.is_empty());
        assert_eq!(home(&ann, &desk).await, "Acme");

        let answer = accept(&zoe, &id).await.done("acceptAccountMove");
        assert_eq!(answer.text("/acceptAccountMove/accountMove/status"), "ACCEPTED");
        let there = "/acceptAccountMove/accountMove/account/organization/name";
        assert_eq!(answer.text(there), "Elsewhere");
        assert_eq!(home(&ann, &desk).await, "Elsewhere");
        assert_eq!(home(&zoe, &desk).await, "Elsewhere");
        for (person, organization) in [(&ann, &ann.organization), (&zoe, &zoe.organization)] {
            assert!(of_organization(person, organization).await.is_empty());
            assert_eq!(node(person, &id).await["status"], "ACCEPTED");
        }
        assert!(own(&ann).await.is_empty());
        let switched = ann.call("SwitchAccount", json!({ "accountId": desk })).await;
        let account = switched.done("switchAccount").at("/switchAccount/account").clone();
        assert_eq!(account["organization"]["name"], "Elsewhere");
        assert_eq!(account["viewerRoles"][0]["key"], "account_owner");

        // R70: both organizations have it in their events.
        for (action, by) in [("account_move.requested", &ann), ("account_move.accepted", &zoe)] {
            let events = server.audit(action).await;
            let places: Vec<String> =
                events.iter().map(|event| event.organization_id.unwrap().to_string()).collect();
            assert_eq!(places, [ann.organization.clone(), zoe.organization.clone()], "{action}");
            for event in events {
                assert_eq!((event.target, event.actor_id.unwrap().to_string()), (id.clone(), by.id.clone()));
            }
        }
        let moved = server.audit("account.moved").await;
        assert_eq!(moved.len(), 2);
        assert_eq!(moved[0].target, desk);
        assert_eq!(*moved[0].before.as_ref().unwrap(), json!({ "organization": ann.organization }));
        assert_eq!(*moved[0].after.as_ref().unwrap(), json!({ "organization": zoe.organization }));
    }
);

both!(
    /// R24: somebody who manages the other organization's accounts asks, who sees the account, and its
    /// Owner accepts, who need not be a member there before.
    r24_the_organization_asks_and_the_owner_accepts,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        assert_eq!(request(&zoe, &desk, &zoe.organization).await.error(), "NOT_FOUND");
        welcome(&ann, &zoe, &[("account_support", &desk)]).await;
        let id = asked(&zoe, &desk, &zoe.organization).await;
        let told = node(&ann, &id).await;
        assert_eq!((&told["side"], &told["askedBy"]["name"]), (&json!("ORGANIZATION"), &json!("Zoe")));
        assert_eq!(told["to"]["name"], "Elsewhere", "the Owner has to know where it is to go");
        assert_eq!(own(&ann).await, [id.clone()]);

        accept(&ann, &id).await.done("acceptAccountMove");
        assert_eq!(home(&ann, &desk).await, "Elsewhere");
        let standard = format!("organization_standard_user @ {}", zoe.organization);
        let owner = format!("account_owner @ {desk}");
        assert_eq!(zoe.roles_of(&ann.id).await, [owner, standard]);
        let joined = server.audit("membership.created").await;
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].after.as_ref().unwrap()["user"], json!(ann.id));
    }
);

both!(
    /// Both sides have to agree, also where one person is both: that takes two calls.
    both_sides_agree_also_where_they_are_one_person,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        welcome(&zoe, &ann, &[("organization_admin", &zoe.organization)]).await;
        let id = asked(&ann, &desk, &zoe.organization).await;
        assert_eq!(home(&ann, &desk).await, "Acme");
        assert_eq!(node(&ann, &id).await["side"], "ACCOUNT");
        accept(&ann, &id).await.done("acceptAccountMove");
        assert_eq!(home(&ann, &desk).await, "Elsewhere");
    }
);

both!(
    /// The side that was asked declines, the side that asked withdraws; the other one may not, and is
    /// told why. After that there is nothing to answer, and it can be asked anew.
    one_side_declines_and_the_other_withdraws,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        welcome(&zoe, &ann, &[]).await;
        welcome(&ann, &zoe, &[("account_support", &desk)]).await;
        let managers = json!(["organization_owner", "organization_admin"]);
        let take_in = ("organization.accounts.manage".to_owned(), zoe.organization.clone(), managers);
        let id = asked(&ann, &desk, &zoe.organization).await;
        assert_eq!(forbidden(&accept(&ann, &id).await), take_in);
        assert_eq!(forbidden(&decline(&ann, &id).await), take_in);
        let (permission, scope, givers) = forbidden(&withdraw(&zoe, &id).await);
        assert_eq!((permission.as_str(), &scope), ("account.ownership.close", &desk));
        assert!(givers.as_array().unwrap().contains(&json!("account_owner")), "{givers}");
        let again = request(&zoe, &desk, &zoe.organization).await;
        assert_eq!(again.refusals("requestAccountMove"), ["MOVE_PENDING accountId"]);

        let declined = decline(&zoe, &id).await.done("declineAccountMove");
        assert_eq!(declined.text("/declineAccountMove/accountMove/status"), "DECLINED");
        let over = moment(declined.at("/declineAccountMove/accountMove/endedAt"));
        assert_eq!(over, server.now());
        let gone = ["MOVE_NOT_PENDING moveId"];
        assert_eq!(accept(&zoe, &id).await.refusals("acceptAccountMove"), gone);
        assert_eq!(decline(&zoe, &id).await.refusals("declineAccountMove"), gone);
        assert_eq!(withdraw(&ann, &id).await.refusals("withdrawAccountMove"), gone);
        assert_eq!(server.audit("account_move.declined").await.len(), 2);

        let id = asked(&zoe, &desk, &zoe.organization).await;
        assert_eq!(forbidden(&withdraw(&ann, &id).await), take_in);
        assert_eq!(accept(&zoe, &id).await.error(), "FORBIDDEN");
        let withdrawn = withdraw(&zoe, &id).await.done("withdrawAccountMove");
        assert_eq!(withdrawn.text("/withdrawAccountMove/accountMove/status"), "WITHDRAWN");
        assert_eq!(accept(&ann, &id).await.refusals("acceptAccountMove"), gone);
        assert_eq!(server.audit("account_move.withdrawn").await.len(), 2);
        assert_eq!(home(&ann, &desk).await, "Acme");
        assert!(of_organization(&zoe, &zoe.organization).await.is_empty());
    }
);

both!(
    /// R20: only the account's Owner gives it away: neither its administrators nor the organization's,
    /// nor the organization's Owner. Only who manages accounts takes one in.
    r20_nobody_else_decides,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let desk = oda.create_account("Desk", None).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let bea = ann.colleague("Bea", "bea@acme.example", &[("account_administrator", &desk)]).await;
        let eve = ann.colleague("Eve", "eve@acme.example", &admin).await;
        for person in [&ann, &oda, &bea, &eve] {
            welcome(&zoe, person, &[]).await;
        }
        for person in [&ann, &bea, &eve] {
            let (permission, scope, _) = forbidden(&request(person, &desk, &zoe.organization).await);
            assert_eq!(permission, "organization.accounts.manage", "{}", person.name);
            assert_eq!(scope, zoe.organization, "{}", person.name);
        }
        welcome(&ann, &zoe, &[("account_support", &desk)]).await;
        let id = asked(&zoe, &desk, &zoe.organization).await;
        for person in [&ann, &eve] {
            let (permission, scope, _) = forbidden(&accept(person, &id).await);
            assert_eq!((permission.as_str(), scope), ("account.ownership.close", desk.clone()));
            assert_eq!(forbidden(&decline(person, &id).await).0, "account.ownership.close");
        }
        // Who decides nothing there sees no move.
        assert_eq!(accept(&bea, &id).await.error(), "NOT_FOUND");
        assert!(node(&bea, &id).await.is_null());
        let list = "query($id: ID!) { organization(id: $id) { accountMoves { nodes { id } } } }";
        let listed = bea.send(list, json!({ "id": ann.organization })).await;
        assert_eq!(forbidden(&listed).0, "organization.accounts.manage");
        assert_eq!(own(&oda).await, [id.clone()]);
        accept(&oda, &id).await.done("acceptAccountMove");
    }
);

both!(
    /// R2: to somebody from elsewhere a move and nothing are the same.
    r02_a_move_of_others_does_not_exist,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        welcome(&zoe, &ann, &[]).await;
        let id = asked(&ann, &desk, &zoe.organization).await;
        let eve = server.sign_up("Eve", "eve@third.example", "Third").await;
        let nothing = plant::unknown(&id);
        for mutation in ["acceptAccountMove", "declineAccountMove", "withdrawAccountMove"] {
            let tried = async |id: &str| {
                let variables = json!({ "input": { "moveId": id } });
                eve.send(&document(mutation), variables).await.body.to_string()
            };
            let answer = tried(&id).await;
            assert_eq!(answer, tried(&nothing).await);
            assert!(answer.contains(r#""code":"NOT_FOUND""#), "{answer}");
        }
        assert!(node(&eve, &id).await.is_null());
        assert!(own(&eve).await.is_empty());
        assert_eq!(node(&ann, &id).await["status"], "PENDING");
        let wrong = accept(&zoe, &desk).await;
        assert_eq!(wrong.error(), "BAD_USER_INPUT");
        assert!(wrong.body.to_string().contains("expected an account move id (move_…)"));
    }
);

both!(
    /// What cannot move, and what cannot move twice.
    what_cannot_move_is_refused,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        let sub = ann.create_account("Below", Some(&desk)).await;
        welcome(&zoe, &ann, &[]).await;
        let refused = async |account: &str, organization: &str| {
            request(&ann, account, organization).await.refusals("requestAccountMove")
        };
        assert_eq!(refused(&sub, &zoe.organization).await, ["NOT_TOP_LEVEL accountId"]);
        assert_eq!(refused(&desk, &ann.organization).await, ["SAME_ORGANIZATION organizationId"]);
        asked(&ann, &desk, &zoe.organization).await;
        assert_eq!(refused(&desk, &zoe.organization).await, ["MOVE_PENDING accountId"]);

        // A suspended account is not taken along out of its suspension, and a closed one stays.
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let lab = oda.create_account("Lab", None).await;
        welcome(&zoe, &oda, &[]).await;
        let id = asked(&oda, &lab, &zoe.organization).await;
        let status = async |status: &str| {
            let set = format!("UPDATE accounts SET status = '{status}' WHERE id = $1");
            plant::run(&server, &set, &[&lab]).await;
        };
        status("SUSPENDED").await;
        let lost = accept(&zoe, &id).await;
        assert_eq!(lost.refusals("acceptAccountMove"), ["ASKER_LOST_ACCESS moveId"]);
        assert_eq!(forbidden(&withdraw(&oda, &id).await).0, "account.ownership.close");
        status("CLOSED").await;
        let closed = accept(&zoe, &id).await;
        assert_eq!(closed.refusals("acceptAccountMove"), ["ACCOUNT_NOT_ACTIVE accountId"]);
        decline(&zoe, &id).await.done("declineAccountMove");
        assert_eq!(request(&oda, &lab, &zoe.organization).await.error(), "FORBIDDEN");
        welcome(&ann, &zoe, &[("organization_admin", &ann.organization)]).await;
        let closed = request(&zoe, &lab, &zoe.organization).await;
        assert_eq!(closed.refusals("requestAccountMove"), ["ACCOUNT_NOT_ACTIVE accountId"]);
    }
);

both!(
    /// After seven days a move has expired, and can be asked for anew.
    a_move_expires_after_seven_days,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        welcome(&zoe, &ann, &[]).await;
        let id = asked(&ann, &desk, &zoe.organization).await;
        let until = server.now() + TimeDelta::days(7);
        let (ann, zoe) = (ann.later(TimeDelta::days(7)).await, zoe.later(TimeDelta::zero()).await);
        assert!(of_organization(&zoe, &zoe.organization).await.is_empty());
        assert!(own(&ann).await.is_empty());
        let told = node(&ann, &id).await;
        assert_eq!(told["status"], "EXPIRED");
        assert_eq!(moment(&told["endedAt"]), until);
        let gone = ["MOVE_NOT_PENDING moveId"];
        assert_eq!(accept(&zoe, &id).await.refusals("acceptAccountMove"), gone);
        assert_eq!(withdraw(&ann, &id).await.refusals("withdrawAccountMove"), gone);
        let anew = asked(&ann, &desk, &zoe.organization).await;
        assert_eq!(node(&ann, &id).await["status"], "EXPIRED");
        accept(&zoe, &anew).await.done("acceptAccountMove");
    }
);

both!(
    /// Who asked has to be able to decide still when the other side answers.
    who_lost_access_since_asking_has_not_asked,
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        let admin = [("organization_admin", zoe.organization.as_str())];
        let yan = zoe.colleague("Yan", "yan@elsewhere.example", &admin).await;
        welcome(&ann, &yan, &[("account_support", &desk)]).await;
        let id = asked(&yan, &desk, &zoe.organization).await;
        let input = json!({ "userId": yan.id, "scopeId": zoe.organization });
        zoe.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
        let lost = accept(&ann, &id).await;
        assert_eq!(lost.refusals("acceptAccountMove"), ["ASKER_LOST_ACCESS moveId"]);
        assert_eq!(home(&ann, &desk).await, "Acme");
        assert_eq!(own(&ann).await, [id.clone()], "nothing has happened");
        // Others on that side still may take it back; he may not.
        assert_eq!(withdraw(&yan, &id).await.error(), "NOT_FOUND");
        withdraw(&zoe, &id).await.done("withdrawAccountMove");
    }
);

fn few() -> Options {
    Options {
        config: Some(|config| {
            config.accounts_per_organization = 2;
            config.built_in_roles_per_user = 3;
        }),
        ..Options::default()
    }
}

both!(
    /// The limits of the organization that an account goes to hold for it as well (R12).
    r12_the_limits_of_the_new_organization_hold,
    few(),
    |server: Server| async move {
        let (ann, desk, zoe) = two(&server).await;
        let two = [("studio_admin", desk.as_str()), ("studio_viewer", &desk)];
        let bob = ann.colleague("Bob", "bob@corp.example", &two).await;
        let other = [
            ("studio_admin", zoe.organization.as_str()),
            ("studio_viewer", &zoe.organization),
        ];
        welcome(&zoe, &bob, &other).await;
        welcome(&zoe, &ann, &[]).await;
        let lab = zoe.create_account("Lab", None).await;
        let id = asked(&ann, &desk, &zoe.organization).await;
        let refused = accept(&zoe, &id).await;
        assert_eq!(refused.refusals("acceptAccountMove"), ["LIMIT_REACHED moveId"]);
        plant::run(&server, "UPDATE accounts SET status = 'CLOSED' WHERE id = $1", &[&lab]).await;
        let refused = accept(&zoe, &id).await;
        assert_eq!(refused.refusals("acceptAccountMove"), ["ROLE_LIMIT_REACHED moveId"]);
        let message = refused.text("/acceptAccountMove/userErrors/0/message");
        assert!(message.contains(&format!("at most 3 built-in roles for one user in an organization; {} has 2 there, and 2 would come along", bob.id)), "{message}");
        assert_eq!(home(&ann, &desk).await, "Acme");
        assert_eq!(ann.roles_of(&bob.id).await.len(), 3);

        let one = json!({ "userId": bob.id, "scopeId": zoe.organization });
        zoe.call("RemoveRoleAssignments", one).await.done("removeRoleAssignments");
        accept(&zoe, &id).await.done("acceptAccountMove");
        assert_eq!(zoe.roles_of(&bob.id).await.len(), 2);
    }
);
