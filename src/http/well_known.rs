//! Files at well-known places (RFC 8615).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use crate::app::App;

/// `/.well-known/jwks.json`: the public keys of access tokens (R61), as a JWK set (RFC 7517 §5).
///
/// Whoever checks tokens keeps the answer for five minutes; a new key is therefore put on the ring
/// as an older one first, if nobody is to meet a token of a key that they do not know yet.
pub async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(app.keys.jwks()))
}
