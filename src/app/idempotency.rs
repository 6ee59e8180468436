//! Idempotency keys (R71): the same key and input answers the first result again.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::App;
use crate::access::Viewer;
use crate::auth::secret::hash_of;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;

/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// What a call is recognised by: its operation and its input.
pub(super) struct Fingerprint {
    operation: &'static str,
    hash: Vec<u8>,
}

/// The fingerprint of a call; `input` is any text that is equal when the inputs are.
pub(super) fn fingerprint(operation: &'static str, input: &str) -> Fingerprint {
    Fingerprint { operation, hash: hash_of(input) }
}

/// The first answer to a call with this key, if there was one. The same key with another call is
/// refused.
pub(super) async fn replay<T: DeserializeOwned>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    key: Option<&str>,
    call: &Fingerprint,
) -> Result<Option<T>> {
    let Some(key) = key else { return Ok(None) };
    let length = key.chars().count();
    if length == 0 || length > KEY_MAX {
        let message =
            format!("an idempotency key has 1 to {KEY_MAX} characters, this one has {length}");
        return Err(UserError::new(UserErrorCode::InvalidText, "idempotencyKey", message).into());
    }
    if key.chars().any(char::is_control) {
        let message = "an idempotency key has no control characters";
        return Err(UserError::new(UserErrorCode::InvalidText, "idempotencyKey", message).into());
    }
    let Some(first) = store::idempotency::find(db, viewer.user_id(), key).await? else {
        return Ok(None);
    };
    if first.operation != call.operation || first.input_hash != call.hash {
        return Err(UserError::new(
            UserErrorCode::IdempotencyKeyReused,
            "idempotencyKey",
            "the key was used for a call with another input",
        )
        .help("Use a new key for a new call.")
        .into());
    }
    let result = serde_json::from_value(first.result).map_err(|error| {
        Error::internal("reading the first answer to an idempotency key", error)
    })?;
    Ok(Some(result))
}

/// Keeps a call's answer in its transaction. Fails, and with it the call, when another request with
/// the same key was faster: that one's answer is there for a retry.
pub(super) async fn keep<T: Serialize>(
    app: &App,
    tx: &impl ConnectionTrait,
    viewer: &Viewer,
    key: &str,
    call: &Fingerprint,
    result: &T,
) -> Result<()> {
    let result = serde_json::to_value(result)
        .map_err(|error| Error::internal("writing the answer to an idempotency key", error))?;
    let result = without_nul(result);
    let (user_id, now) = (viewer.user_id(), app.clock.now());
    let hash = call.hash.clone();
    if store::idempotency::insert(tx, user_id, key, call.operation, hash, result, now).await? {
        return Ok(());
    }
    Err(Error::Conflict("another request with this idempotency key is under way; try again"))
}

/// The same with U+FFFD for U+0000, which `PostgreSQL` keeps in no text: a refused row repeats what
/// was typed, whatever that is.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => text.replace('\0', "\u{fffd}").into(),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(map) => map.into_iter().map(|(key, item)| (key, without_nul(item))).collect(),
        other => other,
    }
}
