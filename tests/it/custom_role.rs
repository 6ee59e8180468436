//! Custom roles: made by an organization from the catalogue's permissions (R10, R14, R17, R20, R21).

use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::custom::{
    create_role, create_role_with, custom_roles_of, make_role, update_role,
};
use crate::support::roles::{ask, assign, change, give, message, take, welcome};
use crate::support::{Options, Person, Server, both, plant};

const ENTER: &str = "account.access.use";
const FLOWS: &str = "studio.flow.read";

both!(
    /// R10: a custom role works on every road: it is assigned, decides, lets its holder in, and is
    /// shown wherever a role is.
    r10_a_custom_role_works_like_any_other,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let role = make_role(&ann, "night_shift", &[ENTER, FLOWS]).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[]).await;
        assert!(!ann.access(&bob.id, FLOWS, &desk).await);
        let assignment = give(&ann, &bob.id, &[("night_shift", &desk)]).await;

        let why = ask(&ann, &bob.id, FLOWS, &desk).await;
        assert_eq!(why.text("/access/because/role/key"), "night_shift");
        assert_eq!(why.text("/access/because/assignment/id"), assignment[0]);
        assert!(why.texts("/access/grantedBy", "/key").contains(&"night_shift".to_owned()));
        assert!(!ann.access(&bob.id, "studio.flow.create", &desk).await);
        let again = give(&ann, &bob.id, &[("night_shift", &desk)]).await;
        assert_eq!(again, assignment, "R15");
        let standard = format!("organization_standard_user @ {}", ann.organization);
        assert_eq!(ann.roles_of(&bob.id).await, [format!("night_shift @ {desk}"), standard]);

        // Bob's side: he sees the account, enters it, and lands in it.
        let mine = bob.ask("Viewer", json!({})).await;
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/name"), ["Desk"]);
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/viewerRoles/0/key"), ["night_shift"]);
        let entered = bob.call("SwitchAccount", json!({ "accountId": desk })).await;
        entered.done("switchAccount");
        assert_eq!(server.sign_in("Bob", "bob@acme.example").await.account, desk);

        // Listed by the role, and by its id.
        let listed = async |key: &str| {
            let filter = json!({ "id": ann.organization, "filter": { "roleKey": key } });
            ann.ask("OrganizationUsers", filter).await
        };
        let found = listed("night_shift").await;
        assert_eq!(found.texts("/organization/users/edges", "/node/name"), ["Bob"]);
        assert_eq!(listed("day_shift").await.error(), "BAD_USER_INPUT");
        let node = "query($id: ID!) { node(id: $id) { ... on Role { key organization { id } } } }";
        let expected = json!({ "key": "night_shift", "organization": { "id": ann.organization } });
        assert_eq!(*bob.send(node, json!({ "id": role })).await.at("/node"), expected);

        take(&ann, &bob.id, &desk).await.done("removeRoleAssignments");
        assert!(!ann.access(&bob.id, FLOWS, &desk).await);
        let removed = server.audit("role_assignment.removed").await;
        assert_eq!(removed[0].before.as_ref().unwrap()["role"], "night_shift");
        let made = server.audit("custom_role.created").await.remove(0);
        assert_eq!((made.target, made.after.unwrap()["permissions"].clone()), (role, json!([ENTER, FLOWS])));
    }
);

