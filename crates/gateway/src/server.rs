//! Client connections: accepts them, serves HTTP/1.1 and HTTP/2 without TLS, and lets them end without loss.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{gateway::Gateway, settings::HEAD_BYTES};

/// Requests that one HTTP/2 client may have open at once.
const MAX_STREAMS: u32 = 128;
/// After a failed accept (no file descriptors, for one) the next is not tried at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`; then asks clients to leave, closes the door after a while and waits for what is in flight.
pub(crate) async fn serve(gateway: Arc<Gateway>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let limits = gateway.settings.limits;
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(builder(limits.client_idle));
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut stop = pin!(stop);
    let mut closes: Option<Instant> = None;
    loop {
        let permit = async { Arc::clone(&permits).acquire_owned().await };
        let accepted = async {
            let permit = permit.await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut stop, if closes.is_none() => {
                gateway.leave();
                closes = Some(Instant::now() + limits.shutdown_delay);
                tracing::info!(seconds = limits.shutdown_delay.as_secs(), "stopping: new connections are still taken for a while");
            }
            () = sleep_until(closes.unwrap_or_else(Instant::now)), if closes.is_some() => break,
            (accepted, permit) = accepted => match (accepted, permit) {
                (Ok((stream, peer)), Ok(permit)) => {
                    let connection = connection(Arc::clone(&gateway), Arc::clone(&builder), graceful.watcher(), stream, peer);
                    tokio::spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
                (Ok(_), Err(_)) => break,
            }
        }
    }
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_ok() {
        tracing::info!("every request was answered");
    } else {
        let requests = gateway.metrics.in_flight.get();
        tracing::warn!(requests, "requests were still in flight when the time for them was over");
    }
}

fn builder(idle: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The same time bounds a slow head and an idle connection.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(idle)
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

async fn connection(
    gateway: Arc<Gateway>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    watcher: Watcher,
    stream: TcpStream,
    peer: SocketAddr,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was closed before it was used");
        return;
    }
    gateway.metrics.connections.inc();
    let serving = Arc::clone(&gateway);
    let service = service_fn(move |request| Arc::clone(&serving).answer(peer, request));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, %peer, "a client's connection ended");
    }
    gateway.metrics.connections.dec();
}
