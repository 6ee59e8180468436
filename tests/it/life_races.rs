//! What holds when things end while others act on them, on two servers over the same database.

use std::time::Duration;

use entity::invitation::{self, Status};
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::json;
use tokio::time::sleep;

use crate::support::life::{account_of, act, on, there};
use crate::support::roles::assign;
use crate::support::{Options, Person, Server, both, plant};

/// Does things at once, each a little later than the one before, at one server and the other in turns.
async fn at_once<F>(times: u64, doing: impl Fn(u64) -> F) -> Vec<String>
where
    F: Future<Output = String> + Send + 'static,
{
    let tasks = (0..times).map(|n| {
        let doing = doing(n);
        tokio::spawn(async move {
            sleep(Duration::from_millis(n)).await;
            doing.await
        })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// Only these verdicts; nothing that is our fault.
fn only(verdicts: &[String], allowed: &[&str]) {
    let other = verdicts.iter().find(|verdict| !allowed.contains(&verdict.as_str()));
    assert!(other.is_none(), "{verdicts:?}");
}

/// The states of all invitations.
async fn invitations(server: &Server) -> Vec<Status> {
    let rows = invitation::Entity::find().all(&server.app.db).await.unwrap();
    rows.into_iter().map(|row| row.status).collect()
}

both!(
    /// R23: whatever is assigned in an account while it is closed, nothing stays there.
    r23_an_account_is_closed_while_roles_are_assigned_in_it,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let at_other = there(&ann, &other);
        let mut users = Vec::new();
        for n in 0..12 {
            users.push(plant::member(&server, &ann.organization, &format!("P{n}")).await);
        }
        for round in 0..4 {
            let account = ann.create_account(&format!("Account {round}"), None).await;
            let sub = ann.create_account("Below", Some(&account)).await;
            let verdicts = at_once(12, |n| {
                let by = if n % 2 == 0 { ann.clone() } else { at_other.clone() };
                let (account, sub, user) = (account.clone(), sub.clone(), users[n as usize].clone());
                async move {
                    if n == 5 {
                        return on(&by, "closeAccount", &account).await.verdict("closeAccount");
                    }
                    let grants = [("account_developer", sub.as_str()), ("studio_admin", &account)];
                    assign(&by, &user, &grants).await.verdict("assignRoles")
                }
            })
            .await;
            assert_eq!(verdicts[5], "done");
            let closed = "ACCOUNT_NOT_ACTIVE grants.0.scopeId, ACCOUNT_NOT_ACTIVE grants.1.scopeId";
            only(&verdicts, &["done", "CONFLICT", closed]);
            let left = server.assignments_at(&account).await + server.assignments_at(&sub).await;
            assert_eq!(left, 0, "{verdicts:?}");
        }
    }
);

both!(
    /// R23: whoever accepts an invitation to an account while it is closed, nothing stays there, and no
    /// invitation to it is pending.
    r23_an_account_is_closed_while_invitations_to_it_are_accepted,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let at_other = there(&ann, &other);
        let mut people = Vec::new();
        for n in 0..5 {
            let email = format!("p{n}@else{n}.example");
            people.push(server.sign_up(&format!("P{n}"), &email, &format!("Else {n}")).await);
        }
        for round in 0..3 {
            // Sooner, the same address would wait for its mail (R46).
            server.pass(chrono::TimeDelta::minutes(1));
            let account = ann.create_account(&format!("Account {round}"), None).await;
            let mut tokens = Vec::new();
            for person in &people {
                server.pass(chrono::TimeDelta::seconds(1));
                ann.invite(&person.email, &[("account_developer", &account)]).await.done("inviteUsers");
                tokens.push(server.invitation_token(&person.email).await);
            }
            let verdicts = at_once(6, |n| {
                let (person, token) = if n == 2 {
                    (at_other.clone(), String::new())
                } else {
                    let n = if n > 2 { n - 1 } else { n } as usize;
                    let at = [&server, &other][n % 2];
                    (there(&people[n], at), tokens[n].clone())
                };
                let account = account.clone();
                async move {
                    if token.is_empty() {
                        return on(&person, "closeAccount", &account).await.verdict("closeAccount");
                    }
                    let input = json!({ "token": token });
                    person.call("AcceptInvitation", input).await.verdict("acceptInvitation")
                }
            })
            .await;
            assert_eq!(verdicts[2], "done");
            let refusals = ["INVITATION_NOT_PENDING token", "INVITER_LOST_ACCESS token", "CONFLICT"];
            only(&verdicts, &[&["done"], &refusals[..]].concat());
            assert_eq!(server.assignments_at(&account).await, 0, "{verdicts:?}");
            let pending = invitations(&server).await;
            assert!(!pending.contains(&Status::Pending), "{verdicts:?} {pending:?}");
            // Nobody is a member in the next round.
            for person in &people {
                let input = json!({ "userId": person.id, "organizationId": ann.organization });
                act(&ann, "removeUserFromOrganization", input).await;
                assert_eq!(server.held_by(&person.id).await, (1, 2));
            }
        }
    }
);

both!(
    /// R26: whatever a user is given while they are removed, nothing stays.
    r26_a_user_is_removed_while_they_are_given_roles,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let at_other = there(&ann, &other);
        let filter = json!({ "first": 12, "filter": { "kind": "BUILT_IN" } });
        let keys = ann.ask("Roles", filter).await.texts("/roles/nodes", "/key");
        for round in 0..4 {
            let user = plant::member(&server, &ann.organization, &format!("Bob{round}")).await;
            let verdicts = at_once(12, |n| {
                let by = if n % 2 == 0 { ann.clone() } else { at_other.clone() };
                let (user, key) = (user.clone(), keys[n as usize].clone());
                async move {
                    if n == 5 {
                        let input = json!({ "userId": user, "organizationId": by.organization });
                        let mutation = "removeUserFromOrganization";
                        return act(&by, mutation, input).await.verdict(mutation);
                    }
                    let scope = by.account.clone();
                    assign(&by, &user, &[(&key, &scope)]).await.verdict("assignRoles")
                }
            })
            .await;
            assert_eq!(verdicts[5], "done");
            only(&verdicts, &["done", "CONFLICT", "NOT_A_MEMBER userId"]);
            assert_eq!(server.held_by(&user).await, (0, 0), "{verdicts:?}");
        }
    }
);

