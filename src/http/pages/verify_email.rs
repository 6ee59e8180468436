//! The page that proves an address (R60).

use axum::http::StatusCode;
use axum::response::Response;

use super::facts::Proof;
use super::trouble::Trouble;
use super::visit::{Token, Visit};
use super::{contents, page};
use crate::app::sign_up;
use crate::error::Error;

/// `GET /verify-email/{token}`: a button, whatever the token; scanners that open the link do not
/// press it.
pub(super) async fn show(visit: Visit) -> Response {
    answer(&visit, Proof::Open)
}

/// `POST /verify-email/{token}`
pub(super) async fn verify(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    match sign_up::verify_email(&visit.app, &visit.origin, &token).await {
        Ok(_) => Ok(answer(&visit, Proof::Given)),
        Err(Error::Refused(_)) => Ok(answer(&visit, Proof::Refused)),
        Err(error) => Err(error.into()),
    }
}

fn answer(visit: &Visit, proof: Proof) -> Response {
    let status = match proof {
        Proof::Open | Proof::Given => StatusCode::OK,
        Proof::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let sheet = contents::verify_email(visit.tongue.locale, proof, visit.application());
    page(status, visit.tongue, &sheet)
}
