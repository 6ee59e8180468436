//! The life of organizations: founded, changed, deleted (R22–R25, R65).

use serde_json::json;

use crate::support::life::{act, on};
use crate::support::roles::{give, give_about, welcome};
use crate::support::{Server, both, plant};

both!(
    /// R22, R65: who creates an organization owns it and its first account, beside those they have.
    r65_another_organization_of_ones_own,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let input = json!({ "name": "  Second ", "accountName": "Shop" });
        let made = act(&stan, "createOrganization", input).await.done("createOrganization");
        let payload = made.at("/createOrganization");
        assert_eq!(payload["organization"]["name"], "Second");
        assert_eq!(payload["organization"]["owner"]["id"], stan.id);
        assert_eq!(payload["account"]["name"], "Shop");
        assert_eq!(payload["account"]["owner"]["id"], stan.id);
        let (id, account) = (&payload["organization"]["id"], &payload["account"]["id"]);
        assert!(stan.access(&stan.id, "organization.ownership.delete", id.as_str().unwrap()).await);
        let tokens = stan.call("SwitchAccount", json!({ "accountId": account })).await;
        tokens.done("switchAccount");
        let viewer = stan.ask("Viewer", json!({})).await;
        assert_eq!(viewer.texts("/viewer/organizations/nodes", "/name"), ["Acme", "Second"]);
        // Nobody else has anything to do with it.
        let query = "query($id: ID!) { organization(id: $id) { id } }";
        assert_eq!(ann.send(query, json!({ "id": id })).await.error(), "NOT_FOUND");

        let plain = act(&stan, "createOrganization", json!({ "name": "Third" })).await;
        assert_eq!(plain.text("/createOrganization/account/name"), "Third");
        let bad = json!({ "name": " ", "accountName": "a\u{0}b" });
        let refused = act(&stan, "createOrganization", bad).await;
        assert_eq!(refused.refusals("createOrganization"), ["INVALID_NAME name", "INVALID_NAME accountName"]);
        let nobody = server.send(&crate::support::life::document("createOrganization"),
            json!({ "input": { "name": "Fourth" } }), None, None).await;
        assert_eq!(nobody.error(), "UNAUTHENTICATED");
        assert_eq!(server.audit("organization.created").await.len(), 3);
    }
);

both!(
    /// R24, R25: administrators change name and settings; what is left out stays; the setting lets
    /// standard users create accounts, which they then own.
    r25_settings_are_changed_by_administrators,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        let stan = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let new = json!({ "organizationId": ann.organization, "name": "Stan's" });
        assert_eq!(stan.call("CreateAccount", new.clone()).await.error(), "FORBIDDEN");

        let change = |more: serde_json::Value| {
            let mut input = more;
            input["organizationId"] = json!(ann.organization);
            input
        };
        let settings = json!({ "standardUsersCreateAccounts": true, "invitationExpiresInHours": 2 });
        let done = act(&oda, "updateOrganization", change(settings.clone())).await;
        let done = done.done("updateOrganization");
        let told = done.at("/updateOrganization/organization");
        assert_eq!(*told, json!({ "id": ann.organization, "name": "Acme", "settings": settings }));
        let own = stan.call("CreateAccount", new).await.done("createAccount");
        assert_eq!(own.text("/createAccount/account/owner/id"), stan.id);
        ann.invite("pat@new.example", &[]).await.done("inviteUsers");
        let expires = &ann.invitation_of("pat@new.example").await["expiresAt"];
        let expires = crate::support::inviting::moment(expires);
        assert_eq!(expires, server.now() + chrono::TimeDelta::hours(2));

        let named = act(&oda, "updateOrganization", change(json!({ "name": " Acme Corp " }))).await;
        assert_eq!(named.text("/updateOrganization/organization/name"), "Acme Corp");
        assert_eq!(named.at("/updateOrganization/organization/settings"), &settings);
        act(&oda, "updateOrganization", change(json!({ "name": "Acme Corp" }))).await.done("updateOrganization");
        assert_eq!(server.audit("organization.updated").await.len(), 2, "nothing changed the last time");

        let bad = change(json!({ "name": "", "invitationExpiresInHours": 721 }));
        let refused = act(&oda, "updateOrganization", bad).await;
        let expected = ["INVALID_NAME name", "INVALID_EXPIRY invitationExpiresInHours"];
        assert_eq!(refused.refusals("updateOrganization"), expected);
        let denied = act(&stan, "updateOrganization", change(json!({ "name": "Mine" }))).await;
        assert_eq!(denied.denial()["permission"], "organization.settings.manage");
        assert_eq!(denied.denial()["grantedBy"], json!(["organization_owner", "organization_admin"]));
        // Every member may know how it is set up.
        let query = "query($id: ID!) { organization(id: $id) { settings {
            standardUsersCreateAccounts invitationExpiresInHours } } }";
        let read = stan.send(query, json!({ "id": ann.organization })).await;
        assert_eq!(read.at("/organization/settings"), &settings);
    }
);

