//! The transaction of a use case that can also be tried without being done.

use entity::id::OrganizationId;
use sea_orm::DatabaseTransaction;
use serde_json::Value;

use super::App;
use super::events::{Events, Target};
use crate::access::Viewer;
use crate::error::Result;
use crate::store;
use crate::store::sql::Batch;

/// Whether a use case is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is done.
    Real,
    /// It is only tried: the same statements run, and are taken back.
    Dry,
}

impl Run {
    /// As callers ask for it.
    #[must_use]
    pub fn dry(dry: bool) -> Self {
        if dry { Self::Dry } else { Self::Real }
    }
}

/// What a use case does, from its first statement to its last. The transaction never leaves it and ends
/// only in [`Work::finish`], so that what is only tried cannot be committed by mistake; and what queues
/// mails or writes events does so within it, so that they are taken back with the rest.
pub(super) struct Work<'a> {
    pub(super) app: &'a App,
    pub(super) viewer: &'a Viewer,
    tx: DatabaseTransaction,
    run: Run,
    events: Events<'a>,
    batch: Batch,
}

impl<'a> Work<'a> {
    pub(super) async fn begin(app: &'a App, viewer: &'a Viewer, run: Run) -> Result<Self> {
        let tx = store::begin(&app.db).await?;
        let events = Events::by(app, viewer.user_id());
        Ok(Self { app, viewer, tx, run, events, batch: Batch::default() })
    }

    /// Where statements run.
    pub(super) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Notes an audit event of the viewer's.
    pub(super) fn note(
        &mut self,
        organization_id: OrganizationId,
        action: &'static str,
        target: impl Into<Target>,
        before: Option<Value>,
        after: Option<Value>,
    ) {
        self.events.add(Some(organization_id), action, target, before, after);
    }

    /// The events noted so far, for those who add to them.
    pub(super) fn events(&mut self) -> &mut Events<'a> {
        &mut self.events
    }

    /// Where statements run, and the events noted so far: for what takes both.
    pub(super) fn parts(&mut self) -> (&DatabaseTransaction, &mut Events<'a>) {
        (&self.tx, &mut self.events)
    }

    /// Where statements run, and what is inserted at the end, together with the audit events.
    pub(super) fn batch(&mut self) -> (&DatabaseTransaction, &mut Batch) {
        (&self.tx, &mut self.batch)
    }

    /// Commits what was done, with its audit events; takes back what was only tried.
    pub(super) async fn finish(self) -> Result<()> {
        let Self { app, viewer, tx, run, events, mut batch } = self;
        if run == Run::Real {
            events.add_to(&mut batch, &tx, &viewer.origin);
        }
        batch.execute(&tx).await?;
        if run == Run::Dry {
            return Ok(tx.rollback().await?);
        }
        tx.commit().await?;
        app.mail_queued.notify_one();
        Ok(())
    }
}
