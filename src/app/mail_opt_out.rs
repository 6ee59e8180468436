//! Mails about invitations that their recipients do not want: what `List-Unsubscribe` leads to.
//!
//! Who holds an invitation's link may say for its address that the organization is to send no more
//! of them. The invitation stays as it is; accepting one of the organization's ends it.

use sea_orm::ConnectionTrait;

use super::App;
use super::events::Events;
use crate::access::Origin;
use crate::auth::secret::{Secret, hash_of};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::invitation::LinkRow;

/// The address that mail programs unsubscribe at (RFC 8058).
pub(super) fn link(app: &App, secret: &Secret) -> String {
    format!("{}/invitations/{}/unsubscribe", app.config.public_url, secret.expose())
}

/// Whether the invitee wants no more mails.
pub async fn wanted(app: &App, link: &LinkRow) -> Result<bool> {
    let keys = [link.email_key.clone()];
    Ok(store::mail_opt_out::among(&app.db, link.organization_id, &keys).await?.is_empty())
}

/// No more mails about invitations from the organization to the address; those that wait are called
/// off. Doing so again changes nothing.
pub async fn opt_out(app: &App, origin: &Origin, token: &str) -> Result<()> {
    let link = find(app, token).await?;
    let tx = store::begin(&app.db).await?;
    // Who invites or resends holds the organization too: no reminder is queued in between.
    store::membership::lock_organization(&tx, link.organization_id).await?;
    let now = app.clock.now();
    if store::mail_opt_out::add(&tx, link.organization_id, &link.email_key, now).await? {
        store::mail::cancel_reminder(&tx, link.id).await?;
        let mut events = Events::anonymous(app);
        events.add(Some(link.organization_id), "invitation.mails_stopped", link.id, None, None);
        events.write(&tx, origin).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Mails about invitations are welcome again.
pub async fn opt_in(app: &App, origin: &Origin, token: &str) -> Result<()> {
    let link = find(app, token).await?;
    let tx = store::begin(&app.db).await?;
    let mut events = Events::anonymous(app);
    if welcome_again(&tx, &mut events, &link).await? {
        events.write(&tx, origin).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Ends the opt-out, if there is one; tells whether there was.
pub(super) async fn welcome_again(
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    link: &LinkRow,
) -> Result<bool> {
    let ended = store::mail_opt_out::remove(tx, link.organization_id, &link.email_key).await?;
    if ended {
        events.add(Some(link.organization_id), "invitation.mails_resumed", link.id, None, None);
    }
    Ok(ended)
}

/// Why nothing is mailed.
pub(super) fn refusal(path: &str) -> UserError {
    let message = "the person wants no more mails about invitations from the organization";
    UserError::new(UserErrorCode::RecipientOptedOut, path, message).help(
        "They can accept an invitation that still stands, and ask for these mails again on its page.",
    )
}

async fn find(app: &App, token: &str) -> Result<LinkRow> {
    let link = store::invitation::by_token(&app.db, &hash_of(token)).await?;
    link.ok_or(Error::NotFound("invitation"))
}
