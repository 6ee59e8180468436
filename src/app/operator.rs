//! What the operator of the service decides, by commands of the program (R54, R55). It counts at once, on
//! every server over the same database.

use std::sync::Arc;

use entity::denied_network;
use entity::id::OrganizationId;
use ipnet::IpNet;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};

use super::entitlement::Entitlement;
use super::start::{StartError, connect};
use crate::access::Origin;
use crate::clock::{Clock, Random, SystemClock};
use crate::config::{Config, TeamAccess};
use crate::store;
use crate::store::audit::Event;
use crate::store::denied_network::around;
use crate::store::entitlement::{Count, SeatsRow};

/// The list of the networks that were denied one by one.
pub const BY_HAND: &str = "manual";

/// The operator, at a database.
pub struct Operator {
    db: DatabaseConnection,
    clock: Arc<dyn Clock>,
    random: Random,
    team_access: TeamAccess,
}

type Result<T> = std::result::Result<T, StartError>;

/// A sentence for the operator.
fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Other(format!("the database does not do it: {error}"))
}

/// What has become of allowing a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Whether it was on a list.
    pub was_denied: bool,
    /// A wider network that is denied still.
    pub within: Option<String>,
}

/// What an organization is entitled to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitled {
    /// The organization.
    pub id: OrganizationId,
    /// The organization's name.
    pub name: String,
    /// What it may do, and what is used of it.
    pub entitlement: Entitlement,
    /// Whether this was said of the organization itself, not of all.
    pub set: bool,
}

impl Operator {
    /// Opens the database of these settings, which has to be up to date.
    ///
    /// # Errors
    /// A sentence on what does not work.
    pub async fn connect(config: &Config) -> Result<Self> {
        let db = connect(config).await?;
        let pending = Migrator::get_pending_migrations(&db).await.map_err(failed)?;
        if !pending.is_empty() {
            let sentence = "the database is not up to date: run `rolecall migrate` first";
            return Err(StartError::Other(sentence.to_owned()));
        }
        Ok(Self::new(db, Arc::new(SystemClock), Random::system(), config.team_access))
    }

    /// The operator at a database that is open.
    #[must_use]
    pub fn new(
        db: DatabaseConnection,
        clock: Arc<dyn Clock>,
        random: Random,
        team_access: TeamAccess,
    ) -> Self {
        Self { db, clock, random, team_access }
    }

    /// Closes the database.
    ///
    /// # Errors
    /// A sentence on what does not work.
    pub async fn close(self) -> Result<()> {
        self.db.close().await.map_err(failed)
    }

