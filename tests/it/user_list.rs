//! The users of an organization as an administrator finds them (R30): searching and filtering, the
//! same on both databases.

use serde_json::{Value, json};

use crate::support::roles::give;
use crate::support::{Answer, Person, Server, both, plant};

/// People whose names and addresses are told apart in many ways.
const PEOPLE: [(&str, &str); 7] = [
    ("Ägidius Öhm", "agidius@corp.example"),
    ("ÄNNE BÖLL", "aenne@corp.example"),
    ("bernd brot", "B.Brot@Corp.example"),
    ("Zoë", "zoe_1@corp.example"),
    ("Zoe", "zoex1@corp.example"),
    ("100% Otto", "otto+percent@corp.example"),
    (r"Back\slash", "back@bücher.example"),
];

async fn list(person: &Person, filter: Value) -> Answer {
    let variables = json!({ "id": person.organization, "first": 100, "filter": filter });
    person.ask("OrganizationUsers", variables).await
}

/// The names of those whom a filter finds; the total agrees.
async fn names(person: &Person, filter: Value) -> Vec<String> {
    let answer = list(person, filter).await;
    let names = answer.texts("/organization/users/edges", "/node/name");
    assert_eq!(*answer.at("/organization/users/totalCount"), json!(names.len()));
    names
}

/// The names of those whom a search finds.
async fn found(person: &Person, query: &str) -> Vec<String> {
    names(person, json!({ "query": query })).await
}

both!(
    /// R30: searched by name and address: anywhere in them, whatever the case, umlauts included;
    /// nothing that is typed is a wildcard.
    r30_users_are_found_by_name_and_address,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        plant::members(&server, &ann.organization, &PEOPLE).await;
        let cases: [(&str, &[&str]); 19] = [
            ("ägidius", &["Ägidius Öhm"]),
            ("ÄGIDIUS ö", &["Ägidius Öhm"]),
            ("öhm", &["Ägidius Öhm"]),
            ("böll", &["ÄNNE BÖLL"]),
            ("boll", &[]),
            ("ä", &["ÄNNE BÖLL", "Ägidius Öhm"]),
            ("BROT", &["bernd brot"]),
            ("b.brot@CORP", &["bernd brot"]),
            ("zoe", &["Zoe", "Zoë"]),
            ("zoë", &["Zoë"]),
            ("ZOË", &["Zoë"]),
            ("zoe_1", &["Zoë"]),
            ("0%", &["100% Otto"]),
            ("+", &["100% Otto"]),
            (r"k\s", &[r"Back\slash"]),
            ("%", &["100% Otto"]),
            ("  otto  ", &["100% Otto"]),
            ("ann@acme.example", &["Ann"]),
            ("nobody", &[]),
        ];
        for (query, expected) in cases {
            let mut names = found(&ann, query).await;
            names.sort();
            assert_eq!(names, expected, "{query:?}");
        }
        assert_eq!(found(&ann, "  ").await.len(), 8, "nothing is everybody");
        // An address is found as it is shown, and in the form that mail servers see.
        for query in ["bücher", "BÜCHER.example", "back@bücher.example", "xn--bcher-kva"] {
            assert_eq!(found(&ann, query).await, [r"Back\slash"], "{query:?}");
        }
    }
);

both!(
    /// R30: found by the whole id, and only in the organization.
    r30_users_are_found_by_id,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let ids = plant::members(&server, &ann.organization, &PEOPLE).await;
        assert_eq!(found(&ann, &ids[2]).await, ["bernd brot"]);
        assert_eq!(found(&ann, &format!(" {} ", ids[2])).await, ["bernd brot"]);
        assert!(found(&ann, &ids[2][..ids[2].len() - 1]).await.is_empty(), "a part is none");
        assert!(found(&ann, &zoe.id).await.is_empty());
        assert!(found(&ann, &ann.account).await.is_empty(), "another kind's is none");
    }
);

both!(
    /// R30: found by the names of the scopes in which they hold a role: accounts, subaccounts, and
    /// the organization.
    r30_users_are_found_by_scope_name,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@mail.example", "Möbel Acme").await;
        let desk = ann.create_account("Support-Theke Süd", None).await;
        let sub = ann.create_account("Süd 2", Some(&desk)).await;
        let people = [("Bob", "bob@x.example"), ("Eve", "eve@x.example"), ("Kim", "kim@x.example")];
        let ids = plant::members(&server, &ann.organization, &people).await;
        give(&ann, &ids[0], &[("account_developer", &desk), ("account_support", &desk)]).await;
        give(&ann, &ids[1], &[("studio_viewer", &sub)]).await;
        give(&ann, &ids[2], &[("organization_billing_viewer", &ann.organization)]).await;
        assert_eq!(found(&ann, "THEKE").await, ["Ann", "Bob"], "each once");
        assert_eq!(found(&ann, "süd").await, ["Ann", "Bob", "Eve"]);
        assert_eq!(found(&ann, "SÜD 2").await, ["Eve"]);
        // Ann owns the account "Möbel Acme Main", too.
        assert_eq!(found(&ann, "möbel acme").await, ["Ann", "Kim"]);
        assert_eq!(found(&ann, "möbel acme main").await, ["Ann"]);
    }
);

