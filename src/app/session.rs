//! Signing up, in and out; access and refresh tokens (R60, R61, R64).

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{AccountId, OrganizationId, SessionId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::Address;
use super::events::Events;
use crate::access::{Origin, Viewer, permission};
use crate::auth::secret::{Secret, hash_of};
use crate::auth::{password, token};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::account::{AccountRow, Reachable};
use crate::store::standing::Person;

/// A used refresh token may be used once more within this time: the answer to its first use may have
/// been lost on the way, or two tabs may have refreshed at once.
const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);
/// How long the link that proves an address works.
const VERIFY_LINK: TimeDelta = TimeDelta::days(3);

/// What a client keeps of a session.
#[derive(Clone)]
pub struct Tokens {
    /// The JWT for the `Authorization` header.
    pub access_token: String,
    /// When it stops working.
    pub access_token_expires_at: DateTime<Utc>,
    /// Opaque; good for one refresh.
    pub refresh_token: String,
}

/// Why a sign-in landed where it did (R64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// In the account that the person chose as their default.
    Default,
    /// In the account that they last worked in; they have no default.
    LastUsed,
    /// In the first that they can reach; they have neither.
    First,
    /// Their default was closed or they lost access to it: in the next best.
    DefaultUnavailable,
    /// They can reach no account at all.
    None,
}

/// A session that has just begun or gone on.
pub struct SignedIn {
    /// For the client.
    pub tokens: Tokens,
    /// The person.
    pub viewer: Viewer,
    /// Where they are.
    pub account: Option<AccountRow>,
    /// Why there.
    pub landing: Landing,
}

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
    let mut check = |result: Result<String, UserError>| {
        result.unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        })
    };
    let name = check(crate::text::name("name", &input.name));
    let organization_name = check(crate::text::name("organizationName", &input.organization_name));
    let account_name = match &input.account_name {
        Some(given) => check(crate::text::name("accountName", given)),
        None => organization_name.clone(),
    };
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
    let organization_id: OrganizationId = app.random.id(now);
    let account_id: AccountId = app.random.id(now);
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
    found_organization(app, &tx, user_id, organization_id, &organization_name).await?;
    super::account::open(app, &tx, user_id, organization_id, account_id, &account_name).await?;
    queue_verification(app, &tx, user_id, &name, &address, locale).await?;

    let session_id = begin_session(app, &tx, user_id, origin, Some(account_id)).await?;
    let tokens = issue(app, &tx, user_id, session_id, Some((account_id, organization_id))).await?;
    let mut events = Events::by(app, user_id);
    events
        .add(
            None,
            "user.signed_up",
            user_id,
            None,
            Some(json!({ "name": name, "email": address.typed })),
        )
        .add(
            Some(organization_id),
            "organization.created",
            organization_id,
            None,
            Some(json!({ "name": organization_name })),
        )
        .add(
            Some(organization_id),
            "account.created",
            account_id,
            None,
            Some(json!({ "name": account_name })),
        );
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();

    let place = Some((account_id, organization_id));
    let viewer = viewer(app, origin, user_id, session_id, place, now).await?;
    let account = store::account::rows(&app.db, &[account_id]).await?.pop();
    Ok(SignedIn { tokens, viewer, account, landing: Landing::First })
}

