//! The GraphQL endpoint: GraphQL over HTTP (the specification's current draft) around the schema.
//!
//! The handlers of async-graphql-axum are not used: they take JSON of any content type and mutations
//! by GET (another site's page can send both), read 20 MiB, answer 200 to whatever fails, and do not
//! look at `Accept`. Where the draft leaves a choice, the audits of `clients/http-audit` decide.

mod media;
mod stream;

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{ObjectType, Schema, ServerError, SubscriptionType, Value, value};
use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::header::{ALLOW, AUTHORIZATION, HeaderName, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use futures_util::StreamExt;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use tracing::Instrument;

use self::media::{Media, is_json, ranges};
pub(super) use self::stream::{in_message, wants_events, wrong_method};
use super::RequestId;
use super::budget::{Budget, Exhausted};
use crate::graphql::Batches;
use crate::graphql::documents::{DOCUMENT_ID, Documents};
use crate::graphql::limits::{Limits, request_error};
use crate::graphql::request::{prepare, settle, settle_error};
use crate::metrics::Metrics;

/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How much of a body that is too large is read, and dropped, before the answer.
const DROPPED_BYTES: usize = 32 * 1024 * 1024;

/// The extension by which Apollo's clients name a document.
const PERSISTED: &str = "persistedQuery";

/// A schema with what guards it.
pub struct Endpoint<Q, M, S> {
    /// What is executed.
    pub schema: Schema<Q, M, S>,
    /// What a document may ask for.
    pub limits: Limits,
    /// Documents that are at hand.
    pub documents: Documents,
    /// The largest body that is read.
    pub body_bytes: usize,
    /// How long an answer may take.
    pub time_limit: Duration,
    /// Where errors are counted.
    pub metrics: Metrics,
}

/// An operation under way.
struct Task {
    handle: JoinHandle<async_graphql::Response>,
    give_up: bool,
}

impl Future for Task {
    type Output = Result<async_graphql::Response, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(context)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.give_up {
            self.handle.abort();
        }
    }
}

