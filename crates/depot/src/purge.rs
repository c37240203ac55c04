//! Removes everything of a Function that is being deleted. May be called until it is complete.

use std::time::Duration;

use anneal_protocol::{FunctionRef, depot::PurgeReply};
use anneal_store::{Depth, ObjectStore, Prefix};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::{layout::Layout, refusal::Result};

/// Deletes at once.
const PARALLEL: usize = 16;
/// How long one call works; the controller calls again while something is left.
const WORK: Duration = Duration::from_secs(20);

/// Deletes as much as one call may.
pub(crate) async fn purge(store: &dyn ObjectStore, function: &FunctionRef) -> Result<PurgeReply> {
    let layout = Layout::of(function)?;
    let deadline = Instant::now() + WORK;
    let mut reply = PurgeReply {
        deleted: 0,
        complete: true,
    };
    for prefix in layout.prefixes() {
        let (deleted, complete) = remove(store, prefix, deadline).await?;
        reply.deleted += deleted;
        reply.complete &= complete;
    }
    Ok(reply)
}

/// Deletes what is below a prefix, until the deadline. Complete means that a last list was empty.
pub(crate) async fn remove(store: &dyn ObjectStore, prefix: &Prefix, deadline: Instant) -> anneal_store::Result<(u64, bool)> {
    let mut deleted = 0;
    loop {
        // Always the first page: what was on it is gone the next time.
        let page = store.list(prefix, Depth::All, None).await?;
        if page.objects.is_empty() && page.next.is_none() {
            return Ok((deleted, true));
        }
        if Instant::now() >= deadline {
            return Ok((deleted, false));
        }
        deleted += page.objects.len() as u64;
        let deletes: Vec<_> = page.objects.iter().map(|object| store.delete(&object.key)).collect();
        stream::iter(deletes).buffer_unordered(PARALLEL).try_collect::<()>().await?;
    }
}
