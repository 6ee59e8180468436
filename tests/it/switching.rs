//! Which accounts a person can reach, and working in one or another of them (R62, R63).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use entity::account::{self, Status};
use entity::id::AccountId;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, both, operations};

/// What closing or suspending an account does to it.
pub(crate) async fn set_status(server: &Server, account: &str, status: Status) {
    let id: AccountId = account.parse().unwrap();
    let update = account::Entity::update_many()
        .col_expr(account::Column::Status, Expr::value(status))
        .filter(account::Column::Id.eq(id));
    assert_eq!(update.exec(&server.app.db).await.unwrap().rows_affected, 1);
}

/// Somebody with an organization of their own joins another one too.
async fn joins(admin: &Person, person: &Person, grants: &[(&str, &str)]) {
    admin.invite(&person.email, grants).await.done("inviteUsers");
    let token = admin.server.invitation_token(&person.email).await;
    person.call("AcceptInvitation", json!({ "token": token })).await.done("acceptInvitation");
}

/// Takes all of a user's roles at a scope away.
async fn loses_access(admin: &Person, user: &Person, scope: &str) {
    let input = json!({ "userId": user.id, "scopeId": scope });
    admin.call("RemoveRoleAssignments", input).await.done("removeRoleAssignments");
}

/// Each account that a person can reach: its name, its organization's, and the roles there.
async fn accounts(person: &Person) -> Vec<String> {
    let answer = person.ask("Viewer", json!({})).await;
    let nodes = answer.at("/viewer/accounts/nodes").as_array().unwrap();
    assert_eq!(*answer.at("/viewer/accounts/totalCount"), nodes.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .iter()
        .map(|node| {
            let roles: Vec<String> =
                node["viewerRoles"].as_array().unwrap().iter().map(|r| text(&r["key"])).collect();
            let (name, organization) = (text(&node["name"]), text(&node["organization"]["name"]));
            format!("{name} of {organization}: {}", roles.join(" "))
        })
        .collect()
}

/// The name of the account that a token works in.
async fn working_in(server: &Server, token: &str) -> Option<String> {
    let query = "{ viewer { currentAccount { name } } }";
    let answer = server.send(query, json!({}), Some(token), None).await;
    let account = answer.at("/viewer/currentAccount");
    account.get("name").map(|name| name.as_str().unwrap().to_owned())
}

/// The access token and the refresh token of a refresh.
async fn refresh(server: &Server, refresh_token: &str) -> (String, String) {
    let input = json!({ "input": { "refreshToken": refresh_token } });
    let answer = server.ask("RefreshSession", input).await.done("refreshSession");
    (
        answer.text("/refreshSession/tokens/accessToken"),
        answer.text("/refreshSession/tokens/refreshToken"),
    )
}

async fn switch(person: &Person, account: &str) -> Answer {
    person.call("SwitchAccount", json!({ "accountId": account })).await
}

both!(
    /// All that the person can work in, whoever it belongs to, and as what.
    r62_accounts_are_listed_across_organizations_with_the_roles_in_each,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let desk = ann.create_account("Desk", None).await;
        let night = ann.create_account("Night shift", Some(&desk)).await;
        ann.create_account("Secret", None).await;
        assert_eq!(accounts(&bob).await, ["Blue Main of Blue: account_owner organization_owner"]);

        joins(&ann, &bob, &[("account_developer", &desk), ("account_support", &night)]).await;
        let all = [
            "Blue Main of Blue: account_owner organization_owner",
            "Desk of Acme: account_developer",
            "Night shift of Acme: account_support account_developer",
        ];
        assert_eq!(accounts(&bob).await, all);

        // Page by page it is the same list.
        let query = "query($after: String) { viewer { accounts(first: 1, after: $after) {
            nodes { name } pageInfo { hasNextPage endCursor } } } }";
        let (mut after, mut names) = (Value::Null, Vec::new());
        loop {
            let page = bob.send(query, json!({ "after": after })).await;
            names.extend(page.texts("/viewer/accounts/nodes", "/name"));
            after = page.at("/viewer/accounts/pageInfo/endCursor").clone();
            if *page.at("/viewer/accounts/pageInfo/hasNextPage") == false {
                break;
            }
        }
        assert_eq!(names, ["Blue Main", "Desk", "Night shift"]);

        // A closed account is gone, with its subaccounts' way in; a suspended one is shown as that.
        set_status(&server, &bob.account, Status::Closed).await;
        set_status(&server, &desk, Status::Suspended).await;
        let viewer = bob.ask("Viewer", json!({})).await;
        assert_eq!(viewer.texts("/viewer/accounts/nodes", "/status"), ["SUSPENDED", "ACTIVE"]);

        loses_access(&ann, &bob, &desk).await;
        assert_eq!(accounts(&bob).await, ["Night shift of Acme: account_support"]);
    }
);

