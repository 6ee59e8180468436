//! Documents that ask for everything, made from the schema itself.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, TypeKind, TypeSystemDefinition};
use rolecall::graphql::sdl;

use super::cases::ways;

/// The schema's objects, interfaces and unions, as far as documents need them.
pub(super) struct Schema {
    objects: BTreeMap<String, Vec<Field>>,
    /// The objects behind each interface and union.
    behind: BTreeMap<String, Vec<String>>,
    /// Types that have an entry of their own in the table: others lead no further than to them.
    entries: BTreeSet<String>,
}

/// A field of an object.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// The named type, without list and null.
    pub(super) of: String,
    /// The named type of its one argument, for mutations.
    input: Option<String>,
    paged: bool,
    needs_arguments: bool,
}

impl Schema {
    /// The schema; the types that the ways lead to have an entry of their own.
    pub(super) fn read() -> Self {
        let (mut objects, mut behind) = (BTreeMap::new(), BTreeMap::new());
        for definition in parse_schema(sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    for interface in &object.implements {
                        let behind: &mut Vec<String> =
                            behind.entry(interface.node.to_string()).or_default();
                        behind.push(name.clone());
                    }
                    objects.insert(name, object.fields.into_iter().map(Field::new).collect());
                }
                TypeKind::Union(union) => {
                    let members = union.members.iter().map(|member| member.node.to_string());
                    behind.insert(name, members.collect());
                }
                _ => {}
            }
        }
        let mut schema = Self { objects, behind, entries: BTreeSet::new() };
        let ways = ways().into_iter().filter(|way| way.whole);
        schema.entries = ways.map(|way| way.of.to_owned()).collect();
        // An entry for an interface is one for all that is behind it.
        let concrete: Vec<String> =
            schema.entries.iter().flat_map(|name| schema.concrete(name)).collect();
        schema.entries.extend(concrete);
        schema
    }

    /// The fields of an object.
    pub(super) fn fields(&self, object: &str) -> &[Field] {
        self.objects.get(object).unwrap_or_else(|| panic!("the schema has no type {object}"))
    }

    /// Every field of every object, as `Type.field`.
    pub(super) fn all_fields(&self) -> BTreeSet<String> {
        let fields = self.objects.iter();
        fields
            .flat_map(|(name, fields)| fields.iter().map(move |f| format!("{name}.{}", f.name)))
            .collect()
    }

    /// The objects that a type stands for.
    pub(super) fn concrete(&self, name: &str) -> Vec<String> {
        self.behind.get(name).cloned().unwrap_or_else(|| vec![name.to_owned()])
    }

    /// The objects that have an entry of their own.
    pub(super) fn entries(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().filter(|name| self.objects.contains_key(*name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.objects.contains_key(name) || self.behind.contains_key(name)
    }

    /// Two documents of a mutation, whose variable is `input`: one asks only for refusals, the other
    /// one for all of its payload.
    pub(super) fn mutation(&self, name: &str, asked: &mut BTreeSet<String>) -> [String; 2] {
        let field = self.fields("Mutation").iter().find(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("the schema has no mutation {name}"));
        asked.insert(format!("Mutation.{name}"));
        let rows = self.fields(&field.of).iter().any(|field| field.name == "results");
        let refusals = match rows {
            true => "userErrors { code } results { userError { code } }",
            false => "userErrors { code }",
        };
        [refusals.to_owned(), self.selection(&field.of, asked)].map(|payload| match &field.input {
            Some(input) => {
                format!("mutation($input: {input}) {{ {name}(input: $input) {{ {payload} }} }}")
            }
            None => format!("mutation {{ {name} {{ {payload} }} }}"),
        })
    }

    /// A selection of all fields of a type, through everything that has no entry of its own. What is
    /// asked for is noted as `Type.field`.
    pub(super) fn selection(&self, of: &str, asked: &mut BTreeSet<String>) -> String {
        if self.behind.contains_key(of) {
            let parts = self.concrete(of).into_iter();
            let parts: Vec<String> = parts
                .map(|name| format!("... on {name} {{ {} }}", self.selection(&name, asked)))
                .collect();
            return format!("__typename {}", parts.join(" "));
        }
        let mut parts = vec!["__typename".to_owned()];
        for field in self.fields(of) {
            assert!(
                !field.needs_arguments,
                "{of}.{} needs arguments: give it an entry of its own",
                field.name
            );
            asked.insert(format!("{of}.{}", field.name));
            parts.push(self.one(field, asked));
        }
        parts.join(" ")
    }

    /// One field with what is asked for below it.
    pub(super) fn one(&self, field: &Field, asked: &mut BTreeSet<String>) -> String {
        let arguments = if field.paged { "(first: 1)" } else { "" };
        let behind = self.concrete(&field.of);
        let below = if behind.iter().all(|name| self.entries.contains(name)) {
            " { __typename }".to_owned()
        } else if self.has(&field.of) {
            format!(" {{ {} }}", self.selection(&field.of, asked))
        } else {
            String::new()
        };
        format!("{}{arguments}{below}", field.name)
    }

    /// The types without an entry of their own, which come whole with what leads to them.
    pub(super) fn parts(&self) -> BTreeMap<&str, Vec<&str>> {
        let roots = ["Query", "Mutation", "Subscription"];
        let own = |name: &str| self.entries.contains(name) || roots.contains(&name);
        let parts = self.objects.iter().filter(|(name, _)| !own(name));
        parts
            .map(|(name, fields)| (name.as_str(), fields.iter().map(|f| f.name.as_str()).collect()))
            .collect()
    }
}

impl Field {
    fn new(field: Positioned<FieldDefinition>) -> Self {
        let field = field.node;
        let required = |a: &&Positioned<async_graphql::parser::types::InputValueDefinition>| {
            !a.node.ty.node.nullable && a.node.default_value.is_none()
        };
        let named = |text: String| text.replace(['[', ']', '!'], "");
        Self {
            name: field.name.node.to_string(),
            of: named(field.ty.node.to_string()),
            input: field.arguments.first().map(|argument| argument.node.ty.node.to_string()),
            paged: field.arguments.iter().any(|argument| argument.node.name.node == "first"),
            needs_arguments: field.arguments.iter().any(|argument| required(&argument)),
        }
    }

    /// Whether it is a list that may be narrowed to what the caller administers or reaches.
    pub(super) fn is_list(&self) -> bool {
        self.of.ends_with("Connection")
    }
}
