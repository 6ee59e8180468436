//! What a GraphQL document may ask for, weighed before anything else is done with it.
//!
//! async-graphql's own limits come too late and look away. Its parser recurses on brackets, and 1 kB
//! of them can overflow its stack, which ends the process. Its measures expand fragments again at
//! every spread, so that a document under 2 kB whose fragments spread fragments, ten wide and ten
//! deep, keeps the process busy *while it is being measured*; and `__typename` is not counted.
//!
//! Here the text is scanned before it is parsed ([`Limits::check_text`]), and each fragment of the
//! parsed document is weighed once, however often it is spread ([`Limits::measure`]). Both take time
//! proportional to the text.

mod scan;

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    VariableDefinition,
};
use async_graphql::{ErrorExtensionValues, Name, Positioned, ServerError, Value, Variables};

use self::scan::scan;
use super::connection::{DEFAULT_SIZE, MAX_SIZE};
use crate::config::Api;

/// The limits. What fragments contain counts at every place where they are spread.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Lexical tokens of the text, strings counting one each (GraphQL §2.1.6).
    pub tokens: u64,
    /// Characters of a name. An error quotes it, and validation may look for similar ones.
    pub name_length: u64,
    /// Brackets within brackets in the text, and selection sets within selection sets when fragments
    /// are followed. Parser, validation and weighing recurse on them, and a stack is finite.
    pub nesting: u64,
    /// Fields within fields, introspection aside.
    pub depth: u64,
    /// Fields within fields from `__schema` or `__type` on. The introspection query of `GraphiQL` has 15.
    pub introspection_depth: u64,
    /// Whether the schema can be asked for at all. `__typename` always can.
    pub introspection: bool,
    /// Fields of one operation's root: mutations to run, queries to start.
    pub root_fields: u64,
    /// Fields, spreads and inline fragments of the document: what validation has to walk.
    pub selections: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Directives, wherever they are.
    pub directives: u64,
    /// Fields that the answer of the operation to run may have, with every page full; a list counts
    /// [`LIST_COST`] beside its rows.
    pub cost: u64,
}

/// What reading a list costs, however few rows it has.
pub const LIST_COST: u64 = 100;

impl From<&Api> for Limits {
    fn from(api: &Api) -> Self {
        Self {
            tokens: api.query_tokens,
            name_length: 100,
            // What stacks bear is no matter of taste.
            nesting: 32,
            depth: api.query_depth,
            introspection_depth: api.introspection_depth,
            introspection: api.introspection,
            root_fields: api.query_root_fields,
            // Each takes a token at least; fragments may repeat them.
            selections: api.query_tokens,
            aliases: api.query_aliases,
            directives: api.query_directives,
            cost: api.query_cost,
        }
    }
}

impl Limits {
    /// Checks the text of a document, before it is parsed; how many tokens it has.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` with what was measured and what is allowed; `BAD_USER_INPUT` for a string
    /// that does not end.
    pub fn check_text(&self, text: &str) -> Result<u64, ServerError> {
        let scanned = scan(text)?;
        within("number of tokens", scanned.tokens, self.tokens)?;
        within("longest name", scanned.longest_name, self.name_length)?;
        within("nesting of brackets", scanned.nesting, self.nesting)?;
        Ok(scanned.tokens)
    }

    /// Weighs a document of which `operation` is to be run with these variables.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a fragment that spreads itself, `QUERY_TOO_COMPLEX` for fragments that
    /// lead too deep: neither here nor in async-graphql is there a way to go on.
    pub fn measure(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Result<Measured, ServerError> {
        let mut scale = Scale {
            fragments: &document.fragments,
            definitions: &operation.variable_definitions,
            variables,
            nesting: self.nesting,
            level: 0,
            weighed: HashMap::new(),
            steps: 0,
        };
        let cost = scale.operation(operation)?.cost;
        let (mut total, mut root_fields) = (Weight::default(), 0);
        for (_, operation) in document.operations.iter() {
            let weight = scale.operation(&operation.node)?;
            root_fields = root_fields.max(weight.fields);
            total = total.and(weight);
        }
        Ok(Measured { total, root_fields, cost, steps: scale.steps })
    }

    /// Checks a parsed document that has been measured.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` with what was measured and what is allowed; `INTROSPECTION_DISABLED`.
    pub fn check(&self, measured: &Measured) -> Result<(), ServerError> {
        if measured.total.introspection > 0 && !self.introspection {
            return Err(request_error(
                "INTROSPECTION_DISABLED",
                "The schema cannot be asked for here: introspection is switched off",
            ));
        }
        within("introspection depth", measured.total.introspection, self.introspection_depth)?;
        within("depth", measured.total.depth, self.depth)?;
        within("number of root fields", measured.root_fields, self.root_fields)?;
        within("number of selections", measured.total.selections, self.selections)?;
        within("number of aliases", measured.total.aliases, self.aliases)?;
        within("number of directives", measured.total.directives, self.directives)?;
        within("cost", measured.cost, self.cost)
    }
}

fn within(what: &str, measured: u64, allowed: u64) -> Result<(), ServerError> {
    if measured <= allowed {
        return Ok(());
    }
    Err(request_error(
        "QUERY_TOO_COMPLEX",
        format!("The query is too large: its {what} is {measured}, at most {allowed} is allowed"),
    ))
}

/// An error that is the whole answer.
pub fn request_error(code: &str, message: impl Into<String>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    ServerError { extensions: Some(extensions), ..ServerError::new(message, None) }
}

/// What a document weighs.
#[derive(Clone, Debug)]
pub struct Measured {
    /// All operations together.
    pub total: Weight,
    /// The root fields of the operation that has most.
    pub root_fields: u64,
    /// The cost of the operation to run.
    pub cost: u64,
    /// How many selections were looked at to find that out.
    pub steps: usize,
}

/// What a selection set weighs, with everything below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// See [`Limits::depth`].
    pub depth: u64,
    /// See [`Limits::introspection_depth`]; none where nothing is asked about the schema.
    pub introspection: u64,
    /// See [`Limits::selections`].
    pub selections: u64,
    /// See [`Limits::aliases`].
    pub aliases: u64,
    /// See [`Limits::directives`].
    pub directives: u64,
    /// See [`Limits::cost`].
    pub cost: u64,
    /// The fields right here, fragments looked into.
    fields: u64,
    /// Whether one of them makes the parent a connection.
    connection: bool,
}

