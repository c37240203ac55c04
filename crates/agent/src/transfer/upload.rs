//! Streams a file to the store, exactly the bytes the grant was asked for.

use std::{path::Path, time::Duration};

use anneal_protocol::depot::{Grant, GrantRequest, Writable};
use reqwest::{
    Body, StatusCode,
    header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue},
};
use snafu::{OptionExt, ResultExt, ensure};
use tokio::{fs::File, time::timeout};
use tokio_util::io::ReaderStream;

use super::{Error, ExchangeSnafu, GrantSnafu, MakeClientSnafu, MalformedGrantSnafu, StallSnafu, StatusSnafu, Transfer, UseFileSnafu};
use crate::digest::Content;

/// The slowest store that is waited for, in bytes a second.
const SLOWEST: u64 = 256 << 10;
/// What every upload may take beside its bytes.
const GROUND: Duration = Duration::from_secs(30);

/// How an upload ended well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stored {
    /// The store took the bytes.
    New,
    /// The store has an object there already. Whether it is the same one, the depot says at the confirmation.
    Present,
}

impl Transfer {
    /// Stores a file, trying again with new grants while that may help.
    pub(crate) async fn store(&self, object: &Writable, file: &Path, content: &Content) -> Result<Stored, Error> {
        let mut failed = 0;
        loop {
            let error = match self.store_once(object, file, content).await {
                Ok(stored) => return Ok(stored),
                Err(error) => error,
            };
            failed += 1;
            let again = error.is_passing() && !matches!(error, Error::Grant { .. });
            match self.depot.pace().wait(failed).filter(|_| again) {
                Some(wait) => {
                    tracing::warn!(%error, ?object, failed, "an object is stored again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    /// Stores a file, or says why not.
    pub(crate) async fn store_once(&self, object: &Writable, file: &Path, content: &Content) -> Result<Stored, Error> {
        let request = GrantRequest::Put {
            object: object.clone(),
            bytes: content.bytes,
            sha256: content.sha256.clone(),
        };
        let grant = self.depot.grant(&request).await.context(GrantSnafu)?;
        ensure!(grant.method == "PUT", MalformedGrantSnafu { part: "method" });
        let allowed = GROUND + Duration::from_secs(content.bytes / SLOWEST);
        timeout(allowed, self.put(&grant, file, content.bytes)).await.unwrap_or_else(|_| {
            StallSnafu {
                seconds: allowed.as_secs(),
            }
            .fail()
        })
    }

    async fn put(&self, grant: &Grant, file: &Path, bytes: u64) -> Result<Stored, Error> {
        let client = self
            .clients
            .client(&grant.url, grant.ca.as_deref())
            .await
            .context(MakeClientSnafu)?;
        let body = File::open(file).await.context(UseFileSnafu { path: file })?;
        let response = client
            .put(&grant.url)
            .headers(headers(grant, bytes)?)
            .body(Body::wrap_stream(ReaderStream::with_capacity(body, 1 << 16)))
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .context(ExchangeSnafu)?;
        match response.status() {
            status if status.is_success() => Ok(Stored::New),
            StatusCode::PRECONDITION_FAILED => Ok(Stored::Present),
            status => StatusSnafu { status: status.as_u16() }.fail(),
        }
    }
}

/// The grant's headers and the length: a store does not take a body in chunks.
fn headers(grant: &Grant, bytes: u64) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in &grant.headers {
        let name: HeaderName = name.parse().ok().context(MalformedGrantSnafu { part: "header name" })?;
        let value: HeaderValue = value.parse().ok().context(MalformedGrantSnafu { part: "header value" })?;
        headers.insert(name, value);
    }
    headers.insert(CONTENT_LENGTH, bytes.into());
    Ok(headers)
}
