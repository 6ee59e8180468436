//! Access tokens: short-lived JWTs (RFC 7519) signed with Ed25519 (RFC 8037), see R61.
//!
//! A token says who somebody is and where they work, never what they may do: that is looked up at
//! every request (R27).

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, SessionId, UserId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::keys::Keyring;
use crate::clock::Random;
use crate::config::Config;
use crate::error::{Error, Result};

/// The `aud` of every token.
pub const AUDIENCE: &str = "rolecall";

/// The longest text that is looked at, in bytes; ours have some 700.
pub const MAX_LENGTH: usize = 4 * 1024;

/// How far another server's clock may be ahead, in seconds. It helps a token that was signed a
/// moment ago elsewhere; it does not make any token live longer.
const LEEWAY: i64 = 5;

/// What a token says. Instants are seconds since 1970 (RFC 7519 §2, `NumericDate`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed it: the server's public URL.
    pub iss: String,
    /// Whom it is for: [`AUDIENCE`].
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The sign-in.
    pub sid: SessionId,
    /// The current account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acct: Option<AccountId>,
    /// The organization of the current account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<OrganizationId>,
    /// When it was signed.
    pub iat: i64,
    /// From when on it is no longer good.
    pub exp: i64,
    /// Before when it is not good yet; ours do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The token's own name, 128 random bits.
    pub jti: String,
}

/// Why a token is not accepted. For the log: a client learns only that it is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Longer than [`MAX_LENGTH`].
    TooLong,
    /// Not a JWT of ours: its form, its `typ`, its algorithm or its claims.
    Malformed,
    /// Signed with a key that is not (or no longer) on the ring.
    UnknownKey,
    /// Not signed with the key that it names.
    BadSignature,
    /// Signed for another server.
    WrongIssuer,
    /// Signed for another use.
    WrongAudience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
}

/// Signs a token for a person, their session, and the account that they work in, if any; it is good
/// from `now` on for as long as the configuration says. Also answers when it expires.
///
/// # Errors
/// Only when the cryptography library fails.
pub fn issue(
    keys: &Keyring,
    config: &Config,
    random: &Random,
    now: DateTime<Utc>,
    user: UserId,
    session: SessionId,
    account: Option<(AccountId, OrganizationId)>,
) -> Result<(String, DateTime<Utc>)> {
    let iat = now.timestamp();
    let exp = iat.saturating_add(60 * i64::from(config.access_token_minutes));
    let claims = Claims {
        iss: config.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: user,
        sid: session,
        acct: account.map(|(account, _)| account),
        org: account.map(|(_, organization)| organization),
        iat,
        exp,
        nbf: None,
        jti: BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<16>()),
    };
    let key = keys.signing(now);
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let token = jsonwebtoken::encode(&header, &claims, &key.encoding)
        .map_err(|error| Error::internal("signing an access token", error))?;
    let expires = DateTime::from_timestamp(exp, 0)
        .ok_or_else(|| Error::Internal("an access token's expiry is out of range".to_owned()))?;
    Ok((token, expires))
}

/// Checks a token and reads it. The signature of one that these keys have seen before is not checked anew.
///
/// # Errors
/// When anything about it is not as [`issue`] makes it for this `issuer`, or `now` is not its time.
pub fn verify(
    keys: &Keyring,
    token: &str,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<Arc<Claims>, Rejected> {
    if token.len() > MAX_LENGTH {
        return Err(Rejected::TooLong);
    }
    let digest = Sha256::digest(token).into();
    if let Some(claims) = keys.verified.get(&digest) {
        check(&claims, issuer, now)?;
        return Ok(claims);
    }
    let claims = Arc::new(signed(keys, token)?);
    check(&claims, issuer, now)?;
    keys.verified.insert(digest, Arc::clone(&claims));
    Ok(claims)
}

/// What a token says that one of these keys has signed.
fn signed(keys: &Keyring, token: &str) -> Result<Claims, Rejected> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Malformed)?;
    // `crit` names extensions that must be understood (RFC 7515 §4.1.11); there are none here.
    if header.typ.as_deref() != Some("JWT") || header.crit.is_some() {
        return Err(Rejected::Malformed);
    }
    let key = header.kid.and_then(|kid| keys.find(&kid)).ok_or(Rejected::UnknownKey)?;

    // The library would ask the system for the time and take lists for `iss` and `aud`, so that it
    // checks the algorithm and the signature, and the rest is checked by `check`.
    let mut signature_only = Validation::new(Algorithm::EdDSA);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &signature_only);
    let decoded = decoded.map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Rejected::BadSignature,
        _ => Rejected::Malformed,
    })?;
    Ok(decoded.claims)
}

/// Whether a token is for here and now.
fn check(claims: &Claims, issuer: &str, now: DateTime<Utc>) -> Result<(), Rejected> {
    let now = now.timestamp();
    if claims.iss != issuer {
        return Err(Rejected::WrongIssuer);
    }
    if claims.aud != AUDIENCE {
        return Err(Rejected::WrongAudience);
    }
    if claims.exp <= now {
        return Err(Rejected::Expired);
    }
    if claims.iat.max(claims.nbf.unwrap_or(claims.iat)) > now.saturating_add(LEEWAY) {
        return Err(Rejected::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
