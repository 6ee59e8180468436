//! Assigning, changing and removing roles (R12, R13, R15, R32–R34).

use chrono::TimeDelta;
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::roles::{assign, change, give, give_about, message, remove, take, welcome};
use crate::support::{Options, Person, Server, both, plant};

/// The keys of all built-in roles.
async fn built_in(person: &Person) -> Vec<String> {
    let variables = json!({ "first": 100, "filter": { "kind": "BUILT_IN" } });
    person.ask("Roles", variables).await.texts("/roles/nodes", "/key")
}

/// Everybody's roles at one scope, from all that they hold.
fn at(roles: &[String], scope: &str) -> Vec<String> {
    let at = |role: &String| role.strip_suffix(&format!(" @ {scope}")).map(str::to_owned);
    roles.iter().filter_map(at).collect()
}

both!(
    /// R12: fifty built-in assignments in one organization, whatever their scopes; the next is
    /// refused with the limit and the count.
    r12_the_fifty_first_built_in_role_is_refused,
    |server: Server| async move {
        assert_eq!(Config::default().built_in_roles_per_user, 50);
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let keys = built_in(&ann).await;
        let scopes = [&ann.organization, &ann.account];
        let grants: Vec<(&str, &str)> = scopes
            .iter()
            .flat_map(|scope| keys.iter().map(|key| (key.as_str(), scope.as_str())))
            .collect();
        let too_many = assign(&ann, &bob, &grants[..51]).await;
        assert_eq!(too_many.refusals("assignRoles"), ["ROLE_LIMIT_REACHED grants"]);
        assert!(ann.roles_of(&bob).await.is_empty(), "all or nothing (R32)");

        give(&ann, &bob, &grants[..50]).await;
        let next = assign(&ann, &bob, &grants[50..51]).await;
        assert_eq!(next.refusals("assignRoles"), ["ROLE_LIMIT_REACHED grants"]);
        let told = message(&next, "assignRoles");
        assert!(told.contains("at most 50") && told.contains("has 50"), "{told}");

        // Other kinds do not count, and what stands already is not counted again (R15).
        let standing = [grants[0], ("organization_admin", ann.organization.as_str())];
        assert_eq!(give(&ann, &bob, &standing).await.len(), 2);
        // One goes, one comes.
        take(&ann, &bob, &ann.account).await.done("removeRoleAssignments");
        give(&ann, &bob, &grants[50..51]).await;
    }
);

fn five(config: &mut Config) {
    config.built_in_roles_per_user = 5;
}

both!(
    /// R12: the limit is the operator's, holds on every road to a role, and is counted in each
    /// organization for itself.
    r12_the_limit_holds_on_every_road,
    Options { config: Some(five), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let keys = built_in(&ann).await;
        let main = ann.account.as_str();
        let grants: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), main)).collect();
        let bob = ann.colleague("Bob", "bob@corp.example", &grants[..4]).await;

        let invited = ann.invite("bob@corp.example", &grants[4..6]).await.done("inviteUsers");
        assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "REFUSED");
        let error = invited.at("/inviteUsers/results/0/userError");
        assert_eq!(error["code"], "ROLE_LIMIT_REACHED");
        assert!(error["message"].as_str().unwrap().contains("has 4"), "{error}");

        // The same grant twice in a call is one (R15).
        let twice = [grants[4], grants[4]];
        give(&ann, &bob.id, &twice).await;
        assert_eq!(assign(&ann, &bob.id, &grants[5..6]).await.refusals("assignRoles"), [
            "ROLE_LIMIT_REACHED grants"
        ]);

        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        welcome(&zoe, &bob, &[]).await;
        let there: Vec<(&str, &str)> =
            keys[..5].iter().map(|key| (key.as_str(), zoe.account.as_str())).collect();
        assert_eq!(give(&zoe, &bob.id, &there).await.len(), 5);
    }
);

