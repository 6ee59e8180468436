//! How PostgreSQL goes about the statements of the lists: what it reads, and in which way.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::crowd::Crowd;
use super::{Answer, Person, Server};

/// Tables that grow with people, whose rows no list may read one after the other.
const LARGE: [&str; 6] =
    ["users", "memberships", "role_assignments", "accounts", "invitations", "audit_events"];

/// A list as somebody asks for it.
pub(crate) struct Listing<'a> {
    /// What is listed, and by whom.
    pub(crate) name: String,
    pub(crate) person: &'a Person,
    query: String,
    variables: Value,
    /// Where the connection is in the answer.
    at: &'static str,
}

impl Listing<'_> {
    /// One page: the first, or the one behind a cursor, or the one before it.
    pub(crate) async fn page(&self, window: Value) -> Answer {
        let mut variables = self.variables.clone();
        for (name, value) in window.as_object().unwrap() {
            variables[name] = value.clone();
        }
        let answer = self.person.send(&self.query, variables).await;
        assert!(answer.body.get("errors").is_none(), "{}: {:#}", self.name, answer.body);
        answer
    }

    /// How many rows a page has.
    pub(crate) fn rows(&self, page: &Answer) -> usize {
        page.at(self.at)["nodes"].as_array().unwrap().len()
    }

    /// The position of a page's last row (or its first).
    pub(crate) fn cursor(&self, page: &Answer, which: &str) -> Value {
        page.at(self.at)["pageInfo"][which].clone()
    }
}

