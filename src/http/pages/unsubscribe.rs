//! The page that stops mails about invitations: what `List-Unsubscribe` leads to (RFC 2369, RFC 8058).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::invitation::look;
use super::trouble::Trouble;
use super::visit::{AnySite, Body, Token, Visit};
use super::{contents, page};
use crate::app::mail_opt_out;

/// `GET /invitations/{token}/unsubscribe`: asks, because scanners open links; or says that it is done.
pub(super) async fn ask(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    answer(&visit, &token).await
}

/// `POST /invitations/{token}/unsubscribe`: by the page's button, or by a mail program without any page.
pub(super) async fn unsubscribe(
    AnySite { visit, forged }: AnySite,
    Token(token): Token,
    Body(body): Body,
) -> Result<Response, Trouble> {
    // A mail program may say that it comes from its own site. What it asks for needs the token.
    if forged && !is_one_click(&body) {
        return Err(Trouble::Forged);
    }
    mail_opt_out::opt_out(&visit.app, &visit.origin, &token).await?;
    answer(&visit, &token).await
}

/// `POST /invitations/{token}/subscribe`: mails are welcome again.
pub(super) async fn subscribe(visit: Visit, Token(token): Token) -> Result<Response, Trouble> {
    mail_opt_out::opt_in(&visit.app, &visit.origin, &token).await?;
    let shown = look(&visit, &token, None).await?;
    Ok(Redirect::to(&shown.tongue.address(&shown.facts.path)).into_response())
}

async fn answer(visit: &Visit, token: &str) -> Result<Response, Trouble> {
    let shown = look(visit, token, None).await?;
    let sheet = if mail_opt_out::wanted(&visit.app, &shown.link).await? {
        contents::unsubscribe(shown.tongue.locale, &shown.facts)
    } else {
        contents::unsubscribed(shown.tongue.locale, &shown.facts)
    };
    Ok(page(StatusCode::OK, shown.tongue, &sheet))
}

/// Whether this is the form that mail programs send (RFC 8058 §3.2), in either of its encodings.
fn is_one_click(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    let mut lines = body.lines().map(str::trim);
    body.trim() == "List-Unsubscribe=One-Click"
        || lines.any(|line| line.ends_with("name=\"List-Unsubscribe\""))
            && lines.any(|line| line == "One-Click")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_programs_form_is_known_in_both_encodings() {
        assert!(is_one_click(b"List-Unsubscribe=One-Click"));
        assert!(is_one_click(
            b"--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--"
        ));
        for other in ["", "List-Unsubscribe=", "a=List-Unsubscribe=One-Click", "One-Click"] {
            assert!(!is_one_click(other.as_bytes()), "{other}");
        }
    }
}
