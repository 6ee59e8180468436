//! WebSockets: the protocol `graphql-transport-ws`, of
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.
//!
//! async-graphql-axum's own closes with other codes than the protocol's, authenticates once for ever, and
//! buffers. Here one task speaks with one client. What it sends is made when the client has taken what was
//! sent before: a client that is slow makes nobody keep anything for it, and one that takes nothing is cut
//! off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Answer, ServerError};
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{interval, timeout};
use tokio_stream::StreamMap;

use super::super::budget::{LEAST_COST, Payer};
use super::events::full;
use super::{GOODBYE, PlaceOf, begin, is_foreign, missed, next_request};
use crate::access::{Origin, Viewer};
use crate::app::subscription;
use crate::error::Error;
use crate::graphql::Context;
use crate::graphql::limits::request_error;
use crate::graphql::request::is_request_error;
use crate::http::graphql::{in_message, refuse};
use crate::http::server::Stopping;
use crate::http::{ACCOUNT, Api, bearer, client, header};

const PROTOCOL: &str = "graphql-transport-ws";

/// How long a client may take to say who it is.
const INIT_WITHIN: Duration = Duration::from_secs(10);

/// Why a conversation is over, as a close frame says it. None: the client has hung up.
type End = Option<(u16, String)>;

#[expect(clippy::unnecessary_wraps, reason = "an end is what it makes, and this is one kind of it")]
fn end(code: u16, reason: impl Into<String>) -> End {
    let mut reason: String = reason.into();
    // As much as a close frame holds (RFC 6455 §5.5).
    while reason.len() > 123 {
        reason.pop();
    }
    Some((code, reason))
}

/// What clients say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit { payload: Option<serde_json::Map<String, Value>> },
    Subscribe { id: String, payload: Value },
    Complete { id: String },
    Ping { payload: Option<Value> },
    Pong {},
}

/// What an operation comes to.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way out")]
enum Outcome {
    Response(OperationType, Answer),
    Complete,
}

/// Who is at the other end.
struct Caller {
    origin: Origin,
    token: Option<String>,
    account: Option<String>,
}

impl Caller {
    /// What is said at the beginning counts instead of the headers, which browsers do not let pages set.
    fn introduces(&mut self, payload: &serde_json::Map<String, Value>) {
        let said = |name: &str| {
            let mut named = payload.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.as_str().unwrap_or_default().to_owned())
        };
        if let Some(authorization) = said("authorization") {
            self.token = Some(bearer(&authorization));
        }
        self.account = said(ACCOUNT.as_str()).or_else(|| self.account.take());
    }

    /// A request of theirs.
    fn request(&self, api: &Api) -> Arc<Context> {
        let origin = next_request(api, &self.origin);
        let (token, account) = (self.token.clone(), self.account.clone());
        Arc::new(Context::new(Arc::clone(&api.app), origin, token, account, None))
    }
}

