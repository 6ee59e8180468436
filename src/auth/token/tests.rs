use chrono::TimeDelta;
use jsonwebtoken::{EncodingKey, encode};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://team.example.com";

fn keys() -> Keyring {
    Keyring::from_seed([1; 32])
}

fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00.250Z".parse().unwrap()
}

fn config() -> Config {
    Config { public_url: ISSUER.to_owned(), ..Config::default() }
}

/// A token for somebody who works in an account, signed at noon.
fn token_of(keys: &Keyring) -> String {
    let random = Random::system();
    let account = Some((random.id(noon()), random.id(noon())));
    let (user, session) = (random.id(noon()), random.id(noon()));
    issue(keys, &config(), &random, noon(), user, session, account).unwrap().0
}

fn token() -> String {
    token_of(&keys())
}

fn at(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

/// The claims of a good token with some of them replaced, properly signed.
fn signed_with(changes: &Value) -> String {
    let keys = keys();
    let good = verify(&keys, &token(), ISSUER, noon()).unwrap();
    let mut claims = serde_json::to_value(&*good).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let header =
        Header { kid: Some(keys.signing(noon()).kid.clone()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &claims, &keys.signing(noon()).encoding).unwrap()
}

/// A token put together by hand: this header, the claims of a good one, this signature.
fn forged(header: &Value, signature: &str) -> String {
    let good = token();
    let payload = good.split('.').nth(1).unwrap();
    format!("{}.{payload}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn ann_gets_a_token_and_is_recognised_by_it_for_ten_minutes() {
    let (keys, config, random) = (keys(), config(), Random::system());
    let (ann, session): (UserId, SessionId) = (random.id(noon()), random.id(noon()));
    let account: (AccountId, OrganizationId) = (random.id(noon()), random.id(noon()));
    let (token, expires) =
        issue(&keys, &config, &random, noon(), ann, session, Some(account)).unwrap();
    assert_eq!(expires.to_rfc3339(), "2026-11-21T12:10:00+00:00");

    let claims = verify(&keys, &token, ISSUER, noon()).unwrap();
    assert_eq!((claims.sub, claims.sid), (ann, session));
    assert_eq!(claims.acct.zip(claims.org), Some(account));
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (ISSUER, "rolecall"));
    assert!(verify(&keys, &token, ISSUER, at(599)).is_ok());
    assert_eq!(verify(&keys, &token, ISSUER, at(600)), Err(Rejected::Expired));
}

#[test]
fn someone_without_any_account_has_a_token_too() {
    let (config, random) = (config(), Random::system());
    let (user, session) = (random.id(noon()), random.id(noon()));
    let (token, _) = issue(&keys(), &config, &random, noon(), user, session, None).unwrap();
    let claims = verify(&keys(), &token, ISSUER, noon()).unwrap();
    assert_eq!((claims.acct, claims.org), (None, None));
}

#[test]
fn clocks_may_differ_by_five_seconds_but_no_token_lives_longer_for_it() {
    let token = token();
    assert!(verify(&keys(), &token, ISSUER, at(-5)).is_ok());
    assert_eq!(verify(&keys(), &token, ISSUER, at(-6)), Err(Rejected::NotYetValid));
    let later = signed_with(&json!({ "nbf": at(60).timestamp() }));
    assert_eq!(verify(&keys(), &later, ISSUER, at(54)), Err(Rejected::NotYetValid));
    assert!(verify(&keys(), &later, ISSUER, at(55)).is_ok());
}

#[test]
fn a_token_outlives_the_rotation_of_keys_and_not_the_removal_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| dir.path().join(name));
    let before = Keyring::load_or_create(&old, &Random::system()).unwrap();
    let after = Keyring::load_or_create(&new, &Random::system()).unwrap();
    let both = [new, old].map(|dir| dir.join("signing-key.pem"));
    let rotated = Keyring::load(&both).unwrap();

    let token = token_of(&before);
    assert!(verify(&rotated, &token, ISSUER, noon()).is_ok());
    assert_eq!(verify(&after, &token, ISSUER, noon()), Err(Rejected::UnknownKey));
    let token = token_of(&rotated);
    assert!(verify(&after, &token, ISSUER, noon()).is_ok());
}

