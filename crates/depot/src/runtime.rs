//! Wiring: makes the parts, tests the store, runs until a signal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anneal_store::{Breach, Clock, MemoryStore, ObjectStore, Prefix, S3Store, check_store};
use anneal_telemetry::Registry;
use anneal_tls::{Bounds, Held, Identity, Leaf};
use axum::Router;
use kube::{Client, Config};
use snafu::ResultExt;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    annotate::PodNames,
    api::{self, Depot},
    args::{Args, Settings, StoreSettings},
    authentication::Authenticator,
    certificates::{self, Certificates},
    cluster::Cluster,
    error::{
        ConfigureSnafu, ConnectClusterSnafu, EndSnafu, Error, InferClusterSnafu, ListenSnafu, OpenStoreSnafu, ReceiveSignalsSnafu,
        RefuseStoreSnafu, Result,
    },
    fold::Processes,
    layout,
    metrics::Metrics,
    orphans,
    queue::{self, FoldQueue},
    refusal::Chain,
    retention,
    sweep::{Sources, Sweep},
    verifier::Verifier,
};

/// Name of the part whose end is waited for.
const API: &str = "the API";
/// Between two tries of a store that does not answer at start.
const RETRY: Duration = Duration::from_secs(2);
/// The API serves agents of every function; an object of a store in memory may take its time.
const BOUNDS: Bounds = Bounds {
    connections: 1024,
    headers: Duration::from_secs(60),
    life: Duration::from_hours(1),
    drain: Duration::from_secs(10),
};

/// Runs the depot until SIGTERM or SIGINT.
pub async fn run(args: Args) -> Result<(), Error> {
    anneal_telemetry::init("depot");
    let clock = Clock::system();
    let settings = args.settings(clock.clone())?;
    let stop = stop_on_signals()?;
    let registry = Registry::new();
    let metrics = Metrics::register(&registry)?;
    let ready = Arc::new(AtomicBool::new(false));

    let mut parts = JoinSet::new();
    let (address, asked) = (settings.telemetry_listen, Arc::clone(&ready));
    let telemetry = TcpListener::bind(address).await.context(ListenSnafu { address })?;
    parts.spawn(async move {
        if let Err(error) = anneal_telemetry::serve_on(telemetry, registry, move || asked.load(Ordering::Relaxed)).await {
            tracing::error!(%error, "telemetry ended");
        }
        "telemetry"
    });
    let (store, routes) = open(&settings)?;
    let Some(tested) = stop.run_until_cancelled(test(&*store)).await else {
        return Ok(());
    };
    tested?;
    let cluster = Cluster::new(connect().await?);
    let (held, identity) = (Held::default(), Identity::default());
    let leaf = Leaf::new(identity.clone(), settings.server_names);
    let certificates = certificates::keep(cluster.clone(), settings.namespace, leaf, held.clone(), clock.clone());
    parts.spawn(named("the certificates", certificates));
    if stop.run_until_cancelled(identity.known()).await.is_none() {
        return Ok(());
    }
    let (address, watched, retention) = (settings.listen, settings.watch_namespaces, settings.retention_period);
    let listener = TcpListener::bind(address).await.context(ListenSnafu { address })?;
    let depot = Arc::new(Depot {
        store,
        authenticator: Authenticator::new(cluster.clone(), settings.accounts, clock.clone()),
        cluster,
        queue: FoldQueue::new(metrics.queue.clone()),
        folders: Arc::new(Processes::new(settings.processes)),
        verifier: Verifier::default(),
        limits: settings.limits,
        certificates: Certificates {
            held,
            store: settings.store_authority,
        },
        pod_names: PodNames::default(),
        clock,
        metrics,
    });
    for _ in 0..settings.fold_workers {
        parts.spawn(named("a fold worker", queue::work(Arc::clone(&depot), stop.clone())));
    }
    parts.spawn(named("the sweep", sweep(Arc::clone(&depot), settings.sweep_period, stop.clone())));
    parts.spawn(named(
        "the sweep of leftovers",
        sweep_orphans(Arc::clone(&depot), settings.leftover_period, watched.clone(), stop.clone()),
    ));
    parts.spawn(named(
        "the sweep of what is not needed",
        sweep_unneeded(Arc::clone(&depot), retention, watched, stop.clone()),
    ));
    let served = anneal_tls::serve(listener, api::router(depot).merge(routes), identity, BOUNDS, stop.clone());
    parts.spawn(named(API, served));
    ready.store(true, Ordering::Relaxed);
    tracing::info!(%address, "ready");
    supervise(parts, &stop).await
}

