//! Constant cost: how many SQL statements a request takes does not depend on how many rows there
//! are.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use entity::email_domain::JoinPolicy;
use rolecall::config::Config;
use rolecall::graphql::sdl;
use serde_json::{Value, json};

use crate::support::custom::{link, make_group, make_role};
use crate::support::domains::{Claim, rule, update};
use crate::support::moves::asked;
use crate::support::ownership::offered;
use crate::support::roles::{give, remove, welcome};
use crate::support::{Options, Person, Server, both, joining, operations, plant, service_user};

fn roomy() -> Options {
    fn many(config: &mut Config) {
        config.accounts_per_organization = 1_000;
        config.built_in_roles_per_user = 1_000;
        config.mails_per_recipient_per_day = 1_000;
    }
    Options { config: Some(many), ..Options::default() }
}

/// What is selected of the rows of each list: everything but further lists.
const ACCOUNT: &str = "nodes { id name status createdAt parent { id name status }
    organization { id name createdAt owner { id name } } owner { id name email }
    viewerRoles { key permissions { key } } viewerPermissions } totalCount";
const USER: &str = "nodes { id name email lastSignInAt membershipStatus
    roleAssignments(first: 20) { nodes { id role { key permissions { key } } validUntil
        resource { ... on BillingGroup { name } } user { id name }
        scope { ... on Organization { name owner { name } }
            ... on Account { name status parent { name } owner { name } } } } totalCount } }
    totalCount";
const INVITATION: &str =
    "nodes { id email status invitedBy { id name } organization { name owner { id } }
    grants { role { key } scope { ... on Account { name status } } } delivery { state }
    canBeAccepted acceptance { reason } newLinkRequestedAt } totalCount";

const MOVE: &str = "nodes { id side status account { id name status owner { id } }
    from { name owner { id } } to { name createdAt owner { id } } askedBy { id name } } totalCount";
const JOIN_REQUEST: &str =
    "nodes { id status message domain user { id name email } createdAt endedAt
    endedBy { name } organization { name owner { id } } } totalCount";
const AUDIT_EVENT: &str = "nodes { id action actorId actor { id name } targetId before after
    networkAddress requestId createdAt organization { id name owner { name } } } totalCount";
const ASSIGNMENT: &str = "id role { key } user { name email } scope { ... on Organization { name }
    ... on Account { name status owner { name } } }";

/// How many statements a query takes.
async fn cost(person: &Person, query: &str, variables: &Value) -> usize {
    let doing = person.send(query, variables.clone());
    let (answer, statements) = person.server.statements(doing).await;
    assert!(answer.body.get("errors").is_none(), "{query}: {:#}", answer.body);
    statements.len()
}

/// People with three roles each; gives their ids.
async fn people(ann: &Person, from: usize, to: usize) -> Vec<String> {
    let rows: Vec<(String, String)> =
        (from..to).map(|n| (format!("Person {n}"), format!("p{n}@people.example"))).collect();
    let rows: Vec<(&str, &str)> =
        rows.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
    let ids = plant::members(&ann.server, &ann.organization, &rows).await;
    for id in &ids {
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        give(
            ann,
            id,
            &[
                ("account_developer", main),
                ("account_support", main),
                ("studio_viewer", organization),
            ],
        )
        .await;
    }
    ids
}

both!(
    /// The list of users with their roles takes at most four statements, for 2 users as for 50.
    fifty_users_take_as_many_statements_as_two,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let document = operations::document("OrganizationUsers");
        let orders = ["NAME", "EMAIL", "LAST_SIGN_IN"];
        let variables = orders.map(|field| {
            json!({ "id": ann.organization, "first": 50, "orderBy": { "field": field },
                "filter": { "query": "e", "status": "ACTIVE" } })
        });
        let plain = json!({ "id": ann.organization, "first": 50 });
        people(&ann, 0, 1).await;
        let two = cost(&ann, &document, &plain).await;
        assert!(two <= 4, "{two} statements");
        people(&ann, 1, 49).await;
        let (answer, statements) = server.statements(ann.send(&document, plain)).await;
        assert_eq!(answer.texts("/organization/users/edges", "/node/id").len(), 50);
        assert_eq!(statements.len(), two, "{statements:#?}");
        for variables in variables {
            assert_eq!(cost(&ann, &document, &variables).await, two, "{variables}");
        }
    }
);

