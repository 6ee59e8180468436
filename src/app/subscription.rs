//! What people subscribe to. Each change is decided anew, by the same code as a query at that instant
//! (R2, R27): who may not see it any more is not told of it.

use std::collections::VecDeque;
use std::sync::Arc;

use entity::id::{AccountId, AssignmentId, BillingGroupId, InvitationId, OrganizationId, UserId};
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde_json::Value;

use super::live::Watch;
use super::{App, account, billing_group, invitation_admin, user};
use crate::access::Viewer;
use crate::access::viewer::Listing;
use crate::error::{Error, Result};
use crate::store;
use crate::store::changes::Change;
use crate::store::invitation_page::InvitationRow;
use crate::store::user_page::MemberRow;

/// Ends when the viewer's session does, with [`Error::Unauthenticated`], or when that cannot be known any
/// more.
pub async fn session_end(app: Arc<App>, viewer: Arc<Viewer>) -> Error {
    let about_them = |change: &Change, viewer: &Viewer| {
        change.actor_id == Some(viewer.user_id())
            || change.target == viewer.user_id().to_string()
            || viewer.session_id().is_ok_and(|id| change.target == id.to_string())
    };
    let mut watch = match Watch::begin(&app, &viewer, about_them).await {
        Ok(watch) => watch,
        Err(error) => return error,
    };
    loop {
        let looked = match watch.next().await {
            Ok(_) => watch.look().await,
            missed => missed.map(drop),
        };
        if let Err(error) = looked {
            return error;
        }
    }
}

