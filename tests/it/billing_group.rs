//! Billing groups: the resource that resource roles are about (R10, R11), and who sees and manages them.

use serde_json::{Value, json};

use crate::support::custom::{
    delete_group, group_mutation, groups_of, link, make_group, make_role, unlink,
};
use crate::support::roles::{ask, give_about, take};
use crate::support::{Person, Server, both, plant};

const PAY: &str = "billing.invoice.update";

both!(
    /// R11: a resource role reaches its billing group and the billing of the accounts that are linked to
    /// it, as long as they are; linking and unlinking twice is no error.
    r11_a_resource_role_follows_the_links,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, other) = (ann.account.clone(), ann.create_account("Other", None).await);
        let (east, west) = (make_group(&ann, "East").await, make_group(&ann, "West").await);
        let kim = ann.colleague("Kim", "kim@acme.example", &[]).await;
        let assignment = give_about(&ann, &kim.id, "billing_group_admin", &east).await;
        let reached = async || {
            let mut reached = Vec::new();
            for (name, id) in [("main", &main), ("other", &other), ("east", &east), ("west", &west)] {
                if ann.access(&kim.id, PAY, id).await {
                    reached.push(name);
                }
            }
            reached
        };
        assert_eq!(reached().await, ["east"]);
        let why = ask(&kim, &kim.id, PAY, &east).await;
        assert_eq!(why.text("/access/because/reach"), "RESOURCE");
        assert_eq!(why.text("/access/because/assignment/id"), assignment);

        let linked = link(&ann, &east, &[&main, &other, &main]).await.done("linkAccounts");
        let names = linked.texts("/linkAccounts/billingGroup/accounts/nodes", "/name");
        assert_eq!(names, ["Acme Main", "Other"]);
        link(&ann, &east, &[&main]).await.done("linkAccounts");
        assert_eq!(server.audit("billing_group.accounts_linked").await.len(), 1, "only what was new");
        assert_eq!(reached().await, ["main", "other", "east"]);

        for _ in 0..2 {
            let left = unlink(&ann, &east, &[&main]).await.done("unlinkAccounts");
            assert_eq!(left.texts("/unlinkAccounts/billingGroup/accounts/nodes", "/name"), ["Other"]);
        }
        assert_eq!(server.audit("billing_group.accounts_unlinked").await.len(), 1);
        assert_eq!(reached().await, ["other", "east"]);
        assert_eq!(ask(&kim, &kim.id, PAY, &main).await.error(), "NOT_FOUND");

        let input = json!({ "billingGroupId": east, "name": " Far East " });
        let renamed = group_mutation(&ann, "renameBillingGroup", input).await;
        assert_eq!(renamed.text("/renameBillingGroup/billingGroup/name"), "Far East");
        let event = server.audit("billing_group.renamed").await.remove(0);
        assert_eq!((event.before, event.after), (Some(json!({ "name": "East" })), Some(json!({ "name": "Far East" }))));
    }
);

