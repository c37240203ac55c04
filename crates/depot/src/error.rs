//! Why the depot ends.

use std::net::SocketAddr;

use anneal_store::Breach;
use snafu::Snafu;

/// Result of starting.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the depot ends.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Error {
    /// The flags make no depot.
    #[snafu(display("the settings are wrong: {reason}"))]
    Configure {
        /// Why.
        reason: String,
    },
    /// The store's client cannot be made.
    #[snafu(display("cannot open the store"))]
    OpenStore {
        /// Why.
        source: anneal_store::Error,
    },
    /// The store breaks a promise that every commit needs.
    #[snafu(display("the store cannot be used"))]
    RefuseStore {
        /// Which.
        source: Breach,
    },
    /// The way to the apiserver is not known.
    #[snafu(display("cannot find the cluster"))]
    InferCluster {
        /// Why.
        #[snafu(source(from(kube::config::InferConfigError, Box::new)))]
        source: Box<kube::config::InferConfigError>,
    },
    /// The apiserver's client cannot be made.
    #[snafu(display("cannot make the cluster's client"))]
    ConnectCluster {
        /// Why.
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
    /// A metric's name is taken.
    #[snafu(display("cannot register a metric"))]
    RegisterMetric {
        /// Why.
        source: anneal_telemetry::prometheus::Error,
    },
    /// A port cannot be opened.
    #[snafu(display("cannot listen on {address}"))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Signals cannot be received.
    #[snafu(display("cannot receive signals"))]
    ReceiveSignals {
        /// Why.
        source: std::io::Error,
    },
    /// A part ended that never does.
    #[snafu(display("{part} ended"))]
    End {
        /// Which.
        part: &'static str,
    },
}
