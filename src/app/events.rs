//! Audit events (R70), gathered while a use case runs and written in its transaction.

use entity::id::{OrganizationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::App;
use crate::access::Origin;
use crate::error::Result;
use crate::store::audit::{self, Event};

/// The events of one use case.
pub(super) struct Events<'a> {
    app: &'a App,
    actor: Option<UserId>,
    events: Vec<Event>,
}

impl<'a> Events<'a> {
    pub(super) fn by(app: &'a App, actor: UserId) -> Self {
        Self { app, actor: Some(actor), events: Vec::new() }
    }

    /// Events of somebody who is not signed in.
    pub(super) fn anonymous(app: &'a App) -> Self {
        Self { app, actor: None, events: Vec::new() }
    }

    /// Notes an action on a target, with what was there before and is there after.
    pub(super) fn add(
        &mut self,
        organization_id: Option<OrganizationId>,
        action: &'static str,
        target: impl ToString,
        before: Option<Value>,
        after: Option<Value>,
    ) -> &mut Self {
        self.events.push(Event {
            id: self.app.random.id(self.app.clock.now()),
            organization_id,
            actor_id: self.actor,
            action,
            target: target.to_string(),
            before,
            after,
        });
        self
    }

    /// Writes them all, in one statement.
    pub(super) async fn write(self, db: &impl ConnectionTrait, origin: &Origin) -> Result<()> {
        Ok(audit::append(db, self.events, origin, self.app.clock.now()).await?)
    }
}