both!(
    /// R10, R14, R17: what a custom role permits decides where it can be assigned; its details can be
    /// read by every member.
    r14_a_custom_role_is_assigned_where_its_permissions_make_sense,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let all = ["ORGANIZATION", "ACCOUNT", "SUBACCOUNT"];
        let places = [&ann.organization, &ann.account, &sub];
        let cases = [
            ("watcher", &["organization.audit.read", FLOWS][..], 1),
            ("payer", &["billing.invoice.read"], 1),
            ("bookkeeper", &["billing.account.manage", ENTER], 2),
            ("flows", &[ENTER, FLOWS], 3),
        ];
        for (key, permissions, depth) in cases {
            let made = create_role(&ann, key, permissions).await.done("createCustomRole");
            let role = made.at("/createCustomRole/role");
            assert_eq!(role["assignableAt"], json!(all[..depth]), "{key}");
            assert_eq!((&role["kind"], &role["productGroup"]), (&json!("CUSTOM"), &json!("Custom")));
            let held: Vec<&str> =
                role["permissions"].as_array().unwrap().iter().map(|p| p["key"].as_str().unwrap()).collect();
            assert!(held.len() == permissions.len() && permissions.iter().all(|p| held.contains(p)));
            for (asked, scope) in all.iter().zip(places) {
                let answer = assign(&ann, &stan.id, &[(key, scope)]).await;
                if all[..depth].contains(asked) {
                    answer.done("assignRoles");
                    continue;
                }
                let refusals = answer.refusals("assignRoles");
                assert_eq!(refusals, ["ROLE_NOT_ASSIGNABLE_HERE grants.0.scopeId"], "{key} at {asked}");
                let told = message(&answer, "assignRoles");
                assert!(told.contains(asked) && told.contains(all[depth - 1]), "{told}");
            }
        }
        let query = "query($id: ID!) { organization(id: $id) { customRoles { totalCount
            nodes { key permissions { key description } assignableAt } } } }";
        let seen = stan.send(query, json!({ "id": ann.organization })).await;
        assert_eq!(
            seen.texts("/organization/customRoles/nodes", "/key"),
            ["bookkeeper", "flows", "payer", "watcher"]
        );
        assert_eq!(*seen.at("/organization/customRoles/totalCount"), 4);
        // The catalogue's list stays the catalogue's, and the organization of another its own.
        let roles = ann.ask("Roles", json!({ "first": 100 })).await;
        assert!(!roles.texts("/roles/nodes", "/kind").contains(&"CUSTOM".to_owned()));
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        assert!(custom_roles_of(&zoe).await.is_empty());
        let foreign = assign(&zoe, &zoe.id, &[("flows", &zoe.account)]).await;
        assert_eq!(foreign.refusals("assignRoles"), ["UNKNOWN_ROLE grants.0.roleKey"]);
    }
);

both!(
    /// R21–R24, R72: what a custom role cannot be, each with its reason and its field; what only owners
    /// may do is never handed out.
    r21_what_a_custom_role_cannot_be,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        make_role(&ann, "taken", &[ENTER]).await;
        let input = |change: Value| {
            let mut input = json!({ "organizationId": ann.organization, "key": "fresh",
                "name": "Fresh", "permissions": [ENTER] });
            for (field, value) in change.as_object().unwrap() {
                input[field] = value.clone();
            }
            input
        };
        let cases = [
            (json!({ "key": "account_developer" }), vec!["ROLE_KEY_TAKEN key"]),
            (json!({ "key": "taken" }), vec!["ROLE_KEY_TAKEN key"]),
            (json!({ "key": "" }), vec!["INVALID_ROLE_KEY key"]),
            (json!({ "key": "Night" }), vec!["INVALID_ROLE_KEY key"]),
            (json!({ "key": "9to5" }), vec!["INVALID_ROLE_KEY key"]),
            (json!({ "key": "x".repeat(64) }), vec!["INVALID_ROLE_KEY key"]),
            (json!({ "name": " ", "description": "x".repeat(1001) }),
                vec!["INVALID_NAME name", "INVALID_TEXT description"]),
            (json!({ "permissions": [] }), vec!["BAD_LIST_LENGTH permissions"]),
            (
                json!({ "permissions": [ENTER, "studio.flow.fly", "organization.ownership.delete",
                    "account.ownership.close", "account.ownership.transfer",
                    "organization.ownership.transfer"] }),
                vec![
                    "UNKNOWN_PERMISSION permissions.1",
                    "OWNER_PERMISSION permissions.2",
                    "OWNER_PERMISSION permissions.3",
                    "OWNER_PERMISSION permissions.4",
                    "OWNER_PERMISSION permissions.5",
                ],
            ),
        ];
        for (change, expected) in cases {
            let answer = create_role_with(&ann, input(change.clone())).await;
            assert_eq!(answer.refusals("createCustomRole"), expected, "{change}");
        }
        assert_eq!(custom_roles_of(&ann).await, ["taken"]);
        // Another organization may have the same key; every permission but those of owners is fine.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        make_role(&zoe, "taken", &[ENTER]).await;
        let known = ann.send("{ permissions { key } }", json!({})).await.texts("/permissions", "/key");
        let delegable: Vec<&str> =
            known.iter().map(String::as_str).filter(|key| !key.contains(".ownership.")).collect();
        assert_eq!(known.len() - delegable.len(), 4);
        make_role(&ann, &"x".repeat(63), &delegable).await;
    }
);

fn two(config: &mut Config) {
    config.custom_roles_per_organization = 2;
}

