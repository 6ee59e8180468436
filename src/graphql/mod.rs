//! The GraphQL API: types and resolvers that translate, nothing more (api.md).
#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are the schema's descriptions, where codes stand without backticks"
)]

mod acceptance;
mod access;
mod account;
mod account_move;
mod api_key;
mod assignment;
mod audit;
mod batch;
mod billing_group;
mod connection;
mod consequences;
mod context;
pub mod documents;
mod email_domain;
mod entitlement;
mod error;
mod id;
mod idempotency;
mod invitation;
mod invitation_preview;
mod join;
pub mod limits;
mod loader;
mod loader_domain;
mod loader_role;
pub mod mutation;
mod mutation_account;
mod mutation_account_move;
mod mutation_billing_group;
mod mutation_custom_role;
mod mutation_email_domain;
mod mutation_identity;
mod mutation_invitation;
mod mutation_join;
mod mutation_membership;
mod mutation_organization;
mod mutation_ownership;
mod mutation_role;
mod mutation_service_user;
mod mutation_session;
mod node;
mod organization;
mod ownership;
pub mod query;
pub mod request;
mod role;
mod scope;
mod session;
mod spans;
pub mod subscription;
mod user;
mod user_error;
mod viewer;

use async_graphql::{SDLExportOptions, SchemaBuilder};

pub use batch::Batches;
pub use context::Context;
pub use idempotency::Idempotent;
pub use loader::loader;

/// The schema, ready to run. What a request needs besides it is in its [`Context`] and [`loader`].
pub type Schema =
    async_graphql::Schema<query::Query, Idempotent<mutation::Mutation>, subscription::Subscription>;

/// Builds the schema.
#[must_use]
pub fn schema() -> Schema {
    builder().finish()
}

/// The same, with a span for each field at the root of an operation.
#[must_use]
pub fn traced_schema() -> Schema {
    builder().extension(spans::Spans).finish()
}

type Builder =
    SchemaBuilder<query::Query, Idempotent<mutation::Mutation>, subscription::Subscription>;

fn builder() -> Builder {
    let mutation = Idempotent(mutation::Mutation::default());
    Schema::build(query::Query, mutation, subscription::Subscription)
        .disable_suggestions()
        .override_output_type_description::<chrono::DateTime<chrono::Utc>>(
        "A point in time: RFC 3339, in UTC, such as `2026-11-28T09:30:00+00:00`.",
    )
}

/// The schema in GraphQL's schema definition language, sorted: what `schema.graphql` holds.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    let mut sdl = schema().sdl_with_options(options);
    while sdl.ends_with("\n\n") {
        sdl.pop();
    }
    sdl
}

/// An error as the answer to a request that is refused as a whole.
#[must_use]
pub fn shown(error: &crate::error::Error) -> async_graphql::ServerError {
    let error = error::shown(error).into_server_error(async_graphql::Pos::default());
    // It is about the request, not about a place in its document.
    async_graphql::ServerError { locations: Vec::new(), ..error }
}
