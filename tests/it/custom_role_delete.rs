//! Deleting custom roles: what is in use needs another role in its place.

use chrono::TimeDelta;
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::custom::{custom_roles_of, delete_role, make_role};
use crate::support::roles::{give, message};
use crate::support::{Answer, Options, Person, Server, both, plant};

const ENTER: &str = "account.access.use";
const FLOWS: &str = "studio.flow.read";

/// What deleting answered: the numbers of assignments and invitations.
fn counts(answer: &Answer) -> (u64, u64) {
    let deleted = answer.at("/deleteCustomRole");
    assert_eq!(deleted["userErrors"], json!([]), "{:#}", answer.body);
    let number = |field: &str| deleted[field].as_u64().unwrap();
    (number("roleAssignmentCount"), number("invitationCount"))
}

async fn give_until(by: &Person, user: &str, role: &str, scope: &str, until: &str) {
    let grant = json!({ "roleKey": role, "scopeId": scope, "validUntil": until });
    by.call("AssignRoles", json!({ "userId": user, "grants": [grant] })).await.done("assignRoles");
}

both!(
    /// A custom role that nothing names is deleted; one in use is refused with the counts.
    r10_a_custom_role_in_use_is_not_deleted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let idle = make_role(&ann, "idle", &[ENTER]).await;
        let dry = delete_role(&ann, &idle, json!({ "dryRun": true })).await;
        assert_eq!(counts(&dry), (0, 0));
        assert_eq!(custom_roles_of(&ann).await, ["idle"]);
        let deleted = delete_role(&ann, &idle, json!({})).await;
        assert_eq!((counts(&deleted), deleted.text("/deleteCustomRole/deletedRoleId")), ((0, 0), idle.clone()));
        assert!(custom_roles_of(&ann).await.is_empty());
        assert_eq!(delete_role(&ann, &idle, json!({})).await.error(), "NOT_FOUND");

        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        give(&ann, &bob, &[("flows", main)]).await;
        ann.invite_one("carl@corp.example", &[("flows", main), ("flows", &ann.organization)]).await;
        for dry_run in [true, false] {
            let refused = delete_role(&ann, &role, json!({ "dryRun": dry_run })).await;
            assert_eq!(refused.refusals("deleteCustomRole"), ["ROLE_IN_USE roleId"]);
            let told = message(&refused, "deleteCustomRole");
            assert!(told.contains("1 assignments, 1 pending"), "{told}");
        }
        // A role of the catalogue is none of the organization's.
        let roles = ann.ask("Roles", json!({ "first": 1 })).await;
        let owner = roles.text("/roles/nodes/0/id");
        assert_eq!(delete_role(&ann, &owner, json!({})).await.error(), "NOT_FOUND");
    }
);

both!(
    /// Another role takes its place wherever it is assigned or promised, in one step; duplicates
    /// collapse into the one that grants longer. A dry run says the same and changes nothing.
    r10_another_role_takes_the_place_of_a_deleted_one,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        make_role(&ann, "readers", &[ENTER, "logs.product_log.read"]).await;
        let mut people = Vec::new();
        for name in ["Bob", "Eve", "Kim"] {
            people.push(plant::member(&server, organization, name).await);
        }
        let [bob, eve, kim] = &people[..] else { unreachable!() };
        let soon = (server.now() + TimeDelta::hours(1)).to_rfc3339();
        give(&ann, bob, &[("flows", main), ("flows", organization)]).await;
        // Eve holds both: the one that lasts is the custom one. For Kim it is the other way round.
        give(&ann, eve, &[("flows", main)]).await;
        give_until(&ann, eve, "readers", main, &soon).await;
        give_until(&ann, kim, "flows", main, &soon).await;
        give(&ann, kim, &[("readers", main)]).await;
        let both = [("flows", main), ("readers", main)];
        let (_, token) = ann.invite_one("carl@corp.example", &both).await;
        let (old, _) = ann.invite_one("old@corp.example", &[("flows", main)]).await;
        ann.revoke(&old).await.done("revokeInvitation");

        let before = server.dump().await;
        let replaced = json!({ "replacementRoleKey": "readers", "dryRun": true });
        assert_eq!(counts(&delete_role(&ann, &role, replaced).await), (4, 1));
        assert_eq!(server.dump().await, before, "a dry run changes nothing");
        let replaced = json!({ "replacementRoleKey": "readers" });
        assert_eq!(counts(&delete_role(&ann, &role, replaced).await), (4, 1));

        let at = |scope: &str| format!("readers @ {scope}");
        let mut bobs = [at(main), at(organization)];
        bobs.sort();
        assert_eq!(ann.roles_of(bob).await, bobs);
        server.pass(TimeDelta::hours(2));
        let ann = ann.later(TimeDelta::zero()).await;
        for user in &people {
            assert!(ann.access(user, "logs.product_log.read", main).await);
            assert!(!ann.access(user, FLOWS, main).await);
        }
        assert_eq!(ann.roles_of(eve).await, [at(main)]);
        assert_eq!(ann.roles_of(kim).await, [at(main)]);
        let promised = ann.invitation_of("carl@corp.example").await;
        assert_eq!(promised["grants"].as_array().unwrap().len(), 1);
        assert_eq!(promised["grants"][0]["role"]["key"], "readers");
        server.accept(&token, "Carl").await.done("acceptInvitation");
        assert_eq!(ann.invitation_of("old@corp.example").await["grants"], json!([]));

        let event = server.audit("custom_role.deleted").await.remove(0);
        assert_eq!(event.after.unwrap(), json!({ "replacement": "readers" }));
        let changed = server.audit("role_assignment.changed").await;
        assert_eq!(changed.len(), 3);
        assert!(changed.iter().all(|event| event.after.as_ref().unwrap()["role"] == "readers"));
        assert_eq!(server.audit("invitation.grants_changed").await.len(), 1);
    }
);

