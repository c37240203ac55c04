//! Brings the store's checksum of an object to light: `object_store` asks for none and shows none.
//!
//! The request header is one of the client's default headers, so that it is signed; the answer's header travels in the
//! response's extensions, which `object_store` hands on.

use async_trait::async_trait;
use http::HeaderName;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector},
};

use crate::Sha256Digest;

/// Asks for checksums in answers to GET and HEAD.
pub(super) const CHECKSUM_MODE: HeaderName = HeaderName::from_static("x-amz-checksum-mode");
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// The store's checksum of a whole object.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredChecksum(pub(super) Sha256Digest);

/// Makes clients that note the checksum.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        ReqwestConnector::default()
            .connect(options)
            .map(|client| HttpClient::new(Noting(client)))
    }
}

#[derive(Debug)]
struct Noting(HttpClient);

#[async_trait]
impl HttpService for Noting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut response = self.0.execute(request).await?;
        let checksum = response
            .headers()
            .get(CHECKSUM)
            .and_then(|value| value.to_str().ok())
            .and_then(Sha256Digest::from_base64);
        if let Some(checksum) = checksum {
            response.extensions_mut().insert(StoredChecksum(checksum));
        }
        Ok(response)
    }
}