both!(
    /// R26: while somebody is removed, they invite, create accounts, and their invitations are accepted:
    /// no invitation of theirs is pending afterwards, and they own nothing.
    r26_a_user_is_removed_while_they_act,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let bob = ann.colleague("Bob", "bob@acme.example", &admin).await;
        let mut people = Vec::new();
        for n in 0..3 {
            let email = format!("p{n}@else{n}.example");
            let person = server.sign_up(&format!("P{n}"), &email, &format!("Else {n}")).await;
            server.pass(chrono::TimeDelta::seconds(1));
            let (_, token) = bob.invite_one(&email, &admin).await;
            people.push((person, token));
        }
        let verdicts = at_once(10, |n| {
            let at = if n % 2 == 0 { &server } else { &other };
            let (ann, bob) = (there(&ann, at), there(&bob, at));
            let (person, token) = people[n as usize % 3].clone();
            let person = there(&person, at);
            async move {
                let mutation = "removeUserFromOrganization";
                match n {
                    4 => {
                        let input = json!({ "userId": bob.id, "organizationId": ann.organization,
                            "newOwnerId": ann.id });
                        act(&ann, mutation, input).await.verdict(mutation)
                    }
                    1 | 5 | 8 => {
                        let input = json!({ "token": token });
                        person.call("AcceptInvitation", input).await.verdict("acceptInvitation")
                    }
                    2 | 6 => {
                        let input = json!({ "organizationId": bob.organization, "name": "Bob's" });
                        bob.call("CreateAccount", input).await.verdict("createAccount")
                    }
                    _ => {
                        let grants = [("organization_admin", bob.organization.as_str())];
                        bob.invite(&format!("q{n}@new.example"), &grants).await.verdict("inviteUsers")
                    }
                }
            }
        })
        .await;
        assert_eq!(verdicts[4], "done", "{verdicts:?}");
        let refusals = ["NOT_FOUND", "CONFLICT", "INVITATION_NOT_PENDING token", "INVITER_LOST_ACCESS token"];
        only(&verdicts, &[&["done"], &refusals[..]].concat());
        assert_eq!(server.held_by(&bob.id).await, (0, 0), "{verdicts:?}");
        assert!(!invitations(&server).await.contains(&Status::Pending), "{verdicts:?}");
    }
);

