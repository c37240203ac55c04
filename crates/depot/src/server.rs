//! Serves the API's connections: a bound on their number, a deadline for headers, a graceful end.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// Connections at once.
const CONNECTIONS: usize = 1024;
/// For a request's headers, and for the next request of an idle connection.
const HEADERS: Duration = Duration::from_secs(60);
/// For calls in flight when the depot stops.
const DRAIN: Duration = Duration::from_secs(10);
/// After an accept that failed: the cause (no more files) needs time.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until stopped.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_headers(64);
    loop {
        let accepted = stop.run_until_cancelled(async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        });
        let Some((permit, accepted)) = accepted.await else {
            break;
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("calls in flight were cut");
    }
}