impl<Q, M, S> Endpoint<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    /// Answers a request. `admit` lets in an operation of a certain cost: it takes the cost from a budget,
    /// of which it tells what is left, and puts the request's data (viewer, loaders) in.
    pub async fn run<F>(
        &self,
        request: Request,
        admit: impl FnOnce(async_graphql::Request, u64) -> F,
    ) -> Response
    where
        F: Future<Output = Result<(async_graphql::Request, Option<Budget>), Exhausted>>,
    {
        let Some(media) = Media::accepted(request.headers()) else {
            let offer = format!(
                "This address answers with {} or {}",
                Media::GraphqlResponse.name(),
                Media::Json.name()
            );
            return Refusal::new(StatusCode::NOT_ACCEPTABLE, offer).into_response(Media::Json);
        };
        let id = request_id(request.extensions());
        match self.answer(request, admit).await {
            Ok(mut response) => {
                settle(&mut response, &id);
                self.metrics.errors(&response);
                let wait = response.errors.iter().filter_map(wait).max();
                let mut answer = media.response(response);
                if let Some(seconds) = wait {
                    answer.headers_mut().insert(RETRY_AFTER, seconds.into());
                }
                answer
            }
            Err(refusal) => refusal.into_response(media),
        }
    }

    async fn answer<F>(
        &self,
        request: Request,
        admit: impl FnOnce(async_graphql::Request, u64) -> F,
    ) -> Result<async_graphql::Response, Refusal>
    where
        F: Future<Output = Result<(async_graphql::Request, Option<Budget>), Exhausted>>,
    {
        let by_get = request.method() == Method::GET;
        let mut request = self.read(request).await?;
        let prepared = match prepare(&mut request, &self.limits, &self.documents) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(async_graphql::Response::from_errors(vec![error])),
        };
        if prepared.operation == OperationType::Subscription {
            return Err(Refusal::bad(
                "A subscription needs a WebSocket (graphql-transport-ws), or Accept: text/event-stream",
            ));
        }
        if by_get && prepared.operation != OperationType::Query {
            return Err(Refusal::method(format!("A {} needs POST", prepared.operation), "POST"));
        }
        let (request, budget) = admit(request, prepared.cost).await?;
        let response = self.execute(request, prepared.operation).await;
        let (requested, limit) = (prepared.cost, self.limits.cost);
        let cost = match budget.map(Budget::shown) {
            Some(budget) => {
                value!({ "requested": requested, "limit": limit, "budget": budget })
            }
            None => value!({ "requested": requested, "limit": limit }),
        };
        Ok(response.extension("cost", cost))
    }

    /// Runs an operation in a task of its own. What writes goes on to its end there, whatever becomes
    /// of the client or the time limit: a transaction that is cut off in the wrong place can take
    /// other people's writes with it. A query that nobody waits for any more is given up.
    async fn execute(
        &self,
        request: async_graphql::Request,
        operation: OperationType,
    ) -> async_graphql::Response {
        let schema = self.schema.clone();
        let batches = Batches::of(&request);
        let run = async move { batches.beside(schema.execute(request)).await }.in_current_span();
        let task = Task { handle: tokio::spawn(run), give_up: operation == OperationType::Query };
        match timeout(self.time_limit, task).await {
            Ok(Ok(response)) => response,
            // A resolver panicked; the panic's own words are in the log.
            Ok(Err(_)) => async_graphql::Response::from_errors(vec![request_error(
                "INTERNAL",
                "internal error".to_owned(),
            )]),
            Err(_) => {
                let message = format!(
                    "The operation did not finish within the {} s that one may take",
                    self.time_limit.as_secs()
                );
                let error = request_error("QUERY_TOO_COMPLEX", message);
                async_graphql::Response::from_errors(vec![error])
            }
        }
    }

    /// The GraphQL request in an HTTP request.
    async fn read(&self, request: Request) -> Result<async_graphql::Request, Refusal> {
        match *request.method() {
            Method::GET if is_from_elsewhere(request.headers()) => Err(Refusal::bad(
                "A GET needs the header graphql-require-preflight, or an Accept that names a GraphQL media type",
            )),
            Method::GET => parameters(in_query(request.uri())?),
            Method::POST if !is_json(request.headers()) => {
                let message =
                    "The body has to be application/json in UTF-8, and Content-Type has to say so";
                Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
            }
            Method::POST => {
                let body = timeout(BODY_TIME, collect(request.into_body(), self.body_bytes)).await;
                let slow = |_| {
                    Refusal::new(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive")
                };
                let json = serde_json::from_slice(&body.map_err(slow)??).map_err(|error| {
                    let (line, column) = (error.line(), error.column());
                    Refusal::bad(format!(
                        "The body is not JSON in UTF-8 (line {line}, column {column})"
                    ))
                })?;
                parameters(json)
            }
            _ => Err(Refusal::method("This address takes GET and POST".to_owned(), "GET, POST")),
        }
    }
}

/// Refuses a request before the endpoint has seen it (who asks is unknown, or asks too often), in the
/// media type that the client accepts.
#[must_use]
pub fn refuse(request: &Parts, status: StatusCode, mut error: ServerError) -> Response {
    settle_error(&mut error, &request_id(&request.extensions));
    let media = Media::accepted(&request.headers).unwrap_or(Media::Json);
    Refusal::of(status, error).into_response(media)
}

/// In how many seconds it is worth trying again, where an error says so.
fn wait(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfter")? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    }
}

fn request_id(extensions: &Extensions) -> String {
    extensions.get().map_or_else(String::new, |RequestId(id)| id.clone())
}

/// Whether a GET may come from another site's page that makes its visitor's browser send it.
///
/// A header that no page can add without asking first (CORS preflight) tells that it does not. An
/// `Accept` for a GraphQL media type does as well when the browser does not say that the page is
/// another site's: links, images and forms cannot choose it, and scripts cannot suppress
/// `Sec-Fetch-Site`.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let preflighted = headers.contains_key(AUTHORIZATION)
        || headers.contains_key("graphql-require-preflight")
        || headers.contains_key("x-requested-with")
        || is_json(headers);
    let foreign =
        headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let chosen = ranges(headers)
        .any(|(name, _)| Media::ALL.iter().any(|media| name.eq_ignore_ascii_case(media.name())));
    !preflighted && (foreign || !chosen)
}

