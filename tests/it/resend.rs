//! Resending an invitation (R46): a new link, the old one dead, and not too often.

use chrono::TimeDelta;
use entity::mail;
use futures_util::future::join_all;
use sea_orm::prelude::Uuid;
use serde_json::json;

use crate::support::inviting::moment;
use crate::support::smtp::SmtpServer;
use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// Resending mails a new link and ends the old one; the old link's mail is not sent any more.
    r46_a_new_link_and_a_new_term,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, old) = ann.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let ann = ann.later(TimeDelta::days(3)).await;
        let resent = ann.resend(&id).await.done("resendInvitation");
        let expires = moment(resent.at("/resendInvitation/invitation/expiresAt"));
        assert_eq!(expires - server.now(), TimeDelta::days(7));
        assert_eq!(resent.text("/resendInvitation/invitation/id"), id);
        assert_eq!(resent.text("/resendInvitation/invitation/delivery/state"), "QUEUED");

        let mails = server.outbox(BOB).await;
        let states: Vec<mail::State> = mails.iter().map(|mail| mail.state).collect();
        assert_eq!(states, [mail::State::Cancelled, mail::State::Queued]);
        assert_eq!(mails[0].sealed, None, "a mail that is called off keeps no link");
        let smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        let sent: Vec<_> = smtp.received().into_iter().filter(|mail| mail.to == [BOB]).collect();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        assert!(sent[0].subject.starts_with("Reminder"), "{}", sent[0].subject);
        let links = sent[0].links();
        let new = links.iter().find_map(|link| link.split_once("/invitations/")).unwrap().1;

        assert_ne!(new, old);
        let dead = server.ask("InvitationByToken", json!({ "token": old })).await;
        assert_eq!(dead.error(), "NOT_FOUND");
        let refused = server.accept(&old, "Bob").await;
        assert_eq!(refused.refusals("acceptInvitation"), ["INVALID_TOKEN token"]);
        let accepted = server.accept(new, "Bob").await.done("acceptInvitation");
        assert_eq!(accepted.text("/acceptInvitation/account/name"), "Acme Main");
        let refused = ann.resend(&id).await;
        assert_eq!(refused.refusals("resendInvitation"), ["INVITATION_NOT_PENDING invitationId"]);
    }
);

both!(
    /// A mail whose worker died is called off like any other that has not been sent.
    r46_a_mail_of_a_dead_worker_is_called_off_too,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (resent, _) = ann.invite_one(BOB, &[]).await;
        let (revoked, _) = ann.invite_one("carol@corp.example", &[]).await;
        let (db, dead) = (&server.app.db, Uuid::from_u128(9));
        let lease = TimeDelta::minutes(2);
        rolecall::store::mail::lease_due(db, server.now(), 20, lease, dead).await.unwrap();
        server.pass(TimeDelta::minutes(1));
        ann.resend(&resent).await.done("resendInvitation");
        ann.revoke(&revoked).await.done("revokeInvitation");

        server.pass(TimeDelta::minutes(2));
        let smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        let subjects = |to: &str| -> Vec<String> {
            let mails = smtp.received().into_iter().filter(|mail| mail.to == [to]);
            mails.map(|mail| mail.subject).collect()
        };
        assert_eq!(subjects(BOB), ["Reminder: Ann invited you to join Acme"]);
        assert_eq!(subjects("carol@corp.example"), [""; 0]);
    }
);

both!(
    /// An invitation that has expired can be resent, unless a newer one stands.
    r46_expired_invitations_are_resent_too,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (first, _) = ann.invite_one(BOB, &[]).await;
        let ann = ann.later(TimeDelta::days(8)).await;
        ann.resend(&first).await.done("resendInvitation");
        assert_eq!(ann.invitation_of(BOB).await["status"], "PENDING");
        let token = server.invitation_token(BOB).await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp");

        let ann = ann.later(TimeDelta::days(8)).await;
        ann.invite_one(BOB, &[]).await;
        server.pass(TimeDelta::minutes(1));
        let refused = ann.resend(&first).await;
        assert_eq!(refused.refusals("resendInvitation"), ["ALREADY_INVITED invitationId"]);
        // Once that one has expired as well, it is not in the way.
        let ann = ann.later(TimeDelta::days(8)).await;
        ann.resend(&first).await.done("resendInvitation");
        let pending = ann.invitations(json!({ "status": "PENDING" })).await;
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0]["id"], first);
    }
);