both!(
    /// What an assignment with an end gave is gone from the list at that instant (R16).
    r62_an_account_is_listed_as_long_as_the_role_lasts,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        assert!(accounts(&bob).await.is_empty());
        let until = server.now() + TimeDelta::minutes(5);
        let grant = json!({
            "roleKey": "account_developer", "scopeId": ann.account, "validUntil": until,
        });
        let input = json!({ "userId": bob.id, "grants": [grant] });
        ann.call("AssignRoles", input).await.done("assignRoles");
        server.pass(TimeDelta::minutes(5) - TimeDelta::milliseconds(1));
        assert_eq!(accounts(&bob).await, ["Acme Main of Acme: account_developer"]);
        server.pass(TimeDelta::milliseconds(1));
        assert!(accounts(&bob).await.is_empty());
        assert_eq!(switch(&bob, &ann.account).await.error(), "NOT_FOUND");
    }
);

both!(
    /// One call: the token, the account, the roles and what they permit there.
    r63_switching_answers_with_all_that_the_next_screen_needs,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let grants = [("account_billing_manager", &*ann.account), ("account_support", &ann.account)];
        joins(&ann, &bob, &grants).await;

        let switched = switch(&bob, &ann.account).await.done("switchAccount");
        let account = |field: &str| format!("/switchAccount/account/{field}");
        assert_eq!(switched.text(&account("id")), ann.account);
        assert_eq!(switched.text(&account("organization/name")), "Acme");
        let roles = switched.texts(&account("viewerRoles"), "/key");
        assert_eq!(roles, ["account_billing_manager", "account_support"]);
        let permissions = json!([
            "account.access.use",
            "billing.account.manage",
            "contact_center.administration.read",
            "iot.console.use",
            "logs.product_log.read",
            "messaging.alphanumeric_sender.read",
            "usage.record.read",
        ]);
        assert_eq!(*switched.at(&account("viewerPermissions")), permissions);

        let token = switched.text("/switchAccount/tokens/accessToken");
        assert_eq!(working_in(&server, &token).await.unwrap(), "Acme Main");
        let claims = token.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["acct"], ann.account);
        assert_eq!(claims["org"], ann.organization);
        // Where it was before, the old token still is.
        assert_eq!(working_in(&server, &bob.access_token).await.unwrap(), "Blue Main");
    }
);

