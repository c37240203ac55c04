//! What wakes the reconciler: Functions themselves, their children, pods, the ConfigMaps they name, and gateways' reports.
//!
//! Only metadata is watched; a visit reads what it needs. A watch that is silent for thirty seconds is given up and made anew, and
//! one whose history is lost begins with a list.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anneal_api::{names::LABEL_FUNCTION, v1alpha1::Function};
use anneal_protocol::FunctionRef;
use anneal_watch::{WATCH_SECONDS, steady};
use futures::{Stream, StreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt, predicates,
        reflector::{self, ObjectRef, Store},
        watcher::{self, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::broadcast;

use crate::{config::Config, context::Sources};

/// A Function in the watch: metadata only.
pub type Watched = PartialObjectMeta<Function>;

/// A controller of one namespace, or of all, with everything that wakes it.
pub fn controller(
    client: &Client,
    namespace: Option<&str>,
    sources: Sources,
    moved: broadcast::Receiver<FunctionRef>,
) -> Controller<Watched> {
    let (reader, writer) = reflector::store();
    let changes = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations)
        .combine(predicates::finalizers)
        .combine(deletion);
    let functions = metadata::<Function>(client, namespace, watcher::Config::default())
        .reflect(writer)
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let children = || watcher::Config::default().labels(LABEL_FUNCTION);
    // Every namespace has this one, and no Function names it.
    let maps = watcher::Config::default().fields("metadata.name!=kube-root-ca.crt");
    let of = namespace.map(str::to_owned);
    Controller::for_stream(functions, reader)
        .owns_stream(metadata::<Deployment>(client, namespace, children()).touched_objects())
        .owns_stream(metadata::<Job>(client, namespace, children()).touched_objects())
        .watches_stream(metadata::<Pod>(client, namespace, children()).touched_objects(), |pod| {
            function_of(&pod)
        })
        .watches_stream(metadata::<ConfigMap>(client, namespace, maps).touched_objects(), move |map| {
            sources.of(&map.namespace().unwrap_or_default(), &map.name_any())
        })
        .reconcile_on(reported(moved).filter(move |function| std::future::ready(of.is_none() || of == function.namespace)))
}

/// The gateways' pods, kept up to date for as long as the stream is driven, and whether they were listed once. Ended pods are
/// left out: they acknowledge nothing.
pub fn gateways(client: &Client, config: &Config) -> (GatewayPods, impl Stream<Item = ()> + Send + use<>) {
    let (store, writer) = reflector::store();
    let pods = GatewayPods {
        store,
        listed: Arc::default(),
    };
    let labels = config
        .gateway_selector
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(",");
    let selection = watcher::Config::default()
        .labels(&labels)
        .fields("status.phase!=Succeeded,status.phase!=Failed");
    let api: Api<PartialObjectMeta<Pod>> = Api::namespaced(client.clone(), &config.gateway_service.namespace);
    let listed = Arc::clone(&pods.listed);
    let stream = followed(api, selection).reflect(writer).map(move |event| {
        if matches!(event, Ok(watcher::Event::InitDone)) {
            listed.store(true, Ordering::Release);
        }
    });
    (pods, stream)
}

/// The gateways' pods.
#[derive(Clone)]
pub struct GatewayPods {
    /// Their metadata.
    pub store: Store<PartialObjectMeta<Pod>>,
    /// Whether they were listed once.
    pub listed: Arc<AtomicBool>,
}

fn metadata<K>(
    client: &Client,
    namespace: Option<&str>,
    selection: watcher::Config,
) -> impl Stream<Item = Result<watcher::Event<PartialObjectMeta<K>>, watcher::Error>> + Send + use<K>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = (), Scope = NamespaceResourceScope> + Send + 'static,
{
    let api: Api<PartialObjectMeta<K>> = match namespace {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    };
    followed(api, selection)
}

/// A watch that never ends. The form of its events is what reflectors and controllers take; there is no error among them.
fn followed<K>(api: Api<K>, selection: watcher::Config) -> impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send + use<K>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = ()> + Send + 'static,
{
    let selection = selection.timeout(WATCH_SECONDS);
    let make = move || watcher(api.clone(), selection.clone()).boxed();
    steady(
        make,
        |error| tracing::warn!(%error, kind = %K::kind(&()), "a watch is taken up again"),
    )
    .map(Ok)
}

#[expect(clippy::unnecessary_wraps, reason = "a predicate gives an option")]
fn deletion(object: &Watched) -> Option<u64> {
    Some(u64::from(object.metadata.deletion_timestamp.is_some()))
}

/// A label wakes a visit and decides nothing: a forged one costs one visit.
fn function_of(pod: &PartialObjectMeta<Pod>) -> Option<ObjectRef<Watched>> {
    let name = pod.labels().get(LABEL_FUNCTION)?;
    Some(ObjectRef::new(name).within(&pod.namespace()?))
}

/// Functions whose acknowledged generation moved. Whoever lags behind misses some; a held shrink asks again by itself.
fn reported(moved: broadcast::Receiver<FunctionRef>) -> impl Stream<Item = ObjectRef<Watched>> + Send {
    futures::stream::unfold(moved, |mut moved| async {
        loop {
            match moved.recv().await {
                Ok(function) => return Some((ObjectRef::new(&function.name).within(&function.namespace), moved)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests;
