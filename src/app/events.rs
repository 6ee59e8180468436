//! Audit events (R70), gathered while a use case runs and written in its transaction.

use entity::id::{OrganizationId, TypedId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::App;
use crate::access::Origin;
use crate::error::Result;
use crate::store::audit::{self, Event};
use crate::store::sql::Batch;

/// The events of one use case.
pub(super) struct Events<'a> {
    app: &'a App,
    actor: Option<UserId>,
    noted: Vec<Event>,
}

impl<'a> Events<'a> {
    pub(super) fn by(app: &'a App, actor: UserId) -> Self {
        Self { app, actor: Some(actor), noted: Vec::new() }
    }

    /// Events of somebody who is not signed in.
    pub(super) fn anonymous(app: &'a App) -> Self {
        Self { app, actor: None, noted: Vec::new() }
    }

    /// Notes an action on a target, with what was there before and is there after.
    pub(super) fn add(
        &mut self,
        organization_id: Option<OrganizationId>,
        action: &'static str,
        target: impl Into<Target>,
        before: Option<Value>,
        after: Option<Value>,
    ) -> &mut Self {
        self.noted.push(Event {
            id: self.app.random.id(self.app.clock.now()),
            organization_id,
            actor_id: self.actor,
            action,
            target: target.into().0,
            before,
            after,
        });
        self
    }

    /// Adds those of another use case, which is part of this one.
    pub(super) fn append(&mut self, other: Self) {
        self.noted.extend(other.noted);
    }

    /// Has them written with a batch.
    pub(super) fn add_to(self, batch: &mut Batch, db: &impl ConnectionTrait, origin: &Origin) {
        audit::add(batch, db, self.noted, origin, self.app.clock.now());
    }

    /// Writes them all, in one statement.
    pub(super) async fn write(self, db: &impl ConnectionTrait, origin: &Origin) -> Result<()> {
        Ok(audit::append(db, self.noted, origin, self.app.clock.now()).await?)
    }
}

/// What an event is about: anything with a prefixed id.
pub(super) struct Target(String);

impl<T: TypedId> From<T> for Target {
    fn from(id: T) -> Self {
        Self(id.to_string())
    }
}
