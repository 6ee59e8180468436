//! Whom an organization invites, by the domain of the address (R41): the lists of providers, what the
//! organization allows and blocks, and what others have reserved.

use std::collections::HashMap;

use entity::email_domain_rule::Verdict;
use entity::id::OrganizationId;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::email::{self, Address};
use super::work::{Run, Work};
use crate::access::{Place, Viewer, permission};
use crate::error::{Result, UserError, UserErrorCode};
use crate::store;
use crate::store::email_rule::{Known, RuleRow};

/// The most rules of one organization.
pub const RULES_MAX: i64 = 1000;

/// Allows or blocks a domain, and those below it that no rule of their own is about.
pub async fn set(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    domain: &str,
    verdict: Verdict,
) -> Result<RuleRow> {
    may_decide(app, viewer, organization_id)?;
    let domain = email::domain("domain", domain)?;
    let (created_by, created_at) = (Some(viewer.user_id()), app.clock.now());
    let rule = RuleRow { organization_id, domain, verdict, created_by, created_at };
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), organization_id).await?;
    let before = store::email_rule::find(work.tx(), organization_id, &rule.domain).await?;
    match &before {
        Some(before) if before.verdict == verdict => return Ok(before.clone()),
        Some(_) => {}
        None if store::email_rule::count(work.tx(), organization_id).await? < RULES_MAX => {}
        None => {
            let message = format!("at most {RULES_MAX} rules about domains in an organization");
            return Err(UserError::new(UserErrorCode::LimitReached, "domain", message).into());
        }
    }
    store::email_rule::set(work.tx(), &rule).await?;
    let (before, after) = (before.as_ref().map(told), Some(told(&rule)));
    work.note(organization_id, "email_domain_rule.set", organization_id, before, after);
    work.finish().await?;
    Ok(rule)
}

/// Takes a rule back; gives the domain that it was about.
pub async fn remove(
    app: &App,
    viewer: &Viewer,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<String> {
    may_decide(app, viewer, organization_id)?;
    let domain = email::domain("domain", domain)?;
    let mut work = Work::begin(app, viewer, Run::Real).await?;
    store::membership::lock_organization(work.tx(), organization_id).await?;
    let before = store::email_rule::find(work.tx(), organization_id, &domain).await?;
    let Some(before) = before else {
        let message = format!("there is no rule about {domain}");
        let error = UserError::new(UserErrorCode::NotFound, "domain", message);
        return Err(error.domain(&domain).into());
    };
    store::email_rule::remove(work.tx(), organization_id, &domain).await?;
    let before = Some(told(&before));
    work.note(organization_id, "email_domain_rule.removed", organization_id, before, None);
    work.finish().await?;
    Ok(domain)
}

/// Whether the viewer decides about an organization's domains. Nobody else sees what was decided.
pub fn may_decide(app: &App, viewer: &Viewer, organization_id: OrganizationId) -> Result<()> {
    let place = Place::organization(organization_id);
    viewer.require(&app.roles, permission::ORGANIZATION_DOMAINS, &place).map(drop)
}

/// The rules of those organizations among these about whose domains the viewer decides, by domain.
pub async fn of_organizations(
    app: &App,
    viewer: &Viewer,
    ids: &[OrganizationId],
) -> Result<HashMap<OrganizationId, Vec<RuleRow>>> {
    let decides = |id: &OrganizationId| may_decide(app, viewer, *id).is_ok();
    let ids: Vec<OrganizationId> = ids.iter().copied().filter(decides).collect();
    let mut lists: HashMap<_, Vec<RuleRow>> = ids.iter().map(|id| (*id, Vec::new())).collect();
    for row in store::email_rule::of_organizations(&app.db, &ids).await? {
        lists.entry(row.organization_id).or_default().push(row);
    }
    Ok(lists)
}

/// A rule as audit events tell it.
fn told(rule: &RuleRow) -> serde_json::Value {
    let verdict = match rule.verdict {
        Verdict::Allow => "ALLOW",
        Verdict::Block => "BLOCK",
    };
    json!({ "domain": rule.domain, "verdict": verdict })
}

/// Why people at these addresses may not be invited by an organization: one answer for each address, in
/// their order, about the field at `path`; in one statement, however many they are.
///
/// The most specific rule of the organization decides: what it blocks is refused, and what it allows is
/// not held against the lists of providers. What another organization has reserved is refused unless the
/// inviting one has proved that the address's domain, or one between the two, is its own.
pub(super) async fn unwelcome(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    addresses: &[&Address],
    path: &str,
) -> Result<Vec<Option<UserError>>> {
    let mut names: Vec<&str> =
        addresses.iter().flat_map(|address| email::lineage(address.domain())).collect();
    names.sort_unstable();
    names.dedup();
    let known = store::email_rule::known(db, organization_id, &names).await?;
    Ok(addresses.iter().map(|address| check(address, &known, path).err()).collect())
}

fn check(address: &Address, known: &[Known], path: &str) -> Result<(), UserError> {
    let nearest = |of: fn(&Known) -> bool| {
        email::lineage(address.domain())
            .find_map(|name| known.iter().find(|known| known.domain == name && of(known)))
    };
    let rule = nearest(|known| known.verdict.is_some());
    if let Some(Known { domain, verdict: Some(Verdict::Block), .. }) = rule {
        let message = format!("the organization does not invite people at {domain}");
        return Err(UserError::new(UserErrorCode::BlockedEmailDomain, path, message)
            .domain(domain)
            .help("Those who decide about the organization's domains can allow it."));
    }
    if let Some(Known { domain, reserved: true, .. }) = nearest(|known| known.own || known.reserved)
    {
        let message =
            format!("only the organization that {domain} belongs to invites people there");
        return Err(UserError::new(UserErrorCode::DomainReserved, path, message)
            .domain(domain)
            .help("Ask the person for another address, or that organization to allow it."));
    }
    if rule.is_some() { Ok(()) } else { address.require_work(path) }
}
