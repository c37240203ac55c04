//! Whole requests: a real client, this gateway and local executors over TCP.

mod counting;
mod draining;
pub(crate) mod harness;
mod retrying;
mod serving;
mod strictness;
mod windowed;
