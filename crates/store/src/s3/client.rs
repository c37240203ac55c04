//! The one place where the S3 client is made.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use object_store::{
    BackoffConfig, Certificate, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, Checksum},
};
use snafu::ensure;
use url::Url;

use super::checksum::{CHECKSUM_MODE, Connector};
use crate::{
    Clock,
    error::{ConfigureSnafu, Result},
};

/// Reads and writes of whole objects.
pub(super) const BODY_DEADLINE: Duration = Duration::from_mins(2);

/// A static key pair.
#[derive(Clone)]
pub struct Credentials {
    /// Its public part.
    pub access_key: String,
    /// Its secret part.
    pub secret_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

/// How an [`S3Store`] is made.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The store's address as the depot reaches it.
    pub endpoint: Url,
    /// The store's address as tenants reach it: in grants.
    pub tenant_endpoint: Url,
    /// The bucket; it exists.
    pub bucket: String,
    /// The region, as it enters signatures.
    pub region: String,
    /// Who we are.
    pub credentials: Credentials,
    /// The authorities (PEM) by which the endpoint is known, where those are not public ones.
    pub authorities: Option<String>,
    /// The time, as it enters grants.
    pub clock: Clock,
}

/// Makes the client: few retries, since whoever calls the store tries again by itself.
pub(super) fn client(settings: &S3Settings) -> Result<AmazonS3> {
    for endpoint in [&settings.endpoint, &settings.tenant_endpoint] {
        let plain = endpoint.path() == "/" && endpoint.query().is_none() && endpoint.username().is_empty();
        ensure!(
            plain && endpoint.host().is_some() && matches!(endpoint.scheme(), "http" | "https"),
            ConfigureSnafu {
                reason: "an endpoint is http:// or https:// with a host and perhaps a port, no more"
            }
        );
    }
    let mut headers = HeaderMap::new();
    headers.insert(CHECKSUM_MODE, HeaderValue::from_static("ENABLED"));
    let mut options = ClientOptions::new()
        .with_default_headers(headers)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(BODY_DEADLINE)
        .with_allow_http(settings.endpoint.scheme() == "http");
    if let Some(bundle) = &settings.authorities {
        let certificates = Certificate::from_pem_bundle(bundle.as_bytes());
        for certificate in certificates.map_err(|error| ConfigureSnafu { reason: error.to_string() }.build())? {
            options = options.with_root_certificate(certificate);
        }
    }
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::from_secs(10),
    };
    AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(retry)
        .with_http_connector(Connector)
        .with_endpoint(settings.endpoint.as_str().trim_end_matches('/'))
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.credentials.access_key)
        .with_secret_access_key(&settings.credentials.secret_key)
        .with_checksum_algorithm(Checksum::SHA256)
        // Not every server offers the bulk form.
        .with_disable_bulk_delete(true)
        .build()
        .map_err(|error| ConfigureSnafu { reason: error.to_string() }.build())
}
