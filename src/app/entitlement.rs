//! What the operator's rules leave of inviting (R54, R55): from which networks, which organizations, and
//! for how many people there is room.

use entity::id::{OrganizationId, UserId};
use sea_orm::ConnectionTrait;

use super::App;
use crate::access::{Origin, Viewer};
use crate::config::TeamAccess;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::denied_network::around;
use crate::store::entitlement::{Count, SeatsRow};

/// What an organization is entitled to, and what is used of it (R55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// Whether it may invite people.
    pub team_access: bool,
    /// For how many people there is room; none: for as many as there are.
    pub seats: Option<i64>,
    /// Its members.
    pub members: i64,
    /// The people who are no members, and have a pending invitation.
    pub invited: i64,
}

impl Entitlement {
    /// What the operator says about an organization, in particular or in general.
    #[must_use]
    pub fn of(row: &SeatsRow, team_access: TeamAccess) -> Self {
        Self {
            team_access: row.invitations.unwrap_or(team_access == TeamAccess::Everyone),
            seats: row.seats,
            members: row.members,
            invited: row.invited,
        }
    }

    /// The seats that are taken, or promised.
    #[must_use]
    pub fn used(&self) -> i64 {
        self.members + self.invited
    }

    /// The seats that can still be given; none where there is no limit.
    #[must_use]
    pub fn left(&self) -> Option<i64> {
        self.seats.map(|seats| (seats - self.used()).max(0))
    }
}

/// How many more people an organization can take in or invite. Whoever takes a place holds the
/// organization's lock, so that what was counted stays true.
pub(super) struct Room {
    entitlement: Entitlement,
    /// How many more invitations may be pending (R52), and how many at all.
    invitations: (u64, u64),
}

impl Room {
    /// Takes a seat, for somebody who had none.
    pub(super) fn take_seat(&mut self, path: &str) -> Result<(), UserError> {
        let Entitlement { seats, invited, .. } = self.entitlement;
        if let Some(seats) = seats.filter(|_| self.entitlement.left() == Some(0)) {
            return Err(seats_exhausted(path, seats, invited));
        }
        self.entitlement.invited += 1;
        Ok(())
    }

    /// Takes a seat and the place of a pending invitation (R52), for somebody who is invited.
    pub(super) fn invite(&mut self, path: &str) -> Result<(), UserError> {
        let (left, most) = self.invitations;
        if left == 0 {
            return Err(too_many_invitations(path, most));
        }
        self.take_seat(path)?;
        self.invitations.0 -= 1;
        Ok(())
    }

    /// Keeps the seat of an invitation that is pending: there may be fewer seats than when it was made,
    /// and members on all of them.
    pub(super) fn keep(&self, path: &str) -> Result<(), UserError> {
        match self.entitlement.seats.filter(|seats| self.entitlement.members >= *seats) {
            Some(seats) => Err(seats_exhausted(path, seats, 0)),
            None => Ok(()),
        }
    }
}

/// The room that an organization has for new people; `NOT_ENTITLED` where it may have none at all. Whoever
/// invites them does so from somewhere (R54); who joins without being invited does not. In the transaction
/// of who takes some of it, once the organization is locked.
pub(super) async fn room_for(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    inviter: Option<&Viewer>,
) -> Result<Room> {
    let networks = inviter.map(|inviter| networks(&inviter.origin)).unwrap_or_default();
    let row = read(app, tx, organization_id, &networks).await?;
    if let Some(inviter) = inviter.filter(|_| row.denied.is_some()) {
        return Err(network_denied(&inviter.origin).into());
    }
    let entitlement = Entitlement::of(&row, app.config.team_access);
    if !entitlement.team_access {
        return Err(not_entitled().into());
    }
    let most = app.config.pending_invitations;
    let left = most.saturating_sub(row.pending.unsigned_abs());
    Ok(Room { entitlement, invitations: (left, most) })
}

async fn read(
    app: &App,
    db: &impl ConnectionTrait,
    id: OrganizationId,
    networks: &[String],
) -> Result<SeatsRow> {
    let now = app.clock.now();
    let row = store::entitlement::row(db, id, networks, Count::WhereLimited, now).await?;
    row.ok_or(Error::NotFound("organization"))
}

