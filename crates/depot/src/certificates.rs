//! Certificates: the depot's own, those of executors' control ports, and by which authority the store is known.
//!
//! The controller that leads makes the authorities; the depot reads them and signs.

use anneal_protocol::{
    depot::{CertificateReply, CertificateRequest},
    pod_server_name,
};
use anneal_store::Clock;
use anneal_tls::{Held, Leaf, PublicKey, RENEW_SECONDS, follow, renew};
use snafu::Report;

use crate::{
    caller::{PodCaller, Role},
    cluster::Cluster,
    refusal::{Refusal, Result},
};

/// How the server that grants lead to is known.
#[derive(Clone, Debug)]
pub(crate) enum StoreAuthority {
    /// It is this process.
    Depot,
    /// By a public authority, or it is spoken to without TLS.
    Public,
    /// By these (PEM).
    Own(String),
}

impl StoreAuthority {
    /// The bundle that was given, if one was.
    pub(crate) fn own(&self) -> Option<&str> {
        match self {
            Self::Own(bundle) => Some(bundle),
            Self::Depot | Self::Public => None,
        }
    }
}

/// What certificates are made from.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    pub(crate) held: Held,
    pub(crate) store: StoreAuthority,
}

impl Certificates {
    /// A certificate for the control port of the caller's pod, and of no other.
    pub(crate) fn issue(&self, caller: &PodCaller, request: &CertificateRequest, now: i64) -> Result<CertificateReply> {
        if !matches!(caller.role, Role::Executor { .. }) {
            return Err(Refusal::forbidden("only executors have a control port"));
        }
        let key: PublicKey = request
            .public_key
            .parse()
            .map_err(|error: anneal_tls::Error| Refusal::invalid(error.to_string()))?;
        let authorities = self
            .held
            .get()
            .ok_or_else(|| Refusal::unavailable("the authorities are not known yet"))?;
        let chain = authorities.signer(now).sign(&key, &[pod_server_name(&caller.uid)], now);
        let chain = chain.map_err(|error| {
            tracing::error!(error = Report::from_error(error).to_string(), "a certificate cannot be signed");
            Refusal::unavailable("the certificate cannot be signed")
        })?;
        Ok(CertificateReply {
            chain,
            renew_seconds: RENEW_SECONDS.unsigned_abs(),
        })
    }

    /// What an agent must trust to use a grant, where that is not a public authority.
    pub(crate) fn of_store(&self) -> Option<String> {
        match &self.store {
            StoreAuthority::Depot => self.held.bundle(),
            StoreAuthority::Public | StoreAuthority::Own(_) => self.store.own().map(str::to_owned),
        }
    }
}

/// Keeps the authorities as the Secret has them, and the API's own certificate current, for ever.
pub(crate) async fn keep(cluster: Cluster, namespace: String, leaf: Leaf, held: Held, clock: Clock) {
    let followed = follow(&held, || cluster.authorities(&namespace));
    let renewed = renew(leaf, &held, || clock.now().as_second());
    tokio::join!(followed, renewed);
}
