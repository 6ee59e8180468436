//! The only documents that are executed, where the operator says so: what a build step of the clients has
//! extracted from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{Config, ConfigError};

/// Documents by the id that their clients call them by, in files of three kinds: Apollo's manifest
/// (`apollo-persisted-query-manifest`), the map from hash to document that Relay and graphql-codegen
/// write, and bare documents (`.graphql`, `.gql`), which have no id but their hash.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments(Vec<(Option<String>, String)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo { format: ApolloFormat, operations: Vec<ApolloOperation> },
    Map(BTreeMap<String, String>),
}

#[derive(Deserialize)]
enum ApolloFormat {
    #[serde(rename = "apollo-persisted-query-manifest")]
    PersistedQueryManifest,
}

#[derive(Deserialize)]
struct ApolloOperation {
    id: String,
    body: String,
}

impl TrustedDocuments {
    /// Reads the files that `TRUSTED_DOCUMENTS` names; none where it is not set.
    ///
    /// # Errors
    /// What cannot be read, or is in none of the three formats; that there is no document at all.
    pub fn load(config: &Config) -> Result<Option<Self>, ConfigError> {
        let Some(path) = &config.api.trusted_documents else { return Ok(None) };
        let mut documents = Vec::new();
        for file in files(path)? {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| wrong(&file, format!("files that can be read ({error})")))?;
            if file.extension().is_some_and(|extension| extension == "json") {
                documents.extend(manifest(&file, &text)?);
            } else {
                documents.push((None, text));
            }
        }
        if documents.is_empty() {
            return Err(wrong(path, "a place with documents in it, but there is none"));
        }
        Ok(Some(Self(documents)))
    }

    /// The documents, each with its id if it has one beside its hash.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        self.0.iter().map(|(id, text)| (id.as_deref(), text.as_str()))
    }
}

/// An error about a file of trusted documents.
pub fn wrong(path: &Path, accepts: impl Into<String>) -> ConfigError {
    ConfigError::new("TRUSTED_DOCUMENTS", &path.display().to_string(), accepts)
}

/// The file itself, or those in the directory that hold documents.
fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| wrong(path, format!("a directory that can be read ({error})"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("json" | "graphql" | "gql")) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn manifest(file: &Path, text: &str) -> Result<Vec<(Option<String>, String)>, ConfigError> {
    let manifest = serde_json::from_str(text).map_err(|_| {
        let accepts = "a manifest of persisted queries in JSON: Apollo's, or an object of documents \
            by their hashes, as Relay and graphql-codegen write it";
        wrong(file, accepts)
    })?;
    Ok(match manifest {
        Manifest::Apollo { format: ApolloFormat::PersistedQueryManifest, operations } => {
            operations.into_iter().map(|operation| (Some(operation.id), operation.body)).collect()
        }
        Manifest::Map(map) => map.into_iter().map(|(id, text)| (Some(id), text)).collect(),
    })
}
