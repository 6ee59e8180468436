//! The operator of a server's database, and requests that come from somewhere.

use std::sync::Arc;

use rolecall::app::operator::Operator;
use rolecall::clock::Clock;
use serde_json::{Value, json};

use super::answer::Answer;
use super::operations::document;
use super::person::Person;
use super::server::Server;

impl Server {
    /// The operator, as the program's commands have them.
    pub(crate) fn operator(&self) -> Operator {
        let clock: Arc<dyn Clock> = Arc::clone(&self.app.clock);
        let team_access = self.app.config.team_access;
        Operator::new(self.app.db.clone(), clock, self.app.random.clone(), team_access)
    }
}

impl Person {
    /// Sends a document, with what a proxy says of where it comes from.
    pub(crate) async fn send_from(&self, address: &str, query: &str, variables: Value) -> Answer {
        let request = self.server.http.post(format!("{}/graphql", self.server.url));
        let request = request.bearer_auth(&self.access_token).header("x-forwarded-for", address);
        let body = json!({ "query": query, "variables": variables });
        Answer::read(request.json(&body).send().await.unwrap()).await
    }

    /// Sends a mutation of the contract from somewhere.
    pub(crate) async fn call_from(&self, address: &str, operation: &str, input: Value) -> Answer {
        self.send_from(address, &document(operation), json!({ "input": input })).await
    }

    /// Whether the person can invite into their organization from somewhere: `yes`, or why not.
    pub(crate) async fn can_invite_from(&self, address: &str) -> String {
        let query = "query($id: ID!) { organization(id: $id) {
            viewerCanInvite { allowed code message } } }";
        let answer = self.send_from(address, query, json!({ "id": self.organization })).await;
        let told = answer.at("/organization/viewerCanInvite");
        assert_eq!(told["allowed"].as_bool().unwrap(), told["code"].is_null(), "{told}");
        assert_eq!(told["message"].is_null(), told["code"].is_null(), "{told}");
        told["code"].as_str().unwrap_or("yes").to_owned()
    }

    /// The same from where the tests are.
    pub(crate) async fn can_invite(&self) -> String {
        self.can_invite_from("127.0.0.1").await
    }
}
