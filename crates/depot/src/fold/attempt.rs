//! One try to fold: read `HEAD`, take in what is missing, write the objects, swap `HEAD`.

mod commit;

use std::collections::{BTreeMap, BTreeSet};

use anneal_protocol::facts::Convergence;
use anneal_store::{Depth, ETag, ObjectStore, Prefix, Sha256Digest, Summary};
use bytes::Bytes;
use snafu::{ResultExt, ensure};

use super::{
    BATCH, EndSnafu, Fold, Folder, GarbleSnafu, Head, MergedObject, Outcome, OutgrowSnafu, Previous, RECENT, Rejection, Result, StartSnafu,
    quarantine,
};
use crate::{
    documents::{self, Document},
    layout::Identity,
};

/// One try.
pub(super) struct Attempt<'a> {
    fold: &'a Fold<'a>,
    /// The upload at which a folder ended: taken in alone, in a fresh folder, and put into quarantine if that ends too.
    suspect: Option<Identity>,
    /// Uploads in quarantine at its beginning.
    refused: u64,
}

/// How a try ended.
pub(super) enum Step {
    /// It did what it could.
    Done(Box<Outcome>),
    /// Somebody else changed something.
    Contended,
    /// A folder ended, perhaps of this upload.
    Died(Identity),
}

/// A committed state that is there.
struct Base {
    state: MergedObject,
    inputs: BTreeSet<Identity>,
    recent: Vec<Convergence>,
    /// The state before it.
    earlier: Option<Previous>,
}

/// What is left of what `HEAD` names.
struct Found {
    /// Its state, or the one before: everything else is folded again from the raw objects.
    base: Option<Base>,
    /// Whether the published form is there.
    published: bool,
}

/// A merge in the making.
struct Work {
    folder: Box<dyn Folder>,
    base: Option<Base>,
    inputs: BTreeSet<Identity>,
    recent: Vec<Convergence>,
    folded: Vec<Identity>,
    /// The bytes of a suspect.
    body: Option<Bytes>,
}

impl<'a> Attempt<'a> {
    pub(super) const fn new(fold: &'a Fold<'a>, suspect: Option<Identity>) -> Self {
        Self { fold, suspect, refused: 0 }
    }

    pub(super) async fn run(&mut self, quarantined: &mut u64) -> Result<Step> {
        let (head, etag) = self.head().await?;
        let raws = self.raws().await?;
        let found = self.look(head.as_ref()).await?;
        let known = |identity: &Identity| found.base.as_ref().is_some_and(|base| base.inputs.contains(identity));
        let pending: Vec<_> = raws.into_keys().filter(|identity| !known(identity)).collect();
        let restores = found.base.is_some() && !found.published;
        if pending.is_empty() && !restores {
            if head.is_some() && found.base.is_none() {
                tracing::warn!(subject = ?self.fold.key.subject, "the merge is lost and no raw object is left to fold again");
            }
            return Ok(Step::Done(Box::default()));
        }
        let committed: BTreeSet<_> = head.as_ref().map(|head| head.inputs.iter().cloned().collect()).unwrap_or_default();
        let mut work = match self.start(found.base).await? {
            Ok(work) => work,
            Err(step) => return Ok(step),
        };
        let (batch, more) = self.batch(pending, &committed, &work);
        for identity in batch {
            let is_committed = committed.contains(&identity);
            if let Some(step) = self.take(&mut work, identity, is_committed, quarantined).await? {
                return Ok(step);
            }
        }
        // Nothing new, and nothing to write again: an empty merge is never committed.
        if work.folded.is_empty() && !restores {
            if let Some(base) = &work.base {
                self.fold.folders.keep(self.fold.key, &base.state.name, work.folder);
            }
            return Ok(Step::Done(Box::new(Outcome {
                more,
                ..Outcome::default()
            })));
        }
        self.commit(work, etag, more, quarantined).await
    }

