//! A store whose k-th operation fails: the crash of its user, or an answer that is lost.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anneal_protocol::depot::Grant;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Depth, ETag, Error, GrantSpec, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Result, Sha256Digest,
};

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It fails, and nothing has happened.
    Before,
    /// It happens, but its caller is told that it failed.
    After,
}

/// Counts operations and fails at one of them; [`FaultyStore::crash_at`] makes everything after it fail too.
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    operations: AtomicU64,
    first: u64,
    last: u64,
    fault: Fault,
}

impl FaultyStore {
    /// Never fails; counts.
    pub fn counting(inner: Arc<dyn ObjectStore>) -> Self {
        Self::new(inner, u64::MAX, u64::MAX, Fault::Before)
    }

    /// Fails at the `k`-th operation (from 0) and at all after it: the user is gone.
    pub fn crash_at(inner: Arc<dyn ObjectStore>, k: u64, fault: Fault) -> Self {
        Self::new(inner, k, u64::MAX, fault)
    }

    /// Fails at the `k`-th operation (from 0) only.
    pub fn fail_once_at(inner: Arc<dyn ObjectStore>, k: u64, fault: Fault) -> Self {
        Self::new(inner, k, k, fault)
    }

    fn new(inner: Arc<dyn ObjectStore>, first: u64, last: u64, fault: Fault) -> Self {
        Self {
            inner,
            operations: AtomicU64::new(0),
            first,
            last,
            fault,
        }
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::SeqCst)
    }

    async fn run<T: Send>(&self, operation: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let planned = || Error::Request {
            operation: "survive",
            key: format!("operation {number}"),
            source: "a planned fault".into(),
        };
        if !(self.first..=self.last).contains(&number) {
            return operation.await;
        }
        // After a crash nothing more is done.
        if self.fault == Fault::After && number == self.first {
            operation.await?;
        }
        Err(planned())
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> Result<Option<Object>> {
        self.run(self.inner.get(key, limit)).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>> {
        self.run(self.inner.head(key)).await
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> Result<Option<(u64, Sha256Digest)>> {
        self.run(self.inner.hash(key, limit)).await
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> Result<Page> {
        self.run(self.inner.list(prefix, depth, from)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.run(self.inner.delete(key)).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> Result<Put> {
        self.run(self.inner.put_if_absent(key, body)).await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> Result<Put> {
        self.run(self.inner.put_if_match(key, body, etag)).await
    }

    async fn grant(&self, spec: &GrantSpec) -> Result<Grant> {
        self.run(self.inner.grant(spec)).await
    }
}
