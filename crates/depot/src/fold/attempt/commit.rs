//! The end of a try: the merged objects are written, then the `HEAD` that names them.

use std::collections::BTreeSet;

use anneal_store::{ETag, ObjectKey, Put, Sha256Digest};
use bytes::Bytes;
use snafu::ensure;

use super::{Attempt, Base, Step, Work};
use crate::{
    documents,
    fold::{ContendSnafu, FinishSnafu, Fold, Head, Merged, MergedObject, Outcome, Previous, Rejection, Result, STATE_SUFFIX},
    layout::Identity,
    retention::AGE,
};

impl Attempt<'_> {
    pub(super) async fn commit(&self, mut work: Work, etag: Option<ETag>, more: bool, quarantined: &mut u64) -> Result<Step> {
        let Fold { store, shelf, .. } = self.fold;
        let Merged {
            digest,
            published,
            state,
            events,
        } = match work.folder.finish().await {
            Ok(Ok(merged)) => merged,
            Ok(Err(rejection)) => return self.unfinished(work, rejection, quarantined).await,
            Err(death) => return self.unfinished(work, death.rejection(), quarantined).await,
        };
        let published_object = MergedObject::new(shelf.published_name(&digest), &published);
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
            previous: Previous::of(work.base, &state_object, &work.inputs),
            published: published_object,
            state: state_object,
            inputs: work.inputs.into_iter().collect(),
            events,
            recent: work.recent,
        };
        let (key, body) = (shelf.head()?, documents::encode(&head));
        let put = match etag {
            Some(etag) => store.put_if_match(&key, body.clone(), &etag).await?,
            None => store.put_if_absent(&key, body.clone()).await?,
        };
        if put == Put::Conflict {
            // Perhaps our own first try, whose answer was lost.
            let found = store.get(&key, body.len() as u64).await;
            if !matches!(found, Ok(Some(object)) if object.body == body) {
                return Ok(Step::Contended);
            }
        }
        self.fold.folders.keep(self.fold.key, &head.state.name, work.folder);
        Ok(Step::Done(Box::new(Outcome {
            folded: work.folded,
            quarantined: 0,
            head: Some(head),
            more,
        })))
    }

    /// The merge with what was taken in cannot be written: one of the uploads makes it too large.
    async fn unfinished(&self, work: Work, rejection: Rejection, quarantined: &mut u64) -> Result<Step> {
        match work.folded.into_iter().next() {
            Some(first) => self.condemn(first, work.body, rejection, quarantined).await,
            None => FinishSnafu {
                message: rejection.message,
            }
            .fail(),
        }
    }

    /// Sees to it that a merged object has exactly these bytes.
    async fn ensure(&self, object: &MergedObject, body: Bytes) -> Result<()> {
        let Fold { store, shelf, .. } = self.fold;
        let key = shelf.merged_object(&object.name)?;
        if matches!(store.put_if_absent(&key, body.clone()).await?, Put::Written(_)) {
            return Ok(());
        }
        if self.holds(object).await? {
            return self.renew(&key, body).await;
        }
        // Overwritten behind our back, or packed by another version.
        store.delete(&key).await?;
        let put = store.put_if_absent(&key, body).await?;
        ensure!(matches!(put, Put::Written(_)) || self.holds(object).await?, ContendSnafu);
        Ok(())
    }

    /// Makes an object young that an earlier merge left: no sweep takes it before `HEAD` names it.
    async fn renew(&self, key: &ObjectKey, body: Bytes) -> Result<()> {
        let Fold { store, clock, .. } = self.fold;
        if let Some(found) = store.head(key).await?.filter(|found| found.modified + AGE / 2 < clock.now()) {
            store.put_if_match(key, body, &found.etag).await?;
        }
        Ok(())
    }
}

impl Previous {
    /// The state that a commit of `state` with these inputs has behind it.
    fn of(base: Option<Base>, state: &MergedObject, inputs: &BTreeSet<Identity>) -> Option<Self> {
        let base = base?;
        let mut without: BTreeSet<_> = inputs.difference(&base.inputs).cloned().collect();
        if base.state != *state {
            return Some(Self {
                state: base.state,
                without: without.into_iter().collect(),
            });
        }
        // The bytes did not change, and one object is one copy: the state behind it stays.
        let earlier = base.earlier?;
        without.extend(earlier.without);
        Some(Self {
            state: earlier.state,
            without: without.into_iter().collect(),
        })
    }
}
