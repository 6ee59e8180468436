//! What goes on for longer than a request: WebSockets (`graphql-transport-ws`) and event streams
//! (`graphql-sse`, distinct connections), both on `/graphql`.

mod events;
mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) use self::events::answer as events;
pub(super) use self::socket::upgrade;
use super::budget::{LEAST_COST, Payer};
use super::{Api, equipped, pay, request_id};
use crate::access::Origin;
use crate::config::Config;
use crate::graphql::Context;
use crate::graphql::request::{prepare, settle_error};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// How many connections there are, and how many of each person, or of each network that has not said yet
/// who it is.
pub(super) struct Places {
    all: Arc<Semaphore>,
    of_each: Arc<Mutex<HashMap<Payer, u32>>>,
    /// How many each may have.
    each: u32,
}

impl Places {
    pub(super) fn new(config: &Config) -> Self {
        let all = config.live_connections;
        Self {
            all: Arc::new(Semaphore::new(all as usize)),
            of_each: Arc::default(),
            each: all.div_ceil(10),
        }
    }

    /// A place for a connection, while there is one.
    fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).try_acquire_owned().ok()
    }

    /// One of the places of a person or network, while there is one.
    fn take_of(&self, who: Payer) -> Option<PlaceOf> {
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = of_each.entry(who).or_default();
        if *taken >= self.each {
            return None;
        }
        *taken += 1;
        Some(PlaceOf { who, of_each: Arc::clone(&self.of_each) })
    }
}

/// One of a person's or network's places, as long as it is kept.
struct PlaceOf {
    who: Payer,
    of_each: Arc<Mutex<HashMap<Payer, u32>>>,
}

impl Drop for PlaceOf {
    fn drop(&mut self) {
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = of_each.get_mut(&self.who) {
            *taken -= 1;
            if *taken == 0 {
                of_each.remove(&self.who);
            }
        }
    }
}

/// An operation under way.
struct Operation {
    kind: OperationType,
    responses: BoxStream<'static, Response>,
}

/// Begins an operation on behalf of a context of its own, whose network has paid [`LEAST_COST`] for it.
///
/// # Errors
/// Why it is not executed.
async fn begin(
    api: &Arc<Api>,
    context: &Arc<Context>,
    mut request: async_graphql::Request,
) -> Result<Operation, ServerError> {
    let id = context.origin.request_id.clone();
    let span = tracing::info_span!("request", id);
    let endpoint = &api.endpoint;
    let settled = |mut error: ServerError| {
        settle_error(&mut error, &id);
        error
    };
    let prepared = prepare(&mut request, &endpoint.limits, &endpoint.documents).map_err(settled)?;
    let network = Payer::network(&context.origin);
    pay(&api.budgets, context, network, prepared.cost)
        .await
        .map_err(|exhausted| settled(exhausted.error()))?;
    let mut responses = endpoint.responses(equipped(context, request), prepared, id.clone(), span);
    if prepared.operation == OperationType::Subscription {
        let payer = match context.viewer_if_any().await {
            Ok(Some(viewer)) if api.budgets.count_users() => Payer::User(viewer.user_id()),
            _ => network,
        };
        responses = paid(Arc::clone(api), payer, prepared.cost.max(LEAST_COST), id, responses);
    }
    Ok(Operation { kind: prepared.operation, responses })
}

/// Events that are paid for one by one, as the same query would be each time. One that cannot be paid for is
/// the last: the client comes back when it can.
fn paid(
    api: Arc<Api>,
    payer: Payer,
    cost: u64,
    id: String,
    responses: BoxStream<'static, Response>,
) -> BoxStream<'static, Response> {
    let next = move |(mut responses, open): (BoxStream<'static, Response>, bool)| {
        let (api, id) = (Arc::clone(&api), id.clone());
        async move {
            let response = if open { responses.next().await? } else { return None };
            let Err(exhausted) = api.budgets.take(payer, cost) else {
                return Some((response, (responses, true)));
            };
            let mut error = exhausted.error();
            settle_error(&mut error, &id);
            Some((Response::from_errors(vec![error]), (responses, false)))
        }
    };
    stream::unfold((responses, true), next).boxed()
}

/// The same client, in a request of its own.
fn next_request(api: &Api, origin: &Origin) -> Origin {
    Origin { request_id: request_id::new(&api.app.random), ..origin.clone() }
}

/// Whether an event could not be told because some were missed: then the client has to come back.
fn missed(response: &Response) -> bool {
    let code = |error: &ServerError| error.extensions.as_ref()?.get("code").cloned();
    response.errors.iter().filter_map(code).any(|code| code == Value::from("CONFLICT"))
}

/// Whether a browser opened the connection for a page that may not. Browsers let every page open
/// WebSockets, and tell whose page it is. The token comes from the page and never from a cookie, so that
/// another site's page could open one for its visitor but not be its visitor; it is refused all the same,
/// as its requests are (`CORS_ORIGINS`).
fn is_foreign(config: &Config, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    let own = || {
        let uri: Option<Uri> = origin.parse().ok();
        let authority = uri.as_ref().and_then(Uri::authority).map(Authority::as_str);
        authority.is_some() && headers.get(HOST).and_then(|host| host.to_str().ok()) == authority
    };
    let mut known = config.cors_origins.iter().chain([&config.public_url]);
    !known.any(|known| known == origin) && !own()
}
