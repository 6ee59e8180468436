//! Another password, chosen by somebody who is signed in and knows the old one (R67).

use serde_json::json;

use super::App;
use super::events::Events;
use super::password_reset::lock_out;
use super::session::{Known, check_own_password};
use crate::access::Viewer;
use crate::auth::password;
use crate::error::{Error, Result};
use crate::store;

/// Sets a new password; all sessions but the viewer's end, and the person is told. Gives how many ended.
pub async fn change(app: &App, viewer: &Viewer, current: String, new: String) -> Result<u64> {
    password::check("newPassword", &new)?;
    let Known { user_id, password_hash: old } =
        check_own_password(app, viewer, "currentPassword", current).await?;
    let about = vec![viewer.name.clone(), viewer.email.clone()];
    let hash = app.passwords.hash("newPassword", new, about).await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    if store::user::replace_hash(&tx, user_id, &old, &hash, now).await? == 0 {
        return Err(Error::Conflict("the password changed meanwhile; try again"));
    }
    let ended = lock_out(app, &tx, user_id, Some(viewer.session_id()?)).await?;
    let mut events = Events::by(app, user_id);
    let after = Some(json!({ "endedSessions": ended }));
    events.add(None, "user.password_changed", user_id, None, after);
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(ended)
}