    /// What is taken in now, and whether something is left for later.
    fn batch(&self, mut pending: Vec<Identity>, committed: &BTreeSet<Identity>, work: &Work) -> (Vec<Identity>, bool) {
        pending.retain(|identity| !work.inputs.contains(identity));
        if let Some(suspect) = self.suspect.as_ref().filter(|suspect| pending.contains(suspect)) {
            return (vec![suspect.clone()], pending.len() > 1);
        }
        // What was committed comes first and at once, and a merge that is made anew takes everything: HEAD names what can be had.
        pending.sort_by_key(|identity| !committed.contains(identity));
        let again = pending.iter().filter(|identity| committed.contains(identity)).count();
        let limit = if work.inputs.is_empty() { usize::MAX } else { BATCH.max(again) };
        let more = pending.len() > limit;
        pending.truncate(limit);
        (pending, more)
    }

    async fn head(&self) -> Result<(Option<Head>, Option<ETag>)> {
        let Fold { store, shelf, .. } = self.fold;
        Ok(match documents::read(*store, &shelf.head()?).await? {
            Document::Known(head, etag) => (Some(head), Some(etag)),
            Document::Missing => (None, None),
            Document::Garbled(etag) => {
                tracing::warn!(subject = ?shelf.subject(), "HEAD cannot be read; the merge is made anew");
                (None, Some(etag))
            }
        })
    }

    /// Raw objects that are not in quarantine.
    async fn raws(&mut self) -> Result<BTreeMap<Identity, Summary>> {
        let Fold { store, shelf, .. } = self.fold;
        let refused = quarantine::identities(*store, shelf).await?;
        self.refused = refused.len() as u64;
        let objects = list(*store, &shelf.raws()?).await?;
        let mut raws: BTreeMap<_, _> = objects
            .into_iter()
            .filter_map(|object| Some((shelf.identity(object.key.name())?, object)))
            .collect();
        for identity in &refused {
            // A crash came between the reason, which commits a quarantine, and this.
            if raws.remove(identity).is_some() {
                quarantine::clear(*store, shelf, identity).await?;
            }
        }
        Ok(raws)
    }

    async fn look(&self, head: Option<&Head>) -> Result<Found> {
        let Some(head) = head else {
            return Ok(Found {
                base: None,
                published: false,
            });
        };
        let inputs = || head.inputs.iter().cloned();
        let base = if self.holds(&head.state).await? {
            Some(Base {
                state: head.state.clone(),
                inputs: inputs().collect(),
                recent: head.recent.clone(),
                earlier: head.previous.clone(),
            })
        } else {
            tracing::warn!(subject = ?self.fold.key.subject, "the state of the merge is lost");
            match &head.previous {
                Some(previous) if self.holds(&previous.state).await? => Some(Base {
                    state: previous.state.clone(),
                    inputs: inputs().filter(|input| !previous.without.contains(input)).collect(),
                    recent: head.recent[..head.recent.len().saturating_sub(previous.without.len())].to_vec(),
                    earlier: None,
                }),
                _ => None,
            }
        };
        Ok(Found {
            base,
            published: self.holds(&head.published).await?,
        })
    }

    async fn holds(&self, object: &MergedObject) -> Result<bool> {
        let Fold {
            store, shelf, verifier, ..
        } = self.fold;
        let Ok(key) = shelf.merged_object(&object.name) else {
            return Ok(false);
        };
        Ok(verifier.holds(*store, &key, object).await?)
    }

    /// Continues from a committed state, or anew if there is none that can be read.
    async fn start(&self, base: Option<Base>) -> Result<Result<Work, Step>> {
        let Fold {
            store,
            shelf,
            folders,
            key,
            limits,
            ..
        } = self.fold;
        // A suspect is tried in a folder that has done nothing yet.
        let wanted = base.as_ref().filter(|_| self.suspect.is_none());
        if let Some(folder) = folders.kept(key, wanted.map(|base| base.state.name.as_str())) {
            return Ok(Ok(Work::new(folder, base)));
        }
        let mut folder = folders.fresh(key).await.context(StartSnafu)?;
        if let Some(base) = base {
            let object = store.get(&shelf.merged_object(&base.state.name)?, limits.state).await?;
            let Some(object) = object.filter(|object| base.state.is(&object.body)) else {
                return Ok(Err(Step::Contended));
            };
            match folder.begin(Some(object.body)).await {
                Ok(Ok(())) => return Ok(Ok(Work::new(folder, Some(base)))),
                Ok(Err(rejection)) => tracing::warn!(reason = rejection.reason, "a committed merge cannot be read; it is made anew"),
                Err(death) => return OutgrowSnafu { death }.fail(),
            }
        }
        match folder.begin(None).await {
            Err(death) => EndSnafu { death }.fail(),
            // There is nothing that could be refused.
            Ok(_) => Ok(Ok(Work::new(folder, None))),
        }
    }