both!(
    /// The operator's limit on custom roles is counted in each organization for itself.
    custom_roles_have_a_limit,
    Options { config: Some(two), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for key in ["one", "two"] {
            make_role(&ann, key, &[ENTER]).await;
        }
        let third = create_role(&ann, "three", &[ENTER]).await;
        assert_eq!(third.refusals("createCustomRole"), ["LIMIT_REACHED"]);
        assert!(message(&third, "createCustomRole").contains("at most 2"));
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        make_role(&zoe, "three", &[ENTER]).await;
    }
);

both!(
    /// R20, R28: custom roles are made by those who may assign any role in the organization, and nobody
    /// else; who is refused is told what it takes.
    r20_who_makes_custom_roles,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        let adam =
            ann.colleague("Adam", "adam@acme.example", &[("organization_admin", organization)]).await;
        let grants = [("account_administrator", main), ("organization_billing_admin", organization)];
        let eve = ann.colleague("Eve", "eve@acme.example", &grants).await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[("flows", main)]).await;
        for person in [&eve, &stan] {
            let tried = [
                create_role(person, "mine", &[ENTER]).await,
                update_role(person, &role, json!({ "name": "Mine" })).await,
                crate::support::custom::delete_role(person, &role, json!({})).await,
            ];
            for answer in tried {
                assert_eq!(answer.error(), "FORBIDDEN");
                let told = answer.body.pointer("/errors/0/extensions").unwrap();
                assert_eq!(told["permission"], "organization.assignments.manage");
                assert_eq!(told["scope"], organization);
                assert_eq!(told["grantedBy"], json!(["organization_owner", "organization_admin"]));
            }
        }
        make_role(&adam, "made_by_adam", &["billing.invoice.read"]).await;
        update_role(&adam, &role, json!({ "name": "Flows" })).await.done("updateCustomRole");

        // A custom role that manages assignments makes its holder one of those, within their own access.
        make_role(&ann, "role_manager", &["organization.assignments.manage", ENTER]).await;
        give(&ann, &stan.id, &[("role_manager", organization)]).await;
        make_role(&stan, "made_by_stan", &[ENTER]).await;
        take(&ann, &stan.id, organization).await.done("removeRoleAssignments");
        assert_eq!(create_role(&stan, "more", &[ENTER]).await.error(), "FORBIDDEN");
    }
);

both!(
    /// R21: the ceiling holds for custom roles: an account's administrator gives those that permit no
    /// more than they may do themselves, and what a custom role permits is one's own access.
    r21_the_ceiling_holds_for_custom_roles,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let bob = plant::member(&server, organization, "Bob").await;
        make_role(&ann, "logs", &[ENTER, "logs.product_log.read"]).await;
        make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        make_role(&ann, "lead", &[ENTER, "account.users.manage", FLOWS]).await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_administrator", main)]).await;
        let lena = ann.colleague("Lena", "lena@acme.example", &[("lead", main)]).await;

        let tried = async |person: &Person, role: &str| {
            let answer = assign(person, &bob, &[(role, main)]).await;
            (answer.refusals("assignRoles"), answer)
        };
        for (person, role, missing) in [
            (&adam, "logs", None),
            (&adam, "flows", Some(FLOWS)),
            (&lena, "flows", None),
            (&lena, "logs", Some("logs.product_log.read")),
            (&lena, "account_developer", Some("developer_tools.tool.use")),
        ] {
            let (refusals, answer) = tried(person, role).await;
            match missing {
                None => assert!(refusals.is_empty(), "{role}: {refusals:?}"),
                Some(missing) => {
                    assert_eq!(refusals, ["ABOVE_OWN_ACCESS grants.0.roleKey"], "{role}");
                    assert!(message(&answer, "assignRoles").contains(missing));
                }
            }
        }
        let elsewhere = assign(&lena, &bob, &[("flows", organization)]).await;
        assert_eq!(elsewhere.error(), "FORBIDDEN");
        // Who manages users through a custom role lists them, too.
        let users = lena.ask("OrganizationUsers", json!({ "id": organization })).await;
        let names = users.texts("/organization/users/edges", "/node/name");
        assert_eq!(names, ["Adam", "Ann", "Bob", "Lena"]);
    }
);

