//! One try to fold: read `HEAD`, take in what is missing, write the objects, swap `HEAD`.

use std::collections::{BTreeMap, BTreeSet};

use anneal_store::{Depth, ETag, ObjectKey, ObjectStore, Prefix, Put, Sha256Digest, Summary};
use bytes::Bytes;
use snafu::ensure;

use super::{
    BATCH, ContendSnafu, Error, FinishSnafu, FoldLimits, GarbleSnafu, Head, Merge, Merged, MergedObject, Outcome, RECENT, Rejection,
    Result, STATE_SUFFIX, quarantine,
};
use crate::{
    documents::{self, Document},
    layout::{Identity, Shelf},
};

/// One try.
pub(super) struct Attempt<'a> {
    pub(super) store: &'a dyn ObjectStore,
    pub(super) shelf: &'a Shelf,
    pub(super) limits: &'a FoldLimits,
    /// Uploads in quarantine at its beginning.
    pub(super) refused: u64,
}

/// Whether the objects that `HEAD` names are there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Condition {
    /// Both.
    Whole,
    /// The state alone: the published form is written again.
    Unpublished,
    /// Not the state: everything is folded again from the raw objects.
    Lost,
}

/// A merge in the making.
struct Work<M> {
    merge: M,
    inputs: BTreeSet<Identity>,
    recent: Vec<anneal_protocol::facts::Convergence>,
    folded: Vec<Identity>,
}

