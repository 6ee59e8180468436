//! Signing up, and proving the address (R60).

use chrono::TimeDelta;
use entity::email_link::Purpose;
use entity::id::UserId;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::Address;
use super::events::Events;
use super::organization::{self, Founding};
use super::session::{Landing, SignedIn, begin_session, issue, locale, viewer};
use crate::access::{Origin, Viewer};
use crate::auth::password;
use crate::auth::secret::{Secret, hash_of_link};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;

/// How long the link that proves an address works.
const VERIFY_LINK: TimeDelta = TimeDelta::days(3);
/// The least time between two mails with such a link.
const MAIL_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How many of them somebody gets in a day.
const MAILS_PER_DAY: usize = 5;

/// What signing up takes.
pub struct SignUp {
    /// The person's name.
    pub name: String,
    /// The person's address.
    pub email: String,
    /// The password to be.
    pub password: String,
    /// The organization's name.
    pub organization_name: String,
    /// The first account's name; the organization's where it is not given.
    pub account_name: Option<String>,
    /// The language of mails.
    pub locale: Option<String>,
}

/// Creates a user, their organization and its first account, with the Owner roles, and mails a link
/// to verify the address (R60).
pub async fn sign_up(app: &App, origin: &Origin, input: SignUp) -> Result<SignedIn> {
    let mut errors = Vec::new();
    let name = crate::text::name("name", &input.name).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    let account_name = input.account_name.as_deref().map(|name| ("accountName", name));
    let organization_name = ("organizationName", input.organization_name.as_str());
    let (organization_name, account_name) =
        organization::names(&mut errors, organization_name, account_name);
    let address = Address::parse("email", &input.email).and_then(|address| {
        if app.config.sign_up_requires_work_email {
            address.require_work("email")?;
        }
        Ok(address)
    });
    let locale = locale("locale", input.locale.as_deref());
    if let Err(error) = password::check("password", &input.password) {
        errors.push(error);
    }
    let (address, locale) = match (address, locale) {
        (Ok(address), Ok(locale)) if errors.is_empty() => (address, locale),
        (address, locale) => {
            errors.extend(address.err());
            errors.extend(locale.err());
            return Err(Error::Refused(errors));
        }
    };
    // That the address has a user is told: tokens are what a sign-up answers with. So few can be tried from
    // one network, and the password is hashed before it is known (R66).
    app.throttle.sign_up(origin)?;
    let about = vec![name.clone(), address.typed.clone(), organization_name.clone()];
    let password_hash = app.passwords.hash("password", input.password, about).await?;

    let now = app.clock.now();
    let user_id: UserId = app.random.id(now);
    let founding = Founding::new(app, organization_name, account_name);
    let place = Some((founding.account_id, founding.organization_id));
    let tx = store::begin(&app.db).await?;
    let new = store::user::NewUser {
        id: user_id,
        name: name.clone(),
        email: address.typed.clone(),
        email_key: address.key.clone(),
        email_verified: false,
        password_hash,
        locale: locale.tag().to_owned(),
    };
    if !store::user::insert(&tx, new, now).await? {
        return Err(UserError::new(
            UserErrorCode::EmailUnavailable,
            "email",
            "nobody can sign up with this address",
        )
        .help("If it is yours, sign in instead.")
        .into());
    }
    let mut events = Events::by(app, user_id);
    let after = json!({ "name": name, "email": address.typed });
    events.add(None, "user.signed_up", user_id, None, Some(after));
    founding.carry_out(app, &tx, &mut events, user_id).await?;
    queue_verification(app, &tx, user_id, &name, &address, locale).await?;

    let session_id = begin_session(app, &tx, user_id, origin, Some(founding.account_id)).await?;
    let tokens = issue(app, &tx, user_id, session_id, place).await?;
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();

    let viewer = viewer(app, origin, user_id, session_id, place, now).await?;
    let account = store::account::rows(&app.db, &[founding.account_id]).await?.pop();
    Ok(SignedIn { tokens, viewer, account, landing: Landing::First })
}

async fn queue_verification(
    app: &App,
    tx: &impl ConnectionTrait,
    user_id: UserId,
    name: &str,
    address: &Address,
    locale: Locale,
) -> Result<()> {
    let now = app.clock.now();
    let secret = Secret::new(&app.random);
    let expires_at = now + VERIFY_LINK;
    let purpose = Purpose::VerifyEmail;
    store::email_link::insert(tx, secret.hash(), user_id, purpose, &address.key, now, expires_at)
        .await?;
    let link = format!("{}/verify-email/{}", app.config.public_url, secret.expose());
    let name = name.to_owned();
    let mail = Outgoing {
        to: Recipient { name: Some(name.clone()), address: address.typed.clone() },
        message: Message::VerifyEmail(message::VerifyEmail { name, link, expires_at }),
        locale,
        organization_id: None,
    };
    outbox::queue(tx, app, vec![mail]).await?;
    Ok(())
}

/// Mails the viewer the link that proves their address once more; the earlier ones work no more. That it is
/// the viewer's own tells nobody which addresses exist (R66).
pub async fn resend_verification(app: &App, viewer: &Viewer) -> Result<()> {
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    let user = store::user::by_email_locked(&tx, &viewer.email_key).await?;
    let user = user.filter(|user| user.id == viewer.user_id()).ok_or(Error::Unauthenticated)?;
    if user.email_verified_at.is_some() {
        let message = "the address is proved already";
        return Err(UserError::new(UserErrorCode::EmailVerified, "", message).into());
    }
    let (purpose, since) = (Purpose::VerifyEmail, now - TimeDelta::days(1));
    let (mailed, newest) = store::email_link::mailed_since(&tx, user.id, purpose, since).await?;
    if mailed >= MAILS_PER_DAY || newest.is_some_and(|newest| now < newest + MAIL_PAUSE) {
        let message = format!("one mail a minute, and {MAILS_PER_DAY} a day");
        let error = UserError::new(UserErrorCode::ResendTooSoon, "", message);
        return Err(error.help("Look for the mail that you got, also among spam.").into());
    }
    store::email_link::void(&tx, user.id, purpose, now).await?;
    let locale = Locale::parse(&user.locale).unwrap_or_default();
    let address = Address::parse("email", &user.email)?;
    queue_verification(app, &tx, user.id, &user.name, &address, locale).await?;
    let mut events = Events::by(app, user.id);
    events.add(None, "user.verification_resent", user.id, None, None);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(())
}

/// Proves an address with the mailed link's token; gives the user.
pub async fn verify_email(app: &App, origin: &Origin, token: &str) -> Result<UserId> {
    let refused = || {
        Error::refused(UserError::new(
            UserErrorCode::InvalidToken,
            "token",
            "the link was used, has expired, or was never one of ours",
        ))
    };
    let now = app.clock.now();
    let hash = hash_of_link(token);
    let tx = store::begin(&app.db).await?;
    let purpose = Purpose::VerifyEmail;
    let link = store::email_link::by_hash(&tx, &hash, purpose).await?.ok_or_else(refused)?;
    let fresh = store::email_link::consume(&tx, &hash, now).await? == 1;
    if !fresh || store::user::verify_email(&tx, link.user_id, &link.email_key, now).await? == 0 {
        return Err(refused());
    }
    let mut events = Events::by(app, link.user_id);
    events.add(
        None,
        "user.email_verified",
        link.user_id,
        None,
        Some(json!({ "email": link.email_key })),
    );
    events.write(&tx, origin).await?;
    tx.commit().await?;
    Ok(link.user_id)
}
