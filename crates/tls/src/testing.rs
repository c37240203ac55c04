//! For the tests of other crates: authorities of this moment, and servers that show what they signed.

use std::time::Duration;

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{Authorities, Bounds, Identity, serve};

/// Authorities of this moment.
#[derive(Clone, Debug)]
pub struct Site {
    /// They.
    pub authorities: Authorities,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            authorities: Authorities::mint(now()).expect("a key can be made"),
        }
    }
}

impl Site {
    /// What a server of these names (or addresses) shows.
    pub fn identity(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let identity = Identity::default();
        let issued = self.authorities.signer(now()).issue(&names, now());
        identity.show(issued.expect("the names are valid"));
        identity
    }

    /// Serves until the task is aborted.
    pub fn serve(&self, listener: TcpListener, routes: Router, names: &[&str]) -> JoinHandle<()> {
        let bounds = Bounds {
            connections: 1024,
            headers: Duration::from_secs(30),
            life: Duration::from_secs(600),
            drain: Duration::ZERO,
        };
        tokio::spawn(serve(listener, routes, self.identity(names), bounds, CancellationToken::new()))
    }
}

/// Seconds since the epoch, for peers that look at the real clock.
#[expect(clippy::disallowed_methods, reason = "the peers of a test look at the real clock")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
