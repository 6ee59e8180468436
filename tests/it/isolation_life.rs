//! What a stranger may try with the life of what is not theirs (R2); told in `isolation`.

use serde_json::{Value, json};

use crate::isolation::{Attempt, NOT_FOUND, Theirs};
use crate::support::{Person, joining, life};

/// A mutation, with all that its payload has.
fn life(what: &'static str, mutation: &str, input: Value, expected: &'static str) -> Attempt {
    let variables = json!({ "input": input });
    Attempt { what, document: life::document(mutation), variables, expected }
}

/// A mutation about joining.
fn joining(what: &'static str, mutation: &str, input: Value) -> Attempt {
    let (document, variables) = (joining::document(mutation), json!({ "input": input }));
    Attempt { what, document, variables, expected: NOT_FOUND }
}

/// All that can be tried with accounts, users and organizations.
pub(crate) fn attempts(me: &Person, theirs: &Theirs) -> Vec<Attempt> {
    let Theirs { organization, account, user, join_request, .. } = theirs;
    let (into, asked) =
        (json!({ "organizationId": organization }), json!({ "joinRequestId": join_request }));
    let requests = "query($id: ID!) { organization(id: $id) { joinRequests { nodes { id } } } }";
    vec![
        joining("join their organization", "joinOrganization", into.clone()),
        joining("ask to join their organization", "requestToJoin", into),
        joining("approve a request", "approveJoinRequest", asked.clone()),
        joining("decline a request", "declineJoinRequest", asked.clone()),
        joining("withdraw a request", "withdrawJoinRequest", asked),
        Attempt {
            what: "their requests to join",
            document: requests.to_owned(),
            variables: json!({ "id": organization }),
            expected: NOT_FOUND,
        },
        life("rename", "updateAccount", json!({ "accountId": account, "name": "New" }), NOT_FOUND),
        life("suspend", "suspendAccount", json!({ "accountId": account }), NOT_FOUND),
        life("reactivate", "reactivateAccount", json!({ "accountId": account }), NOT_FOUND),
        life("close", "closeAccount", json!({ "accountId": account }), NOT_FOUND),
        life(
            "try to close",
            "closeAccount",
            json!({ "accountId": account, "dryRun": true }),
            NOT_FOUND,
        ),
        life(
            "remove from their account",
            "removeUserFromAccount",
            json!({ "userId": user, "accountId": account }),
            NOT_FOUND,
        ),
        life(
            "remove their user from mine",
            "removeUserFromAccount",
            json!({ "userId": user, "accountId": me.account }),
            r#""removedIds":[]"#,
        ),
        life(
            "remove from their organization",
            "removeUserFromOrganization",
            json!({ "userId": user, "organizationId": organization }),
            NOT_FOUND,
        ),
        life(
            "remove their user from my organization",
            "removeUserFromOrganization",
            json!({ "userId": user, "organizationId": me.organization, "newOwnerId": me.id }),
            "NOT_A_MEMBER",
        ),
        life(
            "suspend in their organization",
            "suspendUser",
            json!({ "userId": user, "organizationId": organization }),
            NOT_FOUND,
        ),
        life(
            "suspend their user in mine",
            "suspendUser",
            json!({ "userId": user, "organizationId": me.organization }),
            "NOT_A_MEMBER",
        ),
        life(
            "reactivate their user in mine",
            "reactivateUser",
            json!({ "userId": user, "organizationId": me.organization }),
            "NOT_A_MEMBER",
        ),
        life(
            "change their organization",
            "updateOrganization",
            json!({ "organizationId": organization, "name": "New" }),
            NOT_FOUND,
        ),
        life(
            "delete their organization",
            "deleteOrganization",
            json!({ "organizationId": organization }),
            NOT_FOUND,
        ),
        life(
            "try to delete their organization",
            "deleteOrganization",
            json!({ "organizationId": organization, "dryRun": true }),
            NOT_FOUND,
        ),
    ]
}
