//! Who may do what, where, and why: how far roles reach, and the query that explains it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::roles::{ask, assign, give, give_about, take};
use crate::support::{Person, Server, both, plant};

/// An organization with enough places to tell how far something reaches.
struct House {
    ann: Person,
    /// A member who holds nothing.
    bob: String,
    /// Places by the names that the tests use.
    places: Vec<(&'static str, String)>,
}

impl House {
    async fn build(server: &Server) -> Self {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let sub = ann.create_account("Sub", Some(&main)).await;
        let twin = ann.create_account("Twin", Some(&main)).await;
        let other = ann.create_account("Other", None).await;
        let bob = plant::member(server, &ann.organization, "Bob").await;
        let organization = ann.organization.clone();
        let places = vec![
            ("organization", organization),
            ("main", main),
            ("sub", sub),
            ("twin", twin),
            ("other", other),
        ];
        Self { ann, bob, places }
    }

    fn place(&self, name: &str) -> &str {
        &self.places.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// Where Bob has a permission, each place with how it comes about.
    async fn reached(&self, permission: &str) -> Vec<String> {
        let mut reached = Vec::new();
        for (name, id) in &self.places {
            let answer = ask(&self.ann, &self.bob, permission, id).await;
            if answer.at("/access/allowed") == true {
                reached.push(format!("{name} {}", answer.text("/access/because/reach")));
            }
        }
        reached
    }
}

both!(
    /// R11: each kind of role reaches exactly the places below its scope.
    r11_a_role_reaches_its_scope_and_what_is_below,
    |server: Server| async move {
        let house = House::build(&server).await;
        let (studio, tools) = ("studio.flow.create", "developer_tools.tool.use");
        let cases: [(&str, &str, &str, &[&str]); 6] = [
            (
                "organization_admin",
                "organization",
                "account.settings.manage",
                &[
                    "organization DIRECT",
                    "main FROM_ORGANIZATION",
                    "sub FROM_ORGANIZATION",
                    "twin FROM_ORGANIZATION",
                    "other FROM_ORGANIZATION",
                ],
            ),
            (
                "studio_admin",
                "organization",
                studio,
                &[
                    "organization DIRECT",
                    "main FROM_ORGANIZATION",
                    "sub FROM_ORGANIZATION",
                    "twin FROM_ORGANIZATION",
                    "other FROM_ORGANIZATION",
                ],
            ),
            (
                "studio_admin",
                "main",
                studio,
                &["main DIRECT", "sub FROM_ACCOUNT", "twin FROM_ACCOUNT"],
            ),
            ("studio_admin", "sub", studio, &["sub DIRECT"]),
            (
                "account_developer",
                "main",
                tools,
                &["main DIRECT", "sub FROM_ACCOUNT", "twin FROM_ACCOUNT"],
            ),
            ("account_developer", "sub", tools, &["sub DIRECT"]),
        ];
        for (role, place, permission, expected) in cases {
            assert!(house.reached(permission).await.is_empty(), "{permission} before {role}");
            let scope = house.place(place);
            give(&house.ann, &house.bob, &[(role, scope)]).await;
            assert_eq!(house.reached(permission).await, expected, "{role} at {place}");
            take(&house.ann, &house.bob, scope).await.done("removeRoleAssignments");
        }
    }
);

both!(
    /// R11: a resource role reaches the billing of the accounts linked to its billing group, and
    /// neither the organization nor what lies below those accounts.
    r11_a_resource_role_reaches_the_linked_accounts,
    |server: Server| async move {
        let house = House::build(&server).await;
        let accounts = [house.place("main"), house.place("other")];
        let organization = &house.ann.organization;
        let group = plant::billing_group(&server, organization, "East", &accounts).await;
        let id = give_about(&house.ann, &house.bob, "billing_group_viewer", &group).await;
        assert_eq!(
            house.reached("billing.invoice.read").await,
            ["main RESOURCE", "other RESOURCE"]
        );
        assert!(house.reached("billing.invoice.update").await.is_empty(), "a viewer changes nothing");

        let because = ask(&house.ann, &house.bob, "billing.invoice.read", house.place("main")).await;
        assert_eq!(because.text("/access/because/assignment/id"), id);
        assert_eq!(because.text("/access/because/scope/id"), *organization);
    }
);

both!(
    /// R29: the answer names the assignment, its role, its scope and how that scope reaches the one
    /// asked about; of several chains, the nearest.
    r29_the_answer_is_the_chain_that_decides,
    |server: Server| async move {
        let house = House::build(&server).await;
        let (ann, bob) = (&house.ann, &house.bob);
        let (organization, main, sub) =
            (house.place("organization"), house.place("main"), house.place("sub"));
        let ids =
            give(ann, bob, &[("studio_viewer", organization), ("studio_admin", main), ("studio_viewer", sub)])
                .await;
        let chain = async || {
            let answer = ask(ann, bob, "studio.flow.read", sub).await;
            let text = |path: &str| answer.text(&format!("/access/because/{path}"));
            [text("assignment/id"), text("role/key"), text("scope/id"), text("reach")]
        };
        assert_eq!(chain().await, [&ids[2], "studio_viewer", sub, "DIRECT"]);
        take(ann, bob, sub).await.done("removeRoleAssignments");
        assert_eq!(chain().await, [&ids[1], "studio_admin", main, "FROM_ACCOUNT"]);
        take(ann, bob, main).await.done("removeRoleAssignments");
        assert_eq!(chain().await, [&ids[0], "studio_viewer", organization, "FROM_ORGANIZATION"]);

        // Not allowed: no chain, but the roles that would give it.
        let denied = ask(ann, bob, "studio.flow.create", sub).await;
        assert_eq!(*denied.at("/access/allowed"), json!(false));
        assert!(denied.at("/access/because").is_null());
        assert_eq!(denied.texts("/access/grantedBy", "/key"), ["organization_owner", "studio_admin"]);
    }
);

both!(
    /// R28: the roles that would give a permission are those that would give it at that very place.
    r28_only_roles_that_would_help_are_named,
    |server: Server| async move {
        let house = House::build(&server).await;
        let organization = house.place("organization");
        let givers = async |permission: &str, place: &str| {
            let answer = ask(&house.ann, &house.bob, permission, house.place(place)).await;
            answer.texts("/access/grantedBy", "/key")
        };
        // A general role is never assigned at the organization.
        assert_eq!(givers("developer_tools.tool.use", "organization").await, ["organization_owner"]);
        assert_eq!(
            givers("developer_tools.tool.use", "sub").await,
            ["organization_owner", "account_owner", "account_administrator", "account_developer"]
        );
        assert_eq!(givers("contact_center.administration.read", "main").await, [
            "organization_owner",
            "account_support"
        ]);
        // A resource role helps in accounts that are linked to a billing group, and nowhere else.
        plant::billing_group(&server, organization, "East", &[house.place("main")]).await;
        let everywhere =
            ["organization_owner", "organization_billing_admin", "organization_billing_viewer"];
        let linked = [&everywhere[..], &["billing_group_admin", "billing_group_viewer"]].concat();
        assert_eq!(givers("billing.invoice.read", "main").await, linked);
        assert_eq!(givers("billing.invoice.read", "other").await, everywhere);
        assert_eq!(givers("billing.invoice.read", "organization").await, everywhere);
    }
);

both!(
    /// R29: everybody may ask about themselves; about others, those who manage the users there.
    r29_asking_about_others_takes_managing_the_users_there,
    |server: Server| async move {
        let house = House::build(&server).await;
        let (ann, main) = (&house.ann, house.place("main"));
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", main)]).await;
        let roles = [("account_administrator", main)];
        let admin = ann.colleague("Adam", "adam@acme.example", &roles).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;

        assert!(dev.access(&dev.id, "developer_tools.tool.use", main).await);
        assert!(!dev.access(&dev.id, "organization.users.manage", &ann.organization).await);
        let denied = ask(&dev, &ann.id, "developer_tools.tool.use", main).await;
        assert_eq!(denied.error(), "FORBIDDEN");
        let extensions = &denied.body["errors"][0]["extensions"];
        assert_eq!(extensions["permission"], "account.users.manage");
        assert_eq!(extensions["scope"], main);

        assert!(admin.access(&dev.id, "developer_tools.tool.use", main).await);
        assert!(admin.access(&dev.id, "developer_tools.tool.use", house.place("sub")).await);
        let above = ask(&admin, &dev.id, "developer_tools.tool.use", &ann.organization).await;
        assert_eq!(above.error(), "FORBIDDEN");
        let beside = ask(&admin, &dev.id, "developer_tools.tool.use", house.place("other")).await;
        assert_eq!(beside.error(), "NOT_FOUND");

        // Who is not a member does not exist here, whether or not they exist elsewhere (R2).
        let stranger = ask(ann, &zoe.id, "account.access.use", main).await;
        let nobody = ask(ann, &plant::unknown(&zoe.id), "account.access.use", main).await;
        assert_eq!(stranger.error(), "NOT_FOUND");
        assert_eq!(stranger.body, nobody.body);

        let unknown = ask(ann, &ann.id, "account.access.using", main).await;
        assert_eq!(unknown.error(), "BAD_USER_INPUT");
        assert_eq!(unknown.body["errors"][0]["extensions"]["field"], "permission");
    }
);

both!(
    /// R16: from the instant of `validUntil` on an assignment grants nothing, wherever it counts.
    r16_an_assignment_ends_at_its_instant,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[]).await;
        let until = server.now() + TimeDelta::minutes(5);
        let until = until.to_rfc3339();
        let grants: Vec<Value> = [("account_administrator", &desk), ("organization_admin", &ann.organization)]
            .map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope, "validUntil": until }))
            .into();
        let input = json!({ "userId": bob.id, "grants": grants });
        let answer = ann.call("AssignRoles", input).await.done("assignRoles");
        assert_eq!(answer.text("/assignRoles/roleAssignments/0/validUntil"), until);

        let query = "{ viewer { accounts { nodes { name viewerPermissions } totalCount } } }";
        let list = json!({ "id": ann.organization });
        server.pass(TimeDelta::minutes(5) - TimeDelta::milliseconds(1));
        assert!(bob.access(&bob.id, "account.settings.manage", &desk).await);
        assert_eq!(*bob.send(query, json!({})).await.at("/viewer/accounts/totalCount"), json!(2));
        bob.ask("OrganizationUsers", list.clone()).await.at("/organization/users");

        server.pass(TimeDelta::milliseconds(1));
        // The account itself is gone for Bob: nothing that he holds reaches it.
        let gone = ask(&bob, &bob.id, "account.settings.manage", &desk).await;
        assert_eq!(gone.error(), "NOT_FOUND");
        assert!(!ann.access(&bob.id, "account.settings.manage", &desk).await);
        assert_eq!(*bob.send(query, json!({})).await.at("/viewer/accounts/totalCount"), json!(0));
        assert_eq!(bob.ask("OrganizationUsers", list).await.error(), "FORBIDDEN");
        let refused = assign(&bob, &bob.id, &[("account_developer", &desk)]).await;
        assert_eq!(refused.error(), "NOT_FOUND");
    }
);

