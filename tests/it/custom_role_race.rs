//! Custom roles and billing groups that go or change while they are being assigned, on two servers.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::custom::{
    create_role, custom_roles_of, delete_group, delete_role, make_group, make_role, update_role,
};
use crate::support::{Answer, Options, Person, Server, both, plant};

const ENTER: &str = "account.access.use";
const AUDIT: &str = "organization.audit.read";

/// How many try to assign while one deletes or changes.
const MANY: usize = 8;
/// How often.
const ROUNDS: usize = 4;

struct Stage {
    ann: Person,
    there: Person,
    members: Vec<String>,
}

impl Stage {
    async fn build(server: &Server) -> Self {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut members = Vec::new();
        for n in 0..MANY {
            members.push(plant::member(server, &ann.organization, &format!("M{n}")).await);
        }
        Self { there: Person { server: other, ..ann.clone() }, ann, members }
    }

    /// Assigns to all members at once, while something else is done; the answers of assigning, and of
    /// the other thing.
    async fn while_assigning(
        &self,
        grant: serde_json::Value,
        doing: impl Future<Output = Answer> + Send,
    ) -> (Vec<Answer>, Answer) {
        let assigning = self.members.iter().enumerate().map(|(n, user)| {
            let person = if n % 2 == 0 { &self.ann } else { &self.there };
            let input = json!({ "userId": user, "grants": [grant] });
            async move { person.call("AssignRoles", input).await }
        });
        tokio::join!(join_all(assigning), doing)
    }
}

/// Whether a call went through. What may come in between is told as such, and never as our fault.
fn done(answer: &Answer, mutation: &str, refusals: &[&str]) -> bool {
    if answer.body.get("errors").is_some() {
        assert!(["CONFLICT", "NOT_FOUND"].contains(&answer.error()), "{:#}", answer.body);
        return false;
    }
    let refused = answer.refusals(mutation);
    let known = |refusal: &String| refusals.iter().any(|known| refusal.starts_with(known));
    assert!(refused.iter().all(known), "{:#}", answer.body);
    refused.is_empty()
}

both!(
    /// A custom role that is deleted while it is being assigned is either in use or gone, for everybody.
    a_custom_role_is_deleted_or_assigned,
    |server: Server| async move {
        let stage = Stage::build(&server).await;
        let ann = &stage.ann;
        let grant = json!({ "roleKey": "flows", "scopeId": ann.account });
        for _ in 0..ROUNDS {
            let role = make_role(ann, "flows", &[ENTER]).await;
            let deleting = delete_role(&stage.there, &role, json!({}));
            let (assigned, deleted) = stage.while_assigning(grant.clone(), deleting).await;
            let given =
                assigned.iter().filter(|answer| done(answer, "assignRoles", &["UNKNOWN_ROLE"])).count();
            let gone = done(&deleted, "deleteCustomRole", &["ROLE_IN_USE"]);
            assert!(!gone || given == 0, "deleted, and {given} were told that they have it");
            assert_eq!(custom_roles_of(ann).await.is_empty(), gone);
            if !gone {
                let replaced = json!({ "replacementRoleKey": "account_support" });
                let deleted = delete_role(ann, &role, replaced).await.done("deleteCustomRole");
                assert_eq!(*deleted.at("/deleteCustomRole/roleAssignmentCount"), json!(given));
            }
        }
    }
);

both!(
    /// A custom role that is replaced while it is being assigned: whoever was given it has the other one.
    a_custom_role_is_replaced_while_it_is_assigned,
    |server: Server| async move {
        let stage = Stage::build(&server).await;
        let ann = &stage.ann;
        let grant = json!({ "roleKey": "flows", "scopeId": ann.account });
        for round in 0..ROUNDS {
            let role = make_role(ann, "flows", &[ENTER]).await;
            let other = format!("other_{round}");
            make_role(ann, &other, &[ENTER]).await;
            let replaced = json!({ "replacementRoleKey": other });
            let deleting = delete_role(&stage.there, &role, replaced.clone());
            let (assigned, deleted) = stage.while_assigning(grant.clone(), deleting).await;
            if !done(&deleted, "deleteCustomRole", &[]) {
                delete_role(ann, &role, replaced).await.done("deleteCustomRole");
            }
            for (user, answer) in stage.members.iter().zip(&assigned) {
                let given = done(answer, "assignRoles", &["UNKNOWN_ROLE"]);
                let held = ann.roles_of(user).await.contains(&format!("{other} @ {}", ann.account));
                assert_eq!(held, given);
            }
        }
    }
);

both!(
    /// R14: a custom role does not come to permit what makes no sense where it is just being assigned.
    r14_a_custom_role_changes_or_is_assigned,
    |server: Server| async move {
        let stage = Stage::build(&server).await;
        let ann = &stage.ann;
        for round in 0..ROUNDS {
            let key = format!("role_{round}");
            let role = make_role(ann, &key, &[ENTER]).await;
            let grant = json!({ "roleKey": key, "scopeId": ann.account });
            let changing = update_role(&stage.there, &role, json!({ "permissions": [AUDIT] }));
            let (assigned, changed) = stage.while_assigning(grant, changing).await;
            let refusals = ["ROLE_NOT_ASSIGNABLE_HERE"];
            let given = assigned.iter().filter(|answer| done(answer, "assignRoles", &refusals)).count();
            let changed = done(&changed, "updateCustomRole", &refusals);
            assert_eq!(changed, given == 0, "{given} have it");
        }
    }
);

both!(
    /// Made by many at once, a key is one role, and the others are told.
    a_key_is_taken_once,
    |server: Server| async move {
        let stage = Stage::build(&server).await;
        let making = (0..MANY).map(|n| {
            let person = if n % 2 == 0 { &stage.ann } else { &stage.there };
            create_role(person, "flows", &[ENTER])
        });
        let made = join_all(making).await;
        let count = made.iter().filter(|answer| done(answer, "createCustomRole", &["ROLE_KEY_TAKEN"]));
        assert_eq!(count.count(), 1);
    }
);

both!(
    /// A billing group that is deleted while a role about it is being assigned takes along what was
    /// assigned, and nothing fails.
    a_billing_group_goes_while_it_is_assigned,
    |server: Server| async move {
        let stage = Stage::build(&server).await;
        let ann = &stage.ann;
        for _ in 0..ROUNDS {
            let group = make_group(ann, "East").await;
            let grant = json!({ "roleKey": "billing_group_admin", "scopeId": ann.organization,
                "resourceId": group });
            let deleting = delete_group(&stage.there, &group, false);
            let (assigned, deleted) = stage.while_assigning(grant, deleting).await;
            assert!(done(&deleted, "deleteBillingGroup", &[]));
            let given = assigned.iter().filter(|answer| done(answer, "assignRoles", &["NOT_FOUND"]));
            assert_eq!(*deleted.at("/deleteBillingGroup/roleAssignmentCount"), json!(given.count()));
            for user in &stage.members {
                assert!(ann.roles_of(user).await.is_empty());
            }
        }
    }
);