both!(
    /// R13: an exclusive role clears the user's other general roles in that scope, and nothing else;
    /// the others combine.
    r13_an_exclusive_role_clears_the_other_general_ones,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.clone(), ann.organization.clone());
        let sub = ann.create_account("Sub", Some(&main)).await;
        let bob = plant::member(&server, &organization, "Bob").await;
        let eve = plant::member(&server, &organization, "Eve").await;
        let combining = ["account_developer", "account_billing_manager", "account_support"];
        for user in [&bob, &eve] {
            for role in combining {
                give(&ann, user, &[(role, &main)]).await;
            }
            give(&ann, user, &[
                ("studio_admin", &main),
                ("account_developer", &sub),
                ("organization_billing_viewer", &organization),
            ])
            .await;
        }
        let sorted = |mut roles: Vec<&str>| {
            roles.sort_unstable();
            roles.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let all = sorted([&combining[..], &["studio_admin"]].concat());
        assert_eq!(at(&ann.roles_of(&bob).await, &main), all);

        give(&ann, &bob, &[("account_administrator", &main)]).await;
        let roles = ann.roles_of(&bob).await;
        assert_eq!(at(&roles, &main), ["account_administrator", "studio_admin"]);
        assert_eq!(at(&roles, &sub), ["account_developer"]);
        assert_eq!(at(&roles, &organization), ["organization_billing_viewer"]);
        assert_eq!(at(&ann.roles_of(&eve).await, &main), all, "others keep theirs");

        // Where it stands already and something came beside it, it clears that as well.
        give(&ann, &bob, &[("account_support", &main)]).await;
        give(&ann, &bob, &[("account_administrator", &main)]).await;
        let roles = ann.roles_of(&bob).await;
        assert_eq!(at(&roles, &main), ["account_administrator", "studio_admin"]);

        // In one call the two contradict each other; in two scopes they do not.
        let both = [("account_developer", main.as_str()), ("account_administrator", main.as_str())];
        let answer = assign(&ann, &eve, &both).await;
        assert_eq!(answer.refusals("assignRoles"), ["EXCLUSIVE_ROLES grants.1.roleKey"]);
        let apart = [("account_developer", main.as_str()), ("account_administrator", sub.as_str())];
        give(&ann, &eve, &apart).await;
        assert_eq!(at(&ann.roles_of(&eve).await, &sub), ["account_administrator"]);
    }
);

/// What assigning answers: the ids, and whether anything changed.
async fn assigned(by: &Person, user: &str, grants: Value) -> (Vec<String>, bool) {
    let mutation = "mutation($input: AssignRolesInput!) { assignRoles(input: $input) {
        roleAssignments { id } changed userErrors { code message path help } } }";
    let input = json!({ "userId": user, "grants": grants });
    let answer = by.send(mutation, json!({ "input": input })).await.done("assignRoles");
    let changed = answer.at("/assignRoles/changed").as_bool().unwrap();
    (answer.texts("/assignRoles/roleAssignments", "/id"), changed)
}

both!(
    /// R15: assigning a role that stands is no error and no second row: the answer is the standing
    /// assignment, and that nothing changed.
    r15_assigning_twice_answers_the_standing_assignment,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let developer = json!({ "roleKey": "account_developer", "scopeId": ann.account });
        let support = json!({ "roleKey": "account_support", "scopeId": ann.account });
        let (first, changed) = assigned(&ann, &bob, json!([developer])).await;
        assert!(changed);
        server.pass(TimeDelta::seconds(1));
        let (again, changed) = assigned(&ann, &bob, json!([developer, developer])).await;
        assert_eq!(again, first);
        assert!(!changed);
        // Beside something new, the standing one is answered in its place.
        let (more, changed) = assigned(&ann, &bob, json!([support, developer])).await;
        assert!(changed && more.len() == 2 && more[1] == first[0], "{more:?}");
        assert_eq!(ann.assignments_of(&bob).await.len(), 2);

        // About two resources the same role is two assignments, about one only one.
        let east = plant::billing_group(&server, &ann.organization, "East", &[]).await;
        let west = plant::billing_group(&server, &ann.organization, "West", &[]).await;
        let one = give_about(&ann, &bob, "billing_group_viewer", &east).await;
        let two = give_about(&ann, &bob, "billing_group_viewer", &west).await;
        assert_ne!(one, two);
        assert_eq!(give_about(&ann, &bob, "billing_group_viewer", &east).await, one);
        assert_eq!(ann.assignments_of(&bob).await.len(), 4);
    }
);

