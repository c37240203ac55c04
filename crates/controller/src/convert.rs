//! The one place where wire types (`api`, `protocol`) and domain types (`core`) meet: exhaustive in both directions.

mod facts;
mod spec;
mod status;

pub use facts::{function_ref, handler_request, questions, take_facts};
pub use spec::wanted;
pub use status::{artifact_ref, condition_type, read_recorded, recorded, stage_to_api, state, write_state};

#[cfg(test)]
mod tests;
