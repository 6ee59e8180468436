//! Access and refresh tokens, as whoever tampers with them meets them (R61).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use entity::refresh_token;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rolecall::auth::keys::Keyring;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::{Answer, Options, Server, both};

/// PKCS#8 in front of the 32 bytes of an Ed25519 key (RFC 8410 §7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The private key of this seed; [`Server`]s sign with that of seven.
fn key(seed: u8) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8[..], &[seed; 32]].concat())
}

/// One of a token's first two parts.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The claims of a token with some of them changed (null: left out).
fn changed(token: &str, changes: &Value) -> Value {
    let mut claims = claims(token);
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// These claims, signed by the key of this seed under this name.
fn signed(claims: &Value, seed: u8, kid: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &key(seed)).unwrap()
}

async fn ask(server: &Server, token: &str) -> Answer {
    server.send("{ viewer { user { id } } }", json!({}), Some(token), None).await
}

/// Not signed in, and not a word about why.
fn assert_nothing_but_unauthenticated(what: &str, answer: &Answer) {
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{what}: {errors:?}");
    assert_eq!(errors[0]["extensions"], json!({ "code": "UNAUTHENTICATED" }), "{what}");
    let message = "sign in first: the token is missing or no longer good";
    assert_eq!(errors[0]["message"], message, "{what}");
    assert!(answer.body["data"].is_null(), "{what}: {}", answer.body);
}

async fn refresh(server: &Server, refresh_token: &str) -> Answer {
    let input = json!({ "refreshToken": refresh_token });
    server.ask("RefreshSession", json!({ "input": input })).await
}

/// The access token and the refresh token of a refresh that went through.
async fn refreshed(server: &Server, refresh_token: &str) -> (String, String) {
    let answer = refresh(server, refresh_token).await.done("refreshSession");
    (
        answer.text("/refreshSession/tokens/accessToken"),
        answer.text("/refreshSession/tokens/refreshToken"),
    )
}

async fn assert_no_refresh(server: &Server, refresh_token: &str) {
    let refused = refresh(server, refresh_token).await;
    assert_eq!(refused.refusals("refreshSession"), ["INVALID_REFRESH_TOKEN refreshToken"]);
    assert!(refused.at("/refreshSession/tokens").is_null());
}

both!(
    /// What a token says is in the contract; anybody can check it with the published keys.
    r61_a_token_says_what_the_contract_says_and_the_published_key_verifies_it,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claims = claims(&ann.access_token);
        let mut said: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        said.sort_unstable();
        assert_eq!(said, ["acct", "aud", "exp", "iat", "iss", "jti", "org", "sid", "sub"]);
        assert_eq!(claims["iss"], "http://rolecall.test");
        assert_eq!(claims["sub"], ann.id);
        assert_eq!(claims["acct"], ann.account);
        assert_eq!(claims["org"], ann.organization);
        assert!(claims["sid"].as_str().unwrap().starts_with("sess_"));
        assert_eq!(claims["iat"], server.now().timestamp());
        assert_eq!(claims["exp"], server.now().timestamp() + 600);

        let url = format!("{}/.well-known/jwks.json", server.url);
        let keys: Value = server.http.get(url).send().await.unwrap().json().await.unwrap();
        let header = part(&ann.access_token, 0);
        let named = |key: &&Value| key["kid"] == header["kid"];
        let jwk = keys["keys"].as_array().unwrap().iter().find(named).unwrap();
        assert!(jwk.get("d").is_none(), "the private key is private");
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&["http://rolecall.test"]);
        validation.set_audience(&["rolecall"]);
        // It would ask the system what time it is.
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let verified = jsonwebtoken::decode::<Value>(&ann.access_token, &key, &validation).unwrap();
        assert_eq!(verified.claims, claims);

        // Two tokens of one second differ: each has a name of its own.
        let (one, next) = refreshed(&server, &ann.refresh_token).await;
        let (two, _) = refreshed(&server, &next).await;
        assert_ne!(part(&one, 1)["jti"], part(&two, 1)["jti"]);
    }
);

