//! Flags and variables. The only place that reads them.

use std::{net::SocketAddr, time::Duration};

use anneal_protocol::{DEPOT_PORT, TELEMETRY_PORT};
use anneal_store::{Clock, Credentials, MAX_GRANT_LIFE, MemorySettings, S3Settings};
use clap::ValueEnum;
use url::Url;

use crate::{
    authentication::ServiceAccount,
    error::{ConfigureSnafu, Result},
    fold::FoldLimits,
};

/// Flags of the depot.
#[derive(clap::Args)]
pub struct Args {
    /// Kind of store. What a store in memory holds ends with the process.
    #[arg(long, value_enum, default_value_t = StoreKind::S3)]
    store: StoreKind,
    /// The store's address as the depot reaches it: `http://` or `https://`, host and port.
    #[arg(long, required_if_eq("store", "s3"))]
    store_endpoint: Option<Url>,
    /// The address that tenants' pods use in grants: the store's, or the depot's own with a store in memory. Absent: the store's endpoint.
    #[arg(long, required_if_eq("store", "memory"))]
    tenant_endpoint: Option<Url>,
    /// The bucket. It must exist.
    #[arg(long, default_value = "anneal")]
    store_bucket: String,
    /// The store's region.
    #[arg(long, default_value = "us-east-1")]
    store_region: String,
    /// The store's access key.
    #[arg(long, env = "ANNEAL_STORE_ACCESS_KEY", hide_env_values = true, required_if_eq("store", "s3"))]
    store_access_key: Option<String>,
    /// The store's secret key: by the variable, so that no process list shows it.
    #[arg(long, env = "ANNEAL_STORE_SECRET_KEY", hide_env_values = true, required_if_eq("store", "s3"))]
    store_secret_key: Option<String>,
    /// The controller's service account.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    controller_service_account: ServiceAccount,
    /// The gateways' service account: agents ask the depot whether a caller has it.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    gateway_service_account: Option<ServiceAccount>,
    /// Where the API is served.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], DEPOT_PORT)))]
    listen: SocketAddr,
    /// Where `/metrics`, `/livez` and `/readyz` are served.
    #[arg(long, default_value_t = SocketAddr::from(([0, 0, 0, 0], TELEMETRY_PORT)))]
    telemetry_listen: SocketAddr,
    /// Life of a grant in seconds.
    #[arg(long, default_value_t = MAX_GRANT_LIFE.as_secs(), value_parser = clap::value_parser!(u64).range(10..=MAX_GRANT_LIFE.as_secs()))]
    grant_seconds: u64,
    /// The largest profile that is taken, in bytes as stored.
    #[arg(long, default_value_t = 64 << 20)]
    max_profile_bytes: u64,
    /// The largest profile that is taken, in bytes after decompression.
    #[arg(long, default_value_t = 256 << 20)]
    max_profile_inflated_bytes: u64,
    /// Profiles that one build may have.
    #[arg(long, default_value_t = 4096)]
    max_profiles: usize,
    /// Folds that run at once: each holds a merged profile in memory.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    fold_workers: u8,
    /// Seconds between two sweeps for objects that were stored and not folded.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    sweep_seconds: u64,
    /// Namespaces whose leftovers are removed; absent: all.
    #[arg(long, value_delimiter = ',')]
    watch_namespaces: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum StoreKind {
    /// An S3 API.
    S3,
    /// This process's memory.
    Memory,
}

/// Checked settings.
pub(crate) struct Settings {
    pub(crate) store: StoreSettings,
    pub(crate) accounts: Accounts,
    pub(crate) listen: SocketAddr,
    pub(crate) telemetry_listen: SocketAddr,
    pub(crate) limits: Limits,
    pub(crate) fold_workers: u8,
    pub(crate) sweep_period: Duration,
    pub(crate) watch_namespaces: Vec<String>,
}

/// Which store.
pub(crate) enum StoreSettings {
    S3(S3Settings),
    Memory(MemorySettings),
}

/// Callers that are known by name.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub(crate) controller: ServiceAccount,
    pub(crate) gateway: Option<ServiceAccount>,
}

/// What callers may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) grant_life: Duration,
    pub(crate) max_profiles: usize,
    pub(crate) fold: FoldLimits,
}

impl Args {
    pub(crate) fn settings(self, clock: Clock) -> Result<Settings> {
        let missing = |name: &'static str| {
            move || {
                ConfigureSnafu {
                    reason: format!("--{name} is missing"),
                }
                .build()
            }
        };
        let store = match self.store {
            StoreKind::S3 => {
                let endpoint = self.store_endpoint.ok_or_else(missing("store-endpoint"))?;
                StoreSettings::S3(S3Settings {
                    tenant_endpoint: self.tenant_endpoint.unwrap_or_else(|| endpoint.clone()),
                    endpoint,
                    bucket: self.store_bucket,
                    region: self.store_region,
                    credentials: Credentials {
                        access_key: self.store_access_key.ok_or_else(missing("store-access-key"))?,
                        secret_key: self.store_secret_key.ok_or_else(missing("store-secret-key"))?,
                    },
                    clock,
                })
            }
            StoreKind::Memory => {
                let tenant_endpoint = self.tenant_endpoint.ok_or_else(missing("tenant-endpoint"))?;
                StoreSettings::Memory(MemorySettings { tenant_endpoint, clock })
            }
        };
        Ok(Settings {
            store,
            accounts: Accounts {
                controller: self.controller_service_account,
                gateway: self.gateway_service_account,
            },
            listen: self.listen,
            telemetry_listen: self.telemetry_listen,
            limits: Limits {
                grant_life: Duration::from_secs(self.grant_seconds),
                max_profiles: self.max_profiles,
                fold: FoldLimits {
                    raw: self.max_profile_bytes,
                    inflated: self.max_profile_inflated_bytes,
                    ..FoldLimits::default()
                },
            },
            fold_workers: self.fold_workers,
            sweep_period: Duration::from_secs(self.sweep_seconds),
            watch_namespaces: self.watch_namespaces,
        })
    }
}
