//! Dry runs: the answer of the real call, and nothing else (R26).

use serde_json::{Value, json};

use crate::support::life::{account_of, act};
use crate::support::roles::{give, give_about};
use crate::support::{Options, Person, Server, both, plant};

/// Tries something, and then does it: the try changes nothing at all and sends nothing, and both answer
/// the same. Gives the answer.
async fn tried_then_done(by: &Person, mutation: &str, input: Value) -> Value {
    let server = &by.server;
    let (before, mails) = (server.dump().await, server.mails().await.len());
    let mut dry = input.clone();
    dry["dryRun"] = json!(true);
    let (first, second) = (act(by, mutation, dry.clone()).await, act(by, mutation, dry).await);
    assert_eq!(first.body, second.body, "{mutation}: the second try");
    assert_eq!(server.dump().await, before, "{mutation}: a try changed something");
    assert_eq!(server.mails().await.len(), mails);
    let real = act(by, mutation, input).await;
    assert_eq!(first.body, real.body, "{mutation}: what was tried, and what was done");
    real.body["data"][mutation].clone()
}

/// Ann's organization, with people and invitations in it.
struct Cast {
    ann: Person,
    /// An Organization Admin who invites, and owns an account.
    bob: Person,
    own: String,
    sub: String,
    eve: String,
}

impl Cast {
    async fn gather(server: &Server) -> Self {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let organization = ann.organization.as_str();
        let bob =
            ann.colleague("Bob", "bob@acme.example", &[("organization_admin", organization)]).await;
        let own = account_of(&ann, &bob, "Bob's").await;
        let sub = bob.create_account("Below", Some(&own)).await;
        let eve = plant::member(server, organization, "Eve").await;
        give(
            &ann,
            &eve,
            &[
                ("account_administrator", &own),
                ("studio_viewer", &sub),
                ("account_support", &ann.account),
            ],
        )
        .await;
        let group = plant::billing_group(server, organization, "East", &[&own]).await;
        give_about(&ann, &bob.id, "billing_group_viewer", &group).await;
        bob.invite_one("one@new.example", &[("account_support", &own)]).await;
        ann.invite_one(
            "two@new.example",
            &[("account_support", &sub), ("account_support", &ann.account)],
        )
        .await;
        Self { ann, bob, own, sub, eve }
    }
}

both!(
    /// R23: what closing an account would do.
    r23_closing_can_be_tried,
    |server: Server| async move {
        let Cast { bob, own, .. } = Cast::gather(&server).await;
        let told = tried_then_done(&bob, "closeAccount", json!({ "accountId": own })).await;
        assert_eq!(told["account"]["status"], "CLOSED");
        assert_eq!(told["consequences"]["invitationCount"], 2);
        assert_eq!(told["consequences"]["roleAssignmentCount"], 2);
        let again = tried_then_done(&bob, "closeAccount", json!({ "accountId": own })).await;
        assert_eq!(again["consequences"]["accountCount"], 0);
    }
);

both!(
    /// R26: what removing a user from an account would do.
    r26_removing_from_an_account_can_be_tried,
    |server: Server| async move {
        let Cast { ann, bob, own, eve, .. } = Cast::gather(&server).await;
        let input = json!({ "userId": eve, "accountId": own });
        let told = tried_then_done(&ann, "removeUserFromAccount", input).await;
        assert_eq!(told["removedIds"].as_array().unwrap().len(), 2);
        let input = json!({ "userId": bob.id, "accountId": own });
        let told = tried_then_done(&ann, "removeUserFromAccount", input).await;
        assert_eq!(told["userErrors"][0]["code"], "OWNER_ROLE");
    }
);

both!(
    /// R26: what removing a user from the organization would do, and what is in the way.
    r26_removing_from_the_organization_can_be_tried,
    |server: Server| async move {
        let Cast { ann, bob, own, eve, .. } = Cast::gather(&server).await;
        let remove = |more: Value| {
            let mut input = more;
            input["userId"] = json!(bob.id);
            input["organizationId"] = json!(ann.organization);
            tried_then_done(&ann, "removeUserFromOrganization", input)
        };
        let told = remove(json!({})).await;
        assert_eq!(told["userErrors"][0]["code"], "NEW_OWNER_REQUIRED");
        assert_eq!(told["consequences"]["accounts"][0]["id"], own);
        assert_eq!(told["consequences"]["invitationCount"], 1);
        let told = remove(json!({ "newOwnerId": eve, "invitations": "HAND_OVER" })).await;
        let consequences = &told["consequences"];
        assert_eq!(consequences["accounts"][0]["owner"]["id"], eve);
        assert_eq!(consequences["invitations"][0]["invitedBy"]["id"], ann.id);
        // Bob's two, and Eve's Administrator's role, which excludes every other general one.
        assert_eq!(consequences["roleAssignmentCount"], 3);
        assert_eq!(told["removedIds"].as_array().unwrap().len(), 2);
    }
);

both!(
    /// R23: what deleting an organization would do.
    r23_deleting_an_organization_can_be_tried,
    |server: Server| async move {
        let Cast { ann, sub, .. } = Cast::gather(&server).await;
        let input = json!({ "organizationId": ann.organization });
        let told = tried_then_done(&ann, "deleteOrganization", input).await;
        assert_eq!(told["consequences"]["accountCount"], 3);
        assert_eq!(server.traces(&sub).await, [""; 0]);
    }
);

both!(
    /// R26: in a team a try ends no membership either.
    r26_a_try_ends_no_membership,
    Options { team: true, ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_admin", &ann.account)]).await;
        bob.invite_one("pat@new.example", &[("account_support", &ann.account)]).await;
        let input = json!({ "userId": bob.id, "accountId": ann.account });
        let told = tried_then_done(&ann, "removeUserFromAccount", input).await;
        assert_eq!(told["consequences"]["invitations"][0]["status"], "REVOKED");
        assert_eq!(server.held_by(&bob.id).await, (0, 0));
    }
);

both!(
    /// How many statements a removal takes does not depend on how much is removed.
    removing_much_takes_as_many_statements_as_removing_little,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let keys = json!({ "first": 30, "filter": { "kind": "BUILT_IN" } });
        let keys = ann.ask("Roles", keys).await.texts("/roles/nodes", "/key");
        let mut costs = Vec::new();
        for (name, many) in [("Few", 1), ("Many", 8)] {
            let admin = [("organization_admin", ann.organization.as_str())];
            let email = format!("{name}@acme.example");
            let bob = ann.colleague(name, &email, &admin).await;
            let own = bob.create_account(name, None).await;
            for (n, key) in keys.iter().enumerate().take(many) {
                give(&ann, &bob.id, &[(key, &ann.account), (key, &own)]).await;
                bob.invite(&format!("p{n}@{name}.example"), &[("account_support", &own)]).await.done("inviteUsers");
                bob.create_account(&format!("{name} {n}"), Some(&own)).await;
            }
            let input = json!({ "accountId": own, "dryRun": true });
            let (answer, closing) = server.statements(act(&ann, "closeAccount", input)).await;
            answer.done("closeAccount");
            let input = json!({ "userId": bob.id, "organizationId": ann.organization, "newOwnerId": ann.id,
                "invitations": "HAND_OVER" });
            let (answer, removing) =
                server.statements(act(&ann, "removeUserFromOrganization", input)).await;
            answer.done("removeUserFromOrganization");
            costs.push((closing.len(), removing.len()));
        }
        assert_eq!(costs[0], costs[1], "closing and removing, little and much");
    }
);
