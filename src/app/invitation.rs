//! Inviting people (R40–R45, R52, R53, R71): one call, many addresses, one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{InvitationId, OrganizationId};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::App;
use super::email::Address;
use super::email_rule::unwelcome;
use super::entitlement::{Room, room_for};
use super::grants::{GrantInput, Resolver, check_role_limit};
use super::invitation_csv;
use super::invitation_people::{Draft, Person, listed};
use super::invitation_write;
use super::mail_opt_out;
use super::mail_pace::{self, Turn};
use super::work::{Run, Work};
use crate::access::{Place, Viewer};
use crate::auth::secret::Secret;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::Outgoing;
use crate::store;
use crate::store::invitation_call::{HostRow, Situation};

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

/// The people of a call.
#[derive(Clone, Debug)]
pub enum Invitees {
    /// One by one.
    List(Vec<Invitee>),
    /// As CSV text: `email,name,role,scope`.
    Csv(String),
}

/// What inviting takes.
#[derive(Clone, Debug)]
pub struct InviteUsers {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The people.
    pub invitees: Invitees,
    /// What those without grants of their own are granted.
    pub grants: Vec<GrantInput>,
    /// A message for the mail.
    pub message: Option<String>,
    /// The language of the mail.
    pub locale: Option<String>,
    /// How long the invitations stand; the organization's default where it is not said.
    pub expires_in_hours: Option<i64>,
}

/// What became of one row of the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The address as it was given.
    pub email: String,
    /// The line of the CSV text where it stands first.
    #[serde(default)]
    pub line: Option<u64>,
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

/// What is to be said to everybody, checked.
pub(super) struct Call {
    pub(super) organization_id: OrganizationId,
    pub(super) organization_name: String,
    pub(super) message: Option<String>,
    pub(super) locale: Locale,
    pub(super) lifetime_hours: i64,
}

/// Invites people to an organization. Rows that are refused do not stop the others; duplicates within
/// the call collapse into the first. A dry run answers the same and takes it all back.
pub async fn invite(app: &App, viewer: &Viewer, input: InviteUsers, run: Run) -> Result<Vec<Row>> {
    let organization_id = input.organization_id;
    viewer.visible(&app.roles, &Place::organization(organization_id))?;
    let (people, words) = check_call(&input)?;

    let mut work = Work::begin(app, viewer, run).await?;
    let tx = work.tx();
    // Whoever removes somebody, closes an account, changes a custom role, or has another invitation
    // made or accepted, waits for the organization. So what is read from here on stays true.
    let host = store::invitation_call::lock(tx, organization_id).await?;
    let host = host.ok_or(Error::NotFound("organization"))?;
    let now = app.clock.now();
    let keys: Vec<&str> = people.iter().filter_map(Person::key).collect();
    let inviter = viewer.user_id();
    let situation =
        store::invitation_call::situation(tx, organization_id, inviter, &keys, now).await?;

    // What refuses the whole call.
    if !situation.inviter_is_member {
        return Err(Error::NotFound("organization"));
    }
    let mut room = room_for(app, tx, organization_id, Some(viewer)).await?;
    let call = words.with(organization_id, host);
    let grants = people.iter().flat_map(Person::asked).chain(&input.grants);
    let resolver = Resolver::load_in(app, tx, organization_id, grants).await?;
    let mut draft = Draft::resolve(app, viewer, &resolver, &input, people)?;

    // What refuses single rows, looked at for all that are left at once.
    refuse_unwelcome(&mut draft, &situation, tx, organization_id).await?;
    refuse_pending(&mut draft, &situation, tx, organization_id, now).await?;
    refuse_opted_out(&mut draft, &situation);
    refuse_too_soon(&mut draft, &situation, now);
    refuse_beyond_limits(app, &mut draft, &situation, &mut room);
    refuse_unverified(app, &mut draft, &situation);
    refuse_too_many_mails(app, &mut draft, &situation, tx).await?;

    // A row without an outcome repeats an earlier one.
    let rows = invitation_write::carry_out(&mut work, &call, draft, &situation).await?;
    let mut rows: Vec<Row> = rows.into_iter().flatten().collect();
    if run == Run::Dry {
        // There will be no such invitation.
        let made = rows.iter_mut().filter(|row| row.outcome == Outcome::Invited);
        made.for_each(|row| row.invitation_id = None);
    }
    work.finish().await?;
    Ok(rows)
}

