//! The writing half of inviting: roles for members, invitations for others, mails for both.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{InvitationId, UserId};
use serde_json::json;

use super::assignment::note;
use super::grants::{self, Applied};
use super::invitation::{Call, Outcome, Row, link, reminder};
use super::invitation_people::{Candidate, Draft};
use super::mail_opt_out;
use super::work::Work;
use crate::access::Grant;
use crate::auth::secret::Secret;
use crate::error::Result;
use crate::mail::message::{self, GrantLine, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::invitation::NewInvitation;
use crate::store::invitation_call::{Member, Situation};

/// Carries a call out: what became of each row. The mails and the invitations are written when the work
/// is finished.
pub(super) async fn carry_out(
    work: &mut Work<'_>,
    call: &Call,
    draft: Draft,
    situation: &Situation,
) -> Result<Vec<Option<Row>>> {
    let Draft { rows, candidates } = draft;
    let (mut to_grant, mut to_invite) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let known = situation.of(&candidate.address.key);
        match known.and_then(|known| known.member.as_ref()) {
            Some(member) => to_grant.push((candidate, member)),
            None => to_invite.push(candidate),
        }
    }
    let mut writing = Writing { work, call, rows, mails: Vec::new() };
    writing.grant_members(to_grant).await?;
    writing.create(to_invite)?;
    Ok(writing.rows)
}

/// A call that is being written.
struct Writing<'a, 'w> {
    work: &'a mut Work<'w>,
    call: &'a Call,
    rows: Vec<Option<Row>>,
    mails: Vec<Outgoing>,
}

impl Writing<'_, '_> {
    /// R44: members get their roles at once, and are told.
    async fn grant_members(&mut self, members: Vec<(Candidate, &Member)>) -> Result<()> {
        let organization_id = self.call.organization_id;
        let people: Vec<(UserId, Vec<Grant>)> = members
            .iter()
            .map(|(candidate, member)| (member.id, candidate.grants.clone()))
            .collect();
        let app = self.work.app;
        let outcomes = grants::apply_locked(app, self.work.tx(), organization_id, &people).await?;
        for ((candidate, member), outcome) in members.into_iter().zip(outcomes) {
            self.rows[candidate.index] = Some(match outcome {
                Err(error) => candidate.row(Outcome::Refused, None, Some(error)),
                Ok(applied) => {
                    note(app, self.work.events(), organization_id, &applied);
                    if !applied.added.is_empty() {
                        self.mails.push(self.told(member, &applied));
                    }
                    candidate.row(Outcome::Granted, None, None)
                }
            });
        }
        Ok(())
    }

    /// The mail that tells a member of new roles: of these, not of what they held already.
    fn told(&self, member: &Member, applied: &Applied) -> Outgoing {
        let viewer = self.work.viewer;
        Outgoing {
            to: Recipient { name: Some(member.name.clone()), address: member.email.clone() },
            message: Message::GrantsApplied(message::GrantsApplied {
                name: member.name.clone(),
                granter_name: viewer.name.clone(),
                granter_email: viewer.email.clone(),
                organization_name: self.call.organization_name.clone(),
                grants: self.lines(applied.added.iter().map(|(_, grant)| grant)),
                link: self.work.app.config.application_url().to_owned(),
            }),
            locale: self.call.locale,
            organization_id: Some(self.call.organization_id),
        }
    }

    /// The mail that invites.
    fn invitation(
        &self,
        candidate: &Candidate,
        secret: &Secret,
        expires_at: DateTime<Utc>,
    ) -> Outgoing {
        let viewer = self.work.viewer;
        Outgoing {
            to: Recipient {
                name: candidate.name.clone(),
                address: candidate.address.typed.clone(),
            },
            message: Message::Invitation(message::Invitation {
                invitee_name: candidate.name.clone(),
                inviter_name: viewer.name.clone(),
                inviter_email: viewer.email.clone(),
                organization_name: self.call.organization_name.clone(),
                grants: self.lines(candidate.grants.iter()),
                note: self.call.message.clone(),
                link: link(self.work.app, secret),
                unsubscribe: mail_opt_out::link(self.work.app, secret),
                expires_at,
                resent: false,
            }),
            locale: self.call.locale,
            organization_id: Some(self.call.organization_id),
        }
    }

    /// Has the invitations written and their mails queued, with those for members.
    fn create(&mut self, candidates: Vec<Candidate>) -> Result<()> {
        let (app, organization_id) = (self.work.app, self.call.organization_id);
        let now = app.clock.now();
        let expires_at = now + TimeDelta::hours(self.call.lifetime_hours);
        let secrets: Vec<Secret> = candidates.iter().map(|_| Secret::new(&app.random)).collect();
        let told = self.mails.len();
        let mut mails: Vec<(Outgoing, DateTime<Utc>)> =
            std::mem::take(&mut self.mails).into_iter().map(|mail| (mail, now)).collect();
        mails.extend(candidates.iter().zip(&secrets).map(|(candidate, secret)| {
            (self.invitation(candidate, secret, expires_at), candidate.turn.due)
        }));
        let hours = self.call.lifetime_hours;
        let reminders: Vec<_> =
            mails[told..].iter().filter_map(|(mail, _)| reminder(mail, hours)).collect();
        mails.extend(reminders);
        let (tx, batch) = self.work.batch();
        let mut mail_ids = outbox::add(batch, tx, app, mails)?.split_off(told);
        // All of them have one, or none.
        let mut reminder_ids = mail_ids.split_off(candidates.len()).into_iter();

        let mut new = Vec::with_capacity(candidates.len());
        for ((candidate, secret), mail_id) in candidates.into_iter().zip(&secrets).zip(mail_ids) {
            let id: InvitationId = app.random.id(now);
            self.rows[candidate.index] = Some(candidate.row(Outcome::Invited, Some(id), None));
            let given: Vec<_> = candidate.grants.iter().map(describe).collect();
            let address = candidate.address;
            let after = json!({ "email": address.typed, "grants": given, "expiresAt": expires_at });
            self.work.note(organization_id, "invitation.created", id, None, Some(after));
            new.push(NewInvitation {
                id,
                email: address.typed,
                email_key: address.key,
                name: candidate.name,
                message: self.call.message.clone(),
                locale: self.call.locale.tag().to_owned(),
                token_hash: secret.hash(),
                lifetime_hours: self.call.lifetime_hours,
                mail_id,
                sent_at: candidate.turn.due,
                resend_day: candidate.turn.day,
                resends_that_day: candidate.turn.resends,
                reminder_id: reminder_ids.next(),
                grants: candidate.grants,
            });
        }
        let by = (organization_id, self.work.viewer.user_id());
        let (tx, batch) = self.work.batch();
        store::invitation::add(batch, tx, by, &new, &app.random, now);
        Ok(())
    }

    /// Grants as a mail tells them.
    fn lines<'g>(&self, grants: impl Iterator<Item = &'g Grant>) -> Vec<GrantLine> {
        let line = |grant: &Grant| GrantLine {
            role: grant.role().name.clone(),
            scope: grant.place().name().unwrap_or(&self.call.organization_name).to_owned(),
        };
        grants.map(line).collect()
    }
}

/// A grant as audit events tell it.
pub(super) fn describe(grant: &Grant) -> serde_json::Value {
    json!({
        "role": grant.role().key,
        "scope": grant.place().scope_text(),
        "validUntil": grant.valid_until(),
    })
}
