//! Removes what a Function does not need any more: builds, jars, merges and profiles that nothing names, and of what is
//! named the raw profiles and the quarantine beyond their number and age.
//!
//! Without a fresh word of the controller on what is needed nothing is removed, and never anything younger than the life of
//! two grants: it may still be on its way to being named. What a user uploaded is not looked at.

mod plan;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anneal_protocol::{FunctionRef, depot::JarRecord, facts::BuildRecord};
use anneal_store::{MAX_GRANT_LIFE, ObjectKey, Sha256Digest, Summary};

use self::plan::{Owned, Scene};
use crate::{
    api::Depot,
    builds,
    documents::{self, Document},
    fold::{Head, list},
    layout::{Layout, Subject},
    orphans,
    references::{self, Record},
    refusal::Result,
};

/// Younger objects stay: a grant for them may still be used, or a commit that names them may be under way.
pub(crate) const AGE: Duration = MAX_GRANT_LIFE.saturating_mul(2);

/// How much is kept of what is named.
#[derive(Clone, Debug)]
pub(crate) struct Retention {
    /// Raw profiles of a build.
    pub(crate) raw_profiles: usize,
    /// Age of raw profiles.
    pub(crate) raw_age: Duration,
    /// Uploads in quarantine, of a build or jar.
    pub(crate) quarantined: usize,
    /// Age of uploads in quarantine.
    pub(crate) quarantine_age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            raw_profiles: 100,
            raw_age: Duration::from_hours(30 * 24),
            quarantined: 100,
            quarantine_age: Duration::from_hours(30 * 24),
        }
    }
}

/// One pass over the Functions of the given namespaces, or all. Gives the number of objects removed.
pub(crate) async fn pass(depot: &Depot, namespaces: &[String]) -> std::result::Result<u64, orphans::Error> {
    let stored = orphans::stored(&*depot.store, namespaces).await?;
    let functions: BTreeSet<_> = stored.into_iter().map(|(function, _)| function).collect();
    let mut removed = 0;
    for function in functions {
        match sweep(depot, &function).await {
            Ok(count) => removed += count,
            Err(refusal) => tracing::warn!(
                namespace = function.namespace,
                function = function.name,
                error = refusal.message,
                "what a Function does not need was not removed"
            ),
        }
    }
    depot.metrics.removed.with_label_values(&["retention"]).inc_by(removed);
    Ok(removed)
}

/// Removes what one Function does not need.
pub(crate) async fn sweep(depot: &Depot, function: &FunctionRef) -> Result<u64> {
    let layout = Layout::of(function)?;
    // Mostly there is nothing to remove, and then nothing is written.
    let Some(record) = references::current(&*depot.store, &depot.clock, &layout).await? else {
        return Ok(0);
    };
    if choose(depot, &layout, &record).await?.is_empty() {
        return Ok(0);
    }
    let Some(record) = references::begin_sweep(&*depot.store, &depot.clock, &layout).await? else {
        return Ok(0);
    };
    let removed = remove(depot, &layout, &record).await;
    references::end_sweep(&*depot.store, &layout, &record).await?;
    removed
}

async fn remove(depot: &Depot, layout: &Layout, record: &Record) -> Result<u64> {
    let Some(until) = references::work_until(record) else {
        return Ok(0);
    };
    let mut removed = 0;
    for key in choose(depot, layout, record).await? {
        if depot.clock.now() >= until {
            tracing::debug!("a sweep goes on the next time");
            break;
        }
        depot.store.delete(&key).await?;
        removed += 1;
    }
    Ok(removed)
}

/// What may go by now.
async fn choose(depot: &Depot, layout: &Layout, record: &Record) -> Result<Vec<ObjectKey>> {
    let mut objects = Vec::new();
    for prefix in layout.prefixes() {
        objects.extend(list(&*depot.store, prefix).await?);
    }
    let objects: Vec<_> = objects
        .into_iter()
        .filter_map(|object| Some((Owned::of(layout, &object.key)?, object)))
        .collect();
    let scene = look(depot, layout, record, &objects).await?;
    Ok(plan::surplus(&scene, &objects))
}

/// Reads what the plan needs beside the list.
async fn look<'a>(depot: &'a Depot, layout: &Layout, record: &'a Record, objects: &[(Owned, Summary)]) -> Result<Scene<'a>> {
    let mut scene = Scene {
        now: depot.clock.now(),
        retention: &depot.limits.retention,
        record,
        shelves: BTreeMap::new(),
        entries: BTreeSet::new(),
        results: BTreeMap::new(),
    };
    for (owned, object) in objects {
        match owned {
            Owned::Shelf { subject, rest } if rest == "HEAD" => {
                if let Document::Known(head, _) = documents::read::<Head>(&*depot.store, &object.key).await? {
                    let twice = is_held_twice(depot, layout, *subject, &head).await?;
                    let changed = object.modified;
                    scene.shelves.insert(*subject, plan::Shelf { head, changed, twice });
                }
            }
            Owned::JarRecord { jar } if record.names(jar) => {
                let found: Document<JarRecord> = documents::read(&*depot.store, &object.key).await?;
                scene.entries.extend(found.known().and_then(|record| record.entry));
            }
            Owned::Build { key, rest } if rest == "result.json" && record.names(key) => {
                if let Some(attempt) = committed(depot, layout, key, &object.key).await? {
                    scene.results.insert(key.clone(), attempt);
                }
            }
            _ => {}
        }
    }
    Ok(scene)
}

/// Whether both states that a `HEAD` names are as they were committed.
async fn is_held_twice(depot: &Depot, layout: &Layout, subject: Subject, head: &Head) -> Result<bool> {
    let shelf = layout.shelf(subject)?;
    let Some(previous) = &head.previous else {
        return Ok(false);
    };
    for state in [&head.state, &previous.state] {
        let Ok(key) = shelf.merged_object(&state.name) else {
            return Ok(false);
        };
        if !depot.verifier.holds(&*depot.store, &key, state).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The attempt that made an artifact, if it is there.
async fn committed(depot: &Depot, layout: &Layout, build: &str, result: &ObjectKey) -> Result<Option<String>> {
    let Ok(build) = build.parse::<Sha256Digest>() else {
        return Ok(None);
    };
    let found: Document<BuildRecord> = documents::read(&*depot.store, result).await?;
    let Some(found) = found.known() else { return Ok(None) };
    Ok(builds::is_stored(depot, &layout.build(build)?, &found)
        .await?
        .then_some(found.attempt))
}
