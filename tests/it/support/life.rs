//! The life of accounts, memberships and organizations, in short forms.

use entity::id::parse_any;
use entity::{membership, role_assignment};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;
use super::server::Server;

const CONSEQUENCES: &str = "consequences {
    roleAssignmentCount
    roleAssignments { id role { key } user { id name }
        scope { ... on Organization { id name } ... on Account { id name parent { id } } } }
    invitationCount
    invitations { id email status expiresAt endedAt invitedBy { id name }
        grants { role { key } scope { ... on Organization { id } ... on Account { id name } } } }
    accountCount
    accounts { id name status owner { id name } } }";

/// A mutation with all that its payload is asked for.
pub(crate) fn document(mutation: &str) -> String {
    let account = "account { id name status }";
    let with = |more: &str| format!("{more} {CONSEQUENCES}");
    let payload = match mutation {
        "updateAccount" | "suspendAccount" | "reactivateAccount" => account.to_owned(),
        "closeAccount" => with(account),
        "removeUserFromAccount" | "removeUserFromOrganization" => with("removedIds"),
        "suspendUser" | "reactivateUser" => "user { id name membershipStatus }".to_owned(),
        "createOrganization" => {
            "organization { id name owner { id } } account { id name status owner { id } }"
                .to_owned()
        }
        "updateOrganization" => "organization { id name
            settings { standardUsersCreateAccounts invitationExpiresInHours } }"
            .to_owned(),
        "deleteOrganization" => with("deletedOrganizationId"),
        other => panic!("no document for {other}"),
    };
    let (first, rest) = mutation.split_at(1);
    let input = format!("{}{rest}Input", first.to_uppercase());
    format!(
        "mutation($input: {input}!) {{ {mutation}(input: $input) {{ {payload}
            userErrors {{ code message path help }} }} }}"
    )
}

/// Does one of these mutations.
pub(crate) async fn act(by: &Person, mutation: &str, input: Value) -> Answer {
    by.send(&document(mutation), json!({ "input": input })).await
}

/// One that is about an account only.
pub(crate) async fn on(by: &Person, mutation: &str, account: &str) -> Answer {
    act(by, mutation, json!({ "accountId": account })).await
}

/// One that is about a user of the caller's organization.
pub(crate) async fn with_user(by: &Person, mutation: &str, user: &str) -> Answer {
    act(by, mutation, json!({ "userId": user, "organizationId": by.organization })).await
}

/// An account that a member without any rights owns, by the organization's leave.
pub(crate) async fn account_of(ann: &Person, owner: &Person, name: &str) -> String {
    let leave = json!({ "organizationId": ann.organization, "standardUsersCreateAccounts": true });
    act(ann, "updateOrganization", leave).await.done("updateOrganization");
    owner.create_account(name, None).await
}

/// The same person at another server.
pub(crate) fn there(person: &Person, server: &Server) -> Person {
    Person { server: server.clone(), ..person.clone() }
}

impl Answer {
    /// What a FORBIDDEN tells.
    pub(crate) fn denial(&self) -> &Value {
        assert_eq!(self.error(), "FORBIDDEN", "{:#}", self.body);
        &self.body["errors"][0]["extensions"]
    }

    /// Done, or the refusals, or the code of the error.
    pub(crate) fn verdict(&self, mutation: &str) -> String {
        if self.body.get("errors").is_some() {
            return self.error().to_owned();
        }
        let refusals = self.refusals(mutation);
        if refusals.is_empty() { "done".to_owned() } else { refusals.join(", ") }
    }
}

impl Server {
    /// How many assignments but the Owner's there are at an account.
    pub(crate) async fn assignments_at(&self, account: &str) -> u64 {
        let account: entity::id::AccountId = account.parse().unwrap();
        role_assignment::Entity::find()
            .filter(role_assignment::Column::AccountId.eq(account))
            .filter(role_assignment::Column::OwnedScopeId.is_null())
            .count(&self.app.db)
            .await
            .unwrap()
    }

    /// How many memberships and assignments of a user there are, in all organizations.
    pub(crate) async fn held_by(&self, user: &str) -> (u64, u64) {
        let user: entity::id::UserId = user.parse().unwrap();
        let memberships = membership::Entity::find().filter(membership::Column::UserId.eq(user));
        let assignments =
            role_assignment::Entity::find().filter(role_assignment::Column::UserId.eq(user));
        let db = &self.app.db;
        (memberships.count(db).await.unwrap(), assignments.count(db).await.unwrap())
    }

    /// The rows that name a thing, audit events aside.
    pub(crate) async fn traces(&self, id: &str) -> Vec<String> {
        let uuid = parse_any(id).unwrap().1;
        let forms = [uuid.simple().to_string(), uuid.hyphenated().to_string(), id.to_owned()];
        let mut lines = self.dump().await;
        lines.retain(|line| {
            let lower = line.to_lowercase();
            !line.starts_with("audit_events:") && forms.iter().any(|form| lower.contains(form))
        });
        lines
    }
}
