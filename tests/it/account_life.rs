//! The life of accounts: renamed, suspended, closed (R23, R24, R27, R28).

use serde_json::json;

use crate::support::life::{account_of, act, on, there};
use crate::support::roles::{ask, assign, give};
use crate::support::{Options, Server, both};

both!(
    /// R23: the account's Owner closes it, with its subaccounts: every access ends at once, on every
    /// server; the assignments but the Owner's go, and so does what invitations promise there.
    r23_closing_cuts_every_access_at_once,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let own = account_of(&ann, &ivo, "Ivo's").await;
        let sub = ivo.create_account("Below", Some(&own)).await;
        let dev = ann
            .colleague("Dev", "dev@acme.example", &[("account_developer", &own), ("studio_viewer", &sub)])
            .await;
        let eve =
            ann.colleague("Eve", "eve@acme.example", &[("studio_admin", &ann.organization)]).await;
        let (only_there, token) = ann.invite_one("one@new.example", &[("account_support", &own)]).await;
        server.pass(chrono::TimeDelta::seconds(1));
        let (also_there, kept) = ann
            .invite_one("two@new.example", &[("account_support", &sub), ("account_support", &ann.account)])
            .await;
        let at_other = there(&dev, &other);
        assert!(at_other.access(&dev.id, "developer_tools.tool.use", &own).await);

        let closed = on(&ivo, "closeAccount", &own).await.done("closeAccount");
        let payload = closed.at("/closeAccount");
        assert_eq!(payload["account"], json!({ "id": own, "name": "Ivo's", "status": "CLOSED" }));
        let told = &payload["consequences"];
        assert_eq!(told["roleAssignmentCount"], 2);
        let mut keys = closed.texts("/closeAccount/consequences/roleAssignments", "/role/key");
        keys.sort();
        assert_eq!(keys, ["account_developer", "studio_viewer"]);
        assert_eq!(told["accountCount"], 2);
        let statuses = closed.texts("/closeAccount/consequences/accounts", "/status");
        assert_eq!(statuses, ["CLOSED", "CLOSED"]);
        assert_eq!(told["invitationCount"], 2);
        assert_eq!(told["invitations"][0]["id"], only_there);
        assert_eq!(told["invitations"][0]["status"], "REVOKED");
        assert_eq!(told["invitations"][1]["id"], also_there);
        assert_eq!(told["invitations"][1]["status"], "PENDING");
        assert_eq!(told["invitations"][1]["grants"].as_array().unwrap().len(), 1);

        // At the other server, with the very next request.
        assert_eq!(at_other.send_in(&own, "{ viewer { user { id } } }", json!({})).await.error(), "NOT_FOUND");
        let answer = ask(&at_other, &dev.id, "developer_tools.tool.use", &own).await;
        assert_eq!(answer.error(), "NOT_FOUND");
        for (person, permission) in
            [(&ivo, "account.access.use"), (&ann, "account.access.use"), (&eve, "studio.flow.read")]
        {
            for scope in [&own, &sub] {
                let answer = ask(&there(person, &other), &person.id, permission, scope).await;
                assert_eq!(*answer.at("/access/allowed"), false, "{}", person.name);
                assert!(answer.at("/access/because").is_null());
            }
        }
        assert_eq!(server.assignments_at(&own).await + server.assignments_at(&sub).await, 0);
        assert!(ann.roles_of(&ivo.id).await.contains(&format!("account_owner @ {own}")));
        assert_eq!(server.link_state(&token).await, "InvitationRevoked");
        server.accept(&kept, "Two").await.done("acceptInvitation");
        let mails = server.outbox("one@new.example").await;
        assert_eq!(mails[0].state, entity::mail::State::Cancelled);

        // Closed is final; doing it again is no error, and nothing.
        let again = on(&ivo, "closeAccount", &own).await.done("closeAccount");
        assert_eq!(again.text("/closeAccount/account/status"), "CLOSED");
        assert_eq!(*again.at("/closeAccount/consequences/accountCount"), 0);
        assert_eq!(server.audit("account.closed").await.len(), 2);
        for mutation in ["suspendAccount", "reactivateAccount"] {
            let refused = on(&ann, mutation, &own).await;
            assert_eq!(refused.refusals(mutation), ["ACCOUNT_NOT_ACTIVE accountId"]);
        }
        let refused = assign(&ann, &dev.id, &[("account_developer", &own)]).await;
        assert_eq!(refused.refusals("assignRoles"), ["ACCOUNT_NOT_ACTIVE grants.0.scopeId"]);
        let renamed = act(&ann, "updateAccount", json!({ "accountId": sub, "name": "New" })).await;
        assert_eq!(renamed.denial()["stopped"], json!({ "account": sub, "status": "CLOSED" }));
    }
);

both!(
    /// R23: nobody but the account's Owner and the Organization Owner closes an account; a subaccount is
    /// closed by those who close its parent.
    r23_who_closes_an_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let own = account_of(&ann, &ivo, "Ivo's").await;
        let sub = ivo.create_account("Below", Some(&own)).await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let adam =
            ann.colleague("Adam", "adam@acme.example", &[("account_administrator", &own)]).await;
        for person in [&oda, &adam] {
            for account in [&own, &sub] {
                let refused = on(person, "closeAccount", account).await;
                let expected = json!({ "code": "FORBIDDEN", "permission": "account.ownership.close",
                    "scope": account, "grantedBy": ["organization_owner", "account_owner"] });
                assert_eq!(*refused.denial(), expected, "{}", person.name);
            }
        }
        on(&ivo, "closeAccount", &sub).await.done("closeAccount");
        let status = "query($id: ID!) { account(id: $id) { status } }";
        let above = ann.send(status, json!({ "id": own })).await;
        assert_eq!(above.text("/account/status"), "ACTIVE", "its parent stays");
        on(&ann, "closeAccount", &own).await.done("closeAccount");
        // Who has lost everything there does not see it any more.
        assert_eq!(on(&adam, "closeAccount", &own).await.error(), "NOT_FOUND");
        let again = on(&oda, "closeAccount", &own).await;
        assert_eq!(again.denial()["permission"], "account.ownership.close");
    }
);

