//! How a caller is related to what the operation is about, and who is in that relation.

use std::sync::Arc;

use entity::role::Kind;
use rolecall::access::{Role, ScopeType, permission};

/// The places of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// The organization.
    Acme,
    /// An account of it.
    Main,
    /// A subaccount of that.
    Sub,
    /// Another subaccount there.
    Twin,
    /// Another account.
    Other,
    /// A suspended account.
    Held,
    /// A closed account.
    Shut,
    /// An account whose Owner's membership is suspended.
    Left,
    /// Another organization.
    Away,
    /// An account of that.
    AwayMain,
}

impl Spot {
    pub(super) fn scope_type(self) -> ScopeType {
        match self {
            Self::Acme | Self::Away => ScopeType::Organization,
            Self::Sub | Self::Twin => ScopeType::Subaccount,
            _ => ScopeType::Account,
        }
    }

    /// Whether somebody can hold a role here; one about a resource, for what is billed here.
    fn takes(self, role: &Role) -> bool {
        match (role.owner, role.kind) {
            (true, Kind::Organization) => self.scope_type() == ScopeType::Organization,
            (true, _) => self.scope_type() == ScopeType::Account,
            (_, Kind::Resource) => matches!(self, Self::Acme | Self::Other | Self::Away),
            _ => role.assignable_at().contains(&self.scope_type()),
        }
    }
}

/// What is the matter with what the caller holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// Nothing.
    Good,
    /// The membership is suspended.
    Suspended,
    /// Its time is over.
    Expired,
}

/// A relation of callers to a target.
pub(super) struct Relation {
    pub(super) name: &'static str,
    /// What it means, for the reader of the table.
    pub(super) meaning: &'static str,
    at: ScopeType,
    target: Spot,
    /// Where the role is held: at the first of these where it can be.
    held: &'static [Spot],
    condition: Condition,
}

use Condition::{Expired, Good, Suspended};
use ScopeType::{Account, Organization, Subaccount};

const SAME: (&str, &str) = ("same scope", "the role is held right there");
const PARENT: (&str, &str) =
    ("parent", "the role is held one level above: at the organization, or at the account above");
const CHILD: (&str, &str) = (
    "child",
    "the role is held one level below: at an account of the organization, or a subaccount",
);
const SIBLING: (&str, &str) = ("sibling", "the role is held at another account, or subaccount");
const ABOVE: (&str, &str) =
    ("grandparent", "the role is held at the organization, and it is about a subaccount");
const ELSEWHERE: (&str, &str) = ("other organization", "the role is held in another organization");
const SUSPENDED: (&str, &str) = (
    "suspended member",
    "as same scope (where the role cannot be held there: next to it), by a member who is suspended",
);
const EXPIRED: (&str, &str) = ("expired assignment", "likewise, but the assignment's time is over");
const HELD: (&str, &str) = ("suspended account", "likewise, but the account is suspended");
const SHUT: (&str, &str) = ("closed account", "likewise, but the account is closed");

/// Who holds nothing here; in the order of the table, behind the relations.
pub(super) const OTHERS: [(&str, &str); 3] = [
    ("no role", "a member of the organization who holds no role"),
    ("no organization", "somebody who is signed in and a member of nothing"),
    ("signed out", "somebody who is not signed in"),
];

const fn relation(
    (name, meaning): (&'static str, &'static str),
    at: ScopeType,
    target: Spot,
    held: &'static [Spot],
    condition: Condition,
) -> Relation {
    Relation { name, meaning, at, target, held, condition }
}

