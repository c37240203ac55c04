//! Wiring: waits for the lease, runs the reconcilers while it is held, and ends with it.

use std::{sync::Arc, time::Duration};

use anneal_telemetry::Registry as Figures;
use anneal_tls::{Held, Identity};
use futures::{FutureExt, Stream, StreamExt, future::Shared};
use kube::{Client, client::ClientBuilder, runtime::controller};
use snafu::ResultExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{broadcast, watch},
};

use crate::{
    args::Args,
    certificates::Certificates,
    checkpoint::Checkpoint,
    clock::Clock,
    config::Config,
    context::{Context, Failures, Gateways, Pace, Sources},
    depot::Depot,
    error::{ConfigureSnafu, ConnectSnafu, EndedSnafu, Error, InferClusterSnafu, LeadSnafu, RegisterSnafu, ServeSnafu, SignalSnafu},
    function,
    guard::GuardLayer,
    lease::{Candidate, Leadership},
    metrics::Metrics,
    reports::{Registry, Server},
    watch as watches,
};

/// Visits at once, by namespace that is watched.
const CONCURRENCY: u16 = 16;
/// Changes that come so close together are one visit.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// A connection that says nothing for so long is dead: a watch ends by itself before.
const READ_TIMEOUT: Duration = Duration::from_secs(35);
/// Longest a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest that the first visits wait for the counts so far.
const OPENING: Duration = Duration::from_secs(2);
/// Functions whose routes moved that may wait to be looked at.
const MOVED: usize = 4096;

/// Runs the controller until SIGTERM or until its lease is lost.
pub async fn run(args: Args) -> Result<(), Error> {
    anneal_telemetry::init("controller");
    let config = Config::read(&args.config).context(ConfigureSnafu)?;
    let launcher = config.launcher_digest().context(ConfigureSnafu)?;
    let leadership = Leadership::default();
    let client = client(&leadership).await?;
    let figures = Figures::new();
    let metrics = Metrics::new(&figures).context(RegisterSnafu)?;
    let (registry, (leads, leading), (moved, _)) = (Registry::default(), watch::channel(false), broadcast::channel(MOVED));
    let gateway = format!("system:serviceaccount:{}:{}", args.namespace, args.gateway_service_account);
    let server = Server::new(registry.clone(), client.clone(), gateway, leading, moved.clone());
    let (pods, gateway_pods) = watches::gateways(&client, &config);
    let (held, identity, clock) = (Held::default(), Identity::default(), Clock::system());
    let certificates = Certificates::new(client.clone(), &args.namespace, clock.clone(), held.clone());
    let context = Arc::new(Context {
        depot: Depot::new(&config.depot_url, args.depot_token.clone(), held),
        certificates: certificates.clone(),
        recorder: Context::recorder(client.clone(), &args.pod_name),
        client: client.clone(),
        config,
        launcher,
        clock,
        gateways: Gateways { pods, registry },
        sources: Sources::default(),
        pace: Pace::default(),
        failures: Failures::default(),
        metrics,
    });
    let stop = stop()?;
    let shown = identity.clone();
    tokio::select! {
        () = certificates.follow() => EndedSnafu.fail(),
        () = certificates.serve_as(args.server_name.clone(), identity.clone()) => EndedSnafu.fail(),
        served = server.serve(args.listen, identity) => served.context(ServeSnafu { what: "the gateways' reports" }),
        served = anneal_telemetry::serve(args.telemetry, figures, move || shown.is_known()) => served.context(ServeSnafu { what: "telemetry" }),
        () = gateway_pods.for_each(|()| std::future::ready(())) => EndedSnafu.fail(),
        led = lead(&args, client, leadership, &context, &leads, &moved, stop) => led,
    }
}

/// The apiserver, without the client's own retries: they would send a write again that did commit.
async fn client(leadership: &Leadership) -> Result<Client, Error> {
    let mut config = kube::Config::infer().await.map_err(Box::new).context(InferClusterSnafu)?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    let builder = ClientBuilder::try_from(config).map_err(Box::new).context(ConnectSnafu)?;
    Ok(builder.with_layer(&GuardLayer(leadership.clone())).build())
}

/// Resolves at SIGTERM or SIGINT, for everyone who waits for it.
fn stop() -> Result<Shared<impl Future<Output = ()> + Send + use<>>, Error> {
    let mut terminate = signal(SignalKind::terminate()).context(SignalSnafu)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(SignalSnafu)?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(stop.shared())
}

