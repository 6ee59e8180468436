//! Accounts and subaccounts: who creates them, how many, and whose they are (R3, R22, R25).

use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::roles::{ask, give, message, welcome};
use crate::support::{Answer, Options, Person, Server, both, plant};

async fn create(by: &Person, organization: &str, name: &str, parent: Option<&str>) -> Answer {
    let input = json!({ "organizationId": organization, "name": name, "parentAccountId": parent });
    by.call("CreateAccount", input).await
}

fn few(config: &mut Config) {
    config.accounts_per_organization = 3;
    config.subaccounts_per_account = 2;
}

both!(
    /// R22: signing up and creating an account make the creator its Owner; a subaccount has none of
    /// its own, its parent's serves.
    r22_the_creator_is_the_owner,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &roles).await;
        let query = "query($id: ID!) { organization(id: $id) { owner { id } } }";
        let organization = ann.send(query, json!({ "id": ann.organization })).await;
        assert_eq!(organization.text("/organization/owner/id"), ann.id);

        let made = create(&oda, &ann.organization, "Oda's", None).await.done("createAccount");
        let account = made.at("/createAccount/account");
        let id = account["id"].as_str().unwrap();
        assert!(id.starts_with("acct_"));
        let expected = json!({
            "id": id, "name": "Oda's", "status": "ACTIVE", "parent": null,
            "organization": { "id": ann.organization }, "owner": { "id": oda.id },
        });
        assert_eq!(*account, expected);
        assert!(oda.access(&oda.id, "account.ownership.close", id).await);
        assert!(oda.roles_of(&oda.id).await.contains(&format!("account_owner @ {id}")));

        // Ann makes a subaccount of Oda's account: Oda is its Owner, by the account above.
        let made = create(&ann, &ann.organization, "Below", Some(id)).await.done("createAccount");
        assert_eq!(made.text("/createAccount/account/owner/id"), oda.id);
        assert_eq!(made.text("/createAccount/account/parent/id"), id);
        let sub = made.text("/createAccount/account/id");
        assert!(oda.roles_of(&oda.id).await.iter().all(|role| !role.ends_with(&sub)));
        let because = ask(&oda, &oda.id, "account.ownership.close", &sub).await;
        assert_eq!(because.text("/access/because/reach"), "FROM_ACCOUNT");
    }
);

both!(
    /// A subaccount has no subaccounts.
    a_subaccount_has_no_subaccounts,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let nested = create(&ann, &ann.organization, "Deeper", Some(&sub)).await;
        assert_eq!(nested.refusals("createAccount"), ["NESTED_SUBACCOUNT parentAccountId"]);
        assert!(nested.at("/createAccount/account").is_null());
    }
);

both!(
    /// A parent of another organization is none, also for somebody who sees both.
    a_parent_belongs_to_the_same_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let unknown = plant::unknown(&zoe.account);
        let unseen = create(&ann, &ann.organization, "New", Some(&zoe.account)).await;
        assert_eq!(unseen.error(), "NOT_FOUND");
        assert_eq!(unseen.body, create(&ann, &ann.organization, "New", Some(&unknown)).await.body);

        welcome(&zoe, &ann, &[("organization_admin", &zoe.organization)]).await;
        let seen = create(&ann, &ann.organization, "New", Some(&zoe.account)).await;
        assert_eq!(seen.error(), "NOT_FOUND");
        create(&ann, &zoe.organization, "New", Some(&zoe.account)).await.done("createAccount");
    }
);

