//! Where roles are assigned, and about what.

use async_graphql::Union;
use entity::id::{AccountId, BillingGroupId, OrganizationId};

use super::account::Account;
use super::billing_group::BillingGroup;
use super::organization::Organization;
use crate::store::assignment::AssignmentRow;
use crate::store::invitation::GrantRow;
use crate::store::ownership::OfferRow;

/// Where a role is assigned.
#[derive(Union)]
pub(super) enum Scope {
    /// An organization.
    Organization(Organization),
    /// An account or subaccount.
    Account(Account),
}

/// What a resource role is about.
#[derive(Union)]
pub(super) enum Resource {
    /// A billing group.
    BillingGroup(BillingGroup),
}

/// The columns that say where.
struct Columns<'a> {
    organization: (OrganizationId, &'a str),
    account: Option<(AccountId, &'a str)>,
    parent: Option<(AccountId, &'a str)>,
}

impl From<Columns<'_>> for Scope {
    fn from(columns: Columns<'_>) -> Self {
        let (organization_id, organization_name) = columns.organization;
        match columns.account {
            None => Self::Organization(Organization::named(organization_id, organization_name)),
            Some((id, name)) => Self::Account(Account::named(
                id,
                name,
                (organization_id, organization_name),
                columns.parent,
            )),
        }
    }
}

impl From<&AssignmentRow> for Scope {
    fn from(row: &AssignmentRow) -> Self {
        Columns {
            organization: (row.organization_id, &row.organization_name),
            account: row.account_id.zip(row.account_name.as_deref()),
            parent: row.parent_id.zip(row.parent_name.as_deref()),
        }
        .into()
    }
}

impl From<&GrantRow> for Scope {
    fn from(row: &GrantRow) -> Self {
        Columns {
            organization: (row.organization_id, &row.organization_name),
            account: row.account_id.zip(row.account_name.as_deref()),
            parent: row.parent_id.zip(row.parent_name.as_deref()),
        }
        .into()
    }
}

impl From<&OfferRow> for Scope {
    fn from(row: &OfferRow) -> Self {
        // Subaccounts have no Owner of their own: what is offered has no parent.
        Columns {
            organization: (row.organization_id, &row.organization_name),
            account: row.account_id.zip(row.account_name.as_deref()),
            parent: None,
        }
        .into()
    }
}

/// A billing group by its columns.
pub(super) fn resource(
    id: Option<BillingGroupId>,
    name: Option<&str>,
    organization: (OrganizationId, &str),
) -> Option<Resource> {
    let group = BillingGroup::named(id?, name.unwrap_or_default(), organization);
    Some(Resource::BillingGroup(group))
}
