//! Folding: what pods have stored becomes one merged object, named by a `HEAD` that is compared and swapped.
//!
//! The same for profiles and metadata. An identity counts once: it is in `HEAD`'s inputs or not. Merged objects are named
//! by their content and written before the `HEAD` that names them; whoever loses the swap starts anew. So a crash after any
//! operation leaves the old merge or the new one, and running again ends in the same bytes.
//!
//! What tenants sent is read in a process of its own ([`folder`]), which may die of it. An upload at which that happens is
//! tried once more, alone and in a fresh process, and goes to quarantine if that dies too.

mod attempt;
mod child;
mod folder;
mod process;
mod processes;
mod quarantine;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

use anneal_protocol::facts::Convergence;
use anneal_store::{Clock, InvalidKey, ObjectStore, Sha256Digest};
use serde::{Deserialize, Serialize};
use snafu::Snafu;

use self::attempt::{Attempt, Step};
pub use self::child::{FoldArgs, fold as fold_process};
pub(crate) use self::{
    attempt::list,
    folder::{Death, Folder, Folders},
    processes::{ProcessSettings, Processes},
    quarantine::{Reason, reasons},
};
use crate::{
    layout::{Identity, Shelf, Subject},
    queue::FoldKey,
    verifier::Verifier,
};

/// Times that a lost swap is tried again before the next sweep.
const ATTEMPTS: usize = 8;
/// Uploads that one `HEAD` takes in at once: what a crash costs.
const BATCH: usize = 32;
/// Figures that `HEAD` remembers.
const RECENT: usize = 16;

/// Result of this module.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Bounds of what is folded, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct FoldLimits {
    /// A profile as stored.
    pub(crate) raw: u64,
    /// A profile after decompression.
    pub(crate) inflated: u64,
    /// Metadata of one pod.
    pub(crate) metadata: u64,
    /// The merge, as stored.
    pub(crate) state: u64,
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            raw: 32 << 20,
            inflated: 256 << 20,
            metadata: 16 << 20,
            state: 48 << 20,
        }
    }
}

impl FoldLimits {
    /// The largest upload to a subject.
    pub(crate) const fn upload(&self, subject: Subject) -> u64 {
        match subject {
            Subject::Profile { .. } => self.raw,
            Subject::Metadata { .. } => self.metadata,
        }
    }
}

/// How uploads of one kind are merged. Called in a process of its own.
pub(crate) trait Merge: Default + Send + 'static {
    /// Continues from what [`Merge::finish`] gave as state.
    fn read(state: &[u8], limits: &FoldLimits) -> std::result::Result<Self, Rejection>;
    /// Takes one upload in. Nothing changes if it is refused.
    fn fold(&mut self, raw: &[u8], limits: &FoldLimits) -> std::result::Result<Option<Convergence>, Rejection>;
    /// What is stored.
    fn finish(&self) -> std::result::Result<Merged, Rejection>;
    /// The largest upload.
    fn raw_limit(limits: &FoldLimits) -> u64;
}

/// A merge as it is stored.
#[derive(Debug)]
pub(crate) struct Merged {
    /// Digest of the canonical bytes: the merge's identity.
    pub(crate) digest: String,
    /// What others read.
    pub(crate) published: Vec<u8>,
    /// What the next fold continues from; absent: what others read.
    pub(crate) state: Option<Vec<u8>>,
    /// Event mass.
    pub(crate) events: u64,
}

/// Why an upload is not taken in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Rejection {
    /// One CamelCase word of a closed set.
    pub(crate) reason: String,
    /// A sentence for people, bounded.
    pub(crate) message: String,
}

impl Rejection {
    pub(crate) fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            reason: reason.into(),
            message: message.chars().take(300).collect(),
        }
    }
}

/// The commit of a merge.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    /// Digest of the canonical bytes.
    pub(crate) digest: String,
    /// What others read.
    pub(crate) published: MergedObject,
    /// What the next fold continues from.
    pub(crate) state: MergedObject,
    /// What is in it, sorted.
    pub(crate) inputs: Vec<Identity>,
    /// Event mass.
    pub(crate) events: u64,
    /// Convergence of the last inputs, the newest last.
    pub(crate) recent: Vec<Convergence>,
    /// The state before this one, from which the merge is made again if this one is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Previous>,
}

impl Head {
    /// What two committed states hold. Raw objects of others are never removed: they may be needed again.
    pub(crate) fn held_twice(&self) -> impl Iterator<Item = &Identity> {
        let previous = self.previous.as_ref();
        self.inputs
            .iter()
            .filter(move |input| previous.is_some_and(|previous| !previous.without.contains(input)))
    }
}

/// An earlier state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Previous {
    /// The object.
    pub(crate) state: MergedObject,
    /// The inputs of `HEAD` that are not in it, sorted.
    pub(crate) without: Vec<Identity>,
}

