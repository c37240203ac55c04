//! Finds what was stored and not folded: uploads that nobody confirmed, folds that a crash cut, merged objects that are gone.
//!
//! One pass lists everything below `profiles/` and `functions/`, in the order of keys, and holds one subject at a time. A
//! `HEAD` is read again only when its tag has changed.

use std::collections::{HashMap, HashSet};

use anneal_store::{Depth, ETag, ObjectStore, Prefix, Summary};

use crate::{
    documents::{self, Document},
    fold::Head,
    layout::{Identity, Layout, Place, Shelf},
    queue::{FoldKey, FoldQueue},
};

/// What is swept for folds.
const ROOTS: [&str; 2] = ["profiles", "functions"];

/// What is known of a `HEAD`.
struct Known {
    etag: Option<ETag>,
    inputs: HashSet<Identity>,
    /// Name and size of what it names.
    objects: Vec<(String, u64)>,
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
    merged: HashMap<String, u64>,
    head: Option<Summary>,
}

impl Sweep {
    /// One pass. Gives the number of subjects that need a fold.
    pub(crate) async fn pass(&mut self, store: &dyn ObjectStore, queue: &FoldQueue) -> anneal_store::Result<u64> {
        let (mut found, mut seen) = (0, HashSet::new());
        for root in ROOTS {
            let Ok(prefix) = root.parse::<Prefix>() else {
                continue;
            };
            let (mut group, mut from): (Option<Group>, _) = (None, None);
            loop {
                let page = store.list(&prefix, Depth::All, from.as_ref()).await?;
                for object in page.objects {
                    let Some(place) = Place::of(&object.key) else {
                        continue;
                    };
                    let key = FoldKey {
                        function: place.function,
                        subject: place.subject,
                    };
                    if group.as_ref().is_none_or(|group| group.key != key) {
                        found += self.judge(store, queue, group.take(), &mut seen).await?;
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
            found += self.judge(store, queue, group, &mut seen).await?;
        }
        self.known.retain(|key, _| seen.contains(key));
        Ok(found)
    }

    async fn judge(
        &mut self,
        store: &dyn ObjectStore,
        queue: &FoldQueue,
        group: Option<Group>,
        seen: &mut HashSet<FoldKey>,
    ) -> anneal_store::Result<u64> {
        let Some(group) = group else { return Ok(0) };
        seen.insert(group.key.clone());
        let needed = match &group.head {
            None => !group.raws.is_empty(),
            Some(head) => {
                let unchanged = self
                    .known
                    .get(&group.key)
                    .is_some_and(|known| known.etag.is_some() && known.etag == head.etag);
                if !unchanged {
                    let known = read(store, &group, head).await?;
                    self.known.insert(group.key.clone(), known);
                }
                self.known.get(&group.key).is_none_or(|known| group.needs_fold(known))
            }
        };
        if needed {
            queue.notify(group.key);
        }
        Ok(u64::from(needed))
    }
}

async fn read(store: &dyn ObjectStore, group: &Group, listed: &Summary) -> anneal_store::Result<Known> {
    let document: Document<Head> = documents::read(store, &listed.key).await?;
    Ok(match document {
        Document::Known(head, etag) => Known {
            etag: Some(etag),
            objects: vec![(head.state.name, head.state.bytes), (head.published.name, head.published.bytes)],
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
                self.merged.insert(name.to_owned(), object.bytes);
            }
            _ => {}
        }
    }

    fn needs_fold(&self, known: &Known) -> bool {
        let unfolded = self.raws.iter().any(|identity| !known.inputs.contains(identity));
        let damaged = known.objects.iter().any(|(name, bytes)| self.merged.get(name) != Some(bytes));
        // Without raw objects there is nothing that a damaged merge could be made of, but its published form perhaps of its state.
        unfolded || damaged
    }
}
