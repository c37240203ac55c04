//! Resolve and build Jobs: one pod, one attempt, a name that no other attempt has.

use anneal_api::names::{ANNOTATION_ATTEMPT, ANNOTATION_BUILD_KEY, ANNOTATION_MEMORY, ANNOTATION_TIMEOUT, LABEL_BUILD, LABEL_STAGE};
use anneal_core::{
    names::Role,
    plan::{JobWish, JobWork},
    spec::{Resources, Source, Wanted},
};
use anneal_protocol::agent::SOURCE_DIR;
use serde_json::{Value, json};

use super::{Site, agent_config, meta, pod};

/// Seconds beside the compiler's own for fetching inputs and storing what it made.
const TRANSFER_SECONDS: u64 = 600;
/// A resolve reads one jar of at most a gigabyte.
const RESOLVE_SECONDS: u64 = 600;
/// CPU of a resolve pod in thousandths of a core.
const RESOLVE_CPU_MILLIS: u64 = 100;

/// A Job.
pub(super) fn job(site: Site<'_>, wanted: &Wanted, wish: &JobWish) -> Value {
    let (role, cpu_millis) = match &wish.work {
        JobWork::Resolve { .. } => (Role::Resolve, RESOLVE_CPU_MILLIS),
        JobWork::Build { .. } => (Role::Build, wanted.build.cpu_millis),
    };
    let mut labels = meta::labels(site, role.as_str());
    labels.insert(LABEL_STAGE.to_owned(), wish.code.as_str().to_owned());
    labels.insert(LABEL_BUILD.to_owned(), wish.key.short().to_owned());
    let mut metadata = meta::metadata(site, &wish.name, &labels);
    metadata["annotations"] = json!({
        ANNOTATION_BUILD_KEY: wish.key.as_str(),
        ANNOTATION_ATTEMPT: wish.attempt.to_string(),
        ANNOTATION_MEMORY: wish.memory_mebibytes.to_string(),
        ANNOTATION_TIMEOUT: timeout_seconds(wanted, &wish.work).to_string(),
    });
    let resources = Resources {
        cpu_millis,
        memory_mebibytes: wish.memory_mebibytes,
    };
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            // A drained node is nobody's fault and costs no attempt.
            "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(site, wanted, wish, resources)},
        },
    })
}

fn timeout_seconds(wanted: &Wanted, work: &JobWork) -> u64 {
    match work {
        JobWork::Resolve { .. } => RESOLVE_SECONDS,
        JobWork::Build { .. } => wanted.build.timeout_seconds,
    }
}

fn pod_spec(site: Site<'_>, wanted: &Wanted, wish: &JobWish, resources: Resources) -> Value {
    let config = agent_config::job(site, wanted, wish);
    let (container, image, architecture) = match &wish.work {
        JobWork::Resolve { .. } => ("resolver", site.config.image.as_str(), None),
        JobWork::Build { inputs, .. } => ("builder", inputs.builder.as_str(), Some(inputs.architecture.as_str())),
    };
    let pod = pod::Pod {
        container,
        image,
        agent_image: &site.config.image,
        config: &config,
        env: &[],
        resources: pod::resources(resources),
        work_size: "8Gi",
        architecture,
        restart_policy: "Never",
    };
    let mut rendered = pod.render(site);
    // The pod's and not the Job's: it begins when the pod has a node.
    rendered["activeDeadlineSeconds"] = json!(timeout_seconds(wanted, &wish.work) + TRANSFER_SECONDS);
    if let JobWork::Resolve {
        source: Source::ConfigMap { name, key, .. },
        ..
    } = &wish.work
    {
        mount_source(&mut rendered, name, key);
    }
    rendered
}

/// The ConfigMap is read by the pod itself: the controller never touches what a tenant sent but to hash it.
fn mount_source(pod: &mut Value, name: &str, key: &str) {
    let volume = json!({"name": "source", "configMap": {"name": name, "items": [{"key": key, "path": key}]}});
    if let Some(volumes) = pod["volumes"].as_array_mut() {
        volumes.push(volume);
    }
    if let Some(mounts) = pod["containers"][0]["volumeMounts"].as_array_mut() {
        mounts.push(json!({"name": "source", "mountPath": SOURCE_DIR, "readOnly": true}));
    }
}
