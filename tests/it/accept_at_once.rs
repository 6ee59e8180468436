//! A hundred who accept at once (R50), through the API and through the page, on two servers: one
//! membership, one set of assignments, and for everybody else a plain answer.

use entity::{invitation, membership, role_assignment, user};
use futures_util::future::{Either, join_all};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use crate::support::{Answer, Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

/// How one of them went.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// In, with a session.
    Won,
    /// The reason, in plain words.
    Lost(String),
}

/// What the API answered.
fn by_api(answer: &Answer) -> End {
    if answer.body.get("errors").is_some() {
        return End::Lost(format!("error {}", answer.error()));
    }
    let token = answer.at("/acceptInvitation/tokens");
    match answer.refusals("acceptInvitation").pop() {
        None => {
            assert!(token["accessToken"].is_string());
            End::Won
        }
        Some(refusal) => {
            assert!(token.is_null());
            End::Lost(refusal)
        }
    }
}

/// Accepts by the page's form, perhaps signed in there.
async fn by_page(server: &Server, token: &str, signed_in: Option<&Person>) -> End {
    let form = [("name", "Bob"), ("password", Person::PASSWORD)];
    let mut request =
        server.http.post(format!("{}/invitations/{token}", server.url)).form(&form[..]);
    if let Some(person) = signed_in {
        request = request.header("cookie", format!("rolecall_page={}", person.access_token));
    }
    let page = request.send().await.unwrap();
    let status = page.status().as_u16();
    let to = page.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    let signed_in = page.headers().get("set-cookie").is_some();
    match status {
        303 => {
            assert!(to.unwrap().starts_with("/welcome") && signed_in);
            End::Won
        }
        status => {
            assert!(!signed_in);
            let text = page.text().await.unwrap();
            // The page as the invitation is now: it was accepted, or there is somebody to sign in.
            let plain = text.contains("has been accepted") || text.contains("current-password");
            End::Lost(format!("{status}{}", if plain { "" } else { &text }))
        }
    }
}

/// One went in and the others were refused in plain words; Bob is one person, a member once, with this
/// many assignments, and the invitation is his.
async fn one_succeeded(server: &Server, ends: &[End], assignments: u64) {
    assert_eq!(ends.len(), 100);
    let won = ends.iter().filter(|end| **end == End::Won).count();
    assert_eq!(won, 1, "{ends:?}");
    for end in ends {
        let End::Lost(reason) = end else { continue };
        let plain = ["INVITATION_NOT_PENDING token", "SIGN_IN_REQUIRED password", "422"];
        assert!(plain.contains(&reason.as_str()), "{reason}");
    }
    let db = &server.app.db;
    let bobs = user::Entity::find().filter(user::Column::EmailKey.eq(BOB)).all(db).await.unwrap();
    assert_eq!(bobs.len(), 1);
    let invited = invitation::Entity::find().all(db).await.unwrap();
    assert_eq!((invited.len(), invited[0].ended_by), (1, Some(bobs[0].id)));
    let members = membership::Entity::find()
        .filter(membership::Column::UserId.eq(bobs[0].id))
        .filter(membership::Column::OrganizationId.eq(invited[0].organization_id));
    assert_eq!(members.count(db).await.unwrap(), 1);
    let held = role_assignment::Entity::find()
        .filter(role_assignment::Column::UserId.eq(bobs[0].id))
        .count(db);
    assert_eq!(held.await.unwrap(), assignments);
    assert_eq!(server.audit("invitation.accepted").await.len(), 1);
    let told = server.all_mails().await.into_iter().filter(|m| m.kind == "invitation_accepted");
    assert_eq!(told.count(), 1);
}

both!(
    /// Somebody new, by the API and by the page.
    r50_a_hundred_accepts_of_somebody_new,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = [("account_developer", ann.account.as_str()), ("studio_viewer", &ann.organization)];
        let (_, token) = ann.invite_one(BOB, &grants).await;
        let there = server.another(Options::default()).await;
        let accepts = (0..100).map(|n| {
            let (server, token) = (if n % 2 == 0 { &server } else { &there }, &token);
            if n % 4 < 2 {
                Either::Left(async move { by_api(&server.accept(token, "Bob").await) })
            } else {
                Either::Right(by_page(server, token, None))
            }
        });
        let ends = join_all(accepts).await;
        one_succeeded(&server, &ends, 2).await;
    }
);

both!(
    /// Somebody known: signed in and by password, by the API and by the page, while they sign in
    /// elsewhere at the same time.
    r50_a_hundred_accepts_of_somebody_known,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let there = server.another(Options::default()).await;
        let bob = server.sign_up("Bob", BOB, "Bobs").await;
        let bob_there = Person { server: there.clone(), ..bob.clone() };
        let (_, token) = ann.invite_one(BOB, &[("account_developer", &ann.account)]).await;
        let accepts = (0..100).map(|n| {
            let (bob, token) = (if n % 2 == 0 { &bob } else { &bob_there }, token.as_str());
            async move {
                match n % 8 {
                    0 | 1 => by_api(&bob.call("AcceptInvitation", json!({ "token": token })).await),
                    2 | 3 => by_api(&bob.server.accept(token, "Bob").await),
                    4 | 5 => by_page(&bob.server, token, Some(bob)).await,
                    _ => by_page(&bob.server, token, None).await,
                }
            }
        });
        let signing_in = (0..8).map(|_| server.sign_in("Bob", BOB));
        let (ends, _) = tokio::join!(join_all(accepts), join_all(signing_in));
        // Bob has an organization and an account of his own.
        one_succeeded(&server, &ends, 2 + 2).await;
    }
);