fn three(config: &mut Config) {
    config.built_in_roles_per_user = 3;
}

both!(
    /// R12, R13, R14, R22: what cannot take a custom role's place, and why; nothing is changed then.
    r14_what_cannot_take_the_place_of_a_custom_role,
    Options { config: Some(three), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let sub = ann.create_account("Sub", Some(main)).await;
        let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
        make_role(&ann, "watcher", &["organization.audit.read"]).await;
        let bob = plant::member(&server, organization, "Bob").await;
        let three = [("studio_admin", main), ("studio_viewer", main), ("studio_admin", &sub)];
        give(&ann, &bob, &three).await;
        give(&ann, &bob, &[("flows", main), ("account_developer", main)]).await;
        let with = |key: &str| json!({ "replacementRoleKey": key });
        let before = server.dump().await;
        for (key, code) in [
            ("nothing", "UNKNOWN_ROLE"),
            ("flows", "UNKNOWN_ROLE"),
            ("watcher", "ROLE_NOT_ASSIGNABLE_HERE"),
            ("organization_admin", "ROLE_NOT_ASSIGNABLE_HERE"),
            ("billing_group_admin", "RESOURCE_MISMATCH"),
            ("account_owner", "OWNER_ROLE"),
            ("voice_intelligence_viewer", "ROLE_LIMIT_REACHED"),
        ] {
            let refused = delete_role(&ann, &role, with(key)).await;
            let expected = format!("{code} replacementRoleKey");
            assert_eq!(refused.refusals("deleteCustomRole"), [expected], "{key}");
        }
        assert_eq!(server.dump().await, before);
        // What he holds there already is no more, and an exclusive role clears the others (R13).
        let deleted = delete_role(&ann, &role, with("account_administrator")).await;
        assert_eq!(counts(&deleted), (1, 0));
        let at = ann.roles_of(&bob).await;
        assert!(!at.contains(&format!("account_developer @ {main}")), "{at:?}");
        assert!(at.contains(&format!("account_administrator @ {main}")) && at.len() == 4, "{at:?}");

        let role = make_role(&ann, "again", &[ENTER]).await;
        give(&ann, &bob, &[("again", main)]).await;
        assert_eq!(counts(&delete_role(&ann, &role, with("studio_viewer")).await), (1, 0));
    }
);

both!(
    /// The statements of a deletion do not depend on how many hold the role.
    deleting_takes_as_many_statements_for_many,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut needed = Vec::new();
        for (n, count) in [1, 30].into_iter().enumerate() {
            let role = make_role(&ann, "flows", &[ENTER, FLOWS]).await;
            for m in 0..count {
                let user = plant::member(&server, &ann.organization, &format!("U{n}x{m}")).await;
                give(&ann, &user, &[("flows", &ann.account)]).await;
            }
            let replaced = json!({ "replacementRoleKey": "studio_viewer" });
            let (answer, statements) = server.statements(delete_role(&ann, &role, replaced)).await;
            assert_eq!(counts(&answer), (count, 0));
            needed.push(statements.len());
        }
        assert_eq!(needed[0], needed[1]);
        let value: Value = json!(server.audit("role_assignment.changed").await.len());
        assert_eq!(value, 31);
    }
);
