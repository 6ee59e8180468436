//! What an organization decides for people with an address at its domain, and who answers for it (R21).

use serde_json::{Value, json};

use crate::support::custom::{delete_role, make_role};
use crate::support::domains::{Claim, update};
use crate::support::{Server, both, dns, moves};

/// What was refused.
async fn refused(by: &crate::support::Person, claim: &Claim, input: Value) -> Vec<String> {
    update(by, &claim.id, input).await.refusals("updateEmailDomain")
}

both!(
    /// A policy takes a proof; what is left out stays, and what is null goes. Whoever sets what people are
    /// given answers for it.
    a_join_policy_is_set_and_changed,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &admin).await;
        let pending = Claim::of(&ann, &dns::domain("unproved")).await;
        for policy in ["CONTACT", "REQUEST", "AUTOMATIC"] {
            let input = json!({ "joinPolicy": policy, "joinContact": "it@acme.example" });
            assert_eq!(refused(&ann, &pending, input).await, ["DOMAIN_NOT_VERIFIED joinPolicy"]);
        }
        let both = json!({ "joinPolicy": "REQUEST", "reserved": true });
        let expected = ["DOMAIN_NOT_VERIFIED reserved", "DOMAIN_NOT_VERIFIED joinPolicy"];
        assert_eq!(refused(&ann, &pending, both).await, expected);
        update(&ann, &pending.id, json!({ "joinPolicy": "INVITATION" })).await.done("updateEmailDomain");

        let claim = Claim::proved(&ann, &dns::domain("join")).await;
        let contact = json!({ "joinPolicy": "CONTACT" });
        assert_eq!(refused(&ann, &claim, contact).await, ["INVALID_TEXT joinContact"]);
        let long = json!({ "joinContact": "x".repeat(501) });
        assert_eq!(refused(&ann, &claim, long).await, ["INVALID_TEXT joinContact"]);
        let contact = json!({ "joinPolicy": "CONTACT", "joinContact": " Ask Bob. " });
        update(&ann, &claim.id, contact).await.done("updateEmailDomain");
        let row = claim.now(&ann).await;
        assert_eq!((&row["joinPolicy"], &row["joinContact"]), (&json!("CONTACT"), &json!("Ask Bob.")));

        let given = json!({ "joinPolicy": "AUTOMATIC", "joinRoleKey": "account_developer",
            "joinAccountId": ann.account });
        update(&adam, &claim.id, given).await.done("updateEmailDomain");
        let row = claim.now(&ann).await;
        assert_eq!(row["joinRole"]["key"], "account_developer");
        assert_eq!(row["joinAccount"]["name"], "Acme Main");
        assert_eq!((&row["setBy"]["id"], &row["joinContact"]), (&json!(adam.id), &json!("Ask Bob.")));
        // What is not about what people are given leaves that to who answers for it.
        let rest = json!({ "reserved": true, "joinContact": null });
        update(&ann, &claim.id, rest.clone()).await.done("updateEmailDomain");
        let row = claim.now(&ann).await;
        assert_eq!((&row["setBy"]["id"], &row["joinContact"]), (&json!(adam.id), &Value::Null));
        assert_eq!(row["joinRole"]["key"], "account_developer");
        let events = server.audit("email_domain.updated").await.len();
        update(&ann, &claim.id, rest).await.done("updateEmailDomain");
        assert_eq!(server.audit("email_domain.updated").await.len(), events, "nothing changed");

        let none = json!({ "joinRoleKey": null });
        update(&ann, &claim.id, none).await.done("updateEmailDomain");
        let row = claim.now(&ann).await;
        assert_eq!((&row["joinRole"], &row["joinAccount"]), (&Value::Null, &Value::Null));
        assert_eq!((&row["setBy"]["id"], &row["joinPolicy"]), (&json!(ann.id), &json!("AUTOMATIC")));
        let event = server.audit("email_domain.updated").await.pop().unwrap();
        assert_eq!(event.after.unwrap()["joinRole"], Value::Null);
    }
);

