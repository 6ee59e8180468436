//! Roles: what there are, and where each can be assigned (R10, R14, R17).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::roles::{assign, message};
use crate::support::{Person, Server, both, plant};

/// The keys of a page of roles.
async fn keys(person: &Person, variables: Value) -> Vec<String> {
    person.ask("Roles", variables).await.texts("/roles/nodes", "/key")
}

both!(
    /// R17: every member reads all about the roles: product group, kind, permissions with what they
    /// mean, where each may be assigned, and what resource roles are about.
    r17_every_member_reads_the_details_of_roles,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let answer = stan.ask("Roles", json!({ "first": 100 })).await;
        let roles: BTreeMap<String, Value> = answer
            .at("/roles/nodes")
            .as_array()
            .unwrap()
            .iter()
            .map(|role| (role["key"].as_str().unwrap().to_owned(), role.clone()))
            .collect();
        let of = |key: &str, field: &str| roles[key][field].clone();
        assert_eq!(of("studio_admin", "productGroup"), "Studio");
        assert_eq!(of("studio_admin", "kind"), "BUILT_IN");
        assert_eq!(of("studio_admin", "isExclusive"), false);
        assert_eq!(of("account_administrator", "isExclusive"), true);
        assert_eq!(of("billing_group_admin", "resourceType"), "BILLING_GROUP");
        assert_eq!(of("organization_billing_admin", "productGroup"), "Billing");
        let viewer: Vec<&str> = roles["studio_viewer"]["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|permission| permission["key"].as_str().unwrap())
            .collect();
        assert_eq!(
            viewer,
            ["account.access.use", "studio.flow.read", "studio.flow.export", "studio.execution_log.read"]
        );
        for (key, role) in &roles {
            let told = |value: &Value| value.as_str().is_some_and(|text| text.len() > 10);
            assert!(told(&role["description"]), "{key} is not described");
            let permissions = role["permissions"].as_array().unwrap();
            assert!(permissions.iter().all(|p| told(&p["description"])), "{key}: {permissions:?}");
            // The one role that gives nothing by itself is the default.
            assert_eq!(permissions.is_empty(), key == "organization_standard_user", "{key}");
            let tagged = !role["resourceType"].is_null();
            assert_eq!(tagged, role["kind"] == "RESOURCE", "{key}");
        }
        let nobody = server.ask("Roles", json!({})).await;
        assert_eq!(nobody.error(), "UNAUTHENTICATED");
    }
);

both!(
    /// R10: the kind decides where a role can be assigned.
    r10_the_kind_decides_where_a_role_can_be_assigned,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let allowed = |kind: &str| match kind {
            "ORGANIZATION" | "RESOURCE" => json!(["ORGANIZATION"]),
            "GENERAL" => json!(["ACCOUNT", "SUBACCOUNT"]),
            "BUILT_IN" => json!(["ORGANIZATION", "ACCOUNT", "SUBACCOUNT"]),
            other => panic!("the catalogue has a role of kind {other}"),
        };
        let answer = ann.ask("Roles", json!({ "first": 100 })).await;
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for role in answer.at("/roles/nodes").as_array().unwrap() {
            let kind = role["kind"].as_str().unwrap();
            assert_eq!(role["assignableAt"], allowed(kind), "{}", role["key"]);
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        let expected = [("BUILT_IN", 28), ("GENERAL", 5), ("ORGANIZATION", 5), ("RESOURCE", 2)];
        let expected: BTreeMap<String, usize> =
            expected.map(|(kind, count)| (kind.to_owned(), count)).into();
        assert_eq!(kinds, expected);
    }
);

both!(
    /// Roles are filtered by kind, product group and scope type, alone and together.
    roles_are_filtered,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let filtered = async |filter: Value| keys(&ann, json!({ "first": 100, "filter": filter })).await;
        assert_eq!(filtered(json!({ "productGroup": "Studio" })).await, ["studio_admin", "studio_viewer"]);
        assert_eq!(filtered(json!({ "kind": "RESOURCE" })).await, [
            "billing_group_admin",
            "billing_group_viewer"
        ]);
        assert_eq!(
            filtered(json!({ "productGroup": "Billing", "kind": "ORGANIZATION" })).await,
            ["organization_billing_admin", "organization_billing_viewer"]
        );
        let at_account = filtered(json!({ "scopeType": "ACCOUNT" })).await;
        assert_eq!(at_account, filtered(json!({ "scopeType": "SUBACCOUNT" })).await);
        assert_eq!(at_account.len(), 33);
        assert!(filtered(json!({ "scopeType": "ACCOUNT", "kind": "ORGANIZATION" })).await.is_empty());
        assert!(filtered(json!({ "productGroup": "Nothing" })).await.is_empty());
        let filter = json!({ "filter": { "kind": "GENERAL" }, "first": 2 });
        let page = ann.ask("Roles", filter).await;
        assert_eq!(*page.at("/roles/totalCount"), json!(5), "of the filtered list, not of the page");
    }
);

