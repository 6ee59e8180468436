//! Spans of a GraphQL operation, for traces: one for each field at its root, in which that field and what
//! is below it is resolved. Batches have theirs (see [`loader`](super::loader::loader)).

use std::sync::Arc;

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo,
};
use async_graphql::{ServerResult, Value, async_trait};
use tracing::Instrument;

/// Makes the spans. Only a schema whose traces are collected has it: it is asked about every field.
pub(super) struct Spans;

impl ExtensionFactory for Spans {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Spans {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        if info.path_node.parent.is_some() {
            return next.run(ctx, info).await;
        }
        let (parent, name) = (info.parent_type, info.name);
        let span = tracing::debug_span!("field", otel.name = %format_args!("{parent}.{name}"));
        next.run(ctx, info).instrument(span).await
    }
}