both!(
    /// R21: a promise of a custom role is checked again when it is resent and accepted, against what the
    /// role permits by then.
    r21_a_promised_custom_role_is_checked_when_accepting,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let role = make_role(&ann, "logs", &[ENTER, "logs.product_log.read"]).await;
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_administrator", main)]).await;
        let (_, token) = adam.invite_one("carl@corp.example", &[("logs", main)]).await;
        let shown = ann.invitation_of("carl@corp.example").await;
        assert_eq!(shown["grants"][0]["role"]["key"], "logs");
        let preview = "query($token: String!) { invitationByToken(token: $token) { __typename
            ... on InvitationNeedsSignUp { grants { roleName scopeName } } } }";
        let seen = server.send(preview, json!({ "token": token }), None, None).await;
        assert_eq!(seen.text("/invitationByToken/grants/0/roleName"), "Our logs");
        let page = format!("{}/invitations/{token}", server.url);
        let page = server.http.get(page).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Our logs"), "{page}");

        let more = json!({ "permissions": [ENTER, "logs.product_log.read", FLOWS] });
        update_role(&ann, &role, more).await.done("updateCustomRole");
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");
        let refused = server.accept(&token, "Carl").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVITER_LOST_ACCESS token"]);
        server.pass(chrono::TimeDelta::minutes(2));
        let id = shown["id"].as_str().unwrap();
        assert_eq!(adam.resend(id).await.refusals("resendInvitation"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);
        ann.resend(id).await.done("resendInvitation");
        let token = server.invitation_token("carl@corp.example").await;
        let accepted = server.accept(&token, "Carl").await.done("acceptInvitation");
        let carl =
            Person::from_tokens(&server, "Carl", "carl@corp.example", &accepted, "acceptInvitation").await;
        assert!(ann.access(&carl.id, FLOWS, main).await);
    }
);

both!(
    /// R27: what becomes of a custom role counts on the very next request, on every server.
    r27_a_changed_custom_role_counts_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("flows", &main)]).await;
        let other = server.another(Options::default()).await;
        let there = Person { server: other, ..bob.clone() };
        assert!(there.access(&bob.id, FLOWS, &main).await);

        let input = json!({ "name": "Logs", "description": "Reads logs.",
            "permissions": [ENTER, "logs.product_log.read"] });
        let updated = update_role(&ann, &role, input).await.done("updateCustomRole");
        let shown = updated.at("/updateCustomRole/role");
        assert_eq!(shown["key"], "flows");
        assert_eq!((&shown["name"], &shown["description"]), (&json!("Logs"), &json!("Reads logs.")));
        assert!(!there.access(&bob.id, FLOWS, &main).await);
        assert!(there.access(&bob.id, "logs.product_log.read", &main).await);
        let event = server.audit("custom_role.updated").await.remove(0);
        assert_eq!(event.before.unwrap()["permissions"], json!([ENTER, FLOWS]));
        assert_eq!(event.after.unwrap()["name"], "Logs");

        // Nothing new is no event; what is left out stays.
        update_role(&ann, &role, json!({ "name": "Logs" })).await.done("updateCustomRole");
        update_role(&ann, &role, json!({})).await.done("updateCustomRole");
        assert_eq!(server.audit("custom_role.updated").await.len(), 1);
        // Without the permission to enter, the account is still seen, but not worked in.
        let input = json!({ "permissions": ["logs.product_log.read"] });
        update_role(&ann, &role, input).await.done("updateCustomRole");
        let entered = bob.call("SwitchAccount", json!({ "accountId": main })).await;
        assert_eq!(entered.error(), "FORBIDDEN");
    }
);

both!(
    /// R14: a custom role does not come to permit what makes no sense where it is assigned or promised.
    r14_a_custom_role_in_use_keeps_its_scopes,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        let wide = json!({ "permissions": [FLOWS, "organization.audit.read"] });
        give(&ann, &bob, &[("flows", &ann.account)]).await;
        let refused = update_role(&ann, &role, wide.clone()).await;
        assert_eq!(refused.refusals("updateCustomRole"), ["ROLE_NOT_ASSIGNABLE_HERE permissions"]);
        take(&ann, &bob, &ann.account).await.done("removeRoleAssignments");

        let (invitation, _) = ann.invite_one("carl@corp.example", &[("flows", &ann.account)]).await;
        let refused = update_role(&ann, &role, wide.clone()).await;
        assert_eq!(refused.refusals("updateCustomRole"), ["ROLE_NOT_ASSIGNABLE_HERE permissions"]);
        ann.revoke(&invitation).await.done("revokeInvitation");
        give(&ann, &bob, &[("flows", &ann.organization)]).await;
        update_role(&ann, &role, wide).await.done("updateCustomRole");
        assert!(ann.access(&bob, "organization.audit.read", &ann.organization).await);
        for (input, refusal) in [
            (json!({ "permissions": [] }), "BAD_LIST_LENGTH permissions"),
            (json!({ "permissions": ["account.ownership.close"] }), "OWNER_PERMISSION permissions.0"),
            (json!({ "permissions": ["a.b.c"] }), "UNKNOWN_PERMISSION permissions.0"),
            (json!({ "name": "" }), "INVALID_NAME name"),
        ] {
            let refused = update_role(&ann, &role, input).await;
            assert_eq!(refused.refusals("updateCustomRole"), [refusal]);
        }
    }
);

