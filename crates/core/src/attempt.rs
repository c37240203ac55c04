//! Attempts at a Job: when the next is made, with how much memory, and when it is given up.
//!
//! Everything follows from the Jobs that exist. An attempt's number is not used again while its Job exists: each epoch (revision number of a
//! build, spec generation of a resolve) starts at a number that earlier epochs do not reach.

use crate::facts::{Failure, Job, JobState};

/// Attempt numbers that belong to one epoch.
const STRIDE: u64 = 20;
/// Failures that are nobody's fault after which it is given up within an epoch.
const MAX_DISTURBED: usize = 5;
/// Seconds after the first such failure; doubled with each.
const PAUSE_SECONDS: i64 = 10;
/// The longest pause.
const MAX_PAUSE_SECONDS: i64 = 300;
/// Seconds that the commit of a Job that ended well may take to show.
const COMMIT_SECONDS: i64 = 120;
/// Jobs that ended well without a commit after which it is given up.
const MAX_UNCOMMITTED: usize = 2;

/// What an attempt starts from.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Now, in seconds since the epoch.
    pub now: i64,
    /// Spec generation or revision number.
    pub epoch: u64,
    /// Memory of a first attempt.
    pub memory_mebibytes: u64,
    /// Seconds that an attempt may take.
    pub timeout_seconds: u64,
    /// What a wrong digest means.
    pub mismatch: Mismatch,
}

/// What a wrong digest means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mismatch {
    /// The source is wrong.
    Final,
    /// The source changed between being hashed and being read.
    Passing,
}

/// How far the attempts at one key are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// An attempt has been made, and its pod has no node.
    Waiting {
        /// Its number.
        attempt: u64,
    },
    /// An attempt is under way.
    Running {
        /// Its number.
        attempt: u64,
    },
    /// The last attempt ended well; its commit is awaited.
    Succeeded {
        /// Until when, in seconds since the epoch.
        until: i64,
    },
    /// An attempt is to be made.
    Start {
        /// Its number.
        attempt: u64,
        /// Its memory.
        memory_mebibytes: u64,
    },
    /// An attempt will be made.
    Pause {
        /// When, in seconds since the epoch.
        until: i64,
        /// Why the last failed.
        failure: Failure,
    },
    /// No further attempt.
    GivenUp {
        /// Why.
        failure: Failure,
        /// Memory of the last attempt.
        memory_mebibytes: u64,
    },
}

/// How far the attempts at one key are, judged by its Jobs.
pub fn progress(jobs: &[&Job], budget: Budget) -> Progress {
    if let Some(job) = jobs
        .iter()
        .filter(|job| !job.state.has_ended() || job.deleting)
        .max_by_key(|job| job.attempt)
    {
        return under_way(job);
    }
    let Some(last) = jobs.iter().max_by_key(|job| job.attempt) else {
        return start(jobs, budget, budget.memory_mebibytes);
    };
    match &last.state {
        JobState::Waiting | JobState::Running => under_way(last),
        JobState::Succeeded { at } => after_success(jobs, budget, last, *at),
        JobState::Failed { at, failure } => after_failure(jobs, budget, last, *at, failure),
    }
}

fn under_way(job: &Job) -> Progress {
    let attempt = job.attempt;
    if job.state == JobState::Waiting {
        Progress::Waiting { attempt }
    } else {
        Progress::Running { attempt }
    }
}

fn after_success(jobs: &[&Job], budget: Budget, last: &Job, at: i64) -> Progress {
    let until = at.saturating_add(COMMIT_SECONDS);
    if budget.now < until {
        return Progress::Succeeded { until };
    }
    let uncommitted = jobs.iter().filter(|job| matches!(job.state, JobState::Succeeded { .. })).count();
    if uncommitted >= MAX_UNCOMMITTED {
        Progress::GivenUp {
            failure: Failure::NoArtifact,
            memory_mebibytes: last.memory_mebibytes,
        }
    } else {
        start(jobs, budget, budget.memory_mebibytes.max(last.memory_mebibytes))
    }
}

