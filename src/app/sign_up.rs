//! Signing up, and proving the address (R60).

use chrono::TimeDelta;
use entity::id::UserId;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::Address;
use super::events::Events;
use super::organization::{self, Founding};
use super::session::{Landing, SignedIn, begin_session, issue, locale, viewer};
use crate::access::Origin;
use crate::auth::password;
use crate::auth::secret::{Secret, hash_of_link};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;

/// How long the link that proves an address works.
const VERIFY_LINK: TimeDelta = TimeDelta::days(3);

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
    let password_hash = app.passwords.hash(input.password).await?;

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
    let purpose = entity::email_link::Purpose::VerifyEmail;
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
    let purpose = entity::email_link::Purpose::VerifyEmail;
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
