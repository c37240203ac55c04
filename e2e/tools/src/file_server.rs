//! One file, given or with reproducible content, for functions that download something.

use std::path::PathBuf;

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use bytes::Bytes;

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
}

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
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", args.port))
        .await
        .context("cannot listen")?;
    axum::serve(listener, router)
        .with_graceful_shutdown(crate::terminated())
        .await
        .context("cannot serve")
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
