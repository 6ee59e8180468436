//! The writing half of inviting: roles for members, invitations for others, mails for both.

use chrono::TimeDelta;
use entity::id::{InvitationId, UserId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::note;
use super::customs;
use super::events::Events;
use super::grants::{self, Applied, Others};
use super::invitation::{Call, Candidate, InviteUsers, Outcome, Row, link};
use crate::access::{Grant, Viewer};
use crate::auth::secret::Secret;
use crate::error::Result;
use crate::mail::message::{self, GrantLine, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::invitation::NewInvitation;
use crate::store::user::UserRow;

/// A call that is being written, in one transaction.
pub(super) struct Writing<'a, C> {
    app: &'a App,
    viewer: &'a Viewer,
    tx: &'a C,
    input: &'a InviteUsers,
    call: &'a Call,
    rows: Vec<Option<Row>>,
    mails: Vec<Outgoing>,
    events: Events<'a>,
}

impl<'a, C: ConnectionTrait> Writing<'a, C> {
    /// Begins with the rows whose outcome is known.
    pub(super) fn new(
        app: &'a App,
        viewer: &'a Viewer,
        tx: &'a C,
        input: &'a InviteUsers,
        call: &'a Call,
        rows: Vec<Option<Row>>,
    ) -> Self {
        let events = Events::by(app, viewer.user_id());
        Self { app, viewer, tx, input, call, rows, mails: Vec::new(), events }
    }

    /// R44: members get their roles at once, and are told.
    pub(super) async fn grant_members(&mut self, members: Vec<(Candidate, UserRow)>) -> Result<()> {
        let organization_id = self.input.organization_id;
        let people: Vec<(UserId, Vec<Grant>)> = members
            .iter()
            .map(|(candidate, member)| (member.id, candidate.grants.clone()))
            .collect();
        let outcomes =
            grants::apply(self.app, self.tx, organization_id, &people, Others::Stay).await?;
        for ((candidate, member), outcome) in members.into_iter().zip(outcomes) {
            let email = self.input.invitees[candidate.index].email.clone();
            self.rows[candidate.index] = Some(match outcome {
                Err(error) => {
                    let error = error.under(&format!("invitees.{}", candidate.index));
                    Row::refused(&email, None, error)
                }
                Ok(applied) => {
                    note(self.app, &mut self.events, organization_id, &applied);
                    if !applied.added.is_empty() {
                        self.mails.push(self.told(&member, &applied));
                    }
                    Row { email, outcome: Outcome::Granted, invitation_id: None, error: None }
                }
            });
        }
        Ok(())
    }

    /// The mail that tells a member of new roles: of these, not of what they held already.
    fn told(&self, member: &UserRow, applied: &Applied) -> Outgoing {
        Outgoing {
            to: Recipient { name: Some(member.name.clone()), address: member.email.clone() },
            message: Message::GrantsApplied(message::GrantsApplied {
                name: member.name.clone(),
                granter_name: self.viewer.name.clone(),
                granter_email: self.viewer.email.clone(),
                organization_name: self.call.organization.name.clone(),
                grants: self.lines(applied.added.iter().map(|(_, grant)| grant)),
                link: self.app.config.public_url.clone(),
            }),
            locale: self.call.locale,
            organization_id: Some(self.call.organization.id),
        }
    }

    /// Writes the invitations and queues their mails, with those for members, in one statement each.
    pub(super) async fn create(&mut self, candidates: Vec<Candidate>) -> Result<()> {
        let grants = candidates.iter().flat_map(|candidate| &candidate.grants);
        customs::confirm(self.app, self.tx, self.input.organization_id, grants).await?;
        let now = self.app.clock.now();
        let expires_at = now + TimeDelta::hours(self.call.lifetime_hours);
        let secrets: Vec<Secret> =
            candidates.iter().map(|_| Secret::new(&self.app.random)).collect();
        let mut mails = std::mem::take(&mut self.mails);
        let told = mails.len();
        mails.extend(candidates.iter().zip(&secrets).map(|(candidate, secret)| Outgoing {
            to: Recipient {
                name: candidate.name.clone(),
                address: candidate.address.typed.clone(),
            },
            message: Message::Invitation(message::Invitation {
                invitee_name: candidate.name.clone(),
                inviter_name: self.viewer.name.clone(),
                inviter_email: self.viewer.email.clone(),
                organization_name: self.call.organization.name.clone(),
                grants: self.lines(candidate.grants.iter()),
                note: self.call.message.clone(),
                link: link(self.app, secret),
                expires_at,
                resent: false,
            }),
            locale: self.call.locale,
            organization_id: Some(self.call.organization.id),
        }));
        if mails.is_empty() {
            return Ok(());
        }
        let mail_ids = outbox::queue(self.tx, self.app, mails).await?.split_off(told);
        let organization_id = self.input.organization_id;
        let mut new = Vec::with_capacity(candidates.len());
        for ((candidate, secret), mail_id) in candidates.into_iter().zip(&secrets).zip(mail_ids) {
            let id: InvitationId = self.app.random.id(now);
            let email = self.input.invitees[candidate.index].email.clone();
            self.rows[candidate.index] = Some(Row {
                email,
                outcome: Outcome::Invited,
                invitation_id: Some(id),
                error: None,
            });
            let given: Vec<_> = candidate.grants.iter().map(describe).collect();
            let address = candidate.address;
            let after = json!({ "email": address.typed, "grants": given, "expiresAt": expires_at });
            self.events.add(Some(organization_id), "invitation.created", id, None, Some(after));
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
                grants: candidate.grants,
            });
        }
        let (inviter, random) = (self.viewer.user_id(), &self.app.random);
        store::invitation::insert(self.tx, organization_id, inviter, &new, random, now).await?;
        Ok(())
    }

    /// Writes the audit events; gives the rows.
    pub(super) async fn finish(self) -> Result<Vec<Option<Row>>> {
        self.events.write(self.tx, &self.viewer.origin).await?;
        Ok(self.rows)
    }

    /// Grants as a mail tells them.
    fn lines<'g>(&self, grants: impl Iterator<Item = &'g Grant>) -> Vec<GrantLine> {
        let line = |grant: &Grant| GrantLine {
            role: grant.role().name.clone(),
            scope: grant.place().name().unwrap_or(&self.call.organization.name).to_owned(),
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
