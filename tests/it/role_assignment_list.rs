//! Role assignments as an administrator lists them: an organization's, an account's, and a user's by
//! scope (R31).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::roles::{give, give_about};
use crate::support::{Answer, Person, Server, both, plant};

const WINDOW: &str = "$first: Int, $after: String, $last: Int, $before: String";
const PAGE: &str = "first: $first, after: $after, last: $last, before: $before";
const NODES: &str = "edges { cursor node { id role { key } user { name }
    scope { ... on Organization { name } ... on Account { name } } } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

/// An organization's assignments, as somebody sees them.
async fn of_organization(person: &Person, organization: &str, mut arguments: Value) -> Answer {
    let query = format!(
        "query($id: ID!, $filter: RoleAssignmentFilter, {WINDOW}) {{ organization(id: $id) {{
            roleAssignments({PAGE}, filter: $filter) {{ {NODES} }} }} }}"
    );
    arguments["id"] = json!(organization);
    person.send(&query, arguments).await
}

/// An account's assignments, as somebody sees them.
async fn of_account(person: &Person, account: &str, filter: Value) -> Answer {
    let query = format!(
        "query($id: ID!, $filter: RoleAssignmentFilter) {{ account(id: $id) {{
            roleAssignments(filter: $filter) {{ {NODES} }} }} }}"
    );
    person.send(&query, json!({ "id": account, "filter": filter })).await
}

/// `name: role @ scope` of each row; the total agrees.
fn rows(answer: &Answer, path: &str) -> Vec<String> {
    let edges = answer.at(path)["edges"].as_array().unwrap();
    assert_eq!(answer.at(path)["totalCount"], json!(edges.len()));
    let text = |node: &Value, path: &str| node.pointer(path).unwrap().as_str().unwrap().to_owned();
    let row = |edge: &Value| {
        let node = &edge["node"];
        let (name, role) = (text(node, "/user/name"), text(node, "/role/key"));
        format!("{name}: {role} @ {}", text(node, "/scope/name"))
    };
    edges.iter().map(row).collect()
}

const ALL: &str = "/organization/roleAssignments";

/// Ann's organization with Bob and Eve in it, and the ids of her second account and its subaccount.
async fn company(server: &Server) -> (Person, String, String, Vec<String>) {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let next = || server.pass(TimeDelta::seconds(1));
    next();
    let desk = ann.create_account("Desk", None).await;
    next();
    let night = ann.create_account("Night", Some(&desk)).await;
    let ids = plant::members(
        server,
        &ann.organization,
        &[("Bob", "bob@x.example"), ("Eve", "eve@x.example")],
    )
    .await;
    let main = ann.account.as_str();
    for (user, role, scope) in [
        (0, "account_developer", main),
        (1, "account_developer", &*desk),
        (0, "studio_viewer", &*night),
        (1, "studio_viewer", &*ann.organization),
    ] {
        next();
        give(&ann, &ids[user], &[(role, scope)]).await;
    }
    (ann, desk, night, ids)
}

both!(
    /// R31: an organization's assignments, oldest first, each with its user, role and scope; narrowed by
    /// user, role and account, and all of these at once.
    r31_the_assignments_of_an_organization,
    |server: Server| async move {
        let (ann, desk, night, ids) = company(&server).await;
        let listed = async |filter: Value| {
            let arguments = json!({ "first": 50, "filter": filter });
            rows(&of_organization(&ann, &ann.organization, arguments).await, ALL)
        };
        let everything = listed(json!({})).await;
        let mut first = everything[..2].to_vec();
        first.sort();
        assert_eq!(first, ["Ann: account_owner @ Acme Main", "Ann: organization_owner @ Acme"]);
        assert_eq!(everything[2..], [
            "Ann: account_owner @ Desk",
            "Bob: account_developer @ Acme Main",
            "Eve: account_developer @ Desk",
            "Bob: studio_viewer @ Night",
            "Eve: studio_viewer @ Acme",
        ]);
        let cases: [(Value, &[&str]); 7] = [
            (
                json!({ "userId": ids[0] }),
                &["Bob: account_developer @ Acme Main", "Bob: studio_viewer @ Night"],
            ),
            (
                json!({ "roleKey": "account_developer" }),
                &["Bob: account_developer @ Acme Main", "Eve: account_developer @ Desk"],
            ),
            (
                json!({ "accountId": desk }),
                &["Ann: account_owner @ Desk", "Eve: account_developer @ Desk"],
            ),
            (json!({ "accountId": night }), &["Bob: studio_viewer @ Night"]),
            (
                json!({ "accountId": desk, "roleKey": "account_developer", "userId": ids[1] }),
                &["Eve: account_developer @ Desk"],
            ),
            (json!({ "accountId": desk, "userId": ids[0] }), &[]),
            (json!({ "userId": plant::unknown(&ids[0]) }), &[]),
        ];
        for (filter, expected) in cases {
            assert_eq!(listed(filter.clone()).await, expected, "{filter}");
        }
        for filter in [json!({ "roleKey": "account_wizard" }), json!({ "userId": desk })] {
            let answer = of_organization(&ann, &ann.organization, json!({ "filter": filter })).await;
            assert_eq!(answer.error(), "BAD_USER_INPUT", "{filter}");
        }
        let desk_rows = of_account(&ann, &desk, json!({})).await;
        let path = "/account/roleAssignments";
        let at_desk = ["Ann: account_owner @ Desk", "Eve: account_developer @ Desk"];
        assert_eq!(rows(&desk_rows, path), at_desk, "its subaccount's are the subaccount's");
        let narrowed = of_account(&ann, &desk, json!({ "userId": ids[1] })).await;
        assert_eq!(rows(&narrowed, path), at_desk[1..]);
        let elsewhere = of_account(&ann, &desk, json!({ "accountId": night })).await;
        assert!(rows(&elsewhere, path).is_empty());
    }
);

