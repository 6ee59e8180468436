//! The page after accepting, and the front page.

use axum::http::StatusCode;
use axum::response::Response;

use super::facts::{Landed, Welcome};
use super::join::door;
use super::trouble::Trouble;
use super::visit::Visit;
use super::{contents, page};
use crate::access::Viewer;
use crate::app::{App, account, join};
use crate::config::Mode;
use crate::error::Result;

/// `GET /welcome`: where somebody who accepted has landed (R51).
pub(super) async fn show(visit: Visit) -> Result<Response, Trouble> {
    let locale = visit.tongue.locale;
    let sheet = match visit.viewer().await? {
        None => contents::signed_out(locale, visit.application()),
        Some(viewer) => contents::welcome(locale, &facts(&visit, viewer).await?),
    };
    Ok(page(StatusCode::OK, visit.tongue, &sheet))
}

/// What the welcome is about.
pub(super) async fn facts(visit: &Visit, viewer: Viewer) -> Result<Welcome> {
    let app = &visit.app;
    Ok(Welcome {
        account: landed(app, &viewer).await?,
        door: join::joinable(app, &viewer).await?.into_iter().next().map(door),
        name: viewer.name,
        email: viewer.email,
        development: app.config.mode == Mode::Development,
        application: visit.application().map(str::to_owned),
    })
}

async fn landed(app: &App, viewer: &Viewer) -> Result<Option<Landed>> {
    let Some(id) = viewer.account_id else { return Ok(None) };
    let Some(row) = account::usable(app, viewer, id).await? else { return Ok(None) };
    let roles = viewer.roles_at(&row.place());
    Ok(Some(Landed {
        account: row.name,
        parent: row.parent_name,
        organization: row.organization_name,
        roles: roles.iter().map(|role| role.name.clone()).collect(),
    }))
}

/// `GET /`
pub(super) async fn front(visit: Visit) -> Response {
    let config = &visit.app.config;
    let development = config.mode == Mode::Development;
    let mailbox = development && config.smtp_url.is_none();
    let sheet = contents::front(visit.tongue.locale, development, mailbox);
    page(StatusCode::OK, visit.tongue, &sheet)
}
