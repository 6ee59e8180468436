//! The pages that links in mails lead to: an invitation, the proof of an address, the welcome.
//!
//! They are complete without a script, and nothing changes by opening one: mail scanners open links
//! (R48). What a page consists of is in [`contents`], its words in `locales`, how it looks in
//! `templates/pages`.

mod contents;
mod cookie;
mod facts;
mod forgery;
mod invitation;
mod locale;
mod reset_password;
mod sheet;
mod trouble;
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
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use self::sheet::Sheet;
use self::trouble::Trouble;
use super::RequestId;
use crate::app::App;
use crate::mail::Locale;

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

/// `/`, `/invitations/{token}` and what belongs to it, `/verify-email/{token}`, `/reset-password` with
/// and without a token, `/welcome`, and the stylesheet.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(welcome::front))
        .route("/welcome", get(welcome::show))
        .route("/invitations/{token}", get(invitation::show).post(invitation::accept))
        .route(
            "/invitations/{token}/decline",
            get(invitation::ask_to_decline).post(invitation::decline),
        )
        .route("/invitations/{token}/sign-out", post(invitation::sign_out))
        .route("/verify-email/{token}", get(verify_email::show).post(verify_email::verify))
        .route("/reset-password", get(reset_password::ask).post(reset_password::send))
        .route("/reset-password/{token}", get(reset_password::show).post(reset_password::set))
        .route("/assets/pages.css", get(style))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn(frame))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, STYLE_CACHE)];
    (headers, include_str!("../../../templates/pages/style.css"))
}

/// Middleware around every page: the headers, and a page where a handler has only [`Trouble`].
async fn frame(request: Request, next: Next) -> Response {
    let locale = locale::accepted(request.headers());
    let id = request.extensions().get().map(|RequestId(id)| id.clone()).unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(&trouble) = response.extensions().get::<Trouble>() {
        let sheet = contents::trouble(locale, trouble, &id);
        response = page(trouble.status(), locale, &sheet);
    }
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A page as a response.
fn page(status: StatusCode, locale: Locale, sheet: &Sheet) -> Response {
    match sheet.render(locale) {
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
