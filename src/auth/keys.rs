//! The Ed25519 keys that sign access tokens, and their public halves for everybody else (R61).
//!
//! Rotation: a key is published first and signs later, from an instant on that its file tells, when every
//! server has it and whoever keeps the published keys has asked again. Every key on the ring is accepted;
//! once the last token of an old key has expired, and no mail waits that is sealed with it, its file may
//! go. Nobody is signed out.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::seal::SealingKey;
use super::verified::Verified;

/// One key pair.
pub struct Key {
    /// The key's name in tokens and in the key set: its thumbprint (RFC 7638), base64url.
    pub kid: String,
    /// From when on it signs; none: since it is there.
    pub signs_from: Option<DateTime<Utc>>,
    /// What mails are encrypted with.
    pub(super) sealing: SealingKey,
    /// The private key, for signing tokens.
    pub(super) encoding: EncodingKey,
    /// The public key, for checking them.
    pub(super) decoding: DecodingKey,
    /// The public key, base64url: `x` of RFC 8037 §2.
    x: String,
}

impl Key {
    pub(super) fn from_pair(
        pair: &Ed25519KeyPair,
        signs_from: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        // RFC 7638 §3.2, RFC 8037 §2: these members, in this order, without white space.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let thumbprint: [u8; 32] = Sha256::digest(canonical).into();
        // RFC 8032 §5.1.5.
        let seed: [u8; 32] = pair.seed().ok()?.as_be_bytes().ok()?.as_ref().try_into().ok()?;
        Some(Self {
            kid: BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            signs_from,
            sealing: SealingKey::derive(&seed, &thumbprint),
            encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref()),
            decoding: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            x,
        })
    }
}

/// Shows which key it is, never the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The keys of this server, newest first; there is at least one.
#[derive(Debug)]
pub struct Keyring {
    newest: Key,
    older: Vec<Key>,
    /// The tokens that these keys were seen to have signed.
    pub(super) verified: Verified,
}

impl Keyring {
    /// These keys, newest first; nothing if there are none.
    pub(super) fn new(keys: impl IntoIterator<Item = Key>) -> Option<Self> {
        let mut keys = keys.into_iter();
        let newest = keys.next()?;
        Some(Self { newest, older: keys.collect(), verified: Verified::default() })
    }

    /// The one key of this seed: for tests, where it gives the same tokens every time.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::from_seeds(&[seed])
    }

    /// The keys of these seeds, newest first; there has to be one. For tests.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "any 32 bytes are a seed")]
    pub fn from_seeds(seeds: &[[u8; 32]]) -> Self {
        let keys = seeds.iter().map(|seed| {
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
            Key::from_pair(&pair, None).expect("an Ed25519 key can be written down")
        });
        Self::new(keys).expect("there is one")
    }

    /// The key that signs at this instant: the newest whose time has come.
    #[must_use]
    pub fn signing(&self, now: DateTime<Utc>) -> &Key {
        let signs = |key: &&Key| key.signs_from.is_none_or(|from| from <= now);
        // Where all of them are to come, somebody's clock is wrong, and people have to sign in all the same.
        let oldest = self.older.last().unwrap_or(&self.newest);
        self.iter().find(signs).unwrap_or(oldest)
    }

    /// Whether these are the same keys, signing from the same instants on.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let of = |key: &Key| (key.kid.clone(), key.signs_from);
        self.iter().map(of).eq(other.iter().map(of))
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.iter().find(|key| key.kid == kid)
    }

    /// All keys, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The public keys as a JWK set (RFC 7517 §5, RFC 8037 §2).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self
            .iter()
            .map(|key| {
                json!({
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "use": "sig",
                    "alg": "EdDSA",
                    "kid": key.kid,
                    "x": key.x,
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

/// The keys of a running server, which may change while it runs.
#[derive(Debug)]
pub struct Keys(RwLock<Arc<Keyring>>);

impl Keys {
    /// These keys for now.
    #[must_use]
    pub fn new(ring: Keyring) -> Self {
        Self(RwLock::new(Arc::new(ring)))
    }

    /// The keys as they are now.
    #[must_use]
    pub fn ring(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// These keys from now on.
    pub fn replace(&self, ring: Keyring) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1 to A.3.
    #[test]
    fn the_thumbprint_is_that_of_the_rfcs_own_example() {
        let seed =
            BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let keys = Keyring::from_seed(seed.try_into().unwrap());
        assert_eq!(
            keys.jwks(),
            json!({ "keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }] })
        );
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let noon: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut keys = Keyring::from_seeds(&[[2; 32], [1; 32]]);
        keys.newest.signs_from = Some(noon);
        let kids: Vec<String> = keys.iter().map(|key| key.kid.clone()).collect();
        let before = noon - chrono::TimeDelta::seconds(1);
        assert_eq!(keys.signing(before).kid, kids[1]);
        assert_eq!(keys.signing(noon).kid, kids[0]);
        assert_eq!(keys.jwks()["keys"].as_array().unwrap().len(), 2);
        keys.older[0].signs_from = Some(noon);
        assert_eq!(keys.signing(before).kid, kids[1], "somebody has to sign");
    }

    #[test]
    fn a_keyring_in_a_log_shows_no_key() {
        let shown = format!("{:?}", Keyring::from_seed([77; 32]));
        assert!(shown.contains("kid") && !shown.contains("77"), "{shown}");
    }
}