/// An organization with its owner as its first member.
async fn found_organization(
    app: &App,
    tx: &impl ConnectionTrait,
    owner: UserId,
    id: OrganizationId,
    name: &str,
) -> Result<()> {
    let now = app.clock.now();
    store::organization::insert(tx, id, name, now).await?;
    store::membership::insert(tx, app.random.id(now), id, owner, now).await?;
    let role = app.roles.organization_owner();
    store::assignment::insert_owner(tx, app.random.id(now), id, None, owner, role, now).await?;
    Ok(())
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
    store::email_link::insert(tx, secret.hash(), user_id, &address.key, now, expires_at).await?;
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

/// Begins a session with a password. The answer and the work are the same whether the address or the
/// password was wrong (R66).
pub async fn sign_in(
    app: &App,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<SignedIn> {
    let user_id = check_password(app, email, password, "password").await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    let (account, landing) = land(app, &tx, user_id, None).await?;
    let account_id = account.as_ref().map(|account| account.id);
    let session_id = begin_session(app, &tx, user_id, origin, account_id).await?;
    let place = account.as_ref().map(|account| (account.id, account.organization_id));
    let tokens = issue(app, &tx, user_id, session_id, place).await?;
    let mut events = Events::by(app, user_id);
    events.add(None, "session.started", session_id, None, None);
    events.write(&tx, origin).await?;
    tx.commit().await?;
    let viewer = viewer(app, origin, user_id, session_id, place, now).await?;
    Ok(SignedIn { tokens, viewer, account, landing })
}

/// The user whose address and password these are.
pub(super) async fn check_password(
    app: &App,
    email: &str,
    password: String,
    path: &str,
) -> Result<UserId> {
    let user = match Address::parse("email", email) {
        Ok(address) => store::user::by_email(&app.db, &address.key).await?,
        Err(_) => None,
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let good = app.passwords.verify(password, hash).await?;
    match user {
        Some(user) if good => Ok(user.id),
        _ => Err(UserError::new(
            UserErrorCode::InvalidCredentials,
            path,
            "the address and the password do not belong together",
        )
        .into()),
    }
}

/// Uses a refresh token up for new tokens (R61). A token that was used before ends its session: a
/// copy of it is in somebody else's hands.
pub async fn refresh(app: &App, origin: &Origin, refresh_token: &str) -> Result<Tokens> {
    let refused = || {
        Error::refused(
            UserError::new(
                UserErrorCode::InvalidRefreshToken,
                "refreshToken",
                "the refresh token is not good any more",
            )
            .help("Sign in again."),
        )
    };
    let now = app.clock.now();
    let hash = hash_of(refresh_token);
    let tx = store::begin(&app.db).await?;
    let row = store::session::token(&tx, &hash).await?.ok_or_else(refused)?;
    if row.ended_at.is_some() || row.expires_at <= now {
        return Err(refused());
    }
    if row.rotated_at.is_some_and(|rotated| now >= rotated + REFRESH_GRACE) {
        store::session::end(&tx, row.session_id, now).await?;
        let mut events = Events::by(app, row.user_id);
        events.add(None, "session.refresh_token_reused", row.session_id, None, None);
        events.write(&tx, origin).await?;
        tx.commit().await?;
        tracing::warn!(session = %row.session_id, "a used refresh token came back; its session is ended");
        return Err(refused());
    }
    store::session::rotate(&tx, &hash, now).await?;
    if store::session::renew(&tx, row.session_id, now, session_end(app, now)).await? == 0 {
        return Err(refused());
    }
    let (account, _) = land(app, &tx, row.user_id, row.account_id).await?;
    let place = account.map(|account| (account.id, account.organization_id));
    let tokens = issue(app, &tx, row.user_id, row.session_id, place).await?;
    tx.commit().await?;
    Ok(tokens)
}

/// Ends the viewer's session; its tokens stop working with the next request (R27).
pub async fn sign_out(app: &App, viewer: &Viewer) -> Result<()> {
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    store::session::end(&tx, viewer.session_id, now).await?;
    let mut events = Events::by(app, viewer.user_id());
    events.add(None, "session.ended", viewer.session_id, None, None);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
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
    let hash = hash_of(token);
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

/// Begins a session and notes where the person is.
pub(super) async fn begin_session(
    app: &App,
    tx: &impl ConnectionTrait,
    user_id: UserId,
    origin: &Origin,
    account_id: Option<AccountId>,
) -> Result<SessionId> {
    let now = app.clock.now();
    let id = app.random.id(now);
    store::session::insert(tx, id, user_id, origin, now, session_end(app, now)).await?;
    store::user::signed_in(tx, user_id, account_id, now).await?;
    Ok(id)
}

/// Makes an access token and a refresh token for a session in an account.
pub(super) async fn issue(
    app: &App,
    tx: &impl ConnectionTrait,
    user_id: UserId,
    session_id: SessionId,
    account: Option<(AccountId, OrganizationId)>,
) -> Result<Tokens> {
    let now = app.clock.now();
    let refresh = Secret::new(&app.random);
    let account_id = account.map(|(id, _)| id);
    store::session::insert_token(tx, refresh.hash(), session_id, account_id, now).await?;
    let (access_token, access_token_expires_at) =
        token::issue(&app.keys, &app.config, &app.random, now, user_id, session_id, account)?;
    Ok(Tokens { access_token, access_token_expires_at, refresh_token: refresh.expose() })
}

/// Where a person lands (R64): in `wanted` if they can, else in their default, else where they last
/// were, else in the first account that they can reach.
pub(super) async fn land(
    app: &App,
    db: &impl ConnectionTrait,
    user_id: UserId,
    wanted: Option<AccountId>,
) -> Result<(Option<AccountRow>, Landing)> {
    let Some(user) = store::user::by_id(db, user_id).await? else {
        return Err(Error::Unauthenticated);
    };
    let roles = app.roles.holding(permission::ACCOUNT_ACCESS);
    let by = Reachable {
        user_id,
        roles: &roles,
        now: app.clock.now(),
        organization_id: None,
        parent_id: None,
        stopped: false,
    };
    let mut preferred: Vec<AccountId> = Vec::with_capacity(3);
    for id in [wanted, user.default_account_id, user.last_account_id].into_iter().flatten() {
        if !preferred.contains(&id) {
            preferred.push(id);
        }
    }
    let account = store::account::landing(db, &by, &preferred).await?;
    let at = account.as_ref().map(|account| account.id);
    let landing = match (at, user.default_account_id) {
        (None, _) => Landing::None,
        (at, default) if default.is_some() && at == default => Landing::Default,
        (_, Some(_)) => Landing::DefaultUnavailable,
        (at, None) if user.last_account_id == at => Landing::LastUsed,
        _ => Landing::First,
    };
    Ok((account, landing))
}

/// The person behind an access token, as the database has them at this instant (R27).
pub async fn authenticate(app: &App, token: &str, origin: &Origin) -> Result<Viewer> {
    let now = app.clock.now();
    let claims = token::verify(&app.keys, token, &app.config.public_url, now)
        .map_err(|_| Error::Unauthenticated)?;
    viewer(app, origin, claims.sub, claims.sid, claims.acct.zip(claims.org), now).await
}

pub(super) async fn viewer(
    app: &App,
    origin: &Origin,
    user_id: UserId,
    session_id: SessionId,
    account: Option<(AccountId, OrganizationId)>,
    now: DateTime<Utc>,
) -> Result<Viewer> {
    let Person { name, email, email_key, organizations, standing } =
        store::standing::of_session(&app.db, session_id, user_id, now)
            .await?
            .ok_or(Error::Unauthenticated)?;
    let (account_id, organization_id) = account.unzip();
    Ok(Viewer {
        session_id,
        name,
        email,
        email_key,
        account_id,
        organization_id,
        organizations,
        standing,
        now,
        origin: origin.clone(),
    })
}

fn session_end(app: &App, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::days(i64::from(app.config.session_days))
}

/// The language that a client asked for, or the default.
pub(super) fn locale(path: &str, asked: Option<&str>) -> Result<Locale, UserError> {
    let Some(asked) = asked else { return Ok(Locale::default()) };
    Locale::parse(asked).ok_or_else(|| {
        let known: Vec<&str> = Locale::SUPPORTED.iter().map(|locale| locale.tag()).collect();
        UserError::new(
            UserErrorCode::UnknownLocale,
            path,
            format!("mails are written in {}, not in {asked:?}", known.join(", ")),
        )
    })
}