/// A merged object's name and checksum.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct MergedObject {
    /// Name below `merged/`.
    pub(crate) name: String,
    /// Size.
    pub(crate) bytes: u64,
    /// Checksum, hex.
    pub(crate) sha256: String,
}

impl MergedObject {
    pub(crate) fn new(name: String, body: &[u8]) -> Self {
        Self {
            name,
            bytes: body.len() as u64,
            sha256: Sha256Digest::of(body).to_string(),
        }
    }

    /// Whether these bytes are it.
    fn is(&self, body: &[u8]) -> bool {
        self.bytes == body.len() as u64 && self.sha256 == Sha256Digest::of(body).to_string()
    }
}

/// What a fold did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Taken in by this fold.
    pub(crate) folded: Vec<Identity>,
    /// Put into quarantine by this fold.
    pub(crate) quarantined: u64,
    /// The commit, if this fold made one.
    pub(crate) head: Option<Head>,
    /// There is more to take in.
    pub(crate) more: bool,
}

/// Why nothing was committed.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Error {
    /// The store failed; a later fold continues.
    #[snafu(display("the store failed"), context(false))]
    UseStore { source: anneal_store::Error },
    /// A name cannot be part of a key.
    #[snafu(display("a name is no part of a key"), context(false))]
    Name { source: InvalidKey },
    /// Others were faster each time.
    #[snafu(display("the merge was changed by others {ATTEMPTS} times"))]
    Contend,
    /// What the store gave is not what it says it has.
    #[snafu(display("the store gave other bytes of {name:?} than it has a checksum of"))]
    Garble { name: String },
    /// The merge cannot be written.
    #[snafu(display("the merge cannot be written: {message}"))]
    Finish { message: String },
    /// No process can be made that folds.
    #[snafu(display("cannot start a process that folds"))]
    Start { source: std::io::Error },
    /// The process ended before it had read anything of this fold.
    #[snafu(display("the process that folds ended by itself: {death}"))]
    End { death: Death },
    /// The process ended while it read what was committed.
    #[snafu(display("the committed merge needs more than a fold may use: {death}"))]
    Outgrow { death: Death },
}

impl Error {
    /// A closed set of words for metrics.
    pub(crate) const fn category(&self) -> &'static str {
        match self {
            Self::UseStore { .. } => "store",
            Self::Name { .. } => "name",
            Self::Contend => "contended",
            Self::Garble { .. } => "garbled",
            Self::Finish { .. } => "unwritable",
            Self::Start { .. } => "start",
            Self::End { .. } => "ended",
            Self::Outgrow { .. } => "outgrown",
        }
    }
}

/// One subject and everything that folding it needs.
pub(crate) struct Fold<'a> {
    pub(crate) store: &'a dyn ObjectStore,
    pub(crate) verifier: &'a Verifier,
    pub(crate) folders: &'a dyn Folders,
    pub(crate) clock: &'a Clock,
    pub(crate) limits: &'a FoldLimits,
    pub(crate) key: &'a FoldKey,
    pub(crate) shelf: &'a Shelf,
}

impl Fold<'_> {
    /// Takes in what is stored and not folded yet.
    pub(crate) async fn run(&self) -> Result<Outcome> {
        let (mut quarantined, mut suspect) = (0, None);
        for _ in 0..ATTEMPTS {
            match Attempt::new(self, suspect.take()).run(&mut quarantined).await? {
                Step::Done(mut outcome) => {
                    outcome.quarantined = quarantined;
                    if let Some(head) = &outcome.head {
                        self.remove_states(head).await;
                    }
                    return Ok(*outcome);
                }
                Step::Contended => {}
                Step::Died(identity) => suspect = Some(identity),
            }
        }
        ContendSnafu.fail()
    }

    /// Removes states that no depot can need any more. What fails here is found by the next fold.
    async fn remove_states(&self, head: &Head) {
        /// Longer than a fold can take that read an older `HEAD`.
        const GRACE_SECONDS: i64 = 3600;
        let remove = async {
            let objects = attempt::list(self.store, &self.shelf.merged()?).await?;
            for object in objects.iter().filter(|object| object.key.name().ends_with(STATE_SUFFIX)) {
                let name = object.key.name();
                let age = self.clock.now().as_second() - object.modified.as_second();
                let kept = name == head.state.name || head.previous.as_ref().is_some_and(|previous| name == previous.state.name);
                if !kept && age > GRACE_SECONDS {
                    self.store.delete(&object.key).await?;
                }
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = remove.await {
            tracing::debug!(error = %crate::refusal::Chain(&error), "old states are left");
        }
    }
}

/// Ending of a state's name.
const STATE_SUFFIX: &str = ".intermediate";