both!(
    /// As many accounts in an organization, and subaccounts in an account, as the operator allows; a
    /// closed one makes room.
    the_number_of_accounts_is_limited,
    Options { config: Some(few), ..Options::default() },
    |server: Server| async move {
        let defaults = Config::default();
        assert_eq!(defaults.accounts_per_organization, 10);
        assert_eq!(defaults.subaccounts_per_account, 1_000);

        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let organization = ann.organization.as_str();
        let second = ann.create_account("Second", None).await;
        let third = ann.create_account("Third", None).await;
        let fourth = create(&ann, organization, "Fourth", None).await;
        assert_eq!(fourth.refusals("createAccount"), ["LIMIT_REACHED"]);
        let told = message(&fourth, "createAccount");
        assert!(told.contains('3'), "{told}");

        // Each account's subaccounts are counted for themselves, and not as accounts.
        for parent in [&ann.account, &second] {
            ann.create_account("One", Some(parent)).await;
            ann.create_account("Two", Some(parent)).await;
            let more = create(&ann, organization, "Three", Some(parent)).await;
            assert_eq!(more.refusals("createAccount"), ["LIMIT_REACHED"]);
        }
        // Another organization has its own count.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        zoe.create_account("Second", None).await;

        plant::run(&server, "UPDATE accounts SET status = 'CLOSED' WHERE id = $1", &[&third]).await;
        create(&ann, organization, "Fourth", None).await.done("createAccount");
        assert_eq!(create(&ann, organization, "Fifth", None).await.refusals("createAccount").len(), 1);
    }
);

both!(
    /// Nothing is created below an account where work is stopped.
    nothing_is_created_below_a_stopped_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for status in ["SUSPENDED", "PENDING_CLOSURE", "CLOSED"] {
            let stop = format!("UPDATE accounts SET status = '{status}' WHERE id = $1");
            plant::run(&server, &stop, &[&ann.account]).await;
            let answer = create(&ann, &ann.organization, "Below", Some(&ann.account)).await;
            assert_eq!(answer.refusals("createAccount"), ["ACCOUNT_NOT_ACTIVE parentAccountId"]);
        }
    }
);

both!(
    /// R3: names are 1 to 255 characters after trimming, without control characters, wherever one is
    /// given.
    r03_names_are_checked,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let longest = "ü".repeat(255);
        let padded = format!("  {longest}\t ");
        let made = create(&ann, &ann.organization, &padded, None).await.done("createAccount");
        assert_eq!(made.text("/createAccount/account/name"), longest);
        let bad = [
            "".to_owned(),
            " \u{a0}\n ".to_owned(),
            "ü".repeat(256),
            "line\nbreak".to_owned(),
            "tab\there".to_owned(),
            "bell\u{7}".to_owned(),
            "nul\u{0}".to_owned(),
            "csi\u{9b}31m".to_owned(),
            "\u{202e}backwards".to_owned(),
        ];
        for name in &bad {
            let answer = create(&ann, &ann.organization, name, None).await;
            assert_eq!(answer.refusals("createAccount"), ["INVALID_NAME name"], "{name:?}");
            let good = json!({ "name": "Zoe", "email": "zoe@elsewhere.example",
                "password": Person::PASSWORD, "organizationName": "Elsewhere", "accountName": "Main" });
            for field in ["name", "organizationName", "accountName"] {
                let mut input = good.clone();
                input[field] = json!(name);
                let answer = server.ask("SignUp", json!({ "input": input })).await;
                let refusals = answer.refusals("signUp");
                assert_eq!(refusals, [format!("INVALID_NAME {field}")], "{name:?}");
            }
        }
        // Nothing came of all that: the address is free.
        server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let query = "query($id: ID!) { organization(id: $id) { accounts { totalCount } } }";
        let accounts = ann.send(query, json!({ "id": ann.organization })).await;
        assert_eq!(*accounts.at("/organization/accounts/totalCount"), json!(2));
    }
);

