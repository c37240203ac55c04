//! The depot's only write to Kubernetes: the annotation with the number of folded profiles or metadata documents on an executor
//! pod.
//!
//! A wake-up hint for the controller: the truth is `HEAD`. It only rises; a pod that is gone is no fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use anneal_api::names;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use crate::{
    api::Depot,
    caller::PodCaller,
    cluster::{self, within},
    documents,
    fold::{Head, Outcome},
    layout::{Identity, Layout, Subject},
    queue::FoldKey,
    refusal::Chain,
    windows::StoredSidecar,
};

/// So many names are remembered; then all are forgotten.
const NAMES: usize = 1024;

/// Names of the pods that stored metadata, by their uids: the store does not have them.
#[derive(Debug, Default)]
pub(crate) struct PodNames(Mutex<BTreeMap<String, String>>);

impl PodNames {
    /// Remembers a pod until it is annotated.
    pub(crate) fn remember(&self, pod: &PodCaller) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(pod.uid.clone(), pod.name.clone());
    }

    fn take(&self, uid: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid)
    }
}

/// Raises the annotation on every pod whose uploads were folded. What fails here is not tried again.
pub(crate) async fn raise(depot: &Depot, key: &FoldKey, outcome: &Outcome) {
    let Some(head) = &outcome.head else {
        return;
    };
    let annotation = match key.subject {
        Subject::Profile { .. } => names::ANNOTATION_PROFILE_COUNT,
        Subject::Metadata { .. } => names::ANNOTATION_METADATA_COUNT,
    };
    let uids: BTreeSet<_> = outcome.folded.iter().map(Identity::pod_uid).collect();
    for uid in uids {
        let Some(name) = pod_name(depot, key, outcome, uid).await else {
            continue;
        };
        let pod = (key.function.namespace.as_str(), name.as_str(), uid);
        if let Err(error) = raise_one(depot, pod, annotation, count(head, uid)).await {
            tracing::debug!(pod = name, error = %Chain(&error), "the count annotation was not raised");
        }
    }
}

fn count(head: &Head, uid: &str) -> usize {
    head.inputs.iter().filter(|identity| identity.pod_uid() == uid).count()
}

/// The pod's name: from what was stored beside one of its profiles, or as it is remembered.
async fn pod_name(depot: &Depot, key: &FoldKey, outcome: &Outcome, uid: &str) -> Option<String> {
    if let Subject::Metadata { .. } = key.subject {
        return depot.pod_names.take(uid);
    }
    let shelf = Layout::of(&key.function).ok()?.shelf(key.subject).ok()?;
    for identity in outcome.folded.iter().filter(|identity| identity.pod_uid() == uid) {
        let sidecar = documents::read::<StoredSidecar>(&*depot.store, &shelf.sidecar(identity).ok()?).await;
        if let Some(sidecar) = sidecar.ok().and_then(documents::Document::known) {
            return Some(sidecar.pod);
        }
    }
    None
}

async fn raise_one(depot: &Depot, (namespace, name, uid): (&str, &str, &str), annotation: &str, count: usize) -> cluster::Result<()> {
    let Some(pod) = depot.cluster.metadata::<Pod>(namespace, name).await? else {
        return Ok(());
    };
    let annotations: Option<&BTreeMap<_, _>> = pod.metadata.annotations.as_ref();
    let current = annotations.and_then(|annotations| annotations.get(annotation));
    let current: usize = current.and_then(|count| count.parse().ok()).unwrap_or(0);
    if pod.metadata.uid.as_deref() != Some(uid) || current >= count {
        return Ok(());
    }
    // The uid is a precondition: a pod of the same name that came since is left alone.
    let patch = json!({"metadata": {"uid": uid, "annotations": {annotation: count.to_string()}}});
    let parameters = PatchParams {
        field_manager: Some(names::MANAGER_DEPOT.to_owned()),
        ..PatchParams::default()
    };
    let api: Api<Pod> = Api::namespaced(depot.cluster.client(), namespace);
    let patch = Patch::Merge(patch);
    let patched = within(
        "annotate",
        &format!("Pod/{namespace}/{name}"),
        api.patch_metadata(name, &parameters, &patch),
    )
    .await;
    match patched {
        Err(cluster::Error::Request { source, .. }) if matches!(&*source, kube::Error::Api(status) if matches!(status.code, 404 | 409)) => {
            Ok(())
        }
        other => other.map(|_| ()),
    }
}
