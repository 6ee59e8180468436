//! Reading the record of changes (R70).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, both};

/// An organization's record, as somebody asks for it.
async fn record(person: &Person, filter: Value, window: Value) -> Answer {
    let query = "query($id: ID!, $filter: AuditEventFilter, $orderBy: AuditEventOrder, $first: Int,
        $after: String, $last: Int, $before: String) { organization(id: $id) { auditEvents(
            filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last,
            before: $before) {
                nodes { id action actor { name } actorId targetId before after networkAddress
                    requestId createdAt organization { name } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } } }";
    let mut variables = json!({ "id": person.organization, "filter": filter });
    for (name, value) in window.as_object().unwrap() {
        variables[name] = value.clone();
    }
    person.send(query, variables).await
}

const NODES: &str = "/organization/auditEvents/nodes";

both!(
    /// Administrators read who did what to what, when and from where, before and after; others do not,
    /// though they see the organization.
    r70_administrators_read_the_record,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let rename = "mutation($input: UpdateOrganizationInput!) {
            updateOrganization(input: $input) { userErrors { code } } }";
        let body = json!({ "query": rename, "variables": { "input": {
            "organizationId": ann.organization, "name": "Acme Ltd." } } });
        server.pass(TimeDelta::minutes(1));
        let request = server.http.post(format!("{}/graphql", server.url)).json(&body);
        let response = request.bearer_auth(&ann.access_token).send().await.unwrap();
        let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();

        let event = record(&ann, json!({}), json!({ "first": 1 })).await;
        let event = event.at(&format!("{NODES}/0"));
        assert_eq!(event["action"], "organization.updated");
        assert_eq!((&event["actor"]["name"], &event["actorId"]), (&json!("Ann"), &json!(ann.id)));
        assert_eq!(event["targetId"], json!(ann.organization));
        assert_eq!(event["before"]["name"], "Acme");
        assert_eq!(event["after"]["name"], "Acme Ltd.");
        assert_eq!(event["networkAddress"], "127.0.0.1");
        assert_eq!(event["requestId"], json!(request_id));
        assert_eq!(event["createdAt"], "2026-03-02T09:01:00+00:00");
        assert_eq!(event["organization"]["name"], "Acme Ltd.");

        let node = "query($id: ID!) { node(id: $id) { ... on AuditEvent { action } } }";
        let by_id = json!({ "id": event["id"] });
        assert_eq!(ann.send(node, by_id.clone()).await.text("/node/action"), "organization.updated");
        let admin = [("organization_admin", ann.organization.as_str())];
        let ada = ann.colleague("Ada", "ada@acme.example", &admin).await;
        assert_eq!(ada.send(node, by_id.clone()).await.text("/node/action"), "organization.updated");
        let roles = [("account_administrator", ann.account.as_str())];
        let bob = ann.colleague("Bob", "bob@acme.example", &roles).await;
        let refused = record(&bob, json!({}), json!({})).await;
        assert_eq!(refused.error(), "FORBIDDEN");
        let missing = &refused.body["errors"][0]["extensions"]["permission"];
        assert_eq!(missing, "organization.audit.read");
        assert_eq!(bob.send(node, by_id).await.at("/node"), &Value::Null);
    }
);

