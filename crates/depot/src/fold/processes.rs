//! The processes that fold: how one is started, and which are kept.
//!
//! A process is kept after a commit, so that the next upload to its subject costs that upload and not the reading of the
//! whole merge. Kept ones only wait: their memory is what they hold, and its sum is bounded.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{FoldLimits, Folder, Folders, process::Process};
use crate::queue::FoldKey;

/// Processes that are kept at most.
const KEPT: usize = 16;
/// A process that waited for so long is ended.
const IDLE: Duration = Duration::from_mins(5);

/// How processes that fold are started and kept.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSettings {
    /// The program.
    pub(crate) program: PathBuf,
    /// What comes before the flags of [`super::FoldArgs`].
    pub(crate) arguments: Vec<OsString>,
    /// Memory of one process beside the program's own, in bytes.
    pub(crate) memory: u64,
    /// Memory of all kept processes, in bytes.
    pub(crate) idle_memory: u64,
    /// For one answer.
    pub(crate) deadline: Duration,
    /// Bounds of what is folded.
    pub(crate) limits: FoldLimits,
}

/// Starts processes, and keeps some.
pub(crate) struct Processes {
    settings: ProcessSettings,
    /// The longest kept first.
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    key: FoldKey,
    state: String,
    folder: Box<dyn Folder>,
    bytes: u64,
    since: Instant,
}

impl Processes {
    pub(crate) fn new(settings: ProcessSettings) -> Self {
        Self {
            settings,
            kept: Mutex::default(),
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing in here panics between two changes.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are kept.
    #[cfg(feature = "testing")]
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }
}

#[async_trait]
impl Folders for Processes {
    async fn fresh(&self, key: &FoldKey) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(Process::start(&self.settings, key.subject)?))
    }

    fn kept(&self, key: &FoldKey, state: Option<&str>) -> Option<Box<dyn Folder>> {
        let mut all = self.all();
        let index = all.iter().position(|kept| kept.key == *key)?;
        let kept = all.remove(index);
        state.filter(|state| kept.state == *state).map(|_| kept.folder)
    }

    fn keep(&self, key: &FoldKey, state: &str, folder: Box<dyn Folder>) {
        let bytes = folder.resident();
        let mut all = self.all();
        all.retain(|kept| kept.key != *key);
        all.push(Kept {
            key: key.clone(),
            state: state.to_owned(),
            folder,
            bytes,
            since: Instant::now(),
        });
        let fits = |kept: &[Kept]| {
            let sum = kept.iter().fold(0_u64, |sum, kept| sum.saturating_add(kept.bytes));
            kept.len() <= KEPT && sum <= self.settings.idle_memory
        };
        while !fits(&all) {
            all.remove(0);
        }
    }

    fn expire(&self) {
        self.all().retain(|kept| kept.since.elapsed() < IDLE);
    }
}