/// Who is no member is invited only at domains where the organization invites people (R41).
async fn refuse_unwelcome(
    draft: &mut Draft,
    situation: &Situation,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
) -> Result<()> {
    let addresses: Vec<&Address> =
        draft.candidates.iter().map(|candidate| &candidate.address).collect();
    let answers = unwelcome(tx, organization_id, &addresses, "email").await?;
    let mut answers = answers.into_iter();
    draft.refuse(|candidate| {
        let error = answers.next().flatten()?;
        (!situation.is_member(&candidate.address.key)).then_some((error, None))
    });
    Ok(())
}

/// Who has a pending invitation is not invited again (R43). One whose time has run out is settled first.
async fn refuse_pending(
    draft: &mut Draft,
    situation: &Situation,
    tx: &impl ConnectionTrait,
    organization_id: OrganizationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut over: Vec<String> = Vec::new();
    draft.refuse(|candidate| {
        let known = situation.of(&candidate.address.key).filter(|known| known.member.is_none())?;
        let (standing, expires_at) = known.pending?;
        if expires_at <= now {
            over.push(known.email_key.clone());
            return None;
        }
        let message = "there is a pending invitation for this address";
        let error = UserError::new(UserErrorCode::AlreadyInvited, "email", message);
        Some((error.help("It can be resent, changed or revoked."), Some(standing)))
    });
    if !over.is_empty() {
        store::invitation::settle_expired(tx, organization_id, &over, now).await?;
    }
    Ok(())
}

/// Who wants no more mails about invitations gets none.
fn refuse_opted_out(draft: &mut Draft, situation: &Situation) {
    draft.refuse(|candidate| {
        let known = situation.of(&candidate.address.key).filter(|known| known.member.is_none())?;
        known.opted_out.then(|| (mail_opt_out::refusal("email"), None))
    });
}

/// Taking an invitation back and inviting anew is no way around the limits of resending (R46).
fn refuse_too_soon(draft: &mut Draft, situation: &Situation, now: DateTime<Utc>) {
    draft.refuse(|candidate| {
        let known = situation.of(&candidate.address.key).filter(|known| known.member.is_none())?;
        match Turn::after(&known.mailed, now, "email") {
            Ok(turn) => {
                candidate.turn = turn;
                None
            }
            Err(error) => Some((error, None)),
        }
    });
}

/// A mailbox gets only so many mails about invitations in a day, from all organizations together (R46).
async fn refuse_too_many_mails(
    app: &App,
    draft: &mut Draft,
    situation: &Situation,
    tx: &impl ConnectionTrait,
) -> Result<()> {
    let written_to = draft.candidates.iter().map(|candidate| candidate.address.key.as_str());
    let written_to = written_to.filter(|key| !situation.is_member(key));
    let mut full = mail_pace::count(app, tx, written_to).await?;
    draft.refuse(|candidate| {
        let key = candidate.address.key.as_str();
        if situation.is_member(key) {
            return None;
        }
        let again = full.take(key).err()?;
        Some((mail_pace::recipient_limit(app, "email", again), None))
    });
    Ok(())
}

/// Somebody new gets no more roles than one person may hold (R12): nobody could ever accept them. And
/// only so many invitations may be pending (R52), and only so many seats be promised (R55).
fn refuse_beyond_limits(app: &App, draft: &mut Draft, situation: &Situation, room: &mut Room) {
    draft.refuse(|candidate| {
        if situation.is_member(&candidate.address.key) {
            return None;
        }
        if let Err(error) = check_role_limit(app, "somebody new", 0, candidate.grants.iter()) {
            return Some((error, None));
        }
        room.invite("").err().map(|error| (error, None))
    });
}

