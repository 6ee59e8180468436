//! The pages that links in mails lead to: an invitation, the proof of an address, the welcome.
//!
//! They are complete without a script, and nothing changes by opening one: mail scanners open links
//! (R48). What a page consists of is in [`contents`], its words in `locales`, how it looks in
//! `templates/pages`.

mod change_email;
mod contents;
mod cookie;
mod facts;
mod forgery;
mod invitation;
mod join;
mod locale;
mod reset_password;
mod sheet;
mod trouble;
mod unsubscribe;
mod verify_email;
mod visit;
mod welcome;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use self::locale::Tongue;
use self::sheet::Sheet;
use self::trouble::Trouble;
use super::RequestId;
use crate::app::App;
use crate::auth::secret::as_mailed;

/// The largest form, in bytes: a name and a password, with room.
const FORM_BYTES: usize = 16 * 1024;

/// How long browsers keep the stylesheet.
const STYLE_CACHE: &str = "public, max-age=3600";

/// For every page. The referrer stays within the site, because the address holds the link's token;
/// leaving it out altogether would take the `Origin` from our own forms too.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
];

/// `/`, `/invitations/{token}` and what belongs to it, `/verify-email/{token}`,
/// `/change-email/{token}`, `/reset-password` with and without a token, `/join` and what belongs to it, `/welcome`, and the stylesheet.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(welcome::front))
        .route("/welcome", get(welcome::show))
        .route("/invitations/{token}", get(invitation::show).post(invitation::accept))
        .route(
            "/invitations/{token}/decline",
            get(invitation::ask_to_decline).post(invitation::decline),
        )
        .route("/invitations/{token}/sign-out", get(invitation::back).post(invitation::sign_out))
        .route("/invitations/{token}/new-link", get(invitation::back).post(invitation::ask_for_new))
        .route("/join", get(join::show).post(join::sign_in))
        .route("/join/{organization}", get(join::back).post(join::enter))
        .route("/join/{organization}/ask", get(join::back).post(join::ask))
        .route(
            "/invitations/{token}/unsubscribe",
            get(unsubscribe::ask).post(unsubscribe::unsubscribe),
        )
        .route("/invitations/{token}/subscribe", get(invitation::back).post(unsubscribe::subscribe))
        .route("/verify-email/{token}", get(verify_email::show).post(verify_email::verify))
        .route("/change-email/{token}", get(change_email::show).post(change_email::change))
        .route("/reset-password", get(reset_password::ask).post(reset_password::send))
        .route("/reset-password/{token}", get(reset_password::show).post(reset_password::set))
        .route("/assets/pages.css", get(style))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn(frame))
}

/// What is nowhere. A link whose path has come back in other letters, or with something behind it, leads
/// to where it was meant to; everything else is a page that says so.
async fn elsewhere(method: Method, uri: Uri, headers: HeaderMap) -> Result<Redirect, Trouble> {
    let meant = meant(uri.path()).filter(|path| method.is_safe() && path != uri.path());
    let tongue = Tongue::of(&uri, &headers);
    meant.map(|path| Redirect::to(&tongue.address(&path))).ok_or(Trouble::Unknown)
}

/// The path of a mailed link that a path was meant to be.
fn meant(path: &str) -> Option<String> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next()?;
    let mailed = ["invitations", "verify-email", "change-email", "reset-password"];
    let first = mailed.into_iter().find(|known| known.eq_ignore_ascii_case(first))?;
    let mut meant = format!("/{first}");
    for segment in segments {
        let segment = as_mailed(segment);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !segment.chars().all(plain) {
            return None;
        }
        // What is left is punctuation that stood behind the link, or a word of ours.
        let word =
            ["decline", "unsubscribe"].into_iter().find(|w| w.eq_ignore_ascii_case(&segment));
        match word.unwrap_or(&segment) {
            "" => {}
            segment => meant = format!("{meant}/{segment}"),
        }
    }
    Some(meant)
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, STYLE_CACHE)];
    (headers, include_str!("../../../templates/pages/style.css"))
}

/// Middleware around every page: the headers, and a page where a handler has only [`Trouble`].
async fn frame(request: Request, next: Next) -> Response {
    let tongue = Tongue::of(request.uri(), request.headers());
    let id = request.extensions().get().map(|RequestId(id)| id.clone()).unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(&trouble) = response.extensions().get::<Trouble>() {
        let sheet = contents::trouble(tongue.locale, trouble, &id);
        response = page(trouble.status(), tongue, &sheet);
    }
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A page as a response.
fn page(status: StatusCode, tongue: Tongue, sheet: &Sheet) -> Response {
    match sheet.render(tongue) {
        Ok(document) => (status, Html(document)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be laid out");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::say_everything;