both!(
    /// R16: what is over from the beginning is not assigned at all.
    r16_an_end_in_the_past_is_refused,
    |server: Server| async move {
        let house = House::build(&server).await;
        for (seconds, refusals) in [
            (-1, vec!["VALID_UNTIL_IN_PAST grants.0.validUntil".to_owned()]),
            (0, vec!["VALID_UNTIL_IN_PAST grants.0.validUntil".to_owned()]),
            (1, vec![]),
        ] {
            let until = server.now() + TimeDelta::seconds(seconds);
            let grant = json!({
                "roleKey": "account_developer", "scopeId": house.place("main"),
                "validUntil": until.to_rfc3339(),
            });
            let input = json!({ "userId": house.bob, "grants": [grant] });
            let answer = house.ann.call("AssignRoles", input).await;
            assert_eq!(answer.refusals("assignRoles"), refusals, "{seconds} s");
        }
    }
);

both!(
    /// R29: what an account shows as the viewer's permissions is what `access` allows: by roles of
    /// every kind, and whatever the account's status.
    r29_permissions_shown_are_those_that_access_allows,
    |server: Server| async move {
        let house = House::build(&server).await;
        let (ann, main) = (&house.ann, house.place("main"));
        let group = plant::billing_group(&server, &ann.organization, "East", &[main]).await;
        let roles =
            [("account_developer", main), ("studio_viewer", &ann.organization), ("account_support", main)];
        let eve = ann.colleague("Eve", "eve@acme.example", &roles).await;
        give_about(ann, &eve.id, "billing_group_viewer", &group).await;

        let shown = permissions_shown(&eve, main).await;
        assert!(shown.contains("billing.invoice.read") && shown.contains("studio.flow.read"));
        assert_eq!(shown, permissions_allowed(&eve, main).await);

        // In a suspended account only the organization's own roles count, in a closed one nothing.
        plant::run(&server, "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1", &[main]).await;
        let shown = permissions_shown(&eve, main).await;
        assert!(shown.contains("studio.flow.read") && !shown.contains("developer_tools.tool.use"));
        assert_eq!(shown, permissions_allowed(&eve, main).await);
        plant::run(&server, "UPDATE accounts SET status = 'CLOSED' WHERE id = $1", &[main]).await;
        assert_eq!(permissions_shown(&eve, main).await, BTreeSet::new());
        assert_eq!(permissions_allowed(&eve, main).await, BTreeSet::new());
    }
);

