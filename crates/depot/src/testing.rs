//! For the tests of the program: folds by its processes, over a store of the test's own.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anneal_protocol::FunctionRef;
use anneal_store::{Clock, ObjectKey, ObjectStore, Sha256Digest};

use crate::{
    documents::{self, Document},
    fold::{Fold, FoldLimits, Head, ProcessSettings, Processes, Reason},
    layout::{Identity, Layout, Shelf, Subject},
    queue::FoldKey,
    refusal::Chain,
    verifier::Verifier,
};

/// The profiles of one build, folded by processes.
pub struct Folding {
    processes: Processes,
    verifier: Verifier,
    key: FoldKey,
    shelf: Shelf,
}

/// How processes are started.
pub struct Program {
    /// The program.
    pub program: PathBuf,
    /// What comes before its flags.
    pub arguments: Vec<OsString>,
    /// Memory of a process in bytes.
    pub memory: u64,
    /// Memory of the kept processes in bytes.
    pub idle_memory: u64,
    /// For one answer.
    pub deadline: Duration,
}

/// What a fold did.
#[derive(Debug, PartialEq)]
pub struct Folded {
    /// Uploads taken in.
    pub folded: usize,
    /// Uploads put into quarantine.
    pub quarantined: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// What is committed.
#[derive(Debug, PartialEq)]
pub struct Committed {
    /// Digest of the merge.
    pub digest: String,
    /// What is in it.
    pub inputs: Vec<String>,
    /// Event mass.
    pub events: u64,
}

impl Folding {
    /// Folds with this program.
    pub fn new(program: Program) -> Option<Self> {
        let function = FunctionRef {
            namespace: "shop".to_owned(),
            name: "hello".to_owned(),
            uid: "uid".to_owned(),
        };
        let subject = Subject::Profile {
            build: Sha256Digest::of(b"build"),
        };
        let shelf = Layout::of(&function).and_then(|layout| layout.shelf(subject)).ok()?;
        let processes = Processes::new(ProcessSettings {
            program: program.program,
            arguments: program.arguments,
            memory: program.memory,
            idle_memory: program.idle_memory,
            deadline: program.deadline,
            limits: FoldLimits::default(),
        });
        Some(Self {
            processes,
            verifier: Verifier::default(),
            key: FoldKey { function, subject },
            shelf,
        })
    }

    /// Where a window of a pod is uploaded.
    pub fn upload(&self, pod: &str) -> Option<ObjectKey> {
        self.shelf.raw(&Identity::new(pod, 0)).ok()
    }

    /// Folds once, or says why not.
    pub async fn fold(&self, store: &dyn ObjectStore) -> Result<Folded, String> {
        let fold = Fold {
            store,
            verifier: &self.verifier,
            folders: &self.processes,
            clock: &Clock::system(),
            limits: &FoldLimits::default(),
            key: &self.key,
            shelf: &self.shelf,
        };
        let outcome = fold.run().await.map_err(|error| Chain(&error).to_string())?;
        Ok(Folded {
            folded: outcome.folded.len(),
            quarantined: outcome.quarantined,
            more: outcome.more,
        })
    }

    /// What is committed by now.
    pub async fn committed(&self, store: &dyn ObjectStore) -> Option<Committed> {
        let head: Document<Head> = documents::read(store, &self.shelf.head().ok()?).await.ok()?;
        let head = head.known()?;
        Some(Committed {
            digest: head.digest,
            inputs: head.inputs.iter().map(ToString::to_string).collect(),
            events: head.events,
        })
    }

    /// Why a pod's upload is in quarantine: a word and a sentence.
    pub async fn refusal(&self, store: &dyn ObjectStore, pod: &str) -> Option<(String, String)> {
        let key = self.shelf.quarantined_reason(&Identity::new(pod, 0)).ok()?;
        let reason: Document<Reason> = documents::read(store, &key).await.ok()?;
        reason.known().map(|reason| (reason.word, reason.message))
    }

    /// Processes that wait for the next upload.
    pub fn kept(&self) -> usize {
        self.processes.count()
    }
}
