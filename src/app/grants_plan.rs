//! What giving somebody roles comes to: which have to be added, which have to go, and what is in the way
//! (R12, R13, R15, R22, R34).

use std::sync::Arc;

use entity::id::UserId;
use entity::role::Kind;

use super::App;
use super::customs;
use super::grants::{Others, check_role_limit};
use crate::access::{Grant, Role};
use crate::error::{UserError, UserErrorCode};
use crate::store::assignment::HeldRow;

/// What has to be removed and added so that a user holds these grants (R12, R13, R15, R34).
pub(super) fn plan<'a>(
    app: &App,
    user_id: UserId,
    held: &[&HeldRow],
    grants: &'a [Grant],
    others: Others,
) -> Result<(Vec<HeldRow>, Vec<&'a Grant>), UserError> {
    let now = app.clock.now();
    let same = |row: &HeldRow, grant: &Grant| {
        row.role_id == grant.role().id
            && row.scope_id == grant.place().scope_id()
            && row.billing_group_id == grant.resource()
    };
    let over = |row: &HeldRow| row.valid_until.is_some_and(|until| until <= now);
    let mut fresh: Vec<&Grant> = Vec::with_capacity(grants.len());
    for grant in grants {
        let stands = held.iter().any(|row| same(row, grant) && !over(row));
        if !stands && !fresh.iter().any(|earlier| earlier.is_same_as(grant)) {
            fresh.push(grant);
        }
    }
    // Another role of the same sort in the scope, which a grant does not suffer beside it.
    let cleared_by = |row: &HeldRow, grant: &Grant| {
        let role = customs::held(app, row);
        let goes = |role: Arc<Role>| match others {
            Others::Go => grant.role().is_personal() && role.is_personal(),
            Others::Stay => grant.role().clears(&role),
        };
        row.scope_id == grant.place().scope_id()
            && row.role_id != grant.role().id
            && role.is_some_and(goes)
    };
    let mut removed: Vec<HeldRow> = Vec::new();
    for row in held {
        // An exclusive role clears even when it stands already: what is there beside it is a leftover.
        let cleared = grants.iter().any(|grant| cleared_by(row, grant));
        if row.owned_scope_id.is_none() {
            // What is over would stand in the way of the same role given anew (R16).
            if cleared || over(row) && fresh.iter().any(|grant| same(row, grant)) {
                removed.push((*row).clone());
            }
        } else if cleared {
            // An owner's role stays (R22). Where it is exclusive itself, or all others were to go,
            // there is no place beside it.
            let exclusive = app.roles.get(row.role_id).is_some_and(|role| role.exclusive);
            if exclusive || others == Others::Go {
                return Err(owner_stays());
            }
        }
    }

    let built_in = |role: Option<&Arc<Role>>| role.is_some_and(|role| role.kind == Kind::BuiltIn);
    let holding = held.iter().filter(|row| built_in(app.roles.get(row.role_id))).count();
    check_role_limit(app, &user_id.to_string(), holding, fresh.iter().copied())?;
    Ok((removed, fresh))
}

fn owner_stays() -> UserError {
    let message =
        "the user owns the account: an owner's role changes only by handing over ownership";
    UserError::new(UserErrorCode::OwnerRole, "userId", message)
}
