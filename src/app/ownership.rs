//! Handing over what one owns (R22): the Owner offers it, the other accepts or declines, the Owner may
//! withdraw, or it expires.

use chrono::TimeDelta;
use entity::account::Status as AccountStatus;
use entity::id::{OfferId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::{note, place_of};
use super::events::Events;
use super::grants::{self, Applied, Others, ScopeId};
use super::membership::must_be_person;
use super::ownership_end::{check_pending, end, settle};
use crate::access::{Authority, Grant, Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message, OfferEnd, Owned};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::ownership::{NewOffer, OfferRow};
use crate::store::page::{Page, Window};

/// How long an offer can be accepted.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// Offers what the viewer owns to another member.
pub async fn offer(app: &App, viewer: &Viewer, scope: ScopeId, to: UserId) -> Result<OfferRow> {
    let place = place_of(app, scope).await?;
    viewer.visible(&app.roles, &place)?;
    check_transferable(app, &place, "scopeId")?;
    let from = viewer.owning(&app.roles, transfer(&place), &place)?.actor();
    if to == from {
        let message = "the user is the Owner already";
        return Err(UserError::new(UserErrorCode::AlreadyOwner, "userId", message).into());
    }
    let now = app.clock.now();
    let id: OfferId = app.random.id(now);
    let organization_id = place.organization_id;

    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    store::membership::lock(&tx, organization_id, &[from, to]).await?;
    let place = reread(&tx, &place).await?;
    check_parties(app, &tx, &place, (from, "scopeId"), (to, "userId")).await?;
    let mut events = Events::by(app, from);
    // What has expired, or was offered by a former Owner, is not in the way.
    let stale = store::ownership::standing(&tx, &[place.scope_id()]).await?;
    if let Some(other) = settle(app, &tx, &mut events, stale, from).await? {
        let message = format!("it is offered to {} already", other.to_name);
        return Err(UserError::new(UserErrorCode::AlreadyOffered, "scopeId", message)
            .help("Withdraw that offer first.")
            .into());
    }
    let (mail_id, expiry_mail_id) = announce(app, &tx, viewer, &place, to).await?;
    let new = NewOffer {
        id,
        organization_id,
        account_id: place.account_id(),
        from_id: from,
        to_id: to,
        expires_at: now + LIFETIME,
        mail_id,
        expiry_mail_id,
    };
    store::ownership::insert(&tx, new, now).await?;
    let after = json!({
        "scope": place.scope_text(), "from": from, "to": to, "expiresAt": now + LIFETIME,
    });
    events.add(Some(organization_id), "ownership_offer.created", id, None, Some(after));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    by_id(app, id).await
}

/// The permission that handing a place over takes.
fn transfer(place: &Place) -> &'static str {
    match place.account {
        None => permission::ORGANIZATION_TRANSFER,
        Some(_) => permission::ACCOUNT_TRANSFER,
    }
}

/// Refuses what never changes its Owner: everything where the catalogue says so, and subaccounts.
fn check_transferable(app: &App, place: &Place, path: &str) -> Result<()> {
    let refuse =
        |message: &str| Err(UserError::new(UserErrorCode::NotTransferable, path, message).into());
    if !app.roles.catalogue().ownership_transferable {
        return refuse("here ownership never moves");
    }
    if place.account.as_ref().is_some_and(|account| account.parent_id.is_some()) {
        return refuse("a subaccount has no Owner of its own: its parent's Owner serves");
    }
    Ok(())
}

/// The place as it is within the transaction.
async fn reread(tx: &impl ConnectionTrait, place: &Place) -> Result<Place> {
    let Some(id) = place.account_id() else { return Ok(place.clone()) };
    let now = store::account::place(tx, id).await?.ok_or(Error::NotFound("account"))?;
    if now.organization_id != place.organization_id {
        return Err(Error::Conflict("the account went to another organization; try again"));
    }
    Ok(now)
}

/// Whether one still can hand a place over, and the other take it, by the same decision as offering
/// it; their memberships are locked. A refusal is about the field named beside each.
async fn check_parties(
    app: &App,
    tx: &impl ConnectionTrait,
    place: &Place,
    (from, scope_path): (UserId, &str),
    (to, user_path): (UserId, &str),
) -> Result<()> {
    if matches!(place.stopped(), Some(AccountStatus::Suspended | AccountStatus::Closed)) {
        let message = "the account is suspended or closed";
        return Err(UserError::new(UserErrorCode::AccountNotActive, scope_path, message).into());
    }
    let now = app.clock.now();
    let owner = store::standing::of_user(tx, &app.roles, from).await?;
    let owns = owner.is_some_and(|owner| {
        Authority::of_owner(&owner.standing, &app.roles, transfer(place), place, now).is_ok()
    });
    if !owns {
        return Err(lost(scope_path));
    }
    must_be_person(tx, user_path, to).await?;
    let member = store::standing::of_user(tx, &app.roles, to).await?;
    let member = member.as_ref().and_then(|user| user.standing.membership(place.organization_id));
    let message = match member.map(|membership| membership.status) {
        Some(entity::membership::Status::Active) => return Ok(()),
        Some(entity::membership::Status::Suspended) => "the member is suspended",
        None => "the user is not a member of the organization",
    };
    Err(UserError::new(UserErrorCode::NotAMember, user_path, message).into())
}

