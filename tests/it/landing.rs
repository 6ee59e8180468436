//! Where a sign-in lands, and why (R64).

use entity::account::Status;
use entity::id::AccountId;
use serde_json::{Value, json};

use crate::support::{Person, Server, both};
use crate::switching::set_status;

/// Signs in; gives the name of the account that it lands in and the reason for it.
async fn land(person: &Person) -> (Option<String>, String) {
    let query = "mutation($input: SignInInput!) { signIn(input: $input) {
        landing tokens { accessToken } viewer { currentAccount { name } } userErrors { path code } } }";
    let input = json!({ "email": person.email, "password": Person::PASSWORD });
    let server = &person.server;
    let landed = server.send(query, json!({ "input": input }), None, None).await.done("signIn");
    let account = landed.at("/signIn/viewer/currentAccount").get("name");
    let account = account.map(|name| name.as_str().unwrap().to_owned());

    // The token says the same.
    let token = landed.text("/signIn/tokens/accessToken");
    let query = "{ viewer { currentAccount { name } } }";
    let there = server.send(query, json!({}), Some(&token), None).await;
    let name = there.at("/viewer/currentAccount").get("name").and_then(Value::as_str);
    assert_eq!(name, account.as_deref());
    (account, landed.text("/signIn/landing"))
}

fn at(account: &str, reason: &str) -> (Option<String>, String) {
    (Some(account.to_owned()), reason.to_owned())
}

async fn set_default(person: &Person, account: &str) {
    let input = json!({ "accountId": account });
    let set = person.call("SetDefaultAccount", input).await.done("setDefaultAccount");
    assert_eq!(set.text("/setDefaultAccount/viewer/defaultAccount/id"), account);
}

both!(
    /// Without a default, where the person last was: by signing up, by switching, by signing in.
    r64_sign_in_lands_in_the_account_last_worked_in,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("A desk", None).await;
        assert_eq!(land(&ann).await, at("Acme Main", "LAST_USED"));
        ann.call("SwitchAccount", json!({ "accountId": desk })).await.done("switchAccount");
        assert_eq!(land(&ann).await, at("A desk", "LAST_USED"));
        assert_eq!(land(&ann).await, at("A desk", "LAST_USED"));
    }
);

both!(
    /// The default wins over the last used, and is shown.
    r64_sign_in_lands_in_the_default_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        set_default(&ann, &desk).await;
        let viewer = ann.ask("Viewer", json!({})).await;
        assert_eq!(viewer.text("/viewer/defaultAccount/name"), "Desk");
        assert_eq!(viewer.text("/viewer/currentAccount/name"), "Acme Main");
        ann.call("SwitchAccount", json!({ "accountId": ann.account })).await.done("switchAccount");
        assert_eq!(land(&ann).await, at("Desk", "DEFAULT"));

        // A default that is also the last used is a default.
        assert_eq!(land(&ann).await, at("Desk", "DEFAULT"));
        set_default(&ann, &ann.account).await;
        assert_eq!(land(&ann).await, at("Acme Main", "DEFAULT"));
    }
);

both!(
    /// With neither, the first by name, subaccounts and other organizations' accounts included.
    r64_sign_in_lands_in_the_first_account_when_the_last_one_is_gone,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("desk", None).await;
        ann.create_account("Back office", Some(&desk)).await;
        set_status(&server, &ann.account, Status::Closed).await;
        assert_eq!(land(&ann).await, at("Back office", "FIRST"));
        // From now on that is where she last was.
        assert_eq!(land(&ann).await, at("Back office", "LAST_USED"));
        set_status(&server, &desk, Status::Suspended).await;
        assert_eq!(land(&ann).await, (None, "NONE".to_owned()));
    }
);

both!(
    /// The person chose it, so they are told that it is not there; once it is back, it counts again.
    r64_a_default_account_that_was_closed_or_lost_is_said_to_be_unavailable,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let night = ann.create_account("Night shift", None).await;
        let grants = [("account_developer", &*desk), ("account_developer", &night)];
        let bob = ann.colleague("Bob", "bob@corp.example", &grants).await;
        set_default(&bob, &night).await;
        assert_eq!(land(&bob).await, at("Night shift", "DEFAULT"));
        bob.call("SwitchAccount", json!({ "accountId": desk })).await.done("switchAccount");

        for status in [Status::Closed, Status::Suspended] {
            set_status(&server, &night, status).await;
            assert_eq!(land(&bob).await, at("Desk", "DEFAULT_UNAVAILABLE"));
            let viewer = bob.ask("Viewer", json!({})).await;
            assert!(viewer.at("/viewer/defaultAccount").is_null());
        }
        set_status(&server, &night, Status::Active).await;
        assert_eq!(land(&bob).await, at("Night shift", "DEFAULT"));

        let lost = json!({ "userId": bob.id, "scopeId": night });
        ann.call("RemoveRoleAssignments", lost).await.done("removeRoleAssignments");
        assert_eq!(land(&bob).await, at("Desk", "DEFAULT_UNAVAILABLE"));
    }
);

both!(
    /// Somebody who can work nowhere signs in all the same, and lands once there is somewhere.
    r64_who_can_reach_no_account_signs_in_without_one,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        assert_eq!(land(&bob).await, (None, "NONE".to_owned()));
        let bob = server.sign_in("Bob", "bob@corp.example").await;
        let viewer = bob.ask("Viewer", json!({})).await;
        assert_eq!(viewer.texts("/viewer/organizations/nodes", "/name"), ["Acme"]);

        let grant = json!({ "roleKey": "account_developer", "scopeId": ann.account });
        let input = json!({ "userId": bob.id, "grants": [grant] });
        ann.call("AssignRoles", input).await.done("assignRoles");
        assert_eq!(land(&bob).await, at("Acme Main", "FIRST"));
    }
);

both!(
    /// What cannot be worked in cannot be a default, and the old one stays.
    r64_only_an_account_that_can_be_worked_in_becomes_the_default,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let desk = ann.create_account("Desk", None).await;
        set_default(&ann, &ann.account).await;

        let set = |account: &str| ann.call("SetDefaultAccount", json!({ "accountId": account }));
        let unknown: AccountId = server.app.random.id(server.now());
        let foreign = set(&bob.account).await;
        assert_eq!(foreign.error(), "NOT_FOUND");
        assert_eq!(foreign.body, set(&unknown.to_string()).await.body);
        assert_eq!(set(&ann.organization).await.error(), "BAD_USER_INPUT");
        for status in [Status::Suspended, Status::Closed] {
            set_status(&server, &desk, status).await;
            let refused = set(&desk).await.refusals("setDefaultAccount");
            assert_eq!(refused, ["ACCOUNT_NOT_ACTIVE accountId"]);
        }
        assert_eq!(land(&ann).await, at("Acme Main", "DEFAULT"));
    }
);
