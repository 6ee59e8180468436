//! What an invitation's link leads to (R48–R51): looking changes nothing; accepting and declining
//! are explicit, and happen once.

use chrono::{DateTime, Utc};
use entity::id::{AccountId, OrganizationId, UserId};
use entity::invitation::Status;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::App;
use super::assignment::note;
use super::email::Address;
use super::entitlement::{promised_seat_is_gone, take_promised_seat};
use super::events::Events;
use super::grants::{self, Applied, Others};
use super::promise;
use super::session::{Known, Landing, SignedIn, begin_session, check_password, issue, land};
use crate::access::{Grant, Origin, Place, Viewer};
use crate::auth::password;
use crate::auth::secret::hash_of_link;
use crate::error::{Error, Result, UserError, UserErrorCode};
use crate::mail::Locale;
use crate::mail::message::{self, Message};
use crate::mail::outbox::{self, Outgoing, Recipient};
use crate::store;
use crate::store::invitation::{GrantRow, LinkRow};
use crate::store::invitation_page::status_at;
use crate::store::user::NewUser;

/// Every state that a link can be in (R49).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// The viewer is the invitee: one step is left.
    Ready,
    /// The address has no identity yet: name and password are asked for.
    NeedsSignUp,
    /// The address has an identity, and nobody is signed in.
    NeedsSignIn,
    /// Somebody else is signed in.
    ForAnotherUser,
    /// Too late.
    Expired,
    /// Taken back.
    Revoked,
    /// The invitee said no.
    Declined,
    /// Done before.
    AlreadyAccepted,
    /// Who invited may no longer grant what was promised (R21).
    InviterLostAccess,
    /// There are fewer seats than when the invitation was made, and others on all of them (R55).
    SeatsExhausted,
}

/// What a link shows.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The state.
    pub state: LinkState,
    /// The invitation and who is around it.
    pub link: LinkRow,
    /// What it promises.
    pub grants: Vec<GrantRow>,
}

/// What a link leads to, for the viewer or for somebody unknown. None for a token that is not ours.
pub async fn preview(app: &App, token: &str, viewer: Option<&Viewer>) -> Result<Option<Preview>> {
    let now = app.clock.now();
    let Some(link) = store::invitation::by_token(&app.db, &hash_of_link(token)).await? else {
        return Ok(None);
    };
    let grants = store::invitation::grants(&app.db, &[link.id]).await?;
    let state = match status_at(link.status, link.expires_at, now) {
        Status::Accepted => LinkState::AlreadyAccepted,
        Status::Declined => LinkState::Declined,
        Status::Revoked => LinkState::Revoked,
        Status::Expired => LinkState::Expired,
        Status::Pending => match promise::kept(app, &app.db, &(&link).into(), &grants).await? {
            Err(_) => LinkState::InviterLostAccess,
            Ok(_) => match (viewer, link.user_id) {
                (Some(viewer), _) if viewer.email_key != link.email_key => {
                    LinkState::ForAnotherUser
                }
                (_, user_id)
                    if promised_seat_is_gone(&app.db, link.organization_id, user_id).await? =>
                {
                    LinkState::SeatsExhausted
                }
                (Some(_), _) => LinkState::Ready,
                (None, Some(_)) => LinkState::NeedsSignIn,
                (None, None) => LinkState::NeedsSignUp,
            },
        },
    };
    Ok(Some(Preview { state, link, grants }))
}

/// What accepting takes.
pub struct Accept {
    /// The link's token.
    pub token: String,
    /// The name, for somebody new.
    pub name: Option<String>,
    /// The password: a new one for somebody new, theirs for somebody who signs in on the way.
    pub password: Option<String>,
}

/// Who accepts.
enum Invitee {
    /// Somebody signed in, in this session.
    Viewer(UserId, entity::id::SessionId),
    /// Somebody who gave their password on the way.
    SignedIn(Known),
    /// Somebody new.
    New(NewUser),
}

