//! `rolecall schema`: the GraphQL schema, as `schema.graphql` at the root holds it.

use crate::app::StartError;

/// Prints the schema. Needs no setting.
pub(super) fn run() -> Result<(), StartError> {
    super::print(&crate::graphql::sdl())
}
