//! When there is no page.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::error::Error;

/// Why there is no page. As a response it is only the status; [`frame`](super::frame) makes it a
/// page in the visitor's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no such link.
    Unknown,
    /// The form was another site's.
    Forged,
    /// The form cannot be read; holds the status that tells why.
    Unreadable(StatusCode),
    /// The rules say no, where there is no form to say it at.
    Refused,
    /// Something else happened at the same time.
    Conflict,
    /// Too many tries.
    TooMany,
    /// Our fault.
    Ours,
}

impl Trouble {
    /// What the client is told.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Unreadable(status) => status,
            Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::Unknown,
            Error::Refused(_) | Error::Forbidden(_) | Error::BadInput { .. } => Self::Refused,
            Error::RateLimited { .. } => Self::TooMany,
            // A session that ended under the request is gone when the page is opened again.
            Error::Conflict(_) | Error::Unauthenticated => Self::Conflict,
            Error::Internal(reason) => {
                tracing::error!(reason, "a page cannot be shown");
                Self::Ours
            }
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.status(), Extension(self)).into_response()
    }
}
