//! From a pod to its Function, by the uids of controller owners.

use anneal_api::{names, v1alpha1::Function};
use anneal_protocol::FunctionRef;
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet},
        batch::v1::Job,
        core::v1::Pod,
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::unavailable;
use crate::{
    caller::{PodCaller, Role},
    cluster::{Cluster, Kind},
    refusal::{Refusal, Result},
};

/// Follows the owners of the pod with this name and uid.
pub(super) async fn follow(cluster: &Cluster, namespace: &str, name: &str, uid: &str) -> Result<PodCaller> {
    let pod = owned::<Pod>(cluster, namespace, name, uid).await?;
    let owner = controller_of(&pod)?;
    let (worker, deployed) = match (group_of(&owner.api_version), owner.kind.as_str()) {
        ("batch", "Job") => (owned::<Job>(cluster, namespace, &owner.name, &owner.uid).await?, false),
        ("apps", "ReplicaSet") => {
            let set = owned::<ReplicaSet>(cluster, namespace, &owner.name, &owner.uid).await?;
            let owner = controller_of(&set)?;
            if (group_of(&owner.api_version), owner.kind.as_str()) != ("apps", "Deployment") {
                return Err(stranger());
            }
            (owned::<Deployment>(cluster, namespace, &owner.name, &owner.uid).await?, true)
        }
        _ => return Err(stranger()),
    };
    let owner = controller_of(&worker)?;
    if (group_of(&owner.api_version), owner.kind.as_str()) != (names::GROUP, "Function") {
        return Err(stranger());
    }
    let function = FunctionRef {
        namespace: namespace.to_owned(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
    };
    check_function(cluster, &function).await?;
    let role = role(&worker, deployed, &function).ok_or_else(stranger)?;
    Ok(PodCaller {
        name: name.to_owned(),
        uid: uid.to_owned(),
        function,
        role,
    })
}

/// Refuses if the Function is gone or being deleted.
pub(super) async fn check_function(cluster: &Cluster, function: &FunctionRef) -> Result<()> {
    let found = cluster
        .metadata::<Function>(&function.namespace, &function.name)
        .await
        .map_err(|error| unavailable(&error))?;
    match found {
        Some(found) if found.metadata.uid.as_deref() == Some(&*function.uid) && found.metadata.deletion_timestamp.is_none() => Ok(()),
        _ => Err(Refusal::gone()),
    }
}

fn role(worker: &ObjectMeta, deployed: bool, function: &FunctionRef) -> Option<Role> {
    let key = worker
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(names::ANNOTATION_BUILD_KEY));
    if deployed {
        return Some(Role::Executor { build_key: key.cloned() });
    }
    Role::of_job(&function.name, worker.name.as_deref()?, key.map(String::as_str))
}

async fn owned<K: Kind>(cluster: &Cluster, namespace: &str, name: &str, uid: &str) -> Result<ObjectMeta> {
    let found = cluster.metadata::<K>(namespace, name).await.map_err(|error| unavailable(&error))?;
    found
        .map(|object| object.metadata)
        .filter(|metadata| metadata.uid.as_deref() == Some(uid))
        .ok_or_else(stranger)
}

fn controller_of(metadata: &ObjectMeta) -> Result<&OwnerReference> {
    let mut owners = metadata.owner_references.iter().flatten();
    owners.find(|owner| owner.controller == Some(true)).ok_or_else(stranger)
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn stranger() -> Refusal {
    Refusal::forbidden("the pod belongs to no Function")
}
