//! Whether a stored object still has the bytes that were committed.
//!
//! A size says little and a store's checksum all, but what somebody else wrote in an object's place may have none: then the
//! object is read once for each state it is in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anneal_store::{ETag, Error, ObjectKey, ObjectStore, Result, Sha256Digest};

use crate::fold::MergedObject;

/// Objects whose digest is remembered.
const REMEMBERED: usize = 4096;

/// Remembers the digests of objects that have no checksum, by the store's tag.
#[derive(Default)]
pub(crate) struct Verifier {
    known: Mutex<HashMap<ObjectKey, (ETag, Sha256Digest)>>,
}

impl Verifier {
    /// Whether an object is there and has the bytes that were committed.
    pub(crate) async fn holds(&self, store: &dyn ObjectStore, key: &ObjectKey, object: &MergedObject) -> Result<bool> {
        let Some(found) = store.head(key).await?.filter(|found| found.bytes == object.bytes) else {
            return Ok(false);
        };
        let sha256 = match found.sha256.or_else(|| self.remembered(key, &found.etag)) {
            Some(sha256) => Some(sha256),
            None => self.hash(store, key, &found.etag, object.bytes).await?,
        };
        Ok(sha256.is_some_and(|sha256| sha256.to_string() == object.sha256))
    }

    async fn hash(&self, store: &dyn ObjectStore, key: &ObjectKey, etag: &ETag, bytes: u64) -> Result<Option<Sha256Digest>> {
        let sha256 = match store.hash(key, bytes).await {
            Ok(hashed) => hashed.map(|(_, sha256)| sha256),
            // It has grown since.
            Err(Error::ExceedLimit { .. }) => None,
            Err(error) => return Err(error),
        };
        let unchanged = store.head(key).await?.is_some_and(|after| after.etag == *etag);
        if let Some(sha256) = sha256.filter(|_| unchanged) {
            let mut known = self.known();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key.clone(), (etag.clone(), sha256));
        }
        Ok(sha256)
    }

    fn remembered(&self, key: &ObjectKey, etag: &ETag) -> Option<Sha256Digest> {
        let known = self.known();
        known.get(key).filter(|(tag, _)| tag == etag).map(|(_, sha256)| *sha256)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ObjectKey, (ETag, Sha256Digest)>> {
        // One insertion at a time: nothing is half-changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
