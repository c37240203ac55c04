//! The routes that requests follow: one immutable [`Route`] per function, replaced as a whole under the lock.
//!
//! A request enters under the read lock and is counted in its route's generation before the lock is left, so a generation
//! that was replaced and has nothing in flight can never be entered again: that is what an ack says.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use anneal_api::v1alpha1::Stage;
use anneal_protocol::{FunctionRef, gateway::FunctionReport};
use http::HeaderValue;
use tokio::{sync::Notify, time::Instant};

use crate::{
    endpoint::{Endpoint, Lease},
    split::Split,
    tally::Tally,
};

/// All routes, by `NAME.NAMESPACE`.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    table: RwLock<HashMap<Box<str>, Arc<Route>>>,
    /// Both watches have shown everything once.
    complete: AtomicBool,
    /// Woken when an agent accepts again: requests may wait for that in any function.
    pub(crate) accepting: Notify,
}

/// How requests of one function are sent, as of one moment.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) state: Arc<FunctionState>,
    pub(crate) generation: Arc<Generation>,
    pub(crate) split: Arc<Split>,
    /// In the order of the split, then what only `stable` names.
    pub(crate) targets: Vec<Target>,
    /// Index of the target that takes what the others cannot.
    pub(crate) stable: Option<usize>,
    /// Every request may reach executors more than once.
    pub(crate) repeats: bool,
}

/// One Deployment of a route.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) percent: u32,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// Where the search among equals starts.
    pub(crate) turn: AtomicUsize,
}

/// What is known of a Deployment as long as the process runs.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) stage: Stage,
    pub(crate) stage_header: HeaderValue,
    pub(crate) build_header: HeaderValue,
    pub(crate) tally: Tally,
}

/// One `status.routeGeneration` and what was sent by it and is not answered.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) number: i64,
    in_flight: AtomicU64,
}

/// What outlives a function's routes.
#[derive(Debug)]
pub(crate) struct FunctionState {
    pub(crate) function: FunctionRef,
    /// Oldest first; the last is the current one.
    generations: Mutex<Vec<Arc<Generation>>>,
    deployments: Mutex<BTreeMap<String, Arc<Deployment>>>,
    /// Requests that wait for an executor.
    pub(crate) waiting: AtomicUsize,
    pub(crate) unroutable: AtomicU64,
    /// Woken when the route is replaced.
    pub(crate) changed: Notify,
    /// The generation of the routes by which a request waited for the JVM in vain, and until when others do not.
    vain: Mutex<Option<(i64, Instant)>>,
}

impl Routes {
    /// The route of a function; while the answer is held, its generation is in flight.
    pub(crate) fn enter(&self, key: &str) -> Option<Passage> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let route = Arc::clone(table.get(key)?);
        route.generation.in_flight.fetch_add(1, SeqCst);
        Some(Passage { route })
    }

    /// Whether every request of a function may reach executors more than once.
    pub(crate) fn repeats(&self, key: &str) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.get(key).is_some_and(|route| route.repeats)
    }

    /// Replaces a function's route.
    pub(crate) fn publish(&self, key: &str, route: Route) {
        let (state, generation) = (Arc::clone(&route.state), Arc::clone(&route.generation));
        let replaced = self
            .table
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.into(), Arc::new(route));
        // Only now: a report must not take a generation for finished that can still be entered.
        state.follow(generation);
        state.changed.notify_waiters();
        if let Some(replaced) = replaced.filter(|replaced| !Arc::ptr_eq(&replaced.state, &state)) {
            replaced.state.changed.notify_waiters();
        }
    }

    /// The function is gone.
    pub(crate) fn withdraw(&self, key: &str) {
        let removed = self.table.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(route) = removed {
            route.state.changed.notify_waiters();
        }
    }

    /// Everything there is was seen once.
    pub(crate) fn mark_complete(&self) {
        self.complete.store(true, SeqCst);
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete.load(SeqCst)
    }

    pub(crate) fn count(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What the controller is told of every function.
    pub(crate) fn reports(&self) -> Vec<FunctionReport> {
        self.all().iter().map(|route| route.state.report()).collect()
    }

    /// Closes the connections that were idle for too long.
    pub(crate) fn sweep(&self, idle_for: std::time::Duration) {
        for route in self.all() {
            for endpoint in route.targets.iter().flat_map(|target| &target.endpoints) {
                endpoint.pool.sweep(idle_for);
            }
        }
    }

    fn all(&self) -> Vec<Arc<Route>> {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

/// One request's way through a route.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) route: Arc<Route>,
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.route.generation.in_flight.fetch_sub(1, SeqCst);
    }
}

impl Deployment {
    /// Whether its executors are native executables.
    pub(crate) const fn is_built(&self) -> bool {
        matches!(self.stage, Stage::Native | Stage::PgoInstrumented | Stage::PgoOptimized)
    }
}

impl Generation {
    pub(crate) fn new(number: i64) -> Self {
        Self {
            number,
            in_flight: AtomicU64::new(0),
        }
    }
}

impl FunctionState {
    pub(crate) fn new(function: FunctionRef) -> Self {
        Self {
            function,
            generations: Mutex::new(Vec::new()),
            deployments: Mutex::new(BTreeMap::new()),
            waiting: AtomicUsize::new(0),
            unroutable: AtomicU64::new(0),
            changed: Notify::new(),
            vain: Mutex::new(None),
        }
    }

