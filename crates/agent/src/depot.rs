//! Speaks to the depot: grants, confirmations, reviews, certificates.
//!
//! The token and the authorities are read anew for every try, because the kubelet replaces them. Every try has a deadline, tries are bounded.

use std::{io, path::PathBuf, sync::Arc};

use anneal_protocol::{
    depot::{
        CERTIFICATES_PATH, CONFIRMATIONS_PATH, CertificateReply, CertificateRequest, Confirmation, Confirmed, GRANTS_PATH, Grant,
        GrantRequest, REVIEWS_PATH, TokenReviewReply, TokenReviewRequest,
    },
    problem::{Problem, ProblemCode},
};
use futures::TryStreamExt;
use reqwest::{Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use snafu::{ResultExt, Snafu, ensure};

use crate::{
    args::Settings,
    client::{self, Clients},
    retry::Pace,
};

/// The largest answer that is read: a grant with a CA bundle has some kilobytes.
const ANSWER_BYTES: usize = 1 << 20;
/// How much of a refusal's sentence goes into the log.
const SENTENCE: usize = 200;

/// Why the depot did not do it.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Error {
    #[snafu(display("the token {path:?} cannot be read"))]
    ReadToken { source: io::Error, path: PathBuf },
    #[snafu(display("the authorities {path:?} cannot be read"))]
    ReadAuthorities { source: io::Error, path: PathBuf },
    #[snafu(display("there is no client for the depot"))]
    MakeClient { source: client::Error },
    #[snafu(display("the depot cannot be reached"))]
    Call { source: reqwest::Error },
    #[snafu(display("the depot's answer is not understood"))]
    ParseAnswer { source: serde_json::Error },
    #[snafu(display("the depot's answer is longer than {ANSWER_BYTES} bytes"))]
    LongAnswer,
    #[snafu(display("the depot refused with {code:?}: {message:?}"))]
    Refuse { code: ProblemCode, message: String },
    #[snafu(display("the depot did not answer in {seconds} s"))]
    Late { seconds: u64 },
}

impl Error {
    /// The Function is being deleted.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Refuse {
                code: ProblemCode::Gone,
                ..
            }
        )
    }

    /// The object exists with other bytes.
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Refuse {
                code: ProblemCode::Conflict,
                ..
            }
        )
    }

    /// Trying again later may help.
    ///
    /// A refused token is among these: it may have expired on the way, and the next try reads a new one.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Refuse { code, .. } => matches!(code, ProblemCode::Unavailable | ProblemCode::Unknown | ProblemCode::Unauthenticated),
            Self::ReadToken { .. } | Self::ReadAuthorities { .. } | Self::MakeClient { .. } | Self::Call { .. } | Self::Late { .. } => true,
            Self::ParseAnswer { .. } | Self::LongAnswer => false,
        }
    }
}

/// The depot's client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Depot {
    inner: Arc<Inner>,
}

struct Inner {
    base: String,
    token: PathBuf,
    authorities: PathBuf,
    clients: Clients,
    pace: Pace,
}

impl Depot {
    /// The depot that the settings name.
    pub(crate) fn new(settings: &Settings, clients: Clients) -> Self {
        Self {
            inner: Arc::new(Inner {
                base: settings.config.depot.trim_end_matches('/').to_owned(),
                token: settings.token_file.clone(),
                authorities: settings.authorities_file.clone(),
                clients,
                pace: settings.pace,
            }),
        }
    }

    /// The pace at which this depot is asked.
    pub(crate) fn pace(&self) -> Pace {
        self.inner.pace
    }

    /// By whom the depot is known now.
    pub(crate) async fn authorities(&self) -> Result<String, Error> {
        let path = &self.inner.authorities;
        tokio::fs::read_to_string(path).await.context(ReadAuthoritiesSnafu { path })
    }

    /// Asks for the right to one request to the store.
    pub(crate) async fn grant(&self, request: &GrantRequest) -> Result<Grant, Error> {
        self.insist(GRANTS_PATH, request).await
    }

