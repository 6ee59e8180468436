//! Signing in and out; access and refresh tokens; where a person lands (R61, R64).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{AccountId, OrganizationId, SessionId, UserId};
use sea_orm::ConnectionTrait;

use super::App;
use super::email::Address;
use super::events::Events;
use crate::access::viewer::Credential;
use crate::access::{Origin, Viewer, permission};
use crate::auth::password;
use crate::auth::secret::{Secret, hash_of};
use crate::auth::throttle::Try;
use crate::auth::token;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::store;
use crate::store::account::{AccountRow, Reachable};
use crate::store::standing::Person;

/// A used refresh token may be used again within this time: the answer to its first use may have been
/// lost on the way, or tabs that share it may have woken up at once.
const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(10);

/// How often it may be used in all: by a handful of tabs that wake up at once, not by a machine. Each use
/// gives tokens of its own, since tabs that got the same one would throw each other out next time.
const REFRESH_USES: i64 = 8;

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

/// Begins a session with a password. The answer and the work are the same whether the address or the
/// password was wrong (R66).
pub async fn sign_in(
    app: &Arc<App>,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<SignedIn> {
    let address = Address::parse("email", email).ok();
    let address = address.as_ref();
    let tried = app.throttle.sign_in(origin, address.map_or("", |address| &address.key))?;
    let mut known = check_password(app, tried, address, password.clone()).await?;
    let mut tx = store::begin(&app.db).await?;
    if !known.still(&tx).await? {
        // Another sign-in of theirs may have had the same password hashed anew meanwhile.
        tx.rollback().await?;
        known = verified(app, address, password.clone()).await?;
        tx = store::begin(&app.db).await?;
        known.confirm(&tx).await?;
    }
    let begun = begin(app, &tx, origin, known.user_id).await?;
    tx.commit().await?;
    if password::is_outdated(&known.password_hash) {
        tokio::spawn(rehash(Arc::clone(app), known, password));
    }
    begun.finish(app, origin).await
}

/// Replaces a hash with other parameters than today's, unless the password was changed meanwhile. Nobody
/// waits for it; what goes wrong is made up for at the next sign-in.
async fn rehash(app: Arc<App>, known: Known, password: String) {
    let rehashed = async {
        let hash = app.passwords.hash_anew(password).await?;
        let (old, now) = (&known.password_hash, app.clock.now());
        Ok::<_, Error>(store::user::replace_hash(&app.db, known.user_id, old, &hash, now).await?)
    };
    if let Err(Error::Internal(cause)) = rehashed.await {
        tracing::error!(cause, "a password was not hashed anew");
    }
}

/// A session that stands once its transaction is committed.
pub(super) struct Begun {
    user_id: UserId,
    session_id: SessionId,
    tokens: Tokens,
    account: Option<AccountRow>,
    landing: Landing,
}

/// Begins a session of somebody who has shown who they are, where they land (R64).
pub(super) async fn begin(
    app: &App,
    tx: &impl ConnectionTrait,
    origin: &Origin,
    user_id: UserId,
) -> Result<Begun> {
    let (account, landing) = land(app, tx, user_id, None).await?;
    let place = account.as_ref().map(|account| (account.id, account.organization_id));
    let session_id = begin_session(app, tx, user_id, origin, place.map(|(id, _)| id)).await?;
    let tokens = issue(app, tx, user_id, session_id, place).await?;
    let mut events = Events::by(app, user_id);
    events.add(None, "session.started", session_id, None, None);
    events.write(tx, origin).await?;
    Ok(Begun { user_id, session_id, tokens, account, landing })
}

impl Begun {
    /// The session after the commit, with its person.
    pub(super) async fn finish(self, app: &App, origin: &Origin) -> Result<SignedIn> {
        let Self { user_id, session_id, tokens, account, landing } = self;
        let place = account.as_ref().map(|account| (account.id, account.organization_id));
        let viewer = viewer(app, origin, user_id, session_id, place, app.clock.now()).await?;
        Ok(SignedIn { tokens, viewer, account, landing })
    }
}

/// Somebody whose password was right when it was checked.
pub(super) struct Known {
    pub(super) user_id: UserId,
    pub(super) password_hash: String,
}

impl Known {
    /// Makes sure, within the transaction that lets them in, that it still is: checking takes a while, and
    /// whoever sets a new password meanwhile means to lock out those who have the old one (R67).
    pub(super) async fn confirm(&self, tx: &impl ConnectionTrait) -> Result<()> {
        if self.still(tx).await? { Ok(()) } else { Err(invalid_credentials()) }
    }

    /// Whether it is kept as the same hash.
    async fn still(&self, tx: &impl ConnectionTrait) -> Result<bool> {
        Ok(store::user::keeps_password(tx, self.user_id, &self.password_hash).await?)
    }
}

fn invalid_credentials() -> Error {
    let message = "the address and the password do not belong together";
    UserError::new(UserErrorCode::InvalidCredentials, "password", message).into()
}

/// The user whose address and password these are.
pub(super) async fn check_password(
    app: &App,
    tried: Try<'_>,
    address: Option<&Address>,
    password: String,
) -> Result<Known> {
    let known = verified(app, address, password).await?;
    tried.was_right();
    Ok(known)
}

/// The viewer, who gives their password once more for what a stolen session must not do.
///
/// # Errors
/// `INVALID_CREDENTIALS` at `path`.
pub(super) async fn check_own_password(
    app: &App,
    viewer: &Viewer,
    path: &str,
    password: String,
) -> Result<Known> {
    let tried = app.throttle.sign_in(&viewer.origin, &viewer.email_key)?;
    let user_id = viewer.user_id();
    let user = store::user::by_id(&app.db, user_id).await?;
    let hash = user.and_then(|user| user.password_hash);
    let good = app.passwords.verify(password, hash.clone()).await?;
    match hash {
        Some(password_hash) if good => {
            tried.was_right();
            Ok(Known { user_id, password_hash })
        }
        _ => {
            let message = "this is not your password";
            Err(UserError::new(UserErrorCode::InvalidCredentials, path, message).into())
        }
    }
}

/// The same as [`check_password`] for a try that was counted.
async fn verified(app: &App, address: Option<&Address>, password: String) -> Result<Known> {
    let user = match address {
        Some(address) => store::user::by_email(&app.db, &address.key).await?,
        None => None,
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let good = app.passwords.verify(password, hash.clone()).await?;
    match (user, hash) {
        (Some(user), Some(password_hash)) if good => Ok(Known { user_id: user.id, password_hash }),
        _ => Err(invalid_credentials()),
    }
}

/// Uses a refresh token up for new tokens (R61). A token that was used before ends its session: a
/// copy of it is in somebody else's hands. Within [`REFRESH_GRACE`] that takes more than
/// [`REFRESH_USES`] uses.
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
    let tried = app.throttle.refresh(origin)?;
    let now = app.clock.now();
    let hash = hash_of(refresh_token);
    let tx = store::begin(&app.db).await?;
    let row = store::session::token(&tx, &hash).await?.ok_or_else(refused)?;
    if row.ended_at.is_some() || row.expires_at <= now {
        return Err(refused());
    }
    if store::session::rotate(&tx, &hash, now, now - REFRESH_GRACE, REFRESH_USES).await? == 0 {
        if store::session::end(&tx, row.session_id, now).await? == 1 {
            let mut events = Events::by(app, row.user_id);
            events.add(None, "session.refresh_token_reused", row.session_id, None, None);
            events.write(&tx, origin).await?;
            tracing::warn!(session = %row.session_id, "a used refresh token came back; its session is ended");
        }
        tx.commit().await?;
        return Err(refused());
    }
    if store::session::renew(&tx, row.session_id, now, session_end(app, now)).await? == 0 {
        return Err(refused());
    }
    let (account, _) = land(app, &tx, row.user_id, row.account_id).await?;
    let place = account.map(|account| (account.id, account.organization_id));
    let tokens = issue(app, &tx, row.user_id, row.session_id, place).await?;
    let mut events = Events::by(app, row.user_id);
    events.add(None, "session.refreshed", row.session_id, None, None);
    events.write(&tx, origin).await?;
    tx.commit().await?;
    tried.was_right();
    Ok(tokens)
}

/// Ends the viewer's session; its tokens stop working with the next request (R27).
pub async fn sign_out(app: &App, viewer: &Viewer) -> Result<()> {
    let (now, session_id) = (app.clock.now(), viewer.session_id()?);
    let tx = store::begin(&app.db).await?;
    store::session::end(&tx, session_id, now).await?;
    let mut events = Events::by(app, viewer.user_id());
    events.add(None, "session.ended", session_id, None, None);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok(())
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
    let (access_token, access_token_expires_at) = token::issue(
        &app.keys.ring(),
        &app.config,
        &app.random,
        now,
        user_id,
        session_id,
        account,
    )?;
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
    let custom = app.roles.if_delegable(permission::ACCOUNT_ACCESS);
    let by = Reachable { user_id, roles: &roles, custom, now: app.clock.now() };
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
    let claims = token::verify(&app.keys.ring(), token, &app.config.public_url, now)
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
        store::standing::of_session(&app.db, &app.roles, session_id, user_id, now)
            .await?
            .ok_or(Error::Unauthenticated)?;
    let (account_id, organization_id) = account.unzip();
    Ok(Viewer {
        credential: Credential::Session(session_id),
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
        let known: Vec<&str> = Locale::all().map(Locale::tag).collect();
        UserError::new(
            UserErrorCode::UnknownLocale,
            path,
            format!("mails are written in {}, not in {asked:?}", known.join(", ")),
        )
    })
}
