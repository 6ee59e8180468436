//! Whether an invitation can be accepted, as those who administer it are told.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{Enum, SimpleObject};
use entity::id::{InvitationId, OrganizationId};

use super::loader::{Loaded, Loader};
use crate::access::Roles;
use crate::app::entitlement;
use crate::app::promise::{self, Broken, Obstacle, Promise};
use crate::error::Error;
use crate::store;
use crate::store::invitation::GrantRow;

/// Why an invitation cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Obstacle")]
pub(super) enum InvitationObstacle {
    /// It was accepted.
    Accepted,
    /// The invitee declined it.
    Declined,
    /// It was taken back.
    Revoked,
    /// Its time has run out. It can be resent.
    Expired,
    /// Who vouches for it is not in the organization any more. Who resends or changes it vouches for
    /// it from then on.
    InviterLeft,
    /// Who vouches for it is suspended in the organization. Who resends or changes it vouches for it
    /// from then on.
    InviterSuspended,
    /// Who vouches for it may no longer grant something of what it promises. Who resends or changes
    /// it vouches for it from then on.
    InviterLostAccess,
    /// A role or an account that it promises is gone. Its grants can be changed.
    GrantGone,
    /// All that it promises was to last until an instant that has passed. Its grants can be changed.
    GrantsOver,
    /// The organization has no seat left for the person.
    SeatsExhausted,
}

/// Whether an invitation can be accepted. Decided by the same code that decides when it is.
#[derive(Clone, SimpleObject)]
pub(super) struct InvitationAcceptance {
    /// Whether it can be accepted now.
    pub(super) possible: bool,
    /// Why it cannot.
    reason: Option<InvitationObstacle>,
    /// The reason in one sentence, in English.
    explanation: Option<String>,
}

impl InvitationAcceptance {
    /// Of one that cannot be accepted whatever it promises.
    pub(super) fn ended(obstacle: Obstacle) -> Self {
        Self::impossible(obstacle, sentence(obstacle).to_owned())
    }

    fn impossible(obstacle: Obstacle, explanation: String) -> Self {
        Self { possible: false, reason: Some(obstacle.into()), explanation: Some(explanation) }
    }

    fn of_pending(kept: &promise::Kept, grants: &[&GrantRow], roles: &Roles) -> Self {
        let Err(Broken { obstacle, grant }) = kept else {
            return Self { possible: true, reason: None, explanation: None };
        };
        let explanation = match grant.and_then(|index| grants.get(index)) {
            None => sentence(*obstacle).to_owned(),
            Some(row) => {
                let role = row.role_name(roles).unwrap_or("a role that is gone");
                let scope = row.account_name.as_ref().unwrap_or(&row.organization_name);
                format!("{}: {role} in {scope}", sentence(*obstacle))
            }
        };
        Self::impossible(*obstacle, explanation)
    }
}

fn sentence(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Accepted => "it was accepted",
        Obstacle::Declined => "the invitee declined it",
        Obstacle::Revoked => "it was taken back",
        Obstacle::Expired => "its time has run out",
        Obstacle::InviterLeft => "who vouches for it is not in the organization any more",
        Obstacle::InviterSuspended => "who vouches for it is suspended in the organization",
        Obstacle::InviterLostAccess => "who vouches for it may no longer grant what it promises",
        Obstacle::GrantGone => "what it promises is gone",
        Obstacle::SeatsExhausted => "the organization has no seat left",
        Obstacle::GrantsOver => "all that it promises was to last until an instant that has passed",
    }
}

/// A pending invitation whose acceptance is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AcceptanceOf(pub(super) Promise);

impl BatchLoader<AcceptanceOf> for Loader {
    type Value = InvitationAcceptance;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[AcceptanceOf]) -> Loaded<AcceptanceOf, Self::Value> {
        let app = &self.0.app;
        let promises: Vec<Promise> = keys.iter().map(|key| key.0).collect();
        let ids: Vec<InvitationId> = promises.iter().map(|promise| promise.id).collect();
        let rows = store::invitation::grants(&app.db, &ids).await.map_err(Error::from)?;
        let kept = promise::all_kept(app, &app.db, &promises, &rows).await?;
        let mut grants: HashMap<InvitationId, Vec<&GrantRow>> = HashMap::new();
        for row in &rows {
            grants.entry(row.invitation_id).or_default().push(row);
        }
        let mut organizations: Vec<OrganizationId> =
            promises.iter().map(|promise| promise.organization_id).collect();
        organizations.sort_unstable();
        organizations.dedup();
        let full = entitlement::full(app, &organizations).await?;
        let acceptance = |key: &AcceptanceOf| {
            let kept = kept.get(&key.0.id)?;
            if kept.is_ok() && full.contains(&key.0.organization_id) {
                return Some((*key, InvitationAcceptance::ended(Obstacle::SeatsExhausted)));
            }
            let grants = grants.get(&key.0.id).map(Vec::as_slice).unwrap_or_default();
            Some((*key, InvitationAcceptance::of_pending(kept, grants, &app.roles)))
        };
        Ok(keys.iter().filter_map(acceptance).collect())
    }
}
