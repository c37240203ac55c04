//! A store that breaks one promise.

use std::sync::Arc;

use anneal_protocol::depot::Grant;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Depth, ETag, GrantSpec, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Result, Sha256Digest};

/// The promise that is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Defect {
    /// `put_if_absent` overwrites.
    OverwritesExisting,
    /// `put_if_match` takes any tag of an existing object.
    AcceptsStaleTags,
    /// `put_if_match` creates a missing object.
    CreatesOnMatch,
}

/// A store with one [`Defect`].
pub struct DefectiveStore {
    /// The store that does it right.
    pub inner: Arc<dyn ObjectStore>,
    /// What is wrong.
    pub defect: Defect,
}

#[async_trait]
impl ObjectStore for DefectiveStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> Result<Option<Object>> {
        self.inner.get(key, limit).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>> {
        self.inner.head(key).await
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> Result<Option<(u64, Sha256Digest)>> {
        self.inner.hash(key, limit).await
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> Result<Page> {
        self.inner.list(prefix, depth, from).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.inner.delete(key).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> Result<Put> {
        if self.defect == Defect::OverwritesExisting {
            self.inner.delete(key).await?;
        }
        self.inner.put_if_absent(key, body).await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> Result<Put> {
        match (self.defect, self.inner.head(key).await?) {
            (Defect::AcceptsStaleTags, Some(head)) => self.inner.put_if_match(key, body, &head.etag).await,
            (Defect::CreatesOnMatch, None) => self.inner.put_if_absent(key, body).await,
            _ => self.inner.put_if_match(key, body, etag).await,
        }
    }

    async fn grant(&self, spec: &GrantSpec) -> Result<Grant> {
        self.inner.grant(spec).await
    }
}