/// Refuses an invitee for whom no seat is left, because there are fewer than when they were invited.
/// They may not exist yet. In the transaction of who accepts.
pub(super) async fn take_promised_seat(
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<()> {
    // Those who accept at the same time take turns, where seats are limited.
    let seats = store::entitlement::limit(tx, organization_id, true).await?;
    match gone(tx, organization_id, seats, Some(user_id)).await? {
        Some(_) => {
            let help = "Ask an administrator of the organization to make room for you.";
            Err(no_seat_left("token").help(help).into())
        }
        None => Ok(()),
    }
}

/// Whether no seat is left for an invitee, as [`take_promised_seat`] would find now.
pub(super) async fn promised_seat_is_gone(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    user_id: Option<UserId>,
) -> Result<bool> {
    let seats = store::entitlement::limit(db, organization_id, false).await?;
    Ok(gone(db, organization_id, seats, user_id).await?.is_some())
}

/// Which of these organizations have members on all their seats: nobody who was invited is let in.
pub async fn full(app: &App, ids: &[OrganizationId]) -> Result<Vec<OrganizationId>> {
    let now = app.clock.now();
    let rows = store::entitlement::rows(&app.db, Some(ids), &[], Count::WhereLimited, now).await?;
    let full = rows.iter().filter(|row| row.seats.is_some_and(|seats| row.members >= seats));
    Ok(full.map(|row| row.organization_id).collect())
}

/// The seats, if others have them all.
async fn gone(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    seats: Option<i64>,
    user_id: Option<UserId>,
) -> Result<Option<i64>> {
    let Some(seats) = seats else { return Ok(None) };
    let members = store::entitlement::members(db, organization_id, user_id).await?;
    Ok(Some(seats).filter(|seats| !members.member && members.others >= *seats))
}

/// Refuses people who came in otherwise than by an invitation, once they are in: where the organization
/// may have no team, and where there are more of them than seats.
pub(super) async fn confirm_seats(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    path: &str,
) -> Result<()> {
    let row = read(app, tx, organization_id, &[]).await?;
    let entitlement = Entitlement::of(&row, app.config.team_access);
    if !entitlement.team_access {
        return Err(not_entitled().into());
    }
    match entitlement.seats.filter(|seats| entitlement.used() > *seats) {
        Some(_) => Err(no_seat_left(path).into()),
        None => Ok(()),
    }
}

/// What stands in the way of the viewer's inviting anybody at all, if anything does. `row` is the
/// organization's, read with [`networks`] of the viewer.
#[must_use]
pub fn obstacle(app: &App, viewer: &Viewer, row: &SeatsRow) -> Option<UserError> {
    if row.denied.is_some() {
        return Some(network_denied(&viewer.origin));
    }
    let entitlement = Entitlement::of(row, app.config.team_access);
    if !entitlement.team_access {
        Some(not_entitled())
    } else if row.pending.unsigned_abs() >= app.config.pending_invitations {
        Some(too_many_invitations("", app.config.pending_invitations))
    } else {
        let full = entitlement.seats.filter(|_| entitlement.left() == Some(0));
        full.map(|seats| seats_exhausted("", seats, entitlement.invited))
    }
}

/// Whether the viewer is in a network on the deny list (R54).
pub async fn viewer_is_denied(app: &App, viewer: &Viewer) -> Result<bool> {
    let networks = networks(&viewer.origin);
    Ok(store::denied_network::first(&app.db, &networks).await?.is_some())
}

/// Every network that a request's address lies in; none where it is not known.
#[must_use]
pub fn networks(origin: &Origin) -> Vec<String> {
    let address = origin.network_address.as_deref().and_then(|text| text.parse().ok());
    address.map(around).unwrap_or_default()
}

fn network_denied(origin: &Origin) -> UserError {
    let address = origin.network_address.as_deref().unwrap_or("here");
    let message = format!("nobody can be invited from {address}: its network is on the deny list");
    UserError::new(UserErrorCode::NetworkDenied, "", message)
        .help("Try again without the proxy or VPN that you are behind.")
}

fn not_entitled() -> UserError {
    let message = "the organization is not entitled to invite people";
    UserError::new(UserErrorCode::NotEntitled, "organizationId", message)
        .help("Ask whoever provides the service for team access.")
}

fn too_many_invitations(path: &str, most: u64) -> UserError {
    let message = format!("at most {most} pending invitations");
    UserError::new(UserErrorCode::TooManyInvitations, path, message)
        .help("Revoke some, or wait until they are accepted or expire.")
}

fn seats_exhausted(path: &str, seats: i64, invited: i64) -> UserError {
    let taken = match seats {
        1 => "the organization's only seat is taken".to_owned(),
        seats => format!("all {seats} seats of the organization are taken"),
    };
    let message = match invited {
        0 => taken,
        invited => format!("{taken}, pending invitations counted ({invited})"),
    };
    UserError::new(UserErrorCode::SeatsExhausted, path, message)
        .help("Remove members, revoke invitations, or have the number of seats raised.")
}

/// The same for people who need not know how many there are.
fn no_seat_left(path: &str) -> UserError {
    let message = "the organization has no seat left";
    UserError::new(UserErrorCode::SeatsExhausted, path, message)
}
