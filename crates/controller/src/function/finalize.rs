//! The end of a Function: its pods first, then everything in the store, then the finalizer.
//!
//! Nothing here looks at the spec, so that a Function that was never valid can be deleted too.

use anneal_api::{
    names::{FINALIZER, MANAGER},
    v1alpha1::Function,
};
use anneal_core::spec::Identity;
use k8s_openapi::api::{apps::v1::Deployment, batch::v1::Job};
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions, PropagationPolicy},
    core::{NamespaceResourceScope, PartialObjectMeta},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use snafu::{ResultExt, Snafu};

use super::observe;
use crate::{build, context::Context, convert, depot, trust};

/// Why a Function cannot go yet.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Children cannot be listed.
    #[snafu(display("list {kind} to delete"))]
    List {
        /// Of which kind.
        kind: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
    /// A child cannot be deleted.
    #[snafu(display("delete {kind} {name:?}"))]
    Delete {
        /// Of which kind.
        kind: &'static str,
        /// Which.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// Pods cannot be listed.
    #[snafu(display("look for pods"))]
    Look {
        /// Why.
        source: observe::Error,
    },
    /// The depot did not purge.
    #[snafu(display("purge the store"))]
    Purge {
        /// Why.
        source: depot::Error,
    },
    /// What the namespace's pods trusted cannot be removed.
    #[snafu(display("leave the namespace"))]
    Leave {
        /// Why.
        source: trust::Error,
    },
    /// The finalizer cannot be set or removed.
    #[snafu(display("write the finalizer"))]
    Finalizer {
        /// Why.
        source: Box<kube::Error>,
    },
}

/// How far a deletion is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Pods still end, or the purge goes on.
    Waiting,
    /// Nothing is left.
    Done,
}

/// Puts the finalizer on a Function that has none: before anything of it is stored.
pub async fn ensure(ctx: &Context, function: &Function) -> Result<Option<Function>, Error> {
    if function.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(None);
    }
    let finalizers: Vec<&str> = function.finalizers().iter().map(String::as_str).chain([FINALIZER]).collect();
    set(ctx, function, &finalizers).await.map(Some)
}

/// Deletes what runs, purges what is stored, and lets the Function go.
pub async fn finalize(ctx: &Context, function: &Function, identity: &Identity) -> Result<Progress, Error> {
    if !function.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(Progress::Done);
    }
    delete_all::<Job>(ctx, identity, "Job").await?;
    delete_all::<Deployment>(ctx, identity, "Deployment").await?;
    let pods = observe::pod_names(ctx, identity).await.context(LookSnafu)?;
    if !pods.is_empty() {
        tracing::debug!(pods = pods.len(), "waiting for pods to end");
        return Ok(Progress::Waiting);
    }
    let purged = ctx.depot.purge(convert::function_ref(identity)).await.context(PurgeSnafu)?;
    if !purged.complete {
        return Ok(Progress::Waiting);
    }
    let trust = &ctx.certificates.trust;
    match trust.remove_after(&identity.namespace, &identity.name).await {
        // Somebody's policy: no reason to keep the Function.
        Err(error) if error.is_refusal() => tracing::warn!(%error, "the authorities' ConfigMap stays"),
        removed => removed.context(LeaveSnafu)?,
    }
    let rest: Vec<&str> = function
        .finalizers()
        .iter()
        .map(String::as_str)
        .filter(|name| *name != FINALIZER)
        .collect();
    set(ctx, function, &rest).await?;
    ctx.pace.forget(&identity.uid);
    ctx.gateways.registry.ledger.forget(&identity.uid);
    ctx.sources.note(&identity.namespace, &identity.name, None);
    Ok(Progress::Done)
}

/// The resource version in the body makes the apiserver refuse a list that was made from an old object.
async fn set(ctx: &Context, function: &Function, finalizers: &[&str]) -> Result<Function, Error> {
    let api: Api<Function> = Api::namespaced(ctx.client.clone(), &function.namespace().unwrap_or_default());
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": function.resource_version(), "uid": function.uid()}});
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    match api.patch(&function.name_any(), &parameters, &Patch::Merge(&patch)).await {
        Ok(patched) => Ok(patched),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(function.clone()),
        Err(error) => Err(Box::new(error)).context(FinalizerSnafu),
    }
}

async fn delete_all<K>(ctx: &Context, identity: &Identity, kind: &'static str) -> Result<(), Error>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let parameters = ListParams::default().labels(&build::selector(&identity.name));
    let list = api.list_metadata(&parameters).await.map_err(Box::new).context(ListSnafu { kind })?;
    let ours = |object: &&PartialObjectMeta<K>| {
        object.metadata.deletion_timestamp.is_none()
            && object
                .metadata
                .owner_references
                .iter()
                .flatten()
                .any(|owner| owner.controller == Some(true) && owner.uid == identity.uid)
    };
    for object in list.items.iter().filter(ours) {
        let name = object.metadata.name.clone().unwrap_or_default();
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions {
                uid: object.metadata.uid.clone(),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        match api.delete(&name, &parameters).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {}
            Err(error) => return Err(Box::new(error)).context(DeleteSnafu { kind, name }),
        }
    }
    Ok(())
}
