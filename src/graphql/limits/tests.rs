use std::fmt::Write;

use async_graphql::parser::parse_query;
use async_graphql::value;

use super::*;
use crate::config::Config;

fn limits() -> Limits {
    Limits::from(&Config::default().api)
}

fn weigh(text: &str, variables: Value) -> Result<Measured, ServerError> {
    let document = parse_query(text).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    limits().measure(&document, &operation.node, &Variables::from_value(variables))
}

fn cost(text: &str) -> u64 {
    weigh(text, Value::Null).unwrap().cost
}

/// What the default limits say to a document, in short.
fn verdict(text: &str) -> String {
    let limits = limits();
    let checked = limits.check_text(text).and_then(|_| limits.check(&weigh(text, Value::Null)?));
    match checked {
        Ok(()) => "fine".to_owned(),
        Err(error) => error.message.replace("The query is too large: its ", ""),
    }
}

/// The introspection query that `GraphiQL` sends (graphql-js 16), every option on.
fn introspection() -> String {
    let of_type = "ofType { kind name ".repeat(9) + &"} ".repeat(9);
    format!(
        "query IntrospectionQuery {{ __schema {{
           description queryType {{ name kind }} mutationType {{ name kind }} subscriptionType {{ name kind }}
           types {{ ...FullType }}
           directives {{ name description isRepeatable locations
             args(includeDeprecated: true) {{ ...InputValue }} }}
         }} }}
         fragment FullType on __Type {{
           kind name description specifiedByURL isOneOf
           fields(includeDeprecated: true) {{
             name description args(includeDeprecated: true) {{ ...InputValue }}
             type {{ ...TypeRef }} isDeprecated deprecationReason
           }}
           inputFields(includeDeprecated: true) {{ ...InputValue }}
           interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
           possibleTypes {{ ...TypeRef }}
         }}
         fragment InputValue on __InputValue {{
           name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason
         }}
         fragment TypeRef on __Type {{ kind name {of_type} }}"
    )
}

#[test]
fn what_clients_send_passes() {
    assert_eq!(verdict(&introspection()), "fine");
    assert_eq!(verdict(ORGANIZATION_USERS), "fine");
}

