//! What the watches have shown, and the routes that follow from it. One task owns it; requests only see [`Routes`].

mod slices;
mod wanted;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, atomic::AtomicUsize},
};

use anneal_api::v1alpha1::Function;
use anneal_protocol::FunctionRef;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use tokio::sync::mpsc::UnboundedSender;

use self::{
    slices::{Listed, deployment_of, list, name_of},
    wanted::{Share, Wanted},
};
use crate::{
    endpoint::{Endpoint, EndpointId},
    routes::{FunctionState, Generation, Route, Routes, Target},
    split::Split,
};

/// Executors with windows that left the slices and may come back: their totals must not start again.
const MAX_REMEMBERED: usize = 1024;
/// A Deployment by namespace and name.
type DeploymentId = (String, String);

/// The model behind the routes.
#[derive(Debug)]
pub(crate) struct Index {
    routes: Arc<Routes>,
    functions: HashMap<String, FunctionEntry>,
    executors: HashMap<DeploymentId, Executors>,
    /// The Deployment of each slice, by namespace and name.
    slices: HashMap<(String, String), DeploymentId>,
    /// Which functions name a Deployment.
    users: HashMap<DeploymentId, BTreeSet<String>>,
    /// Executors whose agents want reports.
    windows: UnboundedSender<Arc<Endpoint>>,
    remembered: VecDeque<Arc<Endpoint>>,
}

#[derive(Debug)]
struct FunctionEntry {
    namespace: String,
    state: Arc<FunctionState>,
    generation: Arc<Generation>,
    split: Arc<Split>,
    wanted: Wanted,
}

/// The executors of one Deployment, as its slices show them.
#[derive(Debug, Default)]
struct Executors {
    slices: BTreeMap<String, Vec<Listed>>,
    endpoints: BTreeMap<EndpointId, Arc<Endpoint>>,
}

impl Index {
    /// Executors whose agents want reports go to `windows`.
    pub(crate) fn new(routes: Arc<Routes>, windows: UnboundedSender<Arc<Endpoint>>) -> Self {
        Self {
            routes,
            functions: HashMap::new(),
            executors: HashMap::new(),
            slices: HashMap::new(),
            users: HashMap::new(),
            windows,
            remembered: VecDeque::new(),
        }
    }

    /// A Function as it is now.
    pub(crate) fn apply(&mut self, function: &Function) {
        let (Some(name), Some(namespace)) = (&function.metadata.name, &function.metadata.namespace) else {
            return;
        };
        let (key, wanted) = (key(namespace, name), Wanted::of(function));
        let uid = function.metadata.uid.clone().unwrap_or_default();
        let known = self.functions.get(&key).filter(|entry| entry.state.function.uid == uid);
        if known.is_some_and(|entry| entry.wanted == wanted) {
            return;
        }
        let known = known.map(|entry| {
            (
                Arc::clone(&entry.state),
                Arc::clone(&entry.generation),
                Arc::clone(&entry.split),
                entry.wanted.clone(),
            )
        });
        let entry = match known {
            Some((state, generation, split, before)) => FunctionEntry {
                namespace: namespace.clone(),
                state,
                generation: if before.generation == wanted.generation {
                    generation
                } else {
                    Arc::new(Generation::new(wanted.generation))
                },
                split: if before.traffic == wanted.traffic {
                    split
                } else {
                    Arc::new(wanted.split())
                },
                wanted,
            },
            None => FunctionEntry {
                namespace: namespace.clone(),
                state: Arc::new(FunctionState::new(FunctionRef {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    uid,
                })),
                generation: Arc::new(Generation::new(wanted.generation)),
                split: Arc::new(wanted.split()),
                wanted,
            },
        };
        self.forget_users(&key);
        for share in entry.wanted.shares() {
            self.users
                .entry((namespace.clone(), share.deployment.clone()))
                .or_default()
                .insert(key.clone());
        }
        self.functions.insert(key.clone(), entry);
        self.publish(&key);
    }

    /// A Function is gone.
    pub(crate) fn remove(&mut self, namespace: &str, name: &str) {
        let key = key(namespace, name);
        self.forget_users(&key);
        self.functions.remove(&key);
        self.routes.withdraw(&key);
    }

    /// A list has ended: of the functions of `namespace` (or all) only these exist.
    pub(crate) fn retain(&mut self, namespace: Option<&str>, seen: &HashSet<(String, String)>) {
        let in_scope = self
            .functions
            .values()
            .filter(|entry| namespace.is_none_or(|namespace| entry.namespace == namespace));
        let gone: Vec<FunctionRef> = in_scope
            .map(|entry| &entry.state.function)
            .filter(|known| !seen.contains(&(known.namespace.clone(), known.name.clone())))
            .cloned()
            .collect();
        for function in gone {
            self.remove(&function.namespace, &function.name);
        }
    }

    /// An EndpointSlice as it is now.
    pub(crate) fn apply_slice(&mut self, slice: &EndpointSlice) {
        let Some(name) = name_of(slice) else { return };
        let Some(id) = deployment_of(slice) else {
            return self.forget_slice(&name);
        };
        if self.slices.get(&name).is_some_and(|known| *known != id) {
            self.forget_slice(&name);
        }
        let listed = list(slice, &id);
        self.executors.entry(id.clone()).or_default().slices.insert(name.1.clone(), listed);
        self.slices.insert(name, id.clone());
        self.refresh(&id);
    }

