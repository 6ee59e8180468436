//! What happens when both sides of a move agree: the account goes, with its subaccounts and all who
//! hold roles in them, in one transaction.

use chrono::{DateTime, Utc};
use entity::account_move::{Side, Status};
use entity::id::{AccountId, AccountMoveId, AssignmentId, OrganizationId, UserId};
use entity::role::Kind;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::account_move::{by_id, check_open, decides_for, find, not_pending, other, require_side};
use super::assignment::note;
use super::email_domain;
use super::entitlement::confirm_seats;
use super::events::Events;
use super::grants::{self, Applied, Others};
use super::ownership_end;
use crate::access::{Grant, Place, Viewer};
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::message::OfferEnd;
use crate::store;
use crate::store::account_move::MoveRow;
use crate::store::account_transfer::{self as transfer, PersonRow};
use crate::store::assignment::HeldRow;
use crate::store::email_domain::Given;
use crate::store::ownership::Concerned;

/// Says yes for the side that was asked, and takes the account over.
///
/// Its subaccounts come along. Who holds roles in them becomes a member of the new organization, with
/// its default role, and keeps these roles; they stay members of the old one. What belongs to the old
/// organization ends: links to its billing groups, assignments of its own roles, and what its
/// invitations promise in these accounts (one that promises nothing more is revoked).
pub async fn accept(app: &App, viewer: &Viewer, id: AccountMoveId) -> Result<MoveRow> {
    let row = find(app, viewer, id).await?;
    require_side(app, viewer, &row, other(row.side)).await?;
    let now = app.clock.now();
    let tx = store::begin(&app.db).await?;
    store::membership::lock_organizations(&tx, vec![row.from_id, row.to_id]).await?;
    if !store::account_move::end(&tx, id, Status::Accepted, viewer.user_id(), now).await? {
        return Err(not_pending());
    }
    let mut moving =
        Moving { app, tx: &tx, row: &row, now, events: Events::by(app, viewer.user_id()) };
    let people = moving.gather(viewer).await?;
    moving.agreed(viewer).await?;
    moving.go(viewer.user_id(), &people).await?;
    moving.events.write(&tx, &viewer.origin).await?;
    tx.commit().await?;
    by_id(app, id).await
}

/// A move that is being carried out, in one transaction.
struct Moving<'a, C> {
    app: &'a App,
    tx: &'a C,
    row: &'a MoveRow,
    now: DateTime<Utc>,
    events: Events<'a>,
}

/// Who and what comes along.
struct Company {
    /// The account and its subaccounts.
    accounts: Vec<AccountId>,
    /// What is assigned in them.
    assignments: Vec<HeldRow>,
    /// Who was no member of the new organization before.
    joined: Vec<UserId>,
    /// The old organization's invitations that promise something there.
    invitations: Vec<entity::id::InvitationId>,
}