both!(
    /// R23, R24: only its Owner deletes an organization; nothing of it is left but what was recorded, and
    /// the people with what they are elsewhere.
    r23_an_organization_is_deleted_whole,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let sub = ann.create_account("Sub", Some(&ann.account)).await;
        let old = ann.create_account("Old", None).await;
        on(&ann, "closeAccount", &old).await.done("closeAccount");
        let admin = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &admin).await;
        welcome(&zoe, &oda, &[("account_developer", &zoe.account)]).await;
        give(&ann, &oda.id, &[("studio_viewer", &sub)]).await;
        let group = plant::billing_group(&server, &ann.organization, "East", &[&ann.account, &sub]).await;
        give_about(&ann, &oda.id, "billing_group_viewer", &group).await;
        let about = json!([{ "roleKey": "billing_group_admin", "scopeId": ann.organization,
            "resourceId": group }, { "roleKey": "studio_viewer", "scopeId": sub }]);
        let invitees = json!([{ "email": "pat@new.example", "grants": about }]);
        ann.invite_with(json!({ "invitees": invitees })).await.done("inviteUsers");
        let token = server.invitation_token("pat@new.example").await;

        let input = json!({ "organizationId": ann.organization });
        let denied = act(&oda, "deleteOrganization", input.clone()).await;
        let expected = json!({ "code": "FORBIDDEN", "permission": "organization.ownership.delete",
            "scope": ann.organization, "grantedBy": ["organization_owner"] });
        assert_eq!(*denied.denial(), expected);

        let recorded = server.audit("account.created").await.len();
        let done = act(&ann, "deleteOrganization", input.clone()).await.done("deleteOrganization");
        let payload = done.at("/deleteOrganization");
        assert_eq!(payload["deletedOrganizationId"], ann.organization);
        let told = &payload["consequences"];
        assert_eq!(told["accountCount"], 3);
        assert_eq!(told["invitationCount"], 1);
        assert_eq!(told["invitations"][0]["grants"].as_array().unwrap().len(), 2);
        // Ann's three and Oda's three.
        assert_eq!(told["roleAssignmentCount"], 6);

        for id in [&ann.organization, &sub, &group] {
            assert_eq!(server.traces(id).await, [""; 0]);
        }
        assert_eq!(server.audit("account.created").await.len(), recorded);
        assert_eq!(server.audit("organization.deleted").await.len(), 1);
        assert_eq!(act(&ann, "deleteOrganization", input).await.error(), "NOT_FOUND");
        let gone = server.ask("InvitationByToken", json!({ "token": token })).await;
        assert_eq!(gone.body["data"]["invitationByToken"], json!(null));

        // The people are there, and elsewhere nothing has changed.
        let again = server.sign_in("Ann", "ann@acme.example").await;
        let viewer = again.ask("Viewer", json!({})).await;
        assert_eq!(*viewer.at("/viewer/organizations/nodes"), json!([]));
        assert_eq!(zoe.roles_of(&oda.id).await.len(), 2);
        act(&again, "createOrganization", json!({ "name": "Anew" })).await.done("createOrganization");
    }
);
