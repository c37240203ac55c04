//! Small JSON objects: read with a bound, written once.

use anneal_store::{ETag, ObjectKey, ObjectStore, Put};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

/// The largest document that is read. A `HEAD` with ten thousand inputs has half of it.
const LARGEST: u64 = 1 << 20;

/// A document as it is stored.
pub(crate) enum Document<T> {
    /// None.
    Missing,
    /// It can be read.
    Known(T, ETag),
    /// Something else is there.
    Garbled(ETag),
}

impl<T> Document<T> {
    /// The content, if it can be read.
    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Known(content, _) => Some(content),
            Self::Missing | Self::Garbled(_) => None,
        }
    }
}

/// Reads a document.
pub(crate) async fn read<T: DeserializeOwned>(store: &dyn ObjectStore, key: &ObjectKey) -> anneal_store::Result<Document<T>> {
    let object = match store.get(key, LARGEST).await {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(Document::Missing),
        Err(anneal_store::Error::ExceedLimit { .. }) => {
            let head = store.head(key).await?;
            return Ok(head.map_or(Document::Missing, |head| Document::Garbled(head.etag)));
        }
        Err(error) => return Err(error),
    };
    Ok(match serde_json::from_slice(&object.body) {
        Ok(content) => Document::Known(content, object.head.etag),
        Err(_) => Document::Garbled(object.head.etag),
    })
}

/// A document's bytes.
pub(crate) fn encode<T: Serialize>(document: &T) -> Bytes {
    // Our documents are structs with string keys and finite numbers: their serialization cannot fail.
    Bytes::from(serde_json::to_vec(document).unwrap_or_default())
}

/// Writes a document that is written once. Tells what is there if it was written before.
pub(crate) async fn create<T: Serialize + DeserializeOwned>(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    document: &T,
) -> anneal_store::Result<Option<Document<T>>> {
    match store.put_if_absent(key, encode(document)).await? {
        Put::Written(_) => Ok(None),
        Put::Conflict => read(store, key).await.map(Some),
    }
}
