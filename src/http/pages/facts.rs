//! What pages are about; the [contents](super::contents) make a page of it.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::id::OrganizationId;

use crate::app::invitation_link::LinkState;

/// What an invitation's page is about. Whoever holds the link sees it, so it has no more than a
/// link that was passed on may show (R49).
#[derive(Clone, Debug)]
pub(super) struct Invitation {
    /// Where the link leads.
    pub state: LinkState,
    /// The path of this page.
    pub path: String,
    /// What the person is to join.
    pub organization: String,
    /// Who invites.
    pub inviter: String,
    /// The invited address, masked.
    pub masked_email: String,
    /// What the inviter wrote.
    pub message: Option<String>,
    /// What is promised.
    pub grants: Vec<Grant>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Who is signed in: name and address.
    pub viewer: Option<(String, String)>,
    /// When a new link was asked for, where it is too early to ask again.
    pub asked_at: Option<DateTime<Utc>>,
    /// Where the application is, if that is known.
    pub application: Option<String>,
}

/// A promised role.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// The role's name.
    pub role: String,
    /// Where.
    pub place: Place,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// A scope by its name.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// An organization.
    Organization(String),
    /// An account.
    Account(String),
    /// A subaccount, and the account above.
    Subaccount(String, String),
    /// A billing group.
    BillingGroup(String),
}

/// Somebody who has just come.
#[derive(Clone, Debug)]
pub(super) struct Welcome {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Where they are; none if there is no account that they can open.
    pub account: Option<Landed>,
    /// An organization that they may join because of the domain of their address.
    pub door: Option<Door>,
    /// Whether to show the tools of developers.
    pub development: bool,
    /// Where the application is, if that is known.
    pub application: Option<String>,
}

/// An account that somebody is in.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    /// Its name.
    pub account: String,
    /// The name of the account above.
    pub parent: Option<String>,
    /// Its organization's name.
    pub organization: String,
    /// The names of their roles there.
    pub roles: Vec<String>,
}

/// An organization that somebody may join because of the domain of their address.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// Its id.
    pub organization_id: OrganizationId,
    /// Its name.
    pub organization: String,
    /// The domain.
    pub domain: String,
    /// How.
    pub way: Way,
}

/// How somebody comes in.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// By themselves.
    Join,
    /// By asking.
    Ask,
    /// They asked then, and wait for an answer.
    Asked(DateTime<Utc>),
    /// By an invitation, for which they ask these.
    Contact(String),
}

/// How far the proof of an address has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// One step is left.
    Open,
    /// Done.
    Given,
    /// The link is no good (any more).
    Refused,
}

impl Proof {
    /// The status of the page.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Open | Self::Given => StatusCode::OK,
            Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// How far setting a new password has come (R67).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// For which address?
    Ask,
    /// A mail may be on its way.
    Asked,
    /// Here is the link: what is the password to be?
    Open,
    /// Done.
    Done,
    /// The link is no good (any more).
    Refused,
}