fn lost(path: &str) -> Error {
    let message = "who offers it does not own it any more";
    UserError::new(UserErrorCode::OffererLostOwnership, path, message).into()
}

/// Queues the mail that tells of an offer, and the one that will tell that it has expired.
async fn announce(
    app: &App,
    tx: &impl ConnectionTrait,
    viewer: &Viewer,
    place: &Place,
    to: UserId,
) -> Result<(entity::id::MailId, entity::id::MailId)> {
    let expires_at = app.clock.now() + LIFETIME;
    let organization_id = place.organization_id;
    let from = store::user::by_id(tx, viewer.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let to = store::user::by_id(tx, to).await?.ok_or(Error::NotFound("user"))?;
    let mut organizations = viewer.organizations.iter();
    let named = organizations.find(|(id, _)| *id == organization_id);
    let owned = Owned {
        organization_name: named.map(|(_, name)| name.clone()).unwrap_or_default(),
        account_name: place.name().map(str::to_owned),
    };
    let offered = Outgoing {
        to: Recipient { name: Some(to.name.clone()), address: to.email.clone() },
        message: Message::OwnershipOffered(message::OwnershipOffered {
            name: to.name.clone(),
            owner_name: from.name.clone(),
            owner_email: from.email.clone(),
            owned: owned.clone(),
            link: app.config.application_url().to_owned(),
            expires_at,
        }),
        locale: Locale::parse(&to.locale).unwrap_or_default(),
        organization_id: Some(organization_id),
    };
    let expired = Outgoing {
        to: Recipient { name: Some(from.name.clone()), address: from.email },
        message: Message::OwnershipOfferEnded(message::OwnershipOfferEnded {
            name: from.name,
            other_name: to.name,
            other_email: to.email,
            owned,
            end: OfferEnd::Expired,
        }),
        locale: Locale::parse(&from.locale).unwrap_or_default(),
        organization_id: Some(organization_id),
    };
    let mut queued = outbox::queue(tx, app, vec![offered]).await?;
    queued.extend(outbox::queue_for(tx, app, vec![(expired, expires_at)]).await?);
    match queued[..] {
        [offered, expired] => Ok((offered, expired)),
        _ => Err(Error::Internal("queueing two mails gave other than two ids".to_owned())),
    }
}

/// Accepts an offer: the viewer is the Owner from here on. All that it rests on is looked at again, in
/// the transaction that hands over.
pub async fn accept(app: &App, viewer: &Viewer, id: OfferId) -> Result<OfferRow> {
    // Somebody who is no member any more is told so: the offer was mailed to them.
    let offer = Some(by_id(app, id).await?)
        .filter(|offer| offer.to_id == viewer.user_id() || sees(viewer, offer))
        .ok_or_else(unseen)?;
    check_addressee(viewer, &offer)?;
    check_pending(&offer, app.clock.now())?;
    let place = match offer.account_id {
        None => Place::organization(offer.organization_id),
        Some(account_id) => place_of(app, ScopeId::Account(account_id)).await?,
    };
    // The catalogue may have changed since.
    check_transferable(app, &place, "offerId")?;

    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, place.organization_id).await?;
    let parties = [offer.from_id, offer.to_id];
    store::membership::lock(&tx, place.organization_id, &parties).await?;
    let mut events = Events::by(app, viewer.user_id());
    let role = app.roles.former_owner_at(&place).map(|role| role.name.clone());
    let how = OfferEnd::Accepted { role };
    if !end(app, &tx, &mut events, std::slice::from_ref(&offer), &how).await?.contains(&id) {
        drop(tx);
        return Err(ended_meanwhile(app, id).await);
    }
    let place = reread(&tx, &place).await?;
    let (from, to) = ((offer.from_id, "offerId"), (offer.to_id, "offerId"));
    check_parties(app, &tx, &place, from, to).await?;
    hand_over(app, &tx, &mut events, &offer, &place).await?;
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    by_id(app, id).await
}

