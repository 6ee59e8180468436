//! What nested fields load in batches. A loader lives for one request and sees what its viewer sees.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader as BatchLoader};
use entity::id::{AccountId, InvitationId, OrganizationId, RoleId, UserId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::FromQueryResult;
use tracing::Instrument;

use super::batch::Batches;
use super::context::Context;
use super::loader_role::CustomRolesOf;
use crate::access::Place;
use crate::app;
use crate::error::Error;
use crate::store;
use crate::store::account::AccountRow;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_page::ScopeRow;
use crate::store::entitlement::{Count, SeatsRow};
use crate::store::invitation::GrantRow;
use crate::store::list::List;
use crate::store::organization::OrganizationRow;
use crate::store::page::{Cursor, Page, Window};
use crate::store::user::UserRow;

/// Loads on behalf of one request.
pub struct Loader(pub(super) Arc<Context>);

/// A request's loader, and the batches that it wants loaded.
#[must_use]
pub fn loader(context: &Arc<Context>) -> (DataLoader<Loader>, Batches) {
    let batches = Batches::default();
    let wanted = batches.clone();
    let spawn = move |batch: BoxFuture<'static, ()>| {
        wanted.add(batch.instrument(tracing::debug_span!("batch")).boxed());
    };
    let loader = DataLoader::new(Loader(Arc::clone(context)), spawn);
    (loader.delay(Duration::ZERO), batches)
}

/// One window of one user's assignments in an organization.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Assignments {
    pub(super) organization_id: OrganizationId,
    pub(super) user_id: UserId,
    pub(super) window: WindowKey,
}

/// One window of the scopes at which one user holds something in an organization.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Scopes(pub(super) Assignments);

/// A window as a key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct WindowKey {
    size: u64,
    after: Option<Cursor>,
    before: Option<Cursor>,
    backward: bool,
    total: bool,
}

impl From<Window> for WindowKey {
    fn from(window: Window) -> Self {
        let Window { size, after, before, backward, total } = window;
        Self { size, after, before, backward, total }
    }
}

impl From<&WindowKey> for Window {
    fn from(key: &WindowKey) -> Self {
        let WindowKey { size, after, before, backward, total } = key.clone();
        Self { size, after, before, backward, total }
    }
}

pub(super) type Loaded<K, V> = Result<HashMap<K, V>, Arc<Error>>;

impl BatchLoader<Assignments> for Loader {
    type Value = Page<AssignmentRow>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Assignments]) -> Loaded<Assignments, Self::Value> {
        let viewer = self.0.viewer().await?;
        let mut groups: HashMap<(OrganizationId, &WindowKey), Vec<UserId>> = HashMap::new();
        for key in keys {
            groups.entry((key.organization_id, &key.window)).or_default().push(key.user_id);
        }
        let mut loaded = HashMap::with_capacity(keys.len());
        for ((organization_id, window), user_ids) in groups {
            let asked = Window::from(window);
            let pages =
                app::user::assignments(&self.0.app, &viewer, organization_id, &user_ids, &asked)
                    .await?;
            loaded.extend(pages.into_iter().map(|(user_id, page)| {
                (Assignments { organization_id, user_id, window: window.clone() }, page)
            }));
        }
        Ok(loaded)
    }
}

impl BatchLoader<Scopes> for Loader {
    type Value = Page<ScopeRow>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Scopes]) -> Loaded<Scopes, Self::Value> {
        let viewer = self.0.viewer().await?;
        let mut groups: HashMap<(OrganizationId, &WindowKey), Vec<UserId>> = HashMap::new();
        for Scopes(key) in keys {
            groups.entry((key.organization_id, &key.window)).or_default().push(key.user_id);
        }
        let mut loaded = HashMap::with_capacity(keys.len());
        for ((organization_id, window), user_ids) in groups {
            let (app, asked) = (&self.0.app, Window::from(window));
            let of = app::assignment_list::by_scope;
            let pages = of(app, &viewer, organization_id, &user_ids, &asked).await?;
            loaded.extend(pages.into_iter().map(|(user_id, page)| {
                let window = window.clone();
                (Scopes(Assignments { organization_id, user_id, window }), page)
            }));
        }
        Ok(loaded)
    }
}

impl BatchLoader<AccountId> for Loader {
    type Value = AccountRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[AccountId]) -> Loaded<AccountId, Self::Value> {
        let rows = store::account::rows(&self.0.app.db, keys).await.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// An account as a place to decide about, with its billing groups.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PlaceOf(pub(super) AccountId);

impl BatchLoader<PlaceOf> for Loader {
    type Value = Place;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PlaceOf]) -> Loaded<PlaceOf, Self::Value> {
        let ids: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
        let places = store::account::places(&self.0.app.db, &ids).await.map_err(Error::from)?;
        Ok(places
            .into_iter()
            .filter_map(|place| Some((PlaceOf(place.account_id()?), place)))
            .collect())
    }
}

