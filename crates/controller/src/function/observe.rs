//! Everything that a plan is made from. The only place of a reconcile that reads; nothing here writes.

use std::collections::BTreeMap;

use anneal_core::{
    digest::Digest,
    facts::{Known, Observed},
    plan,
    references::References,
    spec::{Identity, Refusal, Source, Wanted},
    state::State,
};
use futures::future::try_join_all;
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api, ResourceExt,
    api::{DynamicObject, ListParams},
    core::PartialObjectMeta,
};
use serde::de::DeserializeOwned;
use snafu::{ResultExt, Snafu};

use crate::{
    apply::Present,
    build::{self, Kind},
    context::Context,
    convert,
};

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

/// What is seen: as the plan takes it, and the children themselves.
pub struct Seen {
    /// As the plan takes it.
    pub observed: Observed,
    /// Children by kind and name.
    pub children: Present,
}

/// Sees everything that concerns a Function.
pub async fn observe(ctx: &Context, identity: &Identity, spec: &Result<Wanted, Refusal>, state: &State) -> Result<Seen, Error> {
    let lists = Kind::ALL.map(|kind| children(ctx, identity, kind));
    let (children, pods, config_map) = tokio::join!(try_join_all(lists), pods(ctx, identity), config_map(ctx, identity, spec));
    let (children, pods): (Present, _) = (children?.into_iter().collect(), pods?);
    let function = convert::function_ref(identity);
    let executor = |deployment: &Deployment| Some((deployment.name_any(), executors::executor(deployment, &pods)?));
    let mut observed = Observed {
        config_map,
        jobs: typed::<Job>(&children, Kind::Job)
            .filter_map(|job| jobs::job(&job, &pods))
            .collect(),
        executors: typed::<Deployment>(&children, Kind::Deployment)
            .filter_map(|deployment| executor(&deployment))
            .collect(),
        gateways: ctx.gateways.of(&function),
        requests: ctx
            .gateways
            .registry
            .ledger
            .requests(&identity.uid)
            .map_or(Known::Unknown, Known::Known),
        latency: ctx.gateways.latency(&function),
        ..Observed::default()
    };
    let asked = plan::questions(identity, spec.as_ref().ok(), state, &observed);
    let references = References::of(&identity.uid, state, &observed, &asked);
    match ctx.depot.facts(&convert::questions(identity, &asked, references.as_ref())).await {
        Ok(facts) => convert::take_facts(&mut observed, &asked, &facts),
        // Not knowing is data: gates hold, and what serves goes on.
        Err(error) => tracing::warn!(
            error = snafu::Report::from_error(error).to_string(),
            "the depot does not say what is stored"
        ),
    }
    Ok(Seen { observed, children })
}

/// Objects of one kind that carry this Function's label and that it owns.
async fn children(ctx: &Context, identity: &Identity, kind: Kind) -> Result<(Kind, BTreeMap<String, DynamicObject>), Error> {
    let api: Api<DynamicObject> = Api::namespaced_with(ctx.client.clone(), &identity.namespace, &kind.resource());
    let parameters = ListParams::default().labels(&build::selector(&identity.name));
    let list = api
        .list(&parameters)
        .await
        .map_err(Box::new)
        .context(ListSnafu { kind: kind.as_str() })?;
    let ours = |object: &DynamicObject| {
        object
            .owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.uid == identity.uid)
    };
    Ok((
        kind,
        list.items
            .into_iter()
            .filter(ours)
            .map(|object| (object.name_any(), object))
            .collect(),
    ))
}

fn typed<K: DeserializeOwned>(children: &Present, kind: Kind) -> impl Iterator<Item = K> {
    children.get(&kind).into_iter().flatten().filter_map(|(name, object)| {
        let read = serde_json::to_value(object).and_then(serde_json::from_value);
        read.inspect_err(|error| tracing::error!(%error, name, "a child does not have the form of its kind and is left alone"))
            .ok()
    })
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