both!(
    /// R34: an account's role is changed into a custom one in one step, and from it; product roles stay.
    r34_an_account_role_is_changed_into_a_custom_one,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        make_role(&ann, "watcher", &["organization.audit.read"]).await;
        give(&ann, &bob, &[("account_developer", main), ("studio_viewer", main)]).await;
        let at = |role: &str| format!("{role} @ {main}");
        change(&ann, &bob, main, "flows").await.done("changeAccountRole");
        assert_eq!(ann.roles_of(&bob).await, [at("flows"), at("studio_viewer")]);
        let refused = change(&ann, &bob, main, "watcher").await;
        assert_eq!(refused.refusals("changeAccountRole"), ["ROLE_NOT_ASSIGNABLE_HERE roleKey"]);
        change(&ann, &bob, main, "account_support").await.done("changeAccountRole");
        assert_eq!(ann.roles_of(&bob).await, [at("account_support"), at("studio_viewer")]);
        let refused = change(&ann, &ann.id, main, "flows").await;
        assert_eq!(refused.refusals("changeAccountRole"), ["OWNER_ROLE userId"]);
        // R13: an exclusive role clears general ones, which custom ones are not.
        give(&ann, &bob, &[("flows", main), ("account_administrator", main)]).await;
        let held = [at("account_administrator"), at("flows"), at("studio_viewer")];
        assert_eq!(ann.roles_of(&bob).await, held);
    }
);

both!(
    /// R13: where a user holds one role in an account, a custom role is no exception.
    r13_a_custom_role_is_exclusive_where_all_are,
    Options { team: true, ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        make_role(&ann, "helper", &[ENTER]).await;
        give(&ann, &bob, &[("account_developer", main)]).await;
        give(&ann, &bob, &[("helper", main)]).await;
        assert_eq!(ann.roles_of(&bob).await, [format!("helper @ {main}")]);
        give(&ann, &bob, &[("account_support", main)]).await;
        assert_eq!(ann.roles_of(&bob).await, [format!("account_support @ {main}")]);
        let both = [("helper", main), ("account_support", main)];
        let refused = assign(&ann, &bob, &both).await;
        assert_eq!(refused.refusals("assignRoles"), ["EXCLUSIVE_ROLES grants.1.roleKey"]);
        let refused = assign(&ann, &ann.id, &[("helper", main)]).await;
        assert_eq!(refused.refusals("assignRoles"), ["OWNER_ROLE userId"]);
    }
);

both!(
    /// R1, R17: in each organization a key means its own role, also for a member of both.
    r17_the_same_key_is_another_role_elsewhere,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        make_role(&ann, "helper", &[ENTER, FLOWS]).await;
        let theirs = make_role(&zoe, "helper", &[ENTER, "logs.product_log.read"]).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("helper", &ann.account)]).await;
        welcome(&zoe, &bob, &[("helper", &zoe.account)]).await;
        for (permission, here, there) in
            [(FLOWS, true, false), ("logs.product_log.read", false, true)]
        {
            assert_eq!(bob.access(&bob.id, permission, &ann.account).await, here);
            assert_eq!(bob.access(&bob.id, permission, &zoe.account).await, there);
        }
        // The database, too, knows whose a role is.
        let foreign = "UPDATE role_assignments SET role_id = $1 WHERE scope_id = $2";
        let id = |text: &str| entity::id::parse_any(text).unwrap().1.into();
        let statement = sea_orm::Statement::from_sql_and_values(
            sea_orm::ConnectionTrait::get_database_backend(&server.app.db),
            foreign,
            [id(&theirs), id(&ann.account)],
        );
        let refused = sea_orm::ConnectionTrait::execute_raw(&server.app.db, statement).await;
        assert!(format!("{:?}", refused.unwrap_err()).contains("of another organization"));
    }
);
