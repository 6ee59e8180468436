//! Inviting people (R40–R45, R52, R53, R71): one call, many addresses, one transaction.

use entity::id::{InvitationId, OrganizationId};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::App;
use super::email::Address;
use super::grants::{GRANTS_MAX, GrantInput, Resolver, check_role_limit};
use super::invitation_write::Writing;
use crate::access::{Grant, Place, Viewer, permission};
use crate::auth::secret::Secret;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::store;
use crate::store::organization::OrganizationRow;

/// The most addresses in one call (R40).
pub const INVITEES_MAX: usize = 100;
/// The longest message to the invitees, in characters.
const MESSAGE_MAX: usize = 2000;
/// The shortest and longest life of an invitation, in hours (R45).
pub(super) const LIFETIME_HOURS: std::ops::RangeInclusive<i64> = 1..=720;

/// One person to invite.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// The address.
    pub email: String,
    /// The name, for the mail.
    pub name: Option<String>,
    /// Grants of their own, instead of the call's.
    pub grants: Option<Vec<GrantInput>>,
}

/// What inviting takes.
#[derive(Clone, Debug)]
pub struct InviteUsers {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The people.
    pub invitees: Vec<Invitee>,
    /// What those without grants of their own are granted.
    pub grants: Vec<GrantInput>,
    /// A message for the mail.
    pub message: Option<String>,
    /// The language of the mail.
    pub locale: Option<String>,
    /// How long the invitations stand; the organization's default where it is not said.
    pub expires_in_hours: Option<i64>,
    /// R71.
    pub idempotency_key: Option<String>,
}

/// What became of one row of the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The address as it was given.
    pub email: String,
    /// What happened.
    pub outcome: Outcome,
    /// The invitation: the new one, or the one that stands in the way (R43).
    pub invitation_id: Option<InvitationId>,
    /// Why not.
    pub error: Option<UserError>,
}

/// The three ways that a row can go (R40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A mail with a link is on its way.
    Invited,
    /// The person is a member already and has the roles now (R44).
    Granted,
    /// See the error.
    Refused,
}

impl Row {
    pub(super) fn refused(
        email: &str,
        invitation_id: Option<InvitationId>,
        error: UserError,
    ) -> Self {
        Self {
            email: email.to_owned(),
            outcome: Outcome::Refused,
            invitation_id,
            error: Some(error),
        }
    }
}

/// The parts of the call that all rows share, checked.
pub(super) struct Call {
    pub(super) organization: OrganizationRow,
    pub(super) message: Option<String>,
    pub(super) locale: Locale,
    pub(super) lifetime_hours: i64,
}

/// A row that can go ahead: its place in the call, the person, and what they get.
pub(super) struct Candidate {
    pub(super) index: usize,
    pub(super) address: Address,
    pub(super) name: Option<String>,
    pub(super) grants: Vec<Grant>,
}

