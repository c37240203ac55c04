//! The pure domain: stages, names, keys, gates and the plan. No IO, no clock, no serde.
//!
//! [`plan::plan`] is the whole policy: it takes what is wanted, what was decided and what is seen, and says what shall be.
//! It is total: a spec that is refused and a store that does not answer are inputs like any other.

pub mod attempt;
pub mod digest;
pub mod facts;
pub mod gates;
pub mod names;
pub mod plan;
pub mod reason;
pub mod recovery;
pub mod references;
pub mod revision;
pub mod spec;
pub mod stage;
pub mod state;
pub mod template;
pub mod view;
