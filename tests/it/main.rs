//! The tests: stories told through the public API, each on SQLite and on PostgreSQL, with the time
//! held still.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod contract;
mod main_job;
mod support;
