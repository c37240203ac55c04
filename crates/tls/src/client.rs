//! What a client believes, and a connection to a peer whose address and name are known apart.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    time_provider::{DefaultTimeProvider, TimeProvider},
};
use snafu::{ResultExt, ensure};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{ConnectSnafu, NameSnafu, NoAuthoritySnafu, ReadPemSnafu, Result, UseSnafu};

/// A connection to a peer that has proved its name.
pub type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// Believes the authorities of a bundle (PEM), and no other.
pub fn config(bundle: &str) -> Result<Arc<ClientConfig>> {
    config_at(bundle, Arc::new(DefaultTimeProvider))
}

pub(crate) fn config_at(bundle: &str, time: Arc<dyn TimeProvider>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        let what = "an authority";
        roots.add(certificate.context(ReadPemSnafu { what })?).context(UseSnafu { what })?;
    }
    ensure!(!roots.is_empty(), NoAuthoritySnafu);
    let builder = ClientConfig::builder_with_details(Arc::new(aws_lc_rs::default_provider()), time);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).context(UseSnafu {
        what: "the TLS version 1.3",
    })?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    // A resumed session would not look at the certificate.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Connects to an address, and goes on only if the peer there has this name.
pub async fn connect(address: SocketAddr, name: &str, config: Arc<ClientConfig>) -> Result<Stream> {
    let server = ServerName::try_from(name.to_owned()).map_err(|_| NameSnafu { name }.build())?;
    let connected = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        TlsConnector::from(config).connect(server, stream).await
    };
    connected.await.context(ConnectSnafu { address, name })
}