    /// Takes one upload in, or puts it into quarantine. Tells if the try ends here.
    async fn take(&self, work: &mut Work, identity: Identity, is_committed: bool, quarantined: &mut u64) -> Result<Option<Step>> {
        let Fold { store, shelf, limits, .. } = self.fold;
        let limit = limits.upload(shelf.subject());
        let object = match store.get(&shelf.raw(&identity)?, limit).await {
            Ok(Some(object)) => object,
            // Removed since it was listed: by whoever has it in a commit that is not the one looked at here.
            Ok(None) if is_committed => return Ok(Some(Step::Contended)),
            Ok(None) => return Ok(None),
            Err(anneal_store::Error::ExceedLimit { bytes, .. }) => {
                let rejection = Rejection::new("TooLarge", format!("{bytes} bytes are more than {limit}"));
                self.refuse(&identity, None, &rejection, quarantined).await?;
                return Ok(None);
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
        match work.folder.fold(object.body.clone()).await {
            Ok(Ok(convergence)) => {
                work.add(identity, convergence);
                work.body = self.suspect.as_ref().map(|_| object.body);
                Ok(None)
            }
            Ok(Err(rejection)) => {
                self.refuse(&identity, Some(object.body), &rejection, quarantined).await?;
                Ok(None)
            }
            Err(death) => self
                .condemn(identity, Some(object.body), death.rejection(), quarantined)
                .await
                .map(Some),
        }
    }

    /// A folder ended: the upload is suspected, and put into quarantine if it was.
    async fn condemn(&self, identity: Identity, body: Option<Bytes>, rejection: Rejection, quarantined: &mut u64) -> Result<Step> {
        if self.suspect.as_ref() != Some(&identity) {
            tracing::info!(subject = ?self.fold.key.subject, %identity, reason = rejection.reason, "an upload is tried again, alone");
            return Ok(Step::Died(identity));
        }
        self.refuse(&identity, body, &rejection, quarantined).await?;
        // Others' subjects have their turn before the next one of this kind.
        Ok(Step::Done(Box::new(Outcome {
            more: true,
            ..Outcome::default()
        })))
    }

    async fn refuse(&self, identity: &Identity, body: Option<Bytes>, rejection: &Rejection, quarantined: &mut u64) -> Result<()> {
        let Fold { store, shelf, .. } = self.fold;
        let keep = self.refused < quarantine::BODIES && *quarantined < quarantine::BODIES;
        tracing::info!(subject = ?shelf.subject(), %identity, reason = rejection.reason, "an upload is put into quarantine");
        quarantine::commit(*store, shelf, identity, body.filter(|_| keep), rejection).await?;
        *quarantined += 1;
        Ok(())
    }
}

impl Work {
    fn new(folder: Box<dyn Folder>, base: Option<Base>) -> Self {
        Self {
            folder,
            inputs: base.as_ref().map(|base| base.inputs.clone()).unwrap_or_default(),
            recent: base.as_ref().map(|base| base.recent.clone()).unwrap_or_default(),
            base,
            folded: Vec::new(),
            body: None,
        }
    }

    fn add(&mut self, identity: Identity, convergence: Option<Convergence>) {
        self.recent.extend(convergence);
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        self.inputs.insert(identity.clone());
        self.folded.push(identity);
    }
}

/// Everything directly or indirectly below a prefix.
pub(crate) async fn list(store: &dyn ObjectStore, prefix: &Prefix) -> anneal_store::Result<Vec<Summary>> {
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
