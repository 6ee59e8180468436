//! The people of a call that invites: who they are, what they are to get, and which of them go ahead.

use entity::id::{InvitationId, OrganizationId};

use super::App;
use super::email::Address;
use super::grants::{GRANTS_MAX, GrantInput, Resolver};
use super::invitation::{InviteUsers, Invitee, Outcome, Row};
use super::mail_pace::Turn;
use crate::access::{Grant, Place, Viewer, permission};
use crate::error::{Error, Result, UserError, UserErrorCode};

/// Where a call names somebody: what refusals point at.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// In its list, at this index.
    At(usize),
    /// In its CSV text: first on this line, and each of their grants on one of these.
    On { first: u64, grants: Vec<u64> },
}

impl Named {
    /// A refusal of the person with the path that leads there.
    pub(super) fn refusal(&self, error: UserError) -> UserError {
        match self {
            Self::At(index) => error.under(&format!("invitees.{index}")),
            Self::On { first, grants } => {
                let grant = match error.path.as_slice() {
                    [list, index, ..] if list == "grants" => index.parse::<usize>().ok(),
                    _ => None,
                };
                let line = grant.and_then(|index| grants.get(index)).unwrap_or(first);
                on_line(*line, error)
            }
        }
    }

    fn line(&self) -> Option<u64> {
        match self {
            Self::At(_) => None,
            Self::On { first, .. } => Some(*first),
        }
    }
}

/// A refusal of what is on a line of CSV text.
pub(super) fn on_line(line: u64, mut error: UserError) -> UserError {
    error.message = format!("line {line}: {}", error.message);
    error.path = vec!["csv".to_owned(), line.to_string()];
    error
}

/// Somebody whom a call names.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Where.
    pub(super) named: Named,
    /// The address as it was given.
    pub(super) email: String,
    /// The address and the name, if they are good.
    pub(super) checked: Result<(Address, Option<String>), UserError>,
    /// Grants of their own, instead of the call's.
    pub(super) grants: Option<Vec<GrantInput>>,
    /// What makes it pointless to look any further, with its path.
    pub(super) unreadable: Option<UserError>,
}

impl Person {
    /// The address normalized, if it is one.
    pub(super) fn key(&self) -> Option<&str> {
        self.checked.as_ref().ok().map(|(address, _)| address.key.as_str())
    }

    /// The grants that are theirs alone.
    pub(super) fn asked(&self) -> &[GrantInput] {
        self.grants.as_deref().unwrap_or_default()
    }
}

/// The people of a list.
pub(super) fn listed(list: &[Invitee]) -> Vec<Person> {
    let person = |(index, invitee): (usize, &Invitee)| Person {
        named: Named::At(index),
        email: invitee.email.clone(),
        checked: checked(&invitee.email, invitee.name.as_deref()),
        grants: invitee.grants.clone(),
        unreadable: None,
    };
    list.iter().enumerate().map(person).collect()
}

/// The address and the name of somebody who is to be invited (R3, R42).
pub(super) fn checked(
    email: &str,
    name: Option<&str>,
) -> Result<(Address, Option<String>), UserError> {
    let address = Address::parse("email", email)?;
    let name = name.filter(|name| !name.trim().is_empty());
    Ok((address, name.map(|name| crate::text::name("name", name)).transpose()?))
}

/// Somebody who can go ahead: their row in the call, who they are, and what they get.
pub(super) struct Candidate {
    pub(super) index: usize,
    pub(super) named: Named,
    pub(super) email: String,
    pub(super) address: Address,
    pub(super) name: Option<String>,
    pub(super) grants: Vec<Grant>,
    /// When their mail goes out.
    pub(super) turn: Turn,
}

impl Candidate {
    /// The row that says what became of them.
    pub(super) fn row(
        &self,
        outcome: Outcome,
        invitation_id: Option<InvitationId>,
        error: Option<UserError>,
    ) -> Row {
        let error = error.map(|error| self.named.refusal(error));
        Row { email: self.email.clone(), line: self.named.line(), outcome, invitation_id, error }
    }
}

/// The rows of a call as far as they are decided, and those who go ahead so far.
pub(super) struct Draft {
    pub(super) rows: Vec<Option<Row>>,
    pub(super) candidates: Vec<Candidate>,
}

