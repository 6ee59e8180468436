//! What a catalogue says about handing over (R22).

use rolecall::access::catalogue::ORGANIZATION;
use serde_json::json;

use crate::ownership::at;
use crate::support::ownership::{accept, hand_over, offer, offered, owner, shown};
use crate::support::roles::give;
use crate::support::{Options, Server, both};

fn team() -> Options {
    Options { team: true, ..Options::default() }
}

/// Owners that suffer nothing beside them, and keep nothing when they hand over.
fn strict() -> Options {
    let rows: Vec<&str> =
        ORGANIZATION.lines().filter(|line| !line.starts_with("former_")).collect();
    let text = rows.join("\n").replace("\nowner = true", "\nowner = true\nexclusive = true");
    assert_ne!(text, rows.join("\n"));
    Options { catalogue: Some(text), ..Options::default() }
}

/// The same in which ownership never moves.
fn strict_and_fixed() -> Options {
    let text = strict().catalogue.unwrap();
    let fixed = text.replace("ownership_transferable = true", "ownership_transferable = false");
    assert_ne!(text, fixed);
    Options { catalogue: Some(fixed), ..Options::default() }
}

both!(
    /// Where the catalogue says that ownership never moves, nobody offers anything.
    r22_a_team_is_never_handed_over,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let adam = ann.colleague("Adam", "adam@acme.example", &[("account_admin", main)]).await;
        for person in [&ann, &adam] {
            for scope in [organization, main] {
                let refused = offer(person, scope, &adam.id).await;
                assert_eq!(refused.refusals("offerOwnership"), ["NOT_TRANSFERABLE scopeId"]);
            }
        }
        assert_eq!(owner(&ann, main).await, ann.id);
    }
);

both!(
    /// A catalogue may leave the former Owner nothing, and let the Owner hold nothing else.
    r22_owners_who_keep_nothing_and_hold_nothing_else,
    strict(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let grants = [
            ("account_developer", main),
            ("account_support", main),
            ("studio_admin", main),
            ("organization_admin", organization),
            ("studio_viewer", organization),
        ];
        let bob = ann.colleague("Bob", "bob@corp.example", &grants).await;
        hand_over(&ann, main, &bob).await;
        assert_eq!(at(&ann.roles_of(&bob.id).await, main), ["account_owner", "studio_admin"]);
        assert!(at(&ann.roles_of(&ann.id).await, main).is_empty());

        give(&ann, &bob.id, &[("organization_billing_viewer", organization)]).await;
        hand_over(&ann, organization, &bob).await;
        let held = at(&bob.roles_of(&bob.id).await, organization);
        assert_eq!(held, ["organization_owner", "studio_viewer"]);
        // Ann is still a member, who holds nothing.
        assert!(bob.roles_of(&ann.id).await.is_empty());
        let viewer = ann.ask("Viewer", json!({})).await;
        assert_eq!(viewer.texts("/viewer/organizations/nodes", "/name"), ["Acme"]);
        assert_eq!(viewer.texts("/viewer/accounts/nodes", "/name"), [""; 0]);
        let told = server.mails().await;
        assert!(told.iter().all(|mail| !mail["text"].to_string().contains("Your role there")));
    }
);

both!(
    /// An offer made under an earlier catalogue cannot be accepted where ownership no longer moves.
    r22_an_offer_of_an_earlier_catalogue,
    strict(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let id = offered(&ann, main, &bob.id).await;
        let later = server.another(strict_and_fixed()).await;
        let there = crate::concurrency::there(&bob, &later);
        let refused = accept(&there, &id).await;
        assert_eq!(refused.refusals("acceptOwnership"), ["NOT_TRANSFERABLE offerId"]);
        assert_eq!(shown(&bob, &id).await["status"], "PENDING");
        assert_eq!(owner(&ann, main).await, ann.id);
    }
);