both!(
    /// R15, R16: what is over does not stand in the way: assigned or changed to again, the role
    /// grants again.
    r16_a_role_that_is_over_can_be_given_again,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (&ann.account, &ann.organization);
        let bob = plant::member(&server, organization, "Bob").await;
        let eve = plant::member(&server, organization, "Eve").await;
        let until = (server.now() + TimeDelta::minutes(1)).to_rfc3339();
        for user in [&bob, &eve] {
            let brief = json!([{ "roleKey": "account_developer", "scopeId": main, "validUntil": until }]);
            assigned(&ann, user, brief).await;
        }
        server.pass(TimeDelta::minutes(2));
        assert!(!ann.access(&bob, "developer_tools.tool.use", main).await);

        let again = json!([{ "roleKey": "account_developer", "scopeId": main }]);
        let (_, changed) = assigned(&ann, &bob, again).await;
        assert!(changed);
        change(&ann, &eve, main, "account_developer").await.done("changeAccountRole");
        for user in [&bob, &eve] {
            assert!(ann.access(user, "developer_tools.tool.use", main).await);
            assert_eq!(ann.roles_of(user).await.len(), 1, "still one row");
        }
    }
);

both!(
    /// R32: roles in several scopes in one call, all or nothing; every offending row is named.
    r32_many_roles_at_once_all_or_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let sub = ann.create_account("Sub", Some(main)).await;
        let bob = plant::member(&server, organization, "Bob").await;
        let answer = assign(&ann, &bob, &[
            ("account_developer", main),
            ("account_developer", organization),
            ("account_owner", &sub),
            ("studio_admin", &sub),
            ("account_wizard", main),
            ("studio_viewer", &plant::unknown(main)),
        ])
        .await;
        assert_eq!(answer.refusals("assignRoles"), [
            "ROLE_NOT_ASSIGNABLE_HERE grants.1.scopeId",
            "OWNER_ROLE grants.2.roleKey",
            "UNKNOWN_ROLE grants.4.roleKey",
            "NOT_FOUND grants.5.scopeId",
        ]);
        assert!(answer.at("/assignRoles/roleAssignments").is_null());
        assert!(ann.roles_of(&bob).await.is_empty());

        let good = [("account_developer", main), ("studio_admin", sub.as_str()), ("studio_viewer", organization)];
        let ids = give(&ann, &bob, &good).await;
        let held = ann.assignments_of(&bob).await;
        let expected: Vec<(String, String)> = good
            .iter()
            .zip(ids)
            .map(|((role, scope), id)| (format!("{role} @ {scope}"), id))
            .collect();
        assert!(expected.iter().all(|row| held.contains(row)), "{held:?}, in the order of the grants");

        for grants in [vec![], vec![("studio_admin", main); 101]] {
            let answer = assign(&ann, &bob, &grants).await;
            assert_eq!(answer.refusals("assignRoles"), ["BAD_LIST_LENGTH grants"]);
        }
    }
);

both!(
    /// R31: what is assigned in one call is listed as it was asked for, however short the time between.
    r31_assignments_are_listed_as_they_were_made,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let keys = json!({ "first": 30, "filter": { "kind": "BUILT_IN" } });
        let keys = ann.ask("Roles", keys).await.texts("/roles/nodes", "/key");
        let mut made = Vec::new();
        for half in keys.chunks(keys.len() / 2) {
            let grants: Vec<(&str, &str)> =
                half.iter().rev().map(|key| (key.as_str(), ann.account.as_str())).collect();
            made.extend(give(&ann, &bob, &grants).await);
        }
        let listed: Vec<String> =
            ann.assignments_of(&bob).await.into_iter().map(|(_, id)| id).collect();
        assert_eq!(listed, made);
    }
);

both!(
    /// The scopes of one call belong to one organization; who belongs to both is told so, and nobody
    /// else (R2).
    r32_the_scopes_of_a_call_are_of_one_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let bob = ann.colleague("Bob", "bob@corp.example", &admin).await;
        let both = [("account_developer", ann.account.as_str()), ("account_support", &zoe.account)];
        let refused = assign(&bob, &bob.id, &both).await;
        assert_eq!(refused.refusals("assignRoles"), ["NOT_FOUND grants.1.scopeId"]);

        welcome(&zoe, &bob, &[("organization_admin", &zoe.organization)]).await;
        let at = [("organization_billing_viewer", zoe.organization.as_str()), both[0], both[1]];
        let refused = assign(&bob, &bob.id, &at).await;
        assert_eq!(refused.refusals("assignRoles"), ["DIFFERENT_ORGANIZATIONS grants.1.scopeId"]);
        let refused = assign(&bob, &bob.id, &both).await;
        assert_eq!(refused.refusals("assignRoles"), ["DIFFERENT_ORGANIZATIONS grants.1.scopeId"]);
        let refused = bob.invite("pat@new.example", &both).await;
        assert_eq!(refused.refusals("inviteUsers"), ["DIFFERENT_ORGANIZATIONS grants.1.scopeId"]);
        assert_eq!(ann.roles_of(&bob.id).await, [format!("organization_admin @ {}", ann.organization)]);
    }
);

