//! Reads, checks and merges the profiles that instrumented native images write (`.iprof`).
//!
//! The input is a tenant's file and taken as hostile: it is read as a stream, without recursion and within [`Limits`]; any
//! fault ends in an [`Error`] that names its place. The merge is a commutative monoid over an [`Intermediate`] form that
//! loses nothing; [`Profile`] is the final form, whose canonical bytes have a [`Digest`].
//!
//! This crate has no clock, no network and no knowledge of Kubernetes.
//!
//! A profile's keys that the schema does not name are dropped and reported. Whoever has a single profile and wants those
//! keys kept must pass the file on as it is instead of writing it anew.

mod branches;
mod canonical;
mod counters;
mod digits;
mod error;
mod form;
mod identifiers;
mod index;
mod intermediate;
mod intern;
mod lexer;
mod limits;
mod merge;
mod metrics;
mod model;
mod pairs;
mod part;
mod places;
mod plan;
mod profile;
mod raw;
mod reader;
mod skeleton;
mod source;
pub mod synth;
mod values;
mod words;

use std::io::Read;

pub use canonical::Entry;
pub use error::{Error, Place, Result};
pub use form::{Section, Version};
pub use intermediate::{ConflictPolicy, Intermediate, Report};
pub use limits::{Limits, UnknownKeys};
pub use metrics::{Presence, Relevance, events_per_site, hot_set_stability, new_context_percent, overlap, relevance};
pub use model::{Context, Frame, Method, SectionCounts, Summary};
pub use profile::{Digest, Profile};

/// Checks a profile, plain or gzip, without keeping it. Memory depends on the number of ids, not on the number of entries.
pub fn check(input: impl Read, limits: &Limits) -> Result<Summary> {
    let source = source::Source::open(input, limits).map_err(|fault| source::explain(fault, 0, limits.input_bytes))?;
    let (_, summary, _) = reader::read(source, limits, reader::Expect::Profile, &mut reader::Discard, reader::Text::Pass)?;
    Ok(summary)
}
