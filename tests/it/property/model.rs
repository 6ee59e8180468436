//! What the rows of the database mean, worked out a second time and in the plainest way: who holds
//! what, and what that permits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::account::Status;
use entity::id::{AccountId, AssignmentId, BillingGroupId, OrganizationId, RoleId, UserId};
use entity::{account, billing_group_account, membership, role_assignment};
use rolecall::access::{Permission, Role};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::house::House;
use crate::support::Server;

/// One organization as it is at an instant.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    now: DateTime<Utc>,
    organization: OrganizationId,
    pub(super) rows: Vec<Row>,
    /// The members, and whether each is active.
    pub(super) members: BTreeMap<UserId, bool>,
    accounts: BTreeMap<AccountId, (Option<AccountId>, Status)>,
    linked: BTreeSet<(BillingGroupId, AccountId)>,
    /// The roles that the organization made for itself.
    pub(super) customs: Vec<Arc<Role>>,
}

/// One assignment.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: AssignmentId,
    pub(super) user: UserId,
    pub(super) role_id: RoleId,
    /// None for a role that there is no more.
    pub(super) role: Option<Arc<Role>>,
    /// None: at the organization.
    pub(super) account: Option<AccountId>,
    pub(super) group: Option<BillingGroupId>,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) owns: bool,
}

/// What makes an assignment the same as before, once it has been removed and made anew.
pub(super) type Held = (UserId, RoleId, Option<AccountId>, Option<BillingGroupId>);

impl Row {
    pub(super) fn held(&self) -> Held {
        (self.user, self.role_id, self.account, self.group)
    }
}

impl Snapshot {
    pub(super) async fn take(server: &Server, organization: &str) -> Self {
        let db = &server.app.db;
        let id: OrganizationId = organization.parse().unwrap();
        let rows = role_assignment::Entity::find()
            .filter(role_assignment::Column::OrganizationId.eq(id))
            .order_by_asc(role_assignment::Column::Id);
        let members = membership::Entity::find().filter(membership::Column::OrganizationId.eq(id));
        let accounts = account::Entity::find().filter(account::Column::OrganizationId.eq(id));
        let linked = billing_group_account::Entity::find()
            .filter(billing_group_account::Column::OrganizationId.eq(id));
        let customs = House::customs(server, id).await.into_iter();
        let customs: Vec<Arc<Role>> = customs.map(|row| server.app.roles.custom(row)).collect();
        let role = |id: RoleId| {
            let own = customs.iter().find(|role| role.id == id);
            server.app.roles.get(id).or(own).cloned()
        };
        let row = |row: role_assignment::Model| Row {
            id: row.id,
            user: row.user_id,
            role_id: row.role_id,
            role: role(row.role_id),
            account: row.account_id,
            group: row.billing_group_id,
            valid_until: row.valid_until,
            owns: row.owned_scope_id.is_some(),
        };
        let accounts = accounts.all(db).await.unwrap().into_iter();
        let members = members.all(db).await.unwrap().into_iter();
        let linked = linked.all(db).await.unwrap().into_iter();
        let rows = rows.all(db).await.unwrap().into_iter().map(row).collect();
        Self {
            now: server.now(),
            organization: id,
            rows,
            customs,
            members: members.map(|m| (m.user_id, m.status == membership::Status::Active)).collect(),
            accounts: accounts.map(|a| (a.id, (a.parent_id, a.status))).collect(),
            linked: linked.map(|l| (l.billing_group_id, l.account_id)).collect(),
        }
    }

    /// The places of the organization: itself, and its accounts.
    pub(super) fn places(&self) -> Vec<Option<AccountId>> {
        std::iter::once(None).chain(self.accounts.keys().copied().map(Some)).collect()
    }

    pub(super) fn place_text(&self, place: Option<AccountId>) -> String {
        place.map_or_else(|| self.organization.to_string(), |id| id.to_string())
    }

    /// The assignments of a user that count, as far as they reach a place.
    fn reaching(&self, user: UserId, place: Option<AccountId>) -> impl Iterator<Item = &Row> {
        let active = self.members.get(&user) == Some(&true);
        self.rows
            .iter()
            .filter(move |row| active && row.user == user && self.counts(row))
            .filter(move |row| self.reaches(row, place))
    }

    /// Whether an assignment's time is not over.
    pub(super) fn counts(&self, row: &Row) -> bool {
        row.valid_until.is_none_or(|until| self.now < until)
    }

    fn reaches(&self, row: &Row, place: Option<AccountId>) -> bool {
        match (row.group, row.account, place) {
            (Some(group), _, Some(account)) => self.linked.contains(&(group, account)),
            (Some(_), _, None) => false,
            (None, None, _) => true,
            (None, Some(held), Some(account)) => {
                held == account || self.accounts[&account].0 == Some(held)
            }
            (None, Some(_), None) => false,
        }
    }

    /// Why nobody can work at a place, the graver of its own reason and its parent's.
    fn stopped(&self, place: Option<AccountId>) -> Option<Status> {
        let (parent, own) = self.accounts.get(&place?)?;
        let above = parent.map(|parent| self.accounts[&parent].1);
        let all = [Some(*own), above];
        [Status::Closed, Status::Suspended].into_iter().find(|status| all.contains(&Some(*status)))
    }