both!(
    /// The record is narrowed by action, actor, target and time, and paged both ways without a repeated or
    /// a missing event, whatever is written meanwhile.
    r70_filters_and_cursors,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let ada = ann.colleague("Ada", "ada@acme.example", &admin).await;
        server.pass(TimeDelta::minutes(5));
        let since = server.now();
        let mut made = Vec::new();
        for n in 0..3 {
            made.push(ada.create_account(&format!("Account {n}"), None).await);
            server.pass(TimeDelta::minutes(1));
        }
        ann.invite("carl@corp.example", &[("account_developer", &made[0])]).await.done("inviteUsers");

        let found = async |filter: Value| {
            let order = json!({ "orderBy": { "direction": "ASC" } });
            let answer = record(&ann, filter, order).await;
            let actions = answer.texts(NODES, "/action");
            assert_eq!(answer.at("/organization/auditEvents/totalCount"), &json!(actions.len()));
            (actions, answer.texts(NODES, "/targetId"))
        };
        let accounts = json!({ "actions": ["account.created"], "since": since });
        assert_eq!(found(accounts.clone()).await.1, made);
        let kinds = json!({ "actions": ["account.created", "invitation.created", "account.created"],
            "since": since });
        assert_eq!(found(kinds).await.0, [
            "account.created", "account.created", "account.created", "invitation.created"
        ]);
        assert_eq!(found(json!({ "actorId": ada.id, "since": since })).await.1, made);
        assert_eq!(found(json!({ "targetId": made[1] })).await.0, ["account.created"]);
        let until = since + TimeDelta::minutes(1);
        assert_eq!(found(json!({ "since": since, "until": until })).await.1, made[..1]);
        assert_eq!(found(json!({ "actions": ["no.such"] })).await.0.len(), 0);

        // One event a page, forwards and backwards; meanwhile another one is written.
        let mut walked = Vec::new();
        let mut after = Value::Null;
        for _ in 0..3 {
            let page = record(&ann, accounts.clone(), json!({ "first": 1, "after": after })).await;
            walked.extend(page.texts(NODES, "/targetId"));
            after = page.at("/organization/auditEvents/pageInfo/endCursor").clone();
            ada.create_account("Meanwhile", None).await;
        }
        walked.reverse();
        assert_eq!(walked, made);
        let back = record(&ann, accounts, json!({ "last": 2, "before": after })).await;
        assert_eq!(back.texts(NODES, "/targetId"), [made[2].clone(), made[1].clone()]);

        for (filter, field) in [
            (json!({ "targetId": "nothing" }), "targetId"),
            (json!({ "actions": ["a\u{0}b"] }), "actions"),
            (json!({ "actions": (0..21).map(|n| n.to_string()).collect::<Vec<_>>() }), "actions"),
        ] {
            let refused = record(&ann, filter, json!({})).await;
            assert_eq!(refused.error(), "BAD_USER_INPUT");
            assert_eq!(refused.body["errors"][0]["extensions"]["field"], field);
        }
    }
);

both!(
    /// Everybody reads what is their own affair, and nobody else does; organizations' affairs are not
    /// among it.
    r70_a_person_reads_their_own_record,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        server.pass(TimeDelta::minutes(1));
        let ann = server.sign_in("Ann", &ann.email).await;
        server.pass(TimeDelta::minutes(1));
        server.ask("RequestPasswordReset", json!({ "input": { "email": ann.email } })).await;
        while server.audit("user.password_reset_requested").await.is_empty() {
            tokio::task::yield_now().await;
        }
        let query = "query($filter: AuditEventFilter) { viewer { auditEvents(filter: $filter) {
            nodes { id action actorId organization { id } } totalCount } } }";
        let mine = ann.send(query, json!({})).await;
        let actions = mine.texts("/viewer/auditEvents/nodes", "/action");
        assert_eq!(actions[..2], ["user.password_reset_requested", "session.started"]);
        assert_eq!(mine.at("/viewer/auditEvents/totalCount"), &json!(actions.len()));
        for event in mine.at("/viewer/auditEvents/nodes").as_array().unwrap() {
            assert_eq!(event["organization"], Value::Null);
            let node = "query($id: ID!) { node(id: $id) { id } }";
            let by_id = json!({ "id": event["id"] });
            assert_eq!(ann.send(node, by_id.clone()).await.at("/node/id"), &event["id"]);
            assert_eq!(zoe.send(node, by_id).await.at("/node"), &Value::Null);
        }
        let theirs = zoe.send(query, json!({ "filter": { "actorId": ann.id } })).await;
        assert_eq!(theirs.at("/viewer/auditEvents/totalCount"), 0);
    }
);

both!(
    /// R2: where somebody worked before they came is nobody's business in another organization.
    r2_the_record_tells_nothing_of_other_organizations,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let grants = [("account_developer", ann.account.as_str())];
        ann.invite(&bob.email, &grants).await.done("inviteUsers");
        let token = server.invitation_token(&bob.email).await;
        bob.call("AcceptInvitation", json!({ "token": token })).await.done("acceptInvitation");
        let input = json!({ "accountId": ann.account });
        bob.call("SwitchAccount", input).await.done("switchAccount");
        let filter = json!({ "actions": ["session.switched_account"] });
        let told = record(&ann, filter, json!({ "first": 10 })).await;
        assert_eq!(told.at(NODES).as_array().unwrap().len(), 1, "{:#}", told.body);
        assert!(!told.body.to_string().contains(&bob.account), "{:#}", told.body);
    }
);
