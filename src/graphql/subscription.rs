//! What can be subscribed to. Each event is answered as a query at that instant would be.

use std::sync::Arc;

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use entity::id::OrganizationId;
use futures_util::{Stream, StreamExt};

use super::context::{self, context};
use super::id::Gid;
use super::invitation::Invitation;
use super::user::User;
use super::viewer::Viewer;
use crate::access;
use crate::app::subscription;
use crate::error::Error;

/// What the server tells by itself: over a WebSocket (`graphql-transport-ws`) or as server-sent events
/// (`graphql-sse`), both at `/graphql`.
///
/// Each event is decided for the viewer when it happens, whichever server it happened on: what they may
/// not see any more, they are not told of. An event may come twice. A stream ends with the session, with
/// UNAUTHENTICATED; and with CONFLICT for who takes events more slowly than they come, or when the server
/// may have missed some: then subscribe again, and query what is there.
pub struct Subscription;

/// An invitation was made or changed.
#[derive(SimpleObject)]
pub(super) struct InvitationChanged {
    /// The invitation, as it is now.
    invitation: Invitation,
}

/// A user's role assignments in an organization have changed.
#[derive(SimpleObject)]
pub(super) struct RoleAssignmentsChanged {
    /// The user's id, `user_…`.
    user_id: ID,
    /// The user, as they are now; null for one who is no member any more, or has nothing left that the
    /// viewer sees.
    user: Option<User>,
}

/// What the viewer may do has changed.
#[derive(SimpleObject)]
pub(super) struct AccessChanged {
    /// The viewer, as they are now.
    viewer: Viewer,
}

/// What the server tells by itself: over a WebSocket (`graphql-transport-ws`) or as server-sent events
/// (`graphql-sse`), both at `/graphql`.
///
/// Each event is decided for the viewer when it happens, whichever server it happened on: what they may
/// not see any more, they are not told of. An event may come twice. A stream ends with the session, with
/// UNAUTHENTICATED; and with CONFLICT for who takes events more slowly than they come, or when the server
/// may have missed some: then subscribe again, and query what is there.
#[Subscription]
impl Subscription {
    /// Invitations of an organization that are made, resent, changed, accepted, declined or revoked, as
    /// far as the viewer administers them. That one expires, and how far its mail has come, is not told.
    /// FORBIDDEN for who administers no users there, and the end for who does not any more.
    async fn invitation_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization, `org_…`.")] organization_id: Gid<OrganizationId>,
    ) -> Result<impl Stream<Item = Result<InvitationChanged>>> {
        let context = Arc::clone(context(ctx)?);
        let viewer = context.viewer().await?;
        let events = subscription::invitations(&context.app, &viewer, organization_id.0).await?;
        Ok(told(context, events, |row, viewer| InvitationChanged {
            invitation: Invitation::new(row, viewer.now),
        }))
    }

    /// Users of an organization whose role assignments there are changed, as far as the viewer administers
    /// these; once for all that is changed together. FORBIDDEN for who administers no users there, and the
    /// end for who does not any more.
    async fn role_assignments_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organization, `org_…`.")] organization_id: Gid<OrganizationId>,
    ) -> Result<impl Stream<Item = Result<RoleAssignmentsChanged>>> {
        let (context, organization_id) = (Arc::clone(context(ctx)?), organization_id.0);
        let viewer = context.viewer().await?;
        let events = subscription::role_assignments(&context.app, &viewer, organization_id).await?;
        Ok(told(context, events, move |changed, _| RoleAssignmentsChanged {
            user_id: changed.user_id.into(),
            user: changed
                .member
                .map(|row| User::new(row.user, Some(organization_id), Some(row.membership_status))),
        }))
    }

    /// The viewer, whenever what they may do has changed: a role of theirs was assigned, removed, changed
    /// or has ended, a membership began, was suspended or ended, ownership moved, or an account or billing
    /// group that they reach was created, moved, linked, stopped or closed.
    async fn access_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<AccessChanged>>> {
        let context = Arc::clone(context(ctx)?);
        let viewer = context.viewer().await?;
        let events = subscription::access(&context.app, &viewer).await?;
        let events = events.map(|event| event.map(|viewer| ((), viewer)));
        Ok(told(context, events, |(), viewer| AccessChanged { viewer: Viewer(Arc::clone(viewer)) }))
    }
}

/// Events as the API tells them: the fields below each see the viewer as they are by then.
fn told<T, U>(
    context: Arc<context::Context>,
    events: impl Stream<Item = Result<(T, Arc<access::Viewer>), Error>>,
    shape: impl Fn(T, &Arc<access::Viewer>) -> U,
) -> impl Stream<Item = Result<U>> {
    let shape = Arc::new(shape);
    events.then(move |event| {
        let (context, shape) = (Arc::clone(&context), Arc::clone(&shape));
        async move {
            let (event, viewer) = event?;
            context.goes_on_as(&viewer).await;
            Ok::<U, async_graphql::Error>(shape(event, &viewer))
        }
    })
}
