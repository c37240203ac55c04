//! Builds every HTTP client of the agent: none follows a redirect, none uses a proxy.
//!
//! The deadlines of a whole exchange are its caller's: a client's read timeout would also end a long upload.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, redirect};
use snafu::{ResultExt, Snafu};
use tokio::sync::Mutex;

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no client.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the certificates in {path:?} cannot be read"))]
    ReadCertificates { source: std::io::Error, path: PathBuf },
    #[snafu(display("a certificate authority cannot be parsed"))]
    ParseCertificates { source: reqwest::Error },
    #[snafu(display("an HTTP client cannot be made"))]
    BuildClient { source: reqwest::Error },
}

/// The certificate authorities the agent trusts: the public ones, and those of one file.
///
/// They are built in because the agent runs inside images it knows nothing of, distroless ones among them.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    file: Option<PathBuf>,
}

impl Roots {
    pub(crate) const fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    async fn certificates(&self) -> Result<Vec<Certificate>, Error> {
        let mut roots = Vec::new();
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            roots.push(Certificate::from_der(root).context(ParseCertificatesSnafu)?);
        }
        if let Some(path) = &self.file {
            let pem = tokio::fs::read(path).await.context(ReadCertificatesSnafu { path })?;
            roots.extend(Certificate::from_pem_bundle(&pem).context(ParseCertificatesSnafu)?);
        }
        Ok(roots)
    }
}

fn builder(roots: Vec<Certificate>) -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(concat!("anneal-agent/", env!("CARGO_PKG_VERSION")))
        .tls_certs_only(roots)
}

/// For the function itself. It keeps no connection: a process that is asked to end must not wait for one of ours.
pub(crate) fn function() -> Result<Client, Error> {
    builder(Vec::new()).pool_max_idle_per_host(0).build().context(BuildClientSnafu)
}

/// For one host of a source, which is reached at exactly these addresses.
pub(crate) async fn pinned(roots: &Roots, host: &str, addresses: &[SocketAddr]) -> Result<Client, Error> {
    builder(roots.certificates().await?)
        .resolve_to_addrs(host, addresses)
        .build()
        .context(BuildClientSnafu)
}

/// Clients for the depot and the store, one per bundle of certificate authorities.
#[derive(Clone)]
pub(crate) struct Clients {
    roots: Roots,
    clients: Arc<Mutex<HashMap<Trust, Client>>>,
}

#[derive(Clone, Eq, Hash, PartialEq)]
enum Trust {
    Plain,
    Public,
    Own(String),
}

impl Clients {
    pub(crate) fn new(roots: Roots) -> Self {
        Self {
            roots,
            clients: Arc::default(),
        }
    }

    /// The client for a URL and the authorities that its server is known by; without any, the public ones.
    pub(crate) async fn client(&self, url: &str, authority: Option<&str>) -> Result<Client, Error> {
        let trust = match authority {
            _ if url.starts_with("http://") => Trust::Plain,
            None => Trust::Public,
            Some(pem) => Trust::Own(pem.to_owned()),
        };
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&trust) {
            return Ok(client.clone());
        }
        let roots = match &trust {
            Trust::Plain => Vec::new(),
            Trust::Public => self.roots.certificates().await?,
            Trust::Own(pem) => Certificate::from_pem_bundle(pem.as_bytes()).context(ParseCertificatesSnafu)?,
        };
        let client = builder(roots).build().context(BuildClientSnafu)?;
        // An authority changes about once a year; whatever is older than the one before is forgotten.
        if clients.len() > 3 {
            clients.clear();
        }
        clients.insert(trust, client.clone());
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_built_in_authorities_are_all_understood() {
        assert!(Roots::new(None).certificates().await.unwrap().len() > 100);
        let stores = Clients::new(Roots::new(None));
        stores.client("https://store.example/", None).await.unwrap();
        stores.client("http://store.example/", None).await.unwrap();
        assert_eq!(stores.clients.lock().await.len(), 2);
    }

    #[tokio::test]
    async fn a_certificate_file_that_is_missing_is_an_error() {
        let roots = Roots::new(Some("/nowhere/at/all.pem".into()));
        assert!(matches!(roots.certificates().await, Err(Error::ReadCertificates { .. })));
    }
}
