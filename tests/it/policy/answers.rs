//! What an answer comes to, in the words of the table.

use serde_json::{Value, json};

/// What an answer has below one alias.
pub(super) fn of_alias(answer: &Value, name: &str) -> Value {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let errors: Vec<&Value> = errors.filter(|error| error["path"][0] == *name).collect();
    json!({ "data": { name: answer["data"][name] }, "errors": errors })
}

/// The errors below an alias: the path from there, and the code.
pub(super) fn errors_below(answer: &Value, alias: &str) -> Vec<(Vec<String>, String)> {
    let empty = Vec::new();
    let errors = answer["errors"].as_array().unwrap_or(&empty);
    let mut found = Vec::new();
    for error in errors {
        let path: Vec<String> = match error["path"].as_array() {
            Some(path) => path.iter().map(text).collect(),
            None => panic!("the request as a whole was refused: {answer:#}"),
        };
        if path.first().is_some_and(|first| first == alias) {
            let below = path[1..].iter().filter(|part| part.parse::<u32>().is_err());
            found.push((below.cloned().collect(), code(error)));
        }
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn code(error: &Value) -> String {
    text(&error["extensions"]["code"])
}

/// What came of a mutation.
pub(super) fn mutation_outcome(answer: &Value) -> String {
    if let Some(error) = answer["errors"].get(0) {
        return word(&code(error));
    }
    let payload = answer["data"].as_object().unwrap().values().next().unwrap();
    let empty = Vec::new();
    let rows = payload["results"].as_array().unwrap_or(&empty).iter().map(|row| &row["userError"]);
    let mut errors = payload["userErrors"].as_array().unwrap().iter().chain(rows);
    let code = errors.find_map(|error| error["code"].as_str());
    code.map_or_else(|| "allowed".to_owned(), word)
}

/// A code as the table tells it.
pub(super) fn word(code: &str) -> String {
    match code {
        "FORBIDDEN" | "NOT_ALLOWED" => "forbidden".to_owned(),
        "UNAUTHENTICATED" => "sign in first".to_owned(),
        "OWNER_ROLE" => "owner's role".to_owned(),
        "BAD_USER_INPUT" | "INTERNAL" | "QUERY_TOO_COMPLEX" => panic!("a case gets {code}"),
        _ => code.to_lowercase().replace('_', " "),
    }
}
