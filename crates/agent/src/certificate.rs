//! The certificate of the control port: asked for from the depot, kept beside the pod's other files, renewed in time.
//!
//! A container that starts again shows the kept one at once, so it needs no depot to be ready.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anneal_protocol::depot::CertificateRequest;
use anneal_tls::{Certificate, Identity, PrivateKey};
use serde::{Deserialize, Serialize};
use snafu::{ResultExt, Snafu};
use tokio::time::{Instant, sleep, sleep_until};

use crate::depot::{self, Depot};

/// Between two looks at the authorities.
const LOOK: Duration = Duration::from_secs(60);
/// Tries in vain between two words about it.
const WORDS: u32 = 30;

/// Why there is no new certificate.
#[derive(Debug, Snafu)]
enum Error {
    #[snafu(display("the depot gave no certificate"))]
    Ask { source: depot::Error },
    #[snafu(display("the certificate cannot be used"))]
    Use { source: anneal_tls::Error },
}

/// A key and what was issued for it. The function's own process can read it, as it can read the token that it was asked for with.
#[derive(Deserialize, Serialize)]
struct Kept {
    key: String,
    chain: String,
}

/// Keeps `identity` current for as long as the pod is wanted.
pub(crate) async fn keep(depot: Depot, file: PathBuf, identity: Identity) {
    if let Some(certificate) = recall(&file) {
        identity.show(certificate);
    }
    let mut failed = 0;
    loop {
        match renew(&depot, &file, &identity).await {
            Ok(seconds) => {
                failed = 0;
                wait(&depot, Duration::from_secs(seconds)).await;
            }
            // Whoever deletes the Function ends the pod.
            Err(Error::Ask { source }) if source.is_gone() => return,
            Err(error) => {
                if failed % WORDS == 0 {
                    tracing::warn!(
                        error = crate::chain(&error),
                        failed,
                        "there is no new certificate for the control port"
                    );
                }
                failed += 1;
                sleep(depot.pace().wait_forever(failed)).await;
            }
        }
    }
}

/// Waits until a certificate is to be replaced: its time has come, or other authorities are believed.
async fn wait(depot: &Depot, life: Duration) {
    let believed = depot.authorities().await.ok();
    let due = Instant::now() + life;
    while Instant::now() < due {
        sleep_until(due.min(Instant::now() + LOOK)).await;
        let now = depot.authorities().await.ok();
        if now.is_some() && now != believed {
            return;
        }
    }
}

/// Shows a new certificate; gives the seconds after which it is to be replaced.
async fn renew(depot: &Depot, file: &Path, identity: &Identity) -> Result<u64, Error> {
    let key = PrivateKey::generate().context(UseSnafu)?;
    let request = CertificateRequest {
        public_key: key.public().to_string(),
    };
    let reply = depot.certificate(&request).await.context(AskSnafu)?;
    identity.show(Certificate::new(&key, &reply.chain).context(UseSnafu)?);
    let kept = Kept {
        key: key.pem(),
        chain: reply.chain,
    };
    if let Err(error) = save(file, &kept) {
        tracing::warn!(%error, "the certificate is not kept: a container that starts again has to ask for one");
    }
    Ok(reply.renew_seconds)
}

fn recall(file: &Path) -> Option<Certificate> {
    let kept: Kept = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    Certificate::new(&PrivateKey::from_pem(&kept.key).ok()?, &kept.chain).ok()
}

fn save(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let text = serde_json::to_vec(kept)?;
    let part = file.with_extension("part");
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?
        .write_all(&text)?;
    fs::rename(part, file)
}

#[cfg(test)]
mod tests;
