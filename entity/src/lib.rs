//! The tables, one file each, as they are in the database: no rules, no GraphQL.
//!
//! What a table holds and which invariants it keeps is told in the `migration` crate. Ids are typed
//! and prefixed (see [`id`]); instants are UTC.

pub mod account;
pub mod account_move;
pub mod api_key;
pub mod audit_event;
pub mod billing_group;
pub mod billing_group_account;
pub mod denied_network;
pub mod email_domain;
pub mod email_domain_rule;
pub mod email_link;
pub mod entitlement;
pub mod id;
pub mod idempotent_call;
pub mod invitation;
pub mod invitation_grant;
pub mod join_bar;
pub mod join_request;
pub mod mail;
pub mod mail_opt_out;
pub mod membership;
pub mod organization;
pub mod ownership_offer;
pub mod recipient_day;
pub mod refresh_token;
pub mod role;
pub mod role_assignment;
pub mod role_permission;
pub mod session;
pub mod user;
