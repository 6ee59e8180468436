//! The operations that clients send: `tests/contract/operations.graphql`, a copy of the contract.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILE: &str = include_str!("../../contract/operations.graphql");

/// Every top-level definition by its name, with its text.
static DEFINITIONS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut definitions: Vec<(String, String)> = Vec::new();
    for line in FILE.lines() {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        if let (Some("fragment" | "query" | "mutation"), Some(name)) = (words.next(), words.next())
        {
            definitions.push((name.to_owned(), String::new()));
        }
        if let Some((_, text)) = definitions.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    definitions.into_iter().collect()
});

/// The names of all operations.
pub(crate) fn names() -> Vec<&'static str> {
    let operations = DEFINITIONS.iter().filter(|(_, text)| !text.starts_with("fragment"));
    operations.map(|(name, _)| name.as_str()).collect()
}

/// An operation with the fragments that it needs.
pub(crate) fn document(name: &str) -> String {
    let mut document =
        DEFINITIONS.get(name).unwrap_or_else(|| panic!("no operation {name}")).clone();
    let mut known: Vec<&str> = Vec::new();
    loop {
        let spread =
            |name: &&&str| !known.contains(*name) && document.contains(&format!("...{name}"));
        let fragments: Vec<&str> = DEFINITIONS
            .iter()
            .filter(|(_, text)| text.starts_with("fragment"))
            .map(|(name, _)| name.as_str())
            .collect();
        let Some(missing) = fragments.iter().find(spread).copied() else { return document };
        known.push(missing);
        let text = &DEFINITIONS[missing];
        document.push_str(text);
    }
}
