//! One file, given or with reproducible content, for functions that download something.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anneal_tls::{Bounds, Certificate, Identity, PrivateKey, serve};
use anyhow::{Context, Result};
use axum::{Router, routing::get};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What to serve.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Serve this file.
    #[arg(long, conflicts_with = "bytes")]
    file: Option<PathBuf>,
    /// Serve made-up content of this size.
    #[arg(long, default_value_t = 1)]
    bytes: usize,
    /// Seed of its content.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve it over TLS too, with this certificate (PEM).
    #[arg(long, requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's key (PEM, P-256).
    #[arg(long, requires = "certificate")]
    key: Option<PathBuf>,
    /// Port of TLS.
    #[arg(long, default_value_t = 8443)]
    tls_port: u16,
}

/// The tool's clients are few and well-behaved.
const BOUNDS: Bounds = Bounds {
    connections: 256,
    headers: Duration::from_secs(30),
    life: Duration::from_secs(3600),
    drain: Duration::from_secs(5),
};

/// Serves until SIGTERM.
pub(crate) async fn run(args: Args) -> Result<()> {
    let file = match &args.file {
        Some(path) => tokio::fs::read(path)
            .await
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => content(args.bytes, args.seed),
    };
    let file = Bytes::from(file);
    let router = Router::new()
        .route("/file", get(move || async move { file }))
        .route("/healthz", get(|| async { "ok" }));
    let stop = CancellationToken::new();
    let tls = match (&args.certificate, &args.key) {
        (Some(certificate), Some(key)) => {
            let listener = listen(args.tls_port).await?;
            let identity = identity(certificate, key).await?;
            Some(tokio::spawn(serve(listener, router.clone(), identity, BOUNDS, stop.clone())))
        }
        _ => None,
    };
    let listener = listen(args.port).await?;
    let served = axum::serve(listener, router).with_graceful_shutdown(crate::terminated()).await;
    stop.cancel();
    if let Some(tls) = tls {
        tls.await.context("TLS was not served to its end")?;
    }
    served.context("cannot serve")
}

async fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("0.0.0.0", port))
        .await
        .with_context(|| format!("cannot listen on port {port}"))
}

async fn identity(certificate: &Path, key: &Path) -> Result<Identity> {
    let read = async |path: &Path| {
        tokio::fs::read_to_string(path)
            .await
            .with_context(|| format!("cannot read {}", path.display()))
    };
    let key = PrivateKey::from_pem(&read(key).await?).context("the key is of no use")?;
    let identity = Identity::default();
    identity.show(Certificate::new(&key, &read(certificate).await?).context("the certificate is of no use")?);
    Ok(identity)
}

/// Bytes of a xorshift generator (Marsaglia 2003): the same for the same seed.
fn content(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_the_size_and_follows_the_seed() {
        assert_eq!(content(13, 1).len(), 13);
        assert_eq!(content(64, 1), content(64, 1));
        assert_ne!(content(64, 1), content(64, 3));
    }
}
