//! Command line of the controller: the only place where flags and variables are read.

use std::{net::SocketAddr, path::PathBuf};

/// Settings that differ between two controllers of one install; what they share is in the configuration file.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Configuration file (YAML).
    #[arg(long)]
    pub config: PathBuf,
    /// Namespace of the operator.
    #[arg(long, env = "POD_NAMESPACE")]
    pub namespace: String,
    /// Name of this pod: the holder of the lease.
    #[arg(long, env = "POD_NAME")]
    pub pod_name: String,
    /// Namespace of the lease.
    #[arg(long, default_value = "kube-system")]
    pub lease_namespace: String,
    /// A name under which gateways call this controller, for its certificate. May be given more than once.
    #[arg(long, required = true)]
    pub server_name: Vec<String>,
    /// Token for the depot, re-read at each call.
    #[arg(long, default_value = "/var/run/secrets/anneal.dev/depot/token")]
    pub depot_token: PathBuf,
    /// Service account of the gateways, in the operator's namespace.
    #[arg(long, default_value = "anneal-gateway")]
    pub gateway_service_account: String,
    /// Where gateways' reports are taken.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], anneal_protocol::CONTROLLER_PORT)))]
    pub listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are served.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], anneal_protocol::TELEMETRY_PORT)))]
    pub telemetry: SocketAddr,
}
