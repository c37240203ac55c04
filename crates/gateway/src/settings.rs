//! What the gateway runs with, parsed once from the flags.

use std::{path::PathBuf, time::Duration};

use crate::{forwarded::Network, host::Hosts};

/// Everything the flags say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) peers: Peers,
    /// Empty: all.
    pub(crate) namespaces: Vec<String>,
    pub(crate) trusted_proxies: Vec<Network>,
}

/// Every bound of the data plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A request waits this long for an executor.
    pub(crate) hold: Duration,
    /// A request that a native executable lacks a registration for waits this long for the JVM.
    pub(crate) replay: Duration,
    /// So many requests of one function wait at once.
    pub(crate) hold_queue: usize,
    /// A request takes this long as a whole.
    pub(crate) total: Duration,
    pub(crate) body_bytes: u64,
    pub(crate) connect: Duration,
    pub(crate) executor_idle: Duration,
    pub(crate) client_idle: Duration,
    pub(crate) connections: usize,
    pub(crate) shutdown_delay: Duration,
    pub(crate) drain: Duration,
}

/// Who the gateway is and whom it talks to.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) gateway: String,
    pub(crate) controller: Option<String>,
    pub(crate) controller_token: PathBuf,
    pub(crate) agent_token: PathBuf,
}

/// The largest head of a request or an answer.
pub(crate) const HEAD_BYTES: usize = 64 << 10;
/// The largest body that is kept for sending it again.
pub(crate) const RESEND_BYTES: u64 = 64 << 10;
/// So many different executors are tried without waiting.
pub(crate) const MAX_EXECUTORS: usize = 3;