/// Every list of the schema below one parent.
fn lists(ann: &Person, user: &str) -> Vec<(&'static str, String, Value)> {
    let organization = json!({ "id": ann.organization });
    let account = json!({ "id": ann.account });
    let in_organization =
        |list: &str| format!("query($id: ID!) {{ organization(id: $id) {{ {list} }} }}");
    let in_account = |list: &str| format!("query($id: ID!) {{ account(id: $id) {{ {list} }} }}");
    let in_viewer = |list: &str| format!("{{ viewer {{ {list} }} }}");
    let assignments = "query($id: ID!) { node(id: $id) { ... on User {
        roleAssignments { nodes { id role { key } user { name } scope { ... on Account { status } } }
            totalCount } } } }";
    vec![
        (
            "organization.users",
            in_organization(&format!("users {{ {USER} }}")),
            organization.clone(),
        ),
        (
            "organization.accounts",
            in_organization(&format!("accounts(first: 100) {{ {ACCOUNT} }}")),
            organization.clone(),
        ),
        (
            "organization.invitations",
            in_organization(&format!("invitations {{ {INVITATION} }}")),
            organization.clone(),
        ),
        (
            "organization.accountMoves",
            in_organization(&format!("accountMoves {{ {MOVE} }}")),
            organization.clone(),
        ),
        (
            "organization.joinRequests",
            in_organization(&format!("joinRequests {{ {JOIN_REQUEST} }}")),
            organization.clone(),
        ),
        (
            "organization.auditEvents",
            in_organization(&format!("auditEvents {{ {AUDIT_EVENT} }}")),
            organization.clone(),
        ),
        (
            "viewer.auditEvents",
            in_viewer(&format!("auditEvents {{ {AUDIT_EVENT} }}")),
            json!({}),
        ),
        (
            "organization.apiKeys",
            in_organization(
                "apiKeys { nodes { id name status serviceUser { id name } createdBy { name } }
                    totalCount }",
            ),
            organization.clone(),
        ),
        ("viewer.accountMoves", in_viewer(&format!("accountMoves {{ {MOVE} }}")), json!({})),
        (
            "account.subaccounts",
            in_account(&format!("subaccounts {{ {ACCOUNT} }}")),
            account.clone(),
        ),
        ("account.users", in_account(&format!("users {{ {USER} }}")), account),
        ("viewer.accounts", in_viewer(&format!("accounts(first: 100) {{ {ACCOUNT} }}")), json!({})),
        (
            "viewer.organizations",
            in_viewer("organizations { nodes { id name createdAt owner { id name }
                entitlement { seats seatsUsed } viewerCanInvite { allowed code } } totalCount }"),
            json!({}),
        ),
        (
            "viewer.ownershipOffers",
            in_viewer("ownershipOffers { nodes { id status expiresAt endedAt from { id name } to { email }
                scope { ... on Organization { name owner { name } } ... on Account { name status } } }
                totalCount }"),
            json!({}),
        ),
        (
            "organization.customRoles",
            in_organization("customRoles { nodes { id key permissions { key } } totalCount }"),
            json!({ "id": ann.organization }),
        ),
        (
            "organization.billingGroups",
            in_organization(&format!(
                "billingGroups {{ nodes {{ id name createdAt viewerRoles {{ key }}
                    accounts {{ {ACCOUNT} }} }} totalCount }}"
            )),
            json!({ "id": ann.organization }),
        ),
        (
            "organization.emailDomainRules",
            in_organization(
                "emailDomainRules { nodes { domain verdict createdBy { id name } } totalCount }",
            ),
            json!({ "id": ann.organization }),
        ),
        (
            "organization.emailDomains",
            in_organization(
                "emailDomains { nodes { id domain status joinRole { key permissions { key } }
                    joinAccount { id name status } setBy { id name } organization { owner { id } } }
                    totalCount }",
            ),
            json!({ "id": ann.organization }),
        ),
        (
            "billingGroup.accounts",
            in_organization(&format!("billingGroups {{ nodes {{ accounts {{ {ACCOUNT} }} }} }}")),
            json!({ "id": ann.organization }),
        ),
        ("viewer.sessions", in_viewer("sessions { nodes { id userAgent } totalCount }"), json!({})),
        (
            "query.roles",
            "{ roles(first: 50) { nodes { key permissions { key } } totalCount } }".to_owned(),
            json!({}),
        ),
        ("user.roleAssignments", assignments.to_owned(), json!({ "id": user })),
        (
            "user.roleAssignmentsByScope",
            format!(
                "query($id: ID!) {{ node(id: $id) {{ ... on User {{ roleAssignmentsByScope {{
                    nodes {{ scope {{ ... on Account {{ status }} }} roleAssignments {{ {ASSIGNMENT} }} }}
                    totalCount }} }} }} }}"
            ),
            json!({ "id": user }),
        ),
        (
            "organization.roleAssignments",
            in_organization(&format!("roleAssignments {{ nodes {{ {ASSIGNMENT} }} totalCount }}")),
            json!({ "id": ann.organization }),
        ),
        (
            "account.roleAssignments",
            in_account(&format!("roleAssignments {{ nodes {{ {ASSIGNMENT} }} totalCount }}")),
            json!({ "id": ann.account }),
        ),
    ]
}

