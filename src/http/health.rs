//! Whether the process lives, and whether it can serve.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::time::timeout;

use crate::app::App;
use crate::store;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /health/live`: 200 as long as the process answers at all.
pub(super) async fn live() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `GET /health/ready`: 200 while the database answers, else 503. It recovers by itself.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    match timeout(PATIENCE, store::ping(&app.db)).await {
        Ok(Ok(())) => Json(json!({ "status": "ok" })).into_response(),
        failed => {
            let cause = match failed {
                Ok(Err(error)) => error.to_string(),
                _ => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            tracing::warn!(cause, "the database does not answer");
            let body =
                Json(json!({ "status": "unavailable", "reason": "the database does not answer" }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
