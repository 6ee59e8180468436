//! Telling people that somebody took access away from them.

use entity::id::{OrganizationId, UserId};

use super::work::Work;
use crate::error::{Error, Result};
use crate::mail::Locale;
use crate::mail::message::{self, Lost, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;

/// Queues the mail that tells a user what they have lost. Who gave it up by themselves knows.
pub(super) async fn tell(
    work: &Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
    lost: Lost,
) -> Result<()> {
    let (viewer, tx) = (work.viewer, work.tx());
    if user_id == viewer.user_id() {
        return Ok(());
    }
    let user = store::user::by_id(tx, user_id).await?.ok_or(Error::NotFound("user"))?;
    let mut organizations = viewer.organizations.iter();
    let named = organizations.find(|(id, _)| *id == organization_id);
    let mail = Outgoing {
        to: Recipient { name: Some(user.name.clone()), address: user.email },
        message: Message::AccessRemoved(message::AccessRemoved {
            name: user.name,
            remover_name: viewer.name.clone(),
            remover_email: viewer.email.clone(),
            organization_name: named.map(|(_, name)| name.clone()).unwrap_or_default(),
            lost,
        }),
        locale: Locale::parse(&user.locale).unwrap_or_default(),
        organization_id: Some(organization_id),
    };
    outbox::queue(tx, work.app, vec![mail]).await?;
    Ok(())
}
