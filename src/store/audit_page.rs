//! Audit events as they are read (R70).

use chrono::{DateTime, Utc};
use entity::id::{AuditEventId, OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;

use super::list::List;
use super::page::{Cursor, Order, Window, time_value};
use super::sql::Sql;

/// What the API shows of an event.
#[derive(Clone, Debug, FromQueryResult)]
pub struct EventRow {
    /// The id.
    pub id: AuditEventId,
    /// The organization that it happened in; none for what is a person's own affair.
    pub organization_id: Option<OrganizationId>,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done: `noun.verb`.
    pub action: String,
    /// The prefixed id of what it was done to.
    pub target: String,
    /// What was there before.
    pub before: Option<Value>,
    /// What was there afterwards.
    pub after: Option<Value>,
    /// Where it was done from.
    pub network_address: Option<String>,
    /// The request that did it.
    pub request_id: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl EventRow {
    /// Its position in listings.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: Some(self.created_at.timestamp_micros().to_string()), id: self.id.0 }
    }
}

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What happened in an organization.
    Organization(OrganizationId),
    /// What is a person's own affair: what they did outside of every organization, and what nobody who is
    /// signed in did to them.
    Person(UserId),
}

/// What events are searched by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One of these was done; anything where none is named. No action twice.
    pub actions: Vec<String>,
    /// This person did it.
    pub actor_id: Option<UserId>,
    /// It was done to this: a prefixed id.
    pub target: Option<String>,
    /// At this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "e.id, e.organization_id, e.actor_id, e.action, e.target, e.before, e.after,
    e.network_address, e.request_id, e.created_at";

fn order(newest_first: bool) -> Order {
    let column = Some("e.created_at");
    Order { column, id: "e.id", descending: newest_first, value: time_value }
}

/// The event with this id, whoever's it is: the caller decides who sees it.
pub async fn by_id(db: &impl ConnectionTrait, id: AuditEventId) -> Result<Option<EventRow>, DbErr> {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM audit_events e WHERE e.id = "));
    sql.bind(id);
    sql.one(db).await
}

/// One window of events.
#[must_use]
pub fn list(whose: Whose, filter: &Filter, newest_first: bool, window: Window) -> List<EventRow> {
    let (order, branches) = (order(newest_first), branches(whose, filter));
    // Each branch has its part of an index in the list's order: several are merged, not read through.
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM ("));
    for (index, branch) in branches.iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT * FROM (SELECT * FROM audit_events e WHERE ").append(branch);
        order.apply(&mut sql, &window);
        sql.push(&format!(") branch_{index}"));
    }
    sql.push(") e");
    order.finish(&mut sql, &window);
    let mut count = Sql::new("SELECT 0");
    for branch in &branches {
        count.push(" + (SELECT COUNT(*) FROM audit_events e WHERE ").append(branch).push(")");
    }
    List::new(sql, count, window)
}

/// The conditions of which an event `e` of the list meets exactly one.
fn branches(whose: Whose, filter: &Filter) -> Vec<Sql> {
    let mut whose = match whose {
        Whose::Organization(id) => {
            let mut sql = Sql::new("e.organization_id = ");
            sql.bind(id);
            vec![sql]
        }
        Whose::Person(id) => {
            let mut done = Sql::new("e.organization_id IS NULL AND e.actor_id = ");
            done.bind(id);
            let about = "e.organization_id IS NULL AND e.actor_id IS NULL AND e.target = ";
            let mut suffered = Sql::new(about);
            suffered.bind(id.to_string());
            vec![done, suffered]
        }
    };
    for branch in &mut whose {
        if let Some(actor_id) = filter.actor_id {
            branch.push(" AND e.actor_id = ").bind(actor_id);
        }
        if let Some(target) = &filter.target {
            branch.push(" AND e.target = ").bind(target.as_str());
        }
        if let Some(since) = filter.since {
            branch.push(" AND e.created_at >= ").bind(since);
        }
        if let Some(until) = filter.until {
            branch.push(" AND e.created_at < ").bind(until);
        }
    }
    if filter.actions.is_empty() {
        return whose;
    }
    let parts = whose.iter().flat_map(|branch| {
        filter.actions.iter().map(move |action| {
            let mut part = branch.clone();
            part.push(" AND e.action = ").bind(action.as_str());
            part
        })
    });
    parts.collect()
}
