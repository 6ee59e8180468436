//! Moves of accounts into other organizations, in short forms.

use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;

/// What is asked of a move.
pub(crate) const FIELDS: &str = "id account { id name organization { id name } }
    from { id name } to { id name } askedBy { id name } side status expiresAt createdAt endedAt";

/// The document of one of the four mutations.
pub(crate) fn document(mutation: &str) -> String {
    let input = format!("{}{}Input!", mutation[..1].to_uppercase(), &mutation[1..]);
    format!(
        "mutation($input: {input}) {{ {mutation}(input: $input) {{
            accountMove {{ {FIELDS} }} userErrors {{ code message path help }} }} }}"
    )
}

pub(crate) async fn request(by: &Person, account: &str, organization: &str) -> Answer {
    let input = json!({ "accountId": account, "organizationId": organization });
    by.send(&document("requestAccountMove"), json!({ "input": input })).await
}

/// Asks for a move, which has to work; its id.
pub(crate) async fn asked(by: &Person, account: &str, organization: &str) -> String {
    let answer = request(by, account, organization).await.done("requestAccountMove");
    answer.text("/requestAccountMove/accountMove/id")
}

async fn call(by: &Person, mutation: &str, id: &str) -> Answer {
    by.send(&document(mutation), json!({ "input": { "moveId": id } })).await
}

pub(crate) async fn accept(by: &Person, id: &str) -> Answer {
    call(by, "acceptAccountMove", id).await
}

pub(crate) async fn decline(by: &Person, id: &str) -> Answer {
    call(by, "declineAccountMove", id).await
}

pub(crate) async fn withdraw(by: &Person, id: &str) -> Answer {
    call(by, "withdrawAccountMove", id).await
}

/// The pending moves into and out of an organization.
pub(crate) async fn of_organization(by: &Person, organization: &str) -> Vec<String> {
    let query =
        "query($id: ID!) { organization(id: $id) { accountMoves { nodes { id } totalCount } } }";
    let answer = by.send(query, json!({ "id": organization })).await;
    let ids = answer.texts("/organization/accountMoves/nodes", "/id");
    assert_eq!(*answer.at("/organization/accountMoves/totalCount"), json!(ids.len()));
    ids
}

/// The pending moves of a person's own accounts.
pub(crate) async fn own(by: &Person) -> Vec<String> {
    let query = "{ viewer { accountMoves { nodes { id } totalCount } } }";
    let answer = by.send(query, json!({})).await;
    let ids = answer.texts("/viewer/accountMoves/nodes", "/id");
    assert_eq!(*answer.at("/viewer/accountMoves/totalCount"), json!(ids.len()));
    ids
}

/// A move by its id alone; null where there is none for this person.
pub(crate) async fn node(by: &Person, id: &str) -> Value {
    let query =
        format!("query($id: ID!) {{ node(id: $id) {{ ... on AccountMove {{ {FIELDS} }} }} }}");
    by.send(&query, json!({ "id": id })).await.at("/node").clone()
}

/// The organization that an account belongs to, as somebody sees it who holds a role there.
pub(crate) async fn home(by: &Person, account: &str) -> String {
    let query = "query($id: ID!) { account(id: $id) { organization { name } } }";
    by.send(query, json!({ "id": account })).await.text("/account/organization/name")
}
