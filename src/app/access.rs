//! Asking what somebody may do (R28, R29).

use std::sync::Arc;

use entity::account::Status;
use entity::id::UserId;

use super::App;
use super::assignment::place_of;
use super::grants::ScopeId;
use crate::access::{Chain, Decision, Role, Viewer, decide, permission};
use crate::error::{Error, Result};
use crate::store;
use crate::store::assignment::AssignmentRow;

/// The answer, with the chain that decided.
pub struct Answer {
    /// What allows it: the chain and its assignment. None when it is not allowed.
    pub because: Option<(Chain, AssignmentRow)>,
    /// Roles that would give it at that scope.
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
    scope: ScopeId,
) -> Result<Answer> {
    let known =
        |key: &str| app.roles.catalogue().permissions.iter().any(|p| p.permission.as_str() == key);
    if !known(permission) {
        let message =
            format!("there is no permission {permission:?}; the query `permissions` lists them");
        return Err(Error::BadInput { field: "permission", message });
    }
    let place = place_of(app, scope).await?;
    viewer.visible(&app.roles, &place)?;
    let standing = if user_id == viewer.user_id() {
        viewer.standing.clone()
    } else {
        let needed = match place.account {
            None => permission::ORGANIZATION_USERS,
            Some(_) => permission::ACCOUNT_USERS,
        };
        viewer.require(&app.roles, needed, &place)?;
        store::standing::of_user(&app.db, user_id)
            .await?
            .map(|person| person.standing)
            // Somebody from elsewhere does not exist here (R2).
            .filter(|standing| standing.membership(place.organization_id).is_some())
            .ok_or(Error::NotFound("user"))?
    };
    match decide(&standing, &app.roles, permission, &place, viewer.now) {
        Decision::Allowed(chain) => {
            let row = store::assignment::rows(&app.db, &[chain.assignment_id]).await?.pop();
            let granted_by = crate::access::decision::givers(&app.roles, permission, &place);
            // An assignment that went between the two statements allows nothing any more.
            Ok(Answer { because: row.map(|row| (chain, row)), granted_by, stopped: None })
        }
        Decision::Denied(denial) => Ok(Answer {
            because: None,
            granted_by: denial.granted_by,
            stopped: denial.stopped.map(|stopped| stopped.status),
        }),
    }
}