#[test]
fn a_token_without_a_signature_is_nothing() {
    let header = json!({ "alg": "none", "typ": "JWT", "kid": keys().signing(noon()).kid });
    assert_eq!(verify(&keys(), &forged(&header, ""), ISSUER, noon()), Err(Rejected::Malformed));
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let keys = keys();
    let good = verify(&keys, &token(), ISSUER, noon()).unwrap();
    let header =
        Header { kid: Some(keys.signing(noon()).kid.clone()), ..Header::new(Algorithm::HS256) };
    let public = keys.signing(noon()).decoding.try_get_as_bytes().unwrap();
    let token = encode(&header, &*good, &EncodingKey::from_secret(public)).unwrap();
    assert_eq!(verify(&keys, &token, ISSUER, noon()), Err(Rejected::Malformed));
}

#[test]
fn a_key_of_somebody_else_is_not_accepted_under_its_name_or_under_ours() {
    let theirs = Keyring::from_seed([2; 32]);
    let token = token_of(&theirs);
    assert_eq!(verify(&keys(), &token, ISSUER, noon()), Err(Rejected::UnknownKey));

    let good = verify(&theirs, &token, ISSUER, noon()).unwrap();
    let header =
        Header { kid: Some(keys().signing(noon()).kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let token = encode(&header, &*good, &theirs.signing(noon()).encoding).unwrap();
    assert_eq!(verify(&keys(), &token, ISSUER, noon()), Err(Rejected::BadSignature));

    let header = Header::new(Algorithm::EdDSA);
    let token = encode(&header, &*good, &keys().signing(noon()).encoding).unwrap();
    assert_eq!(verify(&keys(), &token, ISSUER, noon()), Err(Rejected::UnknownKey));
}

#[test]
fn a_header_that_asks_for_more_is_refused() {
    let kid = keys().signing(noon()).kid.clone();
    for header in [
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }),
        json!({ "alg": "EdDSA", "kid": kid }),
        json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid, "crit": ["exp"] }),
    ] {
        let token = forged(&header, "AAAA");
        assert_eq!(verify(&keys(), &token, ISSUER, noon()), Err(Rejected::Malformed));
    }
}

#[test]
fn what_was_signed_for_another_place_or_lacks_a_claim_is_refused() {
    for (changes, rejected) in [
        (json!({ "aud": "billing" }), Rejected::WrongAudience),
        (json!({ "aud": ["rolecall", "billing"] }), Rejected::Malformed),
        (json!({ "iss": "https://team.example.com.evil.example" }), Rejected::WrongIssuer),
        (json!({ "iss": null }), Rejected::Malformed),
        (json!({ "exp": null }), Rejected::Malformed),
        (json!({ "exp": "tomorrow" }), Rejected::Malformed),
        (json!({ "exp": i64::MIN }), Rejected::Expired),
        (json!({ "iat": i64::MAX }), Rejected::NotYetValid),
        (json!({ "sub": "sess_00000000000000000000000007" }), Rejected::Malformed),
    ] {
        let token = signed_with(&changes);
        assert_eq!(verify(&keys(), &token, ISSUER, noon()), Err(rejected), "{changes}");
    }
}

#[test]
fn garbage_is_refused_whatever_its_size() {
    let good = token();
    assert!(good.len() < 1024, "{}", good.len());
    for end in 0..good.len() {
        assert!(verify(&keys(), &good[..end], ISSUER, noon()).is_err(), "{end} characters");
    }
    for text in ["..", "a.b.c", "é.é.é", "null.null.null"] {
        assert_eq!(verify(&keys(), text, ISSUER, noon()), Err(Rejected::Malformed), "{text}");
    }
    let huge = format!("{good}{}", "A".repeat(100 * 1024));
    assert_eq!(verify(&keys(), &huge, ISSUER, noon()), Err(Rejected::TooLong));
}
