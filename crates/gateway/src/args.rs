//! The gateway's flags. The only module that reads flags and the environment.

use std::{collections::HashSet, net::SocketAddr, path::PathBuf, time::Duration};

use anneal_protocol::{GATEWAY_PORT, TELEMETRY_PORT};

use crate::{
    forwarded::Network,
    host::Hosts,
    settings::{Limits, Peers, Settings},
};

/// `anneal gateway`
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Where the functions' requests are taken.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], GATEWAY_PORT)))]
    pub listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], TELEMETRY_PORT)))]
    pub telemetry_listen: SocketAddr,
    /// This pod's name: agents and the controller know the gateway by it.
    #[arg(long, env = "ANNEAL_POD_NAME", default_value = "gateway")]
    pub pod_name: String,
    /// Namespace of the operator: the ConfigMap of the certificate authorities is there.
    #[arg(long, env = "POD_NAMESPACE")]
    pub namespace: String,
    /// `host:port` of the controller's headless Service; reports go to every address behind it. Without it nothing is reported.
    #[arg(long)]
    pub controller_service: Option<String>,
    /// Token of audience `anneal-controller`, read at each report.
    #[arg(long, default_value = "/var/run/secrets/anneal.dev/controller/token")]
    pub controller_token_file: PathBuf,
    /// Token of audience `anneal-agent`, read at each call of an agent.
    #[arg(long, default_value = "/var/run/secrets/anneal.dev/agent/token")]
    pub agent_token_file: PathBuf,
    /// The cluster's DNS domain.
    #[arg(long, default_value = "cluster.local")]
    pub cluster_domain: String,
    /// A domain below which functions are reached from outside as `NAME.NAMESPACE.DOMAIN`. May be given more than once.
    #[arg(long)]
    pub domain: Vec<String>,
    /// A host (or this gateway's Service as `NAME.NAMESPACE`) on which functions are reached as `/NAMESPACE/NAME/…`. May be given more than once.
    #[arg(long)]
    pub path_host: Vec<String>,
    /// Namespaces whose functions are served, separated by commas; all when absent.
    #[arg(long, value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// A network (CIDR) of proxies whose `X-Forwarded-*` headers are believed. May be given more than once.
    #[arg(long)]
    pub trusted_proxy: Vec<Network>,
    /// Seconds for which new connections are still taken after SIGTERM: endpoints forget this pod in them.
    #[arg(long, default_value_t = 5)]
    pub shutdown_delay_seconds: u64,
    /// Seconds for requests in flight to end after that.
    #[arg(long, default_value_t = 30)]
    pub drain_seconds: u64,
    /// Seconds for which a request waits for an executor.
    #[arg(long, default_value_t = 5)]
    pub hold_seconds: u64,
    /// Seconds for which a request that a native executable lacks a registration for waits for the JVM.
    #[arg(long, default_value_t = 30)]
    pub replay_seconds: u64,
    /// Requests of one function that may wait at once.
    #[arg(long, default_value_t = 256)]
    pub hold_queue: usize,
    /// Seconds a request may take as a whole.
    #[arg(long, default_value_t = 300)]
    pub total_seconds: u64,
    /// The largest request body, in MiB.
    #[arg(long, default_value_t = 64)]
    pub body_mebibytes: u64,
    /// Milliseconds an executor has to accept a connection.
    #[arg(long, default_value_t = 1000)]
    pub connect_timeout_millis: u64,
    /// Seconds after which an idle connection to an executor is closed; must be below the executor's own limit.
    #[arg(long, default_value_t = 10)]
    pub executor_idle_seconds: u64,
    /// Seconds after which a client's idle connection is closed.
    #[arg(long, default_value_t = 120)]
    pub client_idle_seconds: u64,
    /// Client connections at once; further ones wait.
    #[arg(long, default_value_t = 16384)]
    pub max_connections: usize,
}

impl Args {
    /// What the gateway runs with.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            hosts: Hosts::new(&self.cluster_domain, &self.domain, &self.path_host),
            limits: Limits {
                hold: Duration::from_secs(self.hold_seconds),
                replay: Duration::from_secs(self.replay_seconds),
                hold_queue: self.hold_queue,
                total: Duration::from_secs(self.total_seconds),
                body_bytes: self.body_mebibytes.saturating_mul(1 << 20),
                connect: Duration::from_millis(self.connect_timeout_millis),
                executor_idle: Duration::from_secs(self.executor_idle_seconds),
                client_idle: Duration::from_secs(self.client_idle_seconds),
                connections: self.max_connections,
                shutdown_delay: Duration::from_secs(self.shutdown_delay_seconds),
                drain: Duration::from_secs(self.drain_seconds),
            },
            peers: Peers {
                gateway: self.pod_name.clone(),
                controller: self.controller_service.clone(),
                controller_token: self.controller_token_file.clone(),
                agent_token: self.agent_token_file.clone(),
            },
            namespaces: self
                .watch_namespaces
                .iter()
                .filter(|name| !name.is_empty())
                .cloned()
                .collect::<HashSet<_>>()
                .into_iter()
                .collect(),
            trusted_proxies: self.trusted_proxy.clone(),
        }
    }
}