both!(
    /// At most once a minute, and five times a day.
    r46_not_too_often,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (id, _) = ann.invite_one(BOB, &[]).await;
        let too_soon = ["RESEND_TOO_SOON invitationId"];
        assert_eq!(ann.resend(&id).await.refusals("resendInvitation"), too_soon);
        server.pass(TimeDelta::seconds(59));
        assert_eq!(ann.resend(&id).await.refusals("resendInvitation"), too_soon);
        server.pass(TimeDelta::seconds(1));

        for _ in 0..5 {
            ann.resend(&id).await.done("resendInvitation");
            server.pass(TimeDelta::minutes(1));
        }
        assert_eq!(ann.resend(&id).await.refusals("resendInvitation"), too_soon);
        let ann = ann.later(TimeDelta::hours(23)).await;
        assert_eq!(ann.resend(&id).await.refusals("resendInvitation"), too_soon);
        let ann = ann.later(TimeDelta::hours(1)).await;
        ann.resend(&id).await.done("resendInvitation");
        assert_eq!(server.outbox(BOB).await.len(), 7);
    }
);

both!(
    /// Two who resend at once mail one link.
    r46_parallel_resends_mail_one_link,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let there = Person { server: server.another(Options::default()).await, ..ann.clone() };
        let (id, _) = ann.invite_one(BOB, &[]).await;
        server.pass(TimeDelta::minutes(1));
        let calls = (0..10).map(|n| if n % 2 == 0 { &ann } else { &there }).map(|p| p.resend(&id));
        let answers = join_all(calls).await;
        let sent = answers.iter().filter(|answer| {
            answer.body.pointer("/data/resendInvitation/invitation/id").is_some()
        });
        assert_eq!(sent.count(), 1, "{answers:#?}");
        assert_eq!(server.outbox(BOB).await.len(), 2);
        let token = server.invitation_token(BOB).await;
        assert_eq!(server.link_state(&token).await, "InvitationNeedsSignUp");
    }
);

both!(
    /// Resending and revoking at once: one of the two is first, and neither breaks the other.
    r46_r47_resending_and_revoking_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let people: Vec<_> = (0..30).map(|n| json!({ "email": format!("p{n}@corp.example") })).collect();
        let invited = ann.invite_with(json!({ "invitees": people })).await;
        let ids = invited.texts("/inviteUsers/results", "/invitation/id");
        server.pass(TimeDelta::minutes(1));
        let calls = ids.iter().map(|id| async { tokio::join!(ann.resend(id), ann.revoke(id)) });
        for (resent, revoked) in join_all(calls).await {
            assert!(revoked.refusals("revokeInvitation").is_empty());
            if resent.body.get("errors").is_some() {
                assert_eq!(resent.error(), "CONFLICT");
            }
        }
        assert_eq!(ann.invitations(json!({ "status": "REVOKED" })).await.len(), 30);
        let mails = server.all_mails().await.into_iter().filter(|mail| mail.kind == "invitation");
        let left: Vec<_> = mails.filter(|mail| mail.state != mail::State::Cancelled).collect();
        assert!(left.is_empty(), "{left:#?}");
    }
);

both!(
    /// Resending and accepting at once: either the old link was still good, or it is dead.
    r46_r50_resending_and_accepting_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut invited = Vec::new();
        for number in 0..10 {
            invited.push(ann.invite_one(&format!("p{number}@corp.example"), &[]).await);
        }
        server.pass(TimeDelta::minutes(1));
        let calls = invited
            .iter()
            .map(|(id, token)| async { tokio::join!(ann.resend(id), server.accept(token, "Bob")) });
        for (number, (resent, accepted)) in join_all(calls).await.into_iter().enumerate() {
            let status = ann.invitation_of(&format!("p{number}@corp.example")).await["status"].clone();
            if resent.body.get("errors").is_none() && resent.refusals("resendInvitation").is_empty() {
                assert_eq!(accepted.refusals("acceptInvitation"), ["INVALID_TOKEN token"]);
                assert_eq!(status, "PENDING");
            } else {
                accepted.done("acceptInvitation");
                assert_eq!(status, "ACCEPTED");
            }
        }
    }
);
