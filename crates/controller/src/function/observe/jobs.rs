//! Jobs as the plan sees them.

use anneal_api::names::{ANNOTATION_ATTEMPT, ANNOTATION_BUILD_KEY, ANNOTATION_MEMORY, ANNOTATION_TIMEOUT, LABEL_STAGE};
use anneal_core::{
    facts::{Failure, Job as Seen, JobState},
    stage::Code,
};
use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::Pod,
};
use kube::ResourceExt;

use super::termination;

/// A Job of this Function; one whose name or annotations are not ours is none.
pub(super) fn job(job: &Job, pods: &[Pod]) -> Option<Seen> {
    let number = |name: &str| job.annotations().get(name).and_then(|text| text.parse::<u64>().ok());
    Some(Seen {
        name: job.name_any(),
        code: Code::parse(job.labels().get(LABEL_STAGE)?)?,
        key: job.annotations().get(ANNOTATION_BUILD_KEY)?.parse().ok()?,
        attempt: number(ANNOTATION_ATTEMPT)?,
        memory_mebibytes: number(ANNOTATION_MEMORY)?,
        timeout_seconds: number(ANNOTATION_TIMEOUT)?,
        state: state(job, pods),
        deleting: job.metadata.deletion_timestamp.is_some(),
    })
}

fn state(job: &Job, pods: &[Pod]) -> JobState {
    let conditions = job
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    let holds = |kind: &str| {
        conditions
            .iter()
            .find(|condition| condition.type_ == kind && condition.status == "True")
    };
    if let Some(complete) = holds("Complete") {
        return JobState::Succeeded { at: time(complete) };
    }
    let Some(failed) = holds("Failed") else {
        return JobState::Running;
    };
    JobState::Failed {
        at: time(failed),
        failure: failure(job, failed, pods),
    }
}

fn time(condition: &JobCondition) -> i64 {
    condition.last_transition_time.as_ref().map_or(0, |time| time.0.as_second())
}

fn failure(job: &Job, failed: &JobCondition, pods: &[Pod]) -> Failure {
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let mine = |pod: &&Pod| {
        pod.owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.uid == uid)
    };
    let latest = pods.iter().filter(mine).max_by_key(|pod| pod.creation_timestamp());
    let said = latest.and_then(termination::failure);
    match said {
        Some(failure) if failure != Failure::Fault => failure,
        _ if failed.reason.as_deref() == Some("DeadlineExceeded") => Failure::Timeout,
        Some(failure) => failure,
        None => Failure::Disrupted,
    }
}
