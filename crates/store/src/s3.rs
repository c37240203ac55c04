//! The store behind an S3 API, over `object_store`.

mod checksum;
mod client;

use std::{collections::BTreeMap, time::Duration};

use anneal_protocol::depot::Grant;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::{
    GetOptions, GetResult, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion,
    aws::AmazonS3,
    list::{PaginatedListOptions, PaginatedListStore},
    path::Path,
};
use snafu::{IntoError, OptionExt, ensure};

pub use self::client::{Credentials, S3Settings};
use self::{
    checksum::StoredChecksum,
    client::{BODY_DEADLINE, client},
};
use crate::{
    Depth, ETag, GrantSpec, Hasher, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Sha256Digest, Summary,
    error::{DenySnafu, Error, ExceedLimitSnafu, ExpireSnafu, MissSnafu, RequestSnafu, Result, TruncateSnafu},
    signature::{Request, Signer},
};

/// Everything but bodies.
const CONTROL_DEADLINE: Duration = Duration::from_secs(20);

/// A store behind an S3 API, in path style.
#[derive(Debug)]
pub struct S3Store {
    client: AmazonS3,
    settings: S3Settings,
}

impl S3Store {
    /// Makes the client; connects to nothing yet.
    pub fn new(settings: S3Settings) -> Result<Self> {
        let client = client(&settings)?;
        Ok(Self { client, settings })
    }

    async fn open(&self, key: &ObjectKey, head: bool) -> Result<Option<GetResult>> {
        let options = GetOptions {
            head,
            ..GetOptions::default()
        };
        match self.client.get_opts(&path(key)?, options).await {
            Ok(result) => Ok(Some(result)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault("read", key.as_str(), error)),
        }
    }

    /// Gives the body piece by piece to `take`, with the size of the whole, and fails if it is too long or cut.
    async fn read(&self, key: &ObjectKey, limit: u64, mut take: impl FnMut(u64, &Bytes) + Send) -> Result<Option<ObjectHead>> {
        let Some(result) = self.open(key, false).await? else {
            return Ok(None);
        };
        let head = head_of(key, &result)?;
        ensure!(
            head.bytes <= limit,
            ExceedLimitSnafu {
                key: key.clone(),
                bytes: head.bytes,
                limit
            }
        );
        let (mut stream, mut bytes) = (result.into_stream(), 0);
        while let Some(piece) = stream.try_next().await.map_err(|error| fault("read", key.as_str(), error))? {
            bytes += piece.len() as u64;
            ensure!(
                bytes <= head.bytes,
                ExceedLimitSnafu {
                    key: key.clone(),
                    bytes,
                    limit: head.bytes
                }
            );
            take(head.bytes, &piece);
        }
        ensure!(
            bytes == head.bytes,
            TruncateSnafu {
                key: key.clone(),
                bytes,
                expected: head.bytes
            }
        );
        Ok(Some(head))
    }

