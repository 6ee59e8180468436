//! Batches of what organizations decided about e-mail domains.

use std::sync::Arc;

use async_graphql::dataloader::Loader as BatchLoader;
use entity::id::OrganizationId;

use super::loader::{Loaded, Loader};
use crate::app;
use crate::error::Error;
use crate::store::email_domain::DomainRow;
use crate::store::email_rule::RuleRow;

/// All rules of an organization about domains, by domain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct EmailDomainRulesOf(pub(super) OrganizationId);

impl BatchLoader<EmailDomainRulesOf> for Loader {
    type Value = Arc<[RuleRow]>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[EmailDomainRulesOf]) -> Loaded<EmailDomainRulesOf, Self::Value> {
        let viewer = self.0.viewer().await?;
        let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
        let lists = app::email_rule::of_organizations(&self.0.app, &viewer, &ids).await?;
        Ok(lists.into_iter().map(|(id, rows)| (EmailDomainRulesOf(id), rows.into())).collect())
    }
}

/// All domains of an organization, by name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct EmailDomainsOf(pub(super) OrganizationId);

impl BatchLoader<EmailDomainsOf> for Loader {
    type Value = Arc<[DomainRow]>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[EmailDomainsOf]) -> Loaded<EmailDomainsOf, Self::Value> {
        let viewer = self.0.viewer().await?;
        let ids: Vec<OrganizationId> = keys.iter().map(|key| key.0).collect();
        let lists = app::email_domain::of_organizations(&self.0.app, &viewer, &ids).await?;
        Ok(lists.into_iter().map(|(id, rows)| (EmailDomainsOf(id), rows.into())).collect())
    }
}
