//! Removes what Functions left that are gone: uploads that came after a purge, purges that were never asked for.
//!
//! The store is listed before the Functions: a Function whose objects are seen was made before them, so it is in the later
//! list if it still exists.

use std::{collections::HashSet, time::Duration};

use anneal_protocol::FunctionRef;
use anneal_store::{Clock, Depth, ObjectStore, Prefix};
use snafu::Snafu;
use tokio::time::Instant;

use crate::{api::Depot, cluster, layout::ROOTS, purge};

/// How long one prefix is worked on.
const WORK: Duration = Duration::from_mins(1);

/// Why a sweep ended early.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    /// The store failed.
    #[snafu(display("the store failed"), context(false))]
    UseStore { source: anneal_store::Error },
    /// The Functions cannot be listed.
    #[snafu(display("the Functions cannot be listed"), context(false))]
    ListFunctions { source: cluster::Error },
}

/// One pass over the given namespaces, or all.
pub(crate) async fn pass(depot: &Depot, namespaces: &[String]) -> Result<u64, Error> {
    let (store, cluster) = (&*depot.store, &depot.cluster);
    // Younger objects stay: a grant that was given before the Function was deleted may still be used.
    let age = depot.limits.grant_life.saturating_mul(2);
    let found = stored(store, namespaces).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let mut living = HashSet::new();
    if namespaces.is_empty() {
        living.extend(cluster.functions(None).await?);
    }
    for namespace in namespaces {
        living.extend(cluster.functions(Some(namespace)).await?);
    }
    let mut removed = 0;
    for (function, prefix) in found {
        let name = (function.namespace, function.name, function.uid);
        if living.contains(&name) || !is_old(store, &depot.clock, age, &prefix).await? {
            continue;
        }
        let (deleted, complete) = purge::remove(store, &prefix, Instant::now() + WORK).await?;
        tracing::info!(prefix = %prefix, deleted, complete, "removed what a Function left");
        depot.metrics.removed.with_label_values(&["orphan"]).inc_by(deleted);
        removed += deleted;
    }
    Ok(removed)
}

/// Every uid that has objects, with its prefix.
pub(crate) async fn stored(store: &dyn ObjectStore, namespaces: &[String]) -> Result<Vec<(FunctionRef, Prefix)>, Error> {
    let mut found = Vec::new();
    for root in ROOTS {
        let Ok(root) = root.parse::<Prefix>() else {
            continue;
        };
        for namespace in children(store, &root).await? {
            if !namespaces.is_empty() && !namespaces.iter().any(|watched| watched == namespace.name()) {
                continue;
            }
            for name in children(store, &namespace).await? {
                for uid in children(store, &name).await? {
                    let part = |prefix: &Prefix| prefix.name().to_owned();
                    found.push((
                        FunctionRef {
                            namespace: part(&namespace),
                            name: part(&name),
                            uid: part(&uid),
                        },
                        uid,
                    ));
                }
            }
        }
    }
    Ok(found)
}

async fn children(store: &dyn ObjectStore, prefix: &Prefix) -> anneal_store::Result<Vec<Prefix>> {
    let (mut prefixes, mut from) = (Vec::new(), None);
    loop {
        let page = store.list(prefix, Depth::Children, from.as_ref()).await?;
        prefixes.extend(page.prefixes);
        from = page.next;
        if from.is_none() {
            return Ok(prefixes);
        }
    }
}

async fn is_old(store: &dyn ObjectStore, clock: &Clock, age: Duration, prefix: &Prefix) -> anneal_store::Result<bool> {
    let now = clock.now();
    let mut from = None;
    loop {
        let page = store.list(prefix, Depth::All, from.as_ref()).await?;
        if page.objects.iter().any(|object| object.modified + age > now) {
            return Ok(false);
        }
        from = page.next;
        if from.is_none() {
            return Ok(true);
        }
    }
}