    /// An EndpointSlice is gone.
    pub(crate) fn remove_slice(&mut self, slice: &EndpointSlice) {
        if let Some(name) = name_of(slice) {
            self.forget_slice(&name);
        }
    }

    /// A list has ended: of the slices of `namespace` (or all) only these exist.
    pub(crate) fn retain_slices(&mut self, namespace: Option<&str>, seen: &HashSet<(String, String)>) {
        let in_scope = self
            .slices
            .keys()
            .filter(|known| namespace.is_none_or(|namespace| known.0 == namespace));
        let gone: Vec<(String, String)> = in_scope.filter(|known| !seen.contains(known)).cloned().collect();
        for name in gone {
            self.forget_slice(&name);
        }
    }

    fn forget_slice(&mut self, name: &(String, String)) {
        let Some(id) = self.slices.remove(name) else {
            return;
        };
        if let Some(executors) = self.executors.get_mut(&id) {
            executors.slices.remove(&name.1);
        }
        self.refresh(&id);
        if self.executors.get(&id).is_some_and(|executors| executors.slices.is_empty()) {
            self.executors.remove(&id);
        }
    }

    fn forget_users(&mut self, key: &str) {
        let Some(entry) = self.functions.get(key) else {
            return;
        };
        for share in entry.wanted.shares() {
            let id = (entry.namespace.clone(), share.deployment.clone());
            if let Some(users) = self.users.get_mut(&id) {
                users.remove(key);
                if users.is_empty() {
                    self.users.remove(&id);
                }
            }
        }
    }

    /// Brings a Deployment's executors in line with its slices, and the routes in line with them.
    fn refresh(&mut self, id: &DeploymentId) {
        let Some(executors) = self.executors.get_mut(id) else {
            return;
        };
        let mut endpoints = BTreeMap::new();
        let mut before = std::mem::take(&mut executors.endpoints);
        for listed in executors.slices.values().flatten() {
            let endpoint = endpoints.entry(listed.id.clone()).or_insert_with(|| {
                before
                    .remove(&listed.id)
                    .or_else(|| recall(&mut self.remembered, &listed.id))
                    .unwrap_or_else(|| Arc::new(Endpoint::new(listed.id.clone(), listed.agent)))
            });
            endpoint.set_available(listed.available);
            if listed.windows {
                endpoint.watch_windows();
            }
            endpoint.set_listed(true);
            ask_for_reports(&self.windows, endpoint);
        }
        executors.endpoints = endpoints;
        for gone in before.into_values() {
            gone.set_available(false);
            gone.set_listed(false);
            if gone.has_windows() {
                if self.remembered.len() >= MAX_REMEMBERED {
                    self.remembered.pop_front();
                }
                self.remembered.push_back(gone);
            }
        }
        for key in self.users.get(id).cloned().into_iter().flatten() {
            self.publish(&key);
        }
    }

    fn publish(&self, key: &str) {
        let Some(entry) = self.functions.get(key) else {
            return;
        };
        let stable = entry.wanted.stable_index();
        let targets = entry.wanted.shares().map(|share| self.target(entry, share)).collect();
        let route = Route {
            state: Arc::clone(&entry.state),
            generation: Arc::clone(&entry.generation),
            split: Arc::clone(&entry.split),
            targets,
            stable,
            repeats: entry.wanted.repeats,
        };
        self.routes.publish(key, route);
    }

    fn target(&self, entry: &FunctionEntry, share: &Share) -> Target {
        let executors = self.executors.get(&(entry.namespace.clone(), share.deployment.clone()));
        let endpoints: Vec<Arc<Endpoint>> = executors
            .into_iter()
            .flat_map(|executors| executors.endpoints.values().cloned())
            .collect();
        if share.windows {
            for endpoint in &endpoints {
                endpoint.watch_windows();
                ask_for_reports(&self.windows, endpoint);
            }
        }
        let deployment = entry.state.deployment(&share.deployment, || share.deployment());
        Target {
            deployment,
            percent: share.percent,
            endpoints,
            turn: AtomicUsize::new(0),
        }
    }
}

fn key(namespace: &str, name: &str) -> String {
    format!("{name}.{namespace}")
}

fn recall(remembered: &mut VecDeque<Arc<Endpoint>>, id: &EndpointId) -> Option<Arc<Endpoint>> {
    let position = remembered.iter().position(|endpoint| endpoint.id == *id)?;
    remembered.remove(position)
}

/// Starts the reports to an agent that has windows, once.
fn ask_for_reports(windows: &UnboundedSender<Arc<Endpoint>>, endpoint: &Arc<Endpoint>) {
    if endpoint.has_windows() && endpoint.begin_reports() && windows.send(Arc::clone(endpoint)).is_err() {
        tracing::debug!("the gateway is stopping: nobody reports to agents any more");
    }
}

#[cfg(test)]
mod tests;
