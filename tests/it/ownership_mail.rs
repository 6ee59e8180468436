//! What is told of ownership (R22): the mails of both sides, and the audit events (R70).

use chrono::TimeDelta;
use entity::mail::State;
use serde_json::{Value, json};

use crate::support::inviting::moment;
use crate::support::ownership::{accept, decline, hand_over, offered, pending, shown, withdraw};
use crate::support::smtp::SmtpServer;
use crate::support::{Options, Person, Server, both, plant};

/// An Owner, and a colleague whose mails are in German.
async fn two(server: &Server) -> (Person, Person) {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
    plant::run(server, "UPDATE users SET locale = 'de' WHERE id = $1", &[&bob.id]).await;
    (ann, bob)
}

/// How far the mails of one kind to an address have come, oldest first.
async fn states(server: &Server, email: &str, kind: &str) -> Vec<State> {
    let mails = server.mails_of_all_times().await.into_iter();
    mails
        .filter(|mail| mail.recipient == email && mail.kind == kind)
        .map(|mail| mail.state)
        .collect()
}

both!(
    /// Each step is mailed to the other side, in their language.
    r22_each_step_is_mailed_to_the_other_side,
    |server: Server| async move {
        let (ann, bob) = two(&server).await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let step = async || {
            server.deliver().await;
            server.pass(TimeDelta::seconds(1));
            server.ownership_mails().await.pop().unwrap()
        };
        let id = offered(&ann, main, &bob.id).await;
        assert_eq!(
            step().await,
            "ownership_offered bob@corp.example: Ann möchte Ihnen das Konto „Acme Main“ („Acme“) übergeben"
        );
        decline(&bob, &id).await.done("declineOwnership");
        assert_eq!(
            step().await,
            "ownership_declined ann@acme.example: Bob does not want to own the account Acme Main (Acme)"
        );
        let id = offered(&ann, organization, &bob.id).await;
        assert_eq!(
            step().await,
            "ownership_offered bob@corp.example: Ann möchte Ihnen die Organisation „Acme“ übergeben"
        );
        withdraw(&ann, &id).await.done("withdrawOwnership");
        assert_eq!(
            step().await,
            "ownership_withdrawn bob@corp.example: Angebot zurückgezogen: die Organisation „Acme“"
        );
        let id = offered(&ann, organization, &bob.id).await;
        step().await;
        accept(&bob, &id).await.done("acceptOwnership");
        assert_eq!(
            step().await,
            "ownership_accepted ann@acme.example: Bob is now the Owner of the organization Acme"
        );
        let text = server.mails().await.remove(0)["text"].as_str().unwrap().to_owned();
        assert!(text.contains("Your role there is now: Organization Admin."), "{text}");
        assert_eq!(server.ownership_mails().await.len(), 6);

        // A step that is refused tells nobody anything.
        accept(&bob, &id).await;
        withdraw(&ann, &id).await;
        assert_eq!(server.ownership_mails().await.len(), 6);
    }
);

both!(
    /// An offer that nobody answers for seven days cannot be accepted any more; then, and not before, its
    /// Owner is told.
    r22_an_offer_expires,
    |server: Server| async move {
        let (ann, bob) = two(&server).await;
        let main = ann.account.clone();
        let id = offered(&ann, &main, &bob.id).await;
        let expires_at = server.now() + TimeDelta::days(7);
        let smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;

        let almost = TimeDelta::days(7) - TimeDelta::milliseconds(1);
        let (ann, bob) = (ann.later(almost).await, bob.later(TimeDelta::zero()).await);
        assert_eq!(server.deliver_to(&smtp).await, 0, "not yet");
        assert!(server.mails().await.iter().all(|mail| mail["kind"] != "ownership_expired"));
        assert_eq!(pending(&bob).await, [id.clone()]);
        server.pass(TimeDelta::milliseconds(1));
        for person in [&ann, &bob] {
            assert!(pending(person).await.is_empty());
            let seen = shown(person, &id).await;
            assert_eq!(seen["status"], "EXPIRED");
            assert_eq!(moment(&seen["endedAt"]), expires_at);
        }
        let over = "OFFER_EXPIRED offerId";
        assert_eq!(accept(&bob, &id).await.refusals("acceptOwnership"), [over]);
        assert_eq!(decline(&bob, &id).await.refusals("declineOwnership"), [over]);
        assert_eq!(withdraw(&ann, &id).await.refusals("withdrawOwnership"), [over]);

        let newest = server.mails().await.remove(0);
        assert_eq!(newest["subject"], "Your offer to Bob has expired");
        assert_eq!(server.deliver_to(&smtp).await, 1);
        let mail = server.outbox("ann@acme.example").await.pop().unwrap();
        assert_eq!((mail.kind.as_str(), mail.state), ("ownership_expired", State::Sent));
        assert_eq!((mail.created_at, mail.sent_at), (expires_at, Some(expires_at)));
        assert_eq!(server.deliver_to(&smtp).await, 0);

        // The next one is not in the way of it, and hands over.
        hand_over(&ann, &main, &bob).await;
        assert_eq!(states(&server, "ann@acme.example", "ownership_expired").await, [
            State::Sent,
            State::Cancelled
        ]);
    }
);

