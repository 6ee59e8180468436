//! Asking what somebody may do (R28, R29).

use std::sync::Arc;

use entity::account::Status;
use entity::id::{BillingGroupId, OrganizationId, UserId};

use super::App;
use super::assignment::place_of;
use super::grants::ScopeId;
use crate::access::decision::{givers, givers_among};
use crate::access::{Chain, Decision, Role, Viewer, decide, permission};
use crate::error::{Error, Result};
use crate::store;
use crate::store::assignment::AssignmentRow;

/// What may be asked about: everything that roles reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// An organization or account.
    Scope(ScopeId),
    /// A billing group.
    BillingGroup(BillingGroupId),
}

/// The answer, with the chain that decided.
pub struct Answer {
    /// What allows it: the chain and its assignment. None when it is not allowed.
    pub because: Option<(Chain, AssignmentRow)>,
    /// Roles that would give it at that scope: the catalogue's, then the organization's own.
    pub granted_by: Vec<Arc<Role>>,
    /// Set when the permission is held, but work in the account is stopped.
    pub stopped: Option<Status>,
}

/// Whether a user has a permission at a scope. Everybody may ask about themselves; about others,
/// those who manage the users of that scope.
pub async fn ask(
    app: &App,
    viewer: &Viewer,
    user_id: UserId,
    permission: &str,
    asked: Asked,
) -> Result<Answer> {
    if !app.roles.knows(permission) {
        let message =
            format!("there is no permission {permission:?}; the query `permissions` lists them");
        return Err(Error::BadInput { field: "permission", message });
    }
    let place = match asked {
        Asked::Scope(scope) => place_of(app, scope).await?,
        Asked::BillingGroup(id) => store::billing_group::by_id(&app.db, id)
            .await?
            .ok_or(Error::NotFound("billing group"))?
            .place(),
    };
    viewer.visible(&app.roles, &place)?;
    let standing = if user_id == viewer.user_id() {
        viewer.standing.clone()
    } else {
        let needed = match place.account {
            None => permission::ORGANIZATION_USERS,
            Some(_) => permission::ACCOUNT_USERS,
        };
        viewer.require(&app.roles, needed, &place)?;
        store::standing::of_user(&app.db, &app.roles, user_id)
            .await?
            .map(|person| person.standing)
            // Somebody from elsewhere does not exist here (R2).
            .filter(|standing| standing.membership(place.organization_id).is_some())
            .ok_or(Error::NotFound("user"))?
    };
    let mut granted_by = givers(&app.roles, permission, &place);
    let own = custom_roles(app, place.organization_id).await?;
    granted_by.extend(givers_among(&own, permission, &place));
    match decide(&standing, &app.roles, permission, &place, viewer.now) {
        Decision::Allowed(chain) => {
            let row = store::assignment::rows(&app.db, &[chain.assignment_id]).await?.pop();
            // An assignment that went between the two statements allows nothing any more.
            Ok(Answer { because: row.map(|row| (chain, row)), granted_by, stopped: None })
        }
        Decision::Denied(denial) => Ok(Answer {
            because: None,
            granted_by,
            stopped: denial.stopped.map(|stopped| stopped.status),
        }),
    }
}

async fn custom_roles(app: &App, organization_id: OrganizationId) -> Result<Vec<Arc<Role>>> {
    let rows = store::custom_role::of_organizations(&app.db, &[organization_id]).await?;
    Ok(rows.into_iter().map(|row| app.roles.custom(row)).collect())
}
