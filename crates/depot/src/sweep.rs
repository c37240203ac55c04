//! Finds what was stored and not folded: uploads that nobody confirmed, folds that a crash cut, merged objects that are gone.
//!
//! One pass lists everything below `profiles/` and `functions/`, in the order of keys, and holds one subject at a time. A
//! `HEAD` is read again, and what it names is looked at again, only when its tag has changed.

use std::collections::{HashMap, HashSet};

use anneal_store::{Depth, ETag, ObjectStore, Prefix, Summary};

use crate::{
    documents::{self, Document},
    fold::{Head, MergedObject},
    layout::{Identity, Layout, Place, Shelf},
    queue::{FoldKey, FoldQueue},
    verifier::Verifier,
};

/// What is swept for folds.
const ROOTS: [&str; 2] = ["profiles", "functions"];

/// What is known of a `HEAD`.
struct Known {
    etag: Option<ETag>,
    inputs: HashSet<Identity>,
    /// What it names, with the tag under which it was as committed.
    objects: Vec<(MergedObject, Option<ETag>)>,
}

/// What is asked in a pass.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) store: &'a dyn ObjectStore,
    pub(crate) verifier: &'a Verifier,
    pub(crate) queue: &'a FoldQueue,
}

/// Sweeps again and again; remembers what does not change.
#[derive(Default)]
pub(crate) struct Sweep {
    known: HashMap<FoldKey, Known>,
}

/// The objects of one subject, as listed.
struct Group {
    key: FoldKey,
    shelf: Shelf,
    raws: Vec<Identity>,
    /// Size and tag by name.
    merged: HashMap<String, (u64, Option<ETag>)>,
    head: Option<Summary>,
}

impl Sweep {
    /// One pass. Gives the number of subjects that need a fold.
    pub(crate) async fn pass(&mut self, sources: Sources<'_>) -> anneal_store::Result<u64> {
        let (mut found, mut seen) = (0, HashSet::new());
        for root in ROOTS {
            let Ok(prefix) = root.parse::<Prefix>() else {
                continue;
            };
            let (mut group, mut from): (Option<Group>, _) = (None, None);
            loop {
                let page = sources.store.list(&prefix, Depth::All, from.as_ref()).await?;
                for object in page.objects {
                    let Some(place) = Place::of(&object.key) else {
                        continue;
                    };
                    let key = FoldKey {
                        function: place.function,
                        subject: place.subject,
                    };
                    if group.as_ref().is_none_or(|group| group.key != key) {
                        found += self.judge(sources, group.take(), &mut seen).await?;
                        group = Group::new(key);
                    }
                    if let Some(group) = &mut group {
                        group.add(&place.rest, object);
                    }
                }
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            found += self.judge(sources, group, &mut seen).await?;
        }
        self.known.retain(|key, _| seen.contains(key));
        Ok(found)
    }

    async fn judge(&mut self, sources: Sources<'_>, group: Option<Group>, seen: &mut HashSet<FoldKey>) -> anneal_store::Result<u64> {
        let Some(group) = group else { return Ok(0) };
        seen.insert(group.key.clone());
        let needed = match &group.head {
            None => !group.raws.is_empty(),
            Some(head) => {
                let known = match self.known.remove(&group.key) {
                    Some(known) if known.etag.is_some() && known.etag == head.etag => known,
                    _ => read(sources.store, &group, head).await?,
                };
                let known = self.known.entry(group.key.clone()).insert_entry(known).into_mut();
                group.has_unfolded(known) || group.is_damaged(sources, known).await?
            }
        };
        if needed {
            sources.queue.notify(group.key);
        }
        Ok(u64::from(needed))
    }
}

async fn read(store: &dyn ObjectStore, group: &Group, listed: &Summary) -> anneal_store::Result<Known> {
    let document: Document<Head> = documents::read(store, &listed.key).await?;
    Ok(match document {
        Document::Known(head, etag) => Known {
            etag: Some(etag),
            objects: vec![(head.state, None), (head.published, None)],
            inputs: head.inputs.into_iter().collect(),
        },
        // Nothing is known to be folded: every raw object asks for a fold.
        Document::Missing | Document::Garbled(_) => {
            tracing::debug!(subject = ?group.shelf.subject(), "HEAD cannot be read");
            Known {
                etag: None,
                inputs: HashSet::new(),
                objects: Vec::new(),
            }
        }
    })
}

impl Group {
    fn new(key: FoldKey) -> Option<Self> {
        let shelf = Layout::of(&key.function).and_then(|layout| layout.shelf(key.subject)).ok()?;
        Some(Self {
            key,
            shelf,
            raws: Vec::new(),
            merged: HashMap::new(),
            head: None,
        })
    }

    fn add(&mut self, rest: &str, object: Summary) {
        match rest.split_once('/') {
            None if rest == "HEAD" => self.head = Some(object),
            Some(("raw", name)) => self.raws.extend(self.shelf.identity(name)),
            Some(("merged", name)) => {
                self.merged.insert(name.to_owned(), (object.bytes, object.etag));
            }
            _ => {}
        }
    }

    fn has_unfolded(&self, known: &Known) -> bool {
        self.raws.iter().any(|identity| !known.inputs.contains(identity))
    }

    /// Whether something that `HEAD` names is gone or has other bytes. Without raw objects there is nothing that it could be
    /// made of again, but its published form perhaps of its state.
    async fn is_damaged(&self, sources: Sources<'_>, known: &mut Known) -> anneal_store::Result<bool> {
        for (object, seen) in &mut known.objects {
            let Some((bytes, etag)) = self.merged.get(&object.name) else {
                return Ok(true);
            };
            if *bytes == object.bytes && etag.is_some() && etag == seen {
                continue;
            }
            let Ok(key) = self.shelf.merged_object(&object.name) else {
                return Ok(true);
            };
            if !sources.verifier.holds(sources.store, &key, object).await? {
                return Ok(true);
            }
            seen.clone_from(etag);
        }
        Ok(false)
    }
}
