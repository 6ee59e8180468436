//! Idempotency keys (R71): the same key and input answers the first result again.
//!
//! A call with a key is claimed in the transaction that carries it out (`store::idempotency`), and its answer
//! is kept as soon as it is made. Nothing is looked up for a call that goes through; one that finds its key
//! claimed does nothing, and gets the first answer. If the server dies between the two, the call is not
//! done twice: its answer is lost, and a retry is told so.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use entity::id::{SessionId, TypedId, UserId};

use super::App;
use crate::access::Viewer;
use crate::auth::secret::hash_of;
use crate::auth::token;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store::idempotency::{self as store, Call, DoneRow};

/// The longest key, in characters.
const KEY_MAX: usize = 255;
/// How long an answer is given again to somebody who is signed in.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// The same for who is not. The answer may be a session, and what was sent for it may be in somebody
/// else's hands one day, who must not get more for it than without a key (R61).
const KEPT_FOR_ANYBODY: TimeDelta = TimeDelta::minutes(10);
/// How often an answer that is being made is looked for, and how long the first wait is; each is as long as
/// all before it.
const LOOKS: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Whose a key is. A key is its user's own, whatever session they use it in. All who bring no credential
/// share one space of keys; another credential than an access token has one for itself.
#[derive(Clone, Debug)]
pub struct Caller {
    space: String,
    /// The session of an access token that is good, and perhaps ended.
    session_id: Option<SessionId>,
    anonymous: bool,
}

impl Caller {
    /// Who sends a request with this credential. What it permits is another question.
    #[must_use]
    pub fn of(app: &App, credential: Option<&str>) -> Self {
        let Some(text) = credential else {
            return Self { space: String::new(), session_id: None, anonymous: true };
        };
        let (keys, now) = (app.keys.ring(), app.clock.now());
        if let Ok(claims) = token::verify(&keys, text, &app.config.public_url, now) {
            return Self::user(claims.sub, claims.sid);
        }
        let space = BASE64_URL_SAFE_NO_PAD.encode(hash_of(text));
        Self { space, session_id: None, anonymous: false }
    }

    /// This person.
    #[must_use]
    pub fn viewer(viewer: &Viewer) -> Self {
        let space = viewer.user_id().to_string();
        Self { space, session_id: viewer.session_id().ok(), anonymous: false }
    }

    fn user(user_id: UserId, session_id: SessionId) -> Self {
        Self { space: user_id.to_string(), session_id: Some(session_id), anonymous: false }
    }
}

/// A call with a key.
#[derive(Debug)]
pub struct Keyed {
    call: Arc<Call>,
    /// A hash of what it asks for, and the session that asks.
    asked: (Vec<u8>, Vec<u8>),
    anonymous: bool,
}

/// What was found out about a call that did nothing.
#[derive(Debug)]
pub enum Found {
    /// There was none before with its key.
    Nothing,
    /// It was done before, and answered so.
    Answer(Vec<u8>),
}

impl Keyed {
    /// The `part`th call of a request with this key. `asking` is any text that is equal when two calls ask
    /// for the same.
    ///
    /// # Errors
    /// `Refused` when it is no key.
    pub fn new(app: &App, caller: &Caller, key: &str, part: u32, asking: &str) -> Result<Self> {
        let length = key.chars().count();
        if length == 0 || length > KEY_MAX {
            let message =
                format!("an idempotency key has 1 to {KEY_MAX} characters, this one has {length}");
            return Err(refusal(UserErrorCode::InvalidText, message).into());
        }
        if key.chars().any(char::is_control) {
            let message = "an idempotency key has no control characters".to_owned();
            return Err(refusal(UserErrorCode::InvalidText, message).into());
        }
        let id = hash_of(&format!("{} {part} {key}", caller.space));
        let session = caller.session_id.map(|id| id.uuid().as_bytes().to_vec()).unwrap_or_default();
        let asked = (hash_of(asking), session);
        // What is asked for may hold a password, whose plain hash would be a gift to whoever reads the
        // database (R66).
        let plain = [asked.0.as_slice(), &asked.1].concat();
        let (keys, now) = (app.keys.ring(), app.clock.now());
        let input = keys.seal(&app.random, now, &bound(&id, "input"), &plain);
        let kept = if caller.anonymous { KEPT_FOR_ANYBODY } else { KEPT };
        let call = Arc::new(Call::new(id, input, now, now + kept));
        Ok(Self { call, asked, anonymous: caller.anonymous })
    }

    /// Runs what the call does.
    pub async fn run<T>(&self, doing: impl Future<Output = T>) -> T {
        store::within(&self.call, doing).await
    }

    /// Whether it can have done anything: if it did not, another one may have done it before.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.call.is_under_way()
    }

    /// Keeps the answer of a call that was carried out. False if it was not, because another call with the
    /// key was faster than what goes on in the background.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn keep(&self, app: &App, answer: &[u8]) -> Result<bool> {
        let (keys, now) = (app.keys.ring(), app.clock.now());
        let sealed = keys.seal(&app.random, now, &bound(&self.call.id, "answer"), answer);
        Ok(store::keep(&app.db, &self.call, sealed).await?)
    }

    /// The first answer to a call that did nothing, if there was one before with its key. To somebody whose
    /// credential is not good (`signed_out`) only what was told in the same session, which may have
    /// ended it, as signing out does.
    ///
    /// # Errors
    /// `Refused` when the call before asked for something else, `Conflict` when its answer is not known.
    pub async fn first_answer(&self, app: &App, signed_out: bool) -> Result<Found> {
        let id = &self.call.id;
        let mut waited = Duration::ZERO;
        for look in 0..LOOKS {
            if look > 0 {
                let wait = waited.max(FIRST_WAIT);
                tokio::time::sleep(wait).await;
                waited += wait;
            }
            let now = app.clock.now();
            let Some(DoneRow { input, answer }) = store::find(&app.db, id, now).await? else {
                return Ok(Found::Nothing);
            };
            let Some(plain) = app.keys.ring().open(&bound(id, "input"), &input) else { break };
            let (hash, session) = plain.split_at_checked(self.asked.0.len()).unwrap_or_default();
            let same_session = session == self.asked.1 && (self.anonymous || !session.is_empty());
            if signed_out && (hash != self.asked.0 || !same_session) {
                return Ok(Found::Nothing);
            }
            if hash != self.asked.0 {
                let message = "the key was used for a call with another input or selection";
                return Err(refusal(UserErrorCode::IdempotencyKeyReused, message.to_owned())
                    .help("Use a new key for a new call.")
                    .into());
            }
            if let Some(answer) = answer {
                match app.keys.ring().open(&bound(id, "answer"), &answer) {
                    Some(answer) => return Ok(Found::Answer(answer)),
                    None => break,
                }
            }
        }
        Err(Error::Conflict(
            "the call with this idempotency key has been carried out, and its answer is lost or still to \
             come; look at what it changed, or try again in a while",
        ))
    }
}

/// What a sealed text is bound to, so that none can be put in another's place.
fn bound(id: &[u8], what: &str) -> Vec<u8> {
    [id, what.as_bytes()].concat()
}

fn refusal(code: UserErrorCode, message: String) -> UserError {
    UserError::new(code, "idempotencyKey", message)
}
