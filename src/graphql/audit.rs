//! The record of who did what.

use async_graphql::{Context, ID, InputObject, Json, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::{IdError, UserId, parse_any};

use super::connection::Connection;
use super::context::context;
use super::id::Gid;
use super::loader::load;
use super::organization::Organization;
use super::user::{OrderDirection, User};
use crate::error::Error;
use crate::store::audit_page::{EventRow, Filter};
use crate::store::page::Page;

/// Something that was done.
pub(super) struct AuditEvent(EventRow);

impl From<EventRow> for AuditEvent {
    fn from(row: EventRow) -> Self {
        Self(row)
    }
}

/// Something that was done: who did what to what, when, from where. Written together with what it tells
/// of, and never changed. What happened in an organization is read by those with `organization.audit.read`
/// there, what is a person's own affair (sign-ins, sessions, passwords) by that person.
#[Object]
impl AuditEvent {
    /// The id, `evt_…`.
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What was done, as `noun.verb`: `invitation.created`, `role_assignment.removed`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// The id of who did it. Null when nobody was signed in, or the operator of the service did it. It
    /// stays when the person's identity is erased.
    async fn actor_id(&self) -> Option<ID> {
        self.0.actor_id.map(Into::into)
    }

    /// Who did it, as long as the identity exists.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.0.actor_id else { return Ok(None) };
        let user = load(ctx, id).await?;
        Ok(user.map(|row| User::new(row, self.0.organization_id, None)))
    }

    /// The id of what it was done to; its prefix tells the kind. `node` gives the object, if it still
    /// exists and the viewer may see it.
    async fn target_id(&self) -> ID {
        self.0.target.clone().into()
    }

    /// What was there before; null where there was nothing. Its shape depends on the action.
    async fn before(&self) -> Option<Json<&serde_json::Value>> {
        self.0.before.as_ref().map(Json)
    }

    /// What was there afterwards; null where nothing was left. Its shape depends on the action.
    async fn after(&self) -> Option<Json<&serde_json::Value>> {
        self.0.after.as_ref().map(Json)
    }

    /// The network address that it was done from.
    async fn network_address(&self) -> Option<&str> {
        self.0.network_address.as_deref()
    }

    /// The id of the request that did it: what the response's `x-request-id` was.
    async fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// When it was done.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The organization that it happened in; null for what is a person's own affair.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
        let Some(id) = self.0.organization_id else { return Ok(None) };
        // Whoever reads its record is a member of it.
        let viewer = context(ctx)?.viewer().await?;
        let mut organizations = viewer.organizations.iter();
        let found = organizations.find(|(known, _)| *known == id);
        let (_, name) = found.ok_or(Error::NotFound("organization"))?;
        Ok(Some(Organization::named(id, name)))
    }
}

/// Which events to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct AuditEventFilter {
    /// One of these was done (`invitation.created`); at most 20.
    actions: Option<Vec<String>>,
    /// This user did it.
    actor_id: Option<Gid<UserId>>,
    /// It was done to what has this id, of whatever kind.
    target_id: Option<ID>,
    /// At this instant or later.
    since: Option<DateTime<Utc>>,
    /// Before this instant.
    until: Option<DateTime<Utc>>,
}

impl AuditEventFilter {
    /// The filter in the store's terms.
    pub(super) fn resolve(self) -> Result<Filter, Error> {
        if let Some(id) = &self.target_id {
            let bad = |error: IdError| Error::BadInput { field: "targetId", message: error.0 };
            parse_any(id).map_err(bad)?;
        }
        Ok(Filter {
            actions: self.actions.unwrap_or_default(),
            actor_id: self.actor_id.map(|id| id.0),
            target: self.target_id.map(|id| id.0),
            since: self.since,
            until: self.until,
        })
    }
}

/// An order of events: by time. Cursors are good only in the order that gave them.
#[derive(Clone, Copy, InputObject)]
pub(super) struct AuditEventOrder {
    /// Which way.
    direction: OrderDirection,
}

impl AuditEventOrder {
    /// Whether the newest comes first, as it does where nothing is said.
    pub(super) fn newest_first(order: Option<Self>) -> bool {
        order.is_none_or(|order| order.direction == OrderDirection::Desc)
    }
}

/// A page of events.
pub(super) fn connection(page: Page<EventRow>) -> Connection<AuditEvent> {
    Connection::new(page, EventRow::cursor, AuditEvent::from)
}