both!(
    /// R27: once a suspension has been answered, nothing that begins later goes through.
    r27_nothing_goes_through_after_a_suspension,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let ivo = ann.colleague("Ivo", "ivo@acme.example", &[]).await;
        let own = account_of(&ann, &ivo, "Ivo's").await;
        for (stop, go) in [("suspendAccount", "reactivateAccount"), ("suspendUser", "reactivateUser")] {
            let input = if stop == "suspendUser" {
                json!({ "userId": ivo.id, "organizationId": ann.organization })
            } else {
                json!({ "accountId": own })
            };
            let rename = |by: &Person, name: String| {
                let (by, own) = (by.clone(), own.clone());
                async move {
                    act(&by, "updateAccount", json!({ "accountId": own, "name": name })).await.verdict("updateAccount")
                }
            };
            let actors = [there(&ivo, &server), there(&ivo, &other)];
            let acting = actors.iter().flat_map(|by| (0..6).map(move |n| (by, n)));
            let tasks: Vec<_> =
                acting.map(|(by, n)| tokio::spawn(rename(by, format!("Name {n}")))).collect();
            sleep(Duration::from_millis(3)).await;
            act(&ann, stop, input.clone()).await.done(stop);
            for by in &actors {
                let verdict = rename(by, "Too late".to_owned()).await;
                assert!(["FORBIDDEN", "NOT_FOUND"].contains(&verdict.as_str()), "{stop}: {verdict}");
            }
            let verdicts: Vec<String> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
            only(&verdicts, &["done", "FORBIDDEN", "NOT_FOUND", "CONFLICT"]);
            act(&ann, go, input).await.done(go);
            assert_eq!(rename(&actors[1], "In time".to_owned()).await, "done");
        }
    }
);

both!(
    /// R23: whatever goes on in an organization while it is deleted, nothing of it is left.
    r23_an_organization_is_deleted_while_it_is_used,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let pat = server.sign_up("Pat", "pat@else.example", "Else").await;
        let (_, token) = ann.invite_one("pat@else.example", &[("account_developer", &ann.account)]).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let verdicts = at_once(12, |n| {
            let at = if n % 2 == 0 { &server } else { &other };
            let (ann, pat) = (there(&ann, at), there(&pat, at));
            let (token, bob) = (token.clone(), bob.clone());
            async move {
                let organization = json!({ "organizationId": ann.organization });
                match n {
                    4 => {
                        let mutation = "deleteOrganization";
                        act(&ann, mutation, organization).await.verdict(mutation)
                    }
                    2 | 7 => {
                        let input = json!({ "token": token });
                        pat.call("AcceptInvitation", input).await.verdict("acceptInvitation")
                    }
                    1 | 5 | 8 => {
                        let scope = ann.account.clone();
                        assign(&ann, &bob, &[("account_developer", &scope)]).await.verdict("assignRoles")
                    }
                    3 | 6 | 9 => {
                        let input = json!({ "organizationId": ann.organization, "name": "New" });
                        ann.call("CreateAccount", input).await.verdict("createAccount")
                    }
                    _ => {
                        let scope = ann.account.clone();
                        let grants = [("account_developer", scope.as_str())];
                        ann.invite(&format!("q{n}@new.example"), &grants).await.verdict("inviteUsers")
                    }
                }
            }
        })
        .await;
        assert_eq!(verdicts[4], "done", "{verdicts:?}");
        only(&verdicts, &["done", "NOT_FOUND", "CONFLICT", "NOT_A_MEMBER userId", "INVALID_TOKEN token",
            "INVITATION_NOT_PENDING token", "INVITER_LOST_ACCESS token", "NOT_FOUND grants.0.scopeId"]);
        assert_eq!(server.traces(&ann.organization).await, [""; 0], "{verdicts:?}");
    }
);