impl Draft {
    /// Decides each row by itself: the address, the name, the grants and the authority to give them. Who
    /// may grant nothing in any row is forbidden.
    pub(super) fn resolve(
        app: &App,
        viewer: &Viewer,
        resolver: &Resolver,
        input: &InviteUsers,
        people: Vec<Person>,
    ) -> Result<Self> {
        let resolve =
            |list: &[GrantInput]| grants_of(app, viewer, resolver, input.organization_id, list);
        // The call's own grants are decided once, so that a fault in them is told once.
        let shared = if people.iter().any(|person| person.grants.is_none()) {
            resolve(&input.grants)?
        } else {
            Vec::new()
        };
        let mut draft = Self { rows: Vec::with_capacity(people.len()), candidates: Vec::new() };
        let mut denied = None;
        for person in people {
            let Person { named, email, checked, grants, unreadable } = person;
            if let Some(error) = unreadable {
                draft.rows.push(Some(refused(email, &named, error)));
                continue;
            }
            let decided = match &grants {
                Some(own) => resolve(own),
                None => Ok(shared.clone()),
            };
            let error = match decided.map(|grants| checked.map(|person| (grants, person))) {
                Ok(Ok((grants, (address, name)))) => {
                    let turn = Turn::first(viewer.now);
                    draft.go_ahead(Candidate {
                        index: 0,
                        named,
                        email,
                        address,
                        name,
                        grants,
                        turn,
                    });
                    continue;
                }
                Ok(Err(error)) => error,
                Err(Error::Refused(errors)) => match errors.into_iter().next() {
                    Some(error) => error,
                    None => continue,
                },
                Err(Error::Forbidden(denial)) => {
                    let message = denial.sentence();
                    denied.get_or_insert(denial);
                    UserError::new(UserErrorCode::NotAllowed, "grants", message)
                }
                Err(other) => return Err(other),
            };
            draft.rows.push(Some(refused(email, &named, named.refusal(error))));
        }
        match denied {
            Some(denial) if draft.is_denied_throughout() => Err(Error::Forbidden(denial)),
            _ => Ok(draft),
        }
    }

    /// Adds somebody to those who go ahead. A duplicate collapses into the first row of its address.
    fn go_ahead(&mut self, candidate: Candidate) {
        let index = self.rows.len();
        self.rows.push(None);
        if self.candidates.iter().all(|earlier| earlier.address.key != candidate.address.key) {
            self.candidates.push(Candidate { index, ..candidate });
        }
    }

    fn is_denied_throughout(&self) -> bool {
        let denied = |row: &Option<Row>| {
            let error = row.as_ref().and_then(|row| row.error.as_ref());
            error.is_some_and(|error| error.code == UserErrorCode::NotAllowed)
        };
        self.rows.iter().all(denied)
    }

    /// Refuses those who go ahead so far and for whom there is a reason not to, perhaps with the
    /// invitation that stands in the way. The path of the reason is relative to the person: `email`.
    pub(super) fn refuse(
        &mut self,
        mut why: impl FnMut(&mut Candidate) -> Option<(UserError, Option<InvitationId>)>,
    ) {
        let rows = &mut self.rows;
        self.candidates.retain_mut(|candidate| {
            let Some((error, invitation_id)) = why(candidate) else { return true };
            let row = candidate.row(Outcome::Refused, invitation_id, Some(error));
            rows[candidate.index] = Some(row);
            false
        });
    }
}

fn refused(email: String, named: &Named, error: UserError) -> Row {
    let (outcome, error) = (Outcome::Refused, Some(error));
    Row { email, line: named.line(), outcome, invitation_id: None, error }
}

/// The grants of one row. None at all means membership with the default role, where there is one.
fn grants_of(
    app: &App,
    viewer: &Viewer,
    resolver: &Resolver,
    organization_id: OrganizationId,
    list: &[GrantInput],
) -> Result<Vec<Grant>> {
    let place = Place::organization(organization_id);
    if list.is_empty() {
        viewer.require(&app.roles, permission::ORGANIZATION_USERS, &place)?;
        let Some(grant) = Grant::default_role(&app.roles, place) else {
            let message = "at least one grant: this catalogue has no role for members without any";
            return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
        };
        return Ok(vec![grant]);
    }
    if list.len() > GRANTS_MAX {
        let message = format!("at most {GRANTS_MAX} grants for one person, got {}", list.len());
        return Err(UserError::new(UserErrorCode::BadListLength, "grants", message).into());
    }
    resolver.resolve(&app.roles, &viewer.standing, list, viewer.now)
}
