//! What people are shown first is true: the README's table of settings, `GraphiQL`'s tabs.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use async_graphql::{Request, Variables};
use rolecall::config::SETTINGS;
use rolecall::graphql::schema;
use serde_json::Value;

#[test]
fn the_readme_has_every_setting() {
    let mut table = "| setting | default | meaning |\n| --- | --- | --- |\n".to_owned();
    for setting in SETTINGS {
        let default = match setting.default {
            "" => "unset".to_owned(),
            default => format!("`{default}`"),
        };
        let (name, meaning) = (setting.name, setting.meaning);
        writeln!(table, "| `{name}` | {default} | {meaning} |").unwrap();
    }
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&table),
        "README.md's table of settings is stale; it has to be\n\n{table}"
    );
}

/// Without anybody signed in, an operation that the schema takes fails while it is executed, and
/// such an error has a path.
#[tokio::test]
async fn every_tab_of_graphiql_validates_against_the_schema() {
    let tabs = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/graphiql/tabs");
    let variables = fs::read_to_string(tabs.join("variables.json")).unwrap();
    let variables: Value = serde_json::from_str(&variables).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(tabs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "graphql") {
            continue;
        }
        let document = fs::read_to_string(&path).unwrap();
        let start = document.lines().find(|line| !line.starts_with('#')).unwrap();
        let name = start.split([' ', '(']).nth(1).unwrap().to_owned();
        let values = Variables::from_json(variables[&name].clone());
        let response = schema().execute(Request::new(document).variables(values)).await;
        let refused = response.errors.iter().find(|error| error.path.is_empty());
        assert!(refused.is_none(), "{name}: {refused:?}");
        names.push(name);
    }
    for name in variables.as_object().unwrap().keys() {
        assert!(names.contains(name), "variables for {name}, which no tab runs");
    }
}
