//! What people do to what there is: who owns it, custom roles, accounts that are stopped, members who
//! are suspended or removed.

use entity::id::{AccountId, OfferId, OrganizationId, UserId};
use entity::ownership_offer::{self, Status};
use rolecall::store;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::house::{Deed, House};
use super::model::Snapshot;
use super::steps::Life;

/// What custom roles are made of.
const MADE_OF: [&[&str]; 3] = [
    &["account.access.use"],
    &["account.access.use", "account.settings.manage"],
    &["account.access.use", "account.users.manage"],
];

impl House {
    /// Does such a step.
    pub(super) async fn live(&mut self, now: &Snapshot, step: &Life) -> Deed {
        match step {
            Life::Offer { to, at } => {
                let place = self.place(now, None, *at);
                let Some(owner) = now.owner_of(place) else { return Deed::default() };
                let (by, to) = (self.person_of(owner), self.person(*to));
                let input = json!({ "scopeId": now.place_text(place), "userId": to.id });
                self.deed(&by, self.call(&by, "offerOwnership", input).await)
            }
            Life::AcceptOffer { which } => self.accept_offer(*which).await,
            Life::CreateRole { by, holds } => {
                let by = self.person(*by);
                let permissions = MADE_OF[usize::from(*holds) % MADE_OF.len()];
                let key = format!("made_{}", self.next());
                let input = json!({
                    "organizationId": self.organization, "key": key, "name": key,
                    "permissions": permissions,
                });
                self.deed(&by, self.call(&by, "createCustomRole", input).await)
            }
            Life::DeleteRole { by, which, role } => {
                let customs = &now.customs;
                let which = usize::from(*which) % customs.len().max(1);
                let Some(deleted) = customs.get(which) else { return Deed::default() };
                // The first is whoever owns the organization now.
                let by = if *by == 0 { self.person_of(now.owner()) } else { self.person(*by) };
                let other = self.general(*role);
                let input = json!({
                    "roleId": deleted.id.to_string(), "replacementRoleKey": other.key,
                });
                let done = self.call(&by, "deleteCustomRole", input).await;
                Deed { replaces: Some((deleted.id, other.id)), ..self.deed(&by, done) }
            }
            Life::SuspendAccount { by, at } => self.stop(now, "suspendAccount", *by, *at).await,
            Life::ReactivateAccount { by, at } => {
                self.stop(now, "reactivateAccount", *by, *at).await
            }
            Life::CloseAccount { by, at } => self.stop(now, "closeAccount", *by, *at).await,
            Life::SuspendUser { by, of } | Life::ReactivateUser { by, of } => {
                let mutation = match step {
                    Life::SuspendUser { .. } => "suspendUser",
                    _ => "reactivateUser",
                };
                let (by, of) = (self.person(*by), self.person(*of));
                let input = json!({ "userId": of.id, "organizationId": self.organization });
                self.deed(&by, self.call(&by, mutation, input).await)
            }
            Life::RemoveFromAccount { by, of, at } => {
                let (by, of) = (self.person(*by), self.person(*of));
                let place = self.place(now, None, *at);
                let input = json!({ "userId": of.id, "accountId": now.place_text(place) });
                let done = self.call(&by, "removeUserFromAccount", input).await;
                let removes = of.id.parse().ok();
                Deed { removes, at: place, ..self.deed(&by, done) }
            }
            Life::RemoveUser { by, of, heir } => {
                let (by, of) = (self.person(*by), self.person(*of));
                let heir = heir.map(|heir| self.person(heir).id);
                let input = json!({
                    "userId": of.id, "organizationId": self.organization, "newOwnerId": heir,
                });
                let done = self.call(&by, "removeUserFromOrganization", input).await;
                let heir = heir.map_or(now.owner(), |id| id.parse().unwrap());
                let removes = of.id.parse().ok();
                Deed { removes, heir: Some(heir), ..self.deed(&by, done) }
            }
        }
    }

    /// Suspends, reactivates or closes an account.
    async fn stop(&self, now: &Snapshot, mutation: &str, by: u8, at: u8) -> Deed {
        let by = self.person(by);
        let place = self.place(now, None, at);
        let input = json!({ "accountId": now.place_text(place) });
        let done = self.call(&by, mutation, input).await;
        let closes = place.filter(|_| mutation == "closeAccount");
        Deed { closes, ..self.deed(&by, done) }
    }

    /// The one to whom it was made accepts a pending offer.
    async fn accept_offer(&self, which: u8) -> Deed {
        let offers = self.offers().await;
        let Some((id, place, from, to)) = offers.get(usize::from(which) % offers.len().max(1))
        else {
            return Deed::default();
        };
        let by = self.person_of(*to);
        let done = self.call(&by, "acceptOwnership", json!({ "offerId": id.to_string() })).await;
        let catalogue = self.server.app.roles.catalogue();
        let former = match place {
            None => &catalogue.former_organization_owner,
            Some(_) => &catalogue.former_account_owner,
        };
        let (former, heir) = (former.clone(), Some(*to));
        Deed { by: Some(*from), hands_over: Some(*place), heir, former, ..self.deed(&by, done) }
    }

    /// The pending offers: what is offered by whom to whom.
    async fn offers(&self) -> Vec<(OfferId, Option<AccountId>, UserId, UserId)> {
        let organization: OrganizationId = self.organization.parse().unwrap();
        let found = ownership_offer::Entity::find()
            .filter(ownership_offer::Column::OrganizationId.eq(organization))
            .filter(ownership_offer::Column::Status.eq(Status::Pending))
            .order_by_asc(ownership_offer::Column::Id);
        let rows = found.all(&self.server.app.db).await.unwrap().into_iter();
        rows.map(|row| (row.id, row.account_id, row.from_user_id, row.to_user_id)).collect()
    }

    /// A number that no other role's key has.
    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// The roles that the organization made for itself.
    pub(super) async fn customs(
        server: &crate::support::Server,
        organization: OrganizationId,
    ) -> Vec<rolecall::access::CustomRole> {
        store::custom_role::of_organizations(&server.app.db, &[organization]).await.unwrap()
    }
}