both!(
    /// Whatever is wrong with a token, the answer is the same; our own signature does not help.
    r61_a_forged_token_is_nobodys,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let good = &ann.access_token;
        let kid = part(good, 0)["kid"].as_str().unwrap().to_owned();
        let [header, payload, signature]: [&str; 3] =
            good.split('.').collect::<Vec<_>>().try_into().unwrap();
        // The forger's tools work: with the server's own key they make a token that is taken.
        let same = signed(&claims(good), 7, &kid);
        assert_eq!(ask(&server, &same).await.text("/viewer/user/id"), ann.id);

        let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let none = |alg| encode(json!({ "alg": alg, "typ": "JWT", "kid": kid }));
        let resigned = |changes: Value| signed(&changed(good, &changes), 7, &kid);
        let public = {
            let jwks = server.app.keys.ring().jwks();
            BASE64_URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap()
        };
        let hs256 = |secret: &[u8]| {
            let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
            jsonwebtoken::encode(&header, &claims(good), &EncodingKey::from_secret(secret)).unwrap()
        };
        let now = server.now().timestamp();
        let tampered = encode(changed(good, &json!({ "sub": bob.id })));
        let forged = [
            ("nothing", String::new()),
            ("no JWT", "x".to_owned()),
            ("dots", "..".to_owned()),
            ("alg none", format!("{}.{payload}.", none("none"))),
            ("alg None", format!("{}.{payload}.", none("None"))),
            ("alg none with a signature", format!("{}.{payload}.{signature}", none("none"))),
            ("HS256 with the public key", hs256(&public)),
            (
                "HS256 with the public key as it is published",
                hs256(BASE64_URL_SAFE_NO_PAD.encode(&public).as_bytes()),
            ),
            ("a strange key under our name", signed(&claims(good), 8, &kid)),
            ("our key under a strange name", signed(&claims(good), 7, "other")),
            ("a strange key", signed(&claims(good), 8, "other")),
            ("somebody else's id", format!("{header}.{tampered}.{signature}")),
            ("no signature", format!("{header}.{payload}.")),
            ("a bit of the signature", format!("{header}.{payload}.{}", &signature[1..])),
            ("over", resigned(json!({ "exp": now }))),
            ("from the future", resigned(json!({ "iat": now + 60, "exp": now + 600 }))),
            ("not yet", resigned(json!({ "nbf": now + 60 }))),
            ("another issuer", resigned(json!({ "iss": "http://elsewhere.test" }))),
            ("another audience", resigned(json!({ "aud": "billing" }))),
            ("no session", resigned(json!({ "sid": null }))),
            ("no user", resigned(json!({ "sub": null }))),
            ("an account for a user", resigned(json!({ "sub": ann.account }))),
            ("somebody else's session", resigned(json!({ "sub": bob.id }))),
            ("no expiry", resigned(json!({ "exp": null }))),
            ("a signature and a half", format!("{good}.{signature}")),
            ("50 kB", format!("{header}.{}.{signature}", "x".repeat(50_000))),
        ];
        for (what, token) in &forged {
            assert_nothing_but_unauthenticated(what, &ask(&server, token).await);
        }
        let request = |scheme: &str| {
            let request = server.http.post(format!("{}/graphql", server.url));
            let body = json!({ "query": "{ viewer { user { id } } }" });
            request.header("authorization", format!("{scheme} {good}")).json(&body)
        };
        for scheme in ["Basic", "Token", ""] {
            let answer = Answer::read(request(scheme).send().await.unwrap()).await;
            assert_nothing_but_unauthenticated(scheme, &answer);
        }
        let answer = Answer::read(request("bearer").send().await.unwrap()).await;
        assert_eq!(answer.text("/viewer/user/id"), ann.id);
    }
);

both!(
    /// Where it does not arrive in one piece, its head is refused before anybody looks for a token.
    r61_a_token_of_100_kb_is_refused,
    |server: Server| async move {
        let answer = ask(&server, &"x".repeat(100_000)).await;
        if answer.status != 431 {
            assert_nothing_but_unauthenticated("100 kB", &answer);
        }
        server.sign_up("Ann", "ann@acme.example", "Acme").await;
    }
);

