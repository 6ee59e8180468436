//! What people may do, in any order: the numbers choose among what there is when their turn comes.

use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::strategy::BoxedStrategy;

/// One thing that somebody does. `by` is who, `to`, `of` and `whom` are to whom, `at` is where.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Assign {
        by: u8,
        to: u8,
        role: u8,
        at: u8,
        minutes: Option<u8>,
    },
    Change {
        by: u8,
        of: u8,
        role: u8,
        at: u8,
    },
    Remove {
        by: u8,
        which: u8,
    },
    RemoveAll {
        by: u8,
        of: u8,
        at: u8,
    },
    /// The Owner of the organization takes one away and gives it back.
    RemoveAndReadd {
        which: u8,
    },
    Invite {
        by: u8,
        whom: u8,
        role: u8,
        at: u8,
        minutes: Option<u8>,
    },
    Accept {
        whom: u8,
    },
    Decline {
        whom: u8,
    },
    Resend {
        by: u8,
        which: u8,
    },
    Revoke {
        by: u8,
        which: u8,
    },
    CreateAccount {
        by: u8,
        below: Option<u8>,
    },
    Wait {
        minutes: u8,
    },
    Life(Life),
}

/// What is done to what there is.
#[derive(Clone, Debug)]
pub(super) enum Life {
    /// Whoever owns it offers it.
    Offer {
        to: u8,
        at: u8,
    },
    AcceptOffer {
        which: u8,
    },
    CreateRole {
        by: u8,
        holds: u8,
    },
    /// Another role takes its place.
    DeleteRole {
        by: u8,
        which: u8,
        role: u8,
    },
    SuspendAccount {
        by: u8,
        at: u8,
    },
    ReactivateAccount {
        by: u8,
        at: u8,
    },
    CloseAccount {
        by: u8,
        at: u8,
    },
    SuspendUser {
        by: u8,
        of: u8,
    },
    ReactivateUser {
        by: u8,
        of: u8,
    },
    RemoveFromAccount {
        by: u8,
        of: u8,
        at: u8,
    },
    RemoveUser {
        by: u8,
        of: u8,
        heir: Option<u8>,
    },
}

/// The kinds of steps.
pub(super) const KINDS: [&str; 23] = [
    "Assign",
    "Change",
    "Remove",
    "RemoveAll",
    "RemoveAndReadd",
    "Invite",
    "Accept",
    "Decline",
    "Resend",
    "Revoke",
    "CreateAccount",
    "Wait",
    "Offer",
    "AcceptOffer",
    "CreateRole",
    "DeleteRole",
    "SuspendAccount",
    "ReactivateAccount",
    "CloseAccount",
    "SuspendUser",
    "ReactivateUser",
    "RemoveFromAccount",
    "RemoveUser",
];

impl Step {
    /// What kind of step it is, as its name says.
    pub(super) fn kind(&self) -> String {
        let text = format!("{self:?}");
        let text = text.trim_start_matches("Life(");
        text.split(' ').next().unwrap().to_owned()
    }
}

/// Some of them, one after the other.
pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..=most)
}

fn n() -> BoxedStrategy<u8> {
    any::<u8>().boxed()
}

/// Those who have rights to begin with act the most, so that a good deal of it comes to something.
fn actor() -> BoxedStrategy<u8> {
    prop_oneof![3 => Just(0), 4 => Just(1), 2 => Just(2), 4 => Just(3), 3 => 4..10_u8].boxed()
}

/// The two who own something to begin with, most of the time: what ends things is refused to most.
fn owner() -> BoxedStrategy<u8> {
    prop_oneof![4 => Just(0), 2 => Just(1), 1 => actor()].boxed()
}

/// Members, more often than people from elsewhere.
fn who() -> BoxedStrategy<u8> {
    prop_oneof![5 => 1..6_u8, 1 => Just(0), 1 => 6..10_u8].boxed()
}

/// Somebody from elsewhere, most of the time.
fn guest() -> BoxedStrategy<u8> {
    prop_oneof![4 => 6..10_u8, 1 => n()].boxed()
}

fn soon() -> BoxedStrategy<Option<u8>> {
    prop_oneof![3 => Just(None), 1 => (1..60_u8).prop_map(Some)].boxed()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (actor(), who(), n(), n(), soon())
            .prop_map(|(by, to, role, at, minutes)| Step::Assign { by, to, role, at, minutes }),
        3 => (actor(), who(), n(), n()).prop_map(|(by, of, role, at)| Step::Change { by, of, role, at }),
        2 => (actor(), n()).prop_map(|(by, which)| Step::Remove { by, which }),
        1 => (actor(), who(), n()).prop_map(|(by, of, at)| Step::RemoveAll { by, of, at }),
        2 => n().prop_map(|which| Step::RemoveAndReadd { which }),
        4 => (actor(), guest(), n(), n(), soon())
            .prop_map(|(by, whom, role, at, minutes)| Step::Invite { by, whom, role, at, minutes }),
        4 => guest().prop_map(|whom| Step::Accept { whom }),
        4 => guest().prop_map(|whom| Step::Decline { whom }),
        2 => (actor(), n()).prop_map(|(by, which)| Step::Resend { by, which }),
        2 => (actor(), n()).prop_map(|(by, which)| Step::Revoke { by, which }),
        1 => (actor(), prop_oneof![Just(None), n().prop_map(Some)])
            .prop_map(|(by, below)| Step::CreateAccount { by, below }),
        1 => (1..40_u8).prop_map(|minutes| Step::Wait { minutes }),
        18 => life().prop_map(Step::Life),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let heir = || prop_oneof![1 => Just(None), 1 => who().prop_map(Some)];
    prop_oneof![
        3 => (who(), n()).prop_map(|(to, at)| Life::Offer { to, at }),
        3 => n().prop_map(|which| Life::AcceptOffer { which }),
        4 => (owner(), n()).prop_map(|(by, holds)| Life::CreateRole { by, holds }),
        4 => (owner(), n(), n()).prop_map(|(by, which, role)| Life::DeleteRole { by, which, role }),
        4 => (owner(), n()).prop_map(|(by, at)| Life::SuspendAccount { by, at }),
        3 => (actor(), n()).prop_map(|(by, at)| Life::ReactivateAccount { by, at }),
        2 => (owner(), n()).prop_map(|(by, at)| Life::CloseAccount { by, at }),
        2 => (actor(), who()).prop_map(|(by, of)| Life::SuspendUser { by, of }),
        4 => (actor(), who()).prop_map(|(by, of)| Life::ReactivateUser { by, of }),
        4 => (owner(), who(), n())
            .prop_map(|(by, of, at)| Life::RemoveFromAccount { by, of, at }),
        3 => (owner(), 2..6_u8, heir()).prop_map(|(by, of, heir)| Life::RemoveUser { by, of, heir }),
    ]
}
