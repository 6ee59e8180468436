//! Idempotency keys for every mutation (R71), whatever it is: what a new one has to do for them is nothing.
//!
//! A key comes in the field `idempotencyKey`, which every mutation's input gets here, or in the header
//! `Idempotency-Key`. The answer that is kept is the field's whole value: a retry is the same document.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::PoisonError;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field;
use async_graphql::registry::{Deprecation, MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Name, ObjectType, OutputType, Positioned,
    SelectionField, ServerError, ServerResult, Value,
};

use super::context::context;
use crate::app::idempotency::{Found, Keyed};
use crate::error::{Error, UserError};

/// The input field.
const FIELD: &str = "idempotencyKey";

const DESCRIPTION: &str = "The same key and input answers the first result again, for a day (ten minutes \
    to somebody who is not signed in), and nothing is done twice. 1 to 255 characters; best a random UUID. \
    The `Idempotency-Key` header does the same, and the field goes first.";

/// The mutations, each of which takes an idempotency key.
pub struct Idempotent<M>(pub M);

impl<M: ObjectType> OutputType for Idempotent<M> {
    fn type_name() -> Cow<'static, str> {
        M::type_name()
    }

    /// Gives every mutation's input the field.
    fn create_type_info(registry: &mut Registry) -> String {
        let name = M::create_type_info(registry);
        let fields = match registry.types.get(&*M::type_name()) {
            Some(MetaType::Object { fields, .. }) => fields.values(),
            _ => return name,
        };
        let inputs: Vec<String> = fields
            .filter_map(|field| field.args.get("input"))
            .map(|input| MetaTypeName::concrete_typename(&input.ty).to_owned())
            .collect();
        for input in inputs {
            if let Some(MetaType::InputObject { input_fields, .. }) = registry.types.get_mut(&input)
            {
                input_fields.insert(
                    FIELD.to_owned(),
                    MetaInputValue {
                        name: FIELD.to_owned(),
                        description: Some(DESCRIPTION.to_owned()),
                        ty: "String".to_owned(),
                        deprecation: Deprecation::NoDeprecated,
                        default_value: None,
                        visible: None,
                        inaccessible: false,
                        tags: Vec::new(),
                        is_secret: false,
                        directive_invocations: Vec::new(),
                    },
                );
            }
        }
        name
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

impl<M: ObjectType> ObjectType for Idempotent<M> {}

impl<M: ObjectType> ContainerType for Idempotent<M> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let at =
            |error: async_graphql::Error| ctx.set_error_path(error.into_server_error(ctx.item.pos));
        let context = context(ctx).map_err(at)?;
        let app = &context.app;
        let mut asking = String::new();
        let key = describe(ctx.field(), &mut asking)?;
        let (key, part) = match (key, &context.idempotency_key) {
            (Some(key), _) => (key, 0),
            // One header for several mutations: each has its place among them.
            (None, Some(key)) => (key.clone(), context.next_part()),
            (None, None) => return self.0.resolve_field(ctx).await,
        };
        let keyed = match Keyed::new(app, &context.caller().await, &key, part, &asking) {
            Ok(keyed) => keyed,
            Err(Error::Refused(errors)) => return Ok(Some(refused(ctx, &errors))),
            Err(error) => return Err(at(error.into())),
        };

        let before = errors(ctx).len();
        let result = keyed.run(self.0.resolve_field(ctx)).await;
        let mut done = keyed.is_under_way();
        if done && let Ok(Some(value)) = &result {
            let answer = (value, errors(ctx)[before..].to_vec());
            let kept = match serde_json::to_vec(&answer) {
                Ok(answer) => keyed.keep(app, &answer).await,
                Err(error) => Err(Error::internal("writing an answer down", error)),
            };
            // It was done: the caller gets the answer, and a retry learns that it is lost.
            done = kept.unwrap_or_else(|error| {
                tracing::error!(?error, "the answer to a call with a key was not kept");
                true
            });
        }
        if done {
            return result;
        }
        // Nothing was begun. It may have been done before; but who has to wait learns nothing by that, either.
        if result.as_ref().is_err_and(|error| has_code(error, "RATE_LIMITED")) {
            return result;
        }
        let signed_out = result.as_ref().is_err_and(|error| has_code(error, "UNAUTHENTICATED"));
        let found = match keyed.first_answer(app, signed_out).await {
            Ok(Found::Nothing) => return result,
            Ok(Found::Answer(answer)) => serde_json::from_slice(&answer)
                .map_err(|error| Error::internal("reading the first answer to a call", error)),
            Err(Error::Refused(errors)) => Ok((refused(ctx, &errors), Vec::new())),
            Err(error) => Err(error),
        };
        let (value, told): (Value, Vec<ServerError>) = found.map_err(|error| at(error.into()))?;
        let mut errors = errors(ctx);
        errors.truncate(before);
        errors.extend(told);
        Ok(Some(value))
    }
}