    /// A request has waited for the JVM by these routes, and none came.
    pub(crate) fn wait_in_vain(&self, generation: i64, until: Instant) {
        *self.vain.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, until));
    }

    /// Whether one has, a short while ago.
    pub(crate) fn waited_in_vain(&self, generation: i64, now: Instant) -> bool {
        let vain = self.vain.lock().unwrap_or_else(PoisonError::into_inner);
        vain.is_some_and(|(by, until)| by == generation && now < until)
    }

    /// What is known of a Deployment; made when it is named for the first time.
    pub(crate) fn deployment(&self, name: &str, make: impl FnOnce() -> Deployment) -> Arc<Deployment> {
        let mut deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = deployments.get(name) {
            return Arc::clone(known);
        }
        let made = Arc::new(make());
        deployments.insert(name.to_owned(), Arc::clone(&made));
        made
    }

    fn follow(&self, generation: Arc<Generation>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if !generations.last().is_some_and(|current| Arc::ptr_eq(current, &generation)) {
            generations.push(generation);
        }
        forget_finished(&mut generations);
    }

    /// The oldest generation that something is still sent by, or the current one.
    pub(crate) fn acked(&self) -> i64 {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        forget_finished(&mut generations);
        generations.first().map_or(0, |generation| generation.number)
    }

    pub(crate) fn report(&self) -> FunctionReport {
        // The ack first: what it says must be covered by the counts that follow.
        let generation = self.acked();
        let deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        FunctionReport {
            function: self.function.clone(),
            generation,
            deployments: deployments
                .iter()
                .map(|(name, deployment)| (name.clone(), deployment.tally.snapshot()))
                .collect(),
            unroutable: self.unroutable.load(SeqCst),
        }
    }
}

fn forget_finished(generations: &mut Vec<Arc<Generation>>) {
    let current = generations.len().saturating_sub(1);
    let mut index = 0;
    generations.retain(|generation| {
        index += 1;
        index > current || generation.in_flight.load(SeqCst) > 0
    });
}

impl Route {
    /// Index of the target whose turn it is.
    pub(crate) fn turn(&self) -> Option<usize> {
        self.split.next()
    }

    /// An executor of `wanted`; where that has none that accepts, of `stable`, then of any other, greatest share first.
    /// Executors in `tried` are left out.
    pub(crate) fn lease(&self, wanted: Option<usize>, tried: &[Arc<Endpoint>], now: Instant) -> Option<(Arc<Deployment>, Lease)> {
        let preferred = [wanted, self.stable];
        let found = preferred
            .into_iter()
            .flatten()
            .find_map(|index| self.targets.get(index)?.lease(tried, now));
        found.or_else(|| {
            let mut others: Vec<&Target> = self.targets.iter().collect();
            others.sort_by_key(|target| std::cmp::Reverse(target.percent));
            others.into_iter().find_map(|target| target.lease(tried, now))
        })
    }

    /// When the first executor that only failed connections keep from accepting may be tried again.
    pub(crate) fn next_try(&self, now: Instant) -> Option<Instant> {
        self.targets
            .iter()
            .flat_map(|target| &target.endpoints)
            .filter_map(|endpoint| endpoint.paused_until(now))
            .min()
    }

    /// An executor on the JVM: with the tracer, which is to see what is sent there, before one without.
    pub(crate) fn lease_jvm(&self, tried: &[Arc<Endpoint>], now: Instant) -> Option<(Arc<Deployment>, Lease)> {
        self.jvms().find_map(|target| target.lease(tried, now))
    }

    /// Does any executor on the JVM accept?
    pub(crate) fn has_jvm(&self, now: Instant) -> bool {
        self.jvms()
            .flat_map(|target| &target.endpoints)
            .any(|endpoint| endpoint.is_open(now))
    }

    fn jvms(&self) -> impl Iterator<Item = &Target> {
        [Stage::HotspotAgent, Stage::Hotspot]
            .into_iter()
            .flat_map(|stage| self.targets.iter().filter(move |target| target.deployment.stage == stage))
    }

    /// Does any executor accept?
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.targets
            .iter()
            .flat_map(|target| &target.endpoints)
            .any(|endpoint| endpoint.is_open(now))
    }
}

impl Target {
    /// The accepting executor with the fewest requests on their way; among equals, by turns.
    fn lease(&self, tried: &[Arc<Endpoint>], now: Instant) -> Option<(Arc<Deployment>, Lease)> {
        // An executor may close between looking and taking: look again, as often as there are executors.
        self.endpoints
            .iter()
            .find_map(|_| self.least_busy(tried, now)?.acquire(now))
            .map(|lease| (Arc::clone(&self.deployment), lease))
    }

    fn least_busy(&self, tried: &[Arc<Endpoint>], now: Instant) -> Option<&Arc<Endpoint>> {
        let count = self.endpoints.len();
        let start = if count > 1 { self.turn.fetch_add(1, SeqCst) % count } else { 0 };
        let (front, back) = self.endpoints.split_at(start.min(count));
        back.iter()
            .chain(front)
            .filter(|endpoint| endpoint.is_open(now) && !tried.iter().any(|tried| Arc::ptr_eq(tried, endpoint)))
            .min_by_key(|endpoint| endpoint.outstanding())
    }
}
