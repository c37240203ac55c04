//! The operator: observe, validate, plan, build, apply, status.
//!
//! It decides through `anneal_core::plan` and acts through its writer modules (`apply`, `scale`, `function::status`,
//! `function::events`, `function::finalize`, `checkpoint`, `lease`, `certificates`, `trust`). It never parses a jar or a profile, never fetches a
//! tenant's URL and never
//! opens the store: what it knows of them the depot says.

pub mod apply;
pub mod args;
pub mod build;
pub mod certificates;
pub mod checkpoint;
pub mod clock;
pub mod config;
pub mod context;
pub mod convert;
pub mod depot;
pub mod error;
pub mod function;
pub mod guard;
pub mod lease;
pub mod ledger;
pub mod metrics;
pub mod reports;
pub mod runtime;
pub mod scale;
pub mod trust;
pub mod watch;

pub use args::Args;
pub use error::Error;
pub use runtime::run;