/// The request's errors so far, those of the field's value among them.
fn errors<'a>(ctx: &'a Context<'_>) -> std::sync::MutexGuard<'a, Vec<ServerError>> {
    ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner)
}

fn has_code(error: &ServerError, code: &str) -> bool {
    let had = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    had == Some(&Value::from(code))
}

/// Writes down what a mutation asks for: its arguments, and all that is selected of its payload. Gives the
/// key among them, which is left out. A dry run is answered as the call itself would be.
fn describe(mutation: SelectionField<'_>, asking: &mut String) -> ServerResult<Option<String>> {
    let mut key = None;
    let arguments = mutation.arguments()?.into_iter().map(|(name, mut value)| {
        if let Value::Object(input) = &mut value {
            if let Some(Value::String(given)) = input.shift_remove(FIELD) {
                key = Some(given);
            }
            input.shift_remove("dryRun");
        }
        (name, value)
    });
    let arguments: Vec<_> = arguments.collect();
    write(mutation, arguments, asking)?;
    Ok(key)
}

fn write(
    field: SelectionField<'_>,
    arguments: Vec<(Name, Value)>,
    asking: &mut String,
) -> ServerResult<()> {
    asking.push_str(field.alias().unwrap_or_default());
    asking.push(':');
    asking.push_str(field.name());
    for (name, value) in arguments {
        // Writing to a text does not fail.
        let _ = write!(asking, " {name}={}", sorted(value));
    }
    asking.push('{');
    for below in field.selection_set() {
        write(below, below.arguments()?, asking)?;
    }
    asking.push('}');
    Ok(())
}

/// A value with the fields of its objects in one order.
fn sorted(value: Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut fields: IndexMap<Name, Value> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_unstable_keys();
            Value::Object(fields)
        }
        value => value,
    }
}

/// The payload of a mutation that was refused before it began: nothing but user errors.
fn refused(ctx: &Context<'_>, errors: &[UserError]) -> Value {
    let types = &ctx.schema_env.registry.types;
    let (mutation, field) = (Idempotent::<super::mutation::Mutation>::type_name(), ctx.field());
    let payload = types.get(&*mutation).and_then(|mutation| mutation.field_by_name(field.name()));
    let payload = payload.map_or("", |field| MetaTypeName::concrete_typename(&field.ty));
    let shown = field.selection_set().map(|field| {
        let declared = types.get(payload).and_then(|payload| payload.field_by_name(field.name()));
        let value = match field.name() {
            "__typename" => payload.into(),
            "userErrors" => errors.iter().map(|error| user_error(field, error)).collect(),
            _ => nothing(declared.map_or("", |field| &field.ty)),
        };
        (Name::new(field.alias().unwrap_or(field.name())), value)
    });
    Value::Object(shown.collect())
}

fn user_error(field: SelectionField<'_>, error: &UserError) -> Value {
    // Its fields are called the same.
    let error = Value::from_json(serde_json::json!(error)).unwrap_or_default();
    let shown = field.selection_set().map(|field| {
        let value = match (field.name(), &error) {
            ("__typename", _) => "UserError".into(),
            (name, Value::Object(fields)) => fields.get(name).cloned().unwrap_or_default(),
            _ => Value::Null,
        };
        (Name::new(field.alias().unwrap_or(field.name())), value)
    });
    Value::Object(shown.collect())
}

/// What a payload's field of this type shows when there is nothing to show.
fn nothing(declared: &str) -> Value {
    match declared.strip_suffix('!') {
        Some(list) if list.starts_with('[') => Value::List(Vec::new()),
        Some("Int") => 0.into(),
        Some("Boolean") => false.into(),
        _ => Value::Null,
    }
}
