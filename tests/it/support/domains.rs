//! Deciding about e-mail domains, in short forms.

use rolecall::app::email_domain_check;
use serde_json::{Value, json};

use super::answer::Answer;
use super::custom::mutate;
use super::dns;
use super::person::Person;
use super::server::Server;

pub(crate) const DOMAIN: &str = "id domain status txtRecordName txtRecordValue verifiedAt checkedAt
    nextCheckAt lastError reserved joinPolicy joinRole { key } joinAccount { id name } joinContact
    setBy { id } createdAt organization { id }";

/// A mutation that answers with a domain.
pub(crate) async fn change(by: &Person, mutation: &str, input: Value) -> Answer {
    mutate(by, mutation, &format!("emailDomain {{ {DOMAIN} }}"), input).await
}

/// Decides about a domain.
pub(crate) async fn rule(by: &Person, domain: &str, verdict: &str) -> Answer {
    let input = json!({ "organizationId": by.organization, "domain": domain, "verdict": verdict });
    let rule = "emailDomainRule { domain verdict createdAt createdBy { id } }";
    mutate(by, "setEmailDomainRule", rule, input).await
}

/// Takes it back.
pub(crate) async fn unrule(by: &Person, domain: &str) -> Answer {
    let input = json!({ "organizationId": by.organization, "domain": domain });
    mutate(by, "removeEmailDomainRule", "removedDomain", input).await
}

/// What was decided, each as `domain VERDICT`.
pub(crate) async fn rules(by: &Person) -> Vec<String> {
    let query = "query($id: ID!) { organization(id: $id) { emailDomainRules(first: 100) {
        nodes { domain verdict } } } }";
    let answer = by.send(query, json!({ "id": by.organization })).await;
    let at = "/organization/emailDomainRules/nodes";
    let (domains, verdicts) = (answer.texts(at, "/domain"), answer.texts(at, "/verdict"));
    domains.iter().zip(verdicts).map(|(domain, verdict)| format!("{domain} {verdict}")).collect()
}

/// Claims a domain.
pub(crate) async fn add(by: &Person, domain: &str) -> Answer {
    let input = json!({ "organizationId": by.organization, "domain": domain });
    change(by, "addEmailDomain", input).await
}

/// Has it looked up now.
pub(crate) async fn verify(by: &Person, id: &str) -> Answer {
    change(by, "verifyEmailDomain", json!({ "domainId": id })).await
}

/// Changes it; `input` holds the rest.
pub(crate) async fn update(by: &Person, id: &str, mut input: Value) -> Answer {
    input["domainId"] = json!(id);
    change(by, "updateEmailDomain", input).await
}

/// A domain that a person's organization claims.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Claim {
    pub(crate) async fn of(by: &Person, domain: &str) -> Self {
        let added = add(by, domain).await.done("addEmailDomain");
        let text = |field: &str| added.text(&format!("/addEmailDomain/emailDomain/{field}"));
        let (id, domain) = (text("id"), text("domain"));
        Self { id, domain, name: text("txtRecordName"), value: text("txtRecordValue") }
    }

    /// One that is verified.
    pub(crate) async fn proved(by: &Person, domain: &str) -> Self {
        let claim = Self::of(by, domain).await;
        claim.publish();
        verify(by, &claim.id).await.done("verifyEmailDomain");
        claim
    }

    /// Puts its record into the DNS.
    pub(crate) fn publish(&self) {
        dns::say(&self.name, dns::text(&self.value));
    }

    /// The domain as it is now.
    pub(crate) async fn now(&self, by: &Person) -> Value {
        let query =
            format!("query($id: ID!) {{ node(id: $id) {{ ... on EmailDomain {{ {DOMAIN} }} }} }}");
        by.send(&query, json!({ "id": self.id })).await.at("/node").clone()
    }
}

impl Server {
    /// Has a process look up what is due; how many domains it took.
    pub(crate) async fn look_up_domains(&self) -> usize {
        let mut count = 0;
        loop {
            match email_domain_check::run_once(&self.app).await.unwrap() {
                0 => return count,
                more => count += more,
            }
        }
    }
}
