//! The page of an invitation: what its link leads to (R48–R51).

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::facts::{Grant, Invitation, Place};
use super::locale::Tongue;
use super::sheet::Input;
use super::trouble::Trouble;
use super::visit::{Fields, Token, Visit};
use super::{contents, cookie, page};
use crate::access::{Roles, Viewer};
use crate::app::email::masked;
use crate::app::invitation_link::{self, Accept, LinkState, Preview};
use crate::app::{invitation_request, session};
use crate::error::{Error, UserError};
use crate::mail::Locale;
use crate::store::invitation::{GrantRow, LinkRow};

/// The form that accepts. Each state of the invitation asks for some of it.
#[derive(Deserialize)]
pub(super) struct Answers {
    name: Option<String>,
    password: Option<String>,
}

/// An invitation, as its page is to show it.
pub(super) struct Shown {
    /// In which language: the one that the inviter chose for the mail, unless the visitor chooses.
    pub tongue: Tongue,
    /// What the page is about.
    pub facts: Invitation,
    /// The invitation.
    pub link: LinkRow,
}

/// `GET /invitations/{token}`
pub(super) async fn show(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let viewer = visit.viewer().await?;
    let shown = look(&visit, &token, viewer.as_ref()).await?;
    let sheet = contents::invitation(shown.tongue.locale, &shown.facts);
    Ok(page(StatusCode::OK, shown.tongue, &sheet))
}

