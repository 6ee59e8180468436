//! The languages that the pages are written in, the same as the mails'.
//!
//! To add one: a file beside `en.rs` with its sentences, and the arm that the compiler asks for once
//! [`Locale`] has its variant.

mod de;
mod en;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use chrono::{DateTime, Utc};

use super::sheet::Sheet;
use super::trouble::Trouble;
use crate::app::invitation_link::LinkState;
use crate::error::UserError;
use crate::mail::Locale;

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
    /// Whether to show the tools of developers.
    pub development: bool,
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

/// The words of a language for every page.
pub(super) trait Language: Sync {
    /// The page of an invitation, in each of its states.
    fn invitation(&self, facts: &Invitation) -> Sheet;
    /// Asks whether an invitation is really to be declined.
    fn decline(&self, facts: &Invitation) -> Sheet;
    /// For somebody who has just accepted.
    fn welcome(&self, facts: &Welcome) -> Sheet;
    /// The same for nobody in particular.
    fn signed_out(&self) -> Sheet;
    /// The page that proves an address.
    fn verify_email(&self, proof: Proof) -> Sheet;
    /// The pages of a forgotten password.
    fn reset_password(&self, step: Reset) -> Sheet;
    /// The front page; in development with links to the tools, the mailbox among them if it is open.
    fn front(&self, development: bool, mailbox: bool) -> Sheet;
    /// In place of a page; people can name the request by its id.
    fn trouble(&self, trouble: Trouble, request_id: &str) -> Sheet;
    /// The heading above refusals.
    fn problems(&self) -> String;
    /// A refusal, and what to do about it.
    fn refusal(&self, error: &UserError) -> String;
}

/// The words of this language.
pub(super) fn of(locale: Locale) -> &'static dyn Language {
    match locale {
        Locale::En => &en::English,
        Locale::De => &de::German,
    }
}

/// The language that a browser likes best among those that there are (RFC 9110 §12.5.4).
pub(super) fn accepted(headers: &HeaderMap) -> Locale {
    let list = headers.get(ACCEPT_LANGUAGE).and_then(|list| list.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Locale::default());
    for range in list.split(',') {
        let mut parts = range.split(';');
        let Some(locale) = parts.next().and_then(|tag| Locale::parse(tag.trim())) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, locale);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_favourite_among_our_languages_wins() {
        let accepted = |list: &str| {
            super::accepted(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, list.parse().unwrap())]))
        };
        assert_eq!(accepted("de-AT"), Locale::De);
        assert_eq!(accepted("fr, de;q=0.8, en;q=0.5"), Locale::De);
        assert_eq!(accepted("de; q=0.3, en-GB; q=0.9"), Locale::En);
        assert_eq!(accepted("en, de"), Locale::En);
        assert_eq!(accepted("de;q=0, fr"), Locale::En);
        assert_eq!(accepted("de;q=x, *"), Locale::En);
        assert_eq!(super::accepted(&HeaderMap::new()), Locale::En);
    }
}
