//! Custom roles and billing groups, in short forms.

use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;

/// Sends a mutation that takes one input; `selection` is what is asked of its payload besides the
/// refusals.
pub(crate) async fn mutate(by: &Person, name: &str, selection: &str, input: Value) -> Answer {
    by.send(&document(name, selection), json!({ "input": input })).await
}

/// The document of such a mutation.
pub(crate) fn document(name: &str, selection: &str) -> String {
    let (first, rest) = name.split_at(1);
    let kind = format!("{}{rest}Input", first.to_uppercase());
    format!(
        "mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection}
            userErrors {{ code message path help }} }} }}"
    )
}

const ROLE: &str =
    "role { id key name description kind productGroup isExclusive isOwner assignableAt
    resourceType permissions { key } organization { id } }";

/// Makes a custom role with these permissions; the answer.
pub(crate) async fn create_role(by: &Person, key: &str, permissions: &[&str]) -> Answer {
    let input = json!({ "organizationId": by.organization, "key": key, "name": format!("Our {key}"),
        "permissions": permissions });
    create_role_with(by, input).await
}

/// Makes a custom role from a whole input; the answer.
pub(crate) async fn create_role_with(by: &Person, input: Value) -> Answer {
    mutate(by, "createCustomRole", ROLE, input).await
}

/// Makes a custom role, which has to work; its id.
pub(crate) async fn make_role(by: &Person, key: &str, permissions: &[&str]) -> String {
    let answer = create_role(by, key, permissions).await.done("createCustomRole");
    answer.text("/createCustomRole/role/id")
}

/// Changes a custom role; `input` holds the rest.
pub(crate) async fn update_role(by: &Person, id: &str, mut input: Value) -> Answer {
    input["roleId"] = json!(id);
    mutate(by, "updateCustomRole", ROLE, input).await
}

/// Deletes a custom role; `input` holds the rest.
pub(crate) async fn delete_role(by: &Person, id: &str, mut input: Value) -> Answer {
    input["roleId"] = json!(id);
    let selection = "deletedRoleId roleAssignmentCount invitationCount";
    mutate(by, "deleteCustomRole", selection, input).await
}

const GROUP: &str = "billingGroup { id name createdAt organization { id }
    accounts(first: 100) { nodes { id name } totalCount } viewerRoles { key } }";

/// A mutation that answers with a billing group.
pub(crate) async fn group_mutation(by: &Person, name: &str, input: Value) -> Answer {
    mutate(by, name, GROUP, input).await
}

/// Makes a billing group, which has to work; its id.
pub(crate) async fn make_group(by: &Person, name: &str) -> String {
    let input = json!({ "organizationId": by.organization, "name": name });
    let answer = group_mutation(by, "createBillingGroup", input).await.done("createBillingGroup");
    answer.text("/createBillingGroup/billingGroup/id")
}

/// Links accounts to a billing group.
pub(crate) async fn link(by: &Person, group: &str, accounts: &[&str]) -> Answer {
    let input = json!({ "billingGroupId": group, "accountIds": accounts });
    group_mutation(by, "linkAccounts", input).await
}

/// Unlinks accounts from a billing group.
pub(crate) async fn unlink(by: &Person, group: &str, accounts: &[&str]) -> Answer {
    let input = json!({ "billingGroupId": group, "accountIds": accounts });
    group_mutation(by, "unlinkAccounts", input).await
}

/// Deletes a billing group, or only says what would come of it.
pub(crate) async fn delete_group(by: &Person, group: &str, dry_run: bool) -> Answer {
    let selection = "deletedBillingGroupId roleAssignmentCount invitationCount accountCount";
    let input = json!({ "billingGroupId": group, "dryRun": dry_run });
    mutate(by, "deleteBillingGroup", selection, input).await
}

/// The names of the billing groups of one's organization that one sees.
pub(crate) async fn groups_of(by: &Person) -> Vec<String> {
    let query = "query($id: ID!) { organization(id: $id) { billingGroups { nodes { name } } } }";
    let answer = by.send(query, json!({ "id": by.organization })).await;
    answer.texts("/organization/billingGroups/nodes", "/name")
}

/// The keys of the custom roles of one's organization.
pub(crate) async fn custom_roles_of(by: &Person) -> Vec<String> {
    let query = "query($id: ID!) { organization(id: $id) { customRoles { nodes { key } } } }";
    let answer = by.send(query, json!({ "id": by.organization })).await;
    answer.texts("/organization/customRoles/nodes", "/key")
}