    /// Puts a network on the deny list; tells whether it was not on it by hand. A note replaces the one
    /// before.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn deny(&self, network: IpNet, note: Option<&str>) -> Result<bool> {
        let now = self.clock.now();
        let tx = store::begin(&self.db).await.map_err(failed)?;
        store::denied_network::lock(&tx).await.map_err(failed)?;
        let one = [network];
        let new = store::denied_network::insert(&tx, &one, BY_HAND, note, now);
        let new = new.await.map_err(failed)? == 1;
        if let Some(note) = note.filter(|_| !new) {
            let set = store::denied_network::set_note(&tx, &network, BY_HAND, note);
            set.await.map_err(failed)?;
        }
        let after = json!({ "note": note });
        let target = network.to_string();
        self.note(&tx, None, "network.denied", target, None, Some(after)).await?;
        tx.commit().await.map_err(failed)?;
        Ok(new)
    }

    /// Takes a network off every list.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn allow(&self, network: IpNet) -> Result<Allowed> {
        let tx = store::begin(&self.db).await.map_err(failed)?;
        store::denied_network::lock(&tx).await.map_err(failed)?;
        let was_denied = store::denied_network::remove(&tx, &network).await.map_err(failed)? > 0;
        let wider: Vec<String> = std::iter::successors(network.supernet(), IpNet::supernet)
            .map(|network| network.to_string())
            .collect();
        let within = store::denied_network::first(&tx, &wider).await.map_err(failed)?;
        if was_denied {
            self.note(&tx, None, "network.allowed", network.to_string(), None, None).await?;
        }
        tx.commit().await.map_err(failed)?;
        Ok(Allowed { was_denied, within })
    }

    /// Puts these networks on a list, in place of those that are on it; tells how many these were.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn load(&self, list: &str, networks: &[IpNet]) -> Result<u64> {
        let now = self.clock.now();
        let tx = store::begin(&self.db).await.map_err(failed)?;
        store::denied_network::lock(&tx).await.map_err(failed)?;
        let before = store::denied_network::clear(&tx, list).await.map_err(failed)?;
        let inserted = store::denied_network::insert(&tx, networks, list, None, now);
        let inserted = inserted.await.map_err(failed)?;
        let (old, new) = (json!({ "networks": before }), json!({ "networks": inserted }));
        let target = list.to_owned();
        self.note(&tx, None, "networks.loaded", target, Some(old), Some(new)).await?;
        tx.commit().await.map_err(failed)?;
        Ok(before)
    }

    /// The deny list, by address.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn denied(&self) -> Result<Vec<denied_network::Model>> {
        let mut rows = store::denied_network::all(&self.db).await.map_err(failed)?;
        rows.sort_by_cached_key(|row| (row.network.parse::<IpNet>().ok(), row.list.clone()));
        Ok(rows)
    }

    /// The narrowest denied network that an address lies in.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn denies(&self, address: std::net::IpAddr) -> Result<Option<String>> {
        store::denied_network::first(&self.db, &around(address)).await.map_err(failed)
    }

    /// Entitles an organization to this, whatever it was entitled to before.
    ///
    /// # Errors
    /// A sentence: there is no such organization, or the database's answer.
    pub async fn entitle(
        &self,
        id: OrganizationId,
        team_access: bool,
        seats: Option<u32>,
    ) -> Result<Entitled> {
        let seats = seats.map(i64::from);
        let tx = store::begin(&self.db).await.map_err(failed)?;
        // Whoever invites into it just now has counted on what it was.
        store::membership::lock_organization(&tx, id).await.map_err(failed)?;
        self.row(&tx, id).await?;
        let before = store::entitlement::by_id(&tx, id).await.map_err(failed)?;
        let set = store::entitlement::set(&tx, id, team_access, seats, self.clock.now());
        set.await.map_err(failed)?;
        let before = before.map(|before| told(before.invitations, before.seats));
        let after = Some(told(team_access, seats));
        self.note(&tx, Some(id), "entitlement.set", id.to_string(), before, after).await?;
        let row = self.row(&tx, id).await?;
        tx.commit().await.map_err(failed)?;
        Ok(self.entitled(row))
    }

    /// Takes back what was said of an organization: what holds for all holds for it again. Tells whether
    /// there was something, and what holds now.
    ///
    /// # Errors
    /// A sentence: there is no such organization, or the database's answer.
    pub async fn forget(&self, id: OrganizationId) -> Result<(bool, Entitled)> {
        let tx = store::begin(&self.db).await.map_err(failed)?;
        store::membership::lock_organization(&tx, id).await.map_err(failed)?;
        let before = store::entitlement::by_id(&tx, id).await.map_err(failed)?;
        let removed = store::entitlement::remove(&tx, id).await.map_err(failed)?;
        if let Some(before) = before {
            let before = Some(told(before.invitations, before.seats));
            self.note(&tx, Some(id), "entitlement.removed", id.to_string(), before, None).await?;
        }
        let row = self.row(&tx, id).await?;
        tx.commit().await.map_err(failed)?;
        Ok((removed, self.entitled(row)))
    }

    /// What an organization is entitled to.
    ///
    /// # Errors
    /// A sentence: there is no such organization, or the database's answer.
    pub async fn entitlement(&self, id: OrganizationId) -> Result<Entitled> {
        Ok(self.entitled(self.row(&self.db, id).await?))
    }

    /// The organizations of which something was said.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn entitlements(&self) -> Result<Vec<Entitled>> {
        let now = self.clock.now();
        let rows = store::entitlement::rows(&self.db, None, &[], Count::Always, now);
        Ok(rows.await.map_err(failed)?.into_iter().map(|row| self.entitled(row)).collect())
    }

    /// How many mails wait that are encrypted with each key: the hint at it, and their number.
    ///
    /// # Errors
    /// A sentence with the database's answer.
    pub async fn sealed_mails(&self) -> Result<Vec<(Vec<u8>, i64)>> {
        store::mail::sealed(&self.db).await.map_err(failed)
    }

    async fn row(&self, db: &impl ConnectionTrait, id: OrganizationId) -> Result<SeatsRow> {
        let row = store::entitlement::row(db, id, &[], Count::Always, self.clock.now()).await;
        let unknown = || StartError::Other(format!("there is no organization {id}"));
        row.map_err(failed)?.ok_or_else(unknown)
    }

    fn entitled(&self, row: SeatsRow) -> Entitled {
        let entitlement = Entitlement::of(&row, self.team_access);
        let set = row.invitations.is_some();
        Entitled { id: row.organization_id, name: row.organization_name, entitlement, set }
    }

    /// Writes the audit event (R70): what the operator does has no actor among the users.
    async fn note(
        &self,
        db: &impl ConnectionTrait,
        organization_id: Option<OrganizationId>,
        action: &'static str,
        target: String,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<()> {
        let now = self.clock.now();
        let id = self.random.id(now);
        let event = Event { id, organization_id, actor_id: None, action, target, before, after };
        let origin = Origin { request_id: "command line".to_owned(), ..Origin::default() };
        store::audit::append(db, vec![event], &origin, now).await.map_err(failed)
    }
}

/// An entitlement as audit events tell it.
fn told(team_access: bool, seats: Option<i64>) -> Value {
    json!({ "teamAccess": team_access, "seats": seats })
}
