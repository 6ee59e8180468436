//! Everything that is spoken over HTTP: the GraphQL endpoint, the pages, health, well-known files.

pub mod budget;
pub mod client;
pub mod graphiql;
pub mod graphql;
pub mod health;
mod live;
pub mod mailbox;
mod metrics;
pub mod pages;
pub mod request_id;
pub mod server;
pub mod well_known;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use self::budget::{Budget, Budgets, Exhausted, LEAST_COST, Payer};
use self::graphql::Endpoint;
use self::live::Places;
pub use self::request_id::RequestId;
use crate::app::App;
use crate::config::Mode;
use crate::error::Error;
use crate::graphql::documents::Documents;
use crate::graphql::limits::Limits;
use crate::graphql::{
    Context, Idempotent, loader, mutation, query, schema, shown, subscription, traced_schema,
};

const ACCOUNT: HeaderName = HeaderName::from_static("rolecall-account");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

type GraphqlEndpoint =
    Endpoint<query::Query, Idempotent<mutation::Mutation>, subscription::Subscription>;

/// What answers at `/graphql`.
struct Api {
    endpoint: Arc<GraphqlEndpoint>,
    budgets: Budgets,
    places: Places,
    app: Arc<App>,
}

/// Every address of contract/README.md.
pub fn router(app: Arc<App>) -> Router {
    let (config, trusted) = (&app.config, app.trusted_documents.as_ref());
    let endpoint = Arc::new(GraphqlEndpoint {
        schema: if config.otlp_endpoint.is_some() { traced_schema() } else { schema() },
        limits: Limits::from(&config.api),
        documents: Documents::new(config.api.document_cache_bytes, trusted),
        body_bytes: config.request_body_bytes,
        time_limit: Duration::from_secs(config.request_timeout_seconds),
        metrics: app.metrics.clone(),
    });
    let budgets = Budgets::new(Arc::clone(&app.clock), &config.api);
    let places = Places::new(config);
    let api = Arc::new(Api { endpoint, budgets, places, app: Arc::clone(&app) });
    let graphql = Router::new().route("/graphql", any(answer)).layer(cors(&app)).with_state(api);
    let mut site = pages::routes()
        .layer(middleware::from_fn(detach))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route("/.well-known/apple-app-site-association", get(well_known::apple))
        .route("/.well-known/assetlinks.json", get(well_known::android))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::show));
    if app.config.api.graphiql {
        site = site
            .route("/graphiql", get(graphiql::page))
            .route("/graphiql/assets/{name}", get(graphiql::asset));
    }
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
async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let Api { endpoint, budgets, app, .. } = &*api;
    let (parts, body) = request.into_parts();
    let upgrade = parts.headers.get(UPGRADE);
    if upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return live::upgrade(api, parts).await;
    }
    let context = Arc::new(Context::new(
        Arc::clone(app),
        client::origin(&app.config, &parts),
        header(&parts.headers, &AUTHORIZATION).map(|value| bearer(&value)),
        header(&parts.headers, &ACCOUNT),
        header(&parts.headers, &IDEMPOTENCY_KEY),
    ));
    let network = Payer::network(&context.origin);
    if let Err(exhausted) = budgets.take(network, LEAST_COST) {
        return graphql::refuse(&parts, StatusCode::TOO_MANY_REQUESTS, exhausted.error());
    }
    // A wrong account is refused, never ignored (R63): also by operations that would not look at it.
    if context.names_account()
        && let Err(error) = context.viewer().await
    {
        return graphql::refuse(&parts, status(&error), shown(&error));
    }
    if graphql::wants_events(&parts.headers) {
        return live::events(&api, context, Request::from_parts(parts, body)).await;
    }
    let admit = async |request: async_graphql::Request, cost: u64| {
        let budget = pay(budgets, &context, network, cost).await?;
        Ok((equipped(&context, request), budget))
    };
    endpoint.run(Request::from_parts(parts, body), admit).await
}

/// Takes what an operation costs from the budget of the network, and of the user who asks, if one does:
/// then that is the one to be told about. Whether the token is any good, resolvers say.
async fn pay(
    budgets: &Budgets,
    context: &Context,
    network: Payer,
    cost: u64,
) -> Result<Option<Budget>, Exhausted> {
    let beyond = cost.saturating_sub(LEAST_COST);
    let of_network = budgets.take(network, beyond)?;
    if budgets.count_users()
        && let Ok(Some(viewer)) = context.viewer_if_any().await
    {
        return budgets.take(Payer::User(viewer.user_id()), cost.max(LEAST_COST));
    }
    Ok(of_network.map(|budget| Budget { charged: cost.max(LEAST_COST), ..budget }))
}

/// A GraphQL request with what its resolvers need.
fn equipped(context: &Arc<Context>, request: async_graphql::Request) -> async_graphql::Request {
    let (loader, batches) = loader(context);
    request.data(Arc::clone(context)).data(loader).data(batches)
}

/// The status of a request that is refused as a whole.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Refused(_) | Error::BadInput { .. } | Error::Conflict(_) => StatusCode::BAD_REQUEST,
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1). Another scheme, or one token too many, counts
/// as a token that is no good, so that its sender is told.
fn bearer(authorization: &str) -> String {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
        _ => String::new(),
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
        .expose_headers([HeaderName::from_static("x-request-id"), RETRY_AFTER])
        .max_age(Duration::from_hours(1))
}
