//! Domains of an organization's own: claimed, proved by a TXT record in the DNS, and what then follows
//! for people who have an address there (R41).

use std::collections::HashMap;
use std::fmt::Write;

use entity::email_domain::{JoinPolicy, Model, Status};
use entity::id::{AccountId, DomainId, OrganizationId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::App;
use super::customs::{self, Customs};
use super::email::{self, Provider};
use super::email_domain_check::{self as check, Finding, PENDING_PAUSE};
use super::email_rule::may_decide;
use super::events::Events;
use super::grants::{self, GrantInput, Resolver, ScopeId};
use super::work::{Run, Work};
use crate::access::{Grant, Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::email_domain::{DomainRow, Given, NewDomain, Noted, Terms};

/// The most domains of one organization.
pub const DOMAINS_MAX: i64 = 100;
/// The longest word on whom to ask, in characters.
const CONTACT_MAX: usize = 500;

/// Where the record of a domain stands.
#[must_use]
pub fn record_name(domain: &str) -> String {
    format!("_rolecall-challenge.{domain}")
}

/// Claims a domain; one that is claimed already stays as it is. What its TXT record has to say is
/// random, so that nobody else's record proves it.
pub async fn add(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<DomainRow> {
    may_decide(app, viewer, organization_id)?;
    let domain = email::domain("domain", domain)?;
    check_ownable(&domain)?;
    let now = app.clock.now();
    let id: DomainId = app.random.id(now);
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), organization_id).await?;
    if let Some(there) = store::email_domain::find(work.tx(), organization_id, &domain).await? {
        return Ok(there);
    }
    if store::email_domain::count(work.tx(), organization_id).await? >= DOMAINS_MAX {
        let message = format!("at most {DOMAINS_MAX} domains in an organization");
        return Err(UserError::new(UserErrorCode::LimitReached, "domain", message).into());
    }
    let after = Some(json!({ "domain": domain }));
    let new = NewDomain {
        id,
        organization_id,
        domain,
        challenge: format!("rolecall-domain-verification={}", random_text(app)),
        set_by: viewer.user_id(),
        next_check_at: now + PENDING_PAUSE,
    };
    store::email_domain::insert(work.tx(), new, now).await?;
    work.note(organization_id, "email_domain.added", id, None, after);
    work.finish().await?;
    by_id(&app.db, id).await
}

/// 160 random bits as hexadecimal digits, which every DNS panel takes.
fn random_text(app: &App) -> String {
    app.random.bytes::<20>().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Nobody proves that the addresses of everybody are theirs.
fn check_ownable(domain: &str) -> Result<(), UserError> {
    let (provider, gives) = match email::provider(domain) {
        None => return Ok(()),
        Some(Provider::Personal(provider)) => (provider, "mailboxes to private persons"),
        Some(Provider::Disposable(provider)) => (provider, "throw-away addresses"),
    };
    let message = format!("{provider} gives {gives}: it cannot be one organization's own");
    Err(UserError::new(UserErrorCode::InvalidDomain, "domain", message).domain(provider))
}

/// Looks a domain up now. Where its record says so, it is the organization's own from here on.
pub async fn verify(app: &App, viewer: &Viewer, id: DomainId) -> Result<DomainRow> {
    let DomainRow { domain: row, .. } = managed(app, viewer, id).await?;
    // Never within a transaction: an answer may take its time.
    match check::look(app, &row).await {
        Finding::Proved => {}
        Finding::Absent(found) | Finding::Unknown(found) => return Err(not_found(&row, &found)),
    }
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), row.organization_id).await?;
    // As it is now: the daily look may have come in between. The challenge never changes.
    let now = app.clock.now();
    let (tx, events) = work.parts();
    let row = store::email_domain::models(tx, &[id]).await?.pop().ok_or_else(unknown)?;
    match check::note(app, tx, events, &row, &Finding::Proved, now).await? {
        Noted::Done => work.finish().await?,
        Noted::Overtaken => return Err(Error::Conflict("the domain changed meanwhile; try again")),
        Noted::Taken => return Err(taken(&row)),
    }
    by_id(&app.db, id).await
}

fn not_found(row: &Model, found: &str) -> Error {
    let (name, value) = (record_name(&row.domain), &row.challenge);
    let help = format!(
        "Add a TXT record {name} with the value {value}. It can take an hour or more until a change of \
         the DNS is seen everywhere."
    );
    UserError::new(UserErrorCode::DomainNotVerified, "domainId", found)
        .domain(&row.domain)
        .help(help)
        .into()
}

fn taken(row: &Model) -> Error {
    let message =
        format!("another organization has proved that {} is its own, and still does", row.domain);
    UserError::new(UserErrorCode::DomainTaken, "domainId", message)
        .domain(&row.domain)
        .help("Remove the other organization's TXT record; it is given up some days later.")
        .into()
}

