//! Role assignments as administrators list them (R30, R31).

use std::collections::HashMap;

use entity::id::{OrganizationId, UserId};

use super::App;
use crate::access::viewer::Listing;
use crate::access::{Place, Viewer, permission};
use crate::error::Result;
use crate::store;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_page::{Filter, ScopeRow};
use crate::store::list::List;
use crate::store::page::{Page, Window};

/// An organization's assignments, as far as the viewer administers them.
pub fn of_organization(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    filter: &Filter,
    window: Window,
) -> Result<List<AssignmentRow>> {
    let listing = viewer.listing(&app.roles, organization_id)?;
    let (backend, now) = (app.db.get_database_backend(), viewer.now);
    Ok(store::assignment_page::list(backend, organization_id, &listing, filter, now, window))
}

/// The assignments made at an account; for those who manage its users.
pub fn of_account(
    app: &App,
    viewer: &Viewer,
    place: &Place,
    mut filter: Filter,
    window: Window,
) -> Result<List<AssignmentRow>> {
    viewer.require(&app.roles, permission::ACCOUNT_USERS, place)?;
    filter.account_ids.extend(place.account_id());
    let (backend, id, now) = (app.db.get_database_backend(), place.organization_id, viewer.now);
    // Who manages the account's users sees all that is assigned there.
    let everyone = Listing::Everyone;
    Ok(store::assignment_page::list(backend, id, &everyone, &filter, now, window))
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