impl<C: ConnectionTrait> Moving<'_, C> {
    /// Makes those who come along members, and locks whatever the move depends on.
    async fn gather(&mut self, viewer: &Viewer) -> Result<Company> {
        let (tx, row) = (self.tx, self.row);
        let people = transfer::people(tx, row.account_id).await?;
        let joined = self.join(&people).await?;
        if !joined.is_empty() {
            confirm_seats(self.app, tx, row.to_id, "moveId").await?;
        }
        let mut members: Vec<UserId> = people.iter().map(|person| person.user_id).collect();
        // Whoever decides for the organization may not lose that in between either.
        members.push(match row.side {
            Side::Account => viewer.user_id(),
            Side::Organization => row.asked_by,
        });
        store::membership::lock(tx, row.to_id, &members).await?;
        // Invitations before accounts: accepting one takes them in this order.
        let invitations = transfer::lock_invitations(tx, row.from_id, row.account_id).await?;
        let locked = transfer::lock(tx, row.from_id, row.account_id).await?;
        let account = locked.iter().find(|account| account.id == row.account_id);
        check_open(account.ok_or_else(not_pending)?.status)?;
        // From here on nobody is given a role there.
        if transfer::people(tx, row.account_id).await? != people {
            return Err(Error::Conflict("roles in the account changed meanwhile; try again"));
        }
        let accounts: Vec<AccountId> = locked.iter().map(|account| account.id).collect();
        let assignments = transfer::assignments(tx, &accounts).await?;
        Ok(Company { accounts, assignments, joined, invitations })
    }

    /// Makes people members of the new organization who are none; gives those. Who is suspended in the
    /// old one is so in the new one.
    async fn join(&mut self, people: &[PersonRow]) -> Result<Vec<UserId>> {
        let random = &self.app.random;
        let rows: Vec<_> =
            people.iter().map(|person| (random.id(self.now), person.clone())).collect();
        let made = transfer::join(self.tx, self.row.to_id, &rows, self.now).await?;
        for (id, user_id) in &made {
            let after = Some(json!({ "user": user_id, "account": self.row.account_id }));
            self.events.add(Some(self.row.to_id), "membership.created", *id, None, after);
        }
        let joined: Vec<UserId> = made.into_iter().map(|(_, user_id)| user_id).collect();
        let to = self.row.to_id;
        super::join::came_in(self.app, self.tx, &mut self.events, to, &joined).await?;
        Ok(joined)
    }

    /// Both sides still may decide: the account has the Owner that it had, and whoever manages the
    /// organization's accounts still does.
    async fn agreed(&self, viewer: &Viewer) -> Result<()> {
        let (app, tx, row) = (self.app, self.tx, self.row);
        let owner_id = transfer::lock_owner(tx, row.account_id).await?;
        let row = MoveRow { owner_id: owner_id.ok_or_else(not_pending)?, ..row.clone() };
        let asker = store::standing::of_user(tx, &app.roles, row.asked_by).await?;
        let asks = match asker {
            Some(asker) => decides_for(app, tx, &asker.standing, &row, row.side, self.now).await,
            None => Err(Error::NotFound("user")),
        };
        match asks {
            Ok(()) => {}
            Err(Error::Forbidden(_) | Error::NotFound(_)) => return Err(asker_lost_access()),
            Err(error) => return Err(error),
        }
        let answering = store::standing::of_user(tx, &app.roles, viewer.user_id()).await?;
        let answering = answering.ok_or(Error::Unauthenticated)?.standing;
        decides_for(app, tx, &answering, &row, other(row.side), self.now).await
    }

    async fn go(&mut self, by: UserId, company: &Company) -> Result<()> {
        let (app, tx, now) = (self.app, self.tx, self.now);
        let MoveRow { id, account_id, from_id, to_id, .. } = *self.row;
        let accounts = company.accounts.as_slice();
        check_room(app, tx, to_id).await?;
        let ended = transfer::end_what_stays(tx, from_id, accounts).await?;
        let kept: Vec<&HeldRow> =
            company.assignments.iter().filter(|held| !ended.contains(&held.id)).collect();
        check_role_limits(app, tx, to_id, &kept).await?;
        self.note_ended(from_id, &company.assignments, &ended);
        self.empty(by, company).await?;
        self.withdraw_offers(accounts).await?;
        let given = Given::In(accounts);
        email_domain::give_no_more(app, tx, &mut self.events, from_id, given).await?;
        transfer::carry(tx, accounts, to_id, now).await?;
        self.welcome(&company.joined).await?;
        for organization_id in [from_id, to_id] {
            let places = json!({ "account": account_id, "from": from_id, "to": to_id });
            let (home, gone) =
                (json!({ "organization": from_id }), json!({ "organization": to_id }));
            let action = "account_move.accepted";
            self.events.add(Some(organization_id), action, id, None, Some(places));
            for account in accounts {
                let (before, after) = (Some(home.clone()), Some(gone.clone()));
                self.events.add(Some(organization_id), "account.moved", *account, before, after);
            }
        }
        Ok(())
    }

    /// Takes what the accounts were promised out of the old organization's invitations.
    async fn empty(&mut self, by: UserId, company: &Company) -> Result<()> {
        let Company { invitations, accounts, .. } = company;
        let from = self.row.from_id;
        let emptied =
            transfer::empty_invitations(self.tx, invitations, accounts, by, self.now).await?;
        let ids: Vec<_> = emptied.iter().map(|invitation| invitation.id).collect();
        super::mail_pace::call_off(self.tx, &ids).await?;
        for invitation in emptied {
            let before = Some(json!({ "email": invitation.email }));
            self.events.add(Some(from), "invitation.revoked", invitation.id, before, None);
        }
        Ok(())
    }

    /// Nobody is offered an account that has gone elsewhere: they may have no part in it there.
    async fn withdraw_offers(&mut self, accounts: &[AccountId]) -> Result<()> {
        let concerned = Concerned::Accounts(accounts);
        let offers = store::ownership::concerning(self.tx, self.row.from_id, concerned).await?;
        ownership_end::end(self.app, self.tx, &mut self.events, &offers, &OfferEnd::Withdrawn)
            .await?;
        Ok(())
    }

    fn note_ended(&mut self, from: OrganizationId, held: &[HeldRow], ended: &[AssignmentId]) {
        let removed = held.iter().filter(|row| ended.contains(&row.id)).cloned().collect();
        let ended = Applied { user_id: self.row.asked_by, added: Vec::new(), removed };
        note(self.app, &mut self.events, from, &ended);
    }

    /// Gives the new members the default role, where the catalogue has one (R25).
    async fn welcome(&mut self, joined: &[UserId]) -> Result<()> {
        let to = self.row.to_id;
        let Some(grant) = Grant::default_role(&self.app.roles, Place::organization(to)) else {
            return Ok(());
        };
        let people: Vec<_> = joined.iter().map(|id| (*id, vec![grant.clone()])).collect();
        for outcome in grants::apply(self.app, self.tx, to, &people, Others::Stay).await? {
            note(self.app, &mut self.events, to, &outcome?);
        }
        Ok(())
    }
}