impl Attempt<'_> {
    /// `None`: begin anew.
    pub(super) async fn run<M: Merge>(&mut self, quarantined: &mut u64) -> Result<Option<Outcome>> {
        let (head, etag) = self.head().await?;
        let refused = quarantine::identities(self.store, self.shelf).await?;
        self.refused = refused.len() as u64;
        let mut raws = self.raws().await?;
        for identity in &refused {
            // A crash came between the reason, which commits a quarantine, and this.
            if raws.remove(identity).is_some() {
                quarantine::clear(self.store, self.shelf, identity).await?;
            }
        }
        let condition = self.condition(head.as_ref()).await?;
        let known: BTreeSet<_> = match (&head, condition) {
            (Some(head), Condition::Whole | Condition::Unpublished) => head.inputs.iter().cloned().collect(),
            _ => BTreeSet::new(),
        };
        let pending = raws.keys().filter(|identity| !known.contains(identity)).count();
        if pending == 0 && condition != Condition::Unpublished {
            if condition == Condition::Lost && head.is_some() {
                tracing::warn!(subject = ?self.shelf.subject(), "the merge is lost and no raw object is left to fold again");
            }
            return Ok(Some(Outcome::default()));
        }
        let mut work = match head {
            Some(head) if condition != Condition::Lost => self.resume(head).await?,
            _ => Work::anew(),
        };
        // A merge that is made anew takes everything in at once: HEAD never names less than can be had.
        let limit = if work.inputs.is_empty() { usize::MAX } else { BATCH };
        let batch: Vec<_> = raws.into_keys().filter(|identity| !work.inputs.contains(identity)).collect();
        let more = batch.len() > limit;
        for identity in batch.into_iter().take(limit) {
            match self.take::<M>(work, identity, quarantined).await? {
                Some(next) => work = next,
                None => return Ok(None),
            }
        }
        // Nothing new, and nothing to write again: an empty merge is never committed.
        if work.folded.is_empty() && (work.inputs.is_empty() || condition != Condition::Unpublished) {
            return Ok(Some(Outcome {
                more,
                ..Outcome::default()
            }));
        }
        self.commit(work, etag, more).await
    }

    async fn head(&self) -> Result<(Option<Head>, Option<ETag>)> {
        Ok(match documents::read(self.store, &self.shelf.head()?).await? {
            Document::Known(head, etag) => (Some(head), Some(etag)),
            Document::Missing => (None, None),
            Document::Garbled(etag) => {
                tracing::warn!(subject = ?self.shelf.subject(), "HEAD cannot be read; the merge is made anew");
                (None, Some(etag))
            }
        })
    }

    async fn raws(&self) -> Result<BTreeMap<Identity, Summary>> {
        let objects = list(self.store, &self.shelf.raws()?).await?;
        Ok(objects
            .into_iter()
            .filter_map(|object| Some((self.shelf.identity(object.key.name())?, object)))
            .collect())
    }

    async fn condition(&self, head: Option<&Head>) -> Result<Condition> {
        let Some(head) = head else {
            return Ok(Condition::Lost);
        };
        if !self.holds(&head.state).await? {
            return Ok(Condition::Lost);
        }
        Ok(if self.holds(&head.published).await? {
            Condition::Whole
        } else {
            Condition::Unpublished
        })
    }

    async fn holds(&self, object: &MergedObject) -> Result<bool> {
        let Ok(key) = self.shelf.merged_object(&object.name) else {
            return Ok(false);
        };
        Ok(self
            .store
            .head(&key)
            .await?
            .is_some_and(|found| object.is(found.bytes, found.sha256)))
    }

    /// Continues from a committed merge, or anew if its state is not what was committed.
    async fn resume<M: Merge>(&self, head: Head) -> Result<Work<M>> {
        let Some(object) = self
            .store
            .get(&self.shelf.merged_object(&head.state.name)?, self.limits.state)
            .await?
        else {
            return Ok(Work::anew());
        };
        if !head.state.is(object.body.len() as u64, Some(Sha256Digest::of(&object.body))) {
            return Ok(Work::anew());
        }
        let limits = self.limits.clone();
        let read = tokio::task::spawn_blocking(move || M::read(&object.body, &limits)).await;
        match read {
            Ok(Ok(merge)) => Ok(Work {
                merge,
                inputs: head.inputs.into_iter().collect(),
                recent: head.recent,
                folded: Vec::new(),
            }),
            Ok(Err(rejection)) => {
                tracing::warn!(reason = rejection.reason, "a committed merge cannot be read; it is made anew");
                Ok(Work::anew())
            }
            Err(_) => Ok(Work::anew()),
        }
    }

    /// Takes one upload in, or puts it into quarantine. `None`: the merge is gone, begin anew.
    async fn take<M: Merge>(&self, mut work: Work<M>, identity: Identity, quarantined: &mut u64) -> Result<Option<Work<M>>> {
        let limit = M::raw_limit(self.limits);
        let object = match self.store.get(&self.shelf.raw(&identity)?, limit).await {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(Some(work)),
            Err(anneal_store::Error::ExceedLimit { bytes, .. }) => {
                let rejection = Rejection::new("TooLarge", format!("{bytes} bytes are more than {limit}"));
                quarantine::commit(self.store, self.shelf, &identity, None, &rejection).await?;
                *quarantined += 1;
                return Ok(Some(work));
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(checksum) = object.head.sha256 {
            ensure!(
                checksum == Sha256Digest::of(&object.body),
                GarbleSnafu {
                    name: identity.to_string()
                }
            );
        }
        let (body, limits) = (object.body.clone(), self.limits.clone());
        let folded = tokio::task::spawn_blocking(move || {
            let result = work.merge.fold(&body, &limits);
            (work, result)
        });
        let (rejection, work) = match folded.await {
            Ok((mut work, Ok(convergence))) => {
                work.recent.extend(convergence);
                work.recent.drain(..work.recent.len().saturating_sub(RECENT));
                work.inputs.insert(identity.clone());
                work.folded.push(identity);
                return Ok(Some(work));
            }
            Ok((work, Err(rejection))) => (rejection, Some(work)),
            // The upload found a fault of ours: it must not stop the others.
            Err(_) => (Rejection::new("Fault", "reading it ended in a fault of the depot"), None),
        };
        let keep = self.refused < quarantine::BODIES && *quarantined < quarantine::BODIES;
        tracing::info!(subject = ?self.shelf.subject(), %identity, reason = rejection.reason, "an upload is put into quarantine");
        quarantine::commit(self.store, self.shelf, &identity, Some(object.body).filter(|_| keep), &rejection).await?;
        *quarantined += 1;
        Ok(work)
    }

    async fn commit<M: Merge>(&self, work: Work<M>, etag: Option<ETag>, more: bool) -> Result<Option<Outcome>> {
        let Work {
            merge,
            inputs,
            recent,
            folded,
        } = work;
        let finished = tokio::task::spawn_blocking(move || merge.finish()).await;
        let merged = match finished {
            Ok(Ok(merged)) => merged,
            Ok(Err(rejection)) => {
                return FinishSnafu {
                    message: rejection.message,
                }
                .fail();
            }
            Err(_) => {
                return FinishSnafu {
                    message: "a fault of the depot",
                }
                .fail();
            }
        };
        let Merged {
            digest,
            published,
            state,
            events,
        } = merged;
        let published_object = MergedObject::new(self.shelf.published_name(&digest), &published);
        let state_object = match state {
            Some(state) => {
                let object = MergedObject::new(format!("{}{STATE_SUFFIX}", Sha256Digest::of(&state)), &state);
                self.ensure(&object, state.into()).await?;
                object
            }
            None => published_object.clone(),
        };
        self.ensure(&published_object, published.into()).await?;
        let head = Head {
            digest,
            published: published_object,
            state: state_object,
            inputs: inputs.into_iter().collect(),
            events,
            recent,
        };
        let (key, body) = (self.shelf.head()?, documents::encode(&head));
        let put = match etag {
            Some(etag) => self.store.put_if_match(&key, body.clone(), &etag).await?,
            None => self.store.put_if_absent(&key, body.clone()).await?,
        };
        if put == Put::Conflict {
            // Perhaps our own first try, whose answer was lost.
            let found = self.store.get(&key, body.len() as u64).await;
            if !matches!(found, Ok(Some(object)) if object.body == body) {
                return Ok(None);
            }
        }
        Ok(Some(Outcome {
            folded,
            quarantined: 0,
            head: Some(head),
            more,
        }))
    }

    /// Sees to it that a merged object has exactly these bytes.
    async fn ensure(&self, object: &MergedObject, body: Bytes) -> Result<()> {
        let key = self.shelf.merged_object(&object.name)?;
        if matches!(self.store.put_if_absent(&key, body.clone()).await?, Put::Written(_)) || self.verify(&key, object).await? {
            return Ok(());
        }
        // Overwritten behind our back, or packed by another version.
        self.store.delete(&key).await?;
        let put = self.store.put_if_absent(&key, body).await?;
        ensure!(matches!(put, Put::Written(_)) || self.verify(&key, object).await?, ContendSnafu);
        Ok(())
    }

    async fn verify(&self, key: &ObjectKey, object: &MergedObject) -> Result<bool> {
        let Some(found) = self.store.head(key).await? else {
            return Ok(false);
        };
        if found.bytes != object.bytes {
            return Ok(false);
        }
        let sha256 = match found.sha256 {
            Some(sha256) => Some(sha256),
            None => self.store.hash(key, object.bytes).await?.map(|(_, sha256)| sha256),
        };
        Ok(sha256.is_some_and(|sha256| object.is(found.bytes, Some(sha256))))
    }
}

impl<M: Merge> Work<M> {
    fn anew() -> Self {
        Self {
            merge: M::default(),
            inputs: BTreeSet::new(),
            recent: Vec::new(),
            folded: Vec::new(),
        }
    }
}

/// Everything directly or indirectly below a prefix.
pub(super) async fn list(store: &dyn ObjectStore, prefix: &Prefix) -> Result<Vec<Summary>, Error> {
    let (mut objects, mut from) = (Vec::new(), None);
    loop {
        let page = store.list(prefix, Depth::All, from.as_ref()).await?;
        objects.extend(page.objects);
        from = page.next;
        if from.is_none() {
            return Ok(objects);
        }
    }
}
