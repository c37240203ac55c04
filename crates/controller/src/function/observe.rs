//! Everything that a plan is made from. The only place of a reconcile that reads; nothing here writes.

use anneal_core::{
    digest::Digest,
    facts::{Known, Observed},
    plan,
    spec::{Identity, Refusal, Source, Wanted},
    state::State,
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api, Resource, ResourceExt,
    api::ListParams,
    core::{NamespaceResourceScope, PartialObjectMeta},
};
use serde::de::DeserializeOwned;
use snafu::{ResultExt, Snafu};

use crate::{build, context::Context, convert};

mod executors;
mod jobs;
mod termination;

/// Something that a plan needs cannot be read. What may be unknown is no error.
#[derive(Debug, Snafu)]
pub enum Error {
    /// Children cannot be listed.
    #[snafu(display("list {kind}"))]
    List {
        /// Of which kind.
        kind: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
}

/// Sees everything that concerns a Function.
pub async fn observe(ctx: &Context, identity: &Identity, spec: &Result<Wanted, Refusal>, state: &State) -> Result<Observed, Error> {
    let (deployments, jobs, pods, config_map) = tokio::join!(
        owned::<Deployment>(ctx, identity, "Deployments"),
        owned::<Job>(ctx, identity, "Jobs"),
        pods(ctx, identity),
        config_map(ctx, identity, spec),
    );
    let (deployments, jobs, pods) = (deployments?, jobs?, pods?);
    let function = convert::function_ref(identity);
    let mut observed = Observed {
        config_map,
        jobs: jobs.iter().filter_map(|job| jobs::job(job, &pods)).collect(),
        executors: deployments
            .iter()
            .filter_map(|deployment| Some((deployment.name_any(), executors::executor(deployment, &pods)?)))
            .collect(),
        gateways: ctx.gateways.of(&function),
        latency: ctx.gateways.latency(&function),
        ..Observed::default()
    };
    let asked = plan::questions(identity, spec.as_ref().ok(), &observed.config_map, state);
    match ctx.depot.facts(&convert::questions(identity, &asked)).await {
        Ok(facts) => convert::take_facts(&mut observed, &asked, &facts),
        // Not knowing is data: gates hold, and what serves goes on.
        Err(error) => tracing::warn!(
            error = snafu::Report::from_error(error).to_string(),
            "the depot does not say what is stored"
        ),
    }
    Ok(observed)
}

async fn owned<K>(ctx: &Context, identity: &Identity, kind: &'static str) -> Result<Vec<K>, Error>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let parameters = ListParams::default().labels(&build::selector(&identity.name));
    let list = api.list(&parameters).await.map_err(Box::new).context(ListSnafu { kind })?;
    let ours = |object: &K| {
        object
            .owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.uid == identity.uid)
    };
    Ok(list.items.into_iter().filter(ours).collect())
}

/// Pods with the Function's labels; whose they are is told by their owners, when they are counted.
async fn pods(ctx: &Context, identity: &Identity) -> Result<Vec<Pod>, Error> {
    let api: Api<Pod> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let parameters = ListParams::default().labels(&build::selector(&identity.name));
    Ok(api
        .list(&parameters)
        .await
        .map_err(Box::new)
        .context(ListSnafu { kind: "Pods" })?
        .items)
}

/// Pods that still exist, for whoever waits for their end.
pub(super) async fn pod_names(ctx: &Context, identity: &Identity) -> Result<Vec<String>, Error> {
    let api: Api<Pod> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let parameters = ListParams::default().labels(&build::selector(&identity.name));
    let list = api
        .list_metadata(&parameters)
        .await
        .map_err(Box::new)
        .context(ListSnafu { kind: "Pods" })?;
    Ok(list.items.iter().map(PartialObjectMeta::name_any).collect())
}

/// The digest of a ConfigMap source. Its bytes are hashed and never looked into.
async fn config_map(ctx: &Context, identity: &Identity, spec: &Result<Wanted, Refusal>) -> Known<Option<Digest>> {
    let Ok(Wanted {
        source: Source::ConfigMap { name, key, .. },
        ..
    }) = spec
    else {
        return Known::Unknown;
    };
    let api: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    match api.get_opt(name).await {
        Ok(found) => Known::Known(found.and_then(|map| digest(&map, key))),
        Err(error) => {
            tracing::warn!(%error, "the source's ConfigMap cannot be read");
            Known::Unknown
        }
    }
}

fn digest(map: &ConfigMap, key: &str) -> Option<Digest> {
    let binary = map
        .binary_data
        .as_ref()
        .and_then(|data| data.get(key))
        .map(|bytes| Digest::of(&bytes.0));
    binary.or_else(|| {
        map.data
            .as_ref()
            .and_then(|data| data.get(key))
            .map(|text| Digest::of(text.as_bytes()))
    })
}
