//! Makes the cluster look as the plan says. With `scale.rs` the only writer of children.
//!
//! Children are created by POST under deterministic names; one that exists is adopted if it is this Function's and left alone
//! if it is anybody else's. Server-side apply goes only to objects that were seen with our uid and that do not look as they
//! shall: in a quiet cluster nothing is written.

mod compare;
mod error;

use std::collections::{BTreeMap, BTreeSet};

use anneal_api::names::{GROUP, LABEL_DEPLOYMENT, MANAGER, MANAGER_CREATE};
use anneal_core::{
    plan::{ExecutorWish, Plan, Replicas, Scope},
    spec::{Identity, Wanted},
};
use anneal_protocol::{agent::CONFIG_VARIABLE, depot::RejectionRequest};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy},
};
use serde_json::{Value, json};
use snafu::{OptionExt, ResultExt};

pub use self::error::Error;
use self::{
    compare::contains,
    error::{ApiSnafu, EndingSnafu, NameTakenSnafu, NoUidSnafu, RejectSnafu, ScaleSnafu, failure},
};
use crate::{
    build::{self, Child, Kind, Site},
    convert,
    depot::Depot,
    scale,
};

/// Applies plans of one Function.
pub struct Applier<'a> {
    /// Talks to the apiserver.
    pub client: &'a Client,
    /// Told of rejected builds.
    pub depot: &'a Depot,
    /// What children are rendered from.
    pub site: Site<'a>,
}

/// Children of a Function that were seen, by kind and name.
pub type Present = BTreeMap<Kind, BTreeMap<String, DynamicObject>>;

