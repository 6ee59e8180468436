//! Who may do what, where, and why.
//!
//! The [`catalogue`] says which roles exist and what each permits; a [`Standing`] is what one person
//! holds, read in one statement; a [`Place`] is where something is to be done. From these three
//! [`decide`] makes a [`Decision`], and explains it (R28, R29). An authority to change something is
//! a value that only a decision can make ([`Authority`], [`Granting`], [`Grant`]); the functions
//! that write ask for it.

pub mod authority;
pub mod catalogue;
pub mod custom;
pub mod decision;
pub mod permission;
pub mod place;
pub mod role;
pub mod standing;
pub mod viewer;

pub use authority::{Authority, Grant, Granting};
pub use custom::CustomRole;
pub use decision::{Chain, Decision, Denial, decide};
pub use permission::Permission;
pub use place::{AccountPlace, Place, Reach, ScopeType, Stopped};
pub use role::{Role, Roles};
pub use standing::{Holding, Membership, Standing};
pub use viewer::{Origin, Viewer};
