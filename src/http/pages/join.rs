//! Joining an organization because of the domain of one's address. What can be done stands on the
//! welcome page; here it is done.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use entity::email_domain::JoinPolicy;
use entity::id::OrganizationId;
use serde::Deserialize;

use super::facts::{Door, Way};
use super::sheet::Input;
use super::trouble::Trouble;
use super::visit::{Fields, Token, Visit};
use super::welcome::facts;
use super::{contents, cookie, page};
use crate::access::Viewer;
use crate::app::join::Joinable;
use crate::app::session::Tokens;
use crate::app::{account, join, join_request, session};
use crate::error::{Error, UserError, UserErrorCode};

/// The form that signs in.
#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: String,
}

/// An organization that somebody may join, as pages show it.
pub(super) fn door(joinable: Joinable) -> Door {
    let Joinable { door, contact, request } = joinable;
    let way = match (request, door.policy()) {
        (Some(request), _) => Way::Asked(request.asked_at),
        (None, JoinPolicy::Automatic) => Way::Join,
        (None, JoinPolicy::Request) => Way::Ask,
        (None, JoinPolicy::Contact | JoinPolicy::Invitation) => {
            Way::Contact(contact.unwrap_or_default())
        }
    };
    Door {
        organization_id: door.organization_id,
        organization: door.organization_name,
        domain: door.domain,
        way,
    }
}

/// `GET /join`: asks who it is, and leads to the welcome once that is known.
pub(super) async fn show(visit: Visit) -> Result<Response, Trouble> {
    Ok(match visit.viewer().await? {
        Some(_) => welcome(&visit),
        None => page(StatusCode::OK, visit.tongue, &contents::sign_in(visit.tongue.locale)),
    })
}

/// `POST /join`: signs in.
pub(super) async fn sign_in(
    visit: Visit,
    Fields(form): Fields<Credentials>,
) -> Result<Response, Trouble> {
    let locale = visit.tongue.locale;
    match session::sign_in(&visit.app, &visit.origin, &form.email, form.password).await {
        Ok(signed_in) => kept(&visit, &signed_in.tokens),
        Err(Error::Refused(errors)) => {
            let sheet = contents::sign_in(locale).refused(locale, &errors);
            let sheet = sheet.typed(Input::Email, form.email);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, visit.tongue, &sheet))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET` of what is only posted to, as by loading a page anew in another language.
pub(super) async fn back(visit: Visit) -> Response {
    welcome(&visit)
}

/// `POST /join/{organization}`: joins, and leads to the welcome in the account that opened.
pub(super) async fn enter(visit: Visit, Token(id): Token) -> Result<Response, Trouble> {
    let Some(viewer) = visit.viewer().await? else {
        return Ok(Redirect::to(&visit.tongue.address("/join")).into_response());
    };
    let id: OrganizationId = id.parse().map_err(|_| Trouble::Unknown)?;
    let joined = match join::join(&visit.app, &viewer, id).await {
        Ok(joined) => joined,
        Err(Error::Refused(errors)) => return refused(&visit, viewer, id, &errors).await,
        Err(error) => return Err(error.into()),
    };
    // They are somebody else now: a member.
    let Some(viewer) = visit.viewer().await? else { return Err(Trouble::Conflict) };
    match join::landing(&visit.app, &viewer, joined).await? {
        None => Ok(welcome(&visit)),
        Some(account) => {
            let (tokens, _) = account::switch(&visit.app, &viewer, account.id).await?;
            kept(&visit, &tokens)
        }
    }
}

/// `POST /join/{organization}/ask`: asks to join, and leads to the welcome, which says so.
pub(super) async fn ask(visit: Visit, Token(id): Token) -> Result<Response, Trouble> {
    let Some(viewer) = visit.viewer().await? else {
        return Ok(Redirect::to(&visit.tongue.address("/join")).into_response());
    };
    let id: OrganizationId = id.parse().map_err(|_| Trouble::Unknown)?;
    match join_request::ask(&visit.app, &viewer, id, None).await {
        Ok(_) => Ok(welcome(&visit)),
        Err(Error::Refused(errors)) => refused(&visit, viewer, id, &errors).await,
        Err(error) => Err(error.into()),
    }
}

/// The welcome again with the reasons, and with asking as the next step. What has been done already is
/// no reason: the welcome shows it.
async fn refused(
    visit: &Visit,
    viewer: Viewer,
    id: OrganizationId,
    errors: &[UserError],
) -> Result<Response, Trouble> {
    use UserErrorCode::{AlreadyMember, JoinRequestPending};
    let locale = visit.tongue.locale;
    if errors.iter().any(|error| matches!(error.code, AlreadyMember | JoinRequestPending)) {
        return Ok(welcome(visit));
    }
    let mut facts = facts(visit, viewer).await?;
    if let Some(door) = facts.door.as_mut().filter(|door| door.organization_id == id)
        && matches!(door.way, Way::Join)
    {
        door.way = Way::Ask;
    }
    let sheet = contents::welcome(locale, &facts).refused(locale, errors);
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, visit.tongue, &sheet))
}

/// The welcome, for who has these tokens.
fn kept(visit: &Visit, tokens: &Tokens) -> Result<Response, Trouble> {
    let lifetime = tokens.access_token_expires_at - visit.app.clock.now();
    let cookie = cookie::keep(&visit.app.config.public_url, &tokens.access_token, lifetime)?;
    Ok(([(SET_COOKIE, cookie)], welcome(visit)).into_response())
}

fn welcome(visit: &Visit) -> Response {
    Redirect::to(&visit.tongue.address("/welcome")).into_response()
}
