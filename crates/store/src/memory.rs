//! A store in memory: for tests and for trying things out. What it holds ends with the process.

mod redeem;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anneal_protocol::depot::Grant;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use snafu::ensure;
use url::Url;

pub use self::redeem::{Admitted, OBJECTS_PATH};
use crate::{
    Clock, Depth, ETag, GrantSpec, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Result, Sha256Digest, Summary,
    error::{ConfigureSnafu, ExceedLimitSnafu},
};

/// Keys on one page of a list, as S3 has it.
const PAGE: usize = 1000;

/// How a [`MemoryStore`] is made.
#[derive(Clone, Debug)]
pub struct MemorySettings {
    /// The address under which tenants reach [`MemoryStore::admit`]'s caller.
    pub tenant_endpoint: Url,
    /// The time.
    pub clock: Clock,
}

/// A store in memory. Grants are URLs below [`OBJECTS_PATH`], signed with a key that the process draws at start.
#[derive(Debug)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<ObjectKey, Stored>>,
    settings: MemorySettings,
    signing_key: [u8; 32],
}

#[derive(Clone, Debug)]
struct Stored {
    body: Bytes,
    sha256: Sha256Digest,
    modified: Timestamp,
}

impl Stored {
    fn head(&self) -> ObjectHead {
        ObjectHead {
            bytes: self.body.len() as u64,
            etag: self.etag(),
            modified: self.modified,
            sha256: Some(self.sha256),
        }
    }

    /// Equal bytes have equal tags, as with S3.
    fn etag(&self) -> ETag {
        ETag(format!("\"{}\"", self.sha256))
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new(settings: MemorySettings) -> Result<Self> {
        ensure!(
            settings.tenant_endpoint.host().is_some(),
            ConfigureSnafu {
                reason: "the tenants' endpoint has no host"
            }
        );
        let mut signing_key = [0; 32];
        getrandom::fill(&mut signing_key).map_err(|error| {
            ConfigureSnafu {
                reason: format!("no randomness: {error}"),
            }
            .build()
        })?;
        Ok(Self {
            objects: Mutex::default(),
            settings,
            signing_key,
        })
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Stored>> {
        // No operation leaves the map half-changed, so a poisoned lock guards whole data.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stored(&self, body: Bytes) -> Stored {
        Stored {
            sha256: Sha256Digest::of(&body),
            body,
            modified: self.settings.clock.now(),
        }
    }

    fn find(&self, key: &ObjectKey, limit: u64) -> Result<Option<Stored>> {
        let Some(stored) = self.objects().get(key).cloned() else {
            return Ok(None);
        };
        let bytes = stored.body.len() as u64;
        ensure!(
            bytes <= limit,
            ExceedLimitSnafu {
                key: key.clone(),
                bytes,
                limit
            }
        );
        Ok(Some(stored))
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> Result<Option<Object>> {
        Ok(self.find(key, limit)?.map(|stored| Object {
            head: stored.head(),
            body: stored.body,
        }))
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>> {
        Ok(self.objects().get(key).map(Stored::head))
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> Result<Option<(u64, Sha256Digest)>> {
        Ok(self.find(key, limit)?.map(|stored| (stored.body.len() as u64, stored.sha256)))
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> Result<Page> {
        let mut page = Page::default();
        let mut prefixes = BTreeSet::new();
        let start = from.map_or_else(|| prefix.as_str().to_owned(), |token| token.0.clone());
        let objects = self.objects();
        for (key, stored) in objects.iter().skip_while(|(key, _)| key.as_str() < start.as_str()) {
            let Some(below) = prefix.strip(key) else {
                break;
            };
            if page.objects.len() + prefixes.len() == PAGE {
                page.next = Some(PageToken(key.as_str().to_owned()));
                break;
            }
            match (depth, below.split_once('/')) {
                (Depth::Children, Some((child, _))) => {
                    if let Ok(child) = prefix.join(child) {
                        prefixes.insert(child);
                    }
                }
                _ => page.objects.push(Summary {
                    key: key.clone(),
                    bytes: stored.body.len() as u64,
                    etag: Some(stored.etag()),
                    modified: stored.modified,
                }),
            }
        }
        page.prefixes = prefixes.into_iter().collect();
        Ok(page)
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.objects().remove(key);
        Ok(())
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> Result<Put> {
        let stored = self.stored(body);
        let mut objects = self.objects();
        if objects.contains_key(key) {
            return Ok(Put::Conflict);
        }
        let etag = stored.etag();
        objects.insert(key.clone(), stored);
        Ok(Put::Written(etag))
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> Result<Put> {
        let stored = self.stored(body);
        let mut objects = self.objects();
        match objects.get_mut(key) {
            Some(current) if current.etag() == *etag => {
                let etag = stored.etag();
                *current = stored;
                Ok(Put::Written(etag))
            }
            _ => Ok(Put::Conflict),
        }
    }

    async fn grant(&self, spec: &GrantSpec) -> Result<Grant> {
        spec.check()?;
        Ok(self.sign(spec))
    }
}