fn after_failure(jobs: &[&Job], budget: Budget, last: &Job, at: i64, failure: &Failure) -> Progress {
    let given_up = Progress::GivenUp {
        failure: failure.clone(),
        memory_mebibytes: last.memory_mebibytes,
    };
    match failure {
        Failure::OutOfMemory => {
            let exhausted: Vec<u64> = failed(jobs, |failure| *failure == Failure::OutOfMemory)
                .map(|job| job.memory_mebibytes)
                .collect();
            let most = exhausted.iter().copied().max().unwrap_or_default();
            if budget.memory_mebibytes > most {
                start(jobs, budget, budget.memory_mebibytes)
            } else if exhausted.len() < 2 {
                start(jobs, budget, most.saturating_mul(3).div_ceil(2))
            } else {
                given_up
            }
        }
        Failure::Timeout => {
            let longest = failed(jobs, |failure| *failure == Failure::Timeout)
                .map(|job| job.timeout_seconds)
                .max();
            if longest.is_none_or(|longest| budget.timeout_seconds > longest) {
                start(jobs, budget, budget.memory_mebibytes.max(last.memory_mebibytes))
            } else {
                given_up
            }
        }
        failure if is_disturbance(failure, budget.mismatch) => {
            let first = first_attempt(budget.epoch);
            let count = failed(jobs, |failure| is_disturbance(failure, budget.mismatch))
                .filter(|job| job.attempt >= first)
                .count();
            let until = at.saturating_add(pause(count));
            if count >= MAX_DISTURBED {
                given_up
            } else if count > 0 && budget.now < until {
                Progress::Pause {
                    until,
                    failure: failure.clone(),
                }
            } else {
                start(jobs, budget, budget.memory_mebibytes.max(last.memory_mebibytes))
            }
        }
        // What the source or the operator's configuration is at fault for may be mended: a change of the spec tries anew.
        Failure::SourceForbidden | Failure::DigestMismatch if last.attempt < first_attempt(budget.epoch) => {
            start(jobs, budget, budget.memory_mebibytes.max(last.memory_mebibytes))
        }
        _ => given_up,
    }
}

fn start(jobs: &[&Job], budget: Budget, memory_mebibytes: u64) -> Progress {
    let after = jobs.iter().map(|job| job.attempt.saturating_add(1)).max().unwrap_or_default();
    Progress::Start {
        attempt: after.max(first_attempt(budget.epoch)),
        memory_mebibytes,
    }
}

const fn first_attempt(epoch: u64) -> u64 {
    epoch.saturating_sub(1).saturating_mul(STRIDE).saturating_add(1)
}

fn pause(failures: usize) -> i64 {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(8);
    PAUSE_SECONDS.saturating_mul(1 << doublings).min(MAX_PAUSE_SECONDS)
}

fn failed<'a>(jobs: &[&'a Job], which: impl Fn(&Failure) -> bool) -> impl Iterator<Item = &'a Job> {
    jobs.iter()
        .copied()
        .filter(move |job| matches!(&job.state, JobState::Failed { failure, .. } if which(failure)))
}

/// Whether the same attempt may well succeed another time.
fn is_disturbance(failure: &Failure, mismatch: Mismatch) -> bool {
    match failure {
        Failure::SourceUnavailable | Failure::Unavailable | Failure::Disrupted | Failure::NotStarted | Failure::Fault => true,
        Failure::DigestMismatch => mismatch == Mismatch::Passing,
        Failure::SourceForbidden
        | Failure::JarInvalid
        | Failure::NoHandler
        | Failure::AmbiguousHandler { .. }
        | Failure::HandlerNotFound
        | Failure::BuildFailed { .. }
        | Failure::OutOfMemory
        | Failure::NoArtifact
        | Failure::Timeout
        | Failure::PgoUnavailable
        | Failure::PgoNotApplied
        | Failure::ProfileRefused => false,
    }
}

#[cfg(test)]
mod tests;
