//! What holds when many do it at once, on two servers over the same database.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::roles::{assign, change, give};
use crate::support::{Answer, Options, Person, Server, both, plant};

fn small() -> Options {
    fn limits(config: &mut Config) {
        config.built_in_roles_per_user = 5;
        config.accounts_per_organization = 5;
        config.subaccounts_per_account = 4;
    }
    Options { config: Some(limits), ..Options::default() }
}

/// The same person at the other server.
pub(crate) fn there(person: &Person, server: &Server) -> Person {
    Person { server: server.clone(), ..person.clone() }
}

/// Does many things at once, in turns at one server and the other; all answers are without errors.
pub(crate) async fn at_once<F>(
    people: [&Person; 2],
    times: usize,
    doing: impl Fn(Person, usize) -> F,
) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let tasks = (0..times).map(|n| tokio::spawn(doing(people[n % 2].clone(), n)));
    let answers = join_all(tasks).await.into_iter().map(Result::unwrap);
    let answers: Vec<Answer> = answers.collect();
    for answer in &answers {
        assert!(answer.body.get("errors").is_none(), "{:#}", answer.body);
    }
    answers
}

/// How many went through, and the codes of the others.
pub(crate) fn outcomes(answers: &[Answer], mutation: &str) -> (usize, BTreeSet<String>) {
    let refusals = answers.iter().map(|answer| answer.refusals(mutation));
    let (done, refused): (Vec<_>, Vec<_>) = refusals.partition(Vec::is_empty);
    (done.len(), refused.into_iter().flatten().collect())
}

both!(
    /// R12: the limit on built-in roles holds when thirty different ones are assigned at once.
    r12_the_limit_holds_under_concurrent_requests,
    small(),
    |server: Server| async move {
        let other = server.another(small()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let filter = json!({ "first": 30, "filter": { "kind": "BUILT_IN" } });
        let keys = ann.ask("Roles", filter).await.texts("/roles/nodes", "/key");
        let scopes = [ann.organization.clone(), ann.account.clone()];
        let answers = at_once([&ann, &there(&ann, &other)], 30, |person, n| {
            let (bob, key) = (bob.clone(), keys[n % 15].clone());
            let scope = scopes[n / 15].clone();
            async move { assign(&person, &bob, &[(&key, &scope)]).await }
        })
        .await;
        let refusal = BTreeSet::from(["ROLE_LIMIT_REACHED grants".to_owned()]);
        assert_eq!(outcomes(&answers, "assignRoles"), (5, refusal));
        assert_eq!(ann.roles_of(&bob).await.len(), 5);
    }
);

both!(
    /// R15: assigned by many at once, a role is one assignment, and everybody is answered with it.
    r15_a_role_assigned_by_many_at_once_is_one,
    small(),
    |server: Server| async move {
        let other = server.another(small()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let answers = at_once([&ann, &there(&ann, &other)], 12, |person, _| {
            let (bob, account) = (bob.clone(), ann.account.clone());
            async move { assign(&person, &bob, &[("account_developer", &account)]).await }
        })
        .await;
        let ids: BTreeSet<String> = answers
            .iter()
            .flat_map(|answer| answer.texts("/assignRoles/roleAssignments", "/id"))
            .collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(ann.roles_of(&bob).await.len(), 1);
    }
);

both!(
    /// R34: changed by many at once, and all along, a user holds exactly one general role.
    r34_a_role_changed_by_many_at_once_is_always_one,
    small(),
    |server: Server| async move {
        let other = server.another(small()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        give(&ann, &bob, &[("account_developer", &ann.account), ("studio_viewer", &ann.account)]).await;
        let roles =
            ["account_administrator", "account_billing_manager", "account_support", "account_developer"];
        let held = |answer: &Answer| {
            let users = answer.at("/organization/users/edges").as_array().unwrap();
            let nodes = users[0]["node"]["roleAssignments"]["nodes"].as_array().unwrap();
            let general = nodes.iter().filter(|node| node["role"]["kind"] == "GENERAL");
            general.map(|node| node["role"]["key"].to_string()).collect::<Vec<_>>()
        };
        let list = json!({ "id": ann.organization, "filter": { "query": bob } });
        let answers = at_once([&ann, &there(&ann, &other)], 40, |person, n| {
            let (bob, account, list) = (bob.clone(), ann.account.clone(), list.clone());
            async move {
                if n % 5 < 2 {
                    return person.ask("OrganizationUsers", list).await;
                }
                change(&person, &bob, &account, roles[n % 4]).await.done("changeAccountRole")
            }
        })
        .await;
        let readings = answers.iter().filter(|answer| answer.body["data"]["organization"].is_object());
        for reading in readings.chain([&ann.ask("OrganizationUsers", list.clone()).await]) {
            assert_eq!(held(reading).len(), 1, "{:?}", held(reading));
        }
        assert_eq!(ann.roles_of(&bob).await.len(), 2, "the product role stays");
    }
);

both!(
    /// Where every role is exclusive, many assigned at once leave one.
    r13_exclusive_roles_assigned_at_once_leave_one,
    Options { team: true, ..Options::default() },
    |server: Server| async move {
        let other = server.another(Options { team: true, ..Options::default() }).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let roles = ["account_admin", "account_developer", "account_finance_analyst", "account_support"];
        let answers = at_once([&ann, &there(&ann, &other)], 24, |person, n| {
            let (bob, account) = (bob.clone(), ann.account.clone());
            async move { assign(&person, &bob, &[(roles[n % 4], &account)]).await }
        })
        .await;
        assert_eq!(outcomes(&answers, "assignRoles").0, 24);
        assert_eq!(ann.roles_of(&bob).await.len(), 1);
    }
);

both!(
    /// The limits on accounts and subaccounts hold when many are created at once.
    the_limits_on_accounts_hold_under_concurrent_requests,
    small(),
    |server: Server| async move {
        let other = server.another(small()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.clone(), ann.account.clone());
        let answers = at_once([&ann, &there(&ann, &other)], 24, |person, n| {
            let parent = if n % 4 < 2 { Value::Null } else { json!(main) };
            let input = json!({ "organizationId": organization, "name": format!("Account {n}"),
                "parentAccountId": parent });
            async move { person.call("CreateAccount", input).await }
        })
        .await;
        let refusal = BTreeSet::from(["LIMIT_REACHED".to_owned()]);
        // Four accounts beside the first, and four subaccounts.
        assert_eq!(outcomes(&answers, "createAccount"), (8, refusal));
        let viewer = ann.ask("Viewer", json!({})).await;
        let parents = viewer.at("/viewer/accounts/nodes").as_array().unwrap();
        let (below, top): (Vec<_>, Vec<_>) =
            parents.iter().partition(|account| account["parent"].is_object());
        assert_eq!((top.len(), below.len()), (5, 4));
    }
);
