//! What a request brings along.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use entity::id::AccountId;
use tokio::sync::Mutex;

use crate::access::{Origin, Viewer};
use crate::app::idempotency::Caller;
use crate::app::{App, account, api_key, session};
use crate::auth::api_key::PREFIX;
use crate::error::{Error, Result};

/// One request: who may be asking, and where from. The viewer is read when a resolver first needs
/// them, in one statement, and then shared.
pub struct Context {
    /// The application.
    pub app: Arc<App>,
    /// Where the request came from.
    pub origin: Origin,
    /// The access token or API key, if one came along.
    token: Option<String>,
    /// The `Rolecall-Account` header.
    account: Option<String>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// How many mutations it was for so far.
    keyed: AtomicU32,
    viewer: Mutex<Option<Arc<Viewer>>>,
}

impl Context {
    /// A request with what its headers say.
    #[must_use]
    pub fn new(
        app: Arc<App>,
        origin: Origin,
        token: Option<String>,
        account: Option<String>,
        idempotency_key: Option<String>,
    ) -> Self {
        Self {
            app,
            origin,
            token,
            account,
            idempotency_key,
            keyed: AtomicU32::new(0),
            viewer: Mutex::new(None),
        }
    }

    /// The signed-in person, in the account that the header names, if it names one (R63).
    pub async fn viewer(&self) -> Result<Arc<Viewer>> {
        let mut slot = self.viewer.lock().await;
        if let Some(viewer) = &*slot {
            return Ok(Arc::clone(viewer));
        }
        let token = self.token.as_deref().ok_or(Error::Unauthenticated)?;
        let mut viewer = if token.starts_with(PREFIX) {
            api_key::authenticate(&self.app, token, &self.origin).await?
        } else {
            session::authenticate(&self.app, token, &self.origin).await?
        };
        if let Some(account) = &self.account {
            let id: AccountId = account.parse().map_err(|error: entity::id::IdError| {
                Error::BadInput { field: "Rolecall-Account", message: error.0 }
            })?;
            viewer = account::enter(&self.app, viewer, id).await?;
        }
        let viewer = Arc::new(viewer);
        *slot = Some(Arc::clone(&viewer));
        Ok(viewer)
    }

    /// The signed-in person, or none when no token came along. A token that is no good is an error.
    pub async fn viewer_if_any(&self) -> Result<Option<Arc<Viewer>>> {
        if self.token.is_none() && self.viewer.lock().await.is_none() {
            return Ok(None);
        }
        self.viewer().await.map(Some)
    }

    /// From here on the request is this person's: they have just signed in.
    pub async fn signed_in(&self, viewer: Viewer) -> Arc<Viewer> {
        let viewer = Arc::new(viewer);
        *self.viewer.lock().await = Some(Arc::clone(&viewer));
        viewer
    }

    /// A subscription's next event is answered to this viewer.
    pub(super) async fn goes_on_as(&self, viewer: &Arc<Viewer>) {
        *self.viewer.lock().await = Some(Arc::clone(viewer));
    }

    /// Forgets what the viewer holds, because it has just been changed: the next resolver reads it
    /// anew.
    pub async fn access_changed(&self) {
        if self.token.is_some() {
            *self.viewer.lock().await = None;
        }
    }

    /// Whose the request's idempotency keys are: who came without a token and has signed in by now is
    /// somebody.
    pub(super) async fn caller(&self) -> Caller {
        match &*self.viewer.lock().await {
            Some(viewer) if self.token.is_none() => Caller::viewer(viewer),
            _ => Caller::of(&self.app, self.token.as_deref()),
        }
    }

    /// Which of the request's mutations the next one with the header's key is.
    pub(super) fn next_part(&self) -> u32 {
        self.keyed.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the request names an account: then it has to be checked before anything runs.
    #[must_use]
    pub fn names_account(&self) -> bool {
        self.account.is_some()
    }
}

/// The request's context, from any resolver.
pub(super) fn context<'a>(
    ctx: &async_graphql::Context<'a>,
) -> async_graphql::Result<&'a Arc<Context>> {
    ctx.data::<Arc<Context>>()
}