/// Leads when the lease is ours, and gives it back at the end.
async fn lead(
    args: &Args,
    client: Client,
    leadership: Leadership,
    context: &Arc<Context>,
    leads: &watch::Sender<bool>,
    moved: &broadcast::Sender<anneal_protocol::FunctionRef>,
    stop: Shared<impl Future<Output = ()> + Send + 'static>,
) -> Result<(), Error> {
    let mut candidate = Candidate::new(client.clone(), &args.lease_namespace, &args.pod_name, leadership);
    let lease = tokio::select! {
        lease = candidate.acquire() => lease,
        () = stop.clone() => return Ok(()),
    };
    tracing::info!(holder = args.pod_name, "leading");
    leads.send_replace(true);
    context.metrics.set_leads(true);
    let counts = Checkpoint::new(client.clone(), &args.namespace, context.gateways.clone());
    let ended = tokio::select! {
        lost = candidate.hold(lease) => Err(lost).context(LeadSnafu),
        () = counted(&counts, work(&client, context, moved, stop)) => Ok(()),
    };
    if ended.is_ok() {
        counts.write().await;
    }
    leads.send_replace(false);
    context.metrics.set_leads(false);
    candidate.release().await;
    ended
}

/// Works while the counts are kept. They are known before the first visit if that is quick, so that a restart has nothing new to say.
async fn counted(counts: &Checkpoint, work: impl Future<Output = ()>) {
    let opened = tokio::time::timeout(OPENING, counts.open()).await;
    let keep = async {
        if opened.is_err() {
            counts.open().await;
        }
        counts.run().await;
    };
    tokio::select! {
        () = work => {}
        () = keep => {}
    }
}

/// What the leader does: the authorities first, since no pod can be made without them, then everything else.
async fn work(
    client: &Client,
    context: &Arc<Context>,
    moved: &broadcast::Sender<anneal_protocol::FunctionRef>,
    stop: Shared<impl Future<Output = ()> + Send + 'static>,
) {
    tokio::select! {
        () = context.certificates.establish() => {}
        () = stop.clone() => return,
    }
    tokio::select! {
        () = reconcilers(client, context, moved, stop) => {}
        () = context.certificates.keep() => {}
    }
}

/// All reconcilers; at the end visits that are under way come to theirs.
async fn reconcilers(
    client: &Client,
    context: &Arc<Context>,
    moved: &broadcast::Sender<anneal_protocol::FunctionRef>,
    stop: Shared<impl Future<Output = ()> + Send + 'static>,
) {
    let namespaces: Vec<Option<&str>> = match context.config.watch_namespaces.as_slice() {
        [] => vec![None],
        namespaces => namespaces.iter().map(|namespace| Some(namespace.as_str())).collect(),
    };
    let running = namespaces.into_iter().map(|namespace| {
        let visits = watches::controller(client, namespace, context.sources.clone(), moved.subscribe())
            .with_config(controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE))
            .graceful_shutdown_on(unshared(stop.clone()))
            .run(function::reconcile, function::error_policy, Arc::clone(context));
        logged(visits).boxed()
    });
    futures::stream::select_all(running).for_each(|()| std::future::ready(())).await;
}

/// The controller asks for a future that may be shared between threads, which a `Shared` one is not while it is polled.
fn unshared(stop: Shared<impl Future<Output = ()> + Send + 'static>) -> impl Future<Output = ()> + Send + Sync + 'static {
    let (told, heard) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        stop.await;
        drop(told);
    });
    heard.map(drop)
}

/// Failed visits are logged where they are repeated; here only what concerns the stream itself.
fn logged<T, E: std::error::Error + 'static>(
    visits: impl Stream<Item = Result<T, controller::Error<E, kube::runtime::watcher::Error>>>,
) -> impl Stream<Item = ()> {
    visits.map(|visit| match visit {
        Err(controller::Error::QueueError(error)) => tracing::warn!(%error, "a watch is made anew"),
        Err(controller::Error::RunnerError(error)) => tracing::error!(%error, "the reconcilers cannot run"),
        Err(controller::Error::ReconcilerFailed(..) | controller::Error::ObjectNotFound(_)) | Ok(_) => {}
    })
}
