//! Calls to agents and controllers: the one place where their client is made.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};
use snafu::{ResultExt, Snafu};
use tokio::time::timeout;

/// An answer that is longer is not read.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const CONNECT: Duration = Duration::from_secs(1);
const KEEP: Duration = Duration::from_secs(20);

/// Why a peer did not answer as it should.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("cannot read the token in {path:?}"))]
    ReadToken { path: String, source: std::io::Error },
    #[snafu(display("the token or {url:?} cannot be put into a request"))]
    MakeRequest { url: String, source: http::Error },
    #[snafu(display("cannot encode what is sent to {url:?}"))]
    Encode { url: String, source: serde_json::Error },
    #[snafu(display("cannot call {url:?}"))]
    Call {
        url: String,
        source: hyper_util::client::legacy::Error,
    },
    #[snafu(display("{url:?} answered {status}"))]
    Refused { url: String, status: StatusCode },
    #[snafu(display("cannot read what {url:?} answered"))]
    Read {
        url: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[snafu(display("{url:?} answered something else than was asked"))]
    Decode { url: String, source: serde_json::Error },
    #[snafu(display("{url:?} gave no answer within {} s", within.as_secs()))]
    Overdue { url: String, within: Duration },
}

/// The client of agents and controllers.
#[derive(Clone, Debug)]
pub(crate) struct PeerClient {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl PeerClient {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEEP);
        Self {
            client: builder.build(connector),
        }
    }

    /// `POST`s `body` with the token of the file, which is read anew because the kubelet renews it.
    pub(crate) async fn post<B, R>(&self, url: &str, token: &Path, body: &B, within: Duration) -> Result<R, Error>
    where
        B: Serialize + Sync,
        R: DeserializeOwned,
    {
        let call = self.call(url, token, body);
        timeout(within, call).await.unwrap_or_else(|_| OverdueSnafu { url, within }.fail())
    }

    async fn call<B, R>(&self, url: &str, token: &Path, body: &B) -> Result<R, Error>
    where
        B: Serialize + Sync,
        R: DeserializeOwned,
    {
        let bearer = tokio::fs::read_to_string(token).await.with_context(|_| ReadTokenSnafu {
            path: token.display().to_string(),
        })?;
        let body = serde_json::to_vec(body).context(EncodeSnafu { url })?;
        let request = Request::post(url)
            .header(header::AUTHORIZATION, format!("Bearer {}", bearer.trim()))
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::from(body))
            .context(MakeRequestSnafu { url })?;
        let answer = self.client.request(request).await.context(CallSnafu { url })?;
        if !answer.status().is_success() {
            return RefusedSnafu {
                url,
                status: answer.status(),
            }
            .fail();
        }
        let read = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let bytes = read.context(ReadSnafu { url })?.to_bytes();
        serde_json::from_slice(&bytes).context(DecodeSnafu { url })
    }
}
