//! The life of an organization: founding, changing, deleting (R22–R25, R65).

use entity::id::{AccountId, OrganizationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::consequences::Consequences;
use super::ends::ends_with_organization;
use super::events::Events;
use super::invitation::LIFETIME_HOURS;
use super::work::{Run, Work};
use crate::access::{Place, Viewer, permission};
use crate::error::{Error, Result, UserError};
use crate::store;
use crate::store::account::AccountRow;
use crate::store::organization::{OrganizationRow, Settings};

/// An organization to be, with its first account.
pub(super) struct Founding {
    pub(super) organization_id: OrganizationId,
    pub(super) organization_name: String,
    pub(super) account_id: AccountId,
    pub(super) account_name: String,
}

impl Founding {
    pub(super) fn new(app: &App, organization_name: String, account_name: String) -> Self {
        let now = app.clock.now();
        Self {
            organization_id: app.random.id(now),
            organization_name,
            account_id: app.random.id(now),
            account_name,
        }
    }

    /// Makes the organization and the account. Who founds it is its first member, and the Owner of both
    /// (R22).
    pub(super) async fn carry_out(
        &self,
        app: &App,
        tx: &impl ConnectionTrait,
        events: &mut Events<'_>,
        owner: UserId,
    ) -> Result<()> {
        let (id, now) = (self.organization_id, app.clock.now());
        store::organization::insert(tx, id, &self.organization_name, now).await?;
        store::membership::insert(tx, app.random.id(now), id, owner, now).await?;
        let role = app.roles.organization_owner();
        store::assignment::insert_owner(tx, app.random.id(now), id, None, owner, role, now).await?;
        super::account::open(app, tx, owner, id, self.account_id, &self.account_name).await?;
        let name = |name: &str| Some(json!({ "name": name }));
        events.add(Some(id), "organization.created", id, None, name(&self.organization_name)).add(
            Some(id),
            "account.created",
            self.account_id,
            None,
            name(&self.account_name),
        );
        Ok(())
    }
}

/// The names of an organization and its first account, checked; the account has the organization's where
/// it has none of its own.
pub(super) fn names(
    errors: &mut Vec<UserError>,
    organization: (&str, &str),
    account: Option<(&str, &str)>,
) -> (String, String) {
    let mut check = |(path, name): (&str, &str)| {
        crate::text::name(path, name).unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        })
    };
    let organization = check(organization);
    let account = account.map_or_else(|| organization.clone(), check);
    (organization, account)
}

/// Creates another organization of the viewer's, with its first account (R65).
pub async fn create(
    app: &App,
    viewer: &Viewer,
    name: &str,
    account_name: Option<&str>,
) -> Result<(OrganizationRow, AccountRow)> {
    viewer.session_id()?;
    let mut errors = Vec::new();
    let account_name = account_name.map(|name| ("accountName", name));
    let (name, account_name) = names(&mut errors, ("name", name), account_name);
    if !errors.is_empty() {
        return Err(Error::Refused(errors));
    }
    let founding = Founding::new(app, name, account_name);
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    // Who deletes themselves at the same time founds nothing.
    let founder = store::user::by_email_locked(work.tx(), &viewer.email_key).await?;
    if founder.is_none_or(|founder| founder.id != viewer.user_id()) {
        return Err(Error::Conflict("the address changed meanwhile; try again"));
    }
    let mut events = Events::by(app, viewer.user_id());
    founding.carry_out(app, work.tx(), &mut events, viewer.user_id()).await?;
    work.events().append(events);
    let organization = store::organization::by_id(work.tx(), founding.organization_id).await?;
    let account = store::account::rows(work.tx(), &[founding.account_id]).await?.pop();
    work.finish().await?;
    let made = organization.zip(account);
    made.ok_or_else(|| Error::Internal("the organization just made is not there".to_owned()))
}

/// What can be changed of an organization; what is left out stays.
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// Whether standard users may create accounts (R25).
    pub standard_users_create_accounts: Option<bool>,
    /// How long invitations stand when the call does not say (R45).
    pub invitation_hours: Option<i64>,
}

/// Changes an organization's name and settings.
pub async fn update(
    app: &App,
    viewer: &Viewer,
    id: OrganizationId,
    change: Change,
) -> Result<OrganizationRow> {
    let mut errors = Vec::new();
    let name = change.name.map(|name| crate::text::name("name", &name)).transpose();
    let name = name.unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    if let Some(hours) = change.invitation_hours.filter(|hours| !LIFETIME_HOURS.contains(hours)) {
        errors.push(super::invitation::bad_lifetime("invitationExpiresInHours", hours));
    }
    viewer.require(&app.roles, permission::ORGANIZATION_SETTINGS, &Place::organization(id))?;
    if !errors.is_empty() {
        return Err(Error::Refused(errors));
    }
    let gone = || Error::NotFound("organization");
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), id).await?;
    let before = store::organization::by_id(work.tx(), id).await?.ok_or_else(gone)?;
    let old = Settings {
        name: before.name,
        standard_users_create_accounts: before.standard_users_create_accounts,
        invitation_hours: before.invitation_hours,
    };
    let new = Settings {
        name: name.unwrap_or_else(|| old.name.clone()),
        standard_users_create_accounts: change
            .standard_users_create_accounts
            .unwrap_or(old.standard_users_create_accounts),
        invitation_hours: change.invitation_hours.unwrap_or(old.invitation_hours),
    };
    if new != old {
        if !store::organization::update(work.tx(), id, &new, app.clock.now()).await? {
            return Err(gone());
        }
        work.note(id, "organization.updated", id, Some(told(&old)), Some(told(&new)));
    }
    let after = store::organization::by_id(work.tx(), id).await?.ok_or_else(gone)?;
    work.finish().await?;
    Ok(after)
}

/// An organization's settings as audit events tell them.
fn told(settings: &Settings) -> serde_json::Value {
    json!({
        "name": settings.name,
        "standardUsersCreateAccounts": settings.standard_users_create_accounts,
        "invitationExpiresInHours": settings.invitation_hours,
    })
}

/// Deletes an organization with all that belongs to it (R23). Users keep their identities, and what was
/// recorded stays.
pub async fn delete(
    app: &App,
    viewer: &Viewer,
    id: OrganizationId,
    run: Run,
) -> Result<Consequences> {
    viewer.require(&app.roles, permission::ORGANIZATION_DELETE, &Place::organization(id))?;
    let mut work = Work::begin(app, viewer, run).await?;
    store::membership::lock_whole_organization(work.tx(), id).await?;
    let consequences = ends_with_organization(&mut work, id).await?;
    work.finish().await?;
    Ok(consequences)
}
