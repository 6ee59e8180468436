//! Handing over ownership, in short forms.

use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;
use super::server::Server;

/// Offers a scope to a user.
pub(crate) async fn offer(by: &Person, scope: &str, user: &str) -> Answer {
    by.call("OfferOwnership", json!({ "scopeId": scope, "userId": user })).await
}

/// Offers a scope to a user, which has to work; gives the offer's id.
pub(crate) async fn offered(by: &Person, scope: &str, user: &str) -> String {
    offer(by, scope, user).await.done("offerOwnership").text("/offerOwnership/ownershipOffer/id")
}

pub(crate) async fn accept(by: &Person, offer: &str) -> Answer {
    by.call("AcceptOwnership", json!({ "offerId": offer })).await
}

pub(crate) async fn decline(by: &Person, offer: &str) -> Answer {
    let mutation = "mutation($input: DeclineOwnershipInput!) { declineOwnership(input: $input) {
        ownershipOffer { id status } userErrors { code message path help } } }";
    by.send(mutation, json!({ "input": { "offerId": offer } })).await
}

pub(crate) async fn withdraw(by: &Person, offer: &str) -> Answer {
    let mutation = "mutation($input: WithdrawOwnershipInput!) { withdrawOwnership(input: $input) {
        ownershipOffer { id status } userErrors { code message path help } } }";
    by.send(mutation, json!({ "input": { "offerId": offer } })).await
}

/// Offers a scope, and has the other accept it.
pub(crate) async fn hand_over(from: &Person, scope: &str, to: &Person) {
    let id = offered(from, scope, &to.id).await;
    accept(to, &id).await.done("acceptOwnership");
}

/// An offer by its id, as a person sees it; null when they do not.
pub(crate) async fn shown(to: &Person, offer: &str) -> Value {
    let query =
        "query($id: ID!) { node(id: $id) { ... on OwnershipOffer { status createdAt expiresAt
        endedAt from { name email } to { name email }
        scope { ... on Organization { id name } ... on Account { id name } } } } }";
    to.send(query, json!({ "id": offer })).await.at("/node").clone()
}

/// The ids of the pending offers that a person made or was made.
pub(crate) async fn pending(of: &Person) -> Vec<String> {
    let query = "{ viewer { ownershipOffers { nodes { id } totalCount } } }";
    let answer = of.send(query, json!({})).await;
    let ids = answer.texts("/viewer/ownershipOffers/nodes", "/id");
    assert_eq!(*answer.at("/viewer/ownershipOffers/totalCount"), json!(ids.len()));
    ids
}

/// The id of the one who owns a scope, as a person sees it.
pub(crate) async fn owner(seen_by: &Person, scope: &str) -> String {
    let kind = if scope.starts_with("org_") { "organization" } else { "account" };
    let query = format!("query($id: ID!) {{ {kind}(id: $id) {{ owner {{ id }} }} }}");
    seen_by.send(&query, json!({ "id": scope })).await.text(&format!("/{kind}/owner/id"))
}

impl Server {
    /// The mails about ownership that are not called off, each as `kind to: subject`, in the order in
    /// which they go out.
    pub(crate) async fn ownership_mails(&self) -> Vec<String> {
        let mut mails = self.mails().await;
        mails.retain(|mail| {
            mail["kind"].as_str().unwrap().starts_with("ownership_") && mail["state"] != "CANCELLED"
        });
        let text = |mail: &Value, key: &str| mail[key].as_str().unwrap().to_owned();
        let line = |mail: &Value| {
            format!("{} {}: {}", text(mail, "kind"), text(mail, "to"), text(mail, "subject"))
        };
        mails.iter().rev().map(line).collect()
    }
}
