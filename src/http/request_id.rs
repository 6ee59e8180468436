//! A name for each request: in the answer's `x-request-id`, in every log line meanwhile, in the
//! audit events that it causes.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::Extractor;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::clock::Random;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request at hand, among its extensions. 1 to 64 letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// A new one.
pub(super) fn new(random: &Random) -> String {
    format!("req_{:032x}", u128::from_be_bytes(random.bytes()))
}

/// Middleware: names the request, by the id that came with it when that is a decent one (a proxy in
/// front has named it already), by a new one otherwise.
pub async fn assign(State(random): State<Random>, mut request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_decent(id));
    let id = match given {
        Some(id) => id.to_owned(),
        None => new(&random),
    };
    let header = HeaderValue::from_str(&id);
    let (method, path) = (request.method().clone(), matched_path(&request));
    let traced = traced(&request, &id, path.as_deref());
    let span = tracing::info_span!(parent: &traced, "request", id);
    request.extensions_mut().insert(RequestId(id));
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| {
        let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
        tracing::info!(%method, path, status, ms, "answered");
    });
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}

/// The request in traces, of which the log knows nothing; it goes on with the trace of whoever sent it
/// (`traceparent`, W3C Trace Context).
fn traced(request: &Request, id: &str, path: Option<&str>) -> Span {
    let (method, path) = (request.method(), path.unwrap_or("nowhere"));
    let name = format_args!("{method} {path}");
    let span =
        tracing::debug_span!("http", otel.name = %name, otel.kind = "server", request.id = id);
    if !span.is_disabled() {
        let parent =
            get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
        // Without a parent, or where nobody collects traces, the span stands alone.
        let _ = span.set_parent(parent);
    }
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// The address as the router spells it (`/invitations/{token}`): what stands in its place may be a
/// secret (R48). None for an address that leads nowhere.
fn matched_path(request: &Request) -> Option<String> {
    request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned())
}

/// Nothing that could break a log line, a header or a table.
fn is_decent(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Extension, Router, middleware};
    use tower::ServiceExt;

    use super::*;

    async fn answer(given: Option<&str>) -> (String, String) {
        let app = Router::new()
            .route("/", get(|Extension(RequestId(id)): Extension<RequestId>| async { id }))
            .layer(middleware::from_fn_with_state(Random::system(), assign));
        let mut request = Request::new(Body::empty());
        if let Some(given) = given {
            request.headers_mut().insert(HEADER, given.parse().unwrap());
        }
        let response = app.oneshot(request).await.unwrap();
        let header = response.headers()[HEADER].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
        (header, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_handler_and_the_client_see_the_same_id() {
        let (header, inside) = answer(None).await;
        assert_eq!(header, inside);
        assert!(header.starts_with("req_") && is_decent(&header), "{header}");
        assert_ne!(header, answer(None).await.0);
    }

    #[tokio::test]
    async fn an_id_from_outside_is_kept_when_it_is_harmless() {
        assert_eq!(answer(Some("edge-7_A")).await.0, "edge-7_A");
        for odd in ["", "a b", "a;b", "{}", &"x".repeat(65)] {
            assert!(answer(Some(odd)).await.0.starts_with("req_"), "{odd:?}");
        }
    }
}