impl Weight {
    /// Both side by side. A document can multiply beyond any integer: then the largest one will do.
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            introspection: self.introspection.max(other.introspection),
            selections: self.selections.saturating_add(other.selections),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            cost: self.cost.saturating_add(other.cost),
            fields: self.fields.saturating_add(other.fields),
            connection: self.connection || other.connection,
        }
    }
}

struct Scale<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    definitions: &'a [Positioned<VariableDefinition>],
    variables: &'a Variables,
    /// See [`Limits::nesting`].
    nesting: u64,
    /// How many selection sets are open.
    level: u64,
    /// `None` while the fragment is being weighed.
    weighed: HashMap<&'a str, Option<Weight>>,
    steps: usize,
}

impl<'a> Scale<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Weight, ServerError> {
        let of_variables = operation
            .variable_definitions
            .iter()
            .map(|definition| definition.node.directives.len());
        let directives = count(operation.directives.len() + of_variables.sum::<usize>());
        Ok(self.set(&operation.selection_set.node)?.and(Weight { directives, ..Weight::default() }))
    }

    fn set(&mut self, set: &'a SelectionSet) -> Result<Weight, ServerError> {
        let mut sum = Weight::default();
        if !set.items.is_empty() {
            self.level += 1;
            within("nesting of selection sets", self.level, self.nesting)?;
            for selection in &set.items {
                sum = sum.and(self.selection(&selection.node)?);
            }
            self.level -= 1;
        }
        Ok(sum)
    }

    fn selection(&mut self, selection: &'a Selection) -> Result<Weight, ServerError> {
        self.steps += 1;
        let weight = match selection {
            Selection::Field(field) => self.field(&field.node)?,
            Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
        };
        let directives = count(selection.directives().len());
        Ok(weight.and(Weight { selections: 1, directives, ..Weight::default() }))
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Weight, ServerError> {
        match self.weighed.get(name.as_str()) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => {
                return Err(request_error(
                    "BAD_USER_INPUT",
                    format!("Cannot spread fragment \"{name}\" within itself"),
                ));
            }
            None => {}
        }
        // An unknown one weighs nothing; validation is going to say so.
        let Some(fragment) = self.fragments.get(name) else {
            return Ok(Weight::default());
        };
        self.weighed.insert(name, None);
        let directives = count(fragment.node.directives.len());
        let weight = self
            .set(&fragment.node.selection_set.node)?
            .and(Weight { directives, ..Weight::default() });
        self.weighed.insert(name, Some(weight));
        Ok(weight)
    }

    fn field(&mut self, field: &'a Field) -> Result<Weight, ServerError> {
        let children = self.set(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let below = children.depth + 1;
        let (depth, introspection) =
            if matches!(name, "__schema" | "__type") { (1, below) } else { (below, 0) };
        let own = if children.connection { LIST_COST } else { 1 };
        Ok(Weight {
            depth,
            introspection: introspection.max(children.introspection),
            aliases: children.aliases.saturating_add(u64::from(field.alias.is_some())),
            cost: children.cost.saturating_mul(self.rows(field, children)).saturating_add(own),
            fields: 1,
            connection: matches!(name, "nodes" | "edges" | "totalCount" | "pageInfo"),
            ..children
        })
    }

    /// How many objects the field may answer with.
    fn rows(&self, field: &Field, children: Weight) -> u64 {
        let paging = field
            .arguments
            .iter()
            .filter(|(name, _)| matches!(name.node.as_str(), "first" | "last" | "ids"));
        let asked = paging.map(|(_, value)| {
            let in_variable =
                |name: Name| Ok::<_, ()>(self.variable(&name).and_then(length).into());
            let value = value.node.clone().into_const_with(in_variable).ok();
            value.as_ref().and_then(length).unwrap_or(DEFAULT_SIZE).min(MAX_SIZE)
        });
        asked.max().unwrap_or_else(|| match field.name.node.as_str() {
            _ if children.connection => DEFAULT_SIZE,
            // Introspection has lists without pages, and cycles through them.
            "types" => 50,
            "fields" => 10,
            "args" | "directives" | "enumValues" | "inputFields" | "interfaces"
            | "possibleTypes" => 5,
            _ => 1,
        })
    }

    fn variable(&self, name: &Name) -> Option<&Value> {
        self.variables.get(name).or_else(|| {
            let definition =
                self.definitions.iter().find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value()
        })
    }
}

/// How many rows an argument asks for: by its number, or by the length of its list.
fn length(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::List(list) => Some(count(list.len())),
        _ => None,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
