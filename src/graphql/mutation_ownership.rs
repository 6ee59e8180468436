//! Handing over what one owns.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use entity::id::{OfferId, UserId};

use super::context::context;
use super::error::outcome;
use super::id::Gid;
use super::ownership::OwnershipOffer;
use super::user_error::UserError;
use crate::app::grants::ScopeId;
use crate::app::ownership;

/// What offering ownership takes.
#[derive(InputObject)]
pub(super) struct OfferOwnershipInput {
    /// The id of the organization or account that the caller owns.
    scope_id: Gid<ScopeId>,
    /// The member who is to be the Owner.
    user_id: Gid<UserId>,
}

/// What accepting ownership takes.
#[derive(InputObject)]
pub(super) struct AcceptOwnershipInput {
    /// The offer.
    offer_id: Gid<OfferId>,
}

/// What declining ownership takes.
#[derive(InputObject)]
pub(super) struct DeclineOwnershipInput {
    /// The offer.
    offer_id: Gid<OfferId>,
}

/// What withdrawing an offer of ownership takes.
#[derive(InputObject)]
pub(super) struct WithdrawOwnershipInput {
    /// The offer.
    offer_id: Gid<OfferId>,
}

/// What offering ownership gives.
#[derive(SimpleObject)]
pub(super) struct OfferOwnershipPayload {
    /// The offer, which is pending.
    ownership_offer: Option<OwnershipOffer>,
    /// Why there is none.
    user_errors: Vec<UserError>,
}

/// What accepting ownership gives.
#[derive(SimpleObject)]
pub(super) struct AcceptOwnershipPayload {
    /// The offer, which is accepted.
    ownership_offer: Option<OwnershipOffer>,
    /// Why nothing was handed over.
    user_errors: Vec<UserError>,
}

/// What declining ownership gives.
#[derive(SimpleObject)]
pub(super) struct DeclineOwnershipPayload {
    /// The offer, which is declined.
    ownership_offer: Option<OwnershipOffer>,
    /// Why it is not.
    user_errors: Vec<UserError>,
}

/// What withdrawing an offer of ownership gives.
#[derive(SimpleObject)]
pub(super) struct WithdrawOwnershipPayload {
    /// The offer, which is withdrawn.
    ownership_offer: Option<OwnershipOffer>,
    /// Why it is not.
    user_errors: Vec<UserError>,
}

/// Ownership.
#[derive(Default)]
pub(super) struct OwnershipMutation;

/// Ownership.
#[Object]
impl OwnershipMutation {
    /// Offers an organization or account to an active member of the organization, who has seven days to
    /// accept; they are told by mail. Only its Owner does that, and takes
    /// `organization.ownership.transfer` or `account.ownership.transfer` for it. Codes:
    /// NOT_TRANSFERABLE, ALREADY_OWNER, NOT_A_MEMBER, ALREADY_OFFERED, ACCOUNT_NOT_ACTIVE,
    /// OFFERER_LOST_OWNERSHIP.
    async fn offer_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is offered to whom.")] input: OfferOwnershipInput,
    ) -> Result<OfferOwnershipPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result =
            ownership::offer(&context.app, &viewer, input.scope_id.0, input.user_id.0).await;
        let (offer, user_errors) = outcome(result)?;
        let ownership_offer = offer.map(|row| OwnershipOffer::new(row, viewer.now));
        Ok(OfferOwnershipPayload { ownership_offer, user_errors })
    }

    /// Accepts an offer: the caller becomes the only Owner, without the roles there that exclude the
    /// owner's; the former Owner stays with the role that the catalogue names for them. Codes:
    /// OFFER_NOT_PENDING, OFFER_EXPIRED, OFFERER_LOST_OWNERSHIP, NOT_A_MEMBER, ACCOUNT_NOT_ACTIVE,
    /// NOT_TRANSFERABLE, NOT_ALLOWED.
    async fn accept_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which offer.")] input: AcceptOwnershipInput,
    ) -> Result<AcceptOwnershipPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = ownership::accept(&context.app, &viewer, input.offer_id.0).await;
        let (offer, user_errors) = outcome(result)?;
        context.access_changed().await;
        let ownership_offer = offer.map(|row| OwnershipOffer::new(row, viewer.now));
        Ok(AcceptOwnershipPayload { ownership_offer, user_errors })
    }

    /// Declines an offer; its Owner is told by mail. Codes: OFFER_NOT_PENDING, OFFER_EXPIRED,
    /// NOT_ALLOWED.
    async fn decline_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which offer.")] input: DeclineOwnershipInput,
    ) -> Result<DeclineOwnershipPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = ownership::decline(&context.app, &viewer, input.offer_id.0).await;
        let (offer, user_errors) = outcome(result)?;
        let ownership_offer = offer.map(|row| OwnershipOffer::new(row, viewer.now));
        Ok(DeclineOwnershipPayload { ownership_offer, user_errors })
    }

    /// Takes an offer back, which only the one who made it does; the other is told by mail. Codes:
    /// OFFER_NOT_PENDING, OFFER_EXPIRED, NOT_ALLOWED.
    async fn withdraw_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which offer.")] input: WithdrawOwnershipInput,
    ) -> Result<WithdrawOwnershipPayload> {
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        let result = ownership::withdraw(&context.app, &viewer, input.offer_id.0).await;
        let (offer, user_errors) = outcome(result)?;
        let ownership_offer = offer.map(|row| OwnershipOffer::new(row, viewer.now));
        Ok(WithdrawOwnershipPayload { ownership_offer, user_errors })
    }
}
