//! Routes, splits and counts requests in front of executors.
//!
//! `watch` follows Functions and EndpointSlices and feeds `index`, which publishes one immutable route per function into
//! `routes`. `server` takes connections, `gateway` reads a request's head, `dispatch` finds an executor for it and sends it,
//! `exchange` counts it once. `windows` talks to agents that collect in windows, `report` to the controllers. Writes nothing
//! to Kubernetes and opens no store.

mod args;
mod body;
mod dispatch;
mod endpoint;
mod exchange;
mod forwarded;
mod gateway;
mod host;
mod index;
mod metrics;
mod peers;
mod pool;
mod refusal;
mod replay;
mod report;
mod routes;
mod server;
mod settings;
mod split;
mod tally;
mod trust;
mod watch;
mod windows;

use std::{sync::Arc, time::Duration};

use anneal_telemetry::{Registry, prometheus};
use snafu::{ResultExt, Snafu};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time::interval,
};

pub use self::{args::Args, forwarded::Network};
use self::{gateway::Gateway, index::Index, metrics::Metrics, peers::PeerClient, routes::Routes};

/// Idle connections to executors are looked through this often.
const SWEEP: Duration = Duration::from_secs(2);

/// Why the gateway does not run.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// A port is taken, or may not be used.
    #[snafu(display("cannot listen on {address}"))]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// SIGTERM cannot be waited for.
    #[snafu(display("cannot wait for signals"))]
    Signals {
        /// Why.
        source: std::io::Error,
    },
    /// Two metrics have one name.
    #[snafu(display("cannot register the metrics"))]
    RegisterMetrics {
        /// Why.
        source: prometheus::Error,
    },
    /// Neither a service account nor a kubeconfig is there.
    #[snafu(display("cannot find the cluster"))]
    FindCluster {
        /// Why.
        #[snafu(source(from(kube::config::InferConfigError, Box::new)))]
        source: Box<kube::config::InferConfigError>,
    },
    /// The apiserver's client cannot be made.
    #[snafu(display("cannot make the apiserver's client"))]
    MakeClient {
        /// Why.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
}

/// Serves until SIGTERM or SIGINT, then lets every request end.
pub async fn run(args: Args) -> Result<(), Error> {
    anneal_telemetry::init("gateway");
    let registry = Registry::new();
    let metrics = Arc::new(Metrics::new(&registry).context(RegisterMetricsSnafu)?);
    let routes = Arc::new(Routes::default());
    let gateway = Arc::new(Gateway::new(args.settings(), Arc::clone(&routes), Arc::clone(&metrics)));
    let (known, trust) = tokio::sync::watch::channel(None);
    let peers = PeerClient::new(trust);
    let client = watch::client(kube::Config::infer().await.context(FindClusterSnafu)?).context(MakeClientSnafu)?;
    let stop = stopped().context(SignalsSnafu)?;
    let listener = TcpListener::bind(args.listen).await.context(ListenSnafu { address: args.listen })?;
    let telemetry = TcpListener::bind(args.telemetry_listen).await.context(ListenSnafu {
        address: args.telemetry_listen,
    })?;

    let (opened, windows) = mpsc::unbounded_channel();
    let index = Index::new(Arc::clone(&routes), opened);
    let mut tasks = JoinSet::new();
    tasks.spawn(trust::follow(client.clone(), args.namespace, known));
    tasks.spawn(watch::run(client, gateway.settings.namespaces.clone(), index, routes, metrics));
    tasks.spawn(windows::run(Arc::clone(&gateway), peers.clone(), windows));
    tasks.spawn(report::run(Arc::clone(&gateway), peers.clone()));
    tasks.spawn(sweep(Arc::clone(&gateway)));
    let ready = Arc::clone(&gateway);
    tasks.spawn(async move {
        if let Err(error) = anneal_telemetry::serve_on(telemetry, registry, move || ready.is_ready()).await {
            tracing::error!(%error, "the metrics server ended");
        }
    });
    tracing::info!(listen = %args.listen, boot = gateway.boot, "serving");
    server::serve(Arc::clone(&gateway), listener, stop).await;
    report::last(&gateway, &peers).await;
    Ok(())
}

async fn sweep(gateway: Arc<Gateway>) {
    let mut ticks = interval(SWEEP);
    loop {
        ticks.tick().await;
        gateway.routes.sweep(gateway.settings.limits.executor_idle);
    }
}

/// Ends at the first SIGTERM or SIGINT.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests;
