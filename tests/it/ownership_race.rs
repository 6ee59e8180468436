//! Handing over while others do the same, on two servers over one database (R22): always exactly one
//! Owner, and each offer ends once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::concurrency::{at_once, outcomes, there};
use crate::support::ownership::{accept, decline, offer, offered, owner, pending, shown, withdraw};
use crate::support::roles::give;
use crate::support::{Options, Person, Server, both, plant};

both!(
    /// Accepted fifty times at once, it is handed over once; whoever looks meanwhile sees one Owner.
    r22_fifty_accepts_hand_over_once,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let bob = ann.colleague("Bob", "bob@corp.example", &[("account_administrator", &main)]).await;
        let id = offered(&ann, &main, &bob.id).await;
        let owners = {
            let (bob, main) = (bob.clone(), main.clone());
            tokio::spawn(async move {
                let mut seen = Vec::new();
                for _ in 0..30 {
                    seen.push(owner(&bob, &main).await);
                }
                seen
            })
        };
        let answers = at_once([&bob, &there(&bob, &other)], 50, |person, _| {
            let id = id.clone();
            async move { accept(&person, &id).await }
        })
        .await;
        let refusal = BTreeSet::from(["OFFER_NOT_PENDING offerId".to_owned()]);
        assert_eq!(outcomes(&answers, "acceptOwnership"), (1, refusal));
        for seen in owners.await.unwrap() {
            assert!([&ann.id, &bob.id].contains(&&seen), "{seen}");
        }
        assert_eq!(owner(&ann, &main).await, bob.id);
        let roles = ann.roles_of(&bob.id).await;
        assert_eq!(roles.iter().filter(|role| role.ends_with(&main)).count(), 1, "{roles:?}");
        let roles = ann.roles_of(&ann.id).await;
        assert!(roles.contains(&format!("account_administrator @ {main}")), "{roles:?}");
        assert_eq!(server.audit("ownership.handed_over").await.len(), 1);
        let told = server.outbox("ann@acme.example").await;
        assert_eq!(told.iter().filter(|mail| mail.kind == "ownership_accepted").count(), 1);
    }
);

both!(
    /// Accepting against withdrawing, and against declining: one of the two, and the Owner is the one who
    /// goes with it.
    r22_an_offer_is_accepted_or_ended_otherwise,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let (ann_there, bob_there) = (there(&ann, &other), there(&bob, &other));
        for round in 0..8 {
            let account = ann.create_account(&format!("Account {round}"), None).await;
            let id = offered(&ann, &account, &bob.id).await;
            let (accepted, ended, mutation, status) = if round % 2 == 0 {
                let both = tokio::join!(accept(&bob, &id), withdraw(&ann_there, &id));
                (both.0, both.1, "withdrawOwnership", "WITHDRAWN")
            } else {
                let both = tokio::join!(accept(&bob_there, &id), decline(&bob, &id));
                (both.0, both.1, "declineOwnership", "DECLINED")
            };
            let over = ["OFFER_NOT_PENDING offerId"];
            let (expected, owner_id) = if accepted.refusals("acceptOwnership").is_empty() {
                assert_eq!(ended.refusals(mutation), over);
                ("ACCEPTED", &bob.id)
            } else {
                assert_eq!(accepted.refusals("acceptOwnership"), over);
                ended.done(mutation);
                (status, &ann.id)
            };
            assert_eq!(shown(&bob, &id).await["status"], expected);
            assert_eq!(owner(&ann, &account).await, *owner_id);
        }
    }
);