/// Answers a request that asks for a WebSocket.
pub(in crate::http) async fn upgrade(api: Arc<Api>, mut parts: Parts) -> Response {
    let config = &api.app.config;
    if is_foreign(config, &parts.headers) {
        let message = "this page's origin may not open WebSockets here (CORS_ORIGINS)";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let origin = client::origin(config, &parts);
    let network = Payer::network(&origin);
    if let Err(exhausted) = api.budgets.take(network, LEAST_COST) {
        return refuse(&parts, StatusCode::TOO_MANY_REQUESTS, exhausted.error());
    }
    // Whoever has not said who they are cannot take the places of those who have.
    let Some(unknown) = api.places.take_of(network) else { return full() };
    let Some(place) = api.places.take() else { return full() };
    let caller = Caller {
        origin,
        token: header(&parts.headers, &AUTHORIZATION).map(|value| bearer(&value)),
        account: header(&parts.headers, &ACCOUNT),
    };
    let stopping = parts.extensions.get::<Stopping>().cloned().unwrap_or_default();
    // One that is a little too large is still read, so that its sender is told.
    let most = 2 * config.request_body_bytes;
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(most)
        .max_frame_size(most)
        .on_upgrade(move |socket| speak(socket, api, caller, stopping, (place, unknown)))
}

async fn speak(
    socket: WebSocket,
    api: Arc<Api>,
    caller: Caller,
    mut stopping: Stopping,
    (_place, unknown): (OwnedSemaphorePermit, PlaceOf),
) {
    let spoken = socket.protocol().is_some();
    let (sink, incoming) = socket.split();
    let patience = Duration::from_secs(api.app.config.live_ping_seconds);
    let mut conversation =
        Conversation { api, caller, sink, incoming, patience, unknown: Some(unknown) };
    let end = if spoken {
        tokio::select! {
            end = conversation.run() => end,
            () = stopping.wait() => end(1001, "the server stops"),
        }
    } else {
        end(4406, "Subprotocol not acceptable")
    };
    if let Some((code, reason)) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        let Conversation { mut sink, mut incoming, .. } = conversation;
        let goodbye = async {
            if sink.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = incoming.next().await {}
            }
        };
        // Whoever does not say goodbye is hung up on.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

struct Conversation {
    api: Arc<Api>,
    caller: Caller,
    sink: SplitSink<WebSocket, Message>,
    incoming: SplitStream<WebSocket>,
    /// How long a client may take nothing, and between pings.
    patience: Duration,
    /// The place of somebody who has not said yet who they are.
    unknown: Option<PlaceOf>,
}

impl Conversation {
    /// Goes on until one of the two has enough; says why.
    async fn run(&mut self) -> End {
        let greeted = timeout(INIT_WITHIN, self.greet()).await;
        match greeted.unwrap_or_else(|_| Err(end(4408, "Connection initialisation timeout"))) {
            Ok(viewer) => match self.serve(viewer).await {
                Ok(never) => match never {},
                Err(end) => end,
            },
            Err(end) => end,
        }
    }

    /// Waits until the client has said who it is.
    async fn greet(&mut self) -> Result<Arc<Viewer>, End> {
        loop {
            match self.hear().await? {
                Some(Said::ConnectionInit { payload }) => {
                    self.caller.introduces(&payload.unwrap_or_default());
                    let viewer = match self.caller.request(&self.api).viewer().await {
                        Ok(viewer) => viewer,
                        Err(Error::Internal(cause)) => {
                            tracing::error!(cause, "cannot tell who opens a WebSocket");
                            return Err(end(4500, "Internal server error"));
                        }
                        Err(_) => return Err(end(4403, "Forbidden")),
                    };
                    if viewer.is_service_user() {
                        return Err(end(4403, "A service user has no session to subscribe in"));
                    }
                    self.unknown = None;
                    self.say(&json!({ "type": "connection_ack" })).await?;
                    return Ok(viewer);
                }
                Some(Said::Subscribe { .. }) => return Err(end(4401, "Unauthorized")),
                Some(Said::Ping { payload }) => self.pong(payload).await?,
                Some(Said::Complete { .. } | Said::Pong {}) | None => {}
            }
        }
    }

    /// Serves a client that is known.
    async fn serve(&mut self, viewer: Arc<Viewer>) -> Result<Infallible, End> {
        let Some(_place) = self.api.places.take_of(Payer::User(viewer.user_id())) else {
            return Err(end(1013, "too many connections of one person"));
        };
        let session = subscription::session_end(Arc::clone(&self.api.app), viewer);
        let mut session = std::pin::pin!(session);
        let mut operations: StreamMap<String, BoxStream<'static, Outcome>> = StreamMap::new();
        let mut pings = interval(self.patience);
        // How many pings have gone unanswered.
        let mut unanswered = 0;
        loop {
            tokio::select! {
                error = &mut session => return Err(over(&error)),
                heard = hear(&mut self.incoming, self.api.app.config.request_body_bytes) => {
                    unanswered = 0;
                    if let Some(said) = heard? {
                        self.heed(said, &mut operations).await?;
                    }
                }
                Some((id, outcome)) = operations.next(), if !operations.is_empty() => {
                    self.tell(id, outcome, &mut operations).await?;
                }
                _ = pings.tick() => {
                    if unanswered == 2 {
                        return Err(None);
                    }
                    unanswered += 1;
                    self.send(Message::Ping(Vec::new().into())).await?;
                }
            }
        }
    }

    async fn heed(
        &mut self,
        said: Said,
        operations: &mut StreamMap<String, BoxStream<'static, Outcome>>,
    ) -> Result<(), End> {
        match said {
            Said::ConnectionInit { .. } => Err(end(4429, "Too many initialisation requests")),
            Said::Ping { payload } => self.pong(payload).await,
            Said::Pong {} => Ok(()),
            Said::Complete { id } => {
                operations.remove(&id);
                Ok(())
            }
            Said::Subscribe { id, .. } if operations.contains_key(&id) => {
                Err(end(4409, format!("Subscriber for {id} already exists")))
            }
            Said::Subscribe { id, payload } => {
                let request = in_message(payload).map_err(|message| end(4400, message))?;
                let most = self.api.app.config.live_operations;
                let context = self.caller.request(&self.api);
                let paid = self.api.budgets.take(Payer::network(&context.origin), LEAST_COST);
                let begun = if let Err(exhausted) = paid {
                    Err(exhausted.error())
                } else if operations.len() < most {
                    begin(&self.api, &context, request).await
                } else {
                    let message = format!("One connection carries {most} operations at a time");
                    Err(request_error("QUERY_TOO_COMPLEX", message))
                };
                match begun {
                    Ok(operation) => {
                        let kind = operation.kind;
                        let responses =
                            operation.responses.map(move |answer| Outcome::Response(kind, answer));
                        let complete = stream::once(async { Outcome::Complete });
                        operations.insert(id, responses.chain(complete).boxed());
                        Ok(())
                    }
                    Err(error) => self.fail(&id, &[error]).await,
                }
            }
        }
    }

    async fn tell(
        &mut self,
        id: String,
        outcome: Outcome,
        operations: &mut StreamMap<String, BoxStream<'static, Outcome>>,
    ) -> Result<(), End> {
        match outcome {
            Outcome::Response(OperationType::Subscription, answer) if missed(&answer) => {
                Err(end(1013, MISSED))
            }
            Outcome::Response(_, answer) if is_request_error(&answer) => {
                operations.remove(&id);
                self.fail(&id, &answer.errors).await
            }
            Outcome::Response(_, answer) => {
                self.say(&json!({ "id": id, "type": "next", "payload": answer })).await
            }
            Outcome::Complete => {
                operations.remove(&id);
                self.say(&json!({ "id": id, "type": "complete" })).await
            }
        }
    }

    async fn fail(&mut self, id: &str, errors: &[ServerError]) -> Result<(), End> {
        self.say(&json!({ "id": id, "type": "error", "payload": errors })).await
    }

    async fn pong(&mut self, payload: Option<Value>) -> Result<(), End> {
        match payload {
            Some(payload) => self.say(&json!({ "type": "pong", "payload": payload })).await,
            None => self.say(&json!({ "type": "pong" })).await,
        }
    }

    async fn say(&mut self, message: &Value) -> Result<(), End> {
        self.send(Message::Text(message.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.patience, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(None),
            Err(_) => Err(end(1013, MISSED)),
        }
    }

    async fn hear(&mut self) -> Result<Option<Said>, End> {
        hear(&mut self.incoming, self.api.app.config.request_body_bytes).await
    }
}

/// Clients come back after this code, and then ask for what is there.
const MISSED: &str = "events were missed: subscribe again, and query what is there now";

/// The next message of the protocol; none for another sign of life.
async fn hear(incoming: &mut SplitStream<WebSocket>, most: usize) -> Result<Option<Said>, End> {
    match incoming.next().await {
        None | Some(Err(_) | Ok(Message::Close(_))) => Err(None),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err(end(4400, "Messages are text")),
        Some(Ok(Message::Text(text))) if text.len() > most => {
            Err(end(1009, format!("A message may have {most} bytes")))
        }
        Some(Ok(Message::Text(text))) => {
            serde_json::from_str(&text).map(Some).map_err(|_| end(4400, "Invalid message received"))
        }
    }
}

/// Why nothing more is told.
fn over(error: &Error) -> End {
    match error {
        Error::Unauthenticated => end(4401, "the session has ended"),
        Error::Internal(cause) => {
            tracing::error!(cause, "cannot tell whether a session stands");
            end(4500, "Internal server error")
        }
        _ => end(1013, MISSED),
    }
}
