//! Replicas of Deployments, under a field manager that owns nothing else.

use anneal_api::names::MANAGER_SCALE;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;
use snafu::{ResultExt, Snafu};

/// Replicas cannot be set.
#[derive(Debug, Snafu)]
#[snafu(display("apply the scale"))]
pub struct Error {
    source: kube::Error,
}

/// Sets the replicas of a Deployment; with a `uid` only of the one that has it.
pub async fn set(client: &Client, namespace: &str, name: &str, uid: Option<&str>, replicas: u32) -> Result<(), Error> {
    let mut metadata = json!({"name": name, "namespace": namespace});
    if let Some(uid) = uid {
        metadata["uid"] = json!(uid);
    }
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": {"replicas": replicas}});
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    deployments
        .patch_scale(name, &PatchParams::apply(MANAGER_SCALE).force(), &Patch::Apply(&scale))
        .await
        .map(drop)
        .context(Snafu)
}