/// `POST /invitations/{token}`: accepts, and leads to the welcome by another request, so that
/// loading that page again does not send the form again.
pub(super) async fn accept(
    visit: Visit,
    Token(token): Token,
    Fields(answers): Fields<Answers>,
) -> Result<Response, Trouble> {
    let viewer = visit.viewer().await?;
    let before = look(&visit, &token, viewer.as_ref()).await?;
    let name = answers.name.clone();
    let input = Accept { token: token.clone(), name: answers.name, password: answers.password };
    match invitation_link::accept(&visit.app, &visit.origin, viewer.as_ref(), input).await {
        Ok(signed_in) => {
            let tokens = signed_in.tokens;
            let lifetime = tokens.access_token_expires_at - visit.app.clock.now();
            let cookie =
                cookie::keep(&visit.app.config.public_url, &tokens.access_token, lifetime)?;
            let target = format!("/welcome?lang={}", before.tongue.locale.tag());
            Ok(([(SET_COOKIE, cookie)], Redirect::to(&target)).into_response())
        }
        Err(Error::Refused(errors)) => {
            refused(&visit, &token, viewer.as_ref(), &errors, name).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /invitations/{token}/decline`: asks once more, because a thumb slips easily.
pub(super) async fn ask_to_decline(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let viewer = visit.viewer().await?;
    let shown = look(&visit, &token, viewer.as_ref()).await?;
    let locale = shown.tongue.locale;
    let sheet = match shown.facts.state {
        LinkState::Ready
        | LinkState::NeedsSignUp
        | LinkState::NeedsSignIn
        | LinkState::ForAnotherUser => contents::decline(locale, &shown.facts),
        _ => contents::invitation(locale, &shown.facts),
    };
    Ok(page(StatusCode::OK, shown.tongue, &sheet))
}

/// `POST /invitations/{token}/decline`
pub(super) async fn decline(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let shown = look(&visit, &token, None).await?;
    match invitation_link::decline(&visit.app, &visit.origin, &token).await {
        Ok(()) => Ok(shown.again()),
        Err(Error::Refused(errors)) => refused(&visit, &token, None, &errors, None).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /invitations/{token}/sign-out`: ends the session that these pages keep, and leads back.
pub(super) async fn sign_out(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let shown = look(&visit, &token, None).await?;
    if let Some(viewer) = visit.viewer().await? {
        session::sign_out(&visit.app, &viewer).await?;
    }
    let cookie = cookie::clear(&visit.app.config.public_url)?;
    Ok(([(SET_COOKIE, cookie)], shown.again()).into_response())
}

/// `POST /invitations/{token}/new-link`: asks for one. The page says whether that was possible: it was
/// asked for just now or before, or there is something better to do by now.
pub(super) async fn ask_for_new(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let shown = look(&visit, &token, None).await?;
    match invitation_request::request(&visit.app, &visit.origin, &token).await {
        Ok(_) | Err(Error::Refused(_)) => Ok(shown.again()),
        Err(error) => Err(error.into()),
    }
}

/// `GET` of an address that only forms are sent to: whoever loads it again, or chooses a language there,
/// gets back to the invitation.
pub(super) async fn back(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    Ok(look(&visit, &token, None).await?.again())
}

impl Shown {
    /// Leads to the page of the invitation by another request.
    fn again(&self) -> Response {
        Redirect::to(&self.tongue.address(&self.facts.path)).into_response()
    }
}

/// The page again, as the invitation is now, with the reasons.
async fn refused(
    visit: &Visit,
    token: &str,
    viewer: Option<&Viewer>,
    errors: &[UserError],
    name: Option<String>,
) -> Result<Response, Trouble> {
    let shown = look(visit, token, viewer).await?;
    let locale = shown.tongue.locale;
    let sheet = contents::invitation(locale, &shown.facts);
    let sheet = match shown.facts.state {
        // The page itself says why, and its form is another one.
        LinkState::Expired | LinkState::InviterLostAccess => sheet,
        _ => sheet.refused(locale, errors).typed(Input::Name, name.unwrap_or_default()),
    };
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, shown.tongue, &sheet))
}

/// The invitation of a link, as its page shows it.
pub(super) async fn look(
    visit: &Visit,
    token: &str,
    viewer: Option<&Viewer>,
) -> Result<Shown, Trouble> {
    let preview = invitation_link::preview(&visit.app, token, viewer).await?;
    let preview = preview.ok_or(Trouble::Unknown)?;
    let tongue = visit.tongue.or(Locale::parse(&preview.link.locale));
    // The token is one of ours from here on, so that it needs no escaping in a path.
    let path = format!("/invitations/{token}");
    let link = preview.link.clone();
    Ok(Shown { tongue, facts: facts(visit, preview, path, viewer), link })
}

/// What the page may show: what was written and promised only to those who can accept (R49).
fn facts(visit: &Visit, preview: Preview, path: String, viewer: Option<&Viewer>) -> Invitation {
    let Preview { state, link, grants } = preview;
    let (roles, now) = (&visit.app.roles, visit.app.clock.now());
    let too_early = invitation_request::asked_until(link.link_requested_at, now).is_some();
    let open = matches!(state, LinkState::Ready | LinkState::NeedsSignUp | LinkState::NeedsSignIn);
    let grants = if open { grants } else { Vec::new() };
    Invitation {
        state,
        path,
        organization: link.organization_name,
        inviter: link.inviter_name,
        masked_email: masked(&link.email),
        message: link.message.filter(|message| open && !message.is_empty()),
        grants: grants.into_iter().filter_map(|row| grant(row, roles)).collect(),
        expires_at: link.expires_at,
        viewer: viewer.map(|viewer| (viewer.name.clone(), viewer.email.clone())),
        asked_at: link.link_requested_at.filter(|_| too_early),
        application: visit.application().map(str::to_owned),
    }
}

fn grant(row: GrantRow, roles: &Roles) -> Option<Grant> {
    let role = row.role_name(roles)?.to_owned();
    let place = match (row.billing_group_name, row.account_name, row.parent_name) {
        (Some(name), _, _) => Place::BillingGroup(name),
        (None, Some(name), Some(parent)) => Place::Subaccount(name, parent),
        (None, Some(name), None) => Place::Account(name),
        (None, None, _) => Place::Organization(row.organization_name),
    };
    Some(Grant { role, place, until: row.valid_until })
}
