//! Connections to one executor: kept while idle, newest first, and only for less time than the executor keeps them.

use std::{net::SocketAddr, sync::Mutex, sync::PoisonError, time::Duration};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use snafu::{ResultExt, Snafu};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{body::RequestBody, settings::HEAD_BYTES};

/// A kept connection has this long to show that it is idle again.
const SETTLE: Duration = Duration::from_millis(20);
/// More than this are not kept.
const MAX_IDLE: usize = 512;

/// Why there is no connection. No byte of the request has left.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("no connection was accepted within {} ms", after.as_millis()))]
    Timeout { after: Duration },
    #[snafu(display("cannot connect"))]
    Connect { source: std::io::Error },
    #[snafu(display("cannot open an HTTP connection"))]
    Handshake { source: hyper::Error },
}

/// The idle connections of one executor.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<RequestBody>,
    since: Instant,
}

/// How connections are made and kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connector {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
}

/// Whether a kept connection will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    KeptOrNew,
    New,
}

/// One connection, for one request.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http1::SendRequest<RequestBody>,
    /// It served a request before.
    pub(crate) kept: bool,
}

impl Pool {
    /// A kept connection that is still good, or a new one.
    pub(crate) async fn checkout(&self, address: SocketAddr, connector: Connector, wanted: Wanted) -> Result<Connection, Error> {
        if wanted == Wanted::KeptOrNew {
            while let Some(mut sender) = self.pop(connector.idle) {
                if sender.is_ready() || matches!(timeout(SETTLE, sender.ready()).await, Ok(Ok(()))) {
                    return Ok(Connection { sender, kept: true });
                }
            }
        }
        connect(address, connector.connect).await
    }

    /// Keeps a connection whose answer was read to its end.
    pub(crate) fn put_back(&self, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(Idle {
                sender: connection.sender,
                since: Instant::now(),
            });
        }
    }

    /// Closes what was idle for too long.
    pub(crate) fn sweep(&self, idle_for: Duration) {
        let now = Instant::now();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|idle| now.saturating_duration_since(idle.since) < idle_for && !idle.sender.is_closed());
    }

    /// Closes everything that is idle.
    pub(crate) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Idle connections that are still open.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|idle| !idle.sender.is_closed())
            .count()
    }

    fn pop(&self, idle_for: Duration) -> Option<http1::SendRequest<RequestBody>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(newest) = idle.pop() {
            if newest.since.elapsed() >= idle_for {
                // The others are older still.
                idle.clear();
                return None;
            }
            if !newest.sender.is_closed() {
                return Some(newest.sender);
            }
        }
        None
    }
}

impl Connection {
    /// Sends one request. When the error holds the request, none of its bytes has left.
    pub(crate) async fn send(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.sender.try_send_request(request).await
    }
}

async fn connect(address: SocketAddr, within: Duration) -> Result<Connection, Error> {
    let Ok(stream) = timeout(within, TcpStream::connect(address)).await else {
        return TimeoutSnafu { after: within }.fail();
    };
    let stream = stream.context(ConnectSnafu)?;
    stream.set_nodelay(true).context(ConnectSnafu)?;
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .context(HandshakeSnafu)?;
    tokio::spawn(async move {
        // The sender learns of a fault by itself.
        if let Err(error) = connection.await {
            tracing::debug!(%error, %address, "the connection to an executor ended");
        }
    });
    Ok(Connection { sender, kept: false })
}