both!(
    /// Ten minutes by the server's clock; a token from a clock that is ahead by little is taken.
    r61_a_token_lives_for_ten_minutes,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.pass(TimeDelta::seconds(-5));
        assert_eq!(ask(&server, &ann.access_token).await.text("/viewer/user/id"), ann.id);
        server.pass(TimeDelta::seconds(-1));
        let early = ask(&server, &ann.access_token).await;
        assert_nothing_but_unauthenticated("from the future", &early);
        server.pass(TimeDelta::seconds(6 + 599));
        assert_eq!(ask(&server, &ann.access_token).await.text("/viewer/user/id"), ann.id);
        server.pass(TimeDelta::seconds(1));
        assert_nothing_but_unauthenticated("expired", &ask(&server, &ann.access_token).await);
    }
);

both!(
    /// The session of one server's sign-in is good at the other, unless it is another service.
    r61_a_token_is_good_at_every_server_of_the_service_and_at_no_other,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let second = server.another(Options::default()).await;
        assert_eq!(ask(&second, &ann.access_token).await.text("/viewer/user/id"), ann.id);
        let (access, next) = refreshed(&second, &ann.refresh_token).await;
        assert_eq!(ask(&server, &access).await.text("/viewer/user/id"), ann.id);
        refreshed(&server, &next).await;

        let elsewhere: fn(&mut _) =
            |config: &mut rolecall::config::Config| config.public_url = "http://elsewhere.test".to_owned();
        let other = server.another(Options { config: Some(elsewhere), ..Options::default() }).await;
        let refused = ask(&other, &ann.access_token).await;
        assert_nothing_but_unauthenticated("another service's token", &refused);
    }
);

both!(
    /// Each refresh gives a new pair; the old access token is not cut short.
    r61_a_refresh_token_is_used_up_and_replaced,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.pass(TimeDelta::minutes(9));
        let (access, next) = refreshed(&server, &ann.refresh_token).await;
        assert_ne!(next, ann.refresh_token);
        assert_eq!(claims(&access)["sid"], claims(&ann.access_token)["sid"]);
        assert_eq!(claims(&access)["acct"], ann.account);
        assert_eq!(ask(&server, &ann.access_token).await.text("/viewer/user/id"), ann.id);
        server.pass(TimeDelta::minutes(9));
        assert_eq!(ask(&server, &access).await.text("/viewer/user/id"), ann.id);

        for wrong in ["", "x", &access, &next[1..]] {
            assert_no_refresh(&server, wrong).await;
        }
        // A wrong guess harms nobody.
        refreshed(&server, &next).await;
    }
);

both!(
    /// A used token that comes back ends the session with all its tokens, on every server: somebody
    /// else has a copy. Within ten seconds it was a lost answer, or a second tab.
    r61_a_refresh_token_that_is_used_again_ends_the_session,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let phone = server.sign_in("Ann", "ann@acme.example").await;
        let second = server.another(Options::default()).await;

        let (_, one) = refreshed(&server, &ann.refresh_token).await;
        server.pass(TimeDelta::milliseconds(9_999));
        let (access, two) = refreshed(&second, &ann.refresh_token).await;
        let (_, three) = refreshed(&server, &one).await;

        server.pass(TimeDelta::milliseconds(1));
        assert_no_refresh(&second, &ann.refresh_token).await;
        for token in [&one, &two, &three] {
            assert_no_refresh(&server, token).await;
        }
        for token in [&access, &ann.access_token] {
            let refused = ask(&server, token).await;
            assert_nothing_but_unauthenticated("of the ended session", &refused);
        }
        // The phone is another session.
        assert_eq!(ask(&server, &phone.access_token).await.text("/viewer/user/id"), ann.id);
        refreshed(&second, &phone.refresh_token).await;
    }
);

both!(
    /// Many tabs that wake up at once all go on.
    r61_a_refresh_token_used_by_several_tabs_at_once_keeps_the_session,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let second = server.another(Options::default()).await;
        let tabs: Vec<_> = (0..8)
            .map(|tab| {
                let server = if tab % 2 == 0 { server.clone() } else { second.clone() };
                let token = ann.refresh_token.clone();
                tokio::spawn(async move { refreshed(&server, &token).await })
            })
            .collect();
        for tab in tabs {
            let (access, next) = tab.await.unwrap();
            assert_eq!(ask(&server, &access).await.text("/viewer/user/id"), ann.id);
            refreshed(&server, &next).await;
        }
    }
);

