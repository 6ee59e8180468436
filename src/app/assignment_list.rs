//! Role assignments as administrators list them (R30, R31).

use std::collections::HashMap;

use entity::id::{AccountId, OrganizationId, UserId};

use super::App;
use crate::access::viewer::Listing;
use crate::access::{Viewer, permission};
use crate::error::{Error, Result};
use crate::store;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_page::{Filter, ScopeRow};
use crate::store::page::{Page, Window};

/// One page of an organization's assignments, as far as the viewer administers them.
pub async fn of_organization(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    filter: &Filter,
    window: &Window,
) -> Result<Page<AssignmentRow>> {
    let listing = viewer.listing(&app.roles, organization_id)?;
    let (db, now) = (&app.db, viewer.now);
    Ok(store::assignment_page::page(db, organization_id, &listing, filter, now, window).await?)
}

/// One page of the assignments made at an account; for those who manage its users.
pub async fn of_account(
    app: &App,
    viewer: &Viewer,
    account_id: AccountId,
    filter: &Filter,
    window: &Window,
) -> Result<Page<AssignmentRow>> {
    let place =
        store::account::place(&app.db, account_id).await?.ok_or(Error::NotFound("account"))?;
    viewer.require(&app.roles, permission::ACCOUNT_USERS, &place)?;
    let mut filter = filter.clone();
    filter.account_ids.push(account_id);
    let (db, id, now) = (&app.db, place.organization_id, viewer.now);
    // Who manages the account's users sees all that is assigned there.
    Ok(store::assignment_page::page(db, id, &Listing::Everyone, &filter, now, window).await?)
}

/// The same window of each of several users' scopes, with what they hold there (R31). One's own are
/// shown whole; others' as far as the viewer administers them.
pub async fn by_scope(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_ids: &[UserId],
    window: &Window,
) -> Result<HashMap<UserId, Page<ScopeRow>>> {
    let listing = super::user::listing_of(app, viewer, organization_id, user_ids)?;
    let (db, viewer_id) = (&app.db, viewer.user_id());
    let of = store::assignment_page::scopes_of_users;
    Ok(of(db, organization_id, user_ids, &listing, viewer_id, window).await?)
}
