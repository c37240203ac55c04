//! What every reconcile has at hand.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

use anneal_api::v1alpha1::Function;
use anneal_core::{
    digest::Digest,
    facts::{Gateway, Known},
    state::Latency,
};
use anneal_protocol::FunctionRef;
use kube::{
    Client, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        events::{Recorder, Reporter},
        reflector::ObjectRef,
    },
};

use crate::{
    certificates::Certificates, clock::Clock, config::Config, depot::Depot, metrics::Metrics, reports::Registry, watch::GatewayPods,
};

/// Name under which Events are published.
const REPORTER: &str = "anneal-controller";

/// What every reconcile has at hand.
pub struct Context {
    /// The apiserver.
    pub client: Client,
    /// The operator's configuration.
    pub config: Config,
    /// Digest of the launcher jar in this image.
    pub launcher: Digest,
    /// The depot.
    pub depot: Depot,
    /// By whom components know each other.
    pub certificates: Certificates,
    /// What time it is.
    pub clock: Clock,
    /// Who follows which routes.
    pub gateways: Gateways,
    /// Which Functions name a ConfigMap.
    pub sources: Sources,
    /// When figures were last written.
    pub pace: Pace,
    /// Failures in a row.
    pub failures: Failures,
    /// Figures of this process.
    pub metrics: Metrics,
    /// Publishes Events.
    pub recorder: Recorder,
}

impl Context {
    /// A recorder for this process.
    pub fn recorder(client: Client, instance: &str) -> Recorder {
        Recorder::new(
            client,
            Reporter {
                controller: REPORTER.to_owned(),
                instance: Some(instance.to_owned()),
            },
        )
    }
}

/// Gateways that exist and what they said.
#[derive(Clone)]
pub struct Gateways {
    /// Their pods, ended ones left out.
    pub pods: GatewayPods,
    /// What they said.
    pub registry: Registry,
}

impl Gateways {
    /// Every gateway pod and the route generation of a Function that it follows; unknown until the pods were listed once.
    pub fn of(&self, function: &FunctionRef) -> Known<Vec<Gateway>> {
        if !self.pods.listed.load(Ordering::Acquire) {
            return Known::Unknown;
        }
        let names: BTreeSet<String> = self.pods.store.state().iter().map(|pod| pod.name_any()).collect();
        Known::Known(
            names
                .into_iter()
                .map(|name| Gateway {
                    generation: self.registry.generation(&name, function),
                    name,
                })
                .collect(),
        )
    }

    /// Every boot that may still report; unknown while there is a gateway that has not said which boot it is.
    pub fn boots(&self) -> Option<BTreeSet<String>> {
        let heard = self.registry.boots();
        let all_said = self.pods.store.state().iter().all(|pod| heard.contains_key(&pod.name_any()));
        (self.pods.listed.load(Ordering::Acquire) && all_said).then(|| heard.into_values().collect())
    }

    /// Latency of every Deployment of a Function that was counted.
    pub fn latency(&self, function: &FunctionRef) -> BTreeMap<String, Latency> {
        let counts = self.registry.counts(function);
        let latency = counts.into_iter().filter_map(|(deployment, counts)| {
            let (p50_micros, p99_micros) = (counts.latency.quantile(0.5)?, counts.latency.quantile(0.99)?);
            Some((
                deployment,
                Latency {
                    p50_micros,
                    p99_micros,
                    count: counts.latency.count(),
                },
            ))
        });
        latency.collect()
    }
}

/// Which Functions name a ConfigMap as their source: filled as Functions are visited, and all are visited at start.
#[derive(Clone, Default)]
pub struct Sources(Arc<Mutex<Index>>);

/// Names of Functions by namespace and name of the ConfigMap.
type Index = HashMap<(String, String), BTreeSet<String>>;

impl Sources {
    /// Notes which ConfigMap a Function names, if any.
    pub fn note(&self, namespace: &str, function: &str, config_map: Option<&str>) {
        let mut names = lock(&self.0);
        for ((of, name), functions) in names.iter_mut() {
            if of == namespace && Some(name.as_str()) != config_map {
                functions.remove(function);
            }
        }
        names.retain(|_, functions| !functions.is_empty());
        if let Some(name) = config_map {
            names
                .entry((namespace.to_owned(), name.to_owned()))
                .or_default()
                .insert(function.to_owned());
        }
    }

    /// The Functions that name a ConfigMap.
    pub fn of(&self, namespace: &str, config_map: &str) -> Vec<ObjectRef<PartialObjectMeta<Function>>> {
        let names = lock(&self.0);
        let functions = names.get(&(namespace.to_owned(), config_map.to_owned()));
        functions
            .into_iter()
            .flatten()
            .map(|name| ObjectRef::new(name).within(namespace))
            .collect()
    }
}

/// When the figures of a Function were last written: they are at most once a minute.
#[derive(Clone, Default)]
pub struct Pace(Arc<Mutex<HashMap<String, i64>>>);

impl Pace {
    /// Seconds between two writes of figures alone.
    pub const SECONDS: i64 = 60;

    /// Seconds until figures alone may be written.
    pub fn wait(&self, uid: &str, now: i64) -> u64 {
        let written = lock(&self.0).get(uid).copied();
        written.map_or(0, |written| {
            u64::try_from(written.saturating_add(Self::SECONDS).saturating_sub(now)).unwrap_or(0)
        })
    }

    /// Notes a write.
    pub fn wrote(&self, uid: &str, now: i64) {
        lock(&self.0).insert(uid.to_owned(), now);
    }

    /// Forgets a Function.
    pub fn forget(&self, uid: &str) {
        lock(&self.0).remove(uid);
    }
}

/// Failures in a row by Function, for growing pauses.
#[derive(Clone, Default)]
pub struct Failures(Arc<Mutex<HashMap<(String, String), u32>>>);

impl Failures {
    /// Counts one more; gives how many there were in a row.
    pub fn count(&self, namespace: &str, name: &str) -> u32 {
        let mut counts = lock(&self.0);
        let count = counts.entry((namespace.to_owned(), name.to_owned())).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// A success ends the row.
    pub fn reset(&self, namespace: &str, name: &str) {
        lock(&self.0).remove(&(namespace.to_owned(), name.to_owned()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_map_leads_to_the_functions_that_name_it_now() {
        let sources = Sources::default();
        sources.note("n", "f", Some("a"));
        sources.note("n", "g", Some("a"));
        sources.note("n", "f", Some("b"));
        assert_eq!(sources.of("n", "a"), [ObjectRef::new("g").within("n")]);
        assert_eq!(sources.of("n", "b"), [ObjectRef::new("f").within("n")]);
        sources.note("n", "f", None);
        assert!(sources.of("n", "b").is_empty() && sources.of("m", "a").is_empty());
    }

    #[test]
    fn figures_alone_are_written_once_a_minute() {
        let pace = Pace::default();
        assert_eq!(pace.wait("u", 100), 0);
        pace.wrote("u", 100);
        assert_eq!(
            (pace.wait("u", 100), pace.wait("u", 130), pace.wait("u", 160), pace.wait("u", 1000)),
            (60, 30, 0, 0)
        );
    }
}
