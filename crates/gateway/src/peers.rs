//! Calls to agents and controllers: the one place where their connections are made. Each is to an address, and goes on only if
//! whoever is there has the name that was meant.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anneal_tls::ClientConfig;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use snafu::{OptionExt, ResultExt, Snafu};
use tokio::time::{Instant, timeout};

use crate::trust::Trust;

/// An answer that is longer is not read.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const KEEP: Duration = Duration::from_secs(20);

/// Who is called, and where.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The name in its certificate.
    pub(crate) name: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// Why a peer did not answer as it should.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("cannot read the token in {path:?}"))]
    ReadToken { path: String, source: std::io::Error },
    #[snafu(display("the token or {peer} cannot be put into a request"))]
    MakeRequest { peer: String, source: http::Error },
    #[snafu(display("cannot encode what is sent to {peer}"))]
    Encode { peer: String, source: serde_json::Error },
    #[snafu(display("cannot tell {peer} from others: no authority is known yet"))]
    Trust { peer: String },
    #[snafu(display("cannot reach {peer}"))]
    Connect { peer: String, source: anneal_tls::Error },
    #[snafu(display("cannot call {peer}"))]
    Call { peer: String, source: hyper::Error },
    #[snafu(display("{peer} answered {status}"))]
    Refused { peer: String, status: StatusCode },
    #[snafu(display("cannot read what {peer} answered"))]
    Read {
        peer: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[snafu(display("{peer} answered something else than was asked"))]
    Decode { peer: String, source: serde_json::Error },
    #[snafu(display("{peer} gave no answer within {} s", within.as_secs()))]
    Overdue { peer: String, within: Duration },
}

/// The client of agents and controllers.
#[derive(Clone, Debug)]
pub(crate) struct PeerClient {
    trust: Trust,
    kept: Arc<Mutex<HashMap<Peer, Kept>>>,
}

/// A connection between two calls.
#[derive(Debug)]
struct Kept {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
    /// What was believed when it was made.
    believed: Arc<ClientConfig>,
}

impl PeerClient {
    pub(crate) fn new(trust: Trust) -> Self {
        Self {
            trust,
            kept: Arc::default(),
        }
    }

    /// `POST`s `body` with the token of the file, which is read anew because the kubelet renews it.
    pub(crate) async fn post<B, R>(&self, peer: &Peer, path: &str, token: &Path, body: &B, within: Duration) -> Result<R, Error>
    where
        B: Serialize + Sync,
        R: DeserializeOwned,
    {
        let call = self.call(peer, path, token, body);
        timeout(within, call).await.unwrap_or_else(|_| {
            OverdueSnafu {
                peer: peer.to_string(),
                within,
            }
            .fail()
        })
    }

    async fn call<B, R>(&self, peer: &Peer, path: &str, token: &Path, body: &B) -> Result<R, Error>
    where
        B: Serialize + Sync,
        R: DeserializeOwned,
    {
        let who = || peer.to_string();
        let bearer = tokio::fs::read_to_string(token).await.with_context(|_| ReadTokenSnafu {
            path: token.display().to_string(),
        })?;
        let body = serde_json::to_vec(body).with_context(|_| EncodeSnafu { peer: who() })?;
        let request = Request::post(path)
            .header(header::HOST, &peer.name)
            .header(header::AUTHORIZATION, format!("Bearer {}", bearer.trim()))
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::from(body))
            .with_context(|_| MakeRequestSnafu { peer: who() })?;
        let believed = self.trust.borrow().clone().with_context(|| TrustSnafu { peer: who() })?;
        let mut sender = match self.take(peer, &believed).await {
            Some(sender) => sender,
            None => connect(peer, Arc::clone(&believed)).await?,
        };
        let answer = sender.send_request(request).await.with_context(|_| CallSnafu { peer: who() })?;
        let status = answer.status();
        let read = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let bytes = read.with_context(|_| ReadSnafu { peer: who() })?.to_bytes();
        self.keep(peer, sender, believed);
        if !status.is_success() {
            return RefusedSnafu { peer: who(), status }.fail();
        }
        serde_json::from_slice(&bytes).with_context(|_| DecodeSnafu { peer: who() })
    }

    /// A connection that was kept, if it is good still and was made by what is believed now.
    async fn take(&self, peer: &Peer, believed: &Arc<ClientConfig>) -> Option<SendRequest<Full<Bytes>>> {
        let mut kept = self.kept().remove(peer)?;
        let fresh = kept.since.elapsed() < KEEP && Arc::ptr_eq(&kept.believed, believed);
        // It is ready in a moment after the last answer, or it was closed.
        (fresh && kept.sender.ready().await.is_ok()).then_some(kept.sender)
    }

    fn keep(&self, peer: &Peer, sender: SendRequest<Full<Bytes>>, believed: Arc<ClientConfig>) {
        let mut kept = self.kept();
        kept.retain(|_, kept| kept.since.elapsed() < KEEP);
        let since = Instant::now();
        kept.insert(peer.clone(), Kept { sender, since, believed });
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Peer, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(peer: &Peer, believed: Arc<ClientConfig>) -> Result<SendRequest<Full<Bytes>>, Error> {
    let who = || peer.to_string();
    let connected = anneal_tls::connect(peer.address, &peer.name, believed).await;
    let stream = connected.with_context(|_| ConnectSnafu { peer: who() })?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.with_context(|_| CallSnafu { peer: who() })?;
    let peer = peer.clone();
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, %peer, "a connection ended");
        }
    });
    Ok(sender)
}
