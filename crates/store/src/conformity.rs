//! The test at start: does this store keep the promises on which every commit rests?
//!
//! Some servers ignored `If-Match` on a missing key and wrote (minio#21526); a lock built on that loses updates.

use bytes::Bytes;
use snafu::{OptionExt, ResultExt, Snafu, ensure};

use crate::{ETag, Error, ObjectKey, ObjectStore, Prefix, Put, signature};

/// Why a store must not be used.
#[derive(Debug, Snafu)]
pub enum Breach {
    /// A promise could not be tested; trying again may help.
    #[snafu(display("the store could not be tested"))]
    Try {
        /// What failed.
        source: Error,
    },
    /// `If-None-Match: *` is ignored: two attempts would both commit.
    #[snafu(display("the store ignores If-None-Match: an existing object was overwritten"))]
    OverwriteExisting,
    /// `If-Match` is ignored: an update would be lost.
    #[snafu(display("the store ignores If-Match: a stale tag was accepted"))]
    AcceptStaleTag,
    /// `If-Match` on a missing object writes.
    #[snafu(display("the store ignores If-Match on a missing object and writes it"))]
    CreateOnMatch,
    /// A conditional write was refused though its condition held.
    #[snafu(display("the store refuses a conditional write whose condition holds"))]
    RefuseMatch,
    /// A read after a write gives older bytes.
    #[snafu(display("the store does not read back what was written"))]
    ReadStale,
    /// A grant cannot be made.
    #[snafu(display("the store does not report what was written"))]
    Forget,
}

impl Breach {
    /// Whether the store is at fault, not the way to it.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Try { .. })
    }
}

/// Tries every conditional write below `prefix` and names the first broken promise.
///
/// Each call uses a key of its own, so depots that start together do not disturb each other.
pub async fn check_store(store: &dyn ObjectStore, prefix: &Prefix) -> Result<(), Breach> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Configure {
            reason: format!("no randomness: {error}"),
        })
        .context(TrySnafu)?;
    let key = prefix
        .key(&signature::hex(&random))
        .map_err(|error| Error::Configure { reason: error.to_string() })
        .context(TrySnafu)?;
    let checked = check(store, &key).await;
    // What is left behind by a fault here is one small object of a known prefix.
    let cleaned = store.delete(&key).await;
    checked?;
    cleaned.context(TrySnafu)
}

async fn check(store: &dyn ObjectStore, key: &ObjectKey) -> Result<(), Breach> {
    let first = written(store.put_if_absent(key, body(b"first")).await)?.context(RefuseMatchSnafu)?;
    let again = written(store.put_if_absent(key, body(b"again")).await)?;
    ensure!(again.is_none(), OverwriteExistingSnafu);
    ensure!(read(store, key).await?.context(ForgetSnafu)? == b"first"[..], ReadStaleSnafu);

    let second = written(store.put_if_match(key, body(b"second"), &first).await)?.context(RefuseMatchSnafu)?;
    let stale = written(store.put_if_match(key, body(b"stale"), &first).await)?;
    ensure!(stale.is_none(), AcceptStaleTagSnafu);
    ensure!(read(store, key).await?.context(ForgetSnafu)? == b"second"[..], ReadStaleSnafu);

    store.delete(key).await.context(TrySnafu)?;
    let missing = written(store.put_if_match(key, body(b"missing"), &second).await)?;
    ensure!(missing.is_none() && read(store, key).await?.is_none(), CreateOnMatchSnafu);
    Ok(())
}

fn body(bytes: &'static [u8]) -> Bytes {
    Bytes::from_static(bytes)
}

fn written(put: Result<Put, Error>) -> Result<Option<ETag>, Breach> {
    Ok(match put.context(TrySnafu)? {
        Put::Written(etag) => Some(etag),
        Put::Conflict => None,
    })
}

async fn read(store: &dyn ObjectStore, key: &ObjectKey) -> Result<Option<Bytes>, Breach> {
    Ok(store.get(key, 64).await.context(TrySnafu)?.map(|object| object.body))
}