both!(
    /// R27, R28: a suspended account, and what is below it, is cut with the very next request, on every
    /// server, and whoever is denied is told why; reactivated, all is as it was.
    r27_suspension_takes_effect_on_the_next_request,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let own = account_of(&ann, &ivo, "Ivo's").await;
        let sub = ivo.create_account("Below", Some(&own)).await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let adam =
            ann.colleague("Adam", "adam@acme.example", &[("account_administrator", &own)]).await;
        let (adam_there, ivo_there) = (there(&adam, &other), there(&ivo, &other));
        let rename = |account: &str| json!({ "accountId": account, "name": "Renamed" });

        let done = on(&oda, "suspendAccount", &own).await.done("suspendAccount");
        assert_eq!(done.text("/suspendAccount/account/status"), "SUSPENDED");
        for (person, account) in [(&adam_there, &own), (&adam_there, &sub), (&ivo_there, &own)] {
            let denied = act(person, "updateAccount", rename(account)).await;
            let told = denied.denial();
            assert_eq!(told["stopped"], json!({ "account": own, "status": "SUSPENDED" }));
            assert_eq!(told["permission"], "account.settings.manage");
            assert!(denied.body["errors"][0]["message"].as_str().unwrap().contains("suspended"));
            let query = "query($user: ID!, $scope: ID!) { access(userId: $user, scopeId: $scope,
                permission: \"account.settings.manage\") { allowed stopped because { reach } } }";
            let variables = json!({ "user": person.id, "scope": account });
            let answer = person.send(query, variables).await;
            let expected = json!({ "allowed": false, "stopped": "SUSPENDED", "because": null });
            assert_eq!(*answer.at("/access"), expected);
            // What one does not hold anyway is not explained by the suspension.
            let never = ask(person, &person.id, "studio.flow.read", account).await;
            assert!(never.at("/access/because").is_null());
            let switch = person.call("SwitchAccount", json!({ "accountId": account })).await;
            assert_eq!(switch.refusals("switchAccount"), ["ACCOUNT_NOT_ACTIVE accountId"]);
            assert_eq!(on(person, "closeAccount", account).await.error(), "FORBIDDEN");
        }
        // The organization's own roles still reach it; suspending it again is no error, and nothing.
        act(&oda, "updateAccount", rename(&own)).await.done("updateAccount");
        on(&oda, "suspendAccount", &own).await.done("suspendAccount");
        assert_eq!(server.audit("account.suspended").await.len(), 1);

        on(&oda, "reactivateAccount", &own).await.done("reactivateAccount");
        act(&adam_there, "updateAccount", rename(&sub)).await.done("updateAccount");
        assert!(ivo_there.access(&ivo.id, "account.ownership.close", &own).await);

        // A subaccount alone: what is above goes on.
        on(&oda, "suspendAccount", &sub).await.done("suspendAccount");
        act(&adam_there, "updateAccount", rename(&own)).await.done("updateAccount");
        let denied = act(&adam_there, "updateAccount", rename(&sub)).await;
        assert_eq!(denied.denial()["stopped"], json!({ "account": sub, "status": "SUSPENDED" }));
    }
);

both!(
    /// R24: suspending and reactivating is the organization's; renaming also the account's
    /// administrators'.
    r24_who_changes_an_account,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let own = account_of(&ann, &ivo, "Ivo's").await;
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", &own)]).await;
        for person in [&ivo, &dev] {
            for mutation in ["suspendAccount", "reactivateAccount"] {
                let refused = on(person, mutation, &own).await;
                let expected = json!({ "code": "FORBIDDEN", "permission": "organization.accounts.manage",
                    "scope": ann.organization,
                    "grantedBy": ["organization_owner", "organization_admin"] });
                assert_eq!(*refused.denial(), expected);
                assert_eq!(on(person, mutation, main).await.error(), "NOT_FOUND");
            }
        }
        let rename = |name: &str| json!({ "accountId": own, "name": name });
        let refused = act(&dev, "updateAccount", rename("Mine")).await;
        assert_eq!(refused.denial()["permission"], "account.settings.manage");
        let done = act(&ivo, "updateAccount", rename("  Ivo's own ")).await.done("updateAccount");
        assert_eq!(done.text("/updateAccount/account/name"), "Ivo's own");
        let bad = act(&ivo, "updateAccount", rename(" \t ")).await;
        assert_eq!(bad.refusals("updateAccount"), ["INVALID_NAME name"]);

        // It is found by its new name, and by no other; the same name again is no change.
        give(&ann, &dev.id, &[("account_support", &own)]).await;
        for (query, found) in [("own", 2), ("renamed", 0)] {
            let list = json!({ "id": ann.organization, "filter": { "query": query } });
            let users = ann.ask("OrganizationUsers", list).await;
            assert_eq!(users.at("/organization/users/edges").as_array().unwrap().len(), found);
        }
        act(&ivo, "updateAccount", rename("Ivo's own")).await.done("updateAccount");
        assert_eq!(server.audit("account.renamed").await.len(), 1);
    }
);