/// Who has not proved their own address writes to only so many others: it need not be theirs.
fn refuse_unverified(app: &App, draft: &mut Draft, situation: &Situation) {
    let Some(invited) = situation.invited_unverified else { return };
    let most = app.config.unverified_invitations_per_day;
    let mut left = i64::from(most) - invited;
    draft.refuse(|candidate| {
        if situation.is_member(&candidate.address.key) {
            return None;
        }
        left -= 1;
        let message = format!(
            "at most {most} people within a day as long as it is not proved that your own address is yours"
        );
        let error = UserError::new(UserErrorCode::EmailNotVerified, "email", message);
        let help = "Open the link in the mail that you got when you signed up.";
        (left < 0).then(|| (error.help(help), None))
    });
}

/// What is said to everybody, as far as the input tells.
struct Words {
    message: Option<String>,
    locale: Locale,
    lifetime_hours: Option<i64>,
}

impl Words {
    fn with(self, organization_id: OrganizationId, host: HostRow) -> Call {
        Call {
            organization_id,
            organization_name: host.name,
            message: self.message,
            locale: self.locale,
            lifetime_hours: self.lifetime_hours.unwrap_or(host.invitation_hours),
        }
    }
}

/// What can be said of a call without looking anything up: its people, and what they are told.
fn check_call(input: &InviteUsers) -> Result<(Vec<Person>, Words)> {
    let mut errors = Vec::new();
    let (field, people) = match &input.invitees {
        Invitees::List(list) => ("invitees", Ok(listed(list))),
        Invitees::Csv(text) => ("csv", invitation_csv::people(text, &input.grants)),
    };
    let people = people.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let count = people.len();
    if errors.is_empty() && !(1..=INVITEES_MAX).contains(&count) {
        let message = format!("1 to {INVITEES_MAX} people in one call, got {count}");
        errors.push(UserError::new(UserErrorCode::BadListLength, field, message));
    }
    let message =
        input.message.as_deref().map(|text| crate::text::prose("message", text, MESSAGE_MAX));
    let locale = super::session::locale("locale", input.locale.as_deref());
    if let Some(hours) = input.expires_in_hours.filter(|hours| !LIFETIME_HOURS.contains(hours)) {
        errors.push(bad_lifetime("expiresInHours", hours));
    }
    match (message.transpose(), locale) {
        (Ok(message), Ok(locale)) if errors.is_empty() => {
            let message = message.filter(|text| !text.is_empty());
            Ok((people, Words { message, locale, lifetime_hours: input.expires_in_hours }))
        }
        (message, locale) => {
            errors.extend(message.err());
            errors.extend(locale.err());
            Err(Error::Refused(errors))
        }
    }
}

/// The refusal of a lifetime that is too short or too long (R45).
pub(super) fn bad_lifetime(path: &str, hours: i64) -> UserError {
    let (least, most) = (LIFETIME_HOURS.start(), LIFETIME_HOURS.end());
    let message = format!("an invitation stands for {least} to {most} hours, not {hours}");
    UserError::new(UserErrorCode::InvalidExpiry, path, message)
}

/// The address that an invitee opens.
pub(super) fn link(app: &App, secret: &Secret) -> String {
    app.config.invitation_link(&secret.expose())
}

/// The mail that says that an invitation expires tomorrow, and when it is due: with the same link as the
/// mail that invites. None where there would be less than a day between the two.
pub(super) fn reminder(mail: &Outgoing, lifetime_hours: i64) -> Option<(Outgoing, DateTime<Utc>)> {
    let Message::Invitation(facts) = &mail.message else { return None };
    let expiring = message::InvitationExpiring {
        invitee_name: facts.invitee_name.clone(),
        inviter_name: facts.inviter_name.clone(),
        inviter_email: facts.inviter_email.clone(),
        organization_name: facts.organization_name.clone(),
        link: facts.link.clone(),
        unsubscribe: facts.unsubscribe.clone(),
        expires_at: facts.expires_at,
    };
    let reminder = Outgoing {
        to: mail.to.clone(),
        message: Message::InvitationExpiring(expiring),
        locale: mail.locale,
        organization_id: mail.organization_id,
    };
    (lifetime_hours >= 48).then(|| (reminder, facts.expires_at - TimeDelta::days(1)))
}