both!(
    /// Every list takes the same number of statements with few rows and with many.
    every_list_takes_as_many_statements_with_many_rows,
    roomy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        grow(&ann, &bob, 0, 2).await;
        let named: BTreeSet<String> =
            lists(&ann, &bob).into_iter().map(|(name, ..)| name.to_owned()).collect();
        assert_eq!(named, connections(), "each list of the schema is here, and no other");
        let mut few = Vec::new();
        for (_, query, variables) in lists(&ann, &bob) {
            few.push(cost(&ann, &query, &variables).await);
        }
        grow(&ann, &bob, 2, 50).await;
        let mut more = Vec::new();
        for ((name, query, variables), before) in lists(&ann, &bob).into_iter().zip(few) {
            let after = cost(&ann, &query, &variables).await;
            if after != before {
                more.push(format!("{name}: {before} statements, then {after}"));
            }
        }
        assert!(more.is_empty(), "{more:#?}");
    }
);

/// Every field of the schema that is a connection, as `type.field`.
fn connections() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let name = definition.node.name.node.to_string();
        let (first, rest) = name.split_at(1);
        for field in object.fields.iter().map(|field| &field.node) {
            if field.ty.node.to_string().trim_end_matches('!').ends_with("Connection") {
                found.insert(format!("{}{rest}.{}", first.to_lowercase(), field.name.node));
            }
        }
    }
    found
}

