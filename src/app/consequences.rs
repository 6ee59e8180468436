//! What goes along when something ends: told by the call that ends it, and by its dry run.

use entity::id::{AccountId, OrganizationId};
use sea_orm::ConnectionTrait;

use super::invitation_end::{self, Touched};
use super::work::Work;
use crate::error::Result;
use crate::store;
use crate::store::account::AccountRow;
use crate::store::assignment::AssignmentRow;
use crate::store::assignment_end::Extent;
use crate::store::invitation::GrantRow;
use crate::store::invitation_end::Pending;
use crate::store::invitation_page::InvitationRow;

/// How many of each kind are told one by one.
pub const TOLD: usize = 100;

/// What goes along, each kind up to [`TOLD`], with how many there are.
#[derive(Clone, Debug, Default)]
pub struct Consequences {
    /// Assignments that end, as they were.
    pub role_assignments: Vec<AssignmentRow>,
    /// How many.
    pub role_assignment_count: usize,
    /// Invitations that end or change, as they are then, with what they promise.
    pub invitations: Vec<(InvitationRow, Vec<GrantRow>)>,
    /// How many.
    pub invitation_count: usize,
    /// Accounts that are closed, deleted or given a new owner, as they are then; or that lack one.
    pub accounts: Vec<AccountRow>,
    /// How many.
    pub account_count: usize,
}

impl Consequences {
    /// Adds assignments.
    pub(super) fn assignments(&mut self, rows: Vec<AssignmentRow>) {
        self.role_assignment_count += rows.len();
        self.role_assignments.extend(rows);
        self.role_assignments.truncate(TOLD);
    }

    /// Adds those of something else that ends.
    pub(super) fn append(&mut self, other: Self) {
        self.role_assignments.extend(other.role_assignments);
        self.role_assignments.truncate(TOLD);
        self.role_assignment_count += other.role_assignment_count;
        self.invitations.extend(other.invitations);
        self.invitations.truncate(TOLD);
        self.invitation_count += other.invitation_count;
        self.accounts.extend(other.accounts);
        self.accounts.truncate(TOLD);
        self.account_count += other.account_count;
    }

    /// Adds accounts as they are now.
    pub(super) async fn accounts(
        &mut self,
        db: &impl ConnectionTrait,
        ids: &[AccountId],
    ) -> Result<()> {
        self.account_count += ids.len();
        let told = &ids[..ids.len().min(TOLD - self.accounts.len())];
        if !told.is_empty() {
            let mut rows = store::account::rows(db, told).await?;
            rows.sort_by_key(|row| row.id);
            self.accounts.extend(rows);
        }
        Ok(())
    }

    /// Adds invitations as they are now. Those that the viewer does not see are only counted.
    pub(super) async fn invitations(
        &mut self,
        db: &impl ConnectionTrait,
        touched: &Touched,
    ) -> Result<()> {
        self.invitation_count += touched.ids.len();
        let told = &touched.seen[..touched.seen.len().min(TOLD - self.invitations.len())];
        if told.is_empty() {
            return Ok(());
        }
        let mut rows = store::invitation_page::rows(db, told).await?;
        rows.sort_by_key(|row| row.id);
        let grants = store::invitation::grants(db, told).await?;
        self.invitations.extend(rows.into_iter().map(|row| {
            let of_row = grants.iter().filter(|grant| grant.invitation_id == row.id);
            let of_row = of_row.cloned().collect();
            (row, of_row)
        }));
        Ok(())
    }

    /// All that an organization has, and that would go with it.
    pub(super) async fn of_organization(work: &Work<'_>, id: OrganizationId) -> Result<Self> {
        let db = work.tx();
        let told = i64::try_from(TOLD).unwrap_or(i64::MAX);
        let number = |count: i64| usize::try_from(count).unwrap_or_default();
        let extent = Extent::Everything;
        let mut all = Self {
            role_assignments: store::assignment_end::rows(db, id, extent, told).await?,
            role_assignment_count: number(store::assignment_end::count(db, id, extent).await?),
            accounts: store::account_life::first_of_organization(db, id, told).await?,
            account_count: number(store::account_life::count_all(db, id).await?),
            ..Self::default()
        };
        all.invitations(db, &invitation_end::lock(work, id, Pending::All).await?).await?;
        Ok(all)
    }
}
