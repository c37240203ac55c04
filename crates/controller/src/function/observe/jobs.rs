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

use super::{executors::is_unschedulable, termination};

/// What the kubelet says of a pod, and the Job's controller of a Job, that took longer than it may.
const OUT_OF_TIME: &str = "DeadlineExceeded";

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
        return if latest_pod(job, pods).is_none_or(is_unschedulable) {
            JobState::Waiting
        } else {
            JobState::Running
        };
    };
    JobState::Failed {
        at: time(failed),
        failure: failure(failed, latest_pod(job, pods)),
    }
}

fn time(condition: &JobCondition) -> i64 {
    condition.last_transition_time.as_ref().map_or(0, |time| time.0.as_second())
}

fn latest_pod<'a>(job: &Job, pods: &'a [Pod]) -> Option<&'a Pod> {
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let mine = |pod: &&Pod| {
        pod.owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.uid == uid)
    };
    pods.iter().filter(mine).max_by_key(|pod| pod.creation_timestamp())
}

fn failure(failed: &JobCondition, pod: Option<&Pod>) -> Failure {
    let out_of_time = failed.reason.as_deref() == Some(OUT_OF_TIME)
        || pod.is_some_and(|pod| pod.status.as_ref().and_then(|status| status.reason.as_deref()) == Some(OUT_OF_TIME));
    match pod.and_then(termination::failure) {
        Some(failure) if failure != Failure::Fault => failure,
        _ if out_of_time => Failure::Timeout,
        Some(failure) => failure,
        None => Failure::Disrupted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DEADLINE: &str = r#"{"phase": "Failed", "reason": "DeadlineExceeded"}"#;
    const NO_ROOM: &str = r#"{"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}"#;

    fn seen(condition: Option<Value>, pod: &str) -> JobState {
        let conditions: Vec<Value> = condition.into_iter().collect();
        let job = json!({"metadata": {"name": "j", "uid": "u"}, "status": {"conditions": conditions}});
        let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u", "controller": true});
        let pod: Value = serde_json::from_str(pod).expect("a status");
        let pod = json!({"metadata": {"name": "p", "ownerReferences": [owner]}, "status": pod});
        let parsed = |value| serde_json::from_value(value).expect("an object");
        state(&serde_json::from_value(job).expect("a Job"), &[parsed(pod)])
    }

    fn failed(reason: &str) -> Value {
        json!({"type": "Failed", "status": "True", "reason": reason, "lastTransitionTime": "1970-01-01T00:00:07Z"})
    }

    #[test]
    fn a_job_goes_as_its_pod_goes() {
        let failed_as = |failure| JobState::Failed { at: 7, failure };
        let placed = r#"{"conditions": [{"type": "PodScheduled", "status": "True"}]}"#;
        let gone = failed("BackoffLimitExceeded");
        assert_eq!(seen(None, NO_ROOM), JobState::Waiting);
        assert_eq!(state(&Job::default(), &[]), JobState::Waiting);
        assert_eq!(seen(None, placed), JobState::Running);
        assert_eq!(seen(Some(gone.clone()), DEADLINE), failed_as(Failure::Timeout));
        assert_eq!(seen(Some(failed("DeadlineExceeded")), "{}"), failed_as(Failure::Timeout));
        assert_eq!(seen(Some(gone), "{}"), failed_as(Failure::Disrupted));
    }
}