/// Accepts an invitation (R50): membership, assignments and session in one transaction, once.
pub async fn accept(
    app: &App,
    origin: &Origin,
    viewer: Option<&Viewer>,
    input: Accept,
) -> Result<SignedIn> {
    let now = app.clock.now();
    let hash = hash_of_link(&input.token);
    let link = store::invitation::by_token(&app.db, &hash).await?.ok_or_else(unknown)?;
    check_pending(link.status, link.expires_at, now)?;
    let invitee = identify(app, &link, viewer, input).await?;

    let tx = store::begin(&app.db).await?;
    let user_id = match &invitee {
        Invitee::Viewer(id, _) => {
            // First the user and then memberships, as whoever gives their password or signs in does: so
            // nobody waits for the two in another order.
            let user = store::user::by_email_locked(&tx, &link.email_key).await?;
            if user.is_none_or(|user| user.id != *id) {
                return Err(Error::Conflict("the address changed meanwhile; try again"));
            }
            *id
        }
        Invitee::SignedIn(known) => {
            known.confirm(&tx).await?;
            known.user_id
        }
        Invitee::New(new) => {
            let id = new.id;
            // Somebody may have signed up with the address since: then they have to sign in.
            if !store::user::insert(&tx, new.clone(), now).await? {
                return Err(sign_in_required());
            }
            id
        }
    };
    // The inviter's membership is locked, so that their authority cannot end in between; with the
    // invitee's, if they are a member already, so that nobody waits for the two in another order.
    store::membership::lock(&tx, link.organization_id, &[link.invited_by, user_id]).await?;
    let (current, by) = (Some((hash.as_slice(), link.invited_by)), Some(user_id));
    if !store::invitation::end(&tx, link.id, current, Status::Accepted, by, now).await? {
        drop(tx);
        let after = store::invitation::by_token(&app.db, &hash).await?.ok_or_else(unknown)?;
        check_pending(after.status, after.expires_at, now)?;
        return Err(Error::Conflict("the invitation changed meanwhile; try again"));
    }
    let mut events = Events::by(app, user_id);
    super::mail_opt_out::welcome_again(&tx, &mut events, &link).await?;
    store::mail::cancel_reminder(&tx, link.id).await?;
    let rows = store::invitation::grants(&tx, &[link.id]).await?;
    let kept = promise::kept(app, &tx, &(&link).into(), &rows).await?;
    let grants = kept.map_err(|_| inviter_lost_access())?;
    take_promised_seat(&tx, link.organization_id, user_id).await?;
    let applied = join(app, &tx, &link, user_id, grants).await?;
    store::user::verify_email(&tx, user_id, &link.email_key, now).await?;

    let first = rows.iter().find_map(|row| row.account_id);
    let (account, landing) = land(app, &tx, user_id, first).await?;
    let landing = if first.is_some() && account.as_ref().map(|a| a.id) == first {
        Landing::First
    } else {
        landing
    };
    let place: Option<(AccountId, OrganizationId)> =
        account.as_ref().map(|account| (account.id, account.organization_id));
    let account_id = place.map(|(id, _)| id);
    let session_id = match &invitee {
        Invitee::Viewer(_, session_id) => *session_id,
        _ => begin_session(app, &tx, user_id, origin, account_id).await?,
    };
    let tokens = issue(app, &tx, user_id, session_id, place).await?;
    thank(app, &tx, &link, &invitee, viewer).await?;
    let after = json!({ "user": user_id, "grants": applied.added.len() });
    events.add(Some(link.organization_id), "invitation.accepted", link.id, None, Some(after));
    note(app, &mut events, link.organization_id, &applied);
    super::join::came_in(app, &tx, &mut events, link.organization_id, &[user_id]).await?;
    events.write(&tx, origin).await?;
    tx.commit().await?;
    app.mail_queued.notify_one();

    let viewer = super::session::viewer(app, origin, user_id, session_id, place, now).await?;
    Ok(SignedIn { tokens, viewer, account, landing })
}

/// Who accepts, and whether they may: the token proves the address, a session or password the person.
async fn identify(
    app: &App,
    link: &LinkRow,
    viewer: Option<&Viewer>,
    input: Accept,
) -> Result<Invitee> {
    match (viewer, link.user_id) {
        (Some(viewer), _) if viewer.email_key == link.email_key => {
            Ok(Invitee::Viewer(viewer.user_id(), viewer.session_id()?))
        }
        (Some(_), _) => Err(UserError::new(
            UserErrorCode::WrongUser,
            "token",
            format!("the invitation is for {}, not for you", super::email::masked(&link.email)),
        )
        .help("Sign out, and open the link again.")
        .into()),
        (None, Some(_)) => match input.password {
            Some(password) => {
                let address = Address::parse("email", &link.email).ok();
                let tried = app.throttle.accept(link.id)?;
                check_password(app, tried, address.as_ref(), password).await.map(Invitee::SignedIn)
            }
            None => Err(sign_in_required()),
        },
        (None, None) => {
            let name = crate::text::name("name", input.name.as_deref().unwrap_or_default());
            let password = input.password.unwrap_or_default();
            let good = password::check("password", &password);
            let name = match (name, good) {
                (Ok(name), Ok(())) => name,
                (name, good) => {
                    return Err(Error::Refused(name.err().into_iter().chain(good.err()).collect()));
                }
            };
            let about = vec![name.clone(), link.email.clone(), link.organization_name.clone()];
            let password_hash = app.passwords.hash("password", password, about).await?;
            Ok(Invitee::New(NewUser {
                id: app.random.id(app.clock.now()),
                name,
                email: link.email.clone(),
                email_key: link.email_key.clone(),
                email_verified: true,
                password_hash,
                locale: link.locale.clone(),
            }))
        }
    }
}

