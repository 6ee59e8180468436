//! The use cases: check access, apply the rules, one transaction each.

pub mod access;
mod access_removed;
pub mod account;
pub mod account_life;
pub mod account_move;
pub mod account_move_accept;
pub mod api_key;
pub mod assignment;
pub mod assignment_list;
pub mod associations;
pub mod audit;
pub mod billing_group;
pub mod consequences;
pub mod custom_role;
mod custom_role_delete;
pub mod customs;
pub mod device;
pub mod doctor;
pub mod email;
pub mod email_change;
pub mod email_domain;
pub mod email_domain_check;
pub mod email_rule;
pub mod ends;
pub mod entitlement;
mod events;
pub mod grants;
mod grants_plan;
pub mod idempotency;
pub mod invitation;
pub mod invitation_admin;
mod invitation_csv;
mod invitation_end;
pub mod invitation_link;
mod invitation_people;
pub mod invitation_request;
pub mod invitation_update;
mod invitation_write;
pub mod join;
pub mod join_request;
pub mod live;
pub mod mail_opt_out;
mod mail_pace;
pub mod membership;
pub mod operator;
pub mod organization;
pub mod ownership;
mod ownership_end;
pub mod password_change;
pub mod password_reset;
pub mod promise;
pub mod removal;
pub mod service_user;
pub mod session;
pub mod sign_up;
pub mod signing_keys;
mod start;
pub mod subscription;
pub mod trusted_documents;
pub mod user;
pub mod user_delete;
pub mod work;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use entity::id::ApiKeyId;
use sea_orm::DatabaseConnection;
use tokio::sync::Notify;

use self::associations::Associations;
use self::live::Live;
use self::trusted_documents::TrustedDocuments;
use crate::access::Roles;
use crate::auth::keys::Keys;
use crate::auth::password::Passwords;
use crate::auth::throttle::Throttle;
use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::dns::Dns;
use crate::metrics::Metrics;

pub use start::{StartError, connect, migrate};

/// Everything that a use case works with. One per process.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The connection pool.
    pub db: DatabaseConnection,
    /// The roles of the catalogue, with their ids in this database.
    pub roles: Roles,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub random: Random,
    /// The keys that sign access tokens, and encrypt mails while they wait.
    pub keys: Keys,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// How often passwords may be tried.
    pub throttle: Throttle,
    /// What lets apps open our links.
    pub associations: Associations,
    /// The only documents that are executed, where the operator named them.
    pub trusted_documents: Option<TrustedDocuments>,
    /// Answers what domains say about themselves.
    pub dns: Dns,
    /// What is counted for the operator.
    pub metrics: Metrics,
    /// The API keys whose use is being noted.
    pub key_uses: Mutex<HashSet<ApiKeyId>>,
    /// Rings when mail was queued, so that the worker need not wait for its next look.
    pub mail_queued: Notify,
    /// Tells subscribers what was changed.
    pub live: Live,
}
