//! What a server shows: replaced without touching its listener, read anew at each handshake.

use std::{fmt, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};
use snafu::ResultExt;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::{PrivateKey, ReadPemSnafu, Result, UseSnafu};

/// A certificate with its key, ready to be shown.
#[derive(Clone)]
pub struct Certificate(Arc<CertifiedKey>);

impl Certificate {
    /// A chain (PEM) with the key it was made for.
    pub fn new(key: &PrivateKey, chain: &str) -> Result<Self> {
        let what = "a certificate";
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.context(ReadPemSnafu { what })?;
        let key = PrivateKeyDer::from_pem_slice(key.pem().as_bytes()).context(ReadPemSnafu { what: "a key" })?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).context(UseSnafu { what })?;
        Ok(Self(Arc::new(certified)))
    }
}

/// The certificate that a server shows now, if it has one. Clones are the same one.
#[derive(Clone)]
pub struct Identity(Arc<watch::Sender<Option<Certificate>>>);

impl Default for Identity {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("is_known", &self.is_known()).finish()
    }
}

impl Identity {
    /// From now on this one is shown.
    pub fn show(&self, certificate: Certificate) {
        self.0.send_replace(Some(certificate));
    }

    /// Whether there is a certificate: without one no handshake succeeds.
    pub fn is_known(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits for the first certificate.
    pub async fn known(&self) {
        // The sender lives as long as this does.
        drop(self.0.subscribe().wait_for(Option::is_some).await);
    }

    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).context(UseSnafu {
            what: "the TLS version 1.3",
        })?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(self.clone()));
        // Every connection sees the certificate of its time.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.borrow().as_ref().map(|certificate| Arc::clone(&certificate.0))
    }
}
