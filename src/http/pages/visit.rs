//! What a page's handler gets to know of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::locale::Tongue;
use super::trouble::Trouble;
use super::{cookie, forgery};
use crate::access::{Origin, Viewer};
use crate::app::{App, session};
use crate::auth::secret::as_mailed;
use crate::error::{Error, Result};
use crate::http::client;

/// How long a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(10);

/// A request for a page. There is none for a form that another site's page sent, so that a handler
/// that takes this is safe from them.
pub(super) struct Visit {
    /// The application.
    pub app: Arc<App>,
    /// Where the request came from.
    pub origin: Origin,
    /// The language that the visitor has chosen, or that the browser asks for.
    pub tongue: Tongue,
    token: Option<String>,
}

impl Visit {
    /// Where the application is, if the operator says so: our own address is no use to anybody here.
    pub(super) fn application(&self) -> Option<&str> {
        self.app.config.application_url.as_deref()
    }

    /// Who is signed in on these pages. A cookie that is no good (any more) is nobody's.
    pub(super) async fn viewer(&self) -> Result<Option<Viewer>> {
        let Some(token) = &self.token else { return Ok(None) };
        match session::authenticate(&self.app, token, &self.origin).await {
            Ok(viewer) => Ok(Some(viewer)),
            Err(Error::Unauthenticated) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        match AnySite::from_request_parts(parts, app).await? {
            AnySite { forged: true, .. } => Err(Trouble::Forged),
            AnySite { visit, .. } => Ok(visit),
        }
    }
}

/// A visit that may come from another site's page: what its handler does has to be safe then.
pub(super) struct AnySite {
    /// The visit.
    pub visit: Visit,
    /// Whether it asks for a change and comes from another site.
    pub forged: bool,
}

impl FromRequestParts<Arc<App>> for AnySite {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        let public_url = &app.config.public_url;
        let forged = !parts.method.is_safe() && forgery::is_forged(&parts.headers, public_url);
        let visit = Visit {
            app: Arc::clone(app),
            origin: client::origin(&app.config, parts),
            tongue: Tongue::of(&parts.uri, &parts.headers),
            token: cookie::read(&parts.headers, public_url).map(str::to_owned),
        };
        Ok(Self { visit, forged })
    }
}

/// The token in the address of a page, as it was mailed. What cannot be one is as unknown as any other
/// that is not ours.
pub(super) struct Token(pub String);

impl FromRequestParts<Arc<App>> for Token {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        let path = Path::from_request_parts(parts, app).await;
        let mailed = |Path(token): Path<String>| Self(as_mailed(&token).into_owned());
        path.map(mailed).map_err(|_| Trouble::Unknown)
    }
}

/// What a form holds, unread.
pub(super) struct Body(pub Bytes);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Trouble> {
        match timeout(FORM_TIME, Bytes::from_request(request, app)).await {
            Ok(Ok(body)) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(Trouble::Unreadable(rejection.status())),
            Err(_) => Err(Trouble::Unreadable(StatusCode::REQUEST_TIMEOUT)),
        }
    }
}

/// The fields of a form.
pub(super) struct Fields<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Fields<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Trouble> {
        match timeout(FORM_TIME, Form::from_request(request, app)).await {
            Ok(Ok(Form(fields))) => Ok(Self(fields)),
            Ok(Err(rejection)) => Err(Trouble::Unreadable(rejection.status())),
            Err(_) => Err(Trouble::Unreadable(StatusCode::REQUEST_TIMEOUT)),
        }
    }
}
