//! Accounts: creating them, switching to them, landing in them (R22, R24, R25, R62–R65).

use std::collections::BTreeSet;

use entity::id::{AccountId, OrganizationId, UserId};
use entity::membership::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::events::Events;
use super::session::{Tokens, issue};
use crate::access::{Authority, Holding, Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::account::{AccountRow, NewAccount};
use crate::store::account_page::Reached;
use crate::store::list::List;
use crate::store::page::Window;

/// What creating an account takes.
pub struct CreateAccount {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The name.
    pub name: String,
    /// The account above, for a subaccount.
    pub parent_id: Option<AccountId>,
}

/// Creates an account, whose Owner the creator becomes (R22), or a subaccount, which its parent's
/// Owner serves. A service user owns nothing: what it creates is the organization's Owner's.
pub async fn create(app: &App, viewer: &Viewer, input: CreateAccount) -> Result<AccountRow> {
    let name = crate::text::name("name", &input.name)?;
    let organization_id = input.organization_id;
    let authority = match input.parent_id {
        Some(parent_id) => below(app, viewer, organization_id, parent_id).await?,
        None => top_level(app, viewer, organization_id).await?,
    };
    let now = app.clock.now();
    let id = app.random.id(now);
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    still_there(&tx, authority.actor(), organization_id, input.parent_id).await?;
    check_limit(app, &tx, organization_id, input.parent_id).await?;
    if input.parent_id.is_none() {
        let owner = if viewer.is_service_user() {
            let organization = store::organization::by_id(&tx, organization_id).await?;
            organization.ok_or(Error::NotFound("organization"))?.owner.id
        } else {
            authority.actor()
        };
        open(app, &tx, owner, organization_id, id, &name).await?;
    } else {
        let new =
            NewAccount { id, organization_id, parent_id: input.parent_id, name: name.clone() };
        store::account::insert(&tx, new, now).await?;
    }
    let mut events = Events::by(app, authority.actor());
    let after = json!({ "name": name, "parent": input.parent_id });
    events.add(Some(organization_id), "account.created", id, None, Some(after));
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// The authority to create a top-level account: an administrator's, or any member's where the
/// organization allows that (R25).
async fn top_level(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
) -> Result<Authority> {
    let place = Place::organization(organization_id);
    let denied = match viewer.require(&app.roles, permission::ORGANIZATION_ACCOUNTS, &place) {
        Err(denied @ Error::Forbidden(_)) => denied,
        decided => return decided,
    };
    let open_to_members = store::organization::by_id(&app.db, organization_id)
        .await?
        .is_some_and(|organization| organization.standard_users_create_accounts);
    if open_to_members && viewer.standing.active_membership(organization_id).is_some() {
        return Ok(Authority::by_rule(viewer.user_id(), place));
    }
    Err(denied)
}

/// The authority to create a subaccount: over its parent, or over the organization's accounts.
async fn below(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    parent_id: AccountId,
) -> Result<Authority> {
    let parent =
        store::account::place(&app.db, parent_id).await?.ok_or(Error::NotFound("account"))?;
    viewer.visible(&app.roles, &parent)?;
    if parent.organization_id != organization_id {
        return Err(Error::NotFound("account"));
    }
    let refuse = |code, message: &str| Err(UserError::new(code, "parentAccountId", message).into());
    if parent.account.as_ref().is_some_and(|account| account.parent_id.is_some()) {
        return refuse(UserErrorCode::NestedSubaccount, "a subaccount cannot have subaccounts");
    }
    if parent.stopped().is_some() {
        return refuse(
            UserErrorCode::AccountNotActive,
            "the parent account is suspended or closed",
        );
    }
    viewer.require(&app.roles, permission::ACCOUNT_SETTINGS, &parent)
}

/// What the authority rested on may be gone since: the membership, or the account above. Now that the
/// organization is locked, it stays.
async fn still_there(
    tx: &impl ConnectionTrait,
    actor: UserId,
    organization_id: OrganizationId,
    parent_id: Option<AccountId>,
) -> Result<()> {
    if store::membership::status(tx, organization_id, actor).await?.is_none() {
        return Err(Error::NotFound("organization"));
    }
    let parent: Vec<AccountId> = parent_id.into_iter().collect();
    let open = store::account_life::keep_open(tx, organization_id, &parent).await?;
    if open.len() != parent.len() {
        return Err(Error::Conflict("the parent account was closed meanwhile; try again"));
    }
    Ok(())
}

async fn check_limit(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    parent_id: Option<AccountId>,
) -> Result<()> {
    let (limit, what) = match parent_id {
        None => (app.config.accounts_per_organization, "accounts in an organization"),
        Some(_) => (app.config.subaccounts_per_account, "subaccounts of an account"),
    };
    let count = store::account::count(tx, organization_id, parent_id).await?;
    if count >= i64::from(limit) {
        let message = format!("at most {limit} {what}, there are {count}");
        return Err(UserError::new(UserErrorCode::LimitReached, "", message).into());
    }
    Ok(())
}

/// A top-level account with its owner's assignment, which the database asks for.
pub(super) async fn open(
    app: &App,
    tx: &impl ConnectionTrait,
    owner: UserId,
    organization_id: OrganizationId,
    id: AccountId,
    name: &str,
) -> Result<()> {
    let now = app.clock.now();
    let new = NewAccount { id, organization_id, parent_id: None, name: name.to_owned() };
    store::account::insert(tx, new, now).await?;
    let (role, assignment) = (app.roles.account_owner(), app.random.id(now));
    store::assignment::insert_owner(tx, assignment, organization_id, Some(id), owner, role, now)
        .await?;
    Ok(())
}

/// Works in another account from here on: new tokens, one step (R63).
pub async fn switch(app: &App, viewer: &Viewer, id: AccountId) -> Result<(Tokens, AccountRow)> {
    let session_id = viewer.session_id()?;
    let row = enterable(app, viewer, id).await?;
    let tx = store::begin(&app.db).await?;
    let place = Some((row.id, row.organization_id));
    let tokens = issue(app, &tx, viewer.user_id(), session_id, place).await?;
    store::user::entered(&tx, viewer.user_id(), row.id).await?;
    let mut events = Events::by(app, viewer.user_id());
    // Where they come from is nobody's business in another organization (R2).
    let from = viewer.account_id.filter(|_| viewer.organization_id == Some(row.organization_id));
    let before = from.map(|id| json!({ "account": id }));
    events.add(
        Some(row.organization_id),
        "session.switched_account",
        session_id,
        before,
        Some(json!({ "account": row.id })),
    );
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok((tokens, row))
}

/// Makes an account the one where sign-in lands (R64).
pub async fn set_default(app: &App, viewer: &Viewer, id: AccountId) -> Result<AccountRow> {
    viewer.session_id()?;
    let row = enterable(app, viewer, id).await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    store::user::set_default_account(&tx, viewer.user_id(), row.id, now).await?;
    let mut events = Events::by(app, viewer.user_id());
    let after = json!({ "defaultAccount": row.id });
    events.add(
        Some(row.organization_id),
        "user.default_account_set",
        viewer.user_id(),
        None,
        Some(after),
    );
    events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    Ok(row)
}

/// An account that the viewer may work in.
async fn enterable(app: &App, viewer: &Viewer, id: AccountId) -> Result<AccountRow> {
    let (row, place) = seen(app, viewer, id).await?;
    if let Some(status) =
        place.stopped().filter(|status| *status != entity::account::Status::PendingClosure)
    {
        let message = format!("{} is {}: nobody can work in it", row.name, status.words());
        return Err(UserError::new(UserErrorCode::AccountNotActive, "accountId", message).into());
    }
    viewer.require(&app.roles, permission::ACCOUNT_ACCESS, &place)?;
    Ok(row)
}

/// The viewer working in another account for this one request (R63): a wrong one is refused, as it
/// would be by [`switch`].
pub async fn enter(app: &App, mut viewer: Viewer, id: AccountId) -> Result<Viewer> {
    let row = enterable(app, &viewer, id).await?;
    viewer.account_id = Some(id);
    viewer.organization_id = Some(row.organization_id);
    Ok(viewer)
}

/// An account that exists for the viewer.
pub async fn visible(app: &App, viewer: &Viewer, id: AccountId) -> Result<AccountRow> {
    seen(app, viewer, id).await.map(|(row, _)| row)
}

/// An account that exists for the viewer, with the place that their roles are decided at.
async fn seen(app: &App, viewer: &Viewer, id: AccountId) -> Result<(AccountRow, Place)> {
    let row = by_id(app, id).await?;
    let place = if viewer.holds_resource_roles(row.organization_id) {
        store::account::place(&app.db, id).await?.ok_or(Error::NotFound("account"))?
    } else {
        row.place()
    };
    viewer.visible(&app.roles, &place)?;
    Ok((row, place))
}

async fn by_id(app: &App, id: AccountId) -> Result<AccountRow> {
    store::account::rows(&app.db, &[id]).await?.pop().ok_or(Error::NotFound("account"))
}

/// The accounts that the viewer reaches (R62): all, an organization's, or the subaccounts of one.
#[must_use]
pub fn list(
    viewer: &Viewer,
    organization_id: Option<OrganizationId>,
    parent_id: Option<AccountId>,
    window: Window,
) -> List<AccountRow> {
    let mut reached = Reached::default();
    for membership in &viewer.standing.memberships {
        let id = membership.organization_id;
        if membership.status != Status::Active || organization_id.is_some_and(|only| only != id) {
            continue;
        }
        let enters = |holding: &&Holding| {
            let role = holding.role.as_ref();
            holding.counts_at(viewer.now)
                && holding.billing_group_id.is_none()
                && role.is_some_and(|role| role.permissions.contains(permission::ACCOUNT_ACCESS))
        };
        let held = membership.holdings.iter().filter(enters).map(|holding| holding.account_id);
        let held: BTreeSet<Option<AccountId>> = held.collect();
        if held.contains(&None) {
            reached.organizations.push(id);
        } else {
            reached.accounts.extend(held.into_iter().flatten());
        }
    }
    store::account_page::list(&reached, parent_id, window)
}

/// The account, if the viewer can work in it now.
pub async fn usable(app: &App, viewer: &Viewer, id: AccountId) -> Result<Option<AccountRow>> {
    match enterable(app, viewer, id).await {
        Ok(row) => Ok(Some(row)),
        Err(Error::NotFound(_) | Error::Forbidden(_) | Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The account that the viewer chose to land in, if they can work in it now.
pub async fn default(app: &App, viewer: &Viewer) -> Result<Option<AccountRow>> {
    let user =
        store::user::by_id(&app.db, viewer.user_id()).await?.ok_or(Error::Unauthenticated)?;
    match user.default_account_id {
        Some(id) => usable(app, viewer, id).await,
        None => Ok(None),
    }
}