both!(
    /// Eight tabs are a person; whoever uses a token more often than that is none, however fast they are.
    r61_of_more_uses_at_once_than_people_make_eight_go_through_and_the_session_ends,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let second = server.another(Options::default()).await;
        let uses: Vec<_> = (0..16)
            .map(|number| {
                let server = if number % 2 == 0 { server.clone() } else { second.clone() };
                let token = ann.refresh_token.clone();
                tokio::spawn(async move { refresh(&server, &token).await })
            })
            .collect();
        let mut went_through = Vec::new();
        for answer in uses {
            let answer = answer.await.unwrap();
            if answer.refusals("refreshSession").is_empty() {
                went_through.push(answer.text("/refreshSession/tokens/refreshToken"));
            }
        }
        assert_eq!(went_through.len(), 8);
        for token in &went_through {
            assert_no_refresh(&second, token).await;
        }
        let refused = ask(&server, &ann.access_token).await;
        assert_nothing_but_unauthenticated("of the ended session", &refused);
        let events = crate::support::rows::events(&server.app.db).await;
        let noted = |event: &&entity::audit_event::Model| event.action == "session.refresh_token_reused";
        assert_eq!(events.iter().filter(noted).count(), 1);
    }
);

both!(
    /// A signature that was checked once is not checked again; all else is, and its key has to be there.
    r61_a_token_that_was_seen_before_goes_with_its_key_and_its_session,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let good = |answer: Answer| assert_eq!(answer.text("/viewer/user/id"), ann.id);
        good(ask(&server, &ann.access_token).await);
        server.app.keys.replace(Keyring::from_seeds(&[[8; 32], [7; 32]]));
        good(ask(&server, &ann.access_token).await);
        let (access, next) = refreshed(&server, &ann.refresh_token).await;
        assert_ne!(part(&access, 0), part(&ann.access_token, 0), "the new key signs");
        good(ask(&server, &access).await);

        server.app.keys.replace(Keyring::from_seed([8; 32]));
        let refused = ask(&server, &ann.access_token).await;
        assert_nothing_but_unauthenticated("of a key that is gone", &refused);
        good(ask(&server, &access).await);
        refreshed(&server, &next).await;
        server.send("mutation { signOut { userErrors { code } } }", json!({}), Some(&access), None)
            .await
            .done("signOut");
        assert_nothing_but_unauthenticated("signed out", &ask(&server, &access).await);
    }
);

both!(
    /// Two tokens are one too many, also if both are good: nobody can tell who asks.
    r61_a_request_with_two_tokens_is_nobodys,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        for second in [&bob.access_token, &ann.access_token] {
            let request = server.http.post(format!("{}/graphql", server.url));
            let request = request.json(&json!({ "query": "{ viewer { user { id } } }" }));
            let request = request.header("authorization", format!("Bearer {}", ann.access_token));
            let request = request.header("authorization", format!("Bearer {second}"));
            let answer = Answer::read(request.send().await.unwrap()).await;
            assert_nothing_but_unauthenticated("two tokens", &answer);
        }
    }
);

both!(
    /// Thirty days without a refresh and the session is over; each refresh begins them anew.
    r61_a_session_that_is_not_used_ends,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        server.pass(TimeDelta::days(30) - TimeDelta::seconds(1));
        let (_, next) = refreshed(&server, &ann.refresh_token).await;
        server.pass(TimeDelta::days(30) - TimeDelta::seconds(1));
        let (_, next) = refreshed(&server, &next).await;
        server.pass(TimeDelta::days(30));
        assert_no_refresh(&server, &next).await;
    }
);

both!(
    /// Whoever reads the database cannot sign in with what stands there.
    r61_a_refresh_token_is_kept_only_as_a_hash,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let rows = refresh_token::Entity::find().all(&server.app.db).await.unwrap();
        assert_eq!(rows[0].hash, rolecall::auth::secret::hash_of(&ann.refresh_token));
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&rows[0].hash);
        assert_no_refresh(&server, &hash).await;
    }
);