both!(
    /// Somewhere else than where one may work, one does not get; and one stays where one was.
    r63_only_an_account_that_can_be_worked_in_is_switched_to,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let cy = server.sign_up("Cy", "cy@green.example", "Green").await;
        let desk = ann.create_account("Desk", None).await;
        let night = ann.create_account("Night shift", Some(&desk)).await;
        let grants = [("organization_billing_admin", &*ann.organization), ("studio_admin", &desk)];
        let bob = ann.colleague("Bob", "bob@corp.example", &grants).await;

        // What is not there and what is somebody else's look the same.
        let unknown: AccountId = server.app.random.id(server.now());
        let foreign = switch(&bob, &cy.account).await;
        assert_eq!(foreign.error(), "NOT_FOUND");
        assert_eq!(foreign.body, switch(&bob, &unknown.to_string()).await.body);

        let wrong_kind = switch(&bob, &bob.id).await;
        assert_eq!(wrong_kind.error(), "BAD_USER_INPUT");
        let message = wrong_kind.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("expected an account id (acct_…), got a user id"), "{message}");

        // Bob sees the account's billing; to enter it takes another role, and he is told which.
        let forbidden = switch(&bob, &ann.account).await;
        assert_eq!(forbidden.error(), "FORBIDDEN");
        let told = &forbidden.body["errors"][0]["extensions"];
        assert_eq!(told["permission"], "account.access.use");
        assert_eq!(told["scope"], ann.account);
        let gives = |role: &str| told["grantedBy"].as_array().unwrap().contains(&json!(role));
        assert!(gives("account_developer") && !gives("organization_billing_admin"), "{told}");

        for (status, word) in [(Status::Suspended, "suspended"), (Status::Closed, "closed")] {
            set_status(&server, &desk, status).await;
            for account in [&desk, &night] {
                let refused = switch(&bob, account).await;
                assert_eq!(refused.refusals("switchAccount"), ["ACCOUNT_NOT_ACTIVE accountId"]);
                let message = refused.text("/switchAccount/userErrors/0/message");
                assert!(message.contains(word), "{message}");
                assert!(refused.at("/switchAccount/tokens").is_null());
            }
        }
        assert_eq!(working_in(&server, &bob.access_token).await, None);
        set_status(&server, &desk, Status::PendingClosure).await;
        assert_eq!(working_in(&server, &bob.access_token).await.unwrap(), "Desk");
        switch(&bob, &night).await.done("switchAccount");
    }
);

both!(
    /// Each tab goes on in its own account for as long as it is open, whatever the other one does.
    r63_two_tabs_refresh_into_two_accounts,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let switched = switch(&ann, &desk).await.done("switchAccount");
        let mut first = ann.refresh_token.clone();
        let mut second = switched.text("/switchAccount/tokens/refreshToken");
        for _ in 0..3 {
            server.pass(TimeDelta::minutes(9));
            let access;
            (access, first) = refresh(&server, &first).await;
            assert_eq!(working_in(&server, &access).await.unwrap(), "Acme Main");
            let access;
            (access, second) = refresh(&server, &second).await;
            assert_eq!(working_in(&server, &access).await.unwrap(), "Desk");
        }
        // One of the two is closed: that tab moves to where there is something to work in.
        set_status(&server, &desk, Status::Closed).await;
        let (access, _) = refresh(&server, &second).await;
        assert_eq!(working_in(&server, &access).await.unwrap(), "Acme Main");
    }
);

both!(
    /// The header moves one request, whatever the token says, and nothing stays of it.
    r63_the_header_names_the_account_of_one_request,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        joins(&ann, &bob, &[("account_developer", &ann.account)]).await;

        let query = "{ viewer { currentAccount { name organization { name } } defaultAccount { id } } }";
        let there = bob.send_in(&ann.account, query, json!({})).await;
        assert_eq!(there.text("/viewer/currentAccount/name"), "Acme Main");
        assert_eq!(there.text("/viewer/currentAccount/organization/name"), "Acme");
        assert_eq!(working_in(&server, &bob.access_token).await.unwrap(), "Blue Main");

        // It is neither where the next sign-in lands nor where a refresh leads.
        let (access, _) = refresh(&server, &bob.refresh_token).await;
        assert_eq!(working_in(&server, &access).await.unwrap(), "Blue Main");
        let again = server.sign_in("Bob", "bob@blue.example").await;
        assert_eq!(again.account, bob.account);

        // It counts by GET as well.
        let query = "%7Bviewer%7BcurrentAccount%7Bname%7D%7D%7D";
        let request = server.http.get(format!("{}/graphql?query={query}", server.url));
        let request = request.bearer_auth(&bob.access_token);
        let answer = request.header("rolecall-account", &ann.account).send().await.unwrap();
        let answer = Answer::read(answer).await;
        assert_eq!(answer.text("/viewer/currentAccount/name"), "Acme Main");
    }
);

