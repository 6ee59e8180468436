//! API keys: how service users come in. A key is shown once and kept as a hash; it expires, and is rotated
//! with an overlap, in which the old one still lets in.
//!
//! Who has a key of a service user can do what the service user may. So whoever makes one has to be able
//! to give all of that themselves (R21); who revokes one gains nothing, and need not.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{AccountId, ApiKeyId, OrganizationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::service_user::{managed, unknown};
use super::work::{Run, Work};
use crate::access::viewer::Credential;
use crate::access::{Origin, Place, Viewer, permission};
use crate::auth::api_key::{ApiKey, hash_of_key};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::api_key::{KeyRow, NewKey};
use crate::store::list::List;
use crate::store::page::Window;
use crate::store::standing::{self, Person};

/// The most keys of one service user that are active at a time.
const ACTIVE_MAX: i64 = 10;
/// How long a key is good when nothing is said.
const LIFETIME: TimeDelta = TimeDelta::days(90);
/// The longest time that a key can be good.
const LIFETIME_MAX: TimeDelta = TimeDelta::days(366);
/// How long a key that is rotated goes on when nothing is said.
const OVERLAP: TimeDelta = TimeDelta::days(1);
/// The longest time that it can go on.
const OVERLAP_MAX: TimeDelta = TimeDelta::days(30);
/// How long after its use was noted a key is used without that being noted.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A key that was made just now.
pub struct Made {
    /// What is kept of it.
    pub row: KeyRow,
    /// The key itself, which nobody sees again.
    pub key: ApiKey,
}

/// The service user behind a key, as the database has it at this instant (R27). What is no key by its
/// form and checksum is not looked for.
pub async fn authenticate(app: &Arc<App>, key: &str, origin: &Origin) -> Result<Viewer> {
    let hash = hash_of_key(key).ok_or(Error::Unauthenticated)?;
    let now = app.clock.now();
    let found = standing::of_api_key(&app.db, &app.roles, hash, now).await?;
    let (key, person) = found.ok_or(Error::Unauthenticated)?;
    note_use(app, key, now);
    let Person { name, email, email_key, organizations, standing } = person;
    Ok(Viewer {
        credential: Credential::ApiKey(key.key_id),
        name,
        email,
        email_key,
        account_id: None,
        organization_id: None,
        organizations,
        standing,
        now,
        origin: origin.clone(),
    })
}

/// Notes that a key was used, at most once a minute. The request does not wait for it, and its end does
/// not cut it; one statement a key is under way at a time, however many requests come.
fn note_use(app: &Arc<App>, key: standing::KeyRow, now: DateTime<Utc>) {
    let noted_by = now - USE_NOTED_EVERY;
    if key.key_last_used_at.is_some_and(|noted| noted > noted_by) {
        return;
    }
    if !under_way(app).insert(key.key_id) {
        return;
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(error) = store::api_key::used(&app.db, key.key_id, now, noted_by).await {
            tracing::warn!(key = %key.key_id, %error, "the use of an API key was not noted");
        }
        under_way(&app).remove(&key.key_id);
    });
}

fn under_way(app: &App) -> MutexGuard<'_, HashSet<ApiKeyId>> {
    app.key_uses.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One page of an organization's keys, or of one service user's, the newest first; for those who manage
/// its users.
pub fn list(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    service_user_id: Option<UserId>,
    window: Window,
) -> Result<List<KeyRow>> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    Ok(store::api_key::list(organization_id, service_user_id, window))
}

/// A key that the viewer manages.
pub async fn find(app: &App, viewer: &Viewer, id: ApiKeyId) -> Result<KeyRow> {
    let row = by_id(&app.db, id).await?;
    let place = Place::organization(row.organization_id);
    viewer.visible(&app.roles, &place).map_err(|_| no_such_key())?;
    viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
    Ok(row)
}

