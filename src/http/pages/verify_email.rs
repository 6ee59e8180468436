//! The page that proves an address (R60).

use axum::http::StatusCode;
use axum::response::Response;

use super::facts::Proof;
use super::join::door;
use super::trouble::Trouble;
use super::visit::{Token, Visit};
use super::{contents, page};
use crate::app::{join, sign_up};
use crate::error::Error;

/// `GET /verify-email/{token}`: a button, whatever the token; scanners that open the link do not
/// press it.
pub(super) async fn show(visit: Visit) -> Response {
    answer(&visit, Proof::Open)
}

/// `POST /verify-email/{token}`
pub(super) async fn verify(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    match sign_up::verify_email(&visit.app, &visit.origin, &token).await {
        Ok(user_id) => {
            // Who has proved an address may be let in by the organization that its domain belongs to.
            let doors = join::joinable_by(&visit.app, user_id).await?;
            let door = doors.into_iter().next().map(door);
            let sheet = contents::verified(visit.tongue.locale, door.as_ref(), visit.application());
            Ok(page(StatusCode::OK, visit.tongue, &sheet))
        }
        Err(Error::Refused(_)) => Ok(answer(&visit, Proof::Refused)),
        Err(error) => Err(error.into()),
    }
}

fn answer(visit: &Visit, proof: Proof) -> Response {
    let sheet = contents::verify_email(visit.tongue.locale, proof, visit.application());
    page(proof.status(), visit.tongue, &sheet)
}
