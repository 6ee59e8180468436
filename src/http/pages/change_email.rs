//! The page that proves a new address (R67).

use axum::response::Response;

use super::facts::Proof;
use super::trouble::Trouble;
use super::visit::{Token, Visit};
use super::{contents, page};
use crate::app::email_change;
use crate::error::Error;

/// `GET /change-email/{token}`: a button, whatever the token; scanners that open the link do not press it.
pub(super) async fn show(visit: Visit) -> Response {
    answer(&visit, Proof::Open)
}

/// `POST /change-email/{token}`
pub(super) async fn change(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    match email_change::confirm(&visit.app, &visit.origin, None, &token).await {
        Ok(_) => Ok(answer(&visit, Proof::Given)),
        Err(Error::Refused(_)) => Ok(answer(&visit, Proof::Refused)),
        Err(error) => Err(error.into()),
    }
}

fn answer(visit: &Visit, proof: Proof) -> Response {
    let sheet = contents::change_email(visit.tongue.locale, proof, visit.application());
    page(proof.status(), visit.tongue, &sheet)
}