/// Invites people to an organization. Rows that are refused do not stop the others; duplicates within
/// the call collapse into the first.
pub async fn invite(app: &App, viewer: &Viewer, input: InviteUsers) -> Result<Vec<Row>> {
    let key = input.idempotency_key.as_deref();
    let fingerprint = super::idempotency::fingerprint("inviteUsers", &format!("{input:?}"));
    // Also what was answered once is only for those who are still in (R27).
    viewer.visible(&app.roles, &Place::organization(input.organization_id))?;
    let again = super::idempotency::replay(&app.db, viewer, key, &fingerprint);
    if let Some(first) = again.await? {
        return Ok(first);
    }
    let call = check_call(app, &input).await?;
    let (mut rows, candidates) = resolve(app, viewer, &input).await?;

    let now = app.clock.now();
    let keys: Vec<String> = candidates.iter().map(|c| c.address.key.clone()).collect();
    let organization_id = input.organization_id;
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organization(&tx, organization_id).await?;
    // The same call may have been under way at the same time, and is over now.
    if let Some(first) = super::idempotency::replay(&tx, viewer, key, &fingerprint).await? {
        return Ok(first);
    }
    // Whoever removes the inviter, or closes an account, waits for the organization.
    if store::membership::status(&tx, organization_id, viewer.user_id()).await?.is_none() {
        return Err(Error::NotFound("organization"));
    }
    super::grants::keep_open(&tx, organization_id, candidates.iter().flat_map(|c| &c.grants))
        .await?;
    store::invitation::settle_expired(&tx, organization_id, &keys, now).await?;
    let members = store::user::members_by_email(&tx, organization_id, &keys).await?;
    let pending = store::invitation::pending(&tx, organization_id, &keys).await?;
    let mut room = room(app, &tx, organization_id).await?;

    let (mut to_grant, mut to_invite) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let email = &input.invitees[candidate.index].email;
        let key = &candidate.address.key;
        if let Some(member) = members.iter().find(|member| member.email_key == *key) {
            to_grant.push((candidate, member.clone()));
        } else if let Some(standing) = pending.iter().find(|row| row.email_key == *key) {
            let error = UserError::new(
                UserErrorCode::AlreadyInvited,
                &format!("invitees.{}.email", candidate.index),
                "there is a pending invitation for this address",
            )
            .help("It can be resent, changed or revoked.");
            rows[candidate.index] = Some(Row::refused(email, Some(standing.id), error));
        } else if let Err(error) = check_role_limit(app, "somebody new", 0, candidate.grants.iter())
        {
            // Nobody could ever accept it.
            let error = error.under(&format!("invitees.{}", candidate.index));
            rows[candidate.index] = Some(Row::refused(email, None, error));
        } else if room == 0 {
            let error = no_room(app, &format!("invitees.{}", candidate.index));
            rows[candidate.index] = Some(Row::refused(email, None, error));
        } else {
            room -= 1;
            to_invite.push(candidate);
        }
    }

    let mut writing = Writing::new(app, viewer, &tx, &input, &call, rows);
    writing.grant_members(to_grant).await?;
    writing.create(to_invite).await?;
    // A row without an outcome repeats an earlier one.
    let rows: Vec<Row> = writing.finish().await?.into_iter().flatten().collect();
    if let Some(key) = key {
        super::idempotency::keep(app, &tx, viewer, key, &fingerprint, &rows).await?;
    }
    tx.commit().await?;
    app.mail_queued.notify_one();
    Ok(rows)
}

async fn check_call(app: &App, input: &InviteUsers) -> Result<Call> {
    let mut errors = Vec::new();
    let count = input.invitees.len();
    if count == 0 || count > INVITEES_MAX {
        let message = format!("1 to {INVITEES_MAX} people in one call, got {count}");
        errors.push(UserError::new(UserErrorCode::BadListLength, "invitees", message));
    }
    let message =
        input.message.as_deref().map(|text| crate::text::prose("message", text, MESSAGE_MAX));
    let locale = super::session::locale("locale", input.locale.as_deref());
    if let Some(hours) = input.expires_in_hours.filter(|hours| !LIFETIME_HOURS.contains(hours)) {
        errors.push(bad_lifetime("expiresInHours", hours));
    }
    let (message, locale) = match (message.transpose(), locale) {
        (Ok(message), Ok(locale)) if errors.is_empty() => (message, locale),
        (message, locale) => {
            errors.extend(message.err());
            errors.extend(locale.err());
            return Err(Error::Refused(errors));
        }
    };
    let organization = store::organization::by_id(&app.db, input.organization_id)
        .await?
        .ok_or(Error::NotFound("organization"))?;
    Ok(Call {
        lifetime_hours: input.expires_in_hours.unwrap_or(organization.invitation_hours),
        message: message.filter(|text| !text.is_empty()),
        organization,
        locale,
    })
}

