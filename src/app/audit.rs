//! Reading the record of changes (R70). It is written in `events`, by every use case that changes
//! something.

use entity::id::{AuditEventId, OrganizationId};

use super::App;
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result};
use crate::store;
use crate::store::audit_page::{EventRow, Filter, Whose};
use crate::store::list::List;
use crate::store::page::Window;

/// The most actions that one list is narrowed to: each is looked for by itself.
const ACTIONS_MAX: usize = 20;

/// What happened in an organization, for those who may read its record.
pub fn of_organization(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    filter: Filter,
    newest_first: bool,
    window: Window,
) -> Result<List<EventRow>> {
    require(app, viewer, organization_id)?;
    let filter = checked(filter)?;
    let whose = Whose::Organization(organization_id);
    Ok(store::audit_page::list(whose, &filter, newest_first, window))
}

/// The viewer's own affairs: their sign-ins, sessions and password, and what becomes of their address.
pub fn of_viewer(
    viewer: &Viewer,
    filter: Filter,
    newest_first: bool,
    window: Window,
) -> Result<List<EventRow>> {
    let (whose, filter) = (Whose::Person(viewer.user_id()), checked(filter)?);
    Ok(store::audit_page::list(whose, &filter, newest_first, window))
}

/// An event that the viewer may read.
pub async fn find(app: &App, viewer: &Viewer, id: AuditEventId) -> Result<EventRow> {
    let unseen = || Error::NotFound("audit event");
    let row = store::audit_page::by_id(&app.db, id).await?.ok_or_else(unseen)?;
    let me = viewer.user_id();
    match row.organization_id {
        Some(organization_id) => require(app, viewer, organization_id)?,
        None if row.actor_id == Some(me) => {}
        None if row.actor_id.is_none() && row.target == me.to_string() => {}
        None => return Err(unseen()),
    }
    Ok(row)
}

fn require(app: &App, viewer: &Viewer, organization_id: OrganizationId) -> Result<()> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_AUDIT, &place).map(drop)
}

/// The filter with no action twice.
fn checked(mut filter: Filter) -> Result<Filter> {
    filter.actions.sort_unstable();
    filter.actions.dedup();
    let named = filter.actions.len();
    if named > ACTIONS_MAX {
        let message = format!("at most {ACTIONS_MAX} actions, got {named}");
        return Err(Error::BadInput { field: "actions", message });
    }
    // No text in a database has a U+0000, and PostgreSQL would not take it.
    if filter.actions.iter().any(|action| action.contains('\0')) {
        let message = "an action is `noun.verb`".to_owned();
        return Err(Error::BadInput { field: "actions", message });
    }
    Ok(filter)
}
