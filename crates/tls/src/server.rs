//! Serves routes over TLS within bounds: on the number of connections, on a handshake, on a request's head, and on the end.

mod peers;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::peers::Peers;
use crate::Identity;

/// From the connection to the end of its handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// One address may take this part of all connections.
const PEER_PART: usize = 4;
/// Headers of one request.
const HEADERS: usize = 64;
/// After an accept that failed: the cause (no more files) needs time.
const PAUSE: Duration = Duration::from_millis(100);
/// Refused connections are told of this often: anybody can make them.
const WORD: Duration = Duration::from_secs(60);
/// The first byte of every TLS connection.
const HANDSHAKE_RECORD: u8 = 22;
/// For whoever comes without TLS.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 27\r\nconnection: close\r\n\r\nThis port speaks TLS only.\n";
/// So much of what they send is read: bytes that are left would turn the answer into a reset.
const PLAIN_BYTES: usize = 4 << 10;

/// How much a server takes on.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once; half of them may be in their handshake, and a quarter be of one address.
    pub connections: usize,
    /// For a request's headers, and for the next request of an idle connection.
    pub headers: Duration,
    /// The longest life of a connection.
    pub life: Duration,
    /// For calls in flight when the server stops.
    pub drain: Duration,
}

/// Serves until stopped, and then lets calls in flight end; dropped, it cuts them.
pub async fn serve(listener: TcpListener, routes: Router, identity: Identity, bounds: Bounds, stop: CancellationToken) {
    let acceptor = match identity.acceptor() {
        Ok(acceptor) => acceptor,
        Err(error) => {
            tracing::error!(%error, "TLS cannot be served");
            return;
        }
    };
    let server = Arc::new(Server {
        acceptor,
        routes,
        bounds,
        told: Mutex::new(None),
    });
    let places = Arc::new(Semaphore::new(bounds.connections));
    let handshakes = Arc::new(Semaphore::new(bounds.connections.div_ceil(2)));
    let peers = Peers::new(bounds.connections.div_ceil(PEER_PART));
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = stop.run_until_cancelled(async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            let handshake = Arc::clone(&handshakes).acquire_owned().await.ok();
            (place, handshake, listener.accept().await)
        });
        let Some((place, handshake, accepted)) = accepted.await else {
            break;
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(of_peer) = peers.admit(peer.ip()) else {
                    server.tell(&peer.to_string(), "it holds too many connections");
                    continue;
                };
                let (server, watcher) = (Arc::clone(&server), graceful.watcher());
                connections.spawn(async move {
                    server.converse(stream, watcher, handshake).await;
                    drop((place, of_peer));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(bounds.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("calls in flight were cut");
    }
}

struct Server {
    acceptor: TlsAcceptor,
    routes: Router,
    bounds: Bounds,
    /// When a refused connection was last told of.
    told: Mutex<Option<Instant>>,
}

impl Server {
    async fn converse(&self, stream: TcpStream, watcher: Watcher, handshake: Option<OwnedSemaphorePermit>) {
        let peer = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
        let shaken = timeout(HANDSHAKE, self.shake_hands(stream)).await;
        drop(handshake);
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.tell(&peer, &error.to_string()),
            Err(_) => return self.tell(&peer, "it took too long"),
        };
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.headers)
            .max_headers(HEADERS);
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.routes.clone()));
        if let Ok(Err(error)) = timeout(self.bounds.life, watcher.watch(connection)).await {
            tracing::debug!(%error, peer, "a connection ended early");
        }
    }

    async fn shake_hands(&self, mut stream: TcpStream) -> io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
        stream.set_nodelay(true)?;
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE_RECORD {
            let _unread = stream.read(&mut [0; PLAIN_BYTES]).await?;
            stream.write_all(PLAIN).await?;
            stream.shutdown().await?;
            return Err(io::Error::other("the peer does not speak TLS"));
        }
        self.acceptor.accept(stream).await
    }

    fn tell(&self, peer: &str, reason: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= WORD) {
            *told = Some(Instant::now());
            tracing::warn!(peer, reason, "a connection was refused; further ones are told of in a minute");
        }
    }
}

#[cfg(test)]
mod tests;
