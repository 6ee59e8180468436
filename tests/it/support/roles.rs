//! What administrators do with roles, in short forms.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;

/// Assigns roles, each `(role key, scope id)`.
pub(crate) async fn assign(by: &Person, user: &str, grants: &[(&str, &str)]) -> Answer {
    let grants: Vec<Value> =
        grants.iter().map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope })).collect();
    by.call("AssignRoles", json!({ "userId": user, "grants": grants })).await
}

/// Assigns roles, which has to work; gives the ids of the assignments.
pub(crate) async fn give(by: &Person, user: &str, grants: &[(&str, &str)]) -> Vec<String> {
    assign(by, user, grants).await.done("assignRoles").texts("/assignRoles/roleAssignments", "/id")
}

/// Assigns a resource role about a billing group, which has to work.
pub(crate) async fn give_about(by: &Person, user: &str, role: &str, group: &str) -> String {
    let grant = json!({ "roleKey": role, "scopeId": by.organization, "resourceId": group });
    let input = json!({ "userId": user, "grants": [grant] });
    let answer = by.call("AssignRoles", input).await.done("assignRoles");
    answer.text("/assignRoles/roleAssignments/0/id")
}

/// Makes a role the only general one of a user in an account.
pub(crate) async fn change(by: &Person, user: &str, account: &str, role: &str) -> Answer {
    let input = json!({ "userId": user, "accountId": account, "roleKey": role });
    by.call("ChangeAccountRole", input).await
}

/// Removes all that a user holds at one scope.
pub(crate) async fn take(by: &Person, user: &str, scope: &str) -> Answer {
    by.call("RemoveRoleAssignments", json!({ "userId": user, "scopeId": scope })).await
}

/// Removes these assignments.
pub(crate) async fn remove(by: &Person, ids: &[&str]) -> Answer {
    by.call("RemoveRoleAssignments", json!({ "assignmentIds": ids })).await
}

/// Asks what somebody may do, and why.
pub(crate) async fn ask(by: &Person, user: &str, permission: &str, scope: &str) -> Answer {
    let variables = json!({ "userId": user, "permission": permission, "scopeId": scope });
    by.ask("Access", variables).await
}

/// The one user error of a mutation: its message.
pub(crate) fn message(answer: &Answer, mutation: &str) -> String {
    answer.text(&format!("/{mutation}/userErrors/0/message"))
}

/// Invites somebody who is signed in, who accepts.
pub(crate) async fn welcome(by: &Person, who: &Person, grants: &[(&str, &str)]) {
    // The invitation has to be the newest of theirs.
    by.server.pass(TimeDelta::seconds(1));
    by.invite(&who.email, grants).await.done("inviteUsers");
    let token = by.server.invitation_token(&who.email).await;
    who.call("AcceptInvitation", json!({ "token": token })).await.done("acceptInvitation");
}
