//! Everything that is spoken over HTTP: the GraphQL endpoint, the pages, health, well-known files.

pub mod client;
pub mod graphiql;
pub mod graphql;
pub mod health;
pub mod mailbox;
mod metrics;
pub mod pages;
pub mod request_id;
pub mod server;
pub mod well_known;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::EmptySubscription;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use self::graphql::Endpoint;
pub use self::request_id::RequestId;
use crate::app::App;
use crate::config::Mode;
use crate::error::Error;
use crate::graphql::limits::Limits;
use crate::graphql::{Context, Idempotent, loader, mutation, query, schema, shown, traced_schema};

const ACCOUNT: HeaderName = HeaderName::from_static("rolecall-account");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

type GraphqlEndpoint = Endpoint<query::Query, Idempotent<mutation::Mutation>, EmptySubscription>;

/// Every address of contract/README.md.
pub fn router(app: Arc<App>) -> Router {
    let endpoint = Arc::new(GraphqlEndpoint {
        schema: if app.config.otlp_endpoint.is_some() { traced_schema() } else { schema() },
        limits: Limits::default(),
        body_bytes: app.config.request_body_bytes,
        time_limit: Duration::from_secs(app.config.request_timeout_seconds),
        metrics: app.metrics.clone(),
    });
    let graphql = Router::new()
        .route("/graphql", any(answer))
        .layer(cors(&app))
        .with_state((endpoint, Arc::clone(&app)));
    let mut site = pages::routes()
        .layer(middleware::from_fn(detach))
        .route("/graphiql", get(graphiql::page))
        .route("/graphiql/assets/{name}", get(graphiql::asset))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/.well-known/apple-app-site-association", get(well_known::apple))
        .route("/.well-known/assetlinks.json", get(well_known::android))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::show));
    // Anybody who reaches the server could read the mails: only where there is nobody else.
    if app.config.mode == Mode::Development && app.config.smtp_url.is_none() {
        site = site.merge(mailbox::routes());
    }
    let (random, metrics) = (app.random.clone(), app.metrics.clone());
    site.with_state(app)
        .merge(graphql)
        .layer(middleware::from_fn_with_state(metrics, metrics::count))
        .layer(middleware::from_fn_with_state(random, request_id::assign))
}

/// `/graphql`
async fn answer(
    State((endpoint, app)): State<(Arc<GraphqlEndpoint>, Arc<App>)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let context = Arc::new(Context::new(
        Arc::clone(&app),
        client::origin(&app.config, &parts),
        bearer(&parts.headers),
        header(&parts.headers, &ACCOUNT),
        header(&parts.headers, &IDEMPOTENCY_KEY),
    ));
    // A wrong account is refused, never ignored (R63): also by operations that would not look at it.
    if context.names_account()
        && let Err(error) = context.viewer().await
    {
        return graphql::refuse(&parts, status(&error), shown(&error));
    }
    let equip = |request: async_graphql::Request| {
        let (loader, batches) = loader(&context);
        request.data(Arc::clone(&context)).data(loader).data(batches)
    };
    endpoint.run(Request::from_parts(parts, body), equip).await
}

/// The status of a request that is refused as a whole.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Refused(_)
        | Error::BadInput { .. }
        | Error::TooManyLists { .. }
        | Error::Conflict(_) => StatusCode::BAD_REQUEST,
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1). Another scheme counts as a token that is no
/// good, so that its sender is told.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Some(token.trim().to_owned())
        }
        _ => Some(String::new()),
    }
}

/// A header's value. One that comes more than once is one list (RFC 9110 §5.3), which names no account:
/// it is refused, instead of the first being taken and the others ignored.
fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    values.map(str::to_owned).reduce(|list, value| format!("{list}, {value}"))
}

/// Runs a request in a task of its own: what it writes is written to the end, whether or not the
/// client waits for it.
async fn detach(request: Request, next: Next) -> Response {
    let task = tokio::spawn(next.run(request).in_current_span());
    task.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Pages of the configured origins may use the API; a browser keeps all others from it.
fn cors(app: &App) -> CorsLayer {
    let origins =
        app.config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            ACCOUNT,
            IDEMPOTENCY_KEY,
            HeaderName::from_static("graphql-require-preflight"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_hours(1))
}
