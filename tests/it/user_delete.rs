//! Deleting one's own user (R26).

use entity::user;
use sea_orm::EntityTrait;
use serde_json::json;

use crate::support::identity::{call, delete, sign_in};
use crate::support::{Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// R26: everything of a person's ends, and nothing tells who they were; what others rely on stays.
    r26_who_deletes_themselves_is_gone,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let administrator = [("account_administrator", ann.account.as_str())];
        let bob = ann.colleague("Robert Tables", BOB, &administrator).await;
        let (invited, _) = bob.invite_one("cleo@corp.example", &administrator).await;

        let tried = delete(&bob, true).await.done("deleteOwnUser");
        assert_eq!(tried.at("/deleteOwnUser/consequences/roleAssignmentCount"), 2);
        assert_eq!(tried.at("/deleteOwnUser/consequences/invitationCount"), 1);
        bob.ask("Viewer", json!({})).await.text("/viewer/user/id");

        let gone = delete(&bob, false).await.done("deleteOwnUser");
        assert_eq!(gone.text("/deleteOwnUser/deletedUserId"), bob.id);
        assert_eq!(gone.at("/deleteOwnUser/consequences/roleAssignmentCount"), 2);
        assert_eq!(bob.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        let refresh = json!({ "input": { "refreshToken": bob.refresh_token } });
        let refused = server.ask("RefreshSession", refresh).await;
        assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
        let refused = sign_in(&server, BOB, Person::PASSWORD).await;
        assert_eq!(refused.refusals("signIn"), ["INVALID_CREDENTIALS password"]);

        // The organization sees that somebody invited, and not who.
        let query = "query($id: ID!) { node(id: $id) { ... on Invitation { status
            invitedBy { name email } } } }";
        let seen = ann.send(query, json!({ "id": invited })).await;
        assert_eq!(seen.at("/node/status"), "REVOKED");
        assert_eq!(seen.at("/node/invitedBy/name"), "Deleted user");
        assert!(!seen.text("/node/invitedBy/email").contains('@'));
        assert!(ann.assignments_of(&bob.id).await.is_empty());
        let users = user::Entity::find().all(&server.app.db).await.unwrap();
        let told = format!("{users:?}");
        assert!(!told.contains("Robert") && !told.contains(BOB), "{told}");
        assert_eq!(server.audit("user.deleted").await.len(), 1);

        // The address is free, and the new user is another.
        let anew = server.sign_up("Bob", BOB, "Anew").await;
        assert_ne!(anew.id, bob.id);
        assert!(ann.assignments_of(&anew.id).await.is_empty());
    }
);

both!(
    /// R26: refused while they own anything, naming it; and without the password.
    r26_an_owner_does_not_delete_themselves,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for dry_run in [true, false] {
            let refused = delete(&ann, dry_run).await;
            assert_eq!(refused.refusals("deleteOwnUser"), ["STILL_OWNER"]);
            let message = refused.text("/deleteOwnUser/userErrors/0/message");
            assert!(message.contains("Acme, Acme Main"), "{message}");
            let in_the_way = refused.texts("/deleteOwnUser/consequences/accounts", "/name");
            assert_eq!(in_the_way, ["Acme Main"]);
        }
        let input = json!({ "password": "not the password" });
        let refused = call(&ann, "deleteOwnUser", "deletedUserId", input).await;
        assert_eq!(refused.refusals("deleteOwnUser"), ["INVALID_CREDENTIALS password"]);
        ann.ask("Viewer", json!({})).await.text("/viewer/user/id");

        let document = "mutation($input: DeleteOrganizationInput!) { deleteOrganization(input: $input) {
            userErrors { code path } } }";
        let input = json!({ "input": { "organizationId": ann.organization } });
        ann.send(document, input).await.done("deleteOrganization");
        delete(&ann, false).await.done("deleteOwnUser");
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
    }
);

both!(
    /// R26: who founds an organization at the same time stays, or founds none: nothing is owned by nobody.
    r26_nobody_is_deleted_into_ownership,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for n in 0..4 {
            let bob = ann.colleague("Bob", &format!("bob{n}@corp.example"), &[]).await;
            let name = format!("Founded by nobody {n}");
            let document = "mutation($input: CreateOrganizationInput!) {
                createOrganization(input: $input) { userErrors { code } } }";
            let found = bob.send(document, json!({ "input": { "name": name } }));
            let (gone, founded) = tokio::join!(delete(&bob, false), found);
            let deleted = gone.body.pointer("/data/deleteOwnUser/deletedUserId");
            if deleted.is_some_and(|id| !id.is_null()) {
                let left = server.dump().await.into_iter().find(|line| line.contains(&name));
                assert_eq!(left, None, "{:#}", founded.body);
            } else {
                founded.done("createOrganization");
            }
        }
    }
);
