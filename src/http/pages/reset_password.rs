//! The pages of a forgotten password (R67): asking for a link, and setting a new one.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::facts::Reset;
use super::sheet::{Input, Sheet};
use super::trouble::Trouble;
use super::visit::{Fields, Token, Visit};
use super::{contents, page};
use crate::app::password_reset;
use crate::error::{Error, UserError, UserErrorCode};

/// Who forgot.
#[derive(Deserialize)]
pub(super) struct Forgotten {
    email: String,
}

/// What is new.
#[derive(Deserialize)]
pub(super) struct Chosen {
    password: String,
}

/// `GET /reset-password`
pub(super) async fn ask(visit: Visit) -> Response {
    answer(&visit, Reset::Ask)
}

/// `POST /reset-password`: the same page, whether or not there is somebody with that address (R66).
pub(super) async fn send(
    visit: Visit,
    Fields(form): Fields<Forgotten>,
) -> Result<Response, Trouble> {
    match password_reset::request(&visit.app, &visit.origin, &form.email) {
        Ok(()) => Ok(answer(&visit, Reset::Asked)),
        Err(Error::Refused(errors)) => {
            let sheet = refused(&visit, Reset::Ask, &errors).typed(Input::Email, form.email);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, visit.tongue, &sheet))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /reset-password/{token}`: a form, whatever the token.
pub(super) async fn show(visit: Visit) -> Response {
    answer(&visit, Reset::Open)
}

/// `POST /reset-password/{token}`
pub(super) async fn set(
    visit: Visit,
    Token(token): Token,
    Fields(form): Fields<Chosen>,
) -> Result<Response, Trouble> {
    match password_reset::reset_only(&visit.app, &visit.origin, &token, form.password).await {
        Ok(()) => Ok(answer(&visit, Reset::Done)),
        Err(Error::Refused(errors))
            if errors.iter().all(|error| error.code == UserErrorCode::InvalidToken) =>
        {
            Ok(answer(&visit, Reset::Refused))
        }
        Err(Error::Refused(errors)) => {
            let sheet = refused(&visit, Reset::Open, &errors);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, visit.tongue, &sheet))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form again, with the reasons.
fn refused(visit: &Visit, step: Reset, errors: &[UserError]) -> Sheet {
    let locale = visit.tongue.locale;
    contents::reset_password(locale, step, None).refused(locale, errors)
}

fn answer(visit: &Visit, step: Reset) -> Response {
    let status = match step {
        Reset::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let sheet = contents::reset_password(visit.tongue.locale, step, visit.application());
    page(status, visit.tongue, &sheet)
}
