//! Operations whose answer is a stream of responses: those of WebSockets and event streams.

use async_graphql::parser::types::OperationType;
use async_graphql::{ObjectType, Response, SubscriptionType, value};
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::sync::Arc;
use tracing::{Instrument, Span};

use super::media::{Media, ranges};
use super::{Endpoint, Refusal, parameters};
use crate::graphql::Batches;
use crate::graphql::request::{Prepared, settle};

/// The media type of event streams.
const EVENT_STREAM: &str = "text/event-stream";

/// Whether the client asks for an event stream.
pub(in crate::http) fn wants_events(headers: &HeaderMap) -> bool {
    ranges(headers).any(|(name, quality)| name.eq_ignore_ascii_case(EVENT_STREAM) && quality > 0.0)
}

/// The GraphQL request in the payload of a message.
///
/// # Errors
/// What is wrong with it.
pub(in crate::http) fn in_message(
    payload: serde_json::Value,
) -> Result<async_graphql::Request, String> {
    parameters(payload).map_err(|refusal| refusal.error.message)
}

impl<Q, M, S> Endpoint<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    /// The GraphQL request in an HTTP request.
    ///
    /// # Errors
    /// The answer to one that is none.
    pub(in crate::http) async fn in_http(
        &self,
        request: Request,
    ) -> Result<async_graphql::Request, axum::response::Response> {
        self.read(request).await.map_err(|refusal| refusal.into_response(Media::Json))
    }

    /// The responses to a request that has been prepared: one to a query or mutation, one for each event
    /// of a subscription.
    pub(in crate::http) fn responses(
        self: &Arc<Self>,
        request: async_graphql::Request,
        prepared: Prepared,
        id: String,
        span: Span,
    ) -> BoxStream<'static, Response> {
        if prepared.operation != OperationType::Subscription {
            let endpoint = Arc::clone(self);
            let answer = async move {
                let mut response = endpoint.execute(request, prepared.operation).await;
                settle(&mut response, &id);
                let limit = endpoint.limits.cost;
                response.extension("cost", value!({ "requested": prepared.cost, "limit": limit }))
            };
            return stream::once(answer.instrument(span)).boxed();
        }
        let batches = Batches::of(&request);
        let events = self.schema.execute_stream(request);
        let next = move |mut events: BoxStream<'static, Response>| {
            let (batches, id) = (batches.clone(), id.clone());
            let next = async move {
                let mut response = batches.beside(events.next()).await?;
                settle(&mut response, &id);
                Some((response, events))
            };
            next.instrument(span.clone())
        };
        stream::unfold(events, next).boxed()
    }
}

/// The answer to an operation that is not taken by GET; none to one that is.
pub(in crate::http) fn wrong_method(
    method: &Method,
    operation: OperationType,
) -> Option<axum::response::Response> {
    let wrong = *method == Method::GET && operation == OperationType::Mutation;
    wrong.then(|| {
        let refusal = Refusal::method(format!("A {operation} needs POST"), "POST");
        refusal.into_response(Media::Json)
    })
}