    async fn put(&self, operation: &'static str, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Put> {
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        match self.client.put_opts(&path(key)?, body.into(), options).await {
            Ok(result) => Ok(Put::Written(ETag(result.e_tag.context(MissSnafu {
                key: key.as_str(),
                what: "the tag",
            })?))),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(Put::Conflict),
            Err(error) => Err(fault(operation, key.as_str(), error)),
        }
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn get(&self, key: &ObjectKey, limit: u64) -> Result<Option<Object>> {
        let mut body = BytesMut::new();
        let read = self.read(key, limit, |bytes, piece| {
            // The whole at once: a buffer that grows needs twice the memory while it moves.
            if body.is_empty() {
                body.reserve(usize::try_from(bytes).unwrap_or_default());
            }
            body.extend_from_slice(piece);
        });
        let head = within("read", key.as_str(), BODY_DEADLINE, read).await?;
        Ok(head.map(|head| Object { head, body: body.freeze() }))
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>> {
        let result = within("look at", key.as_str(), CONTROL_DEADLINE, self.open(key, true)).await?;
        result.map(|result| head_of(key, &result)).transpose()
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> Result<Option<(u64, Sha256Digest)>> {
        let mut hasher = Hasher::default();
        let read = self.read(key, limit, |_, piece| hasher.update(piece));
        let head = within("hash", key.as_str(), BODY_DEADLINE, read).await?;
        Ok(head.map(|_| hasher.finish()))
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> Result<Page> {
        let options = PaginatedListOptions {
            delimiter: (depth == Depth::Children).then_some("/".into()),
            page_token: from.map(|token| token.0.clone()),
            ..PaginatedListOptions::default()
        };
        let request = async {
            let listed = self.client.list_paginated(Some(prefix.as_str()), options).await;
            listed.map_err(|error| fault("list", prefix.as_str(), error))
        };
        let listed = within("list", prefix.as_str(), CONTROL_DEADLINE, request).await?;
        let objects = listed.result.objects.into_iter().filter_map(summary).collect();
        let prefixes = listed
            .result
            .common_prefixes
            .iter()
            .filter_map(|path| path.as_ref().parse().ok())
            .collect();
        Ok(Page {
            objects,
            prefixes,
            next: listed.page_token.map(PageToken),
        })
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        let location = path(key)?;
        let request = async {
            match self.client.delete(&location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(fault("delete", key.as_str(), error)),
            }
        };
        within("delete", key.as_str(), CONTROL_DEADLINE, request).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> Result<Put> {
        within(
            "create",
            key.as_str(),
            BODY_DEADLINE,
            self.put("create", key, body, PutMode::Create),
        )
        .await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> Result<Put> {
        let mode = PutMode::Update(UpdateVersion {
            e_tag: Some(etag.0.clone()),
            version: None,
        });
        within("replace", key.as_str(), BODY_DEADLINE, self.put("replace", key, body, mode)).await
    }

    async fn grant(&self, spec: &GrantSpec) -> Result<Grant> {
        spec.check()?;
        let request = async {
            self.client
                .credentials()
                .get_credential()
                .await
                .map_err(|error| fault("sign for", spec.key().as_str(), error))
        };
        let credential = within("sign for", spec.key().as_str(), CONTROL_DEADLINE, request).await?;
        let headers: BTreeMap<_, _> = spec.headers();
        let signer = Signer {
            access_key: &credential.key_id,
            secret_key: &credential.secret_key,
            session_token: credential.token.as_deref(),
            region: &self.settings.region,
        };
        let url = signer.presign(&Request {
            method: spec.method(),
            endpoint: &self.settings.tenant_endpoint,
            path: &format!("/{}/{}", self.settings.bucket, spec.key()),
            headers: &headers,
            at: self.settings.clock.now(),
            life: spec.life(),
        });
        Ok(Grant {
            method: spec.method().to_owned(),
            url,
            headers,
            expires_seconds: spec.life().as_secs(),
            ca: None,
        })
    }
}

async fn within<T>(operation: &'static str, key: &str, deadline: Duration, request: impl Future<Output = Result<T>> + Send) -> Result<T> {
    match tokio::time::timeout(deadline, request).await {
        Ok(result) => result,
        Err(_) => ExpireSnafu { operation, key, deadline }.fail(),
    }
}

fn path(key: &ObjectKey) -> Result<Path> {
    Path::parse(key.as_str()).map_err(|error| {
        RequestSnafu {
            operation: "name",
            key: key.as_str(),
        }
        .into_error(Box::new(error))
    })
}

fn fault(operation: &'static str, key: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            DenySnafu { operation, key }.into_error(Box::new(error))
        }
        other => RequestSnafu { operation, key }.into_error(Box::new(other)),
    }
}

fn head_of(key: &ObjectKey, result: &GetResult) -> Result<ObjectHead> {
    let meta = &result.meta;
    let etag = meta.e_tag.clone().context(MissSnafu {
        key: key.as_str(),
        what: "the tag",
    })?;
    let sha256 = result.extensions.get::<StoredChecksum>().map(|checksum| checksum.0);
    Ok(ObjectHead {
        bytes: meta.size,
        etag: ETag(etag),
        modified: time(meta),
        sha256,
    })
}

/// Keys that no [`ObjectKey`] can name are not ours: they are left out.
fn summary(meta: ObjectMeta) -> Option<Summary> {
    let key = meta.location.as_ref().parse().ok()?;
    Some(Summary {
        key,
        bytes: meta.size,
        modified: time(&meta),
        etag: meta.e_tag.map(ETag),
    })
}

fn time(meta: &ObjectMeta) -> Timestamp {
    Timestamp::from_second(meta.last_modified.timestamp()).unwrap_or_default()
}
