//! Deleting one's own user: the identity is erased for good (R26).
//!
//! What others rely on stays: who invited whom, who owned what, the record of changes. There the person is a
//! user without a name, an address or a way to sign in.

use entity::account::Status;
use entity::id::{AccountId, OrganizationId, UserId};

use super::App;
use super::consequences::Consequences;
use super::ends::{Invitations, ends_with_membership};
use super::removal::give_accounts;
use super::session::check_own_password;
use super::work::{Run, Work};
use crate::access::Viewer;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::store;
use crate::store::assignment_end::Extent;

/// How many things somebody owns are named.
const NAMED: usize = 10;

/// What deleting oneself comes to.
pub struct Deleted {
    /// What goes along, or, for a refusal, the accounts that are in the way.
    pub consequences: Consequences,
    /// Why nothing was done: told with the consequences, because they say what is in the way.
    pub refused: Option<UserError>,
}

/// What somebody owns.
#[derive(Default)]
struct Owned {
    /// The names of organizations and open accounts: they are in the way.
    names: Vec<String>,
    open: Vec<AccountId>,
    /// Closed accounts, in which nobody can work, each with its organization and that one's Owner.
    closed: Vec<(OrganizationId, UserId, AccountId)>,
}

/// Ends everything of the viewer's: memberships with all that hangs on them, sessions, links, requests; and
/// erases who they were. Their pending invitations are revoked. The address is free at once.
///
/// # Errors
/// `INVALID_CREDENTIALS` at `password`. While they own anything the result says so.
pub async fn delete_own(app: &App, viewer: &Viewer, password: String, run: Run) -> Result<Deleted> {
    let known = check_own_password(app, viewer, "password", password).await?;
    let user_id = viewer.user_id();
    let mut work = Work::begin(app, viewer, run).await?;
    let organizations = store::membership::of_user(work.tx(), user_id).await?;
    // Organizations, then memberships, and the user last, as whoever comes in takes them.
    store::membership::lock_organizations(work.tx(), organizations.clone()).await?;
    let mut owned = Owned::default();
    for id in &organizations {
        look(&work, *id, user_id, &mut owned).await?;
    }
    let mut consequences = Consequences::default();
    if !owned.names.is_empty() {
        consequences.accounts(work.tx(), &owned.open).await?;
        return Ok(Deleted { consequences, refused: Some(still_owner(&owned.names)) });
    }
    for (organization_id, heir, account) in owned.closed {
        give_accounts(&mut work, organization_id, &[account], user_id, heir).await?;
    }
    for id in organizations {
        let ended = ends_with_membership(&mut work, id, user_id, Invitations::Revoke).await?;
        consequences.append(ended);
    }
    known.confirm(work.tx()).await?;
    erase(&mut work, user_id).await?;
    work.finish().await?;
    Ok(Deleted { consequences, refused: None })
}

/// Locks a membership, and notes what the member owns in the organization.
async fn look(
    work: &Work<'_>,
    organization_id: OrganizationId,
    user_id: UserId,
    owned: &mut Owned,
) -> Result<()> {
    let tx = work.tx();
    let changed = || Error::Conflict("a membership changed meanwhile; try again");
    let organization = store::organization::by_id(tx, organization_id).await?;
    let organization = organization.ok_or_else(changed)?;
    let people = [user_id, organization.owner.id];
    if !store::membership::lock(tx, organization_id, &people).await?.contains(&user_id) {
        return Err(changed());
    }
    if organization.owner.id == user_id {
        owned.names.push(organization.name);
    }
    let held =
        store::assignment_end::rows(tx, organization_id, Extent::Of(user_id), i64::MAX).await?;
    for row in held.into_iter().filter(|row| row.owned_scope_id.is_some()) {
        let Some(account) = row.account_id else { continue };
        if row.account_status == Some(Status::Closed) {
            owned.closed.push((organization_id, organization.owner.id, account));
        } else {
            owned.open.push(account);
            owned.names.extend(row.account_name);
        }
    }
    Ok(())
}

/// Makes the user nobody. Nothing can be begun for them any more: there is no password, no session and no
/// link, and the address is not theirs.
async fn erase(work: &mut Work<'_>, user_id: UserId) -> Result<()> {
    let (tx, now) = (work.tx(), work.app.clock.now());
    let user = store::user::by_id(tx, user_id).await?.ok_or(Error::Unauthenticated)?;
    store::user::erase(tx, user_id, now).await?;
    if !store::membership::of_user(tx, user_id).await?.is_empty() {
        return Err(Error::Conflict("a membership was added meanwhile; try again"));
    }
    store::user::delete_belongings(tx, user_id).await?;
    store::mail::cancel_to_identity(tx, &user.email).await?;
    work.events().add(None, "user.deleted", user_id, None, None);
    Ok(())
}

fn still_owner(names: &[String]) -> UserError {
    let more = if names.len() > NAMED { ", …" } else { "" };
    let told = names[..names.len().min(NAMED)].join(", ");
    let message = format!("you own {told}{more}");
    UserError::new(UserErrorCode::StillOwner, "", message).help(
        "Hand them over with offerOwnership, or close the accounts and delete the organizations.",
    )
}