    /// Whether one of a user's assignments permits something at a place.
    pub(super) fn explains(&self, row: &Row, permission: &str, place: Option<AccountId>) -> bool {
        let passes = match self.stopped(place) {
            None => true,
            Some(Status::Suspended) => row.account.is_none() && row.group.is_none(),
            Some(_) => false,
        };
        passes
            && self.reaching(row.user, place).any(|other| other.id == row.id)
            && row.role.as_ref().is_some_and(|role| role.permissions.contains(permission))
    }

    /// All that a user may do at a place; none where the place does not exist for them.
    pub(super) fn permissions(
        &self,
        user: UserId,
        place: Option<AccountId>,
    ) -> Option<BTreeSet<String>> {
        let permits = |row: &&Row| row.role.as_ref().is_some_and(|r| !r.permissions.is_empty());
        let rows: Vec<&Row> = self.reaching(user, place).filter(permits).collect();
        if rows.is_empty() {
            return None;
        }
        let keys = |row: &Row| -> Vec<String> {
            let role = row.role.as_ref().unwrap();
            let keys = role.permissions.iter().map(Permission::as_str);
            keys.filter(|key| self.explains(row, key, place)).map(str::to_owned).collect()
        };
        Some(rows.into_iter().flat_map(keys).collect())
    }

    /// Whether a user may give a role at a place: who manages assignments throughout the organization
    /// any but an owner's, others none that permits more than they may do there themselves.
    pub(super) fn may_give(&self, user: UserId, role: &Role, place: Option<AccountId>) -> bool {
        let has = |place, key: &str| self.permissions(user, place).is_some_and(|p| p.contains(key));
        let open = self.stopped(place) != Some(Status::Closed);
        if role.owner {
            return false;
        }
        if has(None, "organization.assignments.manage") && open {
            return true;
        }
        let own = self.permissions(user, place).unwrap_or_default();
        place.is_some()
            && own.contains("account.users.manage")
            && role.permissions.iter().all(|permission| own.contains(permission.as_str()))
    }

    /// Whether a user may do something at a place.
    pub(super) fn may(&self, user: UserId, permission: &str, place: Option<AccountId>) -> bool {
        self.permissions(user, place).is_some_and(|all| all.contains(permission))
    }

    /// Whether a place is the account, or a subaccount of it.
    pub(super) fn is_within(&self, place: Option<AccountId>, account: AccountId) -> bool {
        place.is_some_and(|id| id == account || self.accounts[&id].0 == Some(account))
    }

    /// The accounts of which the status is another one than it was, with what it was and is.
    pub(super) fn turned<'a>(
        &'a self,
        before: &'a Self,
    ) -> impl Iterator<Item = (AccountId, Status, Status)> + 'a {
        let all = self.accounts.iter().filter_map(|(id, (_, is))| {
            let (_, was) = before.accounts.get(id)?;
            Some((*id, *was, *is))
        });
        all.filter(|(_, was, is)| was != is)
    }

    /// Whether a user manages the assignments of a place.
    pub(super) fn may_manage(&self, user: UserId, place: Option<AccountId>) -> bool {
        self.may(user, "organization.assignments.manage", None)
            || self.may(user, "account.users.manage", place)
    }

    pub(super) fn is_closed(&self, place: Option<AccountId>) -> bool {
        self.stopped(place) == Some(Status::Closed)
    }

    /// Whether the Owner could take an assignment away and give the very same again: not an owner's,
    /// not where, when or to whom it would grant nothing, and not an exclusive role that others were put beside
    /// afterwards, which would have to go (R13).
    pub(super) fn can_be_given_again(&self, row: &Row) -> bool {
        let Some(role) = &row.role else { return false };
        let beside = |other: &Row| {
            (other.user, other.account) == (row.user, row.account)
                && other.id != row.id
                && other.role.as_ref().is_some_and(|other| role.clears(other))
        };
        let alone = !self.rows.iter().any(beside);
        let active = self.members.get(&row.user) == Some(&true);
        !row.owns && active && self.counts(row) && !self.is_closed(row.account) && alone
    }

    /// Exactly one owner of the organization and of each account, and none of a subaccount.
    pub(super) fn check_owners(&self) {
        for place in self.places() {
            let owner = |row: &&Row| row.account == place && row.group.is_none();
            let at = self.rows.iter().filter(owner);
            let (mut owning, mut roles) = (0, 0);
            for row in at {
                owning += usize::from(row.owns);
                roles += usize::from(row.role.as_ref().is_some_and(|role| role.owner));
            }
            let top = place.is_none_or(|id| self.accounts[&id].0.is_none());
            let place = self.place_text(place);
            assert_eq!((owning, roles), (usize::from(top), usize::from(top)), "owners of {place}");
        }
        assert_eq!(self.members.get(&self.owner()), Some(&true), "the Owner is an active member");
        for row in &self.rows {
            assert!(self.members.contains_key(&row.user), "of somebody who is no member: {row:?}");
            assert!(row.role.is_some(), "of a role that there is no more: {row:?}");
            assert!(row.owns || !self.is_closed(row.account), "in a closed account: {row:?}");
        }
    }

    /// Who owns a place, where somebody does.
    pub(super) fn owner_of(&self, place: Option<AccountId>) -> Option<UserId> {
        self.rows.iter().find(|row| row.owns && row.account == place).map(|row| row.user)
    }

    /// The organization's Owner.
    pub(super) fn owner(&self) -> UserId {
        self.owner_of(None).unwrap()
    }
}
