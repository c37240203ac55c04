//! What holds a merge in memory while it is folded, and how that may end.
//!
//! In production a process of its own; what it reads may kill it, and nothing else.

use std::{fmt, time::Duration};

use anneal_protocol::facts::Convergence;
use async_trait::async_trait;
use bytes::Bytes;

use super::{Merged, Rejection};
use crate::queue::FoldKey;

/// An answer, or the folder's end.
pub(crate) type Answer<T> = Result<Result<T, Rejection>, Death>;

/// Holds the merge of one subject.
#[async_trait]
pub(crate) trait Folder: Send {
    /// Begins with a stored state, or with nothing.
    async fn begin(&mut self, state: Option<Bytes>) -> Answer<()>;
    /// Takes one upload in. Nothing changes if it is refused.
    async fn fold(&mut self, raw: Bytes) -> Answer<Option<Convergence>>;
    /// What is to be stored.
    async fn finish(&mut self) -> Answer<Merged>;
    /// Bytes of memory that it has for itself.
    fn resident(&self) -> u64;
}

/// Makes folders, and keeps some that hold what was committed.
#[async_trait]
pub(crate) trait Folders: Send + Sync {
    /// A folder that holds nothing.
    async fn fresh(&self, key: &FoldKey) -> std::io::Result<Box<dyn Folder>>;
    /// The folder that was kept for this subject, if it holds the merge with this state. Any other is ended.
    fn kept(&self, key: &FoldKey, state: Option<&str>) -> Option<Box<dyn Folder>>;
    /// Keeps a folder that holds the merge with this state, as far as there is room.
    fn keep(&self, key: &FoldKey, state: &str, folder: Box<dyn Folder>);
    /// Ends folders that were kept for long.
    fn expire(&self);
}

/// How a folder ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Death {
    /// It did not answer in time and was killed.
    Late(Duration),
    /// A signal ended it: its memory was used up, its stack, or the kernel's patience.
    Killed(i32),
    /// It ended by itself, or said something that it cannot say.
    Fault,
}

impl Death {
    /// Why the upload at which it ended is not taken in.
    pub(crate) fn rejection(self) -> Rejection {
        match self {
            Self::Late(_) | Self::Killed(_) => Rejection::new("TooCostly", format!("merging it alone failed twice: {self}")),
            Self::Fault => Rejection::new("Fault", "merging it ended in a fault of the depot"),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(deadline) => write!(f, "it took longer than {} s", deadline.as_secs()),
            Self::Killed(signal) => write!(f, "it needed more memory than it may have (signal {signal})"),
            Self::Fault => f.write_str("a fault of the depot"),
        }
    }
}
