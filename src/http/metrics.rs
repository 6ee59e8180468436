//! `GET /metrics`, and the counting of requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::app::App;
use crate::metrics::Metrics;
use crate::store;

/// `OpenMetrics` 1.0.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the database may take to say what is in the outbox.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /metrics`: it answers without the database too, with what this process knows by itself.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let backlog = match timeout(PATIENCE, store::mail::backlog(&app.db, app.clock.now())).await {
        Ok(Ok(backlog)) => Some(backlog),
        failed => {
            tracing::warn!(?failed, "the outbox cannot be counted");
            None
        }
    };
    let text = app.metrics.render(store::connections(&app.db), backlog);
    ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}

/// Middleware: counts each request when it is answered.
pub(super) async fn count(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let path = path.as_ref().map(MatchedPath::as_str);
    metrics.request(path, response.status().as_u16(), begun.elapsed());
    response
}
