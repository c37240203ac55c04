//! When a function is traced anew: an executable met an element that was not registered when it was built.
//!
//! The document that such an executable leaves is merged into the metadata of its jar. It names one element; what the program
//! reaches behind that element shows only on a JVM. So the function goes back to the JVM for one window of the tracer, and the
//! executables that are built afterwards know both. Whoever makes the executables meet ever new elements by crafted requests
//! sends the function back ever more seldom.

use crate::{
    facts::{Known, MetadataFact},
    gates::SOURCE_RESOLVED,
    plan::{Input, advance},
    revision::{Retrace, Revision},
    state::State,
};

/// Seconds between a revision that traces anew and the next one of the same inputs; doubled with each in a row.
const FIRST_PAUSE_SECONDS: i64 = 600;
const LONGEST_PAUSE_SECONDS: i64 = 24 * 60 * 60;

/// The revision that traces the newest one's inputs anew, if that is due.
pub(super) fn revision(state: &State, input: &Input) -> Option<Revision> {
    let (newest, metadata) = lacking(state, input)?;
    if pause(state, input).is_some() {
        return None;
    }
    let times = newest.retrace.map_or(0, |retrace| retrace.times);
    Some(Revision {
        number: advance::next_number(state),
        metadata: None,
        profile: None,
        passed: [SOURCE_RESOLVED.to_owned()].into(),
        retrace: Some(Retrace {
            time: input.now,
            times: times.saturating_add(1),
            windows: metadata.windows,
            missing: metadata.missing,
        }),
        ..newest.clone()
    })
}

/// Seconds until the function is traced anew, if its executables lack something and that is not due yet.
pub(super) fn pause(state: &State, input: &Input) -> Option<u64> {
    let (newest, _) = lacking(state, input)?;
    let retrace = newest.retrace?;
    let left = retrace.time.saturating_add(pause_after(retrace)).saturating_sub(input.now);
    u64::try_from(left).ok().filter(|left| *left > 0)
}

/// What is waited for in such a pause, as a sentence.
pub(super) fn pause_sentence(state: &State, input: &Input) -> Option<String> {
    pause(state, input)?;
    let minutes = pause_after(state.revision()?.retrace?) / 60;
    Some(format!(
        "The executable met an element that is not registered; the function is traced anew {minutes} minutes after the last time."
    ))
}

fn pause_after(retrace: Retrace) -> i64 {
    let doublings = u32::try_from(retrace.times.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_i64.checked_pow(doublings).unwrap_or(i64::MAX);
    FIRST_PAUSE_SECONDS.saturating_mul(factor).min(LONGEST_PAUSE_SECONDS)
}

/// The newest revision and the metadata of its jar, if its executables were built with less than what is merged by now, and
/// documents of executables made the difference.
fn lacking<'a>(state: &'a State, input: &'a Input) -> Option<(&'a Revision, &'a MetadataFact)> {
    let Known::Known(Some(metadata)) = &input.observed.metadata else {
        return None;
    };
    let newest = state.revision()?;
    // The depot was asked about the jar that is written; the answer is of no other one.
    let is_asked = input
        .state
        .revision()
        .is_some_and(|written| written.inputs.jar == newest.inputs.jar);
    let frozen = newest.metadata.as_ref()?;
    let known = newest.retrace.map_or(0, |retrace| retrace.missing);
    (is_asked && *frozen != metadata.digest && metadata.missing > known).then_some((newest, metadata))
}
