//! Moves that get in each other's way, or in the way of what else is done in the account.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::account_move_accept::consistent;
use crate::support::moves::{
    accept, asked, decline, home, node, of_organization, request, withdraw,
};
use crate::support::roles::{assign, welcome};
use crate::support::{Answer, Options, Person, Server, both, plant};

fn roomy() -> Options {
    Options { config: Some(|config| config.accounts_per_organization = 100), ..Options::default() }
}

/// Whether a mutation went through; where it did not, it was refused with this code.
fn went(answer: &Answer, mutation: &str, code: &str) -> bool {
    let refusals = answer.refusals(mutation);
    assert!(refusals.is_empty() || refusals == [code], "{refusals:?}");
    refusals.is_empty()
}

/// The same person at the other server.
fn there(person: &Person, server: &Server) -> Person {
    Person { server: server.clone(), ..person.clone() }
}

async fn two(server: &Server) -> (Person, Person) {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
    welcome(&zoe, &ann, &[]).await;
    (ann, zoe)
}

both!(
    /// Accepting, declining and withdrawing one move at once: one of them does it, the others are told.
    one_answer_counts,
    roomy(),
    |server: Server| async move {
        let other = server.another(roomy()).await;
        let (ann, zoe) = two(&server).await;
        let (ann_there, zoe_there) = (there(&ann, &other), there(&zoe, &other));
        let mut outcomes = BTreeSet::new();
        for round in 0..8 {
            let desk = ann.create_account(&format!("Desk {round}"), None).await;
            ann.create_account(&format!("Below {round}"), Some(&desk)).await;
            let id = asked(&ann, &desk, &zoe.organization).await;
            let (first, second, declined, withdrawn) = tokio::join!(
                accept(&zoe, &id), accept(&zoe_there, &id), decline(&zoe_there, &id), withdraw(&ann_there, &id)
            );
            let gone = "MOVE_NOT_PENDING moveId";
            let accepted = [&first, &second].map(|answer| went(answer, "acceptAccountMove", gone));
            let accepted = accepted.into_iter().filter(|went| *went).count();
            let declined = usize::from(went(&declined, "declineAccountMove", gone));
            let withdrawn = usize::from(went(&withdrawn, "withdrawAccountMove", gone));
            assert_eq!(accepted + declined + withdrawn, 1);
            let expected = if accepted == 1 { "Elsewhere" } else { "Acme" };
            assert_eq!(home(&ann, &desk).await, expected);
            let status = node(&ann, &id).await["status"].as_str().unwrap().to_owned();
            assert_eq!(status == "ACCEPTED", accepted == 1);
            outcomes.insert(status);
        }
        assert!(!outcomes.contains("PENDING"), "{outcomes:?}");
        consistent(&server).await;
    }
);

both!(
    /// Asked to go to two organizations at once, an account has one move that waits.
    one_move_of_an_account_waits,
    roomy(),
    |server: Server| async move {
        let other = server.another(roomy()).await;
        let (ann, zoe) = two(&server).await;
        let yan = server.sign_up("Yan", "yan@third.example", "Third").await;
        welcome(&yan, &ann, &[]).await;
        let desk = ann.create_account("Desk", None).await;
        let people = [ann.clone(), there(&ann, &other)];
        let targets = [&zoe.organization, &yan.organization];
        let calls = (0..12).map(|n| request(&people[n % 2], &desk, targets[n / 2 % 2]));
        let answers = join_all(calls).await;
        let made = answers.iter().filter(|answer| went(answer, "requestAccountMove", "MOVE_PENDING accountId"));
        assert_eq!(made.count(), 1);
        assert_eq!(of_organization(&ann, &ann.organization).await.len(), 1);
    }
);

both!(
    /// Two accounts that change places, and others that go the same way, at once: nobody waits for
    /// ever, and every account arrives.
    accounts_that_change_places,
    roomy(),
    |server: Server| async move {
        let other = server.another(roomy()).await;
        let (ann, zoe) = two(&server).await;
        welcome(&ann, &zoe, &[]).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        welcome(&zoe, &bob, &[]).await;
        for round in 0..3 {
            let mut moves = Vec::new();
            for n in 0..4 {
                let (from, to) = if n % 2 == 0 { (&ann, &zoe) } else { (&zoe, &ann) };
                let account = from.create_account(&format!("Account {round} {n}"), None).await;
                // Somebody who works in all of them, and comes along each time.
                assign(from, &bob.id, &[("account_developer", &account)]).await.done("assignRoles");
                let id = asked(from, &account, &to.organization).await;
                moves.push((there(to, if n < 2 { &server } else { &other }), id, account, to.clone()));
            }
            let answers = join_all(moves.iter().map(|(by, id, ..)| accept(by, id))).await;
            for (answer, (_, _, account, to)) in answers.into_iter().zip(&moves) {
                answer.done("acceptAccountMove");
                let name = if to.id == ann.id { "Acme" } else { "Elsewhere" };
                assert_eq!(home(to, account).await, name);
            }
        }
        consistent(&server).await;
    }
);

both!(
    /// Roles given, taken and promised in an account while it goes: each of these is done before or
    /// not at all, and whoever comes too late is told so.
    what_is_done_in_an_account_that_goes,
    roomy(),
    |server: Server| async move {
        let other = server.another(roomy()).await;
        let (ann, zoe) = two(&server).await;
        let ann_there = there(&ann, &other);
        for round in 0..6 {
            let desk = ann.create_account(&format!("Desk {round}"), None).await;
            let bob = plant::member(&server, &ann.organization, &format!("Bob{round}")).await;
            let eve = plant::member(&server, &ann.organization, &format!("Eve{round}")).await;
            assign(&ann, &bob, &[("account_developer", &desk)]).await.done("assignRoles");
            let (_, token) =
                ann.invite_one(&format!("in{round}@corp.example"), &[("account_support", &desk)]).await;
            let id = asked(&ann, &desk, &zoe.organization).await;
            let late = format!("late{round}@corp.example");
            let grants = [("account_administrator", desk.as_str())];
            let below = json!({ "organizationId": ann.organization, "name": "Below", "parentAccountId": desk });
            let (moved, given, changed, invited, joined, created) = tokio::join!(
                accept(&zoe, &id),
                assign(&ann_there, &eve, &grants),
                assign(&ann, &bob, &grants),
                ann_there.invite(&late, &grants),
                other.accept(&token, "In"),
                ann.call("CreateAccount", below),
            );
            for answer in [&moved, &given, &changed, &invited, &joined, &created] {
                if answer.body.get("errors").is_some() {
                    assert!(["CONFLICT", "NOT_FOUND"].contains(&answer.error()), "{:#}", answer.body);
                }
            }
            // Where somebody was faster, it is only to be said again.
            if moved.body.get("errors").is_some() {
                accept(&zoe, &id).await.done("acceptAccountMove");
            } else {
                moved.done("acceptAccountMove");
            }
            assert_eq!(home(&zoe, &desk).await, "Elsewhere");
            consistent(&server).await;
        }
    }
);
