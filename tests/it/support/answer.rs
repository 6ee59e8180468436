//! What the server answered.

use serde_json::Value;

/// An answer of the GraphQL endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, body }
    }

    /// The value at a path of the data (`/viewer/user/id`); fails when there are errors.
    pub(crate) fn at(&self, path: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "errors: {:#}", self.body);
        self.body["data"].pointer(path).unwrap_or_else(|| panic!("no {path} in {:#}", self.body))
    }

    /// The text at a path of the data.
    pub(crate) fn text(&self, path: &str) -> String {
        let value = self.at(path);
        value.as_str().unwrap_or_else(|| panic!("{path} is {value} in {:#}", self.body)).to_owned()
    }

    /// The texts of one field of the nodes at a path.
    pub(crate) fn texts(&self, path: &str, field: &str) -> Vec<String> {
        let nodes =
            self.at(path).as_array().unwrap_or_else(|| panic!("no list in {:#}", self.body));
        nodes.iter().map(|node| node.pointer(field).unwrap().as_str().unwrap().to_owned()).collect()
    }

    /// The code of the first top-level error.
    pub(crate) fn error(&self) -> &str {
        let code = self.body.pointer("/errors/0/extensions/code").and_then(Value::as_str);
        code.unwrap_or_else(|| panic!("no coded error in {:#}", self.body))
    }

    /// The user errors of a mutation, each as `CODE path.to.field`.
    pub(crate) fn refusals(&self, mutation: &str) -> Vec<String> {
        let errors = self.at(&format!("/{mutation}/userErrors")).as_array().unwrap();
        errors.iter().map(refusal).collect()
    }

    /// The mutation went through.
    pub(crate) fn done(self, mutation: &str) -> Self {
        let refusals = self.refusals(mutation);
        assert!(refusals.is_empty(), "refused: {:#}", self.body);
        self
    }
}

/// A user error as `CODE path.to.field`.
pub(crate) fn refusal(error: &Value) -> String {
    let path: Vec<&str> =
        error["path"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    format!("{} {}", error["code"].as_str().unwrap(), path.join(".")).trim_end().to_owned()
}
