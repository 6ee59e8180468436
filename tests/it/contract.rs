//! The contract: what clients send is what the schema takes.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::{Request, Variables};
use rolecall::graphql::{schema, sdl};

use crate::support::operations;

#[tokio::test]
async fn every_operation_of_the_contract_validates_against_the_schema() {
    let schema = schema();
    for name in operations::names() {
        let request = Request::new(operations::document(name)).variables(Variables::default());
        let response = schema.execute(request).await;
        // What fails before anything is executed has no path.
        let invalid = response.errors.iter().find(|error| error.path.is_empty());
        assert!(invalid.is_none(), "{name}: {invalid:?}");
    }
}

#[test]
fn the_committed_schema_is_current() {
    let committed = include_str!("../../schema.graphql");
    assert!(committed == sdl(), "schema.graphql is stale: run scripts/update.sh");
}

#[test]
fn every_element_of_the_schema_is_described() {
    let mut bare = Vec::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (kind, name) = (definition.node.kind, definition.node.name.node);
        let mut check = |element: String, described: bool| {
            if !described {
                bare.push(element);
            }
        };
        check(name.to_string(), definition.node.description.is_some());
        let fields = match kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    let field = field.node;
                    check(format!("{name}.{}", field.name), field.description.is_some());
                }
                continue;
            }
            TypeKind::Enum(values) => {
                for value in values.values {
                    let value = value.node;
                    check(format!("{name}.{}", value.value), value.description.is_some());
                }
                continue;
            }
            TypeKind::Scalar | TypeKind::Union(_) => continue,
        };
        for field in fields {
            let field = field.node;
            check(format!("{name}.{}", field.name), field.description.is_some());
            for argument in field.arguments {
                let argument = argument.node;
                let element = format!("{name}.{}({})", field.name, argument.name);
                check(element, argument.description.is_some());
            }
        }
    }
    assert!(bare.is_empty(), "not described: {bare:#?}");
}

#[test]
fn what_has_an_id_is_reached_by_it() {
    let mut unreached = Vec::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let has_id = object.fields.iter().any(|field| field.node.name.node == "id");
        if has_id && !object.implements.iter().any(|interface| interface.node == "Node") {
            unreached.push(definition.node.name.node);
        }
    }
    assert!(unreached.is_empty(), "`node` and `nodes` do not find them: {unreached:?}");
}