both!(
    /// A mail server that is down when an offer expires gets the mail later, as any other: its hours are
    /// counted from then.
    r22_the_mail_of_an_expired_offer_is_tried_again,
    |server: Server| async move {
        let (ann, bob) = two(&server).await;
        offered(&ann, &ann.account, &bob.id).await;
        server.deliver().await;
        server.pass(TimeDelta::days(7));
        let smtp_url = Some("smtp://127.0.0.1:1".to_owned());
        let down = server.another(Options { smtp_url, ..Options::default() }).await;
        assert_eq!(down.deliver().await, 1);
        let owner = "ann@acme.example";
        assert_eq!(states(&server, owner, "ownership_expired").await, [State::Queued]);
        server.pass(TimeDelta::hours(2));
        server.deliver().await;
        assert_eq!(states(&server, owner, "ownership_expired").await, [State::Sent]);
    }
);

both!(
    /// An offer that ended otherwise has not expired: that mail is called off, and one that still waits
    /// to make the offer is, too.
    r22_what_ended_otherwise_does_not_expire,
    |server: Server| async move {
        let (ann, bob) = two(&server).await;
        let main = ann.account.as_str();
        let (owner, other) = ("ann@acme.example", "bob@corp.example");
        let id = offered(&ann, main, &bob.id).await;
        withdraw(&ann, &id).await.done("withdrawOwnership");
        assert_eq!(states(&server, other, "ownership_offered").await, [State::Cancelled]);
        server.pass(TimeDelta::seconds(1));
        let id = offered(&ann, main, &bob.id).await;
        server.deliver().await;
        decline(&bob, &id).await.done("declineOwnership");
        assert_eq!(states(&server, other, "ownership_offered").await, [State::Cancelled, State::Sent]);
        hand_over(&ann, main, &bob).await;
        assert_eq!(states(&server, owner, "ownership_expired").await, [State::Cancelled; 3]);
        let sealed = server.mails_of_all_times().await;
        assert!(sealed.iter().all(|mail| mail.state != State::Cancelled || mail.sealed.is_none()));
        server.pass(TimeDelta::days(8));
        while server.deliver().await > 0 {}
        let mails = server.ownership_mails().await;
        assert!(mails.iter().all(|mail| !mail.starts_with("ownership_expired")), "{mails:#?}");
    }
);

both!(
    /// R70: every step is an event, and so is every role that comes or goes with it.
    r22_r70_every_step_is_an_audit_event,
    |server: Server| async move {
        let (ann, bob) = two(&server).await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let declined = offered(&ann, main, &bob.id).await;
        decline(&bob, &declined).await.done("declineOwnership");
        let withdrawn = offered(&ann, main, &bob.id).await;
        withdraw(&ann, &withdrawn).await.done("withdrawOwnership");
        ann.call("AssignRoles", json!({ "userId": bob.id,
            "grants": [{ "roleKey": "account_administrator", "scopeId": main }] })).await.done("assignRoles");
        let accepted = offered(&ann, main, &bob.id).await;
        let created = server.audit("role_assignment.created").await.len();
        accept(&bob, &accepted).await.done("acceptOwnership");

        let one = async |action: &str, by: &Person, target: &str| -> (Value, Value) {
            let events = server.audit(action).await;
            let event = events.into_iter().find(|event| event.target == target).unwrap();
            assert_eq!(event.actor_id.unwrap().to_string(), by.id, "{action}");
            assert_eq!(event.organization_id.unwrap().to_string(), organization);
            assert!(event.network_address.is_some() && !event.request_id.is_empty());
            (event.before.unwrap_or_default(), event.after.unwrap_or_default())
        };
        for id in [&declined, &withdrawn, &accepted] {
            let (_, after) = one("ownership_offer.created", &ann, id).await;
            assert_eq!((&after["scope"], &after["from"], &after["to"]),
                (&json!(main), &json!(ann.id), &json!(bob.id)));
        }
        one("ownership_offer.declined", &bob, &declined).await;
        one("ownership_offer.withdrawn", &ann, &withdrawn).await;
        one("ownership_offer.accepted", &bob, &accepted).await;
        let (before, after) = one("ownership.handed_over", &bob, main).await;
        assert_eq!((&before["owner"], &after["owner"]), (&json!(ann.id), &json!(bob.id)));
        let removed = server.audit("role_assignment.removed").await;
        let before = removed.last().unwrap().before.clone().unwrap();
        assert_eq!((&before["user"], &before["role"]), (&json!(bob.id), &json!("account_administrator")));
        let added = server.audit("role_assignment.created").await.split_off(created);
        let after: Vec<Value> = added.into_iter().filter_map(|event| event.after).collect();
        assert_eq!(after.len(), 1);
        assert_eq!((&after[0]["user"], &after[0]["role"]), (&json!(ann.id), &json!("account_administrator")));

        // What is refused is no event.
        let before = server.dump().await;
        accept(&bob, &accepted).await;
        offered_in_vain(&ann, main, &bob).await;
        assert_eq!(server.dump().await, before);
    }
);

async fn offered_in_vain(by: &Person, scope: &str, to: &Person) {
    let answer = by.call("OfferOwnership", json!({ "scopeId": scope, "userId": to.id })).await;
    assert_eq!(answer.error(), "FORBIDDEN");
}