/// Reads each row: the address, the name, the grants and the authority to give them. Rows that fail
/// have their outcome; the others are candidates. Who may grant nothing in any row is forbidden.
async fn resolve(
    app: &App,
    viewer: &Viewer,
    input: &InviteUsers,
) -> Result<(Vec<Option<Row>>, Vec<Candidate>)> {
    let of = |invitee: &Invitee| invitee.grants.as_ref().unwrap_or(&input.grants).clone();
    let lists: Vec<Vec<GrantInput>> = input.invitees.iter().map(of).collect();
    let resolver = Resolver::load(app, input.organization_id, lists.iter().flatten()).await?;

    // The call's own grants are decided once, so that a fault in them is told once.
    let shared = if input.invitees.iter().any(|invitee| invitee.grants.is_none()) {
        Some(grants_of(app, viewer, &resolver, input, &input.grants)?)
    } else {
        None
    };
    let mut rows: Vec<Option<Row>> = Vec::with_capacity(lists.len());
    let mut candidates: Vec<Candidate> = Vec::with_capacity(lists.len());
    let mut denied = None;
    for (index, (invitee, list)) in input.invitees.iter().zip(&lists).enumerate() {
        let path = format!("invitees.{index}");
        let grants = match (&shared, &invitee.grants) {
            (Some(shared), None) => Ok(shared.clone()),
            _ => grants_of(app, viewer, &resolver, input, list),
        };
        let refusal = match grants {
            Ok(grants) => match person(invitee) {
                Ok((address, name)) => {
                    rows.push(None);
                    // A duplicate collapses into the first row of its address.
                    if candidates.iter().all(|earlier| earlier.address.key != address.key) {
                        candidates.push(Candidate { index, address, name, grants });
                    }
                    continue;
                }
                Err(error) => error,
            },
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
        rows.push(Some(Row::refused(&invitee.email, None, refusal.under(&path))));
    }
    let all_denied = rows.iter().flatten().count() == rows.len()
        && rows.iter().flatten().all(|row| {
            row.error.as_ref().is_some_and(|error| error.code == UserErrorCode::NotAllowed)
        });
    match denied {
        Some(denial) if all_denied => Err(Error::Forbidden(denial)),
        _ => Ok((rows, candidates)),
    }
}

/// The grants of one row. None at all means membership with the default role, where there is one.
fn grants_of(
    app: &App,
    viewer: &Viewer,
    resolver: &Resolver,
    input: &InviteUsers,
    list: &[GrantInput],
) -> Result<Vec<Grant>> {
    let place = Place::organization(input.organization_id);
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

fn person(invitee: &Invitee) -> Result<(Address, Option<String>), UserError> {
    let address = Address::parse("email", &invitee.email)?;
    address.require_work("email")?;
    let name = invitee.name.as_deref().filter(|name| !name.trim().is_empty());
    Ok((address, name.map(|name| crate::text::name("name", name)).transpose()?))
}

/// The refusal of a lifetime that is too short or too long (R45).
pub(super) fn bad_lifetime(path: &str, hours: i64) -> UserError {
    let (least, most) = (LIFETIME_HOURS.start(), LIFETIME_HOURS.end());
    let message = format!("an invitation stands for {least} to {most} hours, not {hours}");
    UserError::new(UserErrorCode::InvalidExpiry, path, message)
}

/// The refusal when no more may be pending (R52).
pub(super) fn no_room(app: &App, path: &str) -> UserError {
    let message = format!("at most {} pending invitations", app.config.pending_invitations);
    UserError::new(UserErrorCode::TooManyInvitations, path, message)
        .help("Revoke some, or wait until they are accepted or expire.")
}

/// How many more invitations may be pending (R52). The organization is locked, so it stays true.
pub(super) async fn room(
    app: &App,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<u64> {
    let pending = store::invitation::count_pending(tx, organization_id, app.clock.now()).await?;
    Ok(app.config.pending_invitations.saturating_sub(pending.unsigned_abs()))
}

/// The address that an invitee opens.
pub(super) fn link(app: &App, secret: &Secret) -> String {
    format!("{}/invitations/{}", app.config.public_url, secret.expose())
}