both!(
    /// R33: one role in a scope goes, or all of a user's in exactly that scope; all or nothing.
    r33_one_role_or_all_at_a_scope_are_removed,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let sub = ann.create_account("Sub", Some(main)).await;
        let bob = plant::member(&server, organization, "Bob").await;
        let eve = plant::member(&server, organization, "Eve").await;
        let grants = [
            ("account_developer", main),
            ("account_support", main),
            ("studio_admin", main),
            ("account_developer", sub.as_str()),
            ("studio_viewer", organization),
        ];
        let ids = give(&ann, &bob, &grants).await;
        give(&ann, &eve, &grants[..1]).await;

        let answer = remove(&ann, &[&ids[0]]).await.done("removeRoleAssignments");
        assert_eq!(*answer.at("/removeRoleAssignments/removedIds"), json!([ids[0]]));
        assert_eq!(at(&ann.roles_of(&bob).await, main), ["account_support", "studio_admin"]);

        // All or nothing: one that is gone, and an owner's, keep the others.
        let owned = ann.assignments_of(&ann.id).await.remove(0).1;
        let answer = remove(&ann, &[&ids[1], &ids[0], &owned]).await;
        assert_eq!(answer.refusals("removeRoleAssignments"), [
            "NOT_FOUND assignmentIds.1",
            "OWNER_ROLE assignmentIds.2"
        ]);
        assert_eq!(ann.roles_of(&bob).await.len(), 4);

        let answer = take(&ann, &bob, main).await.done("removeRoleAssignments");
        let mut removed = answer.texts("/removeRoleAssignments/removedIds", "");
        let mut expected = [ids[1].clone(), ids[2].clone()];
        removed.sort();
        expected.sort();
        assert_eq!(removed, expected);
        let left = ann.roles_of(&bob).await;
        assert_eq!(left, [format!("account_developer @ {sub}"), format!("studio_viewer @ {organization}")]);
        assert_eq!(ann.roles_of(&eve).await.len(), 1, "others keep theirs");
        let nothing = take(&ann, &bob, main).await.done("removeRoleAssignments");
        assert_eq!(*nothing.at("/removeRoleAssignments/removedIds"), json!([]));
        assert_eq!(remove(&ann, &[]).await.refusals("removeRoleAssignments").len(), 1);

        let everything = json!({ "assignmentIds": [ids[3]], "userId": bob, "scopeId": sub });
        let neither = ann.call("RemoveRoleAssignments", everything).await;
        assert_eq!(neither.error(), "BAD_USER_INPUT");
    }
);

both!(
    /// R34: changing a role replaces all general roles in the account by the one, and leaves product
    /// roles and other scopes alone.
    r34_changing_a_role_replaces_the_general_ones,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let sub = ann.create_account("Sub", Some(main)).await;
        let bob = plant::member(&server, organization, "Bob").await;
        give(&ann, &bob, &[
            ("account_developer", main),
            ("account_support", main),
            ("studio_admin", main),
            ("account_developer", &sub),
        ])
        .await;
        let answer = change(&ann, &bob, main, "account_billing_manager").await.done("changeAccountRole");
        let keys = answer.texts("/changeAccountRole/roleAssignments", "/role/key");
        assert_eq!(keys, ["account_billing_manager"]);
        let roles = ann.roles_of(&bob).await;
        assert_eq!(at(&roles, main), ["account_billing_manager", "studio_admin"]);
        assert_eq!(at(&roles, &sub), ["account_developer"]);

        // To the same again: the standing assignment. To somebody without a role there: a first one.
        let again = change(&ann, &bob, main, "account_billing_manager").await.done("changeAccountRole");
        let id = |answer: &crate::support::Answer| answer.text("/changeAccountRole/roleAssignments/0/id");
        assert_eq!(id(&again), id(&answer));
        let eve = plant::member(&server, organization, "Eve").await;
        change(&ann, &eve, main, "account_support").await.done("changeAccountRole");
        assert_eq!(at(&ann.roles_of(&eve).await, main), ["account_support"]);

        // A refused change changes nothing.
        let refused = change(&ann, &bob, main, "account_owner").await;
        assert_eq!(refused.refusals("changeAccountRole"), ["OWNER_ROLE roleKey"]);
        assert_eq!(at(&ann.roles_of(&bob).await, main), ["account_billing_manager", "studio_admin"]);
    }
);
