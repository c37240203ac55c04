//! Uploads that must not be taken in: moved aside with a reason, so that they block nothing.
//!
//! Order: bytes, reason (the commit), then the raw object is removed. A crash in between is finished by the next fold.

use std::collections::BTreeSet;

use anneal_store::{ObjectStore, Sha256Digest, Summary};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Rejection, Result, attempt::list};
use crate::{
    documents,
    layout::{Identity, Shelf, Subject},
};

/// Bodies that are kept for one subject; of what comes after them the reason alone.
pub(super) const BODIES: u64 = 32;

/// Why an upload is in quarantine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Reason {
    /// One CamelCase word.
    #[serde(rename = "reason")]
    pub(crate) word: String,
    /// A sentence.
    pub(crate) message: String,
    /// Digest of the bytes, if they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
}

/// Puts an upload into quarantine.
pub(super) async fn commit(
    store: &dyn ObjectStore,
    shelf: &Shelf,
    identity: &Identity,
    body: Option<Bytes>,
    rejection: &Rejection,
) -> Result<()> {
    let reason = Reason {
        word: rejection.reason.clone(),
        message: rejection.message.clone(),
        sha256: body.as_ref().map(|body| Sha256Digest::of(body).to_string()),
    };
    if let Some(body) = body {
        store.put_if_absent(&shelf.quarantined_body(identity)?, body).await?;
    }
    store
        .put_if_absent(&shelf.quarantined_reason(identity)?, documents::encode(&reason))
        .await?;
    clear(store, shelf, identity).await
}

/// Removes the raw object of an upload that is in quarantine.
pub(super) async fn clear(store: &dyn ObjectStore, shelf: &Shelf, identity: &Identity) -> Result<()> {
    store.delete(&shelf.raw(identity)?).await?;
    if matches!(shelf.subject(), Subject::Profile { .. }) {
        store.delete(&shelf.sidecar(identity)?).await?;
    }
    Ok(())
}

/// What is in quarantine.
pub(super) async fn identities(store: &dyn ObjectStore, shelf: &Shelf) -> Result<BTreeSet<Identity>> {
    Ok(reasons(store, shelf).await?.into_iter().map(|(identity, _)| identity).collect())
}

/// What is in quarantine, with the object that holds the reason.
pub(crate) async fn reasons(store: &dyn ObjectStore, shelf: &Shelf) -> Result<Vec<(Identity, Summary)>> {
    let objects = list(store, shelf.quarantined()).await?;
    let reasons = objects
        .into_iter()
        .filter_map(|object| Some((object.key.name().strip_suffix(".json")?.parse().ok()?, object)));
    Ok(reasons.collect())
}