impl BatchLoader<OrganizationId> for Loader {
    type Value = OrganizationRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[OrganizationId]) -> Loaded<OrganizationId, Self::Value> {
        let rows = store::organization::rows(&self.0.app.db, keys).await.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// What an organization is entitled to, with all that is used of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct SeatsOf(pub(super) OrganizationId);

impl BatchLoader<SeatsOf> for Loader {
    type Value = SeatsRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[SeatsOf]) -> Loaded<SeatsOf, Self::Value> {
        let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
        let (db, now) = (&self.0.app.db, self.0.viewer().await?.now);
        let rows = store::entitlement::rows(db, Some(&ids), &[], Count::Always, now).await;
        let rows = rows.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| (SeatsOf(row.organization_id), row)).collect())
    }
}

/// What stands in the way of inviting into an organization, from where the viewer is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct RoomIn(pub(super) OrganizationId);

impl BatchLoader<RoomIn> for Loader {
    type Value = SeatsRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[RoomIn]) -> Loaded<RoomIn, Self::Value> {
        let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
        let (db, viewer) = (&self.0.app.db, self.0.viewer().await?);
        let networks = app::entitlement::networks(&viewer.origin);
        let (ids, count) = (Some(&*ids), Count::WhereLimited);
        let rows = store::entitlement::rows(db, ids, &networks, count, viewer.now).await;
        let rows = rows.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| (RoomIn(row.organization_id), row)).collect())
    }
}

impl BatchLoader<UserId> for Loader {
    type Value = UserRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[UserId]) -> Loaded<UserId, Self::Value> {
        let rows = store::user::rows(&self.0.app.db, keys).await.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

impl BatchLoader<InvitationId> for Loader {
    type Value = Vec<GrantRow>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[InvitationId]) -> Loaded<InvitationId, Self::Value> {
        let rows = store::invitation::grants(&self.0.app.db, keys).await.map_err(Error::from)?;
        let mut grants: HashMap<InvitationId, Vec<GrantRow>> = HashMap::with_capacity(keys.len());
        for row in rows {
            grants.entry(row.invitation_id).or_default().push(row);
        }
        Ok(grants)
    }
}

/// A list that is to be read, together with the others of its kind that are asked for at the same time.
struct Unread<R>(Arc<List<R>>);

impl<R> Clone for Unread<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Each is a list of its own, however alike they are.
impl<R> PartialEq for Unread<R> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<R> Eq for Unread<R> {}

impl<R> Hash for Unread<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl<R: FromQueryResult + Clone + Send + Sync + 'static> BatchLoader<Unread<R>> for Loader {
    type Value = Page<R>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Unread<R>]) -> Loaded<Unread<R>, Self::Value> {
        let lists: Vec<&List<R>> = keys.iter().map(|key| &*key.0).collect();
        let pages = store::list::read(&self.0.app.db, &lists).await.map_err(Error::from)?;
        Ok(keys.iter().cloned().zip(pages).collect())
    }
}

/// Reads a list through the request's loader.
pub(super) async fn read<R>(
    ctx: &async_graphql::Context<'_>,
    list: List<R>,
) -> async_graphql::Result<Page<R>>
where
    R: FromQueryResult + Clone + Send + Sync + 'static,
{
    let page = load(ctx, Unread(Arc::new(list))).await?;
    Ok(page.unwrap_or_else(|| Page {
        rows: Vec::new(),
        has_previous: false,
        has_next: false,
        total: None,
    }))
}

/// The id of the role with this key, of the catalogue or of an organization that the viewer is a member of.
pub(super) async fn role_id(
    ctx: &async_graphql::Context<'_>,
    organization_id: OrganizationId,
    key: &str,
) -> async_graphql::Result<RoleId> {
    let roles = &super::context::context(ctx)?.app.roles;
    let customs = match roles.by_key(key) {
        Some(_) => Vec::new(),
        None => load(ctx, CustomRolesOf(organization_id)).await?.unwrap_or_default(),
    };
    let role = customs.iter().find(|role| role.key == key);
    match role {
        Some(role) => Ok(role.id),
        None => Ok(roles.find("roleKey", key).map_err(Error::from)?.id),
    }
}

/// Loads one value through the request's loader.
pub(super) async fn load<K>(
    ctx: &async_graphql::Context<'_>,
    key: K,
) -> async_graphql::Result<Option<<Loader as BatchLoader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loader: BatchLoader<K, Error = Arc<Error>>,
{
    let loader = ctx.data::<DataLoader<Loader>>()?;
    loader.load_one(key).await.map_err(|error| super::error::shown(&error))
}