/// The owner's assignment goes from the one to the other: to the new Owner without the roles that the
/// owner's excludes (R13), from the former Owner in return for the role that the catalogue leaves
/// them.
async fn hand_over(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    offer: &OfferRow,
    place: &Place,
) -> Result<()> {
    let OfferRow { from_id: from, to_id: to, .. } = *offer;
    let (organization_id, scope_id) = (place.organization_id, place.scope_id());
    let now = app.clock.now();
    if store::ownership::hand_over(tx, organization_id, &[scope_id], from, to, now).await? != 1 {
        return Err(lost("offerId"));
    }
    let owner = app.roles.owner_at(place);
    let former = Grant::former_owner(&app.roles, place.clone());
    let mut held = store::assignment::held(tx, organization_id, &[from, to]).await?;
    held.retain(|row| row.scope_id == scope_id && row.owned_scope_id.is_none());
    held.retain(|row| match &former {
        _ if row.user_id == to => {
            app.roles.get(row.role_id).is_some_and(|role| owner.displaces(role))
        }
        // The role that is left to the former Owner is for good, also where they had it for a while.
        Some(grant) => row.role_id == grant.role().id && row.valid_until.is_some(),
        None => false,
    });
    let ids: Vec<_> = held.iter().map(|row| row.id).collect();
    store::assignment::delete(tx, &ids).await?;
    let cleared = Applied { user_id: to, added: Vec::new(), removed: held };
    note(app, events, organization_id, &cleared);
    let (before, after) = (json!({ "owner": from }), json!({ "owner": to, "offer": offer.id }));
    let (before, after) = (Some(before), Some(after));
    let action = "ownership.handed_over";
    match place.account_id() {
        None => events.add(Some(organization_id), action, organization_id, before, after),
        Some(id) => events.add(Some(organization_id), action, id, before, after),
    };
    let Some(grant) = former else { return Ok(()) };
    let people = [(from, vec![grant])];
    for applied in grants::apply(app, tx, organization_id, &people, Others::Stay).await? {
        note(app, events, organization_id, &applied?);
    }
    Ok(())
}

/// Says no to an offer.
pub async fn decline(app: &App, viewer: &Viewer, id: OfferId) -> Result<OfferRow> {
    let offer = find(app, viewer, id).await?;
    check_addressee(viewer, &offer)?;
    end_alone(app, viewer, offer, &OfferEnd::Declined).await
}

/// Takes an offer back.
pub async fn withdraw(app: &App, viewer: &Viewer, id: OfferId) -> Result<OfferRow> {
    let offer = find(app, viewer, id).await?;
    if offer.from_id != viewer.user_id() {
        let message = format!("only {} can withdraw the offer", offer.from_name);
        return Err(UserError::new(UserErrorCode::NotAllowed, "offerId", message)
            .help("You can decline it.")
            .into());
    }
    end_alone(app, viewer, offer, &OfferEnd::Withdrawn).await
}

/// Ends an offer without anything else.
async fn end_alone(
    app: &App,
    viewer: &Viewer,
    offer: OfferRow,
    how: &OfferEnd,
) -> Result<OfferRow> {
    check_pending(&offer, app.clock.now())?;
    let id = offer.id;
    let tx = store::begin(&app.db).await?;
    let mut events = Events::by(app, viewer.user_id());
    if !end(app, &tx, &mut events, std::slice::from_ref(&offer), how).await?.contains(&id) {
        drop(tx);
        return Err(ended_meanwhile(app, id).await);
    }
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();
    by_id(app, id).await
}

/// Why an offer that was pending a moment ago could not be ended.
async fn ended_meanwhile(app: &App, id: OfferId) -> Error {
    match by_id(app, id).await {
        Ok(offer) => check_pending(&offer, app.clock.now())
            .err()
            .unwrap_or(Error::Conflict("the offer changed meanwhile; try again")),
        Err(error) => error,
    }
}

fn check_addressee(viewer: &Viewer, offer: &OfferRow) -> Result<()> {
    if offer.to_id == viewer.user_id() {
        return Ok(());
    }
    let message = format!("the offer is for {} to answer", offer.to_name);
    Err(UserError::new(UserErrorCode::NotAllowed, "offerId", message)
        .help("You can withdraw it.")
        .into())
}

/// Whether an offer exists for the viewer: they are one of the two whom it is between, and a member
/// of the organization (R2).
fn sees(viewer: &Viewer, offer: &OfferRow) -> bool {
    [offer.from_id, offer.to_id].contains(&viewer.user_id())
        && viewer.standing.membership(offer.organization_id).is_some()
}

fn unseen() -> Error {
    Error::NotFound("ownership offer")
}

async fn by_id(app: &App, id: OfferId) -> Result<OfferRow> {
    store::ownership::by_id(&app.db, id).await?.ok_or_else(unseen)
}

/// An offer that the viewer made or was made, by id alone.
pub async fn find(app: &App, viewer: &Viewer, id: OfferId) -> Result<OfferRow> {
    Some(by_id(app, id).await?).filter(|offer| sees(viewer, offer)).ok_or_else(unseen)
}

/// One page of the pending offers that the viewer made or was made, oldest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window) -> Result<Page<OfferRow>> {
    Ok(store::ownership::page_of_user(&app.db, viewer.user_id(), viewer.now, window).await?)
}
