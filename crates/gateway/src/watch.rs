//! Watches of Functions and EndpointSlices, fed into the [`Index`]. Only reads; a lost apiserver leaves routes as they are.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anneal_api::{names::LABEL_DEPLOYMENT, v1alpha1::Function};
use anneal_watch::{WATCH_SECONDS, Watch};
use futures::{Stream, StreamExt, stream, stream::BoxStream};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::DeserializeGuard,
    runtime::watcher::{self, Event, watcher},
};

use crate::{index::Index, metrics::Metrics, routes::Routes};

/// A client whose calls end in bounded time and are repeated by the watches alone.
pub(crate) fn client(mut config: kube::Config) -> kube::Result<Client> {
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(Duration::from_secs(u64::from(WATCH_SECONDS) + 5));
    config.write_timeout = Some(Duration::from_secs(10));
    config.default_retry = false;
    Client::try_from(config)
}

/// One namespace, or all.
type Scope = Option<String>;

/// What a watch of one scope showed.
enum Shown {
    Function(Scope, Box<Event<DeserializeGuard<Function>>>),
    Slice(Scope, Box<Event<EndpointSlice>>),
}

/// Follows both resources for ever.
pub(crate) async fn run(client: Client, namespaces: Vec<String>, mut index: Index, routes: Arc<Routes>, metrics: Arc<Metrics>) {
    let scopes: Vec<Scope> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.into_iter().map(Some).collect()
    };
    let mut lists = Lists::new(scopes.len() * 2);
    let mut shown = stream::select_all(scopes.iter().flat_map(|scope| streams(&client, scope, &metrics)));
    while let Some(event) = shown.next().await {
        lists.feed(&mut index, event);
        if lists.are_complete() && !routes.is_complete() {
            tracing::info!(functions = routes.count(), "the routes are complete");
            routes.mark_complete();
        }
    }
}

fn streams(client: &Client, scope: &Scope, metrics: &Arc<Metrics>) -> [BoxStream<'static, Shown>; 2] {
    let functions = api::<DeserializeGuard<Function>>(client, scope);
    let slices = api::<EndpointSlice>(client, scope);
    let all = watcher::Config::default().timeout(WATCH_SECONDS);
    let labelled = all.clone().labels(LABEL_DEPLOYMENT);
    let (of_functions, of_slices) = (scope.clone(), scope.clone());
    let functions = steady("functions", metrics, move || watcher(functions.clone(), all.clone()).boxed());
    let slices = steady("endpointslices", metrics, move || watcher(slices.clone(), labelled.clone()).boxed());
    [
        functions
            .map(move |event| Shown::Function(of_functions.clone(), Box::new(event)))
            .boxed(),
        slices.map(move |event| Shown::Slice(of_slices.clone(), Box::new(event))).boxed(),
    ]
}

/// The events of a watch; what breaks it is told, and the routes stay as they are meanwhile.
fn steady<K, M>(resource: &'static str, metrics: &Arc<Metrics>, make: M) -> impl Stream<Item = Event<K>> + Send + use<K, M>
where
    K: Send + 'static,
    M: Fn() -> Watch<K> + Send + 'static,
{
    let errors = metrics.watch_errors.with_label_values(&[resource]);
    anneal_watch::steady(make, move |error| {
        errors.inc();
        tracing::warn!(%error, resource, "a watch broke; the routes stay as they are");
    })
}

fn api<K>(client: &Client, scope: &Scope) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    scope
        .as_ref()
        .map_or_else(|| Api::all(client.clone()), |namespace| Api::namespaced(client.clone(), namespace))
}

/// Lists under way: what they have shown so far, by scope.
struct Lists {
    functions: Vec<(Scope, HashSet<(String, String)>)>,
    slices: Vec<(Scope, HashSet<(String, String)>)>,
    /// First lists that have not ended.
    missing: usize,
    ended: HashSet<(&'static str, Scope)>,
}

impl Lists {
    fn new(missing: usize) -> Self {
        Self {
            functions: Vec::new(),
            slices: Vec::new(),
            missing,
            ended: HashSet::new(),
        }
    }

    fn are_complete(&self) -> bool {
        self.ended.len() >= self.missing
    }

    fn feed(&mut self, index: &mut Index, shown: Shown) {
        match shown {
            Shown::Function(scope, event) => {
                if let Some(seen) = follow(&mut self.functions, &scope, &event) {
                    index.retain(scope.as_deref(), &seen);
                    self.ended.insert(("functions", scope));
                    return;
                }
                match *event {
                    Event::Apply(function) | Event::InitApply(function) => apply(index, &function),
                    Event::Delete(function) => index.remove(&function.namespace().unwrap_or_default(), &function.name_any()),
                    Event::Init | Event::InitDone => {}
                }
            }
            Shown::Slice(scope, event) => {
                if let Some(seen) = follow(&mut self.slices, &scope, &event) {
                    index.retain_slices(scope.as_deref(), &seen);
                    self.ended.insert(("slices", scope));
                    return;
                }
                match *event {
                    Event::Apply(slice) | Event::InitApply(slice) => index.apply_slice(&slice),
                    Event::Delete(slice) => index.remove_slice(&slice),
                    Event::Init | Event::InitDone => {}
                }
            }
        }
    }
}

fn apply(index: &mut Index, function: &DeserializeGuard<Function>) {
    match &function.0 {
        Ok(function) => index.apply(function),
        // Written by a newer controller, perhaps: the route that was understood last stays.
        Err(error) => {
            let (namespace, name) = (function.namespace(), function.name_any());
            tracing::warn!(%error, namespace, name, "a Function cannot be read; its route stays as it is");
        }
    }
}

/// Keeps the names that a list shows; gives them when it has ended.
fn follow<K: ResourceExt>(
    lists: &mut Vec<(Scope, HashSet<(String, String)>)>,
    scope: &Scope,
    event: &Event<K>,
) -> Option<HashSet<(String, String)>> {
    match event {
        Event::Init => {
            lists.retain(|(known, _)| known != scope);
            lists.push((scope.clone(), HashSet::new()));
        }
        Event::InitApply(object) => {
            if let Some((_, seen)) = lists.iter_mut().find(|(known, _)| known == scope) {
                seen.insert((object.namespace().unwrap_or_default(), object.name_any()));
            }
        }
        Event::InitDone => {
            let position = lists.iter().position(|(known, _)| known == scope)?;
            return Some(lists.swap_remove(position).1);
        }
        Event::Apply(_) | Event::Delete(_) => {}
    }
    None
}
