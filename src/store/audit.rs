//! Audit events (R70): appended in the transaction of what they tell of, never changed.

use chrono::{DateTime, Utc};
use entity::audit_event;
use entity::id::{AuditEventId, OrganizationId, UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryTrait};
use serde_json::Value;

use super::sql::{Batch, ROWS_PER_STATEMENT};
use crate::access::Origin;

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Event {
    /// The event's id.
    pub id: AuditEventId,
    /// The organization that it happened in.
    pub organization_id: Option<OrganizationId>,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done: `noun.verb`.
    pub action: &'static str,
    /// The prefixed id of what it was done to.
    pub target: String,
    /// What was there before.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
}

/// Writes events, in one statement; in pieces where there are more than one takes.
pub async fn append(
    db: &impl ConnectionTrait,
    events: Vec<Event>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut batch = Batch::default();
    add(&mut batch, db, events, origin, now);
    batch.execute(db).await
}

/// Has events written with a batch.
pub fn add(
    batch: &mut Batch,
    db: &impl ConnectionTrait,
    events: Vec<Event>,
    origin: &Origin,
    now: DateTime<Utc>,
) {
    let rows = events.into_iter().map(|event| audit_event::ActiveModel {
        id: Set(event.id),
        organization_id: Set(event.organization_id),
        actor_id: Set(event.actor_id),
        action: Set(event.action.to_owned()),
        target: Set(event.target),
        before: Set(event.before),
        after: Set(event.after),
        network_address: Set(origin.network_address.clone()),
        request_id: Set(origin.request_id.clone()),
        created_at: Set(now),
    });
    let mut rows: Vec<audit_event::ActiveModel> = rows.collect();
    while !rows.is_empty() {
        let piece: Vec<_> = rows.drain(..rows.len().min(ROWS_PER_STATEMENT)).collect();
        batch.add(audit_event::Entity::insert_many(piece).build(db.get_database_backend()));
    }
}