both!(
    /// R16, R31: assignments that still stand, and those whose end has passed.
    r31_assignments_that_stand_and_that_are_over,
    |server: Server| async move {
        let (ann, desk, _, ids) = company(&server).await;
        let until = server.now() + TimeDelta::hours(1);
        let grant = json!({ "roleKey": "account_support", "scopeId": desk, "validUntil": until });
        let input = json!({ "userId": ids[0], "grants": [grant] });
        ann.call("AssignRoles", input).await.done("assignRoles");
        let listed = async |validity: &str| {
            let filter = json!({ "validity": validity, "userId": ids[0] });
            rows(&of_organization(&ann, &ann.organization, json!({ "filter": filter })).await, ALL)
        };
        assert_eq!(listed("STANDING").await.len(), 3);
        assert!(listed("OVER").await.is_empty());
        server.pass(TimeDelta::hours(1));
        // Ann's token is over, too.
        let ann = server.sign_in("Ann", "ann@acme.example").await;
        let listed = async |validity: &str| {
            let filter = json!({ "validity": validity, "userId": ids[0] });
            rows(&of_organization(&ann, &ann.organization, json!({ "filter": filter })).await, ALL)
        };
        assert_eq!(listed("STANDING").await.len(), 2, "over from that instant on");
        assert_eq!(listed("OVER").await, ["Bob: account_support @ Desk"]);
    }
);

both!(
    /// R2, R20: who administers an account sees what is assigned there and in its subaccounts; others are
    /// forbidden to look, or there is nothing to look at.
    r20_assignments_are_shown_to_those_who_administer,
    |server: Server| async move {
        let (ann, desk, night, _) = company(&server).await;
        let adam =
            ann.colleague("Adam", "adam@x.example", &[("account_administrator", &desk)]).await;
        let dev = ann.colleague("Dev", "dev@x.example", &[("account_developer", &desk)]).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let organization = ann.organization.as_str();
        let seen = of_organization(&adam, organization, json!({})).await;
        let expected = [
            "Ann: account_owner @ Desk",
            "Eve: account_developer @ Desk",
            "Bob: studio_viewer @ Night",
            "Adam: account_administrator @ Desk",
            "Dev: account_developer @ Desk",
        ];
        let mut shown = rows(&seen, ALL);
        shown.sort();
        let mut sorted = expected;
        sorted.sort_unstable();
        assert_eq!(shown, sorted);
        let filter = json!({ "filter": { "accountId": ann.account } });
        assert!(rows(&of_organization(&adam, organization, filter).await, ALL).is_empty());
        let below = of_account(&adam, &night, json!({})).await;
        assert_eq!(rows(&below, "/account/roleAssignments"), ["Bob: studio_viewer @ Night"]);

        assert_eq!(of_organization(&dev, organization, json!({})).await.error(), "FORBIDDEN");
        assert_eq!(of_account(&dev, &desk, json!({})).await.error(), "FORBIDDEN");
        assert_eq!(of_account(&adam, &ann.account, json!({})).await.error(), "NOT_FOUND");
        assert_eq!(of_organization(&zoe, organization, json!({})).await.error(), "NOT_FOUND");
        assert_eq!(of_account(&zoe, &desk, json!({})).await.error(), "NOT_FOUND");
        let theirs = json!({ "filter": { "accountId": desk } });
        assert!(rows(&of_organization(&zoe, &zoe.organization, theirs).await, ALL).is_empty());
    }
);