/// Gives a domain up, with all that was decided about it; gives what it was.
pub async fn remove(app: &App, viewer: &Viewer, id: DomainId) -> Result<DomainId> {
    let row = managed(app, viewer, id).await?.domain;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), row.organization_id).await?;
    if !store::email_domain::remove(work.tx(), id).await? {
        return Err(unknown());
    }
    let before = Some(json!({ "domain": row.domain, "status": status(row.status) }));
    work.note(row.organization_id, "email_domain.removed", id, before, None);
    work.finish().await?;
    Ok(id)
}

/// What can be changed of a domain; what is left out stays, and what is said to be nothing goes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whether nobody else invites people there.
    pub reserved: Option<bool>,
    /// How people there come into the organization.
    pub join_policy: Option<JoinPolicy>,
    /// The key of the role that they are given, beside the default role.
    pub join_role_key: Option<Option<String>>,
    /// The account in which; none: at the organization.
    pub join_account_id: Option<Option<AccountId>>,
    /// Whom to ask.
    pub join_contact: Option<Option<String>>,
}

impl Change {
    /// Whether whoever makes the change answers for what people who join are given (R21).
    fn vouches(&self) -> bool {
        self.join_policy.is_some() || self.join_role_key.is_some() || self.join_account_id.is_some()
    }
}

/// Changes what follows for people who have an address at a domain.
pub async fn update(app: &App, viewer: &Viewer, id: DomainId, change: Change) -> Result<DomainRow> {
    let before = managed(app, viewer, id).await?.domain;
    let organization_id = before.organization_id;
    let contact = match &change.join_contact {
        Some(Some(text)) => {
            let text = crate::text::prose("joinContact", text, CONTACT_MAX)?;
            Some(text).filter(|text| !text.is_empty())
        }
        Some(None) => None,
        None => before.join_contact.clone(),
    };
    let mut after = Terms { join_contact: contact, ..Terms::from(&before) };
    after.reserved = change.reserved.unwrap_or(after.reserved);
    after.join_policy = change.join_policy.unwrap_or(after.join_policy);
    let mut grants = Vec::new();
    if change.vouches() {
        after.set_by = viewer.user_id();
        grants = promised(app, viewer, &before, &change, after.join_policy).await?;
        after.join_role_id = grants.first().map(|grant| grant.role().id);
        after.join_account_id = grants.first().and_then(|grant| grant.place().account_id());
    }
    if after.join_policy == JoinPolicy::Contact && after.join_contact.is_none() {
        let message = "whom are people to ask?";
        return Err(UserError::new(UserErrorCode::InvalidText, "joinContact", message).into());
    }

    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), organization_id).await?;
    grants::keep_open(work.tx(), organization_id, grants.iter()).await?;
    customs::confirm(app, work.tx(), organization_id, grants.iter()).await?;
    let now_there = store::email_domain::models(work.tx(), &[id]).await?.pop();
    let now_there = now_there.ok_or_else(unknown)?;
    if Terms::from(&now_there) != Terms::from(&before) {
        return Err(Error::Conflict("the domain changed meanwhile; try again"));
    }
    check_verified(&now_there, &change)?;
    if after != Terms::from(&before) {
        store::email_domain::decide(work.tx(), id, &after, app.clock.now()).await?;
        let (before, after) = (told(&Terms::from(&before)), told(&after));
        work.note(organization_id, "email_domain.updated", id, Some(before), Some(after));
    }
    work.finish().await?;
    by_id(&app.db, id).await
}

/// What people who join will be given, as far as the viewer may give it (R21); nothing is the default
/// role alone, which whoever manages the organization's users gives, as when inviting.
async fn promised(
    app: &App,
    viewer: &Viewer,
    row: &Model,
    change: &Change,
    policy: JoinPolicy,
) -> Result<Vec<Grant>> {
    let organization_id = row.organization_id;
    let key = match (&change.join_role_key, row.join_role_id) {
        (Some(key), _) => key.clone(),
        (None, None) => None,
        (None, Some(id)) => {
            let ids = std::iter::once(id);
            let customs = Customs::by_ids(app, &app.db, organization_id, ids).await?;
            customs.get(&app.roles, id).map(|role| role.key.clone())
        }
    };
    let account = change.join_account_id.unwrap_or(row.join_account_id);
    let Some(role_key) = key else {
        if change.join_account_id.flatten().is_some() {
            let message = "people who join are given a role in an account: say which";
            return Err(UserError::new(UserErrorCode::UnknownRole, "joinRoleKey", message).into());
        }
        let place = Place::organization(organization_id);
        if matches!(policy, JoinPolicy::Request | JoinPolicy::Automatic) {
            viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
            if Grant::default_role(&app.roles, place).is_none() {
                let message =
                    "people who join need a role: this catalogue has none for all members";
                let error = UserError::new(UserErrorCode::UnknownRole, "joinRoleKey", message);
                return Err(error.into());
            }
        }
        return Ok(Vec::new());
    };
    let input = GrantInput {
        role_key,
        scope: account.map_or(ScopeId::Organization(organization_id), ScopeId::Account),
        resource_id: None,
        valid_until: None,
    };
    let inputs = std::slice::from_ref(&input);
    let resolver = Resolver::load(app, organization_id, inputs.iter()).await?;
    resolver.resolve(&app.roles, &viewer.standing, inputs, viewer.now).map_err(
        |error| match error {
            Error::Refused(errors) => {
                Error::Refused(errors.into_iter().map(at_own_field).collect())
            }
            other => other,
        },
    )
}