/// The most expensive operation of the contract.
const ORGANIZATION_USERS: &str = "
    query OrganizationUsers($id: ID!, $first: Int = 100, $after: String) {
      organization(id: $id) {
        id name owner { id }
        users(first: $first, after: $after) {
          totalCount
          edges {
            cursor
            node {
              id name email
              roleAssignments(first: 50) { nodes { ...AssignmentFields } }
            }
          }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
      }
    }
    fragment AssignmentFields on RoleAssignment {
      id
      role { id key name kind productGroup }
      scope { ...ScopeFields }
      resource { __typename ... on BillingGroup { id name } }
      validUntil
      createdAt
    }
    fragment ScopeFields on Scope {
      __typename
      ... on Organization { id name }
      ... on Account { id name parent { id name } }
    }";

#[test]
fn fragments_that_multiply_are_weighed_in_as_many_steps_as_they_have_selections() {
    let mut bomb = "{ ...F0 }".to_owned();
    for level in 0..10 {
        let spreads = format!("...F{} ", level + 1).repeat(10);
        write!(bomb, " fragment F{level} on Query {{ {spreads} }}").unwrap();
    }
    bomb += " fragment F10 on Query { __typename }";
    assert!(bomb.len() < 2_000);

    let measured = weigh(&bomb, Value::Null).unwrap();
    // The spread in the query, ten spreads on each of ten levels, `__typename`, and the query again.
    assert_eq!(measured.steps, 1 + 10 * 10 + 1 + 1);
    assert_eq!(measured.cost, 10_u64.pow(10));
    assert!(verdict(&bomb).starts_with("number of root fields is 10000000000, at most 20"));
    // Wider still, no number would hold it.
    let wider = bomb.replace("F0 }", "F0 ...F0 }").replace("{ __typename }", "{ a { b { c } } }");
    assert!(weigh(&wider, Value::Null).is_ok());
}

#[test]
fn the_schema_is_not_told_where_introspection_is_off() {
    let off = Limits { introspection: false, ..limits() };
    let check = |text| off.check(&weigh(text, Value::Null).unwrap()).map_err(|error| error.message);
    for text in [
        "{ __schema { queryType { name } } }",
        "{ a: __type(name: \"User\") { name } }",
        "{ ... { ...F } } fragment F on Query { __schema { description } }",
    ] {
        assert!(check(text).unwrap_err().contains("introspection is switched off"), "{text}");
    }
    assert_eq!(check("{ __typename viewer { __typename } }"), Ok(()));
}

#[test]
fn a_fragment_within_itself_is_refused() {
    let circle = "{ ...A } fragment A on Query { a { ...B } } fragment B on Query { b { ...A } }";
    assert_eq!(
        weigh(circle, Value::Null).unwrap_err().message,
        "Cannot spread fragment \"A\" within itself"
    );
}

/// Weighing recurses as deep as fragments lead; a stack is finite.
#[test]
fn a_chain_of_fragments_is_followed_only_so_far() {
    let chain = |length: usize| {
        let link =
            |at| format!(" fragment F{at} on Query {{ ... {{ ... {{ ...F{} }} }} }}", at + 1);
        let links = (0..length).map(link).collect::<Vec<_>>().concat();
        format!("{{ ...F0 }} {links} fragment F{length} on Query {{ a }}")
    };
    assert_eq!(verdict(&chain(10)), "fine");
    assert_eq!(verdict(&chain(11)), "nesting of selection sets is 33, at most 32 is allowed");
    assert_eq!(verdict(&chain(100)), "nesting of selection sets is 33, at most 32 is allowed");
}

#[test]
fn every_limit_says_what_it_measured_and_what_it_allows() {
    let deep = |levels: usize| "{ a ".repeat(levels) + &"}".repeat(levels);
    let many = |what: &str, count: usize| format!("{{ x {{ {} }} }}", what.repeat(count));
    let roots = "f ".repeat(21);
    for (text, said) in [
        (deep(15), "fine"),
        (deep(16), "depth is 16, at most 15 is allowed"),
        (
            format!("{{ __schema {{ x {} }} }}", deep(14)),
            "introspection depth is 16, at most 15 is allowed",
        ),
        (deep(33), "nesting of brackets is 33, at most 32 is allowed"),
        (many("f ", 1_996), "number of tokens is 2001, at most 2000 is allowed"),
        (format!("{{ {} }}", "f".repeat(101)), "longest name is 101, at most 100 is allowed"),
        (many("a: __typename ", 31), "number of aliases is 31, at most 30 is allowed"),
        (many("f @include(if: true) ", 51), "number of directives is 51, at most 50 is allowed"),
        (format!("{{ {roots} }}"), "number of root fields is 21, at most 20 is allowed"),
        (
            "query A { x { ...F ...F } } query B { x { ...F ...F } } fragment F on X { ".to_owned()
                + &"f ".repeat(499)
                + "}",
            "number of selections is 2002, at most 2000 is allowed",
        ),
        (
            "{ a(first: 100) { b(first: 100) { c(first: 30) { d } } } }".to_owned(),
            "cost is 310101, at most 300000 is allowed",
        ),
    ] {
        assert_eq!(verdict(&text), said, "{text}");
    }
}

#[test]
fn a_connection_costs_its_page() {
    assert_eq!(cost("{ a b }"), 2);
    assert_eq!(cost("{ users(first: 10) { nodes { id } } }"), LIST_COST + 10 * 2);
    assert_eq!(cost("{ users(last: 10) { edges { node { id } } } }"), LIST_COST + 10 * 3);
    assert_eq!(
        cost("{ users { ...F } } fragment F on C { ... { nodes { id } } }"),
        LIST_COST + 50 * 2
    );
    assert_eq!(cost("{ users(first: 100000) { nodes { id } } }"), LIST_COST + 100 * 2);
    assert_eq!(cost("{ users(first: -1) { nodes { id } } }"), LIST_COST + 50 * 2);
    assert_eq!(cost("query($n: Int = 7) { users(first: $n) { nodes { id } } }"), LIST_COST + 7 * 2);
    assert_eq!(cost("query($n: Int) { users(first: $n) { nodes { id } } }"), LIST_COST + 50 * 2);
    assert_eq!(cost("{ nodes(ids: [\"a\", \"b\"]) { id } }"), 1 + 2);
    assert_eq!(cost("{ users(first: 1) { totalCount } }"), LIST_COST + 1);

    let weighed =
        weigh("query($n: Int = 7) { users(first: $n) { nodes { id } } }", value!({ "n": 9 }));
    assert_eq!(weighed.unwrap().cost, LIST_COST + 9 * 2);
    let ids = weigh(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        value!({ "ids": ["a", "b", "c"] }),
    );
    assert_eq!(ids.unwrap().cost, 1 + 3);
}

#[test]
fn circles_through_the_schema_are_refused() {
    let circle = "fields { type { ".repeat(6);
    let bomb = format!("{{ __schema {{ types {{ {circle} name {} }} }}", "} } ".repeat(6) + "}");
    assert!(verdict(&bomb).starts_with("cost is "), "{}", verdict(&bomb));
    let again = format!(
        "{{ __schema {{ {} }} }}",
        "types { fields { type { fields { name } } } } ".repeat(100)
    );
    assert!(verdict(&again).starts_with("cost is "), "{}", verdict(&again));
}

#[test]
fn only_the_cost_of_the_operation_to_run_counts() {
    let text = "query Big { a(first: 100) { b } } query Small { a }";
    let document = parse_query(text).unwrap();
    for (name, operation) in document.operations.iter() {
        let measured = limits().measure(&document, &operation.node, &Variables::default()).unwrap();
        assert_eq!(measured.cost, if name.unwrap() == "Big" { 101 } else { 1 });
    }
}