async fn permissions_shown(person: &Person, account: &str) -> BTreeSet<String> {
    let query = "query($id: ID!) { account(id: $id) { viewerPermissions } }";
    let answer = person.send(query, json!({ "id": account })).await;
    answer.texts("/account/viewerPermissions", "").into_iter().collect()
}

/// Asks about every permission of the catalogue.
async fn permissions_allowed(person: &Person, account: &str) -> BTreeSet<String> {
    let known = person.send("{ permissions { key } }", json!({})).await;
    let mut allowed = BTreeSet::new();
    for permission in known.texts("/permissions", "/key") {
        if person.access(&person.id, &permission, account).await {
            allowed.insert(permission);
        }
    }
    allowed
}

both!(
    /// R29: what covers an account makes it visible, also when it covers nothing but its billing.
    r29_an_account_that_a_resource_role_covers_can_be_seen,
    |server: Server| async move {
        let house = House::build(&server).await;
        let (ann, main) = (&house.ann, house.place("main"));
        let group = plant::billing_group(&server, &ann.organization, "East", &[main]).await;
        let kim = ann.colleague("Kim", "kim@acme.example", &[]).await;
        give_about(ann, &kim.id, "billing_group_admin", &group).await;
        assert!(kim.access(&kim.id, "billing.invoice.update", main).await);
        let shown = permissions_shown(&kim, main).await;
        assert_eq!(shown, permissions_allowed(&kim, main).await);
        // They see it, but cannot work in it.
        let refused = kim.call("SwitchAccount", json!({ "accountId": main })).await;
        assert_eq!(refused.error(), "FORBIDDEN");
        let unlinked = ask(&kim, &kim.id, "billing.invoice.update", house.place("other")).await;
        assert_eq!(unlinked.error(), "NOT_FOUND");
    }
);

both!(
    /// A suspended member's assignments are kept, and grant nothing.
    a_suspended_membership_grants_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = [("account_administrator", ann.account.as_str())];
        let bob = ann.colleague("Bob", "bob@acme.example", &roles).await;
        assert!(ann.access(&bob.id, "account.users.manage", &ann.account).await);
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&bob.id]).await;
        assert!(!ann.access(&bob.id, "account.users.manage", &ann.account).await);
        assert_eq!(assign(&bob, &bob.id, &roles).await.error(), "NOT_FOUND");
        let query = "{ viewer { accounts { nodes { id } } currentAccount { id } } }";
        let seen = bob.send(query, json!({})).await;
        assert_eq!(*seen.at("/viewer"), json!({ "accounts": { "nodes": [] }, "currentAccount": null }));
        assert_eq!(ann.roles_of(&bob.id).await.len(), 2, "the assignments are kept");
    }
);
