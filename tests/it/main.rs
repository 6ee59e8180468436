//! The tests: stories told through the public API, each on SQLite and on PostgreSQL, with the time
//! held still.
#![allow(
    clippy::pedantic,
    clippy::cloned_ref_to_slice_refs,
    clippy::print_stdout,
    dead_code,
    reason = "stories read better in their own words; helpers serve those that need them"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accept;
mod accept_at_once;
mod acceptance;
mod access;
mod access_removed;
mod account;
mod account_life;
mod account_move;
mod account_move_accept;
mod account_move_at_once;
mod assignment;
mod audit;
mod billing_group;
mod budget;
mod cancel;
mod concurrency;
mod contract;
mod cross_site;
mod custom_role;
mod custom_role_ceiling;
mod custom_role_delete;
mod custom_role_race;
mod deny_list;
mod device;
mod doctor;
mod documents;
mod dry_run;
mod email_change;
mod email_domain;
mod email_domain_check;
mod email_domain_join;
mod email_rule;
mod endpoint;
mod entitlement;
mod health;
mod idempotency;
mod idempotent_calls;
mod instant_effect;
mod invariants;
mod invitation_filter;
mod invitation_life;
mod invitation_link;
mod invitation_mail;
mod invitation_update;
mod invite;
mod invite_cost;
mod invite_csv;
mod invite_dry_run;
mod invite_rights;
mod isolation;
mod isolation_life;
mod join;
mod join_pages;
mod join_request;
mod landing;
mod life_races;
mod live;
mod mail_previews;
mod mailed_links;
mod main_job;
mod metrics;
mod migration;
mod new_link;
mod node;
mod operator_commands;
mod organization;
mod outbox;
mod outbox_crash;
mod outbox_fault;
mod outbox_limit;
mod owner;
mod ownership;
mod ownership_catalogue;
mod ownership_mail;
mod ownership_race;
mod password;
mod password_change;
mod password_reset;
mod persisted;
mod policy;
mod program;
mod property;
mod removal;
mod resend;
mod role;
mod role_assignment_list;
mod scale;
mod service_user;
mod session;
mod signing_keys;
mod statements;
mod support;
mod switching;
mod team;
mod throttle;
mod token;
mod traces;
mod user_delete;
mod user_list;
mod user_pages;
