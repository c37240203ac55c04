//! Executors: one immutable Deployment and one headless Service per (build key, pod template). Only replicas ever change.

use std::collections::BTreeMap;

use anneal_api::names::{
    ANNOTATION_AGENT_IMAGE, ANNOTATION_BUILD_KEY, ANNOTATION_REVISION, ANNOTATION_TEMPLATE, ANNOTATION_TEMPLATE_VERSION, LABEL_BUILD,
    LABEL_DEPLOYMENT, LABEL_STAGE, LABEL_WINDOWS,
};
use anneal_core::{names::Role, plan::ExecutorSpec, state::Placement};
use anneal_protocol::{AGENT_PORT, FUNCTION_PORT};
use serde_json::{Value, json};

use super::{Site, agent_config, meta, pod};
use crate::convert;

fn labels(site: Site<'_>, placement: &Placement, spec: &ExecutorSpec) -> BTreeMap<String, String> {
    let mut labels = meta::labels(site, Role::Executor.as_str());
    labels.insert(LABEL_STAGE.to_owned(), placement.stage.code().as_str().to_owned());
    labels.insert(LABEL_BUILD.to_owned(), placement.key.short().to_owned());
    labels.insert(LABEL_DEPLOYMENT.to_owned(), placement.deployment.clone());
    if spec.template.window.is_some() {
        labels.insert(LABEL_WINDOWS.to_owned(), "true".to_owned());
    }
    labels
}

/// The Deployment, without replicas: those have a field manager of their own.
pub fn deployment(site: Site<'_>, placement: &Placement, spec: &ExecutorSpec) -> Value {
    let labels = labels(site, placement, spec);
    let mut metadata = meta::metadata(site, &placement.deployment, &labels);
    metadata["annotations"] = json!({
        ANNOTATION_BUILD_KEY: placement.key.as_str(),
        ANNOTATION_TEMPLATE: spec.template.digest().as_str(),
        ANNOTATION_TEMPLATE_VERSION: spec.version.to_string(),
        ANNOTATION_AGENT_IMAGE: spec.agent_image,
        ANNOTATION_REVISION: convert::recorded(&spec.revision),
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {LABEL_DEPLOYMENT: placement.deployment}},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(site, placement, spec)},
        },
    })
}

fn pod_spec(site: Site<'_>, placement: &Placement, spec: &ExecutorSpec) -> Value {
    let config = agent_config::serve(site, placement, spec);
    let pod = pod::Pod {
        container: "executor",
        image: &spec.image,
        agent_image: &spec.agent_image,
        config: &config,
        env: &spec.template.env,
        resources: pod::resources(spec.template.resources),
        work_size: "4Gi",
        architecture: Some(&spec.revision.inputs.architecture),
        restart_policy: "Always",
    };
    let mut rendered = pod.render(site);
    let main = &mut rendered["containers"][0];
    main["ports"] = json!([
        {"name": "function", "containerPort": FUNCTION_PORT, "protocol": "TCP"},
        {"name": "agent", "containerPort": AGENT_PORT, "protocol": "TCP"},
    ]);
    main["readinessProbe"] = json!({
        // The kubelet believes any certificate; without one the pod is not ready.
        "httpGet": {"path": "/readyz", "port": "agent", "scheme": "HTTPS"},
        "periodSeconds": 1,
        "timeoutSeconds": 2,
        "failureThreshold": 3,
        "successThreshold": 1,
    });
    rendered
}

/// The headless Service whose slices tell the gateway where the executors are.
pub fn headless_service(site: Site<'_>, placement: &Placement, spec: &ExecutorSpec) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta::metadata(site, &placement.deployment, &labels(site, placement, spec)),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": {LABEL_DEPLOYMENT: placement.deployment},
            "ports": [
                {"name": "function", "port": FUNCTION_PORT, "targetPort": "function", "protocol": "TCP"},
                {"name": "agent", "port": AGENT_PORT, "targetPort": "agent", "protocol": "TCP"},
            ],
        },
    })
}
