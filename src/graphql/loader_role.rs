//! Batches of custom roles, billing groups and what hangs on them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader as BatchLoader;
use entity::id::{BillingGroupId, OrganizationId, RoleId};

use super::loader::{Loaded, Loader, WindowKey};
use crate::access::{Place, Role};
use crate::app;
use crate::error::Error;
use crate::store;
use crate::store::account::AccountRow;
use crate::store::billing_group::BillingGroupRow;
use crate::store::page::{Page, Window};

/// Custom roles, for members of their organization (R17).
impl BatchLoader<RoleId> for Loader {
    type Value = Arc<Role>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[RoleId]) -> Loaded<RoleId, Self::Value> {
        let (app, viewer) = (&self.0.app, self.0.viewer().await?);
        let rows = store::custom_role::by_ids(&app.db, keys).await.map_err(Error::from)?;
        let seen = rows
            .into_iter()
            .filter(|row| viewer.sees(&app.roles, &Place::organization(row.organization_id)));
        Ok(seen.map(|row| (row.id, app.roles.custom(row))).collect())
    }
}

/// All custom roles of an organization, by key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CustomRolesOf(pub(super) OrganizationId);

impl BatchLoader<CustomRolesOf> for Loader {
    type Value = Vec<Arc<Role>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CustomRolesOf]) -> Loaded<CustomRolesOf, Self::Value> {
        let viewer = self.0.viewer().await?;
        let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
        let lists = app::custom_role::of_organizations(&self.0.app, &viewer, &ids).await?;
        Ok(lists.into_iter().map(|(id, roles)| (CustomRolesOf(id), roles)).collect())
    }
}

/// A billing group, for those who see it.
impl BatchLoader<BillingGroupId> for Loader {
    type Value = BillingGroupRow;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[BillingGroupId]) -> Loaded<BillingGroupId, Self::Value> {
        let (app, viewer) = (&self.0.app, self.0.viewer().await?);
        let rows = store::billing_group::rows(&app.db, keys).await.map_err(Error::from)?;
        let seen = rows.into_iter().filter(|row| viewer.sees(&app.roles, &row.place()));
        Ok(seen.map(|row| (row.id, row)).collect())
    }
}

/// One window of the billing groups of an organization.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct BillingGroupsOf {
    pub(super) organization_id: OrganizationId,
    pub(super) window: WindowKey,
}

impl BatchLoader<BillingGroupsOf> for Loader {
    type Value = Page<BillingGroupRow>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[BillingGroupsOf]) -> Loaded<BillingGroupsOf, Self::Value> {
        let viewer = self.0.viewer().await?;
        let mut loaded = HashMap::with_capacity(keys.len());
        for (window, ids) in by_window(keys, |key| (key.organization_id, &key.window)) {
            let asked = Window::from(window);
            let pages = app::billing_group::pages(&self.0.app, &viewer, &ids, &asked).await?;
            loaded.extend(pages.into_iter().map(|(organization_id, page)| {
                (BillingGroupsOf { organization_id, window: window.clone() }, page)
            }));
        }
        Ok(loaded)
    }
}

/// One window of the accounts that are linked to a billing group.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct LinkedAccounts {
    pub(super) billing_group_id: BillingGroupId,
    pub(super) window: WindowKey,
}

impl BatchLoader<LinkedAccounts> for Loader {
    type Value = Page<AccountRow>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[LinkedAccounts]) -> Loaded<LinkedAccounts, Self::Value> {
        let viewer = self.0.viewer().await?;
        let mut loaded = HashMap::with_capacity(keys.len());
        for (window, ids) in by_window(keys, |key| (key.billing_group_id, &key.window)) {
            let asked = Window::from(window);
            let pages =
                app::billing_group::account_pages(&self.0.app, &viewer, &ids, &asked).await?;
            loaded.extend(pages.into_iter().map(|(billing_group_id, page)| {
                (LinkedAccounts { billing_group_id, window: window.clone() }, page)
            }));
        }
        Ok(loaded)
    }
}

/// The lists that are asked for with the same window.
fn by_window<'a, K, I>(
    keys: &'a [K],
    parts: impl Fn(&'a K) -> (I, &'a WindowKey),
) -> HashMap<&'a WindowKey, Vec<I>> {
    let mut groups: HashMap<&WindowKey, Vec<I>> = HashMap::new();
    for key in keys {
        let (id, window) = parts(key);
        groups.entry(window).or_default().push(id);
    }
    groups
}
