//! What the GraphQL endpoint takes, and from whom how much.

use std::path::PathBuf;

use super::Mode;
use super::error::ConfigError;
use super::read::{self, Source};

/// The settings of the GraphQL endpoint, beside the size of bodies and the time limit, which hold for
/// every request.
#[derive(Clone, Debug)]
pub struct Api {
    /// `QUERY_TOKENS`: lexical tokens of a document.
    pub query_tokens: u64,
    /// `QUERY_DEPTH`: fields within fields.
    pub query_depth: u64,
    /// `QUERY_ROOT_FIELDS`: fields at the root of an operation.
    pub query_root_fields: u64,
    /// `QUERY_ALIASES`: fields with an alias.
    pub query_aliases: u64,
    /// `QUERY_DIRECTIVES`: directives.
    pub query_directives: u64,
    /// `QUERY_COST`: cost of an operation.
    pub query_cost: u64,
    /// `COST_PER_USER_PER_MINUTE`: cost of all operations of one user; zero: no limit.
    pub cost_per_user_per_minute: u64,
    /// `COST_PER_NETWORK_PER_MINUTE`: cost of all operations from one network; zero: no limit.
    pub cost_per_network_per_minute: u64,
    /// `INTROSPECTION`: whether the schema can be asked for.
    pub introspection: bool,
    /// `INTROSPECTION_DEPTH`: fields within fields of such a question.
    pub introspection_depth: u64,
    /// `GRAPHIQL`: whether `/graphiql` is there.
    pub graphiql: bool,
    /// `TRUSTED_DOCUMENTS`: where the only documents are that are executed; none: any document is.
    pub trusted_documents: Option<PathBuf>,
    /// `DOCUMENT_CACHE_BYTES`: memory for parsed documents.
    pub document_cache_bytes: u64,
}

impl Api {
    pub(super) fn read(source: &Source, mode: Mode) -> Result<Self, ConfigError> {
        let switch = |name| {
            let set = source.optional(name, read::YES_NO, read::yes_no)?;
            Ok::<_, ConfigError>(set.unwrap_or(mode == Mode::Development))
        };
        let query_cost = source.number("QUERY_COST", 100..=10_000_000)?;
        // What is dearer than a full budget could never be asked.
        let budget = |name| {
            let accepts =
                format!("0 (no limit) or a whole number from {query_cost} (QUERY_COST) on");
            source.required(name, &accepts, |text| {
                text.parse().ok().filter(|cost| *cost == 0 || *cost >= query_cost)
            })
        };
        Ok(Self {
            query_tokens: source.number("QUERY_TOKENS", 100..=100_000)?,
            query_depth: source.number("QUERY_DEPTH", 1..=30)?,
            query_root_fields: source.number("QUERY_ROOT_FIELDS", 1..=1_000)?,
            query_aliases: source.number("QUERY_ALIASES", 0..=10_000)?,
            query_directives: source.number("QUERY_DIRECTIVES", 0..=10_000)?,
            query_cost,
            cost_per_user_per_minute: budget("COST_PER_USER_PER_MINUTE")?,
            cost_per_network_per_minute: budget("COST_PER_NETWORK_PER_MINUTE")?,
            introspection: switch("INTROSPECTION")?,
            introspection_depth: source.number("INTROSPECTION_DEPTH", 1..=30)?,
            graphiql: switch("GRAPHIQL")?,
            trusted_documents: source.optional("TRUSTED_DOCUMENTS", read::PATH, read::path)?,
            document_cache_bytes: source.number("DOCUMENT_CACHE_BYTES", 0..=1 << 30)?,
        })
    }
}
