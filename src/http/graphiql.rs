//! `GraphiQL`, embedded: a page for developers that asks no third party for anything. It is built from
//! `clients/graphiql`.

use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// What the page may do: its own script and style, its own origin. Pictures whose addresses stand in
/// an answer are not fetched.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// `GET /graphiql`
pub(super) async fn page() -> Response {
    file("text/html; charset=utf-8", include_bytes!("../../assets/graphiql/index.html"))
}

/// `GET /graphiql/assets/{name}`
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "graphiql.js" => file(
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/graphiql/graphiql.js"),
        ),
        "graphiql.css" => {
            file("text/css; charset=utf-8", include_bytes!("../../assets/graphiql/graphiql.css"))
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file(content_type: &'static str, body: &'static [u8]) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
