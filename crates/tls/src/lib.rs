//! TLS between the components: the authorities that sign, the certificates that servers show, and how both are renewed.
//!
//! Knows no Kubernetes and no clock: whoever uses it brings the Secret's bytes and the time. Certificates hold ECDSA P-256 keys;
//! the one TLS provider is aws-lc-rs.

mod authorities;
mod authority;
mod client;
mod held;
mod identity;
mod key;
mod server;
#[cfg(feature = "testing")]
pub mod testing;

pub use authorities::{Authorities, OVERLAP_SECONDS, RETIRE_SECONDS, SUCCESSION_SECONDS};
pub use authority::{AUTHORITY_SECONDS, Authority, LEAF_SECONDS, RENEW_SECONDS};
pub use client::{Stream, config, connect};
pub use held::{Held, Leaf, follow, renew};
pub use identity::{Certificate, Identity};
pub use key::{PrivateKey, PublicKey};
pub use rustls::ClientConfig;
pub use server::{Bounds, serve};

use snafu::Snafu;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong with keys and certificates.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// A key or a certificate cannot be made.
    #[snafu(display("{operation}"))]
    Make {
        /// What was to be made.
        operation: &'static str,
        /// Why.
        source: rcgen::Error,
    },
    /// A PEM text holds something else than was asked for.
    #[snafu(display("read the PEM of {what}"))]
    ReadPem {
        /// What it should hold.
        what: &'static str,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The TLS library does not take it.
    #[snafu(display("use {what}"))]
    Use {
        /// What.
        what: &'static str,
        /// Why.
        source: rustls::Error,
    },
    /// A public key has another form than the keys here.
    #[snafu(display("a public key is an uncompressed P-256 point in {} hex digits", key::HEX_DIGITS))]
    PublicKey,
    /// What is stored is not a list of authorities.
    #[snafu(display("read the authorities"))]
    Parse {
        /// Why.
        source: serde_json::Error,
    },
    /// What is stored is an empty list.
    #[snafu(display("there is no authority"))]
    NoAuthority,
    /// A name cannot stand in a certificate.
    #[snafu(display("{name:?} is no name for a certificate"))]
    Name {
        /// Which.
        name: String,
    },
    /// No connection, or a peer that is not the one that was meant.
    #[snafu(display("connect to {address} as {name:?}"))]
    Connect {
        /// Where.
        address: std::net::SocketAddr,
        /// Who should be there.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}
