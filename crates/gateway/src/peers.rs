//! Calls to agents and controllers: the one place where their client is made.

use std::{path::Path, time::Duration};

use reqwest::{Client, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use snafu::{ResultExt, Snafu};

/// An answer that is longer is not read.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Why a peer did not answer as it should.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("cannot make the client of agents and controllers"))]
    MakeClient { source: reqwest::Error },
    #[snafu(display("cannot read the token in {path}"))]
    ReadToken {
        path: String,
        source: std::io::Error,
    },
    #[snafu(display("cannot call {url:?}"))]
    Call { url: String, source: reqwest::Error },
    #[snafu(display("{url:?} answered {status}"))]
    Refused { url: String, status: StatusCode },
    #[snafu(display("{url:?} answered more than is read"))]
    TooLong { url: String },
    #[snafu(display("{url:?} answered something else than was asked"))]
    Decode {
        url: String,
        source: serde_json::Error,
    },
}

/// The client of agents and controllers.
#[derive(Clone, Debug)]
pub(crate) struct PeerClient {
    client: Client,
}

impl PeerClient {
    pub(crate) fn new() -> Result<Self, Error> {
        let builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(1));
        Ok(Self {
            client: builder
                .pool_idle_timeout(Duration::from_secs(20))
                .build()
                .context(MakeClientSnafu)?,
        })
    }

    /// `POST`s `body` with the token of the file, which is read anew because the kubelet renews it.
    pub(crate) async fn post<B: Serialize + Sync, R: DeserializeOwned>(
        &self,
        url: &str,
        token: &Path,
        body: &B,
        within: Duration,
    ) -> Result<R, Error> {
        let bearer = tokio::fs::read_to_string(token)
            .await
            .with_context(|_| ReadTokenSnafu {
                path: token.display().to_string(),
            })?;
        let request = self
            .client
            .post(url)
            .timeout(within)
            .bearer_auth(bearer.trim())
            .json(body);
        let mut answer = request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .context(CallSnafu { url })?;
        if !answer.status().is_success() {
            return RefusedSnafu {
                url,
                status: answer.status(),
            }
            .fail();
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(reqwest::Error::without_url)
            .context(CallSnafu { url })?
        {
            if (bytes.len() + chunk.len()) as u64 > MAX_ANSWER_BYTES {
                return TooLongSnafu { url }.fail();
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).context(DecodeSnafu { url })
    }
}
