//! Documents that need not be sent or parsed again: what has been parsed, automatic persisted queries
//! (Apollo's protocol), and persisted documents by their id (the appendix of GraphQL over HTTP).
//!
//! A document is known by the SHA-256 of its text, so nobody can put another one in its place. Only what
//! was parsed and is within the limits is kept.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, Value};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::limits::{Limits, request_error};
use super::request::syntax_error;
use crate::app::trusted_documents::TrustedDocuments;

/// Where transports put a request's `documentId`: among its extensions, which all of them carry.
pub const DOCUMENT_ID: &str = "documentId";

/// As much as a parsed document holds for each token, at most: a field without an alias.
const BYTES_PER_TOKEN: u64 = 256;

/// So many documents are thought to fit in: it decides in how many parts the cache is, of which one has to
/// hold a document.
const ESTIMATED_DOCUMENTS: usize = 500;

/// The SHA-256 of a document's text.
type Hash = [u8; 32];

/// A parsed document.
#[derive(Clone)]
struct Kept {
    document: Arc<ExecutableDocument>,
    /// About how many bytes it holds.
    bytes: u64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Hash, Kept> for ByBytes {
    fn weight(&self, _: &Hash, kept: &Kept) -> u64 {
        kept.bytes
    }
}

/// The documents of one process.
pub struct Documents {
    /// Texts by id, where no others are executed.
    trusted: Option<HashMap<String, String>>,
    kept: Cache<Hash, Kept, ByBytes>,
}

/// The document of a request.
pub(super) struct Found {
    pub(super) document: Arc<ExecutableDocument>,
    /// What it has to be kept as, where it has just been parsed.
    new: Option<(Hash, u64)>,
}

impl Documents {
    /// Nothing kept so far, and at most so many bytes later. If there are trusted documents, they are the
    /// only ones.
    #[must_use]
    pub fn new(bytes: u64, trusted: Option<&TrustedDocuments>) -> Self {
        let by_id = |trusted: &TrustedDocuments| {
            let mut texts = HashMap::new();
            for (id, text) in trusted.iter() {
                texts.insert(hex(&hash(text)), text.to_owned());
                if let Some(id) = id {
                    texts.insert(bare(id).to_owned(), text.to_owned());
                }
            }
            texts
        };
        Self {
            trusted: trusted.map(by_id),
            kept: Cache::with_weighter(ESTIMATED_DOCUMENTS, bytes, ByBytes),
        }
    }

    /// The document that a request brings or names. Reads what it needs to check the text, and parses it
    /// if that has not been done before.
    ///
    /// # Errors
    /// The request error that is the whole answer: `PERSISTED_QUERY_NOT_FOUND`, `DOCUMENT_NOT_TRUSTED`,
    /// `BAD_USER_INPUT` or `QUERY_TOO_COMPLEX`.
    pub(super) fn find(&self, request: &Request, limits: &Limits) -> Result<Found, ServerError> {
        let named = named(request)?;
        if request.query.is_empty()
            && let Some(id) = named
        {
            let id = bare(id);
            if let Some(trusted) = &self.trusted {
                return self.parsed(trusted.get(id).ok_or_else(not_found)?, limits);
            }
            let kept = unhex(id).and_then(|hash| self.kept.get(&hash)).ok_or_else(not_found)?;
            return Ok(Found { document: kept.document, new: None });
        }
        let text = &request.query;
        if named.is_some_and(|id| bare(id) != hex(&hash(text))) {
            return Err(bad("`query` is not the document whose SHA-256 came with it"));
        }
        if let Some(trusted) = &self.trusted
            && !trusted.contains_key(&hex(&hash(text)))
        {
            let message = "Only the documents that the operator trusts are executed: \
                send the `documentId` of one instead of `query`";
            return Err(request_error("DOCUMENT_NOT_TRUSTED", message));
        }
        self.parsed(text, limits)
    }

    /// Keeps a document that turned out to be within the limits.
    pub(super) fn keep(&self, found: &Found) {
        if let Some((hash, bytes)) = found.new {
            self.kept.insert(hash, Kept { document: Arc::clone(&found.document), bytes });
        }
    }

    fn parsed(&self, text: &str, limits: &Limits) -> Result<Found, ServerError> {
        let hash = hash(text);
        if let Some(kept) = self.kept.get(&hash) {
            return Ok(Found { document: kept.document, new: None });
        }
        let tokens = limits.check_text(text)?;
        let document = Arc::new(parse_query(text).map_err(|problem| syntax_error(&problem))?);
        Ok(Found { document, new: Some((hash, tokens * BYTES_PER_TOKEN)) })
    }
}

/// The first trusted document that could not be executed, by its id or hash, with the reason.
#[must_use]
pub fn fault(trusted: &TrustedDocuments, limits: &Limits) -> Option<(String, String)> {
    let nothing_kept = Documents::new(0, None);
    trusted.iter().find_map(|(id, text)| {
        let error = nothing_kept.parsed(text, limits).err()?;
        Some((id.map_or_else(|| hex(&hash(text)), str::to_owned), error.message))
    })
}

/// What a request calls its document: `documentId`, or the hash of Apollo's protocol.
fn named(request: &Request) -> Result<Option<&str>, ServerError> {
    if let Some(id) = request.extensions.get(DOCUMENT_ID) {
        let Value::String(id) = id else {
            return Err(bad("`documentId` has to be a string"));
        };
        if !request.query.is_empty() {
            return Err(bad("Send `documentId` or `query`, not both"));
        }
        return Ok(Some(id));
    }
    let Some(persisted) = request.extensions.get("persistedQuery") else {
        return Ok(None);
    };
    let Value::Object(persisted) = persisted else {
        return Err(bad("`extensions.persistedQuery` has to be an object"));
    };
    match (persisted.get("version"), persisted.get("sha256Hash")) {
        (Some(Value::Number(version)), Some(Value::String(hash)))
            if version.as_u64() == Some(1) =>
        {
            Ok(Some(hash))
        }
        _ => Err(bad("`extensions.persistedQuery` has to be { version: 1, sha256Hash: \"…\" }")),
    }
}

/// An id without the prefix that says that it is a hash.
fn bare(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// As Apollo's clients know it, whose answer is to send the document along.
fn not_found() -> ServerError {
    request_error("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
}

fn bad(message: &str) -> ServerError {
    request_error("BAD_USER_INPUT", message)
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
