//! Folding: what pods have stored becomes one merged object, named by a `HEAD` that is compared and swapped.
//!
//! The same for profiles and metadata. An identity counts once: it is in `HEAD`'s inputs or not. Merged objects are named
//! by their content and written before the `HEAD` that names them; whoever loses the swap starts anew. So a crash after any
//! operation leaves the old merge or the new one, and running again ends in the same bytes.

mod attempt;
mod quarantine;
#[cfg(test)]
pub(crate) mod tests;

use anneal_protocol::facts::Convergence;
use anneal_store::{Clock, InvalidKey, ObjectStore, Sha256Digest};
use serde::{Deserialize, Serialize};
use snafu::Snafu;

use self::attempt::Attempt;
pub(crate) use self::quarantine::{Reason, reasons};
use crate::layout::{Identity, Shelf};

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
            raw: 64 << 20,
            inflated: 256 << 20,
            metadata: 16 << 20,
            state: 512 << 20,
        }
    }
}

/// How uploads of one kind are merged. Called on a thread that may block.
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
#[derive(Clone, Debug, Eq, PartialEq)]
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
    fn new(name: String, body: &[u8]) -> Self {
        Self {
            name,
            bytes: body.len() as u64,
            sha256: Sha256Digest::of(body).to_string(),
        }
    }

    /// Whether an object with this size and checksum is it; a store without checksums is asked for the size alone.
    pub(crate) fn is(&self, bytes: u64, sha256: Option<Sha256Digest>) -> bool {
        self.bytes == bytes && sha256.is_none_or(|found| found.to_string() == self.sha256)
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
        }
    }
}

/// Takes in what is stored and not folded yet.
pub(crate) async fn fold<M: Merge>(store: &dyn ObjectStore, shelf: &Shelf, limits: &FoldLimits, clock: &Clock) -> Result<Outcome> {
    let mut quarantined = 0;
    for _ in 0..ATTEMPTS {
        let mut attempt = Attempt {
            store,
            shelf,
            limits,
            refused: 0,
        };
        if let Some(mut outcome) = attempt.run::<M>(&mut quarantined).await? {
            outcome.quarantined = quarantined;
            if let Some(head) = &outcome.head {
                sweep_states(store, shelf, head, clock).await;
            }
            return Ok(outcome);
        }
    }
    ContendSnafu.fail()
}

/// Removes states that no depot can need any more. What fails here is found by the next fold.
async fn sweep_states(store: &dyn ObjectStore, shelf: &Shelf, head: &Head, clock: &Clock) {
    /// Longer than a fold can take that read an older `HEAD`.
    const GRACE_SECONDS: i64 = 3600;
    let sweep = async {
        let objects = attempt::list(store, &shelf.merged()?).await?;
        for object in objects.iter().filter(|object| object.key.name().ends_with(STATE_SUFFIX)) {
            let age = clock.now().as_second() - object.modified.as_second();
            if object.key.name() != head.state.name && age > GRACE_SECONDS {
                store.delete(&object.key).await?;
            }
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = sweep.await {
        tracing::debug!(error = %crate::refusal::Chain(&error), "old states are left");
    }
}

/// Ending of a state's name.
const STATE_SUFFIX: &str = ".intermediate";
