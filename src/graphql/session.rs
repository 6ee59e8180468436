//! Sessions, as their person sees them.

use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use entity::id::SessionId;

use super::connection::Connection;
use crate::store::page::{Cursor, Page};
use crate::store::session::SessionRow;

/// One sign-in on one device.
pub(super) struct Session {
    row: SessionRow,
    current: bool,
}

impl Session {
    /// A session, as seen from the one that asks, if one does.
    pub(super) fn new(row: SessionRow, current: Option<SessionId>) -> Self {
        Self { current: current == Some(row.id), row }
    }
}

/// One sign-in on one device. Only live ones are shown, and only to their person.
#[Object]
impl Session {
    /// The id, `sess_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// When the person signed in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When its tokens were last refreshed; between two refreshes lie minutes.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.row.last_seen_at
    }

    /// What the client called itself when the person signed in.
    async fn user_agent(&self) -> Option<&str> {
        self.row.user_agent.as_deref()
    }

    /// The network address that the person signed in from.
    async fn network_address(&self) -> Option<&str> {
        self.row.network_address.as_deref()
    }

    /// Whether it is the session that asks.
    async fn is_current(&self) -> bool {
        self.current
    }
}

/// A page of sessions.
pub(super) fn connection(
    page: Page<SessionRow>,
    current: Option<SessionId>,
) -> Connection<Session> {
    Connection::new(
        page,
        |row| Cursor { key: None, id: row.id.0 },
        |row| Session::new(row, current),
    )
}
