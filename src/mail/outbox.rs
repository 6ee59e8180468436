//! Queues mails in the transaction that causes them (R53).
//!
//! What is queued is the finished mail, encrypted: it holds a link whose token is otherwise kept
//! only as a hash (R48).

use chrono::{DateTime, Utc};
use entity::id::{MailId, OrganizationId};
use entity::mail::Model;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::message::{Message, Rendered};
use crate::app::App;
use crate::auth::keys::Keyring;
use crate::error::Error;
use crate::store::mail::{self as store, NewMail};
use crate::store::sql::Batch;
use crate::words::Locale;

/// The domain of the addresses that service users have, which are no mailboxes: no name ends in it (RFC
/// 2606 §2), and nobody can sign up or be invited with an address of one label.
pub const NOWHERE: &str = "invalid";

/// Whether an address is such a one: nothing is sent there, whatever is queued.
pub(super) fn is_nowhere(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| domain == NOWHERE)
}

/// Who gets a mail.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The person's name, if it is known.
    pub name: Option<String>,
    /// The address, as it was typed (R42).
    pub address: String,
}

/// A mail to be queued.
#[derive(Debug)]
pub struct Outgoing {
    /// Who gets it.
    pub to: Recipient,
    /// What it says.
    pub message: Message,
    /// In which language.
    pub locale: Locale,
    /// The organization that it is about, if it is about one.
    pub organization_id: Option<OrganizationId>,
}

/// What is sealed while a mail waits.
#[derive(Debug, Serialize, Deserialize)]
pub struct Contents {
    /// The recipient's name; the address is not secret and stands in its column.
    pub to_name: Option<String>,
    /// The language that the mail is written in.
    pub locale: Locale,
    /// The words.
    pub mail: Rendered,
}

/// Queues these mails, in one statement, and answers their ids in the same order. Once `tx` has
/// been committed, the caller rings [`App::mail_queued`].
///
/// # Errors
/// `Internal`, from the database or a template.
pub async fn queue(
    tx: &impl ConnectionTrait,
    app: &App,
    mails: Vec<Outgoing>,
) -> Result<Vec<MailId>, Error> {
    let now = app.clock.now();
    queue_for(tx, app, mails.into_iter().map(|mail| (mail, now)).collect()).await
}

/// The same for mails that are to go out at an instant to come, each at its own, unless they are called
/// off before. Nobody need be rung for: workers look by themselves.
///
/// # Errors
/// `Internal`, from the database or a template.
pub async fn queue_for(
    tx: &impl ConnectionTrait,
    app: &App,
    mails: Vec<(Outgoing, DateTime<Utc>)>,
) -> Result<Vec<MailId>, Error> {
    let mut batch = Batch::default();
    let ids = add(&mut batch, tx, app, mails)?;
    batch.execute(tx).await?;
    Ok(ids)
}

/// Has them queued by a batch; answers their ids in the same order.
///
/// # Errors
/// `Internal`, from a template.
pub fn add(
    batch: &mut Batch,
    tx: &impl ConnectionTrait,
    app: &App,
    mails: Vec<(Outgoing, DateTime<Utc>)>,
) -> Result<Vec<MailId>, Error> {
    let mut ids = Vec::with_capacity(mails.len());
    let (keys, now) = (app.keys.ring(), app.clock.now());
    let mut rows = Vec::with_capacity(mails.len());
    for (Outgoing { to, message, locale, organization_id }, due) in mails {
        // Not in the order of what is made now: it belongs to its own instant.
        let id: MailId = app.random.id_for(due);
        ids.push(id);
        if is_nowhere(&to.address) {
            continue;
        }
        let contents = Contents { to_name: to.name, locale, mail: message.render(locale)? };
        let plain = serde_json::to_vec(&contents)
            .map_err(|error| Error::internal("writing down a mail", error))?;
        rows.push(NewMail {
            id,
            kind: message.kind(),
            organization_id,
            recipient: to.address,
            sealed: keys.seal(&app.random, now, id.to_string().as_bytes(), &plain),
            created_at: due,
        });
    }
    store::add(batch, tx, rows);
    Ok(ids)
}

/// What a queued mail says. `None` when it has been erased, or cannot be read: it was sealed with
/// a key that is gone.
#[must_use]
pub fn open(keys: &Keyring, mail: &Model) -> Option<Contents> {
    let plain = keys.open(mail.id.to_string().as_bytes(), mail.sealed.as_deref()?)?;
    serde_json::from_slice(&plain).ok()
}