both!(
    /// R30: filtered by role, account, both at once, and status.
    r30_users_are_filtered,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let people = [("Bob", "bob@x.example"), ("Eve", "eve@x.example"), ("Kim", "kim@x.example")];
        let ids = plant::members(&server, &ann.organization, &people).await;
        let main = ann.account.as_str();
        give(&ann, &ids[0], &[("account_developer", main), ("account_support", &desk)]).await;
        give(&ann, &ids[1], &[("account_support", main)]).await;
        give(&ann, &ids[2], &[("account_developer", &desk), ("studio_viewer", &ann.organization)]).await;
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&ids[1]]).await;

        let cases: [(Value, &[&str]); 12] = [
            (json!({}), &["Ann", "Bob", "Eve", "Kim"]),
            (json!({ "roleKey": "account_developer" }), &["Bob", "Kim"]),
            (json!({ "roleKey": "account_support" }), &["Bob", "Eve"]),
            (json!({ "roleKey": "account_owner" }), &["Ann"]),
            (json!({ "roleKey": "studio_admin" }), &[]),
            (json!({ "accountId": main }), &["Ann", "Bob", "Eve"]),
            (json!({ "accountId": desk }), &["Ann", "Bob", "Kim"]),
            // One assignment has to be both: Bob is Developer elsewhere.
            (json!({ "accountId": desk, "roleKey": "account_developer" }), &["Kim"]),
            (json!({ "status": "SUSPENDED" }), &["Eve"]),
            (json!({ "status": "ACTIVE" }), &["Ann", "Bob", "Kim"]),
            (json!({ "status": "ACTIVE", "roleKey": "account_support", "query": "b" }), &["Bob"]),
            (json!({ "query": "desk", "roleKey": "account_developer" }), &["Bob", "Kim"]),
        ];
        for (filter, expected) in cases {
            assert_eq!(names(&ann, filter.clone()).await, expected, "{filter}");
        }
        let query = "query($id: ID!) { organization(id: $id) { users { nodes { membershipStatus } } } }";
        let answer = ann.send(query, json!({ "id": ann.organization })).await;
        let statuses = answer.texts("/organization/users/nodes", "/membershipStatus");
        assert_eq!(statuses, ["ACTIVE", "ACTIVE", "SUSPENDED", "ACTIVE"]);

        let unknown = list(&ann, json!({ "roleKey": "account_wizard" })).await;
        assert_eq!(unknown.error(), "BAD_USER_INPUT");
        let wrong = list(&ann, json!({ "accountId": ids[0] })).await;
        assert_eq!(wrong.error(), "BAD_USER_INPUT");
    }
);

both!(
    /// R72: a search that no name could match is answered the same on both databases, however odd.
    r72_odd_searches_are_no_failures,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let long = "x".repeat(60_000);
        for query in ["nul\u{0}", "bell\u{7}", long.as_str()] {
            let answer = list(&ann, json!({ "query": query })).await;
            let shown: String = answer.body.to_string().chars().take(300).collect();
            assert_eq!(answer.error(), "BAD_USER_INPUT", "{shown}");
            let variables = json!({ "organizationId": ann.organization, "filter": { "email": query } });
            let answer = ann.ask("Invitations", variables).await;
            assert_eq!(answer.error(), "BAD_USER_INPUT");
        }
        assert!(found(&ann, &"ü".repeat(255)).await.is_empty());
    }
);

both!(
    /// An account's users are those who hold a role at it: found, filtered and sorted alike.
    the_users_of_an_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let people = [("Bob", "zed@x.example"), ("eve", "eve@x.example"), ("Kim", "abe@x.example")];
        let ids = plant::members(&server, &ann.organization, &people).await;
        let main = ann.account.as_str();
        give(&ann, &ids[0], &[("account_developer", main)]).await;
        give(&ann, &ids[1], &[("account_support", main), ("account_developer", &desk)]).await;
        give(&ann, &ids[2], &[("account_developer", &desk)]).await;
        let query = "query($id: ID!, $filter: UserFilter, $orderBy: UserOrder) { account(id: $id) {
            users(filter: $filter, orderBy: $orderBy) { nodes { name } totalCount } } }";
        let names = async |variables: Value| {
            let mut all = variables;
            all["id"] = json!(main);
            ann.send(query, all).await.texts("/account/users/nodes", "/name")
        };
        assert_eq!(names(json!({})).await, ["Ann", "Bob", "eve"]);
        assert_eq!(names(json!({ "filter": { "roleKey": "account_developer" } })).await, ["Bob"]);
        assert_eq!(names(json!({ "filter": { "query": "E" } })).await, ["Ann", "Bob", "eve"]);
        assert_eq!(names(json!({ "filter": { "query": "ev" } })).await, ["eve"]);
        let by_email = json!({ "orderBy": { "field": "EMAIL", "direction": "DESC" } });
        assert_eq!(names(by_email).await, ["Bob", "eve", "Ann"]);
        // The account is the account: another one in the filter finds who is in both.
        assert_eq!(names(json!({ "filter": { "accountId": desk } })).await, ["Ann", "eve"]);

        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", main)]).await;
        let refused = dev.send(query, json!({ "id": main })).await;
        assert_eq!(refused.error(), "FORBIDDEN");
        let roles = [("account_administrator", desk.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &roles).await;
        let there = adam.send(query, json!({ "id": desk })).await;
        assert_eq!(there.texts("/account/users/nodes", "/name"), ["Adam", "Ann", "eve", "Kim"]);
    }
);
