//! Log set-up, the metric registry and the /metrics, /livez, /readyz server.
//!
//! Every role calls [`init`] first and keeps one [`serve`] running. Knows nothing of what is measured.

use std::{io::IsTerminal, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
pub use prometheus;
pub use prometheus::Registry;
use prometheus::TextEncoder;
use tokio::net::TcpListener;
use tracing_subscriber::{EnvFilter, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// The variable with the log filter, in `tracing-subscriber`'s syntax; `info` when it is absent.
pub const LOG_VARIABLE: &str = "ANNEAL_LOG";

/// Sends logs to standard error: compact on a terminal, else one JSON object a line. A second call changes nothing.
pub fn init(component: &str) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var(LOG_VARIABLE)
        .from_env_lossy();
    let subscriber = tracing_subscriber::registry().with(filter);
    let set = if std::io::stderr().is_terminal() {
        subscriber
            .with(tracing_subscriber::fmt::layer().compact().with_writer(std::io::stderr))
            .try_init()
    } else {
        subscriber
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    match set {
        Ok(()) => tracing::info!(component, version = env!("CARGO_PKG_VERSION"), "starting"),
        Err(error) => tracing::debug!(%error, component, "logging is set up already"),
    }
}

/// Serves `/metrics`, `/livez` and `/readyz` at this address until it is dropped.
///
/// `/readyz` answers 200 while `ready()` holds, else 503; it is asked at each call and must not block.
pub async fn serve<F>(address: SocketAddr, registry: Registry, ready: F) -> std::io::Result<()>
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    serve_on(TcpListener::bind(address).await?, registry, ready).await
}

/// [`serve`] on a socket that is bound already.
pub async fn serve_on<F>(listener: TcpListener, registry: Registry, ready: F) -> std::io::Result<()>
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    axum::serve(listener, router(registry, ready)).await
}

/// The routes of [`serve`], for a component that has more to show on this port.
pub fn router<F>(registry: Registry, ready: F) -> Router
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(Arc::new(Telemetry {
            registry,
            ready: Box::new(ready),
        }))
}

struct Telemetry {
    registry: Registry,
    ready: Box<dyn Fn() -> bool + Send + Sync>,
}

async fn metrics(State(telemetry): State<Arc<Telemetry>>) -> axum::response::Response {
    match TextEncoder::new().encode_to_string(&telemetry.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn readyz(State(telemetry): State<Arc<Telemetry>>) -> (StatusCode, &'static str) {
    if (telemetry.ready)() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

#[cfg(test)]
mod tests;