both!(
    /// R31: pages forward and backward are the list, also for who sees a part of it.
    r31_pages_of_assignments_put_together_are_the_list,
    |server: Server| async move {
        let (ann, desk, _, _) = company(&server).await;
        let adam =
            ann.colleague("Adam", "adam@x.example", &[("account_administrator", &desk)]).await;
        let ids = |page: &Answer| page.texts(&format!("{ALL}/edges"), "/node/id");
        for person in [&ann, &adam] {
            let ask = |arguments| of_organization(person, &ann.organization, arguments);
            let whole = ids(&ask(json!({ "first": 100 })).await);
            assert!(whole.len() >= 4);
            let (mut forward, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = ask(json!({ "first": 2, "after": after })).await;
                assert_eq!(page.at(ALL)["totalCount"], json!(whole.len()));
                forward.extend(ids(&page));
                after = page.at(ALL)["pageInfo"]["endCursor"].clone();
                if page.at(ALL)["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(forward, whole);
            let (mut backward, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = ask(json!({ "last": 3, "before": before })).await;
                backward.splice(..0, ids(&page));
                before = page.at(ALL)["pageInfo"]["startCursor"].clone();
                if page.at(ALL)["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(backward, whole);
        }
    }
);

const BY_SCOPE: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $id) { ... on User { roleAssignmentsByScope(first: $first, after: $after, last: $last,
        before: $before) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { scope { ... on Organization { name } ... on Account { name } }
            roleAssignments { role { key } resource { ... on BillingGroup { name } } } } } } } }";

/// A user's scopes, each with `role` or `role about resource`.
fn groups(answer: &Answer) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| match row.pointer("/resource/name") {
        Some(resource) => format!("{} about {}", text(&row["role"]["key"]), text(resource)),
        None => text(&row["role"]["key"]),
    };
    let nodes = answer.at("/node/roleAssignmentsByScope/nodes").as_array().unwrap().clone();
    nodes
        .iter()
        .map(|group| {
            let rows = group["roleAssignments"].as_array().unwrap();
            (text(&group["scope"]["name"]), rows.iter().map(row).collect())
        })
        .collect()
}

both!(
    /// R31: a user's assignments grouped by scope: the organization first, then accounts by name; each
    /// resource assignment is a row of its own; paged by scope.
    r31_a_users_assignments_are_grouped_by_scope,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zebra = ann.create_account("Zebra", None).await;
        let apple = ann.create_account("apple", Some(&zebra)).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let organization = ann.organization.as_str();
        let groups_of = [("East", [zebra.as_str()]), ("West", [ann.account.as_str()])];
        for (role, scope) in [
            ("account_developer", &*zebra),
            ("studio_viewer", &*zebra),
            ("studio_viewer", &*apple),
            ("account_support", &*ann.account),
            ("studio_viewer", organization),
        ] {
            server.pass(TimeDelta::seconds(1));
            give(&ann, &bob, &[(role, scope)]).await;
        }
        for (name, accounts) in groups_of {
            server.pass(TimeDelta::seconds(1));
            let group = plant::billing_group(&server, organization, name, &accounts).await;
            give_about(&ann, &bob, "billing_group_admin", &group).await;
        }
        let ask = async |mut arguments: Value| {
            arguments["id"] = json!(bob);
            ann.send(BY_SCOPE, arguments).await
        };
        let whole = groups(&ask(json!({})).await);
        let expected: [(&str, &[&str]); 4] = [
            (
                "Acme",
                &["studio_viewer", "billing_group_admin about East", "billing_group_admin about West"],
            ),
            ("Acme Main", &["account_support"]),
            ("apple", &["studio_viewer"]),
            ("Zebra", &["account_developer", "studio_viewer"]),
        ];
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(name, rows)| ((*name).to_owned(), rows.iter().map(|row| (*row).to_owned()).collect()))
            .collect();
        assert_eq!(whole, expected);

        let path = "/node/roleAssignmentsByScope";
        let first = ask(json!({ "first": 3 })).await;
        assert_eq!(groups(&first), expected[..3]);
        assert_eq!(first.at(path)["totalCount"], 4, "scopes, not assignments");
        assert_eq!(first.at(path)["pageInfo"]["hasNextPage"], true);
        let end = first.at(path)["pageInfo"]["endCursor"].clone();
        let second = ask(json!({ "first": 3, "after": end })).await;
        assert_eq!(groups(&second), expected[3..]);
        assert_eq!(second.at(path)["pageInfo"]["hasNextPage"], false);
        let last = ask(json!({ "last": 2 })).await;
        assert_eq!(groups(&last), expected[2..]);
        let start = last.at(path)["pageInfo"]["startCursor"].clone();
        assert_eq!(groups(&ask(json!({ "last": 5, "before": start })).await), expected[..2]);
    }
);

both!(
    /// R31: by scope, too, others see what they administer, and everybody sees their own whole.
    r31_groups_by_scope_show_what_the_viewer_administers,
    |server: Server| async move {
        let (ann, desk, _, ids) = company(&server).await;
        let adam =
            ann.colleague("Adam", "adam@x.example", &[("account_administrator", &desk)]).await;
        let dev = ann.colleague("Dev", "dev@x.example", &[("account_developer", &desk)]).await;
        let names = async |person: &Person, id: &str| {
            let answer = person.send(BY_SCOPE, json!({ "id": id })).await;
            groups(&answer).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&ann, &ids[0]).await, ["Acme Main", "Night"]);
        assert_eq!(names(&adam, &ids[0]).await, ["Night"]);
        assert_eq!(names(&adam, &adam.id).await, ["Acme", "Desk"]);
        assert_eq!(names(&dev, &dev.id).await, ["Acme", "Desk"]);
        let unseen = dev.send(BY_SCOPE, json!({ "id": ids[0] })).await;
        assert_eq!(*unseen.at("/node"), Value::Null);
    }
);