/// Reads a body. The rest of one that is too large is read too, up to a measure, and dropped: a client
/// that is still sending when the connection is closed does not get to see why.
async fn collect(body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let mut stream = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad("The body broke off"))?;
        length += chunk.len();
        if length <= most {
            bytes.extend_from_slice(&chunk);
        } else if length <= DROPPED_BYTES {
            bytes = Vec::new();
        } else {
            break;
        }
    }
    if length > most {
        let message = format!("The body is larger than the {most} bytes that are allowed");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(bytes)
}

/// The parameters of a GET in the shape that a body would have. An empty one counts as left out.
fn in_query(uri: &Uri) -> Result<serde_json::Value, Refusal> {
    let Query(parameters) = Query::<HashMap<String, String>>::try_from_uri(uri)
        .map_err(|_| Refusal::bad("The query string cannot be read"))?;
    let given = parameters.into_iter().filter(|(_, text)| !text.is_empty());
    let read = given.map(|(name, text)| {
        let value = match name.as_str() {
            "variables" | "extensions" => serde_json::from_str(&text)
                .map_err(|_| Refusal::bad(format!("`{name}` is not JSON")))?,
            _ => text.into(),
        };
        Ok((name, value))
    });
    Ok(serde_json::Value::Object(read.collect::<Result<_, Refusal>>()?))
}

fn parameters(json: serde_json::Value) -> Result<async_graphql::Request, Refusal> {
    use serde_json::Value::{Array, Null, Object, String};

    let mut given = match json {
        Object(given) => given,
        Array(_) => {
            return Err(Refusal::bad(
                "A batch is not taken: send each operation in a request of its own",
            ));
        }
        _ => return Err(Refusal::bad("The request has to be a JSON object")),
    };
    let persisted = given.get("extensions").is_some_and(|given| given.get(PERSISTED).is_some());
    let document_id = given.remove(DOCUMENT_ID).filter(|id| *id != Null);
    let mut request = match given.remove("query") {
        Some(String(query)) => async_graphql::Request::new(query),
        None | Some(Null) if persisted || document_id.is_some() => async_graphql::Request::new(""),
        _ => return Err(Refusal::bad("`query` has to be there, and a string")),
    };
    request.operation_name = match given.remove("operationName") {
        None | Some(Null) => None,
        Some(String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(_) => return Err(Refusal::bad("`operationName` has to be a string or null")),
    };
    let mut map = |name: &str| match given.remove(name) {
        None | Some(Null) => Ok(serde_json::Map::new()),
        Some(Object(map)) => Ok(map),
        Some(_) => Err(Refusal::bad(format!("`{name}` has to be an object or null"))),
    };
    request.variables = async_graphql::Variables::from_json(Object(map("variables")?));
    request.extensions = serde_json::from_value(Object(map("extensions")?)).unwrap_or_default();
    request.extensions.remove(DOCUMENT_ID);
    if let Some(id) = document_id.and_then(|id| Value::from_json(id).ok()) {
        request.extensions.insert(DOCUMENT_ID.to_owned(), id);
    }
    Ok(request)
}

/// Why a request is refused as a whole. The status code does not depend on the media type then.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: Box<ServerError>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn of(status: StatusCode, error: ServerError) -> Self {
        let header = wait(&error).map(|seconds| (RETRY_AFTER, seconds.into()));
        Self { status, error: Box::new(error), header }
    }

    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::of(status, request_error("BAD_USER_INPUT", message))
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn method(message: String, allow: &'static str) -> Self {
        let header = Some((ALLOW, HeaderValue::from_static(allow)));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    fn into_response(self, media: Media) -> Response {
        let mut response = media.refusal(self.status, *self.error);
        response.headers_mut().extend(self.header);
        response
    }
}

impl From<Exhausted> for Refusal {
    fn from(exhausted: Exhausted) -> Self {
        Self::of(StatusCode::TOO_MANY_REQUESTS, exhausted.error())
    }
}

#[cfg(test)]
mod tests;
