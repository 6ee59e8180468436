//! When batches are loaded: once every resolver that can go on has asked for what it needs.
//!
//! async-graphql's loader hands each batch to a task of its own, which waits a millisecond for more
//! keys. On a busy machine the resolvers of a long list are not all asked within that time, and one
//! statement becomes several; on an idle one the millisecond is lost. Here the request's own task
//! loads its batches, in the gaps between the resolvers' turns.

use std::any::TypeId;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use async_graphql::Request;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::unconstrained;

/// The batches that a request's resolvers wait for. Clones are the same.
#[derive(Clone, Default)]
pub struct Batches(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Batches {
    /// The batches that came with a request; none of its own where none did.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let with = request.data.get(&TypeId::of::<Self>());
        with.and_then(|data| data.downcast_ref::<Self>()).cloned().unwrap_or_default()
    }

    /// Has a batch loaded.
    pub(super) fn add(&self, batch: BoxFuture<'static, ()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a request, and the batches that it waits for beside it.
    pub async fn beside<T>(self, request: impl Future<Output = T>) -> T {
        // The resolvers have their turn to its end: tokio's budget would cut a batch in two.
        let mut request = pin!(unconstrained(request));
        let mut loading = FuturesUnordered::new();
        poll_fn(|context| {
            if let Poll::Ready(answer) = request.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            loading.extend(self.take());
            // A batch that is loaded wakes the resolvers that wait for it.
            while let Poll::Ready(Some(())) = loading.poll_next_unpin(context) {}
            Poll::Pending
        })
        .await
    }
}