both!(
    /// R21, R14, R22: nobody lets people who join be given what they could not give themselves.
    r21_what_people_who_join_are_given_has_a_ceiling,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let claim = Claim::proved(&ann, &dns::domain("ceiling")).await;
        let sub = ann.create_account("Below", Some(&ann.account)).await;
        for (input, expected) in [
            (json!({ "joinRoleKey": "no_such_role" }), "UNKNOWN_ROLE joinRoleKey"),
            (json!({ "joinRoleKey": "organization_owner" }), "OWNER_ROLE joinRoleKey"),
            (json!({ "joinRoleKey": "account_developer" }), "ROLE_NOT_ASSIGNABLE_HERE joinAccountId"),
            (json!({ "joinRoleKey": "billing_group_admin" }), "RESOURCE_MISMATCH joinRoleKey"),
            (json!({ "joinAccountId": ann.account }), "UNKNOWN_ROLE joinRoleKey"),
            (
                json!({ "joinRoleKey": "account_developer", "joinAccountId": zoe.account }),
                "NOT_FOUND joinAccountId",
            ),
        ] {
            let got = refused(&ann, &claim, input.clone()).await;
            assert_eq!(got, [expected], "{input}");
        }
        // Somebody who decides about domains, and may give no role at the organization.
        make_role(&ann, "clerk", &["organization.domains.manage"]).await;
        let clerk = [("clerk", ann.organization.as_str())];
        let clerk = ann.colleague("Clerk", "clerk@acme.example", &clerk).await;
        for input in [
            json!({ "joinPolicy": "AUTOMATIC" }),
            json!({ "joinRoleKey": "organization_admin" }),
            json!({ "joinRoleKey": "account_developer", "joinAccountId": sub }),
        ] {
            let answer = update(&clerk, &claim.id, input.clone()).await;
            let code = answer.body.pointer("/errors/0/extensions/code").cloned();
            let denied = code == Some(json!("FORBIDDEN")) || code.is_none() && {
                let refusals = answer.refusals("updateEmailDomain");
                refusals == ["NOT_FOUND joinAccountId"]
            };
            assert!(denied, "{input}: {:#}", answer.body);
        }
        assert_eq!(claim.now(&ann).await["joinPolicy"], "INVITATION");
        update(&clerk, &claim.id, json!({ "reserved": true })).await.done("updateEmailDomain");
    }
);

both!(
    /// What people are given ends with the role and with the account, and the domain stays; nothing is in
    /// the way of either.
    what_people_are_given_goes_with_role_and_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::proved(&ann, &dns::domain("ends")).await;
        let role = make_role(&ann, "night_shift", &["account.access.use"]).await;
        let give = async |role: &str, account: &str| {
            let input = json!({ "joinPolicy": "REQUEST", "joinRoleKey": role, "joinAccountId": account });
            update(&ann, &claim.id, input).await.done("updateEmailDomain");
            assert_eq!(claim.now(&ann).await["joinRole"]["key"], role);
        };
        let left = async || {
            let row = claim.now(&ann).await;
            assert_eq!((&row["joinRole"], &row["joinAccount"]), (&Value::Null, &Value::Null));
            assert_eq!(row["joinPolicy"], "REQUEST");
        };
        let desk = ann.create_account("Desk", None).await;
        give("night_shift", &desk).await;
        delete_role(&ann, &role, json!({})).await.done("deleteCustomRole");
        left().await;

        give("account_developer", &desk).await;
        let close = "mutation($id: ID!) { closeAccount(input: { accountId: $id }) { userErrors { code } } }";
        ann.send(close, json!({ "id": desk })).await.done("closeAccount");
        left().await;
        let closed = json!({ "joinRoleKey": "account_developer", "joinAccountId": desk });
        assert_eq!(refused(&ann, &claim, closed).await, ["ACCOUNT_NOT_ACTIVE joinAccountId"]);

        let shop = ann.create_account("Shop", None).await;
        let below = ann.create_account("Till", Some(&shop)).await;
        give("account_developer", &below).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        crate::support::roles::welcome(&zoe, &ann, &[]).await;
        let moving = moves::asked(&ann, &shop, &zoe.organization).await;
        moves::accept(&zoe, &moving).await.done("acceptAccountMove");
        left().await;
    }
);
