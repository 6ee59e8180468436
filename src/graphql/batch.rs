//! When batches are loaded: once every resolver that can go on has asked for what it needs.
//!
//! async-graphql's loader hands each batch to a task of its own, which waits a millisecond for more
//! keys. On a busy machine the resolvers of a long list are not all asked within that time, and one
//! statement becomes several; on an idle one the millisecond is lost. Here the request's own task
//! loads its batches, in the gaps between the resolvers' turns.

use std::any::TypeId;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_graphql::Request;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use tokio::task::unconstrained;

/// The batches that a request's resolvers wait for. Clones are the same.
#[derive(Clone, Default)]
pub struct Batches(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Batches {
    /// The batches that came with a request; none of its own where none did.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let held = request.data.get(&TypeId::of::<Self>());
        held.and_then(|data| data.downcast_ref::<Self>()).cloned().unwrap_or_default()
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
        // Tokio's budget would cut the resolvers' turn short, and their batch in two.
        let mut request = pin!(unconstrained(request));
        let mut loading = FuturesUnordered::new();
        let turn = Arc::new(Turn { due: AtomicBool::new(true), task: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&turn));
        poll_fn(|context| {
            turn.task.register(context.waker());
            loop {
                // Long lists ask a few of their rows at a time and wake themselves for the others.
                while turn.due.swap(false, Ordering::AcqRel) {
                    let polled = request.as_mut().poll(&mut Context::from_waker(&waker));
                    if polled.is_ready() {
                        return polled;
                    }
                }
                loading.extend(self.take());
                // A batch that is loaded wakes the resolvers that wait for it.
                while let Poll::Ready(Some(())) = loading.poll_next_unpin(context) {}
                if !turn.due.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

/// Whether there are resolvers that can go on, and the task that has to see to it.
struct Turn {
    due: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.due.store(true, Ordering::Release);
        self.task.wake();
    }
}