async fn named(name: &'static str, part: impl Future<Output = ()>) -> &'static str {
    part.await;
    name
}

/// A part that ends without a signal takes the others with it.
async fn supervise(mut parts: JoinSet<&'static str>, stop: &CancellationToken) -> Result<()> {
    let ended = stop.run_until_cancelled(parts.join_next()).await;
    let last = ended.as_ref().is_some_and(|ended| matches!(ended, Some(Ok(API))));
    if let Some(ended) = ended.filter(|_| !stop.is_cancelled()) {
        stop.cancel();
        let part = ended.and_then(std::result::Result::ok).unwrap_or("a part that panicked");
        return EndSnafu { part }.fail();
    }
    tracing::info!("stopping");
    // The API drains its calls; whatever else still runs may be cut.
    if !last {
        while let Some(Ok(part)) = parts.join_next().await
            && part != API
        {}
    }
    parts.shutdown().await;
    Ok(())
}

fn stop_on_signals() -> Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).context(ReceiveSignalsSnafu)?;
        let stop = stop.clone();
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                stop.cancel();
            }
        });
    }
    Ok(stop)
}

/// The store, and the routes by which grants of a store in memory are used.
fn open(settings: &Settings) -> Result<(Arc<dyn ObjectStore>, Router)> {
    match &settings.store {
        StoreSettings::S3(settings) => {
            let store = S3Store::new(settings.as_ref().clone()).context(OpenStoreSnafu)?;
            Ok((Arc::new(store), Router::new()))
        }
        StoreSettings::Memory(settings) => {
            tracing::warn!("the store is this process's memory: it ends with it");
            let store = Arc::new(MemoryStore::new(settings.clone()).context(OpenStoreSnafu)?);
            let routes = api::memory_router(Arc::clone(&store));
            Ok((store, routes))
        }
    }
}

/// Waits for a store that does not answer; refuses one that breaks a promise.
async fn test(store: &dyn ObjectStore) -> Result<()> {
    let prefix: Prefix = layout::SELF_TEST
        .parse()
        .map_err(|error: anneal_store::InvalidKey| ConfigureSnafu { reason: error.to_string() }.build())?;
    loop {
        match check_store(store, &prefix).await {
            Ok(()) => return Ok(()),
            Err(breach @ Breach::Try { .. }) => {
                tracing::warn!(error = %Chain(&breach), "waiting for the store");
            }
            Err(breach) => return Err(breach).context(RefuseStoreSnafu),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// The one place where the cluster's client is made.
async fn connect() -> Result<Client> {
    let mut config = Config::infer().await.context(InferClusterSnafu)?;
    // Every caller tries again by itself and has a deadline.
    config.default_retry = false;
    Client::try_from(config).context(ConnectClusterSnafu)
}

async fn sweep(depot: Arc<Depot>, period: Duration, stop: CancellationToken) {
    let mut sweep = Sweep::default();
    loop {
        depot.folders.expire();
        let pass = sweep.pass(Sources {
            store: &*depot.store,
            verifier: &depot.verifier,
            queue: &depot.queue,
        });
        let Some(result) = stop.run_until_cancelled(pass).await else {
            return;
        };
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => {
                tracing::warn!(category = error.category(), error = %Chain(error), "a sweep failed");
                error.category()
            }
        };
        depot.metrics.sweeps.with_label_values(&["folds", outcome]).inc();
        if stop.run_until_cancelled(tokio::time::sleep(period)).await.is_none() {
            return;
        }
    }
}

async fn sweep_orphans(depot: Arc<Depot>, period: Duration, namespaces: Vec<String>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        let pass = orphans::pass(&depot, &namespaces);
        let Some(result) = stop.run_until_cancelled(pass).await else {
            return;
        };
        count(&depot, "leftovers", result);
    }
}

async fn sweep_unneeded(depot: Arc<Depot>, period: Duration, namespaces: Vec<String>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        let Some(result) = stop.run_until_cancelled(retention::pass(&depot, &namespaces)).await else {
            return;
        };
        count(&depot, "retention", result);
    }
}

fn count(depot: &Depot, sweep: &'static str, result: Result<u64, orphans::Error>) {
    let outcome = match result {
        Ok(_) => "ok",
        Err(error) => {
            tracing::warn!(sweep, error = %Chain(&error), "a sweep failed");
            "failed"
        }
    };
    depot.metrics.sweeps.with_label_values(&[sweep, outcome]).inc();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(stop: &CancellationToken) -> JoinSet<&'static str> {
        let mut parts = JoinSet::new();
        for name in ["a worker", API] {
            let stop = stop.clone();
            parts.spawn(named(name, async move { stop.cancelled().await }));
        }
        parts.spawn(named("telemetry", std::future::pending()));
        parts
    }

    #[tokio::test]
    async fn a_signal_is_no_fault() {
        for _ in 0..100 {
            let stop = CancellationToken::new();
            let parts = parts(&stop);
            let (result, ()) = tokio::join!(supervise(parts, &stop), async { stop.cancel() });
            assert!(result.is_ok());
        }
    }

    #[tokio::test]
    async fn a_part_that_ends_by_itself_ends_the_depot() {
        let stop = CancellationToken::new();
        let mut parts = parts(&stop);
        parts.spawn(named("the sweep", std::future::ready(())));
        let result = supervise(parts, &stop).await;
        assert!(matches!(result, Err(Error::End { part: "the sweep" })) && stop.is_cancelled());
    }
}