both!(
    /// The list of roles is paged in both directions, without and with a filter.
    roles_are_paged,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let query = "query($first: Int, $after: String, $last: Int, $before: String,
            $filter: RoleFilter) {
            roles(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
                nodes { key }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
        for (filter, size) in [(Value::Null, 7), (json!({ "kind": "BUILT_IN" }), 13)] {
            let all = keys(&ann, json!({ "first": 100, "filter": filter })).await;
            let mut forward: Vec<String> = Vec::new();
            let mut after = Value::Null;
            loop {
                let variables = json!({ "first": size, "after": after, "filter": filter });
                let page = ann.send(query, variables).await;
                assert_eq!(*page.at("/roles/pageInfo/hasPreviousPage"), json!(!after.is_null()));
                forward.extend(page.texts("/roles/nodes", "/key"));
                after = page.at("/roles/pageInfo/endCursor").clone();
                if *page.at("/roles/pageInfo/hasNextPage") == json!(false) {
                    break;
                }
            }
            assert_eq!(forward, all);
            let mut backward: Vec<String> = Vec::new();
            let mut before = Value::Null;
            loop {
                let variables = json!({ "last": size, "before": before, "filter": filter });
                let page = ann.send(query, variables).await;
                assert_eq!(*page.at("/roles/pageInfo/hasNextPage"), json!(!before.is_null()));
                let mut keys = page.texts("/roles/nodes", "/key");
                keys.append(&mut backward);
                backward = keys;
                before = page.at("/roles/pageInfo/startCursor").clone();
                if *page.at("/roles/pageInfo/hasPreviousPage") == json!(false) {
                    break;
                }
            }
            assert_eq!(backward, all);
        }
        // A position in another list is none in this one.
        let users = ann.ask("OrganizationUsers", json!({ "id": ann.organization })).await;
        let foreign = users.text("/organization/users/pageInfo/endCursor");
        let lost = ann.send(query, json!({ "first": 1, "after": foreign })).await;
        assert_eq!(lost.error(), "BAD_USER_INPUT");
    }
);

both!(
    /// R14: a role is refused at a scope that its kind does not allow; the refusal names the role,
    /// the scope types that it allows, and the one that was asked for.
    r14_a_role_is_assigned_only_where_its_kind_allows,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let places =
            [("ORGANIZATION", &ann.organization), ("ACCOUNT", &ann.account), ("SUBACCOUNT", &sub)];
        let roles = [
            ("organization_admin", "Organization Admin", &["ORGANIZATION"][..]),
            ("account_developer", "Developer", &["ACCOUNT", "SUBACCOUNT"]),
            ("studio_admin", "Studio Admin", &["ORGANIZATION", "ACCOUNT", "SUBACCOUNT"]),
            ("billing_group_admin", "Billing Group Admin", &["ORGANIZATION"]),
        ];
        let group = plant::billing_group(&server, &ann.organization, "East", &[]).await;
        for (key, name, allowed) in roles {
            for (asked, scope) in places {
                let resource = key.starts_with("billing_group").then_some(&group);
                let grant = json!({ "roleKey": key, "scopeId": scope, "resourceId": resource });
                let input = json!({ "userId": bob, "grants": [grant] });
                let answer = ann.call("AssignRoles", input).await;
                if allowed.contains(&asked) {
                    answer.done("assignRoles");
                    continue;
                }
                let refusals = answer.refusals("assignRoles");
                assert_eq!(refusals, ["ROLE_NOT_ASSIGNABLE_HERE grants.0.scopeId"], "{key} at {asked}");
                let message = message(&answer, "assignRoles");
                for part in allowed.iter().chain([&name, &asked]) {
                    assert!(message.contains(part), "{message} does not tell {part}");
                }
            }
        }
    }
);

both!(
    /// R14: a resource role needs its resource, and no other role takes one.
    r14_a_resource_role_needs_its_resource,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let group = plant::billing_group(&server, &ann.organization, "East", &[]).await;
        let without = assign(&ann, &bob, &[("billing_group_admin", &ann.organization)]).await;
        assert_eq!(without.refusals("assignRoles"), ["RESOURCE_MISMATCH grants.0.resourceId"]);
        for (role, scope) in
            [("organization_admin", &ann.organization), ("account_developer", &ann.account)]
        {
            let grant = json!({ "roleKey": role, "scopeId": scope, "resourceId": group });
            let answer = ann.call("AssignRoles", json!({ "userId": bob, "grants": [grant] })).await;
            assert_eq!(answer.refusals("assignRoles"), ["RESOURCE_MISMATCH grants.0.resourceId"]);
        }
        // Nor is a resource of another kind one.
        let grant = json!({ "roleKey": "billing_group_admin", "scopeId": ann.organization,
            "resourceId": ann.account });
        let answer = ann.call("AssignRoles", json!({ "userId": bob, "grants": [grant] })).await;
        assert_eq!(answer.error(), "BAD_USER_INPUT");
    }
);

both!(
    /// R14: a role that the catalogue does not have is named as such, and so is a role of the wrong
    /// kind where a general one is changed.
    r14_an_unknown_role_is_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let answer = assign(&ann, &bob, &[("account_wizard", &ann.account)]).await;
        assert_eq!(answer.refusals("assignRoles"), ["UNKNOWN_ROLE grants.0.roleKey"]);
        assert!(message(&answer, "assignRoles").contains("account_wizard"));
        for (role, refusal) in [
            ("account_wizard", "UNKNOWN_ROLE roleKey"),
            ("studio_admin", "ROLE_NOT_ASSIGNABLE_HERE roleKey"),
            ("organization_admin", "ROLE_NOT_ASSIGNABLE_HERE roleKey"),
            ("account_owner", "OWNER_ROLE roleKey"),
        ] {
            let input = json!({ "userId": bob, "accountId": ann.account, "roleKey": role });
            let answer = ann.call("ChangeAccountRole", input).await;
            assert_eq!(answer.refusals("changeAccountRole"), [refusal]);
        }
        assert!(ann.roles_of(&bob).await.is_empty());
    }
);
