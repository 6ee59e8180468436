//! What is done to every GraphQL request, whatever transport brought it: [`prepare`] before it is
//! executed, [`settle`] afterwards.

use async_graphql::parser;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Positioned, Request, Response, ServerError, Value, Variables};

use super::documents::Documents;
use super::limits::{Limits, request_error};

/// What is known of a request that may be executed.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    /// Query, mutation or subscription.
    pub operation: OperationType,
    /// What it costs (see [`Limits::cost`]).
    pub cost: u64,
}

/// Finds the request's document, parsing it if need be, picks the operation and refuses what is over a
/// limit. What remains for async-graphql is validation, which is about the variables too, and execution.
///
/// # Errors
/// The request error that is the whole answer: `BAD_USER_INPUT`, `QUERY_TOO_COMPLEX`, or one about
/// persisted documents or introspection.
pub fn prepare(
    request: &mut Request,
    limits: &Limits,
    documents: &Documents,
) -> Result<Prepared, ServerError> {
    let found = documents.find(request, limits)?;
    let document = &*found.document;
    let operation = pick(document, request.operation_name.as_deref())?;
    let measured = limits.measure(document, operation, &request.variables)?;
    limits.check(&measured)?;
    check_subscription(operation)?;
    documents.keep(&found);
    require_variables(operation, &request.variables)?;
    let prepared = Prepared { operation: operation.ty, cost: measured.cost };
    request.set_parsed_query(document.clone());
    Ok(prepared)
}

/// The parser's own text quotes the line, however long it is: what it expected is enough.
pub(super) fn syntax_error(problem: &parser::Error) -> ServerError {
    let message = match problem {
        parser::Error::Syntax { message, .. } => {
            // Grammar rules, as the parser spells them: `type_`, `fragment_definition`.
            let expected = message.rsplit("= ").next().unwrap_or_default();
            expected.replace('_', " ").trim_end().to_owned()
        }
        _ => problem.to_string(),
    };
    let error = request_error("BAD_USER_INPUT", format!("Syntax Error: {message}"));
    ServerError { locations: problem.positions().collect(), ..error }
}

/// `GetOperation` (GraphQL §6.1).
fn pick<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    let picked = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next()
        }
        _ => None,
    };
    picked.map(|operation| &operation.node).ok_or_else(|| {
        let message = match name {
            Some(name) => format!(
                "Unknown operation named \"{}\"",
                name.chars().take(100).collect::<String>()
            ),
            None => "Must provide operationName: the document has several operations".to_owned(),
        };
        request_error("BAD_USER_INPUT", message)
    })
}

/// A subscription has one event at a time to tell (GraphQL §5.2.4): one field at its root, which
/// async-graphql does not insist on, and does not look for in fragments.
fn check_subscription(operation: &OperationDefinition) -> Result<(), ServerError> {
    let fields = &operation.selection_set.node.items;
    let one = |fields: &[Positioned<Selection>]| match fields {
        [field] => match &field.node {
            Selection::Field(field) => {
                field.node.directives.is_empty() && !field.node.name.node.starts_with("__")
            }
            _ => false,
        },
        _ => false,
    };
    if operation.ty != OperationType::Subscription || one(fields) {
        return Ok(());
    }
    let message =
        "A subscription has exactly one field at its root, without fragments and directives";
    Err(request_error("BAD_USER_INPUT", message))
}

/// The part of `CoerceVariableValues` (GraphQL §6.1.2) that async-graphql leaves to whichever
/// resolver reads the variable: one that must not be null has to have a value. Whether values fit
/// their types is checked where validation meets them.
fn require_variables(
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<(), ServerError> {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let name = &definition.name.node;
        let value = variables.get(name).or(definition.default_value());
        if !definition.var_type.node.nullable && matches!(value, None | Some(Value::Null)) {
            let message = format!(
                "Variable \"${name}\" of required type \"{}\" was not provided",
                definition.var_type
            );
            return Err(ServerError {
                locations: vec![definition.name.pos],
                ..request_error("BAD_USER_INPUT", message)
            });
        }
    }
    Ok(())
}

/// Whether the request failed as a whole, before anything was executed: such an answer has no `data`.
#[must_use]
pub fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Gives every error a code. Ours have one; of the others, only what is about the request is fit to
/// be shown. The rest goes into the log, and the client gets the request's id to ask about it.
pub fn settle(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        settle_error(error, request_id);
    }
}

/// The same for one error that is the whole answer.
pub fn settle_error(error: &mut ServerError, request_id: &str) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        // async-graphql reads arguments while it executes, and names the field whose argument it is.
        let about_argument = error.message.starts_with("Failed to parse \"")
            || error.message.starts_with("Expected input type \"");
        if error.path.is_empty() || about_argument {
            extensions.set("code", "BAD_USER_INPUT");
        } else {
            tracing::error!(request_id, path = ?error.path, problem = error.message, "resolver failed");
            "internal error".clone_into(&mut error.message);
            extensions.set("code", "INTERNAL");
        }
    }
    if extensions.get("code") == Some(&Value::from("INTERNAL")) {
        extensions.set("requestId", request_id);
    }
}
