//! People who use the server.

use serde_json::{Value, json};

use super::answer::Answer;
use super::operations;
use super::server::Server;

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) server: Server,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) id: String,
    /// The account that they landed in, where there is one.
    pub(crate) account: String,
    /// The organization of that account.
    pub(crate) organization: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Person {
    /// Everybody's password.
    pub(crate) const PASSWORD: &'static str = "correct horse battery staple";
    /// The same, hashed with next to no work: for people who are put into the database by the hundreds.
    pub(crate) const PASSWORD_HASH: &'static str = "$argon2id$v=19$m=8,t=1,p=1$\
        c29tZXNhbHRzb21lc2FsdA$lUbZ8Jzij/5bOe3RDFNWB4YcFPBWi0usvNmLvSsyG7I";

    /// The person who got these tokens.
    pub(crate) async fn from_tokens(
        server: &Server,
        name: &str,
        email: &str,
        answer: &Answer,
        mutation: &str,
    ) -> Self {
        let answer = answer.clone().done(mutation);
        let mut person = Self {
            server: server.clone(),
            name: name.to_owned(),
            email: email.to_owned(),
            id: answer.text(&format!("/{mutation}/viewer/user/id")),
            account: String::new(),
            organization: String::new(),
            access_token: answer.text(&format!("/{mutation}/tokens/accessToken")),
            refresh_token: answer.text(&format!("/{mutation}/tokens/refreshToken")),
        };
        let query = "{ viewer { currentAccount { id organization { id } } } }";
        let viewer = person.send(query, json!({})).await;
        let text =
            |path| viewer.body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        person.account = text("/data/viewer/currentAccount/id");
        person.organization = text("/data/viewer/currentAccount/organization/id");
        person
    }

    /// Sends an operation of the contract.
    pub(crate) async fn ask(&self, operation: &str, variables: Value) -> Answer {
        self.send(&operations::document(operation), variables).await
    }

    /// Sends a mutation of the contract that takes one input.
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Answer {
        self.ask(operation, json!({ "input": input })).await
    }

    /// Sends a document.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Answer {
        self.server.send(query, variables, Some(&self.access_token), None).await
    }

    /// Sends a document in another account, for this one request.
    pub(crate) async fn send_in(&self, account: &str, query: &str, variables: Value) -> Answer {
        self.server.send(query, variables, Some(&self.access_token), Some(account)).await
    }

    /// Invites somebody with roles, each `(role key, scope id)`, and gives the call's answer.
    pub(crate) async fn invite(&self, email: &str, grants: &[(&str, &str)]) -> Answer {
        let grants: Vec<Value> = grants
            .iter()
            .map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope }))
            .collect();
        let input = json!({
            "organizationId": self.organization, "invitees": [{ "email": email }], "grants": grants,
        });
        self.call("InviteUsers", input).await
    }

    /// Invites somebody new, who accepts: a colleague with these roles.
    pub(crate) async fn colleague(&self, name: &str, email: &str, grants: &[(&str, &str)]) -> Self {
        let invited = self.invite(email, grants).await.done("inviteUsers");
        assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "INVITED", "{:#}", invited.body);
        let token = self.server.invitation_token(email).await;
        let input = json!({ "token": token, "name": name, "password": Self::PASSWORD });
        let answer = self.server.ask("AcceptInvitation", json!({ "input": input })).await;
        let mut person =
            Self::from_tokens(&self.server, name, email, &answer, "acceptInvitation").await;
        person.organization.clone_from(&self.organization);
        person
    }

    /// Creates an account or, below a parent, a subaccount; gives its id.
    pub(crate) async fn create_account(&self, name: &str, parent: Option<&str>) -> String {
        let input =
            json!({ "organizationId": self.organization, "name": name, "parentAccountId": parent });
        self.call("CreateAccount", input)
            .await
            .done("createAccount")
            .text("/createAccount/account/id")
    }

    /// Whether a user has a permission somewhere, as this person is told.
    pub(crate) async fn access(&self, user: &str, permission: &str, scope: &str) -> bool {
        let variables = json!({ "userId": user, "permission": permission, "scopeId": scope });
        self.ask("Access", variables).await.at("/access/allowed").as_bool().unwrap()
    }

    /// The ids of a user's assignments, by `role key @ scope id`, as this person is told.
    pub(crate) async fn assignments_of(&self, user: &str) -> Vec<(String, String)> {
        let query = "query($org: ID!, $user: String!) { organization(id: $org) {
            users(filter: { query: $user }) { nodes { id roleAssignments(first: 100) { nodes {
                id role { key } scope { ... on Organization { id } ... on Account { id } } } } } } } }";
        let answer = self.send(query, json!({ "org": self.organization, "user": user })).await;
        let nodes = answer.at("/organization/users/nodes").as_array().unwrap();
        let assignments =
            nodes.iter().flat_map(|user| user["roleAssignments"]["nodes"].as_array().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assignments
            .map(|row| {
                let (role, scope) = (text(&row["role"]["key"]), text(&row["scope"]["id"]));
                (format!("{role} @ {scope}"), text(&row["id"]))
            })
            .collect()
    }

    /// The same without the ids, sorted.
    pub(crate) async fn roles_of(&self, user: &str) -> Vec<String> {
        let mut roles: Vec<String> =
            self.assignments_of(user).await.into_iter().map(|(role, _)| role).collect();
        roles.sort();
        roles
    }
}
