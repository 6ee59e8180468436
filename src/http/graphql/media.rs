//! The media types of requests and answers.

use std::collections::BTreeMap;

use async_graphql::{ServerError, Value};
use axum::Json;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::graphql::request::is_request_error;

/// The media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    GraphqlResponse,
}

impl Media {
    /// The one to prefer last.
    pub(super) const ALL: [Self; 2] = [Self::Json, Self::GraphqlResponse];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::GraphqlResponse => "application/graphql-response+json",
        }
    }

    /// The one that the client likes best (RFC 9110 §12.5.1). One that does not care, or does not
    /// say, gets `application/json`.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        if ranges(headers).next().is_none() {
            return Some(Self::Json);
        }
        let quality = |media: Self| {
            let wildcards: &[&str] =
                if media == Self::Json { &["application/*", "*/*"] } else { &[] };
            let named =
                |name: &&str| ranges(headers).find(|(range, _)| range.eq_ignore_ascii_case(name));
            std::iter::once(&media.name())
                .chain(wildcards)
                .find_map(named)
                .map_or(0.0, |(_, quality)| quality)
        };
        let liked = Self::ALL.into_iter().filter(|media| quality(*media) > 0.0);
        liked.max_by(|one, other| quality(*one).total_cmp(&quality(*other)))
    }

    /// The status codes of the draft: with `application/json`, which any proxy may have written, 200
    /// is how a client knows that GraphQL answered.
    pub(super) fn response(self, response: async_graphql::Response) -> Response {
        let failed = is_request_error(&response);
        let status = match self {
            Self::GraphqlResponse if failed => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        let mut http = self.encode(
            status,
            &Answer {
                errors: &response.errors,
                data: (!failed).then_some(&response.data),
                extensions: response.extensions,
            },
        );
        // For clients that know HTTP better than GraphQL (RFC 9110 §10.2.3).
        if let [error] = &response.errors[..]
            && let Some(Value::Number(seconds)) =
                error.extensions.as_ref().and_then(|extensions| extensions.get("retryAfter"))
            && let Some(seconds) = seconds.as_u64()
        {
            http.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        http.headers_mut().extend(response.http_headers);
        http
    }

    /// One error instead of a response.
    pub(super) fn refusal(self, status: StatusCode, error: ServerError) -> Response {
        self.encode(status, &Answer { errors: &[error], data: None, extensions: BTreeMap::new() })
    }

    fn encode(self, status: StatusCode, answer: &Answer<'_>) -> Response {
        let content_type = match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        };
        let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")];
        (status, headers, Json(answer)).into_response()
    }
}

/// The media ranges of `Accept` with their quality values.
pub(super) fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (&str, f32)> {
    let values = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        Some((name, quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0))))
    })
}

/// A GraphQL response (GraphQL §7.1).
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

/// Whether the body is said to be JSON, in UTF-8 if anything is said of that.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|name| name.eq_ignore_ascii_case(Media::Json.name()))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}
