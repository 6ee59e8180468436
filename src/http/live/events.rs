//! Operations answered with server-sent events, for clients that a WebSocket does not get through to: one
//! request each (`graphql-sse`, distinct connections mode), with the headers of any other request.
//!
//! A stream that has come to its end says `complete`. One that is broken off does not, and its client
//! comes back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response as Answer;
use async_graphql::parser::types::OperationType;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::{PlaceOf, begin, missed};
use crate::app::subscription;
use crate::error::Error;
use crate::graphql::{Context, shown};
use crate::http::budget::Payer;
use crate::http::graphql::wrong_method;
use crate::http::server::Stopping;
use crate::http::{Api, status};

/// What a stream is broken off with.
#[derive(Debug)]
struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stream is broken off; its client comes back")
    }
}

impl std::error::Error for BrokenOff {}

/// A stream, and how far it has come.
struct Events {
    responses: BoxStream<'static, Answer>,
    /// Why the subscription may not go on.
    over: Pin<Box<dyn Future<Output = Error> + Send>>,
    stopping: Stopping,
    phase: Phase,
    _places: (OwnedSemaphorePermit, Option<PlaceOf>),
}

#[derive(Clone, Copy)]
enum Phase {
    Running,
    Completing,
    Over,
}

/// Answers a request that accepts events.
pub(in crate::http) async fn answer(
    api: &Arc<Api>,
    context: Arc<Context>,
    request: Request,
) -> Response {
    let stopping = request.extensions().get::<Stopping>().cloned().unwrap_or_default();
    let method = request.method().clone();
    let request = match api.endpoint.in_http(request).await {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    let Some(place) = api.places.take() else { return full() };
    let operation = match begin(api, &context, request).await {
        Ok(operation) => operation,
        // What is wrong with the document is told within the stream.
        Err(error) => {
            let error = stream::once(async move { next(&Answer::from_errors(vec![error])) });
            let events = error.chain(stream::once(async { complete() }));
            return sse(api, events.map(Ok::<_, Infallible>));
        }
    };
    if let Some(refusal) = wrong_method(&method, operation.kind) {
        return refusal;
    }
    let mut over: Pin<Box<dyn Future<Output = Error> + Send>> = Box::pin(std::future::pending());
    let mut place_of = None;
    if operation.kind == OperationType::Subscription {
        let viewer = match context.viewer().await {
            Ok(viewer) => viewer,
            Err(error) => return refuse(&error),
        };
        place_of = api.places.take_of(Payer::User(viewer.user_id()));
        if place_of.is_none() {
            return full();
        }
        over = Box::pin(subscription::session_end(Arc::clone(&api.app), viewer));
    }
    let events = Events {
        responses: operation.responses,
        over,
        stopping,
        phase: Phase::Running,
        _places: (place, place_of),
    };
    sse(api, stream::unfold(events, Events::next))
}

impl Events {
    async fn next(mut self) -> Option<(Result<Event, BrokenOff>, Self)> {
        let (event, phase) = match self.phase {
            Phase::Over => return None,
            Phase::Completing => (Ok(complete()), Phase::Over),
            Phase::Running => tokio::select! {
                () = self.stopping.wait() => (Err(BrokenOff), Phase::Over),
                error = &mut self.over => match error {
                    Error::Unauthenticated => {
                        let answer = Answer::from_errors(vec![shown(&error)]);
                        (Ok(next(&answer)), Phase::Completing)
                    }
                    _ => (Err(BrokenOff), Phase::Over),
                },
                response = self.responses.next() => match response {
                    Some(response) if missed(&response) => (Err(BrokenOff), Phase::Over),
                    Some(response) => (Ok(next(&response)), Phase::Running),
                    None => (Ok(complete()), Phase::Over),
                },
            },
        };
        self.phase = phase;
        Some((event, self))
    }
}

fn next(answer: &Answer) -> Event {
    // A response is made of nothing but what JSON has.
    Event::default().event("next").data(serde_json::to_string(answer).unwrap_or_default())
}

fn complete() -> Event {
    Event::default().event("complete").data("")
}

fn sse<E: Into<axum::BoxError> + 'static>(
    api: &Api,
    events: impl Stream<Item = Result<Event, E>> + Send + 'static,
) -> Response {
    let ping = KeepAlive::new().interval(Duration::from_secs(api.app.config.live_ping_seconds));
    // Proxies that gather answers are told not to.
    let headers =
        [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Sse::new(events).keep_alive(ping)).into_response()
}

/// The answer while there is no place.
pub(super) fn full() -> Response {
    let message = "too many connections; try again later";
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], message).into_response()
}

fn refuse(error: &Error) -> Response {
    let body = Answer::from_errors(vec![shown(error)]);
    (status(error), axum::Json(body)).into_response()
}
