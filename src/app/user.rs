//! Users as administrators see them (R30).

use std::collections::HashMap;

use entity::id::{OrganizationId, UserId};

use super::App;
use crate::access::viewer::Listing;
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result};
use crate::store;
use crate::store::assignment::AssignmentRow;
use crate::store::list::List;
use crate::store::organization::OrganizationRow;
use crate::store::page::{Page, Window};
use crate::store::user_page::{Field, Filter, MemberRow};

/// An organization that the viewer is a member of.
pub async fn organization(
    app: &App,
    viewer: &Viewer,
    id: OrganizationId,
) -> Result<OrganizationRow> {
    viewer.visible(&app.roles, &Place::organization(id))?;
    store::organization::by_id(&app.db, id).await?.ok_or(Error::NotFound("organization"))
}

/// The organization's users that the viewer administers, by `order`.
pub fn list(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    filter: &Filter,
    (field, descending): (Field, bool),
    window: Window,
) -> Result<List<MemberRow>> {
    let listing = viewer.listing(&app.roles, organization_id)?;
    let (backend, order) = (app.db.get_database_backend(), field.order(descending));
    Ok(store::user_page::list(backend, organization_id, &listing, filter, &order, window))
}

/// The same window of each of several users' assignments. One's own are shown whole; others' as far
/// as the viewer administers them.
pub async fn assignments(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_ids: &[UserId],
    window: &Window,
) -> Result<HashMap<UserId, Page<AssignmentRow>>> {
    let listing = listing_of(app, viewer, organization_id, user_ids)?;
    let (db, viewer_id) = (&app.db, viewer.user_id());
    Ok(store::assignment::pages_of_users(
        db,
        organization_id,
        user_ids,
        &listing,
        viewer_id,
        window,
    )
    .await?)
}

/// Which of these users' assignments the viewer sees: their own in any case.
pub(super) fn listing_of(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    user_ids: &[UserId],
) -> Result<Listing> {
    match viewer.listing(&app.roles, organization_id) {
        Err(_) if user_ids.iter().all(|id| *id == viewer.user_id()) => Ok(Listing::Everyone),
        listing => listing,
    }
}

/// The users who hold a role at an account, by `order`.
pub fn of_account(
    app: &App,
    viewer: &Viewer,
    place: &Place,
    mut filter: Filter,
    (field, descending): (Field, bool),
    window: Window,
) -> Result<List<MemberRow>> {
    viewer.require(&app.roles, permission::ACCOUNT_USERS, place)?;
    filter.account_ids.extend(place.account_id());
    let organization_id = place.organization_id;
    // Only scopes that the viewer administers may be found by their names.
    let listing = match viewer.listing(&app.roles, organization_id) {
        // Whoever manages users here by a role at the organization sees them here.
        Err(Error::Forbidden(_)) => Listing::Accounts(place.account_id().into_iter().collect()),
        listing => listing?,
    };
    let (backend, order) = (app.db.get_database_backend(), field.order(descending));
    Ok(store::user_page::list(backend, organization_id, &listing, &filter, &order, window))
}

/// One page of the organizations that the viewer is a member of, by name.
pub async fn organizations(
    app: &App,
    viewer: &Viewer,
    window: &Window,
) -> Result<Page<OrganizationRow>> {
    Ok(store::organization::page_of_member(&app.db, viewer.user_id(), window).await?)
}

/// A user that the viewer may see, by id alone: themselves, or one that they administer, seen
/// through the organization that they work in, else through another of theirs.
pub async fn find(app: &App, viewer: &Viewer, id: UserId) -> Result<(OrganizationId, MemberRow)> {
    let theirs = viewer.standing.memberships.iter().map(|membership| membership.organization_id);
    let others = theirs.filter(|other| Some(*other) != viewer.organization_id);
    for organization_id in viewer.organization_id.into_iter().chain(others) {
        if let Some(row) = seen_in(app, viewer, organization_id, id).await? {
            return Ok((organization_id, row));
        }
    }
    Err(Error::NotFound("user"))
}

/// A member of an organization, if the viewer sees them there.
pub(super) async fn seen_in(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    id: UserId,
) -> Result<Option<MemberRow>> {
    let listing = match viewer.listing(&app.roles, organization_id) {
        Ok(listing) => listing,
        Err(_) if id == viewer.user_id() => Listing::Everyone,
        Err(Error::Forbidden(_) | Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let filter = Filter { ids: Some(vec![id]), ..Filter::default() };
    let order = Field::Name.order(false);
    let window = Window { size: 1, after: None, before: None, backward: false, total: false };
    let backend = app.db.get_database_backend();
    let list = store::user_page::list(backend, organization_id, &listing, &filter, &order, window);
    Ok(list.read(&app.db).await?.rows.into_iter().next())
}