/// The invitations of an organization that are made or changed, as far as the viewer administers them;
/// with the viewer as they are then.
///
/// # Errors
/// At once for who administers nobody there; later, when the session ends, the viewer administers nobody
/// any more, or changes were missed. It is the last item then.
pub async fn invitations(
    app: &Arc<App>,
    viewer: &Arc<Viewer>,
    organization_id: OrganizationId,
) -> Result<impl Stream<Item = Result<(InvitationRow, Arc<Viewer>)>> + use<>> {
    let wanted = move |change: &Change, _: &Viewer| {
        change.organization_id == Some(organization_id)
            && change.target.parse::<InvitationId>().is_ok()
    };
    let watch = Watch::begin(app, viewer, wanted).await?;
    watch.viewer.listing(&app.roles, organization_id)?;
    Ok(try_unfold((watch, VecDeque::new()), move |(mut watch, mut due)| async move {
        loop {
            let next: Option<InvitationId> = due.pop_front();
            if next.is_none() {
                let targets = watch.next().await?.into_iter().map(|change| change.target);
                due = distinct(targets.filter_map(|target| target.parse().ok()));
            }
            watch.look().await?;
            watch.viewer.listing(&watch.app.roles, organization_id)?;
            let Some(id) = next else { continue };
            match invitation_admin::find(&watch.app, &watch.viewer, id).await {
                Ok(row) => {
                    let seen = (row, Arc::clone(&watch.viewer));
                    return Ok::<_, Error>(Some((seen, (watch, due))));
                }
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }))
}

/// Whose assignments have changed.
#[derive(Clone, Debug)]
pub struct Reassigned {
    /// The user.
    pub user_id: UserId,
    /// The user as a member; none for one who is none any more, or has nothing left that the viewer sees.
    pub member: Option<MemberRow>,
}

/// The users of an organization whose assignments there are changed, as far as the viewer administers
/// these; with the viewer as they are then.
///
/// # Errors
/// As [`invitations`].
pub async fn role_assignments(
    app: &Arc<App>,
    viewer: &Arc<Viewer>,
    organization_id: OrganizationId,
) -> Result<impl Stream<Item = Result<(Reassigned, Arc<Viewer>)>> + use<>> {
    let wanted = move |change: &Change, _: &Viewer| {
        change.organization_id == Some(organization_id) && !reassigned(change).is_empty()
    };
    let watch = Watch::begin(app, viewer, wanted).await?;
    watch.viewer.listing(&app.roles, organization_id)?;
    Ok(try_unfold((watch, VecDeque::new()), move |(mut watch, mut due)| async move {
        loop {
            let next: Option<(UserId, Vec<AccountId>)> = due.pop_front();
            if next.is_none() {
                due = by_user(&watch.next().await?);
            }
            watch.look().await?;
            let (app, viewer) = (&watch.app, &watch.viewer);
            let listing = viewer.listing(&app.roles, organization_id)?;
            let Some((user_id, accounts)) = next else { continue };
            if !shows(app, &listing, &accounts).await? {
                continue;
            }
            let member = user::seen_in(app, viewer, organization_id, user_id).await?;
            let seen = (Reassigned { user_id, member }, Arc::clone(viewer));
            return Ok::<_, Error>(Some((seen, (watch, due))));
        }
    }))
}

/// Whose assignments a change is about.
fn reassigned(change: &Change) -> Vec<UserId> {
    let told = |value: &Option<Value>, key: &str| value.as_ref()?.get(key)?.as_str()?.parse().ok();
    if change.target.parse::<AssignmentId>().is_ok() {
        let entry = told(&change.after, "user").or_else(|| told(&change.before, "user"));
        return entry.into_iter().collect();
    }
    // An owner's assignment is not made and removed, but handed over.
    [told(&change.before, "owner"), told(&change.after, "owner")].into_iter().flatten().collect()
}

/// The account that a change of assignments is about; none at the organization.
fn account_of(change: &Change) -> Option<AccountId> {
    let entry = change.after.as_ref().or(change.before.as_ref());
    let scope = entry.and_then(|entry| entry.get("scope")?.as_str());
    scope.unwrap_or(&change.target).parse().ok()
}

/// The users whose assignments were changed, each once, with the accounts where.
fn by_user(changes: &[Change]) -> VecDeque<(UserId, Vec<AccountId>)> {
    let mut users: VecDeque<(UserId, Vec<AccountId>)> = VecDeque::new();
    for change in changes {
        for user_id in reassigned(change) {
            let accounts = account_of(change);
            match users.iter_mut().find(|(known, _)| *known == user_id) {
                Some((_, known)) => known.extend(accounts),
                None => users.push_back((user_id, accounts.into_iter().collect())),
            }
        }
    }
    users
}

/// Whether a listing shows what is assigned at one of these accounts.
async fn shows(app: &App, listing: &Listing, accounts: &[AccountId]) -> Result<bool> {
    let Listing::Accounts(administered) = listing else { return Ok(true) };
    let places = store::account::places(&app.db, accounts).await?;
    Ok(places.iter().filter_map(|place| place.account.as_ref()).any(|account| {
        let above = [Some(account.id), account.parent_id];
        above.into_iter().flatten().any(|id| administered.contains(&id))
    }))
}

/// The viewer, whenever what they may do has changed: what they hold, or an account or billing group that
/// they reach.
///
/// # Errors
/// When the session ends, or changes were missed. It is the last item then.
pub async fn access(
    app: &Arc<App>,
    viewer: &Arc<Viewer>,
) -> Result<impl Stream<Item = Result<Arc<Viewer>>> + use<>> {
    let watch = Watch::begin(app, viewer, may_change_access).await?;
    let held = watch.viewer.standing.at(watch.viewer.now);
    Ok(try_unfold((watch, held), move |(mut watch, held)| async move {
        loop {
            let changes = watch.next().await?;
            watch.look().await?;
            let viewer = Arc::clone(&watch.viewer);
            let holds = viewer.standing.at(viewer.now);
            if holds != held || reaches_one_of(&watch.app, &viewer, &changes).await? {
                return Ok::<_, Error>(Some((viewer, (watch, holds))));
            }
        }
    }))
}

/// Whether a change may be one of what somebody may do. What other people's invitations become never is.
fn may_change_access(change: &Change, viewer: &Viewer) -> bool {
    let user_id = viewer.user_id();
    let theirs = change.actor_id == Some(user_id) || change.target == user_id.to_string();
    let member = change.organization_id.is_some_and(|id| viewer.standing.membership(id).is_some());
    theirs || (member && change.target.parse::<InvitationId>().is_err())
}

/// Whether one of the changes is about an account or billing group that the viewer reaches.
async fn reaches_one_of(app: &App, viewer: &Viewer, changes: &[Change]) -> Result<bool> {
    let about = changes.iter().filter(|change| !change.action.ends_with(".renamed"));
    for target in distinct(about.map(|change| change.target.clone())) {
        let seen = if let Ok(id) = target.parse::<AccountId>() {
            account::visible(app, viewer, id).await.map(drop)
        } else if let Ok(id) = target.parse::<BillingGroupId>() {
            billing_group::visible(app, viewer, id).await.map(drop)
        } else {
            continue;
        };
        match seen {
            Ok(()) => return Ok(true),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Each once, in their order.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> VecDeque<T> {
    let mut distinct = VecDeque::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push_back(one);
        }
    }
    distinct
}