both!(
    /// Every operation is refused when the header is wrong, also one that would not look at it, and
    /// does nothing.
    r63_a_wrong_account_in_the_header_is_refused_and_never_ignored,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let closed = ann.create_account("Closed", None).await;
        set_status(&server, &closed, Status::Closed).await;
        let unknown: AccountId = server.app.random.id(server.now());
        let (unknown, organization) = (unknown.to_string(), ann.organization.as_str());

        let before = crate::support::rows::counts(&server.app.db).await;
        let new = json!({ "organizationId": organization, "name": "New" });
        let credentials = json!({ "email": ann.email, "password": Person::PASSWORD });
        let operations = [
            ("{ __typename }".to_owned(), json!({})),
            ("{ __schema { queryType { name } } }".to_owned(), json!({})),
            (operations::document("Viewer"), json!({})),
            (operations::document("Roles"), json!({})),
            (operations::document("InvitationByToken"), json!({ "token": "x" })),
            (operations::document("CreateAccount"), json!({ "input": new })),
            (operations::document("SignIn"), json!({ "input": credentials })),
            (operations::document("SignOut"), json!({})),
        ];
        for (account, status, code) in [
            (unknown.as_str(), 404, "NOT_FOUND"),
            (&bob.account, 404, "NOT_FOUND"),
            (organization, 400, "BAD_USER_INPUT"),
            (&closed, 400, "BAD_USER_INPUT"),
            ("acct_", 400, "BAD_USER_INPUT"),
            ("", 400, "BAD_USER_INPUT"),
        ] {
            for (query, variables) in &operations {
                let refused = ann.send_in(account, query, variables.clone()).await;
                assert_eq!((refused.status, refused.error()), (status, code), "{account}: {query}");
                assert!(refused.body.get("data").is_none(), "{account}: {query}");
            }
        }
        let query = "{ __typename }";
        let wrong_kind = ann.send_in(organization, query, json!({})).await;
        let message = wrong_kind.body["errors"][0]["message"].as_str().unwrap();
        let told = "expected an account id (acct_…), got an organization id";
        assert!(message.contains(told) && message.contains("Rolecall-Account"), "{message}");
        assert!(wrong_kind.body["errors"][0].get("locations").is_none(), "{:#}", wrong_kind.body);
        let foreign = ann.send_in(&bob.account, query, json!({})).await;
        assert_eq!(foreign.body, ann.send_in(&unknown, query, json!({})).await.body);

        // Named twice it is as wrong: nobody can tell which of them is meant.
        let request = server.http.post(format!("{}/graphql", server.url));
        let request = request.bearer_auth(&ann.access_token).json(&json!({ "query": query }));
        let request = request.header("rolecall-account", &ann.account);
        let twice = request.header("rolecall-account", &bob.account).send().await.unwrap();
        assert_eq!(Answer::read(twice).await.error(), "BAD_USER_INPUT");

        // Nobody's account is anybody's.
        for (query, variables) in &operations {
            let refused = server.send(query, variables.clone(), None, Some(&ann.account)).await;
            assert_eq!((refused.status, refused.error()), (401, "UNAUTHENTICATED"), "{query}");
        }
        assert_eq!(crate::support::rows::counts(&server.app.db).await, before);
        ann.send_in(&ann.account, query, json!({})).await.text("/__typename");
    }
);

both!(
    /// The account is checked by every request: a role that is taken away ends the work at once (R27).
    r63_an_account_is_left_when_the_access_is_lost,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = [("account_developer", &*ann.account)];
        let bob = ann.colleague("Bob", "bob@corp.example", &roles).await;
        let query = "{ viewer { currentAccount { name } } }";
        assert_eq!(working_in(&server, &bob.access_token).await.unwrap(), "Acme Main");
        loses_access(&ann, &bob, &ann.account).await;
        assert_eq!(working_in(&server, &bob.access_token).await, None);
        assert_eq!(bob.send_in(&ann.account, query, json!({})).await.error(), "NOT_FOUND");
    }
);
