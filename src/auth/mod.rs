//! What proves who somebody is: passwords, secrets, access tokens and the keys behind them.
//!
//! Nothing here knows the database; the use cases in `app` do.

pub mod api_key;
pub mod key_files;
pub mod keys;
pub mod password;
pub mod seal;
pub mod secret;
mod strength;
pub mod throttle;
pub mod token;
mod verified;
