//! Rolecall: the server behind a product's Team page.
//!
//! Data flows one way, down and back: [`http`] → [`graphql`] → [`app`] → ([`access`], [`store`]) →
//! `entity`. `store` knows no rule, `graphql` no SQL, `app` no GraphQL type.

pub mod access;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dns;
pub mod error;
pub mod graphql;
pub mod http;
pub mod mail;
pub mod metrics;
pub mod store;
pub mod text;
pub mod words;
