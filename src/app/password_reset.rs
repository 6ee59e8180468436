//! A forgotten password: a mailed single-use link sets a new one (R66, R67).

use std::sync::Arc;

use chrono::TimeDelta;
use entity::email_link::Purpose;
use entity::id::{SessionId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::Address;
use super::events::Events;
use super::session::{self, SignedIn};
use crate::access::Origin;
use crate::auth::password;
use crate::auth::secret::{Secret, hash_of_link};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;

/// How long a link works.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// The least time between two mails to one address.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How many mails one address gets in a day.
const PER_DAY: usize = 5;

/// Mails a link to an address, if there is somebody to mail it to. The caller learns nothing of that:
/// the answer comes before the work, so that neither its words nor its time tell (R66). A mail that is
/// lost because the process ended in that instant is asked for again.
pub fn request(app: &Arc<App>, origin: &Origin, email: &str) -> Result<()> {
    let address = Address::parse("email", email)?;
    app.throttle.reset(origin)?;
    let (app, origin) = (Arc::clone(app), origin.clone());
    tokio::spawn(store::idempotency::carry(async move {
        if let Err(Error::Internal(cause)) = mail_link(&app, &origin, &address).await {
            tracing::error!(cause, request = origin.request_id, "a reset link was not queued");
        }
    }));
    Ok(())
}

async fn mail_link(app: &App, origin: &Origin, address: &Address) -> Result<()> {
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    let Some(user) = store::user::by_email_locked(&tx, &address.key).await? else { return Ok(()) };
    let since = now - TimeDelta::days(1);
    let (mailed, newest) =
        store::email_link::mailed_since(&tx, user.id, Purpose::ResetPassword, since).await?;
    if mailed >= PER_DAY || newest.is_some_and(|newest| now < newest + PAUSE) {
        return Ok(());
    }
    let secret = Secret::new(&app.random);
    let expires_at = now + LIFETIME;
    let (purpose, hash) = (Purpose::ResetPassword, secret.hash());
    store::email_link::insert(&tx, hash, user.id, purpose, &user.email_key, now, expires_at)
        .await?;
    let link = format!("{}/reset-password/{}", app.config.public_url, secret.expose());
    let mail = Outgoing {
        to: Recipient { name: Some(user.name.clone()), address: user.email.clone() },
        message: Message::PasswordReset(message::PasswordReset {
            name: user.name,
            link,
            expires_at,
        }),
        locale: Locale::parse(&user.locale).unwrap_or_default(),
        organization_id: None,
    };
    outbox::queue(&tx, app, vec![mail]).await?;
    let mut events = Events::anonymous(app);
    events.add(None, "user.password_reset_requested", user.id, None, None);
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(())
}

/// Sets a new password with the mailed link's token and begins a session; all others end (R67).
pub async fn reset(app: &App, origin: &Origin, token: &str, password: String) -> Result<SignedIn> {
    let password_hash = checked(app, token, password).await?;
    let tx = store::begin(&app.db).await?;
    let user_id = set(app, &tx, origin, token, password_hash).await?;
    let begun = session::begin(app, &tx, origin, user_id).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    begun.finish(app, origin).await
}

/// The same without a session: for the page, whose visitor signs in with the application.
pub async fn reset_only(app: &App, origin: &Origin, token: &str, password: String) -> Result<()> {
    let password_hash = checked(app, token, password).await?;
    let tx = store::begin(&app.db).await?;
    set(app, &tx, origin, token, password_hash).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(())
}

/// Hashes the password, if it and the link are any good: hashing is dear, and not for strangers.
async fn checked(app: &App, token: &str, password: String) -> Result<String> {
    password::check("password", &password)?;
    let link =
        store::email_link::by_hash(&app.db, &hash_of_link(token), Purpose::ResetPassword).await?;
    let now = app.clock.now();
    let link = link.filter(|link| link.used_at.is_none() && now < link.expires_at);
    let user_id = link.ok_or_else(refused)?.user_id;
    let user = store::user::by_id(&app.db, user_id).await?.ok_or_else(refused)?;
    app.passwords.hash("password", password, vec![user.name, user.email]).await
}

/// Uses the link up and sets the password. The link proves the address too (R60). Whoever came in with
/// the old password is out, and the person is told, in case it was not they who did this.
async fn set(
    app: &App,
    tx: &impl ConnectionTrait,
    origin: &Origin,
    token: &str,
    password_hash: String,
) -> Result<UserId> {
    let now = app.clock.now();
    let hash = hash_of_link(token);
    if store::email_link::consume(tx, &hash, now).await? == 0 {
        return Err(refused());
    }
    let link = store::email_link::by_hash(tx, &hash, Purpose::ResetPassword).await?;
    let link = link.ok_or_else(refused)?;
    let user_id = link.user_id;
    if store::user::set_password(tx, user_id, &link.email_key, &password_hash, now).await? == 0 {
        return Err(refused());
    }
    let ended = lock_out(app, tx, user_id, None).await?;
    let mut events = Events::by(app, user_id);
    let after = Some(json!({ "endedSessions": ended }));
    events.add(None, "user.password_reset", user_id, None, after);
    events.write(tx, origin).await?;
    Ok(user_id)
}

/// What follows from a new password: links that are under way work no more, every session ends but the one
/// that is kept, and the person is told. Gives how many sessions ended.
pub(super) async fn lock_out(
    app: &App,
    tx: &impl ConnectionTrait,
    user_id: UserId,
    kept: Option<SessionId>,
) -> Result<u64> {
    let now = app.clock.now();
    for purpose in [Purpose::ResetPassword, Purpose::ChangeEmail] {
        store::email_link::void(tx, user_id, purpose, now).await?;
    }
    let ended = store::session::end_others(tx, user_id, kept, now).await?;
    let user = store::user::by_id(tx, user_id).await?.ok_or(Error::Unauthenticated)?;
    let mail = Outgoing {
        to: Recipient { name: Some(user.name.clone()), address: user.email },
        message: Message::PasswordChanged(message::PasswordChanged {
            name: user.name,
            link: format!("{}/reset-password", app.config.public_url),
            at: now,
        }),
        locale: Locale::parse(&user.locale).unwrap_or_default(),
        organization_id: None,
    };
    outbox::queue(tx, app, vec![mail]).await?;
    Ok(ended)
}

fn refused() -> Error {
    let message = "the link was used, has expired, or was never one of ours";
    UserError::new(UserErrorCode::InvalidToken, "token", message).help("Ask for a new link.").into()
}