/// What making a key takes.
pub struct CreateApiKey {
    /// Whose key.
    pub service_user_id: UserId,
    /// What people call it.
    pub name: String,
    /// From when on it lets nobody in.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a key.
pub async fn create(app: &App, viewer: &Viewer, input: CreateApiKey) -> Result<Made> {
    let CreateApiKey { service_user_id, name, expires_at } = input;
    let organization_id = managed(app, viewer, service_user_id).await?;
    let name = crate::text::name("name", &name)?;
    let now = app.clock.now();
    let expires_at = expiry(expires_at, LIFETIME, now)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let made = issue(&work, organization_id, service_user_id, name, expires_at).await?;
    let after = json!({ "serviceUser": service_user_id, "name": made.row.name,
        "expiresAt": expires_at, "hint": made.row.hint });
    work.note(organization_id, "api_key.created", made.row.id, None, Some(after));
    work.finish().await?;
    Ok(made)
}

/// What rotating a key takes.
pub struct RotateApiKey {
    /// The key whose place another one takes.
    pub id: ApiKeyId,
    /// How many seconds it goes on.
    pub overlap_seconds: Option<i64>,
    /// From when on the new one lets nobody in; when nothing is said, it lives as long as this one.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that has been rotated.
pub struct Rotated {
    /// The new key.
    pub made: Made,
    /// The old one, as it is now.
    pub old: KeyRow,
}

/// Makes a key that takes another one's place; the old one goes on for a while, so that the machines can
/// be told one after the other. A key is rotated once.
pub async fn rotate(app: &App, viewer: &Viewer, input: RotateApiKey) -> Result<Rotated> {
    let RotateApiKey { id, overlap_seconds, expires_at } = input;
    let old = find(app, viewer, id).await?;
    let KeyRow { organization_id, user_id, .. } = old;
    let now = app.clock.now();
    let overlap = overlap(overlap_seconds)?;
    let expires_at = expiry(expires_at, lifetime(&old), now)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    let made = issue(&work, organization_id, user_id, old.name.clone(), expires_at).await?;
    let (tx, new) = (work.tx(), made.row.id);
    if store::api_key::replace(tx, id, new, now + overlap, now).await? == 0 {
        let message = "the key is revoked, expired, or has been rotated already";
        return Err(UserError::new(UserErrorCode::ApiKeyNotActive, "apiKeyId", message).into());
    }
    let after = by_id(tx, id).await?;
    let told = |row: &KeyRow| json!({ "expiresAt": row.expires_at, "replacedBy": row.replaced_by });
    let (before, after_told) = (told(&old), told(&after));
    work.note(organization_id, "api_key.rotated", id, Some(before), Some(after_told));
    let created = json!({ "serviceUser": user_id, "name": made.row.name, "expiresAt": expires_at,
        "hint": made.row.hint, "replaces": id });
    work.note(organization_id, "api_key.created", new, None, Some(created));
    work.finish().await?;
    Ok(Rotated { made, old: after })
}

/// Revokes a key; it lets nobody in from the next request on (R27). One that is revoked stays so.
pub async fn revoke(app: &App, viewer: &Viewer, id: ApiKeyId) -> Result<KeyRow> {
    let row = find(app, viewer, id).await?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    if store::api_key::revoke(work.tx(), id, app.clock.now()).await? == 1 {
        work.note(row.organization_id, "api_key.revoked", id, None, None);
    }
    let revoked = by_id(work.tx(), id).await?;
    work.finish().await?;
    Ok(revoked)
}

/// Makes a key of a service user. Its membership is locked, so that nobody gives it roles between the look
/// at what it holds and the commit: who does so later knows that there is a key.
async fn issue(
    work: &Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
    name: String,
    expires_at: DateTime<Utc>,
) -> Result<Made> {
    let (app, viewer, tx) = (work.app, work.viewer, work.tx());
    let people = [viewer.user_id(), user_id];
    let members = store::membership::lock(tx, organization_id, &people).await?;
    if !members.contains(&user_id) {
        return Err(unknown());
    }
    if !members.contains(&viewer.user_id()) {
        return Err(Error::NotFound("organization"));
    }
    check_ceiling(app, viewer, tx, organization_id, user_id).await?;
    let now = app.clock.now();
    let active = store::api_key::count_active(tx, user_id, now).await?;
    if active >= ACTIVE_MAX {
        let message = format!("at most {ACTIVE_MAX} active keys of a service user");
        return Err(UserError::new(UserErrorCode::LimitReached, "", message)
            .help("Revoke one that is not needed any more.")
            .into());
    }
    let (id, key) = (app.random.id(now), ApiKey::new(&app.random));
    let new = NewKey {
        id,
        organization_id,
        user_id,
        name,
        hash: key.hash(),
        hint: key.hint().to_owned(),
        created_by: viewer.user_id(),
        expires_at,
    };
    store::api_key::insert(tx, new, now).await?;
    Ok(Made { row: by_id(tx, id).await?, key })
}

/// Nobody gets, by a key, what they could neither give nor do themselves (R21).
async fn check_ceiling(
    app: &App,
    viewer: &Viewer,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<()> {
    let Some(machine) = store::standing::of_user(tx, &app.roles, user_id).await? else {
        return Err(unknown());
    };
    let held = machine.standing.membership(organization_id).map(|held| held.holdings.as_slice());
    let held = held.unwrap_or_default();
    let accounts: Vec<AccountId> = held.iter().filter_map(|holding| holding.account_id).collect();
    let places = store::account::places(tx, &accounts).await?;
    let organization = Place::organization(organization_id);
    for holding in held {
        let place = match holding.account_id {
            None => &organization,
            Some(id) => places
                .iter()
                .find(|place| place.account_id() == Some(id))
                .ok_or(Error::Conflict("an account changed meanwhile; try again"))?,
        };
        if let Some(role) = &holding.role {
            viewer.acting_with(&app.roles, role, place)?;
        }
    }
    Ok(())
}

/// How long a key was to live when it was made; a rotated one does no longer say.
fn lifetime(key: &KeyRow) -> TimeDelta {
    (key.expires_at - key.created_at).min(LIFETIME_MAX)
}

fn expiry(
    asked: Option<DateTime<Utc>>,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let expires_at = asked.unwrap_or(now + lifetime);
    if expires_at > now && expires_at <= now + LIFETIME_MAX {
        return Ok(expires_at);
    }
    let message = format!("a key is good for {} days at the longest", LIFETIME_MAX.num_days());
    Err(UserError::new(UserErrorCode::InvalidExpiry, "expiresAt", message).into())
}

fn overlap(asked: Option<i64>) -> Result<TimeDelta> {
    let Some(seconds) = asked else { return Ok(OVERLAP) };
    if (0..=OVERLAP_MAX.num_seconds()).contains(&seconds) {
        return Ok(TimeDelta::seconds(seconds));
    }
    let message = format!("0 to {} seconds", OVERLAP_MAX.num_seconds());
    Err(UserError::new(UserErrorCode::InvalidExpiry, "overlapSeconds", message).into())
}

async fn by_id(db: &impl ConnectionTrait, id: ApiKeyId) -> Result<KeyRow> {
    store::api_key::by_id(db, id).await?.ok_or_else(no_such_key)
}

fn no_such_key() -> Error {
    Error::NotFound("API key")
}