/// One more account has to fit into the organization, which is locked.
async fn check_room(app: &App, tx: &impl ConnectionTrait, to: OrganizationId) -> Result<()> {
    let limit = app.config.accounts_per_organization;
    let count = store::account::count(tx, to, None).await?;
    if count < i64::from(limit) {
        return Ok(());
    }
    let message = format!("at most {limit} accounts in an organization, there are {count}");
    Err(UserError::new(UserErrorCode::LimitReached, "moveId", message).into())
}

/// Nobody has more built-in roles in the new organization than one may have there (R12).
async fn check_role_limits(
    app: &App,
    tx: &impl ConnectionTrait,
    to: OrganizationId,
    moving: &[&HeldRow],
) -> Result<()> {
    let limit = app.config.built_in_roles_per_user as usize;
    let built_in =
        |row: &HeldRow| app.roles.get(row.role_id).is_some_and(|role| role.kind == Kind::BuiltIn);
    let coming: Vec<UserId> =
        moving.iter().filter(|row| built_in(row)).map(|row| row.user_id).collect();
    let mut users = coming.clone();
    users.sort_unstable();
    users.dedup();
    let held = store::assignment::held(tx, to, &users).await?;
    let mut errors = Vec::new();
    for user_id in users {
        let has = held.iter().filter(|row| row.user_id == user_id && built_in(row)).count();
        let gets = coming.iter().filter(|id| **id == user_id).count();
        if has + gets > limit {
            let message = format!(
                "at most {limit} built-in roles for one user in an organization; {user_id} has {has} \
                 there, and {gets} would come along"
            );
            errors.push(UserError::new(UserErrorCode::RoleLimitReached, "moveId", message));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Refused(errors)) }
}

fn asker_lost_access() -> Error {
    let message = "the person who asked for the move may no longer decide it";
    UserError::new(UserErrorCode::AskerLostAccess, "moveId", message)
        .help("It can be declined, and asked for anew.")
        .into()
}
