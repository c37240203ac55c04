//! Shared test support: an apiserver in memory whose faults a test chooses.

mod apiserver;
mod merge;
mod selector;
mod watches;

pub use apiserver::{Apiserver, Fault, Write};
pub use watches::Ending;