/// All of them; where several have one name, it is told of them in one place.
pub(super) const RELATIONS: [Relation; 21] = [
    relation(SAME, Organization, Spot::Acme, &[Spot::Acme], Good),
    relation(CHILD, Organization, Spot::Acme, &[Spot::Main], Good),
    relation(ELSEWHERE, Organization, Spot::Acme, &[Spot::Away, Spot::AwayMain], Good),
    relation(SUSPENDED, Organization, Spot::Acme, &[Spot::Acme, Spot::Main], Suspended),
    relation(EXPIRED, Organization, Spot::Acme, &[Spot::Acme, Spot::Main], Expired),
    relation(SAME, Account, Spot::Main, &[Spot::Main], Good),
    relation(PARENT, Account, Spot::Main, &[Spot::Acme], Good),
    relation(CHILD, Account, Spot::Main, &[Spot::Sub], Good),
    relation(SIBLING, Account, Spot::Main, &[Spot::Other], Good),
    relation(ELSEWHERE, Account, Spot::Main, &[Spot::AwayMain, Spot::Away], Good),
    relation(SUSPENDED, Account, Spot::Main, &[Spot::Main, Spot::Acme], Suspended),
    relation(EXPIRED, Account, Spot::Main, &[Spot::Main, Spot::Acme], Expired),
    relation(HELD, Account, Spot::Held, &[Spot::Held, Spot::Acme], Good),
    relation(SHUT, Account, Spot::Shut, &[Spot::Shut, Spot::Acme], Good),
    relation(SAME, Subaccount, Spot::Sub, &[Spot::Sub], Good),
    relation(PARENT, Subaccount, Spot::Sub, &[Spot::Main], Good),
    relation(ABOVE, Subaccount, Spot::Sub, &[Spot::Acme], Good),
    relation(SIBLING, Subaccount, Spot::Sub, &[Spot::Twin, Spot::Other], Good),
    relation(ELSEWHERE, Subaccount, Spot::Sub, &[Spot::AwayMain, Spot::Away], Good),
    relation(SUSPENDED, Subaccount, Spot::Sub, &[Spot::Sub, Spot::Acme], Suspended),
    relation(EXPIRED, Subaccount, Spot::Sub, &[Spot::Sub, Spot::Acme], Expired),
];

/// Somebody who tries everything that can be done to a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) relation: &'static str,
    pub(super) target: Spot,
    /// The role, where it is held, and its condition; none for who holds nothing.
    pub(super) caller: Option<(usize, Spot, Condition)>,
}

/// Everybody, for a catalogue's roles.
pub(super) fn jobs(roles: &[Arc<Role>]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for relation in &RELATIONS {
        for (index, role) in roles.iter().enumerate() {
            let (mut target, mut held) = (relation.target, relation.held);
            if role.owner && relation.condition != Good {
                // An Owner's assignment has no end, and only an account's Owner can be suspended:
                // theirs is an account of their own.
                if relation.condition == Expired || role.kind == Kind::Organization {
                    continue;
                }
                held = &[Spot::Left];
                if relation.at == Account {
                    target = Spot::Left;
                }
            }
            if let Some(spot) = held.iter().find(|spot| spot.takes(role)) {
                let caller = Some((index, *spot, relation.condition));
                jobs.push(Job { relation: relation.name, target, caller });
            }
        }
    }
    for (name, _) in OTHERS {
        for target in [Spot::Acme, Spot::Main, Spot::Sub] {
            jobs.push(Job { relation: name, target, caller: None });
        }
    }
    jobs
}

/// The relations in the order in which they are told, with their meanings.
pub(super) fn names() -> Vec<(&'static str, &'static str)> {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for name in [SAME, PARENT, ABOVE, CHILD, SIBLING, ELSEWHERE, SUSPENDED, EXPIRED, HELD, SHUT] {
        names.push(name);
    }
    names.extend(OTHERS);
    names
}

/// For each role the first one that is of its kind and holds the same of the permissions that the
/// server itself checks; whoever manages users is held to all of their own, so these are on their own.
pub(super) fn first_alike(roles: &[Arc<Role>]) -> Vec<usize> {
    let own = |role: &Role| -> Vec<String> {
        let all = role.permissions.iter().map(|permission| permission.as_str().to_owned());
        let manager = role.permissions.contains(permission::ACCOUNT_USERS);
        let checked =
            |key: &String| key.starts_with("organization.") || key.starts_with("account.");
        all.filter(|key| manager || checked(key)).collect()
    };
    let alike = |one: &Role, other: &Role| {
        (one.kind, one.owner, one.exclusive, one.permissions.is_empty(), own(one))
            == (other.kind, other.owner, other.exclusive, other.permissions.is_empty(), own(other))
    };
    roles.iter().map(|role| roles.iter().position(|other| alike(role, other)).unwrap()).collect()
}

/// The role whose mutations are taken for this job's, if they are: product roles by the dozen, which
/// the server asks nothing of, would take minutes to learn nothing from. They are all tried at the
/// same scope, and everywhere when `POLICY` is `everybody`; reading is always tried by everybody.
pub(super) fn stand_in(job: &Job, first: &[usize]) -> Option<usize> {
    let everybody = std::env::var("POLICY").is_ok_and(|who| who == "everybody");
    let other = first[job.caller?.0];
    (other != job.caller?.0 && job.relation != "same scope" && !everybody).then_some(other)
}

/// The job without its role, where that makes no difference.
pub(super) fn alike(job: &Job, to_all: bool) -> Job {
    Job { caller: job.caller.filter(|_| !to_all), ..*job }
}
