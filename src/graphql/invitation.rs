//! Invitations, as those who administer them see them.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{AccountId, UserId};
use entity::invitation::Status;

use super::acceptance::{AcceptanceOf, InvitationAcceptance};
use super::connection::Connection;
use super::context::context;
use super::id::Gid;
use super::loader::load;
use super::organization::Organization;
use super::role::Role;
use super::scope::{Resource, Scope, resource};
use super::user::User;
use crate::access::Roles;
use crate::app::promise::{self, Promise};
use crate::error::Error;
use crate::store::invitation::GrantRow;
use crate::store::invitation_page::{Filter, InvitationRow};
use crate::store::page::Page;

/// The states of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::invitation::Status")]
pub(super) enum InvitationStatus {
    /// It can be accepted.
    Pending,
    /// The person joined.
    Accepted,
    /// The person said no.
    Declined,
    /// It was taken back.
    Revoked,
    /// Its time ran out.
    Expired,
}

/// How far a mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::mail::State")]
pub(super) enum DeliveryState {
    /// Waiting to be sent, or to be tried again.
    Queued,
    /// Handed to the mail server.
    Sent,
    /// Given up.
    Failed,
    /// Overtaken before it was sent.
    Cancelled,
}

/// How far the newest mail of an invitation has come.
#[derive(SimpleObject)]
pub(super) struct Delivery {
    /// The state.
    state: DeliveryState,
    /// How often it was tried.
    attempts: i64,
    /// What the mail server last answered, when it did not take the mail.
    last_error: Option<String>,
    /// Until when it waits, because its organization has sent as many mails within an hour as it may, or
    /// the address was mailed an invitation of the organization less than a minute before.
    held_back_until: Option<DateTime<Utc>>,
    /// When it was handed to the mail server.
    sent_at: Option<DateTime<Utc>>,
}

/// A role at a scope that an invitation promises.
pub(super) struct InvitationGrant {
    row: GrantRow,
    roles: Roles,
}

/// A role at a scope that an invitation promises.
#[Object]
impl InvitationGrant {
    /// The role.
    async fn role(&self, ctx: &Context<'_>) -> Result<Option<Role>> {
        match self.roles.get(self.row.role_id) {
            Some(role) => Ok(Some(Role::new(role, &self.roles))),
            None if self.row.custom_role_name.is_some() => {
                Role::custom(ctx, self.row.role_id).await
            }
            None => Ok(None),
        }
    }

    /// Where it will be assigned.
    async fn scope(&self) -> Scope {
        Scope::from(&self.row)
    }

    /// What it is about, for a resource role.
    async fn resource(&self) -> Option<Resource> {
        let organization = (self.row.organization_id, self.row.organization_name.as_str());
        resource(self.row.billing_group_id, self.row.billing_group_name.as_deref(), organization)
    }

    /// From this instant on it will grant nothing.
    async fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.row.valid_until
    }
}

/// Grants as the API shows them.
fn grants(rows: Vec<GrantRow>, roles: &Roles) -> Vec<InvitationGrant> {
    rows.into_iter().map(|row| InvitationGrant { row, roles: roles.clone() }).collect()
}

/// An e-mail address asked to join an organization.
pub(super) struct Invitation {
    row: InvitationRow,
    now: DateTime<Utc>,
    /// What it promises, where that came along already.
    grants: Option<Vec<GrantRow>>,
}

impl Invitation {
    pub(super) fn new(row: InvitationRow, now: DateTime<Utc>) -> Self {
        Self { row, now, grants: None }
    }

    /// An invitation with what it promises, read together with it.
    pub(super) fn with_grants(
        row: InvitationRow,
        grants: Vec<GrantRow>,
        now: DateTime<Utc>,
    ) -> Self {
        Self { row, now, grants: Some(grants) }
    }

    /// Whether it can be accepted.
    async fn decided(&self, ctx: &Context<'_>) -> Result<InvitationAcceptance> {
        if let Some(obstacle) = promise::ended(self.row.status_at(self.now)) {
            return Ok(InvitationAcceptance::ended(obstacle));
        }
        let promise = Promise {
            id: self.row.id,
            organization_id: self.row.organization_id,
            invited_by: self.row.inviter.id,
        };
        let decided = load(ctx, AcceptanceOf(promise)).await?;
        decided.ok_or_else(|| {
            let lost = Error::Internal("an invitation was not decided about".to_owned());
            super::error::shown(&lost)
        })
    }
}