    /// Tells what was stored or lost.
    pub(crate) async fn confirm(&self, confirmation: &Confirmation) -> Result<(), Error> {
        let Confirmed {} = self.insist(CONFIRMATIONS_PATH, confirmation).await?;
        Ok(())
    }

    /// [`Self::confirm`], once: for whoever has a pace of its own.
    pub(crate) async fn confirm_once(&self, confirmation: &Confirmation) -> Result<(), Error> {
        let Confirmed {} = self.once(CONFIRMATIONS_PATH, confirmation).await?;
        Ok(())
    }

    /// Asks once whether a token is a gateway's: its bearer waits and will call again.
    pub(crate) async fn review(&self, token: String) -> Result<TokenReviewReply, Error> {
        self.once(REVIEWS_PATH, &TokenReviewRequest { token }).await
    }

    /// Asks once for a certificate of this pod's control port: for whoever has a pace of its own.
    pub(crate) async fn certificate(&self, request: &CertificateRequest) -> Result<CertificateReply, Error> {
        self.once(CERTIFICATES_PATH, request).await
    }

    async fn insist<B, A>(&self, path: &str, body: &B) -> Result<A, Error>
    where
        B: Serialize + Sync,
        A: DeserializeOwned,
    {
        let mut failed = 0;
        loop {
            let error = match self.once(path, body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            failed += 1;
            match self.inner.pace.wait(failed).filter(|_| error.is_passing()) {
                Some(wait) => {
                    tracing::debug!(%error, path, failed, "the depot is asked again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    async fn once<B, A>(&self, path: &str, body: &B) -> Result<A, Error>
    where
        B: Serialize + Sync,
        A: DeserializeOwned,
    {
        let deadline = self.inner.pace.call;
        tokio::time::timeout(deadline, self.exchange(path, body)).await.unwrap_or_else(|_| {
            LateSnafu {
                seconds: deadline.as_secs(),
            }
            .fail()
        })
    }

    async fn exchange<B, A>(&self, path: &str, body: &B) -> Result<A, Error>
    where
        B: Serialize + Sync,
        A: DeserializeOwned,
    {
        let Inner { base, token, clients, .. } = &*self.inner;
        let token = tokio::fs::read_to_string(token).await.context(ReadTokenSnafu { path: token })?;
        let client = clients
            .client(base, Some(&self.authorities().await?))
            .await
            .context(MakeClientSnafu)?;
        let response = client
            .post(format!("{base}{path}"))
            .bearer_auth(token.trim())
            .json(body)
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .context(CallSnafu)?;
        let status = response.status();
        let answer = read(response).await?;
        if status.is_success() {
            return serde_json::from_slice(&answer).context(ParseAnswerSnafu);
        }
        Err(refusal(status, &answer))
    }
}

/// Reads a body that may not be longer than [`ANSWER_BYTES`].
async fn read(response: Response) -> Result<Vec<u8>, Error> {
    let mut answer = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.try_next().await.context(CallSnafu)? {
        ensure!(answer.len() + chunk.len() <= ANSWER_BYTES, LongAnswerSnafu);
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// A proxy or an older depot may answer without a problem: the status tells then.
fn refusal(status: StatusCode, answer: &[u8]) -> Error {
    let (code, message) = match serde_json::from_slice::<Problem>(answer) {
        Ok(problem) => (problem.code, problem.message.chars().take(SENTENCE).collect()),
        Err(_) => (by_status(status), format!("status {}", status.as_u16())),
    };
    Error::Refuse { code, message }
}

fn by_status(status: StatusCode) -> ProblemCode {
    use ProblemCode::{Conflict, Forbidden, Gone, Invalid, NotFound, TooLarge, Unauthenticated, Unavailable};
    let known = [Unauthenticated, Forbidden, NotFound, Gone, Conflict, Invalid, TooLarge];
    let found = known.into_iter().find(|code| code.status() == status.as_u16());
    match found {
        Some(code) => code,
        None if status == StatusCode::TOO_MANY_REQUESTS || !status.is_client_error() => Unavailable,
        None => Invalid,
    }
}

#[cfg(test)]
pub(crate) mod tests;
