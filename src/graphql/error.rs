//! Our errors as GraphQL shows them (api.md): a code, and what that code promises, nothing else.

use async_graphql::indexmap::IndexMap;
use async_graphql::{ErrorExtensions, Name, Value};

use super::user_error::UserError;
use crate::error::Error;

/// The error that a client sees. What is our fault goes to the log; the endpoint adds the request's
/// id to both.
pub(super) fn shown(error: &Error) -> async_graphql::Error {
    let coded = |message: String, code: &'static str| {
        async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
    };
    match error {
        Error::Unauthenticated => coded(
            "sign in first: the token is missing or no longer good".to_owned(),
            "UNAUTHENTICATED",
        ),
        Error::NotFound(noun) => coded(format!("there is no such {noun}"), "NOT_FOUND"),
        Error::BadInput { field, message } => {
            coded(format!("{field}: {message}"), "BAD_USER_INPUT")
                .extend_with(|_, extensions| extensions.set("field", *field))
        }
        Error::RateLimited { retry_after } => {
            coded(format!("too many tries; try again in {retry_after} seconds"), "RATE_LIMITED")
                .extend_with(|_, extensions| extensions.set("retryAfter", *retry_after))
        }
        Error::Conflict(message) => coded((*message).to_owned(), "CONFLICT"),
        Error::Forbidden(denial) => {
            coded(denial.sentence(), "FORBIDDEN").extend_with(|_, extensions| {
                extensions.set("permission", denial.permission.clone());
                extensions.set("scope", denial.scope.clone());
                let keys: Vec<String> =
                    denial.granted_by.iter().map(|role| role.key.clone()).collect();
                extensions.set("grantedBy", keys);
                if let Some(stopped) = denial.stopped {
                    let mut told = IndexMap::new();
                    told.insert(Name::new("account"), stopped.account_id.to_string().into());
                    told.insert(Name::new("status"), stopped.status.as_str().into());
                    extensions.set("stopped", Value::Object(told));
                }
                if denial.suspended {
                    extensions.set("membershipStatus", "SUSPENDED");
                }
            })
        }
        // A query has no place for user errors; the first one stands for all.
        Error::Refused(errors) => {
            let message = errors.first().map_or("refused", |error| error.message.as_str());
            coded(message.to_owned(), "BAD_USER_INPUT")
        }
        Error::Internal(cause) => {
            tracing::error!(cause, "a request failed");
            coded("internal error".to_owned(), "INTERNAL")
        }
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        shown(&error)
    }
}

/// A mutation's result and its refusals: exactly one of the two is there.
pub(super) fn outcome<T>(
    result: Result<T, Error>,
) -> async_graphql::Result<(Option<T>, Vec<UserError>)> {
    match result {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(Error::Refused(errors)) => {
            Ok((None, errors.into_iter().map(UserError::from).collect()))
        }
        Err(error) => Err(error.into()),
    }
}
