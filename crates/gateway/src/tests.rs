//! Whole requests: a real client, this gateway and local executors over TCP.

mod choosing;
mod counting;
mod draining;
mod executors;
pub(crate) mod harness;
mod replaying;
mod reporting;
mod retrying;
mod serving;
mod strictness;
mod trusting;
mod watching;
mod windowed;
