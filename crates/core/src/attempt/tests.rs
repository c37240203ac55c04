//! Every failure ends: by a further attempt, by a pause or by being given up.

use super::*;
use crate::{
    digest::{BuildKey, Digest},
    stage::{Code, Stage},
};

const BUDGET: Budget = Budget {
    now: 1000,
    epoch: 1,
    memory_mebibytes: 4000,
    timeout_seconds: 60,
    mismatch: Mismatch::Final,
};

fn job(attempt: u64, state: JobState) -> Job {
    Job {
        name: String::new(),
        code: Code::Stage(Stage::Native),
        key: BuildKey::new(Digest::of(b"k")),
        attempt,
        memory_mebibytes: 4000,
        timeout_seconds: 60,
        state,
        deleting: false,
    }
}

fn failed_at(attempt: u64, at: i64, failure: Failure) -> Job {
    job(attempt, JobState::Failed { at, failure })
}

#[test]
fn the_first_attempt_has_the_first_number_of_its_epoch() {
    assert_eq!(
        progress(&[], BUDGET),
        Progress::Start {
            attempt: 1,
            memory_mebibytes: 4000
        }
    );
    assert_eq!(
        progress(&[], Budget { epoch: 2, ..BUDGET }),
        Progress::Start {
            attempt: 21,
            memory_mebibytes: 4000
        }
    );
}

#[test]
fn a_compile_error_is_not_repeated() {
    let job = failed_at(1, 990, Failure::BuildFailed { exit: 1 });
    assert_eq!(
        progress(&[&job], BUDGET),
        Progress::GivenUp {
            failure: Failure::BuildFailed { exit: 1 },
            memory_mebibytes: 4000
        }
    );
}

#[test]
fn out_of_memory_is_repeated_once_with_half_as_much_more() {
    let first = failed_at(1, 990, Failure::OutOfMemory);
    assert_eq!(
        progress(&[&first], BUDGET),
        Progress::Start {
            attempt: 2,
            memory_mebibytes: 6000
        }
    );
    let mut second = failed_at(2, 995, Failure::OutOfMemory);
    second.memory_mebibytes = 6000;
    assert_eq!(
        progress(&[&first, &second], BUDGET),
        Progress::GivenUp {
            failure: Failure::OutOfMemory,
            memory_mebibytes: 6000
        }
    );
    let raised = Budget {
        memory_mebibytes: 8000,
        ..BUDGET
    };
    assert_eq!(
        progress(&[&first, &second], raised),
        Progress::Start {
            attempt: 3,
            memory_mebibytes: 8000
        }
    );
}

#[test]
fn a_timeout_is_repeated_only_with_more_time() {
    let job = failed_at(1, 990, Failure::Timeout);
    assert!(matches!(
        progress(&[&job], BUDGET),
        Progress::GivenUp {
            failure: Failure::Timeout,
            ..
        }
    ));
    assert_eq!(
        progress(
            &[&job],
            Budget {
                timeout_seconds: 61,
                ..BUDGET
            }
        ),
        Progress::Start {
            attempt: 2,
            memory_mebibytes: 4000
        }
    );
}

#[test]
fn a_disturbance_is_repeated_after_growing_pauses_and_then_given_up() {
    let jobs: Vec<Job> = (1..=5).map(|attempt| failed_at(attempt, 995, Failure::Disrupted)).collect();
    let some = |count: usize| jobs.iter().take(count).collect::<Vec<_>>();
    assert_eq!(
        progress(&some(1), BUDGET),
        Progress::Pause {
            until: 1005,
            failure: Failure::Disrupted
        }
    );
    assert_eq!(
        progress(&some(1), Budget { now: 1005, ..BUDGET }),
        Progress::Start {
            attempt: 2,
            memory_mebibytes: 4000
        }
    );
    assert_eq!(
        progress(&some(3), BUDGET),
        Progress::Pause {
            until: 1035,
            failure: Failure::Disrupted
        }
    );
    assert!(matches!(
        progress(&some(5), BUDGET),
        Progress::GivenUp {
            failure: Failure::Disrupted,
            ..
        }
    ));
    assert_eq!(
        progress(&some(5), Budget { epoch: 2, ..BUDGET }),
        Progress::Start {
            attempt: 21,
            memory_mebibytes: 4000
        }
    );
}

#[test]
fn a_wrong_digest_is_final_unless_the_source_can_change_under_the_job() {
    let job = failed_at(1, 900, Failure::DigestMismatch);
    assert!(matches!(
        progress(&[&job], BUDGET),
        Progress::GivenUp {
            failure: Failure::DigestMismatch,
            ..
        }
    ));
    let passing = Budget {
        mismatch: Mismatch::Passing,
        ..BUDGET
    };
    assert_eq!(
        progress(&[&job], passing),
        Progress::Start {
            attempt: 2,
            memory_mebibytes: 4000
        }
    );
}

#[test]
fn a_success_without_a_commit_is_repeated_once() {
    let first = job(1, JobState::Succeeded { at: 990 });
    assert_eq!(progress(&[&first], BUDGET), Progress::Succeeded { until: 1110 });
    assert_eq!(
        progress(&[&first], Budget { now: 1110, ..BUDGET }),
        Progress::Start {
            attempt: 2,
            memory_mebibytes: 4000
        }
    );
    let second = job(2, JobState::Succeeded { at: 1200 });
    assert!(matches!(
        progress(&[&first, &second], Budget { now: 1400, ..BUDGET }),
        Progress::GivenUp {
            failure: Failure::NoArtifact,
            ..
        }
    ));
}

#[test]
fn nothing_starts_while_an_attempt_runs_or_is_being_deleted() {
    let running = job(1, JobState::Running);
    assert_eq!(progress(&[&running], BUDGET), Progress::Running { attempt: 1 });
    let waiting = job(1, JobState::Waiting);
    assert_eq!(progress(&[&waiting], BUDGET), Progress::Waiting { attempt: 1 });
    let mut going = failed_at(1, 1, Failure::Disrupted);
    going.deleting = true;
    assert_eq!(progress(&[&going], BUDGET), Progress::Running { attempt: 1 });
}
