//! Folders without a process, for the tests of what is done with the store. They die as a test says.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use anneal_protocol::facts::Convergence;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    fold::{Death, FoldLimits, Folder, Folders, Merge, Merged, folder::Answer},
    layout::Subject,
    metadata::MetadataMerge,
    profiles::ProfileMerge,
    queue::FoldKey,
};

/// Whether a folder that took `number` uploads in before dies of the next bytes; none: at the end.
type Mortality = Arc<dyn Fn(usize, Option<&[u8]>) -> Option<Death> + Send + Sync>;

/// A folder, its subject and its state.
type Kept = (FoldKey, String, Box<dyn Folder>);

/// Makes folders in this process; keeps one.
pub(crate) struct InProcess {
    limits: FoldLimits,
    kept: Mutex<Option<Kept>>,
    mortality: Mortality,
    /// Folders made.
    pub(super) made: AtomicUsize,
}

impl InProcess {
    pub(super) fn new(limits: &FoldLimits) -> Self {
        Self {
            limits: limits.clone(),
            kept: Mutex::default(),
            mortality: Arc::new(|_, _| None),
            made: AtomicUsize::new(0),
        }
    }

    pub(super) fn dying(mortality: impl Fn(usize, Option<&[u8]>) -> Option<Death> + Send + Sync + 'static) -> Self {
        Self {
            mortality: Arc::new(mortality),
            ..Self::default()
        }
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new(&FoldLimits::default())
    }
}

#[async_trait]
impl Folders for InProcess {
    async fn fresh(&self, key: &FoldKey) -> std::io::Result<Box<dyn Folder>> {
        self.made.fetch_add(1, Ordering::SeqCst);
        let (limits, mortality) = (self.limits.clone(), Arc::clone(&self.mortality));
        Ok(match key.subject {
            Subject::Profile { .. } => Box::new(Local::<ProfileMerge>::new(limits, mortality)),
            Subject::Metadata { .. } => Box::new(Local::<MetadataMerge>::new(limits, mortality)),
        })
    }

    fn kept(&self, key: &FoldKey, state: Option<&str>) -> Option<Box<dyn Folder>> {
        let (kept, name, folder) = self.kept.lock().unwrap().take()?;
        (kept == *key && state == Some(&*name)).then_some(folder)
    }

    fn keep(&self, key: &FoldKey, state: &str, folder: Box<dyn Folder>) {
        *self.kept.lock().unwrap() = Some((key.clone(), state.to_owned(), folder));
    }

    fn expire(&self) {}
}

struct Local<M> {
    merge: M,
    taken: usize,
    limits: FoldLimits,
    mortality: Mortality,
}

impl<M: Merge> Local<M> {
    fn new(limits: FoldLimits, mortality: Mortality) -> Self {
        Self {
            merge: M::default(),
            taken: 0,
            limits,
            mortality,
        }
    }

    fn live(&self, raw: Option<&[u8]>) -> Result<(), Death> {
        (self.mortality)(self.taken, raw).map_or(Ok(()), Err)
    }
}

#[async_trait]
impl<M: Merge> Folder for Local<M>
where
    M: Sync,
{
    async fn begin(&mut self, state: Option<Bytes>) -> Answer<()> {
        self.merge = M::default();
        Ok(match state {
            Some(state) => M::read(&state, &self.limits).map(|merge| self.merge = merge),
            None => Ok(()),
        })
    }

    async fn fold(&mut self, raw: Bytes) -> Answer<Option<Convergence>> {
        self.live(Some(&raw))?;
        let folded = self.merge.fold(&raw, &self.limits);
        self.taken += usize::from(folded.is_ok());
        Ok(folded)
    }

    async fn finish(&mut self) -> Answer<Merged> {
        self.live(None)?;
        Ok(self.merge.finish())
    }

    fn resident(&self) -> u64 {
        0
    }
}
