//! What the depot needs of a store.

use anneal_protocol::depot::Grant;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Depth, ETag, GrantSpec, Object, ObjectHead, ObjectKey, Page, PageToken, Prefix, Put, Result, Sha256Digest};

/// A store of immutable and compare-and-swapped objects.
///
/// Every call ends within a deadline of the adapter's own; retries inside are bounded. After an error a write may or may
/// not have happened.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// The object, unless it is larger than `limit` bytes.
    async fn get(&self, key: &ObjectKey, limit: u64) -> Result<Option<Object>>;

    /// What the store says of the object.
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>>;

    /// Reads the whole object without keeping it: its size and digest.
    async fn hash(&self, key: &ObjectKey, limit: u64) -> Result<Option<(u64, Sha256Digest)>>;

    /// One page of the keys below a prefix.
    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> Result<Page>;

    /// Removes the object; it is no error if there is none.
    async fn delete(&self, key: &ObjectKey) -> Result<()>;

    /// Creates the object if there is none.
    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> Result<Put>;

    /// Replaces the object if it is in this state. A missing object is a conflict.
    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> Result<Put>;

    /// The right to one request, for somebody without a credential.
    async fn grant(&self, spec: &GrantSpec) -> Result<Grant>;
}