impl Applier<'_> {
    /// Does what the plan says, in an order in which nothing that serves is touched before what replaces it is there.
    pub async fn apply(&self, wanted: &Wanted, plan: &Plan, present: &Present) -> Result<(), Error> {
        if plan.scope == Scope::LeaveAlone {
            return Ok(());
        }
        // A name that is taken or a refused object stops nothing but itself; an apiserver that does not answer stops all.
        let mut fault = None;
        let children = build::standing(self.site)
            .into_iter()
            .chain(build::executors(self.site, plan))
            .chain(build::jobs(self.site, wanted, &plan.jobs));
        let mut unusable = BTreeSet::new();
        for child in children {
            let seen = present.get(&child.kind).and_then(|present| present.get(&child.name));
            let done = self.ensure(&child, seen).await;
            if done.is_err() && child.kind == Kind::Deployment {
                unusable.insert(child.name.clone());
            }
            keep(&mut fault, done)?;
        }
        // A Deployment that is not there, or is somebody else's, is not scaled.
        for wish in plan
            .executors
            .values()
            .filter(|wish| !unusable.contains(&wish.placement.deployment))
        {
            keep(&mut fault, self.size(wish, present).await)?;
        }
        for name in &plan.obsolete_jobs {
            if let Some(job) = present.get(&Kind::Job).and_then(|jobs| jobs.get(name)) {
                keep(&mut fault, self.delete(Kind::Job, job).await)?;
            }
        }
        self.prune_services(plan, present).await?;
        for (key, reason) in &plan.rejections {
            let request = RejectionRequest {
                function: convert::function_ref(self.function()),
                build_key: key.to_string(),
                reason: reason.as_str().to_owned(),
            };
            self.depot.reject(&request).await.context(RejectSnafu { key: key.as_str() })?;
        }
        fault.map_or(Ok(()), Err)
    }

    const fn function(&self) -> &Identity {
        self.site.function
    }

    fn api(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.function().namespace, &kind.resource())
    }

    fn owns(&self, object: &DynamicObject) -> bool {
        object
            .metadata
            .owner_references
            .iter()
            .flatten()
            .any(|owner| owner.uid == self.function().uid && owner.controller == Some(true))
    }

    /// Whether an object that is not ours goes by itself. A Function of our name with another uid is gone, and the garbage
    /// collector follows it.
    fn is_ending(&self, object: &DynamicObject) -> bool {
        let is_predecessor = |owner: &OwnerReference| {
            (owner.kind.as_str(), owner.name.as_str()) == ("Function", self.function().name.as_str())
                && owner.api_version.starts_with(GROUP)
                && owner.uid != self.function().uid
        };
        object.metadata.deletion_timestamp.is_some() || object.metadata.owner_references.iter().flatten().any(is_predecessor)
    }

    /// Creates a child, adopts it, or brings it back to what it shall be.
    async fn ensure(&self, child: &Child, seen: Option<&DynamicObject>) -> Result<(), Error> {
        match seen {
            Some(object) => self.settle(child, object).await,
            None => self.create(child).await,
        }
    }

    /// Brings an object of ours back to what it shall be, if it is not that.
    async fn settle(&self, child: &Child, object: &DynamicObject) -> Result<(), Error> {
        let mut live = serde_json::to_value(object).unwrap_or(Value::Null);
        // The items of a list come without them.
        for member in ["apiVersion", "kind"] {
            live[member] = child.object[member].clone();
        }
        let mut wanted = child.object.clone();
        if child.kind == Kind::Deployment {
            keep_operators_settings(&live, &mut wanted);
        }
        // Jobs are immutable, and what is being deleted is not brought back.
        if child.kind == Kind::Job || object.metadata.deletion_timestamp.is_some() || contains(&live, &wanted) {
            return Ok(());
        }
        self.restore(child, wanted, object).await
    }

    async fn create(&self, child: &Child) -> Result<(), Error> {
        let mut object = child.object.clone();
        let mut manager = MANAGER;
        if child.kind == Kind::Deployment {
            // It starts empty; who scales it is another field manager.
            object["spec"]["replicas"] = json!(0);
            manager = MANAGER_CREATE;
        }
        let object: DynamicObject =
            serde_json::from_value(object).unwrap_or_else(|_| DynamicObject::new(&child.name, &child.kind.resource()));
        let parameters = PostParams {
            field_manager: Some(manager.to_owned()),
            ..PostParams::default()
        };
        match self.api(child.kind).create(&parameters, &object).await {
            Ok(_) => Ok(()),
            // Also the answer when an earlier call did commit and its reply was lost.
            Err(kube::Error::Api(status)) if status.code == 409 => self.adopt(child).await,
            Err(error) => Err(failure("create", child.kind, &child.name, error)),
        }
    }

    async fn adopt(&self, child: &Child) -> Result<(), Error> {
        let found = self
            .api(child.kind)
            .get_opt(&child.name)
            .await
            .map_err(|error| failure("get", child.kind, &child.name, error))?;
        match found {
            // It went between the two calls: the next visit makes it.
            None => Ok(()),
            Some(object) if self.owns(&object) => self.settle(child, &object).await,
            Some(object) if self.is_ending(&object) => EndingSnafu {
                kind: child.kind,
                name: &child.name,
            }
            .fail(),
            Some(_) => NameTakenSnafu {
                kind: child.kind,
                name: &child.name,
            }
            .fail(),
        }
    }

    async fn restore(&self, child: &Child, mut wanted: Value, object: &DynamicObject) -> Result<(), Error> {
        let uid = object.metadata.uid.as_deref().context(NoUidSnafu {
            kind: child.kind,
            name: &child.name,
        })?;
        // With the uid in the body the apply fails on an object that took the name meanwhile.
        wanted["metadata"]["uid"] = json!(uid);
        tracing::info!(kind = ?child.kind, name = child.name, "brought back to what it shall be");
        let parameters = PatchParams::apply(MANAGER).force();
        let patched = self.api(child.kind).patch(&child.name, &parameters, &Patch::Apply(&wanted)).await;
        patched.map(drop).map_err(|error| failure("apply", child.kind, &child.name, error))
    }

    /// Sets replicas; removes a Deployment when its last pod has gone.
    async fn size(&self, wish: &ExecutorWish, present: &Present) -> Result<(), Error> {
        let name = &wish.placement.deployment;
        let replicas = match wish.replicas {
            Replicas::AsTheyAre => return Ok(()),
            Replicas::Exactly(count) => count,
            Replicas::Gone => 0,
        };
        let seen = present.get(&Kind::Deployment).and_then(|deployments| deployments.get(name));
        let (current, pods) = seen.map_or((0, 0), |object| {
            (number(object, "/spec/replicas", 1), number(object, "/status/replicas", 0))
        });
        if current != u64::from(replicas) {
            let uid = seen.and_then(|object| object.metadata.uid.as_deref());
            return scale::set(self.client, &self.function().namespace, name, uid, replicas)
                .await
                .context(ScaleSnafu { name });
        }
        match seen {
            Some(object) if wish.replicas == Replicas::Gone && pods == 0 && self.has_settled(object).await? => {
                self.delete(Kind::Deployment, object).await
            }
            _ => Ok(()),
        }
    }

    /// Whether no pod of a Deployment is left: ending ones still upload, and the depot follows their owners.
    async fn has_settled(&self, deployment: &DynamicObject) -> Result<bool, Error> {
        let name = deployment.metadata.name.as_deref().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.function().namespace);
        let parameters = ListParams::default().labels(&format!("{LABEL_DEPLOYMENT}={name}"));
        let list = pods.list(&parameters).await.map_err(Box::new).context(ApiSnafu {
            verb: "list pods of",
            kind: Kind::Deployment,
            name,
        })?;
        // An evicted pod stays for hours after it has ended.
        let has_ended = |pod: &Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            phase.is_some_and(|phase| ["Succeeded", "Failed"].contains(&phase))
        };
        Ok(list.items.iter().all(has_ended))
    }

    /// Removes headless Services whose Deployment is gone or going.
    async fn prune_services(&self, plan: &Plan, present: &Present) -> Result<(), Error> {
        let deployments = present.get(&Kind::Deployment);
        let is_needed =
            |name: &str| plan.executors.contains_key(name) || deployments.is_some_and(|deployments| deployments.contains_key(name));
        for (name, service) in present.get(&Kind::Service).into_iter().flatten() {
            let of_deployment = service.metadata.labels.as_ref().and_then(|labels| labels.get(LABEL_DEPLOYMENT));
            if of_deployment.is_some() && !is_needed(name) && service.metadata.deletion_timestamp.is_none() {
                self.delete(Kind::Service, service).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, kind: Kind, object: &DynamicObject) -> Result<(), Error> {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions {
                uid: object.metadata.uid.clone(),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        match self.api(kind).delete(name, &parameters).await {
            Ok(_) => Ok(()),
            // Gone, or another object of that name.
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
            Err(error) => Err(failure("delete", kind, name, error)),
        }
    }
}

/// What the operator's own settings put into a pod stays as it was when the Deployment was made: a change of them restarts nothing.
fn keep_operators_settings(live: &Value, wanted: &mut Value) {
    const PULL_POLICY: &str = "/spec/template/spec/initContainers/0/imagePullPolicy";
    const ENVIRONMENT: &str = "/spec/template/spec/containers/0/env";
    if let (Some(live), Some(wanted)) = (live.pointer(PULL_POLICY), wanted.pointer_mut(PULL_POLICY)) {
        *wanted = live.clone();
    }
    let is_config = |variable: &&Value| variable["name"] == CONFIG_VARIABLE;
    let live = live
        .pointer(ENVIRONMENT)
        .and_then(Value::as_array)
        .and_then(|live| live.iter().find(is_config))
        .cloned();
    let wanted = wanted.pointer_mut(ENVIRONMENT).and_then(Value::as_array_mut);
    let wanted = wanted.and_then(|wanted| wanted.iter_mut().find(|variable| variable["name"] == CONFIG_VARIABLE));
    if let (Some(live), Some(wanted)) = (live, wanted) {
        *wanted = live;
    }
}

/// Keeps the first fault that concerns one object alone; any other ends the work.
fn keep(fault: &mut Option<Error>, done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(error @ (Error::NameTaken { .. } | Error::Ending { .. } | Error::Refused { .. })) => {
            fault.get_or_insert(error);
            Ok(())
        }
        done => done,
    }
}

fn number(object: &DynamicObject, pointer: &str, absent: u64) -> u64 {
    object.data.pointer(pointer).and_then(Value::as_u64).unwrap_or(absent)
}
