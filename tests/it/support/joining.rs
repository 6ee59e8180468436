//! Coming into organizations by the domain of one's address, in short forms.

use entity::email_domain::{self, JoinPolicy, Status};
use entity::id::{AccountId, DomainId, RoleId};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    EntityTrait,
};
use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;
use super::server::Server;

/// A domain of an organization, as its tests make it: verified, unless it is said otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Domain<'a> {
    pub(crate) name: &'a str,
    pub(crate) policy: JoinPolicy,
    pub(crate) status: Status,
    /// A role's key, and the account where it is given, if it is one.
    pub(crate) role: Option<(&'a str, Option<&'a str>)>,
    pub(crate) contact: Option<&'a str>,
    /// Who vouches; else the Owner of the organization.
    pub(crate) set_by: Option<&'a str>,
}

impl<'a> Domain<'a> {
    pub(crate) fn new(name: &'a str, policy: JoinPolicy) -> Self {
        Self { name, policy, status: Status::Verified, role: None, contact: None, set_by: None }
    }

    /// Makes it a domain of somebody's organization.
    pub(crate) async fn of(self, owner: &Person) -> String {
        let (app, now) = (&owner.server.app, owner.server.now());
        let id: DomainId = app.random.id(now);
        let role_id = match self.role {
            None => None,
            Some((key, _)) => Some(role(owner, key).await),
        };
        let account = self.role.and_then(|(_, account)| account);
        let row = email_domain::ActiveModel {
            id: Set(id),
            organization_id: Set(owner.organization.parse().unwrap()),
            domain: Set(self.name.to_owned()),
            challenge: Set("c0ffee".to_owned()),
            status: Set(self.status),
            verified_at: Set((self.status != Status::Pending).then_some(now)),
            checked_at: Set(None),
            next_check_at: Set(None),
            failures: Set(0),
            last_error: Set(None),
            reserved: Set(false),
            join_policy: Set(self.policy),
            join_role_id: Set(role_id),
            join_account_id: Set(account.map(|id| id.parse().unwrap())),
            join_contact: Set(self.contact.map(str::to_owned)),
            set_by: Set(self.set_by.unwrap_or(&owner.id).parse().unwrap()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        email_domain::Entity::insert(row).exec_without_returning(&app.db).await.unwrap();
        id.to_string()
    }
}

/// The id of a role by its key, be it a custom one of the organization.
async fn role(owner: &Person, key: &str) -> RoleId {
    if let Some(role) = owner.server.app.roles.by_key(key) {
        return role.id;
    }
    let query = "query($id: ID!) { organization(id: $id) { customRoles { nodes { id key } } } }";
    let answer = owner.send(query, json!({ "id": owner.organization })).await;
    let roles = answer.at("/organization/customRoles/nodes").as_array().unwrap();
    let role = roles.iter().find(|role| role["key"] == key).expect("a role with this key");
    role["id"].as_str().unwrap().parse().unwrap()
}

/// Has a domain give a role, by its key, at an account or at the organization.
pub(crate) async fn set_role(server: &Server, domain: &str, key: &str, account: Option<&str>) {
    let id: DomainId = domain.parse().unwrap();
    let row = email_domain::ActiveModel {
        id: Unchanged(id),
        join_role_id: Set(Some(server.app.roles.by_key(key).unwrap().id)),
        join_account_id: Set(account.map(|id| id.parse().unwrap())),
        ..Default::default()
    };
    email_domain::Entity::update(row).exec(&server.app.db).await.unwrap();
}

/// What a domain gives: the role and the account.
pub(crate) async fn given(server: &Server, domain: &str) -> (Option<RoleId>, Option<AccountId>) {
    let id: DomainId = domain.parse().unwrap();
    let row = email_domain::Entity::find_by_id(id).one(&server.app.db).await.unwrap().unwrap();
    (row.join_role_id, row.join_account_id)
}

/// Changes columns of a domain.
pub(crate) async fn change(server: &Server, domain: &str, set: &str) {
    super::plant::run(server, &format!("UPDATE email_domains SET {set} WHERE id = $1"), &[domain])
        .await;
}

/// Somebody with an organization of their own, who has proved their address.
pub(crate) async fn verified(server: &Server, name: &str, email: &str) -> Person {
    let person = server.sign_up(name, email, &format!("{name}'s")).await;
    prove(&person).await;
    person
}

/// Proves somebody's address, by the link that was mailed.
pub(crate) async fn prove(person: &Person) {
    let token = verification(person).await;
    let input = json!({ "input": { "token": token } });
    let mutation = "mutation($input: VerifyEmailInput!) { verifyEmail(input: $input) {
        userErrors { code path message help } } }";
    person.send(mutation, input).await.done("verifyEmail");
}

/// The token of the link that proves somebody's address.
pub(crate) async fn verification(person: &Person) -> String {
    let mails = person.server.mails().await;
    let theirs = |mail: &&Value| mail["to"].as_str().unwrap().contains(&person.email);
    let links = mails.iter().filter(theirs).flat_map(|mail| mail["links"].as_array().unwrap());
    let mut links = links.filter_map(Value::as_str);
    let link = links.find(|link| link.contains("/verify-email/")).expect("a mail with a link");
    link.rsplit('/').next().unwrap().to_owned()
}

