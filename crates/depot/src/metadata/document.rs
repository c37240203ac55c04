//! Owns what one pod stores: `reachability-metadata.json` as the tracer wrote it, or a document of several files by name.
//!
//! A tracer before JDK 23 writes older files, see [`super::legacy`]. Newer ones still write those beside the new one for what
//! the new one cannot say, as resource bundles with locales. The agent then packs all of them into one document.

use anneal_protocol::depot::METADATA_FILES;
use serde_json::{Map, Value};

use super::bounded::{self, Bounds};
use super::legacy;
use super::union::MetadataSet;
use crate::fold::Rejection;

/// The file of JDK 23 and later.
const NEW_FORM: &str = "reachability-metadata.json";

/// Reads a document; hostile input ends in a rejection.
pub(super) fn read(text: &[u8], bounds: &Bounds) -> Result<MetadataSet, Rejection> {
    let value = bounded::read(text, bounds)?;
    let Value::Object(mut document) = value else {
        return Err(Rejection::new("Schema", "the document is not an object"));
    };
    let Some(files) = document.remove(METADATA_FILES) else {
        return MetadataSet::from_document(document, bounds);
    };
    let (true, Value::Object(files)) = (document.is_empty(), files) else {
        let message = format!("a document with {METADATA_FILES} has nothing but an object of files");
        return Err(Rejection::new("Schema", message));
    };
    read_files(files, bounds)
}

fn read_files(files: Map<String, Value>, bounds: &Bounds) -> Result<MetadataSet, Rejection> {
    let mut union = MetadataSet::default();
    for (name, content) in files {
        let document = match content {
            Value::Object(document) if name == NEW_FORM => document,
            _ if name == NEW_FORM => return Err(Rejection::new("Schema", format!("{NEW_FORM} is not an object"))),
            content => legacy::convert(&name, content)?,
        };
        union.merge(MetadataSet::from_document(document, bounds)?);
    }
    Ok(union)
}