both!(
    /// R25: the default organization role gives nothing by itself: a standard user has only the
    /// accounts that were granted.
    r25_a_standard_user_has_only_what_was_granted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let sub = ann.create_account("Desk below", Some(&desk)).await;
        ann.create_account("Other", None).await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let roles = ann.roles_of(&stan.id).await;
        assert_eq!(roles, [format!("organization_standard_user @ {}", ann.organization)]);

        let seen = async || {
            let query = "query($id: ID!) { organization(id: $id) { name accounts { nodes { id } } }
                viewer { accounts { nodes { id } } } }";
            let answer = stan.send(query, json!({ "id": ann.organization })).await;
            assert_eq!(answer.at("/viewer/accounts"), answer.at("/organization/accounts"));
            answer.texts("/viewer/accounts/nodes", "/id")
        };
        assert!(seen().await.is_empty());
        give(&ann, &stan.id, &[("account_support", &desk)]).await;
        assert_eq!(seen().await, [desk, sub]);
        let refused = create(&stan, &ann.organization, "Stan's", None).await;
        assert_eq!(refused.error(), "FORBIDDEN");
    }
);

both!(
    /// R25: where the organization allows it, standard users create accounts, and own them inside
    /// the organization; not below others' accounts, and not when their membership is suspended.
    r25_an_organization_may_let_standard_users_create_accounts,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let allow = "UPDATE organizations SET standard_users_create_accounts = TRUE WHERE id = $1";
        plant::run(&server, allow, &[&ann.organization]).await;
        let made = create(&stan, &ann.organization, "Stan's", None).await.done("createAccount");
        assert_eq!(made.text("/createAccount/account/owner/id"), stan.id);
        assert_eq!(made.text("/createAccount/account/organization/id"), ann.organization);
        let account = made.text("/createAccount/account/id");
        assert!(stan.access(&stan.id, "account.users.manage", &account).await);
        assert!(!stan.access(&stan.id, "organization.accounts.manage", &ann.organization).await);
        create(&stan, &ann.organization, "Below", Some(&account)).await.done("createAccount");
        let foreign = create(&stan, &ann.organization, "Below", Some(&ann.account)).await;
        assert_eq!(foreign.error(), "NOT_FOUND");

        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&stan.id]).await;
        let refused = create(&stan, &ann.organization, "More", None).await;
        assert_eq!(refused.error(), "FORBIDDEN");
    }
);

both!(
    /// Subaccounts are listed with their account, by name, in pages, as far as the viewer reaches
    /// them.
    subaccounts_are_listed,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut below = Vec::new();
        for name in ["delta", "Alpha", "Échelle", "charlie", "Bravo"] {
            below.push(ann.create_account(name, Some(&ann.account)).await);
        }
        let other = ann.create_account("Aside", None).await;
        ann.create_account("Not here", Some(&other)).await;
        let query = "query($id: ID!, $first: Int, $after: String) { account(id: $id) {
            subaccounts(first: $first, after: $after) {
                nodes { name parent { id } owner { id } } totalCount
                pageInfo { hasNextPage endCursor } } } }";
        let mut names = Vec::new();
        let mut after = Value::Null;
        loop {
            let page =
                ann.send(query, json!({ "id": ann.account, "first": 2, "after": after })).await;
            assert_eq!(*page.at("/account/subaccounts/totalCount"), json!(5));
            names.extend(page.texts("/account/subaccounts/nodes", "/name"));
            let parents = page.texts("/account/subaccounts/nodes", "/parent/id");
            assert!(parents.iter().all(|parent| *parent == ann.account));
            after = page.at("/account/subaccounts/pageInfo/endCursor").clone();
            if *page.at("/account/subaccounts/pageInfo/hasNextPage") == json!(false) {
                break;
            }
        }
        assert_eq!(names, ["Alpha", "Bravo", "charlie", "delta", "Échelle"]);

        // Who works in one of them sees that one alone.
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", &below[3])]).await;
        let unseen = dev.send(query, json!({ "id": ann.account })).await;
        assert_eq!(unseen.error(), "NOT_FOUND");
        let mine = dev.ask("Viewer", json!({})).await;
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/name"), ["charlie"]);
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/parent/id"), [ann.account.clone()]);
    }
);