/// A refusal of a grant, about the input field that it came from.
fn at_own_field(error: UserError) -> UserError {
    let field = match error.path.last().map(String::as_str) {
        Some("scopeId") => "joinAccountId",
        _ => "joinRoleKey",
    };
    UserError { path: vec![field.to_owned()], ..error }
}

/// What takes a proof takes it now; what lets others be takes none.
fn check_verified(row: &Model, change: &Change) -> Result<()> {
    if row.status == Status::Verified {
        return Ok(());
    }
    let opens = change.join_policy.is_some_and(|policy| policy != JoinPolicy::Invitation);
    let fields = [("reserved", change.reserved == Some(true)), ("joinPolicy", opens)];
    let refused = fields.iter().filter(|(_, asked)| *asked).map(|(path, _)| {
        let message = format!("it is not proved that {} is the organization's own", row.domain);
        UserError::new(UserErrorCode::DomainNotVerified, path, message)
            .domain(&row.domain)
            .help("Verify the domain first.")
    });
    let refused: Vec<UserError> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(Error::Refused(refused)) }
}

/// What was decided about a domain, as audit events tell it.
fn told(terms: &Terms) -> Value {
    let policy = match terms.join_policy {
        JoinPolicy::Invitation => "INVITATION",
        JoinPolicy::Contact => "CONTACT",
        JoinPolicy::Request => "REQUEST",
        JoinPolicy::Automatic => "AUTOMATIC",
    };
    json!({
        "reserved": terms.reserved,
        "joinPolicy": policy,
        "joinRole": terms.join_role_id,
        "joinAccount": terms.join_account_id,
        "joinContact": terms.join_contact,
        "setBy": terms.set_by,
    })
}

/// The status of a domain as audit events tell it.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING",
        Status::Verified => "VERIFIED",
        Status::Lapsed => "LAPSED",
    }
}

/// Leaves people who join an organization without what is going: a role, or all roles in some accounts.
/// The organization is locked.
pub(super) async fn give_no_more(
    app: &App,
    tx: &impl ConnectionTrait,
    events: &mut Events<'_>,
    organization_id: OrganizationId,
    given: Given<'_>,
) -> Result<()> {
    let now = app.clock.now();
    let touched = store::email_domain::give_no_more(tx, organization_id, given, now).await?;
    for id in touched {
        let after = Some(json!({ "joinRole": null, "joinAccount": null }));
        events.add(Some(organization_id), "email_domain.updated", id, None, after);
    }
    Ok(())
}

/// A domain of an organization about whose domains the viewer decides. For others it does not exist.
pub async fn find(app: &App, viewer: &Viewer, id: DomainId) -> Result<DomainRow> {
    match managed(app, viewer, id).await {
        Err(Error::Forbidden(_)) => Err(unknown()),
        found => found,
    }
}

/// A domain, for those who decide about the organization's domains; forbidden for its other members.
async fn managed(app: &App, viewer: &Viewer, id: DomainId) -> Result<DomainRow> {
    let row = by_id(&app.db, id).await?;
    viewer
        .visible(&app.roles, &Place::organization(row.domain.organization_id))
        .map_err(|_| unknown())?;
    may_decide(app, viewer, row.domain.organization_id)?;
    Ok(row)
}

async fn by_id(db: &impl ConnectionTrait, id: DomainId) -> Result<DomainRow> {
    store::email_domain::by_id(db, id).await?.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::NotFound("e-mail domain")
}

/// The domains of those organizations among these about whose domains the viewer decides, by name.
pub async fn of_organizations(
    app: &App,
    viewer: &Viewer,
    ids: &[OrganizationId],
) -> Result<HashMap<OrganizationId, Vec<DomainRow>>> {
    let decides = |id: &OrganizationId| may_decide(app, viewer, *id).is_ok();
    let ids: Vec<OrganizationId> = ids.iter().copied().filter(decides).collect();
    let mut lists: HashMap<_, Vec<DomainRow>> = ids.iter().map(|id| (*id, Vec::new())).collect();
    for row in store::email_domain::of_organizations(&app.db, &ids).await? {
        lists.entry(row.domain.organization_id).or_default().push(row);
    }
    Ok(lists)
}
