//! How offers of ownership end (R22): each once, with its mails and audit events.

use chrono::{DateTime, Utc};
use entity::id::{MailId, OfferId, UserId};
use entity::ownership_offer::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::events::Events;
use crate::error::{Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message, OfferEnd, Owned};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::ownership::OfferRow;

/// Ends those of these offers that are still pending, in at most three statements however many they
/// are; the ids of those that it ended. Mails that wait are called off, and the other side is told.
pub(super) async fn end(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    offers: &[OfferRow],
    how: &OfferEnd,
) -> Result<Vec<OfferId>> {
    if offers.is_empty() {
        return Ok(Vec::new());
    }
    let (status, action) = match how {
        OfferEnd::Accepted { .. } => (Status::Accepted, "ownership_offer.accepted"),
        OfferEnd::Declined => (Status::Declined, "ownership_offer.declined"),
        OfferEnd::Withdrawn => (Status::Withdrawn, "ownership_offer.withdrawn"),
        OfferEnd::Expired => (Status::Expired, "ownership_offer.expired"),
    };
    let ids: Vec<OfferId> = offers.iter().map(|offer| offer.id).collect();
    let ended = store::ownership::end(tx, &ids, status, app.clock.now()).await?;
    let (mut overtaken, mut told): (Vec<MailId>, Vec<Outgoing>) = (Vec::new(), Vec::new());
    for offer in offers.iter().filter(|offer| ended.contains(&offer.id)) {
        overtaken.extend(offer.mail_id);
        // That an offer has expired was queued when it was made.
        if status != Status::Expired {
            overtaken.extend(offer.expiry_mail_id);
            told.push(letter(offer, how));
        }
        let scope = offer.account_id.map(|id| id.to_string());
        let scope = scope.unwrap_or_else(|| offer.organization_id.to_string());
        let before = json!({ "scope": scope, "from": offer.from_id, "to": offer.to_id });
        events.add(Some(offer.organization_id), action, offer.id, Some(before), None);
    }
    store::mail::cancel(tx, &overtaken).await?;
    if !told.is_empty() {
        outbox::queue(tx, app, told).await?;
    }
    Ok(ended)
}

/// The mail that tells the other side how an offer ended.
fn letter(offer: &OfferRow, how: &OfferEnd) -> Outgoing {
    let from = (&offer.from_name, &offer.from_email, &offer.from_locale);
    let to = (&offer.to_name, &offer.to_email, &offer.to_locale);
    let ((name, address, locale), other, end) = match how {
        OfferEnd::Accepted { role } => (from, to, OfferEnd::Accepted { role: role.clone() }),
        OfferEnd::Declined => (from, to, OfferEnd::Declined),
        OfferEnd::Expired => (from, to, OfferEnd::Expired),
        OfferEnd::Withdrawn => (to, from, OfferEnd::Withdrawn),
    };
    Outgoing {
        to: Recipient { name: Some(name.clone()), address: address.clone() },
        message: Message::OwnershipOfferEnded(message::OwnershipOfferEnded {
            name: name.clone(),
            other_name: other.0.clone(),
            other_email: other.1.clone(),
            owned: Owned {
                organization_name: offer.organization_name.clone(),
                account_name: offer.account_name.clone(),
            },
            end,
        }),
        locale: Locale::parse(locale).unwrap_or_default(),
        organization_id: Some(offer.organization_id),
    }
}

/// Ends what is in nobody's way any more: offers whose time has run out, and those of a former Owner.
/// Gives the one that stands, if there is one.
pub(super) async fn settle(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    offers: Vec<OfferRow>,
    owner: UserId,
) -> Result<Option<OfferRow>> {
    let now = app.clock.now();
    let expired = |offer: &OfferRow| offer.status_at(now) == Status::Expired;
    let (over, rest): (Vec<_>, Vec<_>) = offers.into_iter().partition(expired);
    let (standing, stale): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|offer| offer.from_id == owner);
    end(app, tx, events, &over, &OfferEnd::Expired).await?;
    end(app, tx, events, &stale, &OfferEnd::Withdrawn).await?;
    Ok(standing.into_iter().next())
}

/// Refuses an offer that has ended.
pub(super) fn check_pending(offer: &OfferRow, now: DateTime<Utc>) -> Result<()> {
    let (code, message) = match offer.status_at(now) {
        Status::Pending => return Ok(()),
        Status::Accepted => (UserErrorCode::OfferNotPending, "the offer has been accepted already"),
        Status::Declined => (UserErrorCode::OfferNotPending, "the offer has been declined"),
        Status::Withdrawn => (UserErrorCode::OfferNotPending, "the offer has been withdrawn"),
        Status::Expired => (UserErrorCode::OfferExpired, "the offer has expired"),
    };
    Err(UserError::new(code, "offerId", message).into())
}