/// More of everything that there are lists of.
async fn grow(ann: &Person, bob: &str, from: usize, to: usize) {
    if from == 0 {
        joining::Domain::new("elsewhere.example", JoinPolicy::Request).of(ann).await;
    }
    let keys = json!({ "first": 20, "filter": { "kind": "BUILT_IN" } });
    let keys = ann.ask("Roles", keys).await.texts("/roles/nodes", "/key");
    people(ann, from, to).await;
    for (n, key) in keys.iter().cycle().enumerate().take(to).skip(from) {
        let top = ann.create_account(&format!("Account {n}"), None).await;
        ann.create_account(&format!("Below {n}"), Some(&top)).await;
        ann.create_account(&format!("Sub {n}"), Some(&ann.account)).await;
        let email = format!("i{n}@invited.example");
        ann.invite(&email, &[("account_developer", &top)]).await.done("inviteUsers");
        let own = format!("own_{n}");
        make_role(ann, &own, &["account.access.use", "studio.flow.read"]).await;
        let machine = service_user::machine(ann, &format!("Machine {n}"), &[(&own, &top)]).await;
        service_user::key(ann, &machine).await;
        give(ann, bob, &[(key, &top), (&own, &top)]).await;
        let group = make_group(ann, &format!("Group {n}")).await;
        link(ann, &group, &[&top, &ann.account]).await.done("linkAccounts");
        rule(ann, &format!("d{n}.example"), "BLOCK").await.done("setEmailDomainRule");
        let claim = Claim::of(ann, &format!("own{n}.example")).await;
        let given = json!({ "joinRoleKey": own, "joinAccountId": top });
        update(ann, &claim.id, given).await.done("updateEmailDomain");
        // Ann administers another organization.
        let owner = format!("owner{n}@elsewhere.example");
        let zoe = ann.server.sign_up("Zoe", &owner, &format!("Elsewhere {n}")).await;
        make_role(&zoe, &own, &["account.access.use"]).await;
        link(&zoe, &make_group(&zoe, "Theirs").await, &[&zoe.account]).await.done("linkAccounts");
        welcome(&zoe, ann, &[("organization_admin", &zoe.organization)]).await;
        offered(&zoe, &zoe.organization, &ann.id).await;
        offered(&zoe, &zoe.account, &ann.id).await;
        offered(ann, &top, bob).await;
        asked(ann, &top, &zoe.organization).await;
        joining::prove(&zoe).await;
        let request = joining::asked(&zoe, &ann.organization).await;
        if n % 2 == 0 {
            joining::decline(ann, &request).await.done("declineJoinRequest");
        }
    }
}

both!(
    /// The catalogue's roles come from memory: the list takes the one statement that tells who asks.
    roles_take_one_statement,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let document = operations::document("Roles");
        for first in [1, 100] {
            assert_eq!(cost(&ann, &document, &json!({ "first": first })).await, 1);
        }
        // Custom roles that one holds come along in that statement, and decide without another.
        make_role(&ann, "own", &["account.access.use", "studio.flow.read"]).await;
        make_role(&ann, "own_too", &["account.access.use"]).await;
        let (own, main) = ([("own", &*ann.account), ("own_too", &ann.account)], &ann.account);
        let bob = ann.colleague("Bob", "bob@acme.example", &own).await;
        let query = "query($id: ID!) { account(id: $id) { viewerRoles { key permissions { key } }
            viewerPermissions } }";
        let (answer, statements) = server.statements(bob.send(query, json!({ "id": main }))).await;
        assert_eq!(answer.texts("/account/viewerRoles", "/key"), ["own", "own_too"]);
        assert_eq!(statements.len(), 2, "who asks, and the account: {statements:#?}");
    }
);

