//! The depot as the controller sees it: facts, rejections, purges. The controller's only way to know what is stored.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anneal_protocol::{
    FunctionRef,
    depot::{Confirmed, FACTS_PATH, PURGES_PATH, PurgeReply, PurgeRequest, REJECTIONS_PATH, RejectionRequest},
    facts::{Facts, FactsRequest},
    problem::{Problem, ProblemCode},
};
use anneal_tls::Held;
use reqwest::{Certificate, Client};
use serde::{Serialize, de::DeserializeOwned};
use snafu::{OptionExt, ResultExt, Snafu};

/// Longest a call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// A purge deletes many objects, a page at a time.
const PURGE_DEADLINE: Duration = Duration::from_secs(60);

/// Why a call has no answer.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The token is not there.
    #[snafu(display("read the depot's token {}", path.display()))]
    Token {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The authorities by which the depot is known are not there yet.
    #[snafu(display("the certificate authorities are not known yet"))]
    Unknown,
    /// No client can be made.
    #[snafu(display("make a client of the depot"))]
    Make {
        /// Why.
        source: reqwest::Error,
    },
    /// No answer.
    #[snafu(display("call the depot's {path}"))]
    Call {
        /// Which call.
        path: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// A refusal.
    #[snafu(display("the depot's {path} refused with {code:?}: {message}"))]
    Refused {
        /// Which call.
        path: &'static str,
        /// What it says.
        code: ProblemCode,
        /// For the log.
        message: String,
    },
}

/// Talks to the depot.
#[derive(Clone, Debug)]
pub struct Depot {
    held: Held,
    /// The client that was made last, and what it believes.
    client: Arc<Mutex<Option<(String, Client)>>>,
    url: String,
    token: PathBuf,
}

impl Depot {
    /// The depot at `url`, known by the authorities that are held; `token` is re-read at each call.
    pub fn new(url: &str, token: PathBuf, held: Held) -> Self {
        Self {
            held,
            client: Arc::default(),
            url: url.trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// The one place where the client is made: anew when the authorities change.
    fn client(&self) -> Result<Client, Error> {
        let bundle = self.held.bundle().context(UnknownSnafu)?;
        let mut made = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = made.as_ref().filter(|(believed, _)| *believed == bundle) {
            return Ok(client.clone());
        }
        let authorities = Certificate::from_pem_bundle(bundle.as_bytes()).context(MakeSnafu)?;
        let client = Client::builder()
            .no_proxy()
            .https_only(true)
            .tls_certs_only(authorities)
            .timeout(DEADLINE)
            .build()
            .context(MakeSnafu)?;
        *made = Some((bundle, client.clone()));
        Ok(client)
    }

    /// What is stored of a Function.
    pub async fn facts(&self, request: &FactsRequest) -> Result<Facts, Error> {
        self.call(FACTS_PATH, request, DEADLINE).await
    }

    /// Records that a build is never tried again.
    pub async fn reject(&self, request: &RejectionRequest) -> Result<Confirmed, Error> {
        self.call(REJECTIONS_PATH, request, DEADLINE).await
    }

    /// Removes everything of a Function.
    pub async fn purge(&self, function: FunctionRef) -> Result<PurgeReply, Error> {
        self.call(PURGES_PATH, &PurgeRequest { function }, PURGE_DEADLINE).await
    }

    async fn call<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &'static str,
        request: &Q,
        deadline: Duration,
    ) -> Result<A, Error> {
        let token = tokio::fs::read_to_string(&self.token)
            .await
            .context(TokenSnafu { path: &self.token })?;
        let call = self
            .client()?
            .post(format!("{}{path}", self.url))
            .timeout(deadline)
            .bearer_auth(token.trim())
            .json(request);
        let answer = call.send().await.map_err(reqwest::Error::without_url).context(CallSnafu { path })?;
        if answer.status().is_success() {
            return answer.json().await.context(CallSnafu { path });
        }
        let status = answer.status();
        let problem = answer.json::<Problem>().await.unwrap_or_else(|_| Problem {
            code: ProblemCode::Unknown,
            message: format!("status {status}"),
        });
        RefusedSnafu {
            path,
            code: problem.code,
            message: problem.message,
        }
        .fail()
    }
}
