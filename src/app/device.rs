//! A person's sessions, one a device: seeing them, and ending those that are not theirs any more (R68).

use entity::id::SessionId;
use serde_json::json;

use super::App;
use super::events::Events;
use crate::access::Viewer;
use crate::error::{Error, Result};
use crate::store;
use crate::store::page::{Page, Window};
use crate::store::session::SessionRow;

/// One page of the viewer's sessions, the newest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window) -> Result<Page<SessionRow>> {
    Ok(store::session::page(&app.db, viewer.user_id(), None, viewer.now, window).await?)
}

/// One of the viewer's sessions.
pub async fn find(app: &App, viewer: &Viewer, id: SessionId) -> Result<SessionRow> {
    let window = Window { size: 1, after: None, before: None, backward: false, total: false };
    let page = store::session::page(&app.db, viewer.user_id(), Some(id), viewer.now, &window);
    page.await?.rows.pop().ok_or(Error::NotFound("session"))
}

/// Ends one of the viewer's sessions; its tokens stop working with the next request (R27). Somebody
/// else's session, and one that is over, do not exist.
pub async fn end(app: &App, viewer: &Viewer, id: SessionId) -> Result<()> {
    let by = viewer.session_id()?;
    find(app, viewer, id).await?;
    let tx = store::begin(&app.db).await?;
    // Another request may have been faster: then it is over, as was asked for.
    if store::session::end(&tx, id, app.clock.now()).await? == 1 {
        let mut events = Events::by(app, viewer.user_id());
        events.add(None, "session.ended", id, None, Some(json!({ "by": by })));
        events.write(&tx, &viewer.origin).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ends all of the viewer's sessions but the one that asks; tells how many there were.
pub async fn end_others(app: &App, viewer: &Viewer) -> Result<u64> {
    let (user_id, own) = (viewer.user_id(), viewer.session_id()?);
    let tx = store::begin(&app.db).await?;
    let ended = store::session::end_others(&tx, user_id, Some(own), app.clock.now()).await?;
    if ended > 0 {
        let mut events = Events::by(app, user_id);
        let after = json!({ "kept": own, "ended": ended });
        events.add(None, "session.others_ended", user_id, None, Some(after));
        events.write(&tx, &viewer.origin).await?;
    }
    tx.commit().await?;
    Ok(ended)
}
