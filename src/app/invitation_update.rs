//! Changing what a pending invitation promises (R47).

use entity::id::InvitationId;
use serde_json::{Value, json};

use super::App;
use super::assignment::role_key;
use super::customs;
use super::events::Events;
use super::grants::{GRANTS_MAX, GrantInput, Resolver, check_role_limit, keep_open};
use super::invitation_admin::{administered, may_take_back, not_pending, row};
use super::invitation_write::describe;
use crate::access::Viewer;
use crate::error::{Result, UserError, UserErrorCode};
use crate::store;
use crate::store::invitation::GrantRow;
use crate::store::invitation_page::InvitationRow;

/// Puts these grants in the place of those that a pending invitation promises; its link stays. Who
/// changes them vouches for all of them from here on, as who resends does (R21). Nobody takes away what
/// they could not have given, unless the invitation is theirs.
pub async fn update(
    app: &App,
    viewer: &Viewer,
    id: InvitationId,
    inputs: &[GrantInput],
) -> Result<InvitationRow> {
    let (before, old) = administered(app, viewer, id).await?;
    if !(1..=GRANTS_MAX).contains(&inputs.len()) {
        let message = format!("1 to {GRANTS_MAX} grants, got {}", inputs.len());
        return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
    }
    let organization_id = before.organization_id;
    let resolver = Resolver::load(app, organization_id, inputs.iter()).await?;
    let grants = resolver.resolve(&app.roles, &viewer.standing, inputs, viewer.now)?;
    may_take_back(app, viewer, &before, &old).await?;
    check_role_limit(app, "somebody new", 0, grants.iter())?;

    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    if !store::invitation::vouch(&tx, id, viewer.user_id(), now).await? {
        return Err(not_pending());
    }
    keep_open(&tx, organization_id, grants.iter()).await?;
    customs::confirm(app, &tx, organization_id, grants.iter()).await?;
    store::invitation::replace_grants(&tx, organization_id, id, &grants, &app.random, now).await?;
    let mut events = Events::by(app, viewer.user_id());
    let given: Vec<Value> = grants.iter().map(describe).collect();
    let taken: Vec<Value> = old.iter().map(|row| promised(app, row)).collect();
    let (was, is) = (json!({ "grants": taken }), json!({ "grants": given }));
    events.add(Some(organization_id), "invitation.updated", id, Some(was), Some(is));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    row(app, id).await
}

/// A promise as audit events tell it.
fn promised(app: &App, row: &GrantRow) -> Value {
    let scope = row.account_id.map_or_else(|| row.organization_id.to_string(), |id| id.to_string());
    json!({
        "role": role_key(app, row.role_id, row.custom_role_key.as_deref()),
        "scope": scope,
        "validUntil": row.valid_until,
    })
}