both!(
    /// R2, R28: those who manage accounts or see the organization's billing see all billing groups, those
    /// with a role about one see that, and for all others there is none. Managing them takes managing
    /// accounts.
    r28_who_sees_and_who_manages_billing_groups,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let (east, west) = (make_group(&ann, "East").await, make_group(&ann, "West").await);
        link(&ann, &east, &[main]).await.done("linkAccounts");
        make_role(&ann, "payers", &["billing.invoice.read"]).await;
        let person = async |name: &str, role: &str, scope: &str| {
            let email = format!("{}@acme.example", name.to_lowercase());
            let grants: &[(&str, &str)] = if role.is_empty() { &[] } else { &[(role, scope)] };
            ann.colleague(name, &email, grants).await
        };
        let adam = person("Adam", "organization_admin", organization).await;
        let bill = person("Bill", "organization_billing_viewer", organization).await;
        let cora = person("Cora", "payers", organization).await;
        let kim = person("Kim", "", "").await;
        give_about(&ann, &kim.id, "billing_group_viewer", &east).await;
        let stan = person("Stan", "", "").await;
        let stud = person("Stud", "studio_admin", organization).await;
        let boss = person("Boss", "account_administrator", main).await;

        let node = "query($id: ID!) { node(id: $id) { ... on BillingGroup { name createdAt
            organization { name } accounts { nodes { name } totalCount } viewerRoles { key } } } }";
        for (who, sees, manages, role) in [
            (&ann, &["East", "West"][..], true, "organization_owner"),
            (&adam, &["East", "West"], true, "organization_admin"),
            (&bill, &["East", "West"], false, "organization_billing_viewer"),
            (&cora, &["East", "West"], false, "payers"),
            (&kim, &["East"], false, "billing_group_viewer"),
            (&stan, &[], false, ""),
            (&stud, &[], false, ""),
            (&boss, &[], false, ""),
        ] {
            assert_eq!(groups_of(who).await, sees, "{}", who.name);
            for (name, id) in [("East", &east), ("West", &west)] {
                let shown = who.send(node, json!({ "id": id })).await;
                let asked = ask(who, &who.id, "billing.invoice.read", id).await;
                let renamed = json!({ "billingGroupId": id, "name": name });
                let renamed = group_mutation(who, "renameBillingGroup", renamed).await;
                if !sees.contains(&name) {
                    assert_eq!(*shown.at("/node"), Value::Null, "{} {name}", who.name);
                    assert_eq!(asked.error(), "NOT_FOUND");
                    assert_eq!(renamed.error(), "NOT_FOUND");
                    continue;
                }
                assert_eq!(shown.text("/node/name"), name);
                assert_eq!(shown.texts("/node/viewerRoles", "/key"), [role]);
                let accounts = shown.texts("/node/accounts/nodes", "/name");
                assert_eq!(accounts.len(), usize::from(name == "East"));
                assert_eq!(*asked.at("/access/allowed"), json!(role != "organization_admin"));
                if manages {
                    renamed.done("renameBillingGroup");
                } else {
                    assert_eq!(renamed.error(), "FORBIDDEN");
                    let told = renamed.body.pointer("/errors/0/extensions").unwrap();
                    assert_eq!(told["permission"], "organization.accounts.manage");
                    assert_eq!(told["scope"], json!(id));
                }
            }
        }
        // What somebody else may do about a group is told to those who manage the users.
        assert!(adam.access(&kim.id, "billing.invoice.read", &east).await);
        assert!(!adam.access(&kim.id, "billing.invoice.read", &west).await);
        assert_eq!(ask(&bill, &kim.id, "billing.invoice.read", &east).await.error(), "FORBIDDEN");
        let created = json!({ "organizationId": organization, "name": "North" });
        assert_eq!(group_mutation(&kim, "createBillingGroup", created).await.error(), "FORBIDDEN");
    }
);

both!(
    /// R2, R72: what is refused about billing groups, with its reason; all or nothing.
    r72_what_is_refused_about_billing_groups,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let main = ann.account.as_str();
        let closed = ann.create_account("Closed", None).await;
        plant::run(&server, "UPDATE accounts SET status = 'CLOSED' WHERE id = $1", &[&closed]).await;
        let group = make_group(&ann, "East").await;
        let foreign = [main, &zoe.account, &plant::unknown(main), &closed];
        let refused = link(&ann, &group, &foreign).await;
        assert_eq!(refused.refusals("linkAccounts"), [
            "NOT_FOUND accountIds.1",
            "NOT_FOUND accountIds.2",
            "ACCOUNT_NOT_ACTIVE accountIds.3"
        ]);
        let refused = unlink(&ann, &group, &foreign).await;
        let expected = ["NOT_FOUND accountIds.1", "NOT_FOUND accountIds.2"];
        assert_eq!(refused.refusals("unlinkAccounts"), expected);
        for list in [vec![], vec![main; 101]] {
            let refused = link(&ann, &group, &list).await;
            assert_eq!(refused.refusals("linkAccounts"), ["BAD_LIST_LENGTH accountIds"]);
        }
        let query = "query($id: ID!) { organization(id: $id) { billingGroups { nodes {
            accounts { totalCount nodes { id } } } } } }";
        let seen = ann.send(query, json!({ "id": ann.organization })).await;
        let none = json!({ "totalCount": 0, "nodes": [] });
        assert_eq!(*seen.at("/organization/billingGroups/nodes/0/accounts"), none);
        for name in ["", "x\ny"] {
            let input = json!({ "organizationId": ann.organization, "name": name });
            let refused = group_mutation(&ann, "createBillingGroup", input).await;
            assert_eq!(refused.refusals("createBillingGroup"), ["INVALID_NAME name"]);
        }
    }
);