both!(
    /// Lists within lists take as many statements for many parents as for few.
    lists_within_lists_are_read_together,
    roomy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let of = |list: &str| format!("query($id: ID!) {{ organization(id: $id) {{ {list} }} }}");
        let mine = |list: &str| format!("{{ viewer {{ organizations {{ nodes {{ {list} }} }} }} }}");
        let page = "(first: 5) { nodes { id } totalCount }";
        let held = format!("roleAssignments{page}");
        let by_scope = "roleAssignmentsByScope(first: 5) { nodes { roleAssignments { id } } totalCount }";
        let own = "(first: 5, filter: { roleKey: \"own_0\" }) { nodes { id } }";
        let cases = [
            of(&format!("users {{ nodes {{ {held} }} }}")),
            of(&format!("users {{ nodes {{ {by_scope} }} }}")),
            of(&format!("roleAssignments {{ nodes {{ user {{ {held} }} }} }}")),
            of(&format!("invitations {{ nodes {{ invitedBy {{ {held} }} }} }}")),
            of(&format!("accounts {{ nodes {{ owner {{ {held} }} }} }}")),
            of(&format!("accounts {{ nodes {{ subaccounts{page} }} }}")),
            of(&format!("accounts {{ nodes {{ users{page} {held} }} }}")),
            of(&format!("accounts {{ nodes {{ users{own} roleAssignments{own} }} }}")),
            of(&format!("accountMoves {{ nodes {{ askedBy {{ {held} }} }} }}")),
            of(&format!("joinRequests {{ nodes {{ user {{ {held} }} endedBy {{ {held} }} }} }}")),
            mine("customRoles(first: 5) { nodes { id organization { name } } totalCount }"),
            mine(&format!("billingGroups(first: 5) {{ nodes {{ accounts{page} }} totalCount }}")),
            mine("emailDomainRules(first: 5) { nodes { domain createdBy { name } } totalCount }"),
            mine("emailDomains(first: 5) { nodes { domain setBy { name } } totalCount }"),
            mine(&held),
            mine(&format!("users{page}")),
            mine(&format!("accounts{page}")),
            mine(&format!("invitations{page}")),
            mine(&format!("accountMoves{page}")),
            mine(&format!("joinRequests{page}")),
            mine(&format!("auditEvents{page}")),
        ];
        let variables = json!({ "id": ann.organization });
        grow(&ann, &bob, 0, 2).await;
        let mut few = Vec::new();
        for query in &cases {
            few.push(cost(&ann, query, &variables).await);
        }
        grow(&ann, &bob, 2, 7).await;
        for n in 0..40 {
            ann.create_account(&format!("More {n}"), None).await;
        }
        for (query, few) in cases.iter().zip(few) {
            assert_eq!(cost(&ann, query, &variables).await, few, "{query}");
        }
    }
);

both!(
    /// What is done to many at once takes as many statements as to one.
    bulk_mutations_take_as_many_statements_for_many,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let eve = plant::member(&server, &ann.organization, "Eve").await;
        let keys = json!({ "first": 20, "filter": { "kind": "BUILT_IN" } });
        let keys = ann.ask("Roles", keys).await.texts("/roles/nodes", "/key");
        let grants: Vec<(&str, &str)> = keys
            .iter()
            .flat_map(|key| [(key.as_str(), ann.account.as_str()), (key.as_str(), sub.as_str())])
            .collect();
        let (one, few) = server.statements(give(&ann, &bob, &grants[..2])).await;
        let (all, many) = server.statements(give(&ann, &eve, &grants)).await;
        assert_eq!(all.len(), 40);
        assert_eq!(few.len(), many.len(), "assignRoles: {many:#?}");

        let first: Vec<&str> = one[..1].iter().map(String::as_str).collect();
        let rest: Vec<&str> = all.iter().map(String::as_str).collect();
        let (answer, few) = server.statements(remove(&ann, &first)).await;
        answer.done("removeRoleAssignments");
        let (answer, many) = server.statements(remove(&ann, &rest)).await;
        answer.done("removeRoleAssignments");
        assert_eq!(few.len(), many.len(), "removeRoleAssignments: {many:#?}");

        let invite = async |from: usize, to: usize| {
            let invitees: Vec<Value> =
                (from..to).map(|n| json!({ "email": format!("i{n}@invited.example") })).collect();
            let input = json!({ "organizationId": ann.organization, "invitees": invitees,
                "grants": [{ "roleKey": "account_developer", "scopeId": ann.account }] });
            let (answer, statements) = server.statements(ann.call("InviteUsers", input)).await;
            let results = answer.done("inviteUsers");
            assert_eq!(results.texts("/inviteUsers/results", "/outcome").len(), to - from);
            statements
        };
        let few = invite(0, 1).await;
        let many = invite(1, 51).await;
        assert_eq!(few.len(), many.len(), "inviteUsers: {many:#?}");
    }
);
