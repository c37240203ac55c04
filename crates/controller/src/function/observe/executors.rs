//! Executor Deployments and their pods as the plan sees them.

use anneal_api::names::{
    ANNOTATION_AGENT_IMAGE, ANNOTATION_BUILD_KEY, ANNOTATION_REVISION, ANNOTATION_TEMPLATE, ANNOTATION_TEMPLATE_VERSION, LABEL_DEPLOYMENT,
    LABEL_STAGE,
};
use anneal_core::{
    facts::{Executor, Trouble},
    stage::Code,
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ContainerStatus, Pod},
};
use kube::ResourceExt;

use super::termination::{self, End};
use crate::convert;

/// Restarts after which an executor that is not ready counts as crashing: one may be bad luck.
const CRASHING: i32 = 2;
const IMAGE_REASONS: [&str; 5] = [
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
];
const CONFIG_REASONS: [&str; 2] = ["CreateContainerConfigError", "CreateContainerError"];

/// An executor Deployment of this Function; one without our annotations is none.
pub(super) fn executor(deployment: &Deployment, pods: &[Pod]) -> Option<Executor> {
    let annotation = |name: &str| deployment.annotations().get(name).map(String::as_str);
    let Code::Stage(stage) = Code::parse(deployment.labels().get(LABEL_STAGE)?)? else {
        return None;
    };
    let name = deployment.name_any();
    let mine: Vec<&Pod> = pods.iter().filter(|pod| belongs(pod, &name)).collect();
    let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    Some(Executor {
        stage,
        key: annotation(ANNOTATION_BUILD_KEY)?.parse().ok()?,
        template: annotation(ANNOTATION_TEMPLATE)?.parse().ok()?,
        version: annotation(ANNOTATION_TEMPLATE_VERSION)?.parse().ok()?,
        agent_image: annotation(ANNOTATION_AGENT_IMAGE)?.to_owned(),
        revision: annotation(ANNOTATION_REVISION).and_then(convert::read_recorded),
        replicas: u32::try_from(replicas).unwrap_or(0),
        pods: count(mine.iter().filter(|pod| !has_ended(pod))),
        ready: count(mine.iter().filter(|pod| is_ready(pod))),
        trouble: mine
            .iter()
            .filter(|pod| !is_ready(pod) && pod.metadata.deletion_timestamp.is_none())
            .find_map(|pod| trouble(pod)),
        deleting: deployment.metadata.deletion_timestamp.is_some(),
    })
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// A pod with our label that a ReplicaSet of the Deployment made; labels alone are tenants' to write.
fn belongs(pod: &Pod, deployment: &str) -> bool {
    let labelled = pod.labels().get(LABEL_DEPLOYMENT).map(String::as_str) == Some(deployment);
    let made = |owner: &str| owner.strip_prefix(deployment).is_some_and(|rest| rest.starts_with('-'));
    labelled
        && pod
            .owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.kind == "ReplicaSet" && made(&owner.name))
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions
            .into_iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether no node has room for a pod.
pub(super) fn is_unschedulable(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| {
        condition.type_ == "PodScheduled" && condition.status == "False" && condition.reason.as_deref() == Some("Unschedulable")
    })
}

fn trouble(pod: &Pod) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    if is_unschedulable(pod) {
        return Some(Trouble::Unschedulable);
    }
    let containers = || {
        status
            .init_container_statuses
            .iter()
            .flatten()
            .chain(status.container_statuses.iter().flatten())
    };
    let waits_for =
        |reasons: &[&str]| containers().any(|container| waiting_reason(container).is_some_and(|reason| reasons.contains(&reason)));
    if waits_for(&IMAGE_REASONS) {
        return Some(Trouble::ImageUnavailable);
    }
    if waits_for(&CONFIG_REASONS) {
        return Some(Trouble::ConfigInvalid);
    }
    status.container_statuses.iter().flatten().find_map(crashing)
}

fn waiting_reason(container: &ContainerStatus) -> Option<&str> {
    container.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

fn crashing(container: &ContainerStatus) -> Option<Trouble> {
    if container.restart_count < CRASHING {
        return None;
    }
    let ended = [&container.state, &container.last_state]
        .into_iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref())?;
    let restarts = u32::try_from(container.restart_count).unwrap_or(0);
    match termination::end(ended) {
        End::Crash(cause) => Some(Trouble::Crashing { restarts, cause }),
        End::Input => Some(Trouble::InputUnavailable),
        End::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use anneal_core::facts::CrashCause;
    use serde_json::json;

    use super::*;

    fn pod(status: &serde_json::Value) -> Pod {
        let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "f-0123456789-abc", "uid": "r", "controller": true});
        let metadata = json!({"name": "p", "labels": {"anneal.dev/deployment": "f-0123456789"}, "ownerReferences": [owner]});
        serde_json::from_value(json!({"metadata": metadata, "status": status})).expect("a pod")
    }

    fn seen(pods: &[Pod]) -> Executor {
        let key = "a".repeat(64);
        let annotations = json!({"anneal.dev/build-key": key, "anneal.dev/template": key, "anneal.dev/template-version": "1", "anneal.dev/agent-image": "i"});
        let metadata = json!({"name": "f-0123456789", "labels": {"anneal.dev/stage": "n"}, "annotations": annotations});
        let deployment = serde_json::from_value(json!({"metadata": metadata, "spec": {"replicas": 2, "selector": {}, "template": {}}}));
        executor(&deployment.expect("a deployment"), pods).expect("ours")
    }

    fn container(restarts: i32, message: &str) -> serde_json::Value {
        json!({"name": "executor", "image": "i", "imageID": "", "ready": false, "restartCount": restarts,
               "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1, "message": message}}})
    }

    #[test]
    fn counts_pods_that_are_ready_and_that_exist() {
        let ready = pod(&json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}));
        let starting = pod(&json!({"phase": "Pending"}));
        let evicted = pod(&json!({"phase": "Failed"}));
        let executor = seen(&[ready, starting, evicted]);
        assert_eq!(
            (executor.replicas, executor.pods, executor.ready, executor.trouble),
            (2, 2, 1, None)
        );
    }

    #[test]
    fn a_pod_that_only_wears_the_label_does_not_count() {
        let mut forged = pod(&json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        forged.metadata.owner_references = None;
        assert_eq!(seen(&[forged]).ready, 0);
    }

    #[test]
    fn crashes_only_after_the_second_restart() {
        let message = r#"{"code":"ChildExited","exit":1}"#;
        assert_eq!(seen(&[pod(&json!({"containerStatuses": [container(1, message)]}))]).trouble, None);
        let crashing = Trouble::Crashing {
            restarts: 2,
            cause: CrashCause::Exited { exit: 1 },
        };
        assert_eq!(
            seen(&[pod(&json!({"containerStatuses": [container(2, message)]}))]).trouble,
            Some(crashing)
        );
    }

    #[test]
    fn says_what_keeps_a_pod_from_starting() {
        let waiting = |reason: &str| {
            let state = json!({"name": "executor", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason}}});
            pod(&json!({"containerStatuses": [state]}))
        };
        assert_eq!(seen(&[waiting("ImagePullBackOff")]).trouble, Some(Trouble::ImageUnavailable));
        assert_eq!(seen(&[waiting("CreateContainerConfigError")]).trouble, Some(Trouble::ConfigInvalid));
        let pending = pod(&json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}));
        assert_eq!(seen(&[pending]).trouble, Some(Trouble::Unschedulable));
    }
}
