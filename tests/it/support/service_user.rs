//! Service users and their keys, in short forms.

use serde_json::{Value, json};

use super::answer::Answer;
use super::custom::mutate;
use super::person::Person;

pub(crate) const USER: &str = "serviceUser { id name email isServiceUser }";
pub(crate) const KEY: &str = "apiKey { id name hint status expiresAt lastUsedAt } key";

/// Makes a service user with these roles; its id.
pub(crate) async fn machine(by: &Person, name: &str, grants: &[(&str, &str)]) -> String {
    let grants: Vec<Value> =
        grants.iter().map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope })).collect();
    let input = json!({ "organizationId": by.organization, "name": name, "grants": grants });
    let made = mutate(by, "createServiceUser", USER, input).await.done("createServiceUser");
    made.text("/createServiceUser/serviceUser/id")
}

/// Makes a key; the answer.
pub(crate) async fn create_key(by: &Person, service_user: &str) -> Answer {
    let input = json!({ "serviceUserId": service_user, "name": "CI" });
    mutate(by, "createApiKey", KEY, input).await
}

/// Makes a key; its id, and the key itself.
pub(crate) async fn key(by: &Person, service_user: &str) -> (String, String) {
    let made = create_key(by, service_user).await.done("createApiKey");
    (made.text("/createApiKey/apiKey/id"), made.text("/createApiKey/key"))
}

/// Rotates a key; the answer.
pub(crate) async fn rotate(by: &Person, key: &str, overlap: i64) -> Answer {
    let selection = "apiKey { id expiresAt } key oldApiKey { expiresAt replacedById }";
    let input = json!({ "apiKeyId": key, "overlapSeconds": overlap });
    mutate(by, "rotateApiKey", selection, input).await
}

/// Revokes a key; the answer.
pub(crate) async fn revoke(by: &Person, key: &str) -> Answer {
    mutate(by, "revokeApiKey", "apiKey { status }", json!({ "apiKeyId": key })).await
}

/// The machine with a key, as somebody who sends requests.
pub(crate) fn with(key: &str, id: &str, by: &Person) -> Person {
    Person { access_token: key.to_owned(), id: id.to_owned(), name: "Bot".into(), ..by.clone() }
}

/// Whether a key lets in.
pub(crate) async fn lets_in(by: &Person, key: &str) -> bool {
    let answer = with(key, "", by).send("{ viewer { user { id } } }", json!({})).await;
    if answer.body.get("errors").is_some() {
        assert_eq!(answer.error(), "UNAUTHENTICATED");
        return false;
    }
    true
}