/// Takes somebody out of an organization with all that they hold there but do not own, as a
/// transaction that holds their membership; the database refuses it for an Owner.
async fn remove(server: &Server, user: &Person) -> Result<(), DbErr> {
    let tx = rolecall::store::begin(&server.app.db).await?;
    let id: entity::id::UserId = user.id.parse().unwrap();
    let lock = server.app.db.get_database_backend() == sea_orm::DbBackend::Postgres;
    let lock = lock.then_some("SELECT id FROM memberships WHERE user_id = $1 FOR UPDATE");
    let delete = [
        "DELETE FROM role_assignments WHERE user_id = $1 AND owned_scope_id IS NULL",
        "DELETE FROM memberships WHERE user_id = $1",
    ];
    for sql in lock.into_iter().chain(delete) {
        let backend = server.app.db.get_database_backend();
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, [id.into()])).await?;
    }
    tx.commit().await
}

both!(
    /// Accepting against being removed from the organization: either they own it and stay, or they are
    /// out and are told so.
    r22_accepting_against_being_removed,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for round in 0..8 {
            let account = ann.create_account(&format!("Account {round}"), None).await;
            let (name, email) = (format!("Bob {round}"), format!("bob{round}@corp.example"));
            let bob = ann.colleague(&name, &email, &[("account_developer", &account)]).await;
            let id = offered(&ann, &account, &bob.id).await;
            let bob_there = there(&bob, &other);
            let (accepted, removed) = tokio::join!(accept(&bob_there, &id), remove(&server, &bob));
            if accepted.refusals("acceptOwnership").is_empty() {
                assert!(removed.is_err(), "an Owner was removed");
                assert_eq!(owner(&ann, &account).await, bob.id);
            } else {
                assert_eq!(accepted.refusals("acceptOwnership"), ["NOT_A_MEMBER offerId"]);
                removed.unwrap();
                assert_eq!(owner(&ann, &account).await, ann.id);
                assert!(ann.roles_of(&bob.id).await.is_empty());
            }
        }
    }
);

both!(
    /// Offered to many at once, it is offered to one; other scopes' offers are not in the way.
    r22_many_offers_at_once_are_one,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.clone(), ann.account.clone());
        let mut members = Vec::new();
        for name in ["Bob", "Eve", "Kim"] {
            members.push(plant::member(&server, &organization, name).await);
        }
        let answers = at_once([&ann, &there(&ann, &other)], 24, |person, n| {
            let scope = if n % 4 < 2 { organization.clone() } else { main.clone() };
            let member = members[n % 3].clone();
            async move { offer(&person, &scope, &member).await }
        })
        .await;
        let refusal = BTreeSet::from(["ALREADY_OFFERED scopeId".to_owned()]);
        assert_eq!(outcomes(&answers, "offerOwnership"), (2, refusal));
        assert_eq!(pending(&ann).await.len(), 2);
        let mails = server.all_mails().await;
        assert_eq!(mails.iter().filter(|mail| mail.kind == "ownership_offered").count(), 2);
    }
);

both!(
    /// Handed round by many while roles are given to the same people: no request waits for ever or
    /// fails, and there is one Owner.
    r22_handing_over_among_other_changes,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let ann_there = &there(&ann, &other);
        let mut accounts = Vec::new();
        for n in 0..6 {
            let account = ann.create_account(&format!("Account {n}"), None).await;
            accounts.push((offered(&ann, &account, &bob.id).await, account));
        }
        let accepting = accounts.iter().map(|(id, _)| accept(&bob, id));
        let giving = accounts.iter().enumerate().map(|(n, (_, account))| {
            let user = if n % 2 == 0 { &ann.id } else { &bob.id };
            let grants = [("account_support", account.as_str()), ("studio_viewer", account.as_str())];
            async move { give(ann_there, user, &grants).await.len() }
        });
        let giving: Vec<_> = giving.collect();
        let (accepted, given) = tokio::join!(join_all(accepting), join_all(giving));
        assert_eq!(given, [2; 6]);
        for (answer, (_, account)) in accepted.into_iter().zip(&accounts) {
            answer.done("acceptOwnership");
            assert_eq!(owner(&ann, account).await, bob.id);
            let roles = ann.roles_of(&ann.id).await;
            assert!(roles.contains(&format!("account_administrator @ {account}")), "{roles:?}");
        }
    }
);
