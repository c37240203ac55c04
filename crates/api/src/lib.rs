//! The Function resource: types by version, CEL rules, label and annotation names, condition types and reasons.
//!
//! Wire types only: the domain lives in `anneal-core`, joined by the controller's `convert.rs`. No client, no tokio.

pub mod definition;
pub mod names;
pub mod reason;
pub mod v1alpha1;
