//! What invitations promise, and whether the promise holds: the inviter has to be able to keep it at
//! the moment of accepting (R20, R21). One function decides, for whoever accepts and for whoever
//! administers the invitation.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::id::{AccountId, InvitationId, OrganizationId, UserId};
use entity::invitation::Status;
use entity::membership;
use sea_orm::ConnectionTrait;

use super::App;
use super::customs::Customs;
use crate::access::{Decision, Grant, Granting, Place, Role, Standing, decide, permission};
use crate::error::Result;
use crate::store;
use crate::store::invitation::{GrantRow, LinkRow};

/// Why an invitation cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It was accepted.
    Accepted,
    /// The invitee declined it.
    Declined,
    /// It was taken back.
    Revoked,
    /// Its time has run out.
    Expired,
    /// Who invited is not in the organization any more.
    InviterLeft,
    /// Who invited is suspended in the organization.
    InviterSuspended,
    /// Who invited may no longer grant something of what it promises.
    InviterLostAccess,
    /// A role or an account that it promises is gone.
    GrantGone,
    /// All that it promises was to last until an instant that has passed.
    GrantsOver,
    /// The organization has fewer seats than when the invitation was made, and members on all of them
    /// (R55).
    SeatsExhausted,
}

/// The obstacle that an invitation's own state is (R45); none while it is pending.
#[must_use]
pub fn ended(status: Status) -> Option<Obstacle> {
    Some(match status {
        Status::Pending => return None,
        Status::Accepted => Obstacle::Accepted,
        Status::Declined => Obstacle::Declined,
        Status::Revoked => Obstacle::Revoked,
        Status::Expired => Obstacle::Expired,
    })
}

/// Why a promise cannot be kept, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// The grant that it is about, by its place among those of the invitation.
    pub grant: Option<usize>,
}

/// An invitation, as far as its promise needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promise {
    /// The invitation.
    pub id: InvitationId,
    /// Where.
    pub organization_id: OrganizationId,
    /// Who vouches for it.
    pub invited_by: UserId,
}

impl From<&LinkRow> for Promise {
    fn from(link: &LinkRow) -> Self {
        let LinkRow { id, organization_id, invited_by, .. } = *link;
        Self { id, organization_id, invited_by }
    }
}

/// The grants that accepting gives, or why the promise cannot be kept.
pub type Kept = Result<Vec<Grant>, Broken>;

/// Whether one promise can be kept.
pub async fn kept(
    app: &App,
    db: &impl ConnectionTrait,
    promise: &Promise,
    grants: &[GrantRow],
) -> Result<Kept> {
    let one = std::slice::from_ref(promise);
    let mut all = all_kept(app, db, one, grants).await?;
    let nobody = Broken { obstacle: Obstacle::InviterLeft, grant: None };
    Ok(all.remove(&promise.id).unwrap_or(Err(nobody)))
}

/// Whether each of these promises can be kept, in at most three statements, however many they are.
/// `grants` are those of the invitations, in order.
pub async fn all_kept(
    app: &App,
    db: &impl ConnectionTrait,
    promises: &[Promise],
    grants: &[GrantRow],
) -> Result<HashMap<InvitationId, Kept>> {
    let mut inviters: Vec<UserId> = promises.iter().map(|promise| promise.invited_by).collect();
    inviters.sort_unstable();
    inviters.dedup();
    let mut accounts: Vec<AccountId> = grants.iter().filter_map(|row| row.account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let known = Known {
        app,
        standings: store::standing::of_users(db, &app.roles, &inviters).await?,
        places: store::account::places(db, &accounts)
            .await?
            .into_iter()
            .filter_map(|place| Some((place.account_id()?, place)))
            .collect(),
        customs: Customs::anywhere(app, db, grants.iter().map(|row| row.role_id)).await?,
        now: app.clock.now(),
    };
    let mut of_each: HashMap<InvitationId, Vec<&GrantRow>> = HashMap::new();
    for row in grants {
        of_each.entry(row.invitation_id).or_default().push(row);
    }
    let answer = |promise: &Promise| {
        let rows = of_each.get(&promise.id).map(Vec::as_slice).unwrap_or_default();
        (promise.id, known.kept(promise, rows))
    };
    Ok(promises.iter().map(answer).collect())
}

/// What has been read to decide.
struct Known<'a> {
    app: &'a App,
    standings: HashMap<UserId, Standing>,
    places: HashMap<AccountId, Place>,
    customs: Customs,
    now: DateTime<Utc>,
}

impl Known<'_> {
    fn kept(&self, promise: &Promise, rows: &[&GrantRow]) -> Kept {
        let broken = |obstacle, grant| Err(Broken { obstacle, grant });
        let standing = self.standings.get(&promise.invited_by);
        let membership = standing.and_then(|of| of.membership(promise.organization_id));
        // Somebody who is out, or suspended, promises nothing: not even membership.
        let (Some(standing), Some(membership)) = (standing, membership) else {
            return broken(Obstacle::InviterLeft, None);
        };
        if membership.status == membership::Status::Suspended {
            return broken(Obstacle::InviterSuspended, None);
        }
        let organization = Place::organization(promise.organization_id);
        let mut grants = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let place = match row.account_id {
                None => Some(&organization),
                Some(id) => self.places.get(&id),
            };
            let role = self.customs.get(&self.app.roles, row.role_id);
            let role = role
                .filter(|role| role.organization_id.is_none_or(|of| of == promise.organization_id));
            let (Some(place), Some(role)) = (place, role) else {
                return broken(Obstacle::GrantGone, Some(index));
            };
            // A grant whose own time has run out meanwhile promises nothing any more.
            if row.valid_until.is_some_and(|until| until <= self.now) {
                continue;
            }
            let granted = self.granted(standing, place, role, row);
            match granted.or_else(|| self.welcome(standing, &organization, row)) {
                Some(grant) => grants.push(grant),
                None => return broken(Obstacle::InviterLostAccess, Some(index)),
            }
        }
        // What was promised only until some day, and that day has passed, was the whole invitation.
        if grants.is_empty() { broken(Obstacle::GrantsOver, None) } else { Ok(grants) }
    }

    /// What the inviter may give.
    fn granted(
        &self,
        inviter: &Standing,
        place: &Place,
        role: &std::sync::Arc<Role>,
        row: &GrantRow,
    ) -> Option<Grant> {
        let granting = Granting::of(inviter, &self.app.roles, place, self.now).ok()?;
        granting.grant(role, row.billing_group_id, row.valid_until, self.now).ok()
    }

    /// Membership alone is promised by whoever manages the organization's users, as when inviting.
    fn welcome(&self, inviter: &Standing, organization: &Place, row: &GrantRow) -> Option<Grant> {
        let roles = &self.app.roles;
        let default = roles.default_organization_role().map(|default| default.id);
        let alone = row.account_id.is_none() && row.valid_until.is_none();
        if !alone || default != Some(row.role_id) {
            return None;
        }
        let users = permission::ORGANIZATION_USERS;
        match decide(inviter, roles, users, organization, self.now) {
            Decision::Allowed(_) => Grant::default_role(roles, organization.clone()),
            Decision::Denied(_) => None,
        }
    }
}
