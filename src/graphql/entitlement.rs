//! What the operator's rules leave of inviting: entitlements, seats, and networks (R54, R55).

use async_graphql::{Context, Enum, Result, SimpleObject};
use entity::id::OrganizationId;

use super::context::context;
use super::loader::{RoomIn, SeatsOf, load};
use crate::access::{self, Place};
use crate::app::entitlement::{self, viewer_is_denied};
use crate::error::{Error, UserErrorCode};

/// What the operator of the service entitles an organization to, and what is used of it.
#[derive(SimpleObject)]
pub(super) struct Entitlement {
    /// Whether it may invite people.
    team_access: bool,
    /// For how many people there is room; null: for as many as there are.
    seats: Option<i64>,
    /// The seats in use: members, and people with a pending invitation.
    seats_used: i64,
    /// The seats that can still be given; null where there is no limit.
    seats_left: Option<i64>,
}

/// Whether somebody can invite people into an organization.
#[derive(SimpleObject)]
pub(super) struct CanInvite {
    /// Whether anything can be granted to anybody new.
    allowed: bool,
    /// Why not, for programs.
    code: Option<InvitingObstacle>,
    /// Why not, for people.
    message: Option<String>,
    /// What can be done about it, where there is something.
    help: Option<String>,
}

/// Why nobody can be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum InvitingObstacle {
    /// The viewer manages neither the organization's users nor those of one of its accounts.
    Forbidden,
    /// Nobody can be invited from the network that the request comes from.
    NetworkDenied,
    /// The organization is not entitled to invite people.
    NotEntitled,
    /// The organization has no seat left.
    SeatsExhausted,
    /// The organization has as many pending invitations as it may have.
    TooManyInvitations,
}

impl InvitingObstacle {
    fn of(code: UserErrorCode) -> Option<Self> {
        match code {
            UserErrorCode::NetworkDenied => Some(Self::NetworkDenied),
            UserErrorCode::NotEntitled => Some(Self::NotEntitled),
            UserErrorCode::SeatsExhausted => Some(Self::SeatsExhausted),
            UserErrorCode::TooManyInvitations => Some(Self::TooManyInvitations),
            _ => None,
        }
    }
}

/// Where a request comes from.
#[derive(SimpleObject)]
pub(super) struct Network {
    /// The client's address, as far as trusted proxies tell it.
    address: Option<String>,
    /// Whether the operator lets nobody be invited from there.
    denied: bool,
}

/// What an organization is entitled to, for its members.
pub(super) async fn of_organization(ctx: &Context<'_>, id: OrganizationId) -> Result<Entitlement> {
    let context = context(ctx)?;
    context.viewer().await?.visible(&context.app.roles, &Place::organization(id))?;
    let row = load(ctx, SeatsOf(id)).await?.ok_or(Error::NotFound("organization"))?;
    let entitlement = entitlement::Entitlement::of(&row, context.app.config.team_access);
    Ok(Entitlement {
        team_access: entitlement.team_access,
        seats: entitlement.seats,
        seats_used: entitlement.used(),
        seats_left: entitlement.left(),
    })
}

/// Whether the viewer can invite people into an organization.
pub(super) async fn can_invite(ctx: &Context<'_>, id: OrganizationId) -> Result<CanInvite> {
    let context = context(ctx)?;
    let viewer = context.viewer().await?;
    match viewer.inviting(&context.app.roles, id) {
        Ok(()) => {}
        Err(Error::Forbidden(denial)) => {
            return Ok(CanInvite {
                allowed: false,
                code: Some(InvitingObstacle::Forbidden),
                message: Some(denial.sentence()),
                help: None,
            });
        }
        Err(error) => return Err(error.into()),
    }
    let row = load(ctx, RoomIn(id)).await?.ok_or(Error::NotFound("organization"))?;
    let error = entitlement::obstacle(&context.app, &viewer, &row);
    Ok(CanInvite {
        allowed: error.is_none(),
        code: error.as_ref().and_then(|error| InvitingObstacle::of(error.code)),
        message: error.as_ref().map(|error| error.message.clone()),
        help: error.and_then(|error| error.help),
    })
}

/// Where the viewer's request comes from.
pub(super) async fn network(ctx: &Context<'_>, viewer: &access::Viewer) -> Result<Network> {
    let denied = viewer_is_denied(&context(ctx)?.app, viewer).await?;
    Ok(Network { address: viewer.origin.network_address.clone(), denied })
}