both!(
    /// Deleting a billing group takes the roles about it along, also the promised ones; an invitation that
    /// promises nothing else is revoked and its mail called off. A dry run says the same.
    r11_deleting_a_billing_group_takes_its_roles_along,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let (east, west) = (make_group(&ann, "East").await, make_group(&ann, "West").await);
        link(&ann, &east, &[main]).await.done("linkAccounts");
        let kim = ann.colleague("Kim", "kim@acme.example", &[]).await;
        for group in [&east, &west] {
            give_about(&ann, &kim.id, "billing_group_admin", group).await;
        }
        let about = |group: &str| {
            json!({ "roleKey": "billing_group_viewer", "scopeId": organization, "resourceId": group })
        };
        let more = json!({ "roleKey": "account_developer", "scopeId": main });
        for (email, grants) in [
            ("only@corp.example", json!([about(&east)])),
            ("more@corp.example", json!([about(&east), more])),
            ("west@corp.example", json!([about(&west)])),
        ] {
            let input = json!({ "invitees": [{ "email": email }], "grants": grants });
            ann.invite_with(input).await.done("inviteUsers");
        }
        let token = server.invitation_token("only@corp.example").await;

        let before = server.dump().await;
        let dry = delete_group(&ann, &east, true).await.done("deleteBillingGroup");
        assert_eq!(server.dump().await, before, "a dry run changes nothing");
        let gone = delete_group(&ann, &east, false).await.done("deleteBillingGroup");
        assert_eq!(dry.body, gone.body);
        assert_eq!(*gone.at("/deleteBillingGroup"), json!({ "deletedBillingGroupId": east,
            "roleAssignmentCount": 1, "invitationCount": 2, "accountCount": 1, "userErrors": [] }));

        assert_eq!(groups_of(&ann).await, ["West"]);
        assert_eq!(groups_of(&kim).await, ["West"]);
        assert_eq!(ask(&kim, &kim.id, PAY, main).await.error(), "NOT_FOUND");
        assert_eq!(server.link_state(&token).await, "InvitationRevoked");
        let only = ann.invitation_of("only@corp.example").await;
        assert_eq!((&only["status"], &only["delivery"]["state"]), (&json!("REVOKED"), &json!("CANCELLED")));
        let left = ann.invitation_of("more@corp.example").await;
        assert_eq!((&left["status"], left["grants"].as_array().unwrap().len()), (&json!("PENDING"), 1));
        assert_eq!(ann.invitation_of("west@corp.example").await["status"], "PENDING");
        assert_eq!(server.audit("billing_group.deleted").await.len(), 1);
        assert_eq!(server.audit("role_assignment.removed").await.len(), 1);
        assert_eq!(server.audit("invitation.revoked").await.len(), 1);
        assert_eq!(delete_group(&ann, &east, false).await.error(), "NOT_FOUND");
        take(&ann, &kim.id, organization).await.done("removeRoleAssignments");
        assert!(groups_of(&kim).await.is_empty(), "R27");
    }
);

/// The names on each page of a list, read forwards and then backwards.
async fn paged(by: &Person, query: &str, id: &str, at: &str) -> (Vec<String>, Vec<String>) {
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    let (mut after, mut before) = (Value::Null, Value::Null);
    loop {
        let page = by.send(query, json!({ "id": id, "first": 2, "after": after })).await;
        forward.extend(page.texts(&format!("{at}/nodes"), "/name"));
        after = page.at(&format!("{at}/pageInfo/endCursor")).clone();
        if *page.at(&format!("{at}/pageInfo/hasNextPage")) == json!(false) {
            break;
        }
    }
    loop {
        let page = by.send(query, json!({ "id": id, "last": 2, "before": before })).await;
        let mut names = page.texts(&format!("{at}/nodes"), "/name");
        names.append(&mut backward);
        backward = names;
        before = page.at(&format!("{at}/pageInfo/startCursor")).clone();
        if *page.at(&format!("{at}/pageInfo/hasPreviousPage")) == json!(false) {
            break;
        }
    }
    (forward, backward)
}

both!(
    /// Billing groups, their accounts, and custom roles are paged in both directions, also where names
    /// repeat.
    billing_groups_accounts_and_custom_roles_are_paged,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let names = ["b", "A", "b", "c", "a"];
        for name in names {
            make_group(&ann, name).await;
        }
        let group = make_group(&ann, "zz").await;
        for name in names {
            let account = ann.create_account(name, None).await;
            link(&ann, &group, &[&account]).await.done("linkAccounts");
        }
        for key in ["r3", "r1", "r5", "r2", "r4"] {
            make_role(&ann, key, &["account.access.use"]).await;
        }
        let arguments = "first: $first, after: $after, last: $last, before: $before";
        let page = "nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
        let head = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String)";
        let groups = format!("{head} {{ organization(id: $id) {{ billingGroups({arguments}) {{ {page} }} }} }}");
        let roles = format!("{head} {{ organization(id: $id) {{ customRoles({arguments}) {{ {page} }} }} }}");
        let accounts = format!("{head} {{ node(id: $id) {{ ... on BillingGroup {{ accounts({arguments}) {{ {page} }} }} }} }}");
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();

        let (forward, backward) = paged(&ann, &groups, &ann.organization, "/organization/billingGroups").await;
        assert_eq!(forward, backward);
        assert_eq!(lower(&forward), ["a", "a", "b", "b", "c", "zz"]);
        let (forward, backward) = paged(&ann, &accounts, &group, "/node/accounts").await;
        assert_eq!(forward, backward);
        assert_eq!(lower(&forward), ["a", "a", "b", "b", "c"]);
        let (forward, backward) = paged(&ann, &roles, &ann.organization, "/organization/customRoles").await;
        assert_eq!(forward, backward);
        assert_eq!(forward, ["Our r1", "Our r2", "Our r3", "Our r4", "Our r5"]);
    }
);
