//! What organizations decided about e-mail domains, and what stands in the way of inviting people there.

use chrono::{DateTime, Utc};
use entity::email_domain_rule::Verdict;
use entity::id::{OrganizationId, UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::sql::Sql;

/// What an organization decided about one domain.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct RuleRow {
    /// Who decided.
    pub organization_id: OrganizationId,
    /// The domain, in ASCII and lower case.
    pub domain: String,
    /// What it decided.
    pub verdict: Verdict,
    /// Who said so for it, unless that identity is erased.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

fn select() -> Sql {
    Sql::new(
        "SELECT r.organization_id, r.domain, r.verdict, r.created_by, r.created_at
        FROM email_domain_rules r WHERE ",
    )
}

/// All rules of these organizations, by domain.
pub async fn of_organizations(
    db: &impl ConnectionTrait,
    ids: &[OrganizationId],
) -> Result<Vec<RuleRow>, DbErr> {
    let mut sql = select();
    sql.push("r.organization_id IN ").list(ids.iter().copied()).push(" ORDER BY r.domain");
    let mut rows: Vec<RuleRow> = sql.all(db).await?;
    // A database may sort by the rules of some language; pages are cut by bytes.
    rows.sort_by(|one, other| one.domain.cmp(&other.domain));
    Ok(rows)
}

/// What an organization decided about just this domain.
pub async fn find(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<Option<RuleRow>, DbErr> {
    let mut sql = select();
    sql.push("r.organization_id = ").bind(organization_id).push(" AND r.domain = ").bind(domain);
    sql.one(db).await
}

/// How many rules an organization has.
pub async fn count(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<i64, DbErr> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM email_domain_rules WHERE organization_id = ");
    sql.bind(organization_id);
    sql.count(db).await
}

/// Writes a rule, in the place of the one that there was about the domain.
pub async fn set(db: &impl ConnectionTrait, rule: &RuleRow) -> Result<(), DbErr> {
    let mut sql = Sql::new(
        "INSERT INTO email_domain_rules (organization_id, domain, verdict, created_by, created_at)
        VALUES (",
    );
    sql.bind(rule.organization_id).push(", ").bind(rule.domain.clone()).push(", ");
    sql.bind(rule.verdict).push(", ").bind(rule.created_by).push(", ").bind(rule.created_at);
    sql.push(
        ") ON CONFLICT (organization_id, domain) DO UPDATE SET verdict = excluded.verdict,
            created_by = excluded.created_by, created_at = excluded.created_at",
    );
    sql.execute(db).await.map(drop)
}

/// Removes a rule; tells whether there was one.
pub async fn remove(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    domain: &str,
) -> Result<bool, DbErr> {
    let mut sql = Sql::new("DELETE FROM email_domain_rules WHERE organization_id = ");
    sql.bind(organization_id).push(" AND domain = ").bind(domain);
    Ok(sql.execute(db).await? == 1)
}

/// What is known of a domain when an organization wants to invite people there.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Known {
    /// The domain.
    pub domain: String,
    /// What the organization decided about it.
    pub verdict: Option<Verdict>,
    /// Whether it is the organization's own.
    pub own: bool,
    /// Whether it is another one's, which lets nobody else invite people there.
    pub reserved: bool,
}

/// What is known of these domains to an organization that invites, in one statement; none is no
/// statement. A domain that nothing is known of is left out.
pub async fn known(
    db: &impl ConnectionTrait,
    organization_id: OrganizationId,
    domains: &[&str],
) -> Result<Vec<Known>, DbErr> {
    if domains.is_empty() {
        return Ok(Vec::new());
    }
    let names = || domains.iter().map(|domain| (*domain).to_owned());
    let mut sql = Sql::new(
        "SELECT r.domain, r.verdict, false AS own, false AS reserved FROM email_domain_rules r
        WHERE r.organization_id = ",
    );
    sql.bind(organization_id).push(" AND r.domain IN ").list(names());
    sql.push(" UNION ALL SELECT d.domain, NULL, d.organization_id = ").bind(organization_id);
    sql.push(", d.organization_id <> ").bind(organization_id);
    sql.push(" FROM email_domains d WHERE d.status = 'VERIFIED' AND d.domain IN ").list(names());
    sql.push(" AND (d.reserved OR d.organization_id = ").bind(organization_id).push(")");
    sql.all(db).await
}
