//! Objects by their ids alone (Relay's `Node`).

use serde_json::{Value, json};

use crate::support::ownership::offered;
use crate::support::roles::{give, welcome};
use crate::support::{Person, Server, both, plant};

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id
    ... on Organization { name } ... on Account { name } ... on User { name } ... on Role { key }
    ... on RoleAssignment { role { key } user { name } } ... on Invitation { email }
    ... on OwnershipOffer { status to { name } } } }";

async fn node(person: &Person, id: &str) -> Value {
    person.send(NODE, json!({ "id": id })).await.at("/node").clone()
}

both!(
    /// Every kind of object can be had again by its id, by those who may see it.
    every_object_can_be_had_by_its_id,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_developer", &ann.account)]).await;
        let held = ann.assignments_of(&bob.id).await;
        let (_, developer) = held.iter().find(|(role, _)| role.contains("developer")).unwrap();
        let invited = ann.invite("carl@acme.example", &[]).await;
        let invitation = invited.text("/inviteUsers/results/0/invitation/id");
        let offer = offered(&ann, &ann.account, &bob.id).await;
        let roles = ann.ask("Roles", json!({ "first": 1 })).await;
        let role = roles.text("/roles/nodes/0/id");

        let objects = [
            (&ann.organization, json!({ "__typename": "Organization", "name": "Acme" }), true),
            (&ann.account, json!({ "__typename": "Account", "name": "Acme Main" }), true),
            (&role, json!({ "__typename": "Role", "key": "organization_owner" }), true),
            (&bob.id, json!({ "__typename": "User", "name": "Bob" }), true),
            (
                developer,
                json!({ "__typename": "RoleAssignment", "role": { "key": "account_developer" },
                    "user": { "name": "Bob" } }),
                true,
            ),
            (
                &offer,
                json!({ "__typename": "OwnershipOffer", "status": "PENDING", "to": { "name": "Bob" } }),
                true,
            ),
            (&ann.id, json!({ "__typename": "User", "name": "Ann" }), false),
            (&invitation, json!({ "__typename": "Invitation", "email": "carl@acme.example" }), false),
        ];
        for (id, mut expected, bob_sees) in objects {
            expected["id"] = json!(id);
            assert_eq!(node(&ann, id).await, expected);
            let seen = if bob_sees { expected } else { Value::Null };
            assert_eq!(node(&bob, id).await, seen, "as Bob sees {id}");
        }
    }
);

both!(
    /// `nodes` keeps the order of the ids, with null in the place of what may not be seen.
    nodes_keep_their_order,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let ids = [&ann.id, &zoe.id, &ann.organization, &zoe.organization, &ann.account, &ann.id];
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let answer = ann.send(query, json!({ "ids": ids })).await;
        assert_eq!(
            *answer.at("/nodes"),
            json!([{ "id": ann.id }, null, { "id": ann.organization }, null, { "id": ann.account },
                { "id": ann.id }])
        );
        let many = vec![&ann.id; 101];
        assert_eq!(ann.send(query, json!({ "ids": many })).await.error(), "BAD_USER_INPUT");
        assert_eq!(*ann.send(query, json!({ "ids": [] })).await.at("/nodes"), json!([]));
    }
);

both!(
    /// An id of the wrong kind is refused by name, never "not found".
    an_id_of_the_wrong_kind_is_refused_by_name,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let told = async |query: &str, id: &str| {
            let answer = ann.send(query, json!({ "id": id })).await;
            assert_eq!(answer.error(), "BAD_USER_INPUT", "{:#}", answer.body);
            answer.body["errors"][0]["message"].as_str().unwrap().to_owned()
        };
        let account = "query($id: ID!) { account(id: $id) { name } }";
        let message = told(account, &ann.id).await;
        assert!(message.contains("expected an account id (acct_…), got a user id"), "{message}");
        let message = told(account, "acct_7").await;
        assert!(message.contains("expected an account id (acct_…), got not an id"), "{message}");
        assert!(told(NODE, "7").await.contains("not an id"));

        let input = json!({ "userId": ann.id,
            "grants": [{ "roleKey": "account_developer", "scopeId": ann.id }] });
        let answer = ann.call("AssignRoles", input).await;
        assert_eq!(answer.error(), "BAD_USER_INPUT");
        assert!(answer.body.to_string().contains("got a user id"), "{:#}", answer.body);
    }
);

both!(
    /// R1: who administers two organizations has the users of both by their ids, wherever they work.
    r01_a_user_of_another_own_organization_can_be_had,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        welcome(&zoe, &ann, &[("organization_admin", &zoe.organization)]).await;
        let bob = plant::member(&server, &zoe.organization, "Bob").await;
        give(&zoe, &bob, &[("account_developer", &zoe.account)]).await;

        // Ann's token still works in Acme.
        let listed = ann.ask("OrganizationUsers", json!({ "id": zoe.organization })).await;
        let names = listed.texts("/organization/users/edges", "/node/name");
        assert_eq!(names, ["Ann", "Bob", "Zoe"]);
        assert_eq!(node(&ann, &bob).await["name"], "Bob");
    }
);