/// Membership and assignments. Somebody new to the organization who was granted nothing at its level
/// gets the catalogue's default role (R25).
async fn join(
    app: &App,
    tx: &impl ConnectionTrait,
    link: &LinkRow,
    user_id: UserId,
    mut grants: Vec<Grant>,
) -> Result<Applied> {
    let now = app.clock.now();
    let organization_id = link.organization_id;
    let fresh =
        store::membership::insert(tx, app.random.id(now), organization_id, user_id, now).await?;
    if fresh && grants.iter().all(|grant| grant.place().account.is_some()) {
        grants.extend(Grant::default_role(&app.roles, Place::organization(organization_id)));
    }
    let outcome = grants::apply(app, tx, organization_id, &[(user_id, grants)], Others::Stay)
        .await?
        .into_iter()
        .next();
    outcome
        .ok_or_else(|| Error::Internal("applying grants gave no outcome".to_owned()))?
        .map_err(Error::from)
}

/// Tells the inviter.
async fn thank(
    app: &App,
    tx: &impl ConnectionTrait,
    link: &LinkRow,
    invitee: &Invitee,
    viewer: Option<&Viewer>,
) -> Result<()> {
    let name = match (invitee, viewer) {
        (Invitee::New(new), _) => new.name.clone(),
        (_, Some(viewer)) => viewer.name.clone(),
        _ => link.name.clone().unwrap_or_else(|| link.email.clone()),
    };
    let mail = Outgoing {
        to: Recipient {
            name: Some(link.inviter_name.clone()),
            address: link.inviter_email.clone(),
        },
        message: Message::InvitationAccepted(message::InvitationAccepted {
            name: link.inviter_name.clone(),
            invitee_name: name,
            invitee_email: link.email.clone(),
            organization_name: link.organization_name.clone(),
        }),
        locale: Locale::parse(&link.inviter_locale).unwrap_or_default(),
        organization_id: Some(link.organization_id),
    };
    outbox::queue(tx, app, vec![mail]).await?;
    Ok(())
}

/// Says no to an invitation (R47). The link is proof enough.
pub async fn decline(app: &App, origin: &Origin, token: &str) -> Result<()> {
    let now = app.clock.now();
    let hash = hash_of_link(token);
    let link = store::invitation::by_token(&app.db, &hash).await?.ok_or_else(unknown)?;
    check_pending(link.status, link.expires_at, now)?;
    let tx = store::begin(&app.db).await?;
    let current = Some((hash.as_slice(), link.invited_by));
    if !store::invitation::end(&tx, link.id, current, Status::Declined, link.user_id, now).await? {
        return Err(Error::Conflict("the invitation changed meanwhile; try again"));
    }
    store::mail::cancel_reminder(&tx, link.id).await?;
    let mut events = Events::anonymous(app);
    events.add(Some(link.organization_id), "invitation.declined", link.id, None, None);
    events.write(&tx, origin).await?;
    tx.commit().await?;
    Ok(())
}

fn check_pending(status: Status, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let (code, message) = match status_at(status, expires_at, now) {
        Status::Pending => return Ok(()),
        Status::Accepted => {
            (UserErrorCode::InvitationNotPending, "the invitation has been accepted already")
        }
        Status::Declined => {
            (UserErrorCode::InvitationNotPending, "the invitation has been declined")
        }
        Status::Revoked => {
            (UserErrorCode::InvitationNotPending, "the invitation has been taken back")
        }
        Status::Expired => (UserErrorCode::InvitationExpired, "the invitation has expired"),
    };
    let error = UserError::new(code, "token", message);
    Err(match status {
        Status::Accepted => error.help("Sign in to go on."),
        _ => error.help("Ask the person who invited you for a new invitation."),
    }
    .into())
}

fn unknown() -> Error {
    UserError::new(UserErrorCode::InvalidToken, "token", "there is no such invitation").into()
}

fn sign_in_required() -> Error {
    UserError::new(
        UserErrorCode::SignInRequired,
        "password",
        "the address has an identity already: sign in to accept",
    )
    .into()
}

fn inviter_lost_access() -> Error {
    UserError::new(
        UserErrorCode::InviterLostAccess,
        "token",
        "the person who invited may no longer grant what the invitation promises",
    )
    .help("Ask an administrator of the organization for a new invitation.")
    .into()
}