pub(crate) const REQUEST: &str = "id organizationId organizationName organization { id name }
    user { id name email } domain message status createdAt endedAt endedBy { id name }";

/// The document of one of the mutations about requests.
pub(crate) fn document(mutation: &str) -> String {
    let input = format!("{}{}Input!", mutation[..1].to_uppercase(), &mutation[1..]);
    let fields = match mutation {
        "joinOrganization" => {
            "account { id name } viewer { organizations { nodes { name } } }".to_owned()
        }
        _ => format!("joinRequest {{ {REQUEST} }}"),
    };
    format!(
        "mutation($input: {input}) {{ {mutation}(input: $input) {{
            {fields} userErrors {{ code message path help }} }} }}"
    )
}

async fn call(by: &Person, mutation: &str, input: Value) -> Answer {
    by.send(&document(mutation), json!({ "input": input })).await
}

pub(crate) async fn join(by: &Person, organization: &str) -> Answer {
    call(by, "joinOrganization", json!({ "organizationId": organization })).await
}

pub(crate) async fn ask(by: &Person, organization: &str, message: Option<&str>) -> Answer {
    let input = json!({ "organizationId": organization, "message": message });
    call(by, "requestToJoin", input).await
}

/// Asks to join, which has to work; the request's id.
pub(crate) async fn asked(by: &Person, organization: &str) -> String {
    let answer = ask(by, organization, None).await.done("requestToJoin");
    answer.text("/requestToJoin/joinRequest/id")
}

pub(crate) async fn withdraw(by: &Person, request: &str) -> Answer {
    call(by, "withdrawJoinRequest", json!({ "joinRequestId": request })).await
}

pub(crate) async fn decline(by: &Person, request: &str) -> Answer {
    call(by, "declineJoinRequest", json!({ "joinRequestId": request })).await
}

/// Approves, with what people at the domain are given.
pub(crate) async fn approve(by: &Person, request: &str) -> Answer {
    call(by, "approveJoinRequest", json!({ "joinRequestId": request })).await
}

/// Approves with these roles, each `(role key, scope id)`.
pub(crate) async fn approve_with(by: &Person, request: &str, grants: &[(&str, &str)]) -> Answer {
    let grants: Vec<Value> =
        grants.iter().map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope })).collect();
    call(by, "approveJoinRequest", json!({ "joinRequestId": request, "grants": grants })).await
}

/// What somebody may join, each as it is shown.
pub(crate) async fn joinable(by: &Person) -> Vec<Value> {
    let query = "{ viewer { joinableOrganizations { organizationId organizationName domain policy
        contact request { id status } } } }";
    let answer = by.send(query, json!({})).await;
    answer.at("/viewer/joinableOrganizations").as_array().unwrap().clone()
}

/// The same, each as `organization policy`.
pub(crate) async fn doors(by: &Person) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shown = joinable(by).await;
    shown
        .iter()
        .map(|door| format!("{} {}", text(&door["organizationName"]), text(&door["policy"])))
        .collect()
}

/// The requests to join somebody's organization, newest first, each as `asker status`.
pub(crate) async fn requests(by: &Person, organization: &str, filter: Value) -> Vec<String> {
    let query = "query($id: ID!, $filter: JoinRequestFilter) { organization(id: $id) {
        joinRequests(filter: $filter) { nodes { user { name } status } totalCount } } }";
    let answer = by.send(query, json!({ "id": organization, "filter": filter })).await;
    let nodes = answer.at("/organization/joinRequests/nodes").as_array().unwrap();
    assert_eq!(*answer.at("/organization/joinRequests/totalCount"), json!(nodes.len()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |node: &Value| format!("{} {}", text(&node["user"]["name"]), text(&node["status"]));
    nodes.iter().map(line).collect()
}

/// A request by its id alone; null where there is none for this person.
pub(crate) async fn node(by: &Person, id: &str) -> Value {
    let query =
        format!("query($id: ID!) {{ node(id: $id) {{ ... on JoinRequest {{ {REQUEST} }} }} }}");
    by.send(&query, json!({ "id": id })).await.at("/node").clone()
}

/// What the newest mail of a kind says.
pub(crate) async fn mail(server: &Server, kind: &str) -> String {
    let mails = server.mails().await;
    let mail = mails.iter().find(|mail| mail["kind"] == kind).expect("a mail of this kind");
    mail["text"].as_str().unwrap().to_owned()
}

/// The mails about joining that are not called off, each as `kind to`, in the order in which they go
/// out.
pub(crate) async fn told(server: &Server) -> Vec<String> {
    let mut mails = server.all_mails().await;
    mails.retain(|mail| mail.kind.starts_with("join_") || mail.kind == "member_joined");
    mails.retain(|mail| mail.state != entity::mail::State::Cancelled);
    mails.iter().map(|mail| format!("{} {}", mail.kind, mail.recipient)).collect()
}
