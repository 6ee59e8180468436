//! The page of an invitation: what its link leads to (R48–R51).

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::facts::{Grant, Invitation, Place};
use super::trouble::Trouble;
use super::visit::{Fields, Token, Visit};
use super::{contents, cookie, page};
use crate::access::{Roles, Viewer};
use crate::app::email::masked;
use crate::app::invitation_link::{self, Accept, LinkState, Preview};
use crate::app::session;
use crate::error::{Error, UserError};
use crate::mail::Locale;
use crate::store::invitation::GrantRow;

/// The form that accepts. Each state of the invitation asks for some of it.
#[derive(Deserialize)]
pub(super) struct Answers {
    name: Option<String>,
    password: Option<String>,
}

/// An invitation, as its page is to show it.
struct Shown {
    /// In which language: the one that the inviter chose for the mail.
    locale: Locale,
    facts: Invitation,
}

/// `GET /invitations/{token}`
pub(super) async fn show(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let viewer = visit.viewer().await?;
    let shown = look(&visit, &token, viewer.as_ref()).await?;
    Ok(page(StatusCode::OK, shown.locale, &contents::invitation(shown.locale, &shown.facts)))
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
            let target = format!("/welcome?lang={}", before.locale.tag());
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
    let sheet = match shown.facts.state {
        LinkState::Ready
        | LinkState::NeedsSignUp
        | LinkState::NeedsSignIn
        | LinkState::ForAnotherUser => contents::decline(shown.locale, &shown.facts),
        _ => contents::invitation(shown.locale, &shown.facts),
    };
    Ok(page(StatusCode::OK, shown.locale, &sheet))
}

/// `POST /invitations/{token}/decline`
pub(super) async fn decline(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    let shown = look(&visit, &token, None).await?;
    match invitation_link::decline(&visit.app, &visit.origin, &token).await {
        Ok(()) => Ok(Redirect::to(&shown.facts.path).into_response()),
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
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&shown.facts.path)).into_response())
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
    let sheet = contents::invitation(shown.locale, &shown.facts);
    let sheet = sheet.refused(shown.locale, errors, name);
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, shown.locale, &sheet))
}

async fn look(visit: &Visit, token: &str, viewer: Option<&Viewer>) -> Result<Shown, Trouble> {
    let preview = invitation_link::preview(&visit.app, token, viewer).await?;
    let preview = preview.ok_or(Trouble::Unknown)?;
    let locale = Locale::parse(&preview.link.locale).unwrap_or(visit.locale);
    // The token is one of ours from here on, so that it needs no escaping in a path.
    let path = format!("/invitations/{token}");
    Ok(Shown { locale, facts: facts(preview, path, viewer, &visit.app.roles) })
}

/// What the page may show: what was written and promised only to those who can accept (R49).
fn facts(preview: Preview, path: String, viewer: Option<&Viewer>, roles: &Roles) -> Invitation {
    let Preview { state, link, grants } = preview;
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