/// Every list, each in its orders, with its filters and searches, by those who see all and those who see
/// a part.
pub(crate) fn listings(crowd: &Crowd) -> Vec<Listing<'_>> {
    const WINDOW: &str = "$first: Int, $after: String, $last: Int, $before: String";
    const PAGE: &str = "first: $first, after: $after, last: $last, before: $before";
    const INFO: &str = "pageInfo { hasNextPage startCursor endCursor }";
    const USERS: &str = "nodes { id name email lastSignInAt membershipStatus }";
    const ASSIGNMENTS: &str = "nodes { id role { key } user { name } validUntil
        scope { ... on Organization { name } ... on Account { name parent { name } } } }";
    let mut all = Vec::new();
    let Crowd { ann, adam, bea, sid, few, many, person } = crowd;
    let people =
        [("all", ann), ("an account", adam), ("a large account", bea), ("a small one", sid)];

    let users = format!(
        "query($id: ID!, $filter: UserFilter, $orderBy: UserOrder, {WINDOW}) {{ organization(id: $id) {{
            users({PAGE}, filter: $filter, orderBy: $orderBy) {{ {USERS} {INFO} }} }} }}"
    );
    let order = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let by_name = order("NAME", "ASC");
    let found =
        |query: &str| (format!("found by {query:?}"), json!({ "query": query }), by_name.clone());
    let mut cases = vec![
        (
            "with a role that many have".to_owned(),
            json!({ "roleKey": "account_developer" }),
            by_name.clone(),
        ),
        (
            "with a role that few have".to_owned(),
            json!({ "roleKey": "organization_billing_admin" }),
            by_name.clone(),
        ),
        ("of an account".to_owned(), json!({ "accountId": few }), by_name.clone()),
        ("of a large account".to_owned(), json!({ "accountId": many }), by_name.clone()),
        (
            "with a role in an account".to_owned(),
            json!({ "accountId": many, "roleKey": "account_developer" }),
            by_name.clone(),
        ),
        ("suspended".to_owned(), json!({ "status": "SUSPENDED" }), order("EMAIL", "DESC")),
        ("active".to_owned(), json!({ "status": "ACTIVE" }), order("LAST_SIGN_IN", "ASC")),
        found("zoe"),
        found("roth 1"),
        found("branch 77"),
        found("branch"),
        found("person"),
        found("nobody at all"),
        found(person),
    ];
    for field in ["NAME", "EMAIL", "LAST_SIGN_IN"] {
        for direction in ["ASC", "DESC"] {
            let name = format!("by {field} {direction}");
            cases.push((name, json!({}), order(field, direction)));
        }
    }
    for (who, viewer) in people {
        let organization =
            if std::ptr::eq(viewer, sid) { &sid.organization } else { &ann.organization };
        for (what, filter, order) in &cases {
            all.push(Listing {
                name: format!("organization.users {what}, by who administers {who}"),
                person: viewer,
                query: users.clone(),
                variables: json!({ "id": organization, "filter": filter, "orderBy": order }),
                at: "/organization/users",
            });
        }
        let assignments = format!(
            "query($id: ID!, $filter: RoleAssignmentFilter, {WINDOW}) {{ organization(id: $id) {{
                roleAssignments({PAGE}, filter: $filter) {{ {ASSIGNMENTS} {INFO} }} }} }}"
        );
        for (what, filter) in [
            ("all", json!({})),
            ("of a user", json!({ "userId": person })),
            ("of a role that many have", json!({ "roleKey": "account_developer" })),
            ("of a role that few have", json!({ "roleKey": "organization_billing_admin" })),
            ("at an account", json!({ "accountId": many })),
            ("of a role at an account", json!({ "accountId": many, "roleKey": "studio_viewer" })),
            ("standing", json!({ "validity": "STANDING" })),
            ("over", json!({ "validity": "OVER" })),
            ("over at an account", json!({ "validity": "OVER", "accountId": many })),
        ] {
            all.push(Listing {
                name: format!("organization.roleAssignments {what}, by who administers {who}"),
                person: viewer,
                query: assignments.clone(),
                variables: json!({ "id": organization, "filter": filter }),
                at: "/organization/roleAssignments",
            });
        }
        let invitations = format!(
            "query($id: ID!, $filter: InvitationFilter, {WINDOW}) {{ organization(id: $id) {{
                invitations({PAGE}, filter: $filter) {{
                    nodes {{ id email status invitedBy {{ name }} grants {{ role {{ key }} }} }}
                    {INFO} }} }} }}"
        );
        for (what, filter) in [
            ("all", json!({})),
            ("pending", json!({ "status": "PENDING" })),
            ("expired", json!({ "status": "EXPIRED" })),
            ("revoked", json!({ "status": "REVOKED" })),
            ("found by address", json!({ "email": "guest.177" })),
            ("to an account", json!({ "accountId": few })),
            ("declined or revoked", json!({ "statuses": ["DECLINED", "REVOKED"] })),
            ("of an inviter", json!({ "invitedById": person })),
            ("whose mail failed", json!({ "delivery": "FAILED" })),
        ] {
            all.push(Listing {
                name: format!("organization.invitations {what}, by who administers {who}"),
                person: viewer,
                query: invitations.clone(),
                variables: json!({ "id": organization, "filter": filter }),
                at: "/organization/invitations",
            });
        }
        let accounts = "nodes { id name status owner { name } parent { name } }";
        all.push(Listing {
            name: format!("organization.accounts, by who administers {who}"),
            person: viewer,
            query: format!(
                "query($id: ID!, {WINDOW}) {{ organization(id: $id) {{
                    accounts({PAGE}) {{ {accounts} {INFO} }} }} }}"
            ),
            variables: json!({ "id": organization }),
            at: "/organization/accounts",
        });
        all.push(Listing {
            name: format!("viewer.accounts, by who administers {who}"),
            person: viewer,
            query: format!(
                "query({WINDOW}) {{ viewer {{ accounts({PAGE}) {{ {accounts} {INFO} }} }} }}"
            ),
            variables: json!({}),
            at: "/viewer/accounts",
        });
        all.push(Listing {
            name: format!("viewer.organizations, by who administers {who}"),
            person: viewer,
            query: format!(
                "query({WINDOW}) {{ viewer {{ organizations({PAGE}) {{
                    nodes {{ id name owner {{ name }} }} {INFO} }} }} }}"
            ),
            variables: json!({}),
            at: "/viewer/organizations",
        });
    }
    for (what, viewer, account) in
        [("a large account", ann, many), ("an account", adam, few), ("a large account", bea, many)]
    {
        for (list, arguments, nodes) in [
            ("users", "", USERS),
            ("users", ", filter: { query: \"roth\" }, orderBy: { field: EMAIL }", USERS),
            ("roleAssignments", "", ASSIGNMENTS),
            ("roleAssignments", ", filter: { roleKey: \"account_developer\" }", ASSIGNMENTS),
            ("subaccounts", "", "nodes { id name status owner { name } }"),
        ] {
            all.push(Listing {
                name: format!("account.{list}{arguments} of {what}, by {}", viewer.name),
                person: viewer,
                query: format!(
                    "query($id: ID!, {WINDOW}) {{ account(id: $id) {{
                        {list}({PAGE}{arguments}) {{ {nodes} {INFO} }} }} }}"
                ),
                variables: json!({ "id": account }),
                at: match list {
                    "users" => "/account/users",
                    "roleAssignments" => "/account/roleAssignments",
                    _ => "/account/subaccounts",
                },
            });
        }
    }
    for (list, at, nodes) in [
        ("roleAssignments", "/node/roleAssignments", ASSIGNMENTS),
        (
            "roleAssignmentsByScope",
            "/node/roleAssignmentsByScope",
            "nodes { scope { ... on Account { name } } roleAssignments { id role { key } } }",
        ),
    ] {
        all.push(Listing {
            name: format!("user.{list}"),
            person: ann,
            query: format!(
                "query($id: ID!, {WINDOW}) {{ node(id: $id) {{ ... on User {{
                    {list}({PAGE}) {{ {nodes} {INFO} }} }} }} }}"
            ),
            variables: json!({ "id": person }),
            at,
        });
    }
    all.extend(records(crowd));
    let nested = format!(
        "query($id: ID!, {WINDOW}) {{ organization(id: $id) {{ users({PAGE}) {{ nodes {{ id
            roleAssignments(first: 20) {{ {ASSIGNMENTS} }} }} {INFO} }} }} }}"
    );
    all.push(Listing {
        name: "organization.users with their roleAssignments".to_owned(),
        person: ann,
        query: nested,
        variables: json!({ "id": ann.organization }),
        at: "/organization/users",
    });
    all
}

