//! Which passwords are accepted, and how they are kept (R66).

use std::time::Duration;

use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, both};

/// The example of the reference implementation's README, of other parameters than ours.
const OLD: &str = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";

async fn hash_of(server: &Server, email: &str) -> String {
    let user = user::Entity::find().filter(user::Column::EmailKey.eq(email));
    user.one(&server.app.db).await.unwrap().unwrap().password_hash.unwrap()
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Answer {
    server.ask("SignIn", json!({ "input": { "email": email, "password": password } })).await
}

fn weak(answer: &Answer, mutation: &str) {
    assert_eq!(answer.refusals(mutation), ["WEAK_PASSWORD password"]);
}

both!(
    /// R66: what is easily guessed is no password, wherever one is chosen, and whoever somebody is counts;
    /// the refusal says what would be better.
    r66_a_weak_password_is_refused_wherever_one_is_chosen,
    |server: Server| async move {
        let sign_up = |name: &'static str, password: &'static str| {
            let input = json!({ "name": name, "email": "rosamund@tangerine.example",
                "password": password, "organizationName": "Tangerine" });
            server.ask("SignUp", json!({ "input": input }))
        };
        weak(&sign_up("Rosamund", "Password123").await, "signUp");
        weak(&sign_up("Rosamund", "rosamundtangerine").await, "signUp");

        let document = "mutation($input: SignUpInput!) { signUp(input: $input) {
            userErrors { code help } } }";
        let input = json!({ "name": "Ann", "email": "ann@acme.example", "password": "qwertyuiop",
            "organizationName": "Acme" });
        let told = server.send(document, json!({ "input": input }), None, None).await;
        assert!(told.text("/signUp/userErrors/0/help").contains("several words"));

        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one("bob@corp.example", &[]).await;
        let input = json!({ "token": token, "name": "Bob", "password": "bob@corp.example" });
        let refused = server.ask("AcceptInvitation", json!({ "input": input })).await;
        weak(&refused, "acceptInvitation");

        server.http.post(format!("{}/reset-password", server.url))
            .form(&[("email", "ann@acme.example")]).send().await.unwrap();
        let link = reset_link(&server).await;
        let page = server.http.post(format!("{}/reset-password/{link}", server.url))
            .form(&[("password", "iloveyou1")]).send().await.unwrap();
        assert_eq!(page.status(), 422);
        assert!(page.text().await.unwrap().contains("easily guessed"));
        let input = json!({ "token": link, "password": "iloveyou1" });
        let refused = server.ask("ResetPassword", json!({ "input": input })).await;
        weak(&refused, "resetPassword");
        sign_in(&server, "ann@acme.example", Person::PASSWORD).await.done("signIn");
    }
);

async fn reset_link(server: &Server) -> String {
    for _ in 0..500 {
        let mails = server.mails().await;
        let links = mails.iter().flat_map(|mail| mail["links"].as_array().unwrap());
        let mut tokens =
            links.filter_map(Value::as_str).filter_map(|l| l.split_once("/reset-password/"));
        if let Some((_, token)) = tokens.next() {
            return token.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail with a link");
}

both!(
    /// R66: a hash of other days is replaced when its owner signs in; several at once all get in, and one
    /// that is wrong replaces nothing.
    r66_an_old_hash_is_replaced_at_the_next_sign_in,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let is_ann = user::Column::EmailKey.eq(ann.email.as_str());
        let set = user::Entity::update_many().col_expr(user::Column::PasswordHash, Expr::value(OLD));
        set.filter(is_ann).exec(&server.app.db).await.unwrap();
        let wrong = sign_in(&server, &ann.email, "Password").await;
        assert_eq!(wrong.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
        assert_eq!(hash_of(&server, &ann.email).await, OLD);

        let tries = (0..4).map(|_| sign_in(&server, &ann.email, "password"));
        for answer in futures_util::future::join_all(tries).await {
            answer.done("signIn");
        }
        let mut tries = 0;
        while hash_of(&server, &ann.email).await == OLD {
            tries += 1;
            assert!(tries < 500, "the hash stays as it is");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(hash_of(&server, &ann.email).await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        sign_in(&server, &ann.email, "password").await.done("signIn");
    }
);
