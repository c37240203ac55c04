//! Jobs as the plan sees them.

use anneal_api::names::{ANNOTATION_BUILD_KEY, LABEL_STAGE};
use anneal_core::{
    digest::BuildKey,
    facts::{Failure, Job as Seen, JobState},
    stage::Code,
};
use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::Pod,
};
use kube::ResourceExt;

use super::{quantity, termination};

/// A Job of this Function; one whose name or annotations are not ours is none.
pub(super) fn job(job: &Job, pods: &[Pod]) -> Option<Seen> {
    let name = job.name_any();
    let key: BuildKey = job.annotations().get(ANNOTATION_BUILD_KEY)?.parse().ok()?;
    let code = Code::parse(job.labels().get(LABEL_STAGE)?)?;
    let attempt = name.rsplit('-').next()?.parse().ok()?;
    let spec = job.spec.as_ref();
    let container = spec.and_then(|spec| spec.template.spec.as_ref()).and_then(|pod| pod.containers.first());
    let limits = container.and_then(|container| container.resources.as_ref()).and_then(|resources| resources.limits.as_ref());
    Some(Seen {
        code,
        key,
        attempt,
        memory_mebibytes: limits.and_then(|limits| limits.get("memory")).and_then(quantity::mebibytes).unwrap_or_default(),
        timeout_seconds: timeout(job),
        state: state(job, code, pods),
        deleting: job.metadata.deletion_timestamp.is_some(),
        name,
    })
}

/// What the compiler was given, as it stands in the agent's own configuration: the Job's deadline is longer.
fn timeout(job: &Job) -> u64 {
    job.annotations().get(anneal_api::names::ANNOTATION_TIMEOUT).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn state(job: &Job, code: Code, pods: &[Pod]) -> JobState {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let holds = |kind: &str| conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True");
    if let Some(complete) = holds("Complete") {
        return JobState::Succeeded { at: time(complete) };
    }
    let Some(failed) = holds("Failed") else {
        return JobState::Running;
    };
    JobState::Failed { at: time(failed), failure: failure(job, failed, code, pods) }
}

fn time(condition: &JobCondition) -> i64 {
    condition.last_transition_time.as_ref().map_or(0, |time| time.0.as_second())
}

fn failure(job: &Job, failed: &JobCondition, code: Code, pods: &[Pod]) -> Failure {
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let mine = |pod: &&Pod| pod.owner_references().iter().any(|owner| owner.controller == Some(true) && owner.uid == uid);
    let latest = pods.iter().filter(mine).max_by_key(|pod| pod.creation_timestamp());
    let said = latest.and_then(termination::failure);
    match (said, failed.reason.as_deref(), code) {
        (Some(failure), _, _) if failure != Failure::Fault => failure,
        (_, Some("DeadlineExceeded"), Code::Resolve) => Failure::SourceUnavailable,
        (_, Some("DeadlineExceeded"), Code::Stage(_)) => Failure::Timeout,
        (Some(failure), _, _) => failure,
        (None, _, _) => Failure::Disrupted,
    }
}