/// The record of what was done: an organization's, and a person's own.
fn records(crowd: &Crowd) -> Vec<Listing<'_>> {
    let Crowd { ann, adam, sid, person, .. } = crowd;
    let (rare, common) = ("organization.updated", "role_assignment.created");
    let cases = [
        ("all", json!({})),
        ("of somebody who did little", json!({ "actorId": adam.id })),
        ("of who did most", json!({ "actorId": ann.id })),
        ("about something", json!({ "targetId": person })),
        ("of a rare kind", json!({ "actions": [rare] })),
        ("of several kinds", json!({ "actions": [rare, common, "no.such"] })),
        ("of one person and kind", json!({ "actorId": adam.id, "actions": [common] })),
        ("of a time", json!({ "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z" })),
    ];
    let list = "auditEvents(first: $first, after: $after, last: $last, before: $before,
        filter: $filter, orderBy: $order) {
            nodes { id action actor { name } targetId before after } pageInfo { endCursor } }";
    let declared = "$filter: AuditEventFilter, $order: AuditEventOrder,
        $first: Int, $after: String, $last: Int, $before: String";
    let mut all = Vec::new();
    for (viewer, direction) in [(ann, "DESC"), (ann, "ASC"), (sid, "DESC")] {
        for (what, filter) in &cases {
            let order = json!({ "direction": direction });
            let name = format!("auditEvents {what}, {direction}, of {}'s", viewer.name);
            all.push(Listing {
                name: format!("organization.{name}"),
                person: viewer,
                query: format!(
                    "query($id: ID!, {declared}) {{ organization(id: $id) {{ {list} }} }}"
                ),
                variables: json!({ "id": viewer.organization, "filter": filter, "order": order }),
                at: "/organization/auditEvents",
            });
            all.push(Listing {
                name: format!("viewer.{name}"),
                person: viewer,
                query: format!("query({declared}) {{ viewer {{ {list} }} }}"),
                variables: json!({ "filter": filter, "order": order }),
                at: "/viewer/auditEvents",
            });
        }
    }
    all
}

/// What was wrong with how statements were gone about, and how many rows they touched.
pub(crate) struct Examined {
    /// Each large table that was read from one end to the other, with its statement and plan.
    pub(crate) scans: Vec<String>,
    /// The most rows that one statement read.
    pub(crate) rows: u64,
}

/// Has PostgreSQL explain statements with their values, on the server's own connections.
pub(crate) async fn examine(server: &Server, statements: &[Statement]) -> Examined {
    let mut examined = Examined { scans: Vec::new(), rows: 0 };
    for statement in statements {
        if !statement.sql.starts_with("SELECT") && !statement.sql.starts_with("WITH") {
            continue;
        }
        let mut explain = statement.clone();
        explain.sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", statement.sql);
        let row = server.app.db.query_one_raw(explain).await.unwrap().unwrap();
        let plan: Value = row.try_get_by_index(0).unwrap();
        let mut rows = 0;
        walk(&plan[0]["Plan"], &mut |node| {
            let table = node["Relation Name"].as_str().unwrap_or_default();
            let count = |field: &str| node[field].as_f64().unwrap_or_default();
            let ran = count("Actual Loops");
            if LARGE.contains(&table) {
                let read = count("Actual Rows") + count("Rows Removed by Filter");
                rows += (read * ran) as u64;
            }
            if node["Node Type"] == "Seq Scan" && LARGE.contains(&table) && ran > 0.0 {
                examined.scans.push(format!("{table}: {}\n{plan:#}", statement.sql));
            }
        });
        examined.rows = examined.rows.max(rows);
    }
    examined
}

/// A plan's nodes.
fn walk(node: &Value, visit: &mut impl FnMut(&Value)) {
    visit(node);
    for below in node["Plans"].as_array().into_iter().flatten() {
        walk(below, visit);
    }
}