/// An e-mail address asked to join an organization with a list of grants.
#[Object]
impl Invitation {
    /// The id, `inv_…`.
    pub(super) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The address, as it was typed.
    async fn email(&self) -> &str {
        &self.row.invited_email
    }

    /// What the inviter calls the person.
    async fn name(&self) -> Option<&str> {
        self.row.invited_name.as_deref()
    }

    /// What the inviter wrote.
    async fn message(&self) -> Option<&str> {
        self.row.message.as_deref()
    }

    /// The state.
    async fn status(&self) -> InvitationStatus {
        self.row.status_at(self.now).into()
    }

    /// When it expires or expired.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.invited_at
    }

    /// When it was accepted, declined or revoked.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }

    /// Who accepted, declined or revoked it.
    async fn ended_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.row.ended_by else { return Ok(None) };
        let user = load(ctx, id).await?;
        Ok(user.map(|row| User::new(row, Some(self.row.organization_id), None)))
    }

    /// Whether it can be accepted now, as far as that is the organization's matter: it is pending, and
    /// who vouches for it may still grant all that it promises.
    async fn can_be_accepted(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.decided(ctx).await?.possible)
    }

    /// Whether it can be accepted now, and why not.
    async fn acceptance(&self, ctx: &Context<'_>) -> Result<InvitationAcceptance> {
        self.decided(ctx).await
    }

    /// When somebody with the link last asked for a new one, because it had expired or did not hold any
    /// more. None once a new one has been mailed.
    async fn new_link_requested_at(&self) -> Option<DateTime<Utc>> {
        self.row.link_requested_at
    }

    /// The organization.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
        Ok(load(ctx, self.row.organization_id).await?.map(Organization::from))
    }

    /// Who vouches for it: the person who made it, or who last resent it.
    async fn invited_by(&self) -> User {
        User::new(self.row.inviter.clone(), Some(self.row.organization_id), None)
    }

    /// What it promises.
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<InvitationGrant>> {
        let rows = match &self.grants {
            Some(rows) => rows.clone(),
            None => load(ctx, self.row.id).await?.unwrap_or_default(),
        };
        Ok(grants(rows, &context(ctx)?.app.roles))
    }

    /// How far its newest mail has come.
    async fn delivery(&self) -> Option<Delivery> {
        Some(Delivery {
            state: self.row.mail_state?.into(),
            attempts: self.row.mail_attempts.unwrap_or_default(),
            last_error: self.row.mail_error.clone(),
            held_back_until: self.row.held_back_until(self.now),
            sent_at: self.row.mail_sent_at,
        })
    }
}

/// Which invitations to list; what is left out does not narrow the list.
#[derive(Default, InputObject)]
pub(super) struct InvitationFilter {
    /// In this state.
    status: Option<InvitationStatus>,
    /// In one of these states. An empty list does not narrow the list of invitations.
    statuses: Option<Vec<InvitationStatus>>,
    /// Vouched for by this person: who made it, or last resent or changed it.
    invited_by_id: Option<Gid<UserId>>,
    /// Whose newest mail has come this far.
    delivery: Option<DeliveryState>,
    /// Found in the address. At most 255 characters.
    email: Option<String>,
    /// Promising a role at this account.
    account_id: Option<Gid<AccountId>>,
}

impl InvitationFilter {
    /// The filter in the store's terms.
    pub(super) fn resolve(self) -> Result<Filter, Error> {
        let mut statuses: Vec<Status> = Vec::new();
        for status in self.statuses.into_iter().flatten().map(Status::from) {
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        if let Some(status) = self.status.map(Status::from) {
            // Both narrow the list.
            if !statuses.is_empty() && !statuses.contains(&status) {
                let message = "`status` has to be one of `statuses` where both are given";
                return Err(Error::BadInput { field: "status", message: message.to_owned() });
            }
            statuses = vec![status];
        }
        Ok(Filter {
            statuses,
            invited_by: self.invited_by_id.map(|id| id.0),
            delivery: self.delivery.map(Into::into),
            email: crate::text::search("email", self.email.as_deref())?,
            account_id: self.account_id.map(|id| id.0),
        })
    }
}

/// A page of invitations.
pub(super) fn connection(page: Page<InvitationRow>, now: DateTime<Utc>) -> Connection<Invitation> {
    Connection::new(page, InvitationRow::cursor, |row| Invitation::new(row, now))
}
