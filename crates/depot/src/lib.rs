//! The depot: the only holder of store credentials.
//!
//! Gives grants to proven pods, verifies and commits what they stored, folds profiles and metadata by compare-and-swap,
//! and tells the controller the facts. It may be killed at any point: every commit is one conditional write, and a sweep
//! finds what was stored and not folded. The only thing it writes to Kubernetes is the count annotation (`annotate.rs`).

mod annotate;
mod api;
mod args;
mod authentication;
mod builds;
mod caller;
mod certificates;
mod cluster;
mod documents;
mod error;
mod facts;
mod fold;
mod grants;
mod jars;
mod layout;
mod metadata;
mod metrics;
mod orphans;
mod permission;
mod profiles;
mod purge;
mod queue;
mod references;
mod refusal;
mod retention;
mod runtime;
mod sweep;
#[cfg(feature = "testing")]
pub mod testing;
mod verifier;
mod windows;

pub use args::Args;
pub use error::Error;
pub use fold::{FoldArgs, fold_process};
pub use runtime::run;

#[cfg(test)]
mod tests;
