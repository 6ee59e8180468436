//! Files at well-known places (RFC 8615).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// `/.well-known/jwks.json`: the public keys of access tokens (R61), as a JWK set (RFC 7517 §5).
///
/// Whoever checks tokens keeps the answer for five minutes; a new key is therefore here before it signs,
/// so that nobody meets a token of a key that they do not know yet.
pub async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(app.keys.ring().jwks()))
}

/// `/.well-known/apple-app-site-association`: which apps open our links on Apple's systems, as the
/// operator says; nothing where they do not say.
pub async fn apple(State(app): State<Arc<App>>) -> Response {
    file(app.associations.apple.as_ref())
}

/// `/.well-known/assetlinks.json`: the same on Android.
pub async fn android(State(app): State<Arc<App>>) -> Response {
    file(app.associations.android.as_ref())
}

fn file(json: Option<&String>) -> Response {
    let Some(json) = json else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")];
    (headers, json.clone()).into_response()
}
