//! Joining an organization through the domain of one's address, and requests to.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::OrganizationId;

use super::connection::Connection;
use super::context::context;
use super::email_domain::JoinPolicy;
use super::loader::load;
use super::organization::Organization;
use super::user::User;
use crate::access::{Place, Viewer};
use crate::app::App;
use crate::app::join::Joinable;
use crate::store::join_request::RequestRow;
use crate::store::page::{Cursor, Page};

/// The states of a request to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::join_request::Status")]
pub(super) enum JoinRequestStatus {
    /// Nobody has answered yet.
    Pending,
    /// The person was let in.
    Approved,
    /// An administrator said no.
    Declined,
    /// The person took it back.
    Withdrawn,
    /// The person became a member in another way, by an invitation for instance.
    Overtaken,
}

/// An organization that the viewer is no member of, and may join or ask to join, because their
/// address is at a domain of its own.
pub(super) struct JoinableOrganization(Joinable);

impl From<Joinable> for JoinableOrganization {
    fn from(joinable: Joinable) -> Self {
        Self(joinable)
    }
}

/// An organization that the viewer is no member of, and may join or ask to join, because their
/// address is at a domain of its own. More than this of it is for members to see.
#[Object]
impl JoinableOrganization {
    /// The id of the organization, `org_…`: what `joinOrganization` and `requestToJoin` take.
    async fn organization_id(&self) -> ID {
        self.0.door.organization_id.into()
    }

    /// The name of the organization.
    async fn organization_name(&self) -> &str {
        &self.0.door.organization_name
    }

    /// The domain of the viewer's address that belongs to the organization.
    async fn domain(&self) -> &str {
        &self.0.door.domain
    }

    /// How the viewer comes in: `AUTOMATIC` by `joinOrganization`, `REQUEST` by `requestToJoin`,
    /// `CONTACT` by asking the contact for an invitation. Who was removed from an organization asks
    /// also where others join by themselves.
    async fn policy(&self) -> JoinPolicy {
        self.0.door.policy().into()
    }

    /// Whom to ask, in the organization's words, or a member's name and address. Always there with
    /// the policy `CONTACT`.
    async fn contact(&self) -> Option<&str> {
        self.0.contact.as_deref()
    }

    /// The viewer's own request, as long as it waits for an answer.
    async fn request(&self, ctx: &Context<'_>) -> Result<Option<JoinRequest>> {
        let Some(row) = self.0.request.clone() else { return Ok(None) };
        let context = context(ctx)?;
        let viewer = context.viewer().await?;
        Ok(Some(JoinRequest::new(row, &context.app, &viewer)))
    }
}

/// Somebody's wish to join an organization.
pub(super) struct JoinRequest {
    row: RequestRow,
    /// Whether the viewer is a member of the organization.
    inside: bool,
}

impl JoinRequest {
    /// A request as somebody sees it.
    pub(super) fn new(row: RequestRow, app: &App, viewer: &Viewer) -> Self {
        let inside = viewer.sees(&app.roles, &Place::organization(row.organization_id));
        Self { row, inside }
    }
}

/// Somebody's wish to join an organization, because their address is at a domain of its own. The
/// person sees it, and those with `organization.users.manage` there, who answer it.
#[Object]
impl JoinRequest {
    /// The id, `join_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The id of the organization.
    async fn organization_id(&self) -> ID {
        self.row.organization_id.into()
    }

    /// The name of the organization.
    async fn organization_name(&self) -> &str {
        &self.row.organization_name
    }

    /// The organization, for its members.
    async fn organization(&self) -> Option<Organization> {
        let RequestRow { organization_id, organization_name, .. } = &self.row;
        self.inside.then(|| Organization::named(*organization_id, organization_name))
    }

    /// Who asks.
    async fn user(&self) -> User {
        let through: Option<OrganizationId> = self.inside.then_some(self.row.organization_id);
        User::new(self.row.asker.clone(), through, None)
    }

    /// The domain of the person's address that belongs to the organization.
    async fn domain(&self) -> &str {
        &self.row.domain
    }

    /// What the person wrote.
    async fn message(&self) -> Option<&str> {
        self.row.message.as_deref()
    }

    /// The state.
    async fn status(&self) -> JoinRequestStatus {
        self.row.status.into()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.asked_at
    }

    /// When it was answered, taken back or overtaken.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }

    /// Who answered it or took it back, for members of the organization.
    async fn ended_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.row.ended_by.filter(|_| self.inside) else { return Ok(None) };
        let user = load(ctx, id).await?;
        Ok(user.map(|row| User::new(row, Some(self.row.organization_id), None)))
    }
}

/// Which requests to join to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct JoinRequestFilter {
    /// In this state.
    pub(super) status: Option<JoinRequestStatus>,
}

/// A page of requests to join.
pub(super) fn connection(
    page: Page<RequestRow>,
    app: &App,
    viewer: &Arc<Viewer>,
) -> Connection<JoinRequest> {
    let cursor = |row: &RequestRow| Cursor { key: None, id: row.id.0 };
    Connection::new(page, cursor, |row| JoinRequest::new(row, app, viewer))
}
