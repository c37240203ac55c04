//! Flags and variables. The only place that reads them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anneal_protocol::{DEPOT_PORT, TELEMETRY_PORT};
use anneal_store::{Clock, Credentials, MAX_GRANT_LIFE, MemorySettings, S3Settings};
use clap::ValueEnum;
use url::Url;

use crate::{
    authentication::ServiceAccount,
    certificates::StoreAuthority,
    error::{ConfigureSnafu, Result},
    fold::{FoldLimits, ProcessSettings},
    retention::Retention,
};

/// The subcommand that folds.
const FOLD_ROLE: &str = "depot-fold";

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
    /// Namespace of the operator: the Secret of the certificate authorities is there.
    #[arg(long, env = "POD_NAMESPACE")]
    namespace: String,
    /// A name under which the API is called, for its certificate. May be given more than once.
    #[arg(long, required = true)]
    server_name: Vec<String>,
    /// A PEM file of the authorities by which the store is known to depot and pods, where those are not public ones.
    #[arg(long)]
    store_ca_file: Option<PathBuf>,
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
    #[arg(long, default_value_t = 32 << 20)]
    max_profile_bytes: u64,
    /// The largest profile that is taken, in bytes after decompression.
    #[arg(long, default_value_t = 256 << 20)]
    max_profile_inflated_bytes: u64,
    /// Profiles that one build, and uploads of metadata that one jar may have.
    #[arg(long, default_value_t = 4096)]
    max_profiles: usize,
    /// Folds that run at once, each in a process of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    fold_workers: u8,
    /// Memory of a process that folds, in MiB: what a hostile upload costs at most.
    #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u64).range(16..=65536))]
    fold_memory_mebibytes: u64,
    /// Memory of all processes that wait for the next upload to their merge, in MiB.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(..=65536))]
    fold_idle_memory_mebibytes: u64,
    /// Seconds in which a process takes one upload in, or reads or writes a merge.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    fold_seconds: u64,
    /// Seconds between two sweeps for objects that were stored and not folded.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    sweep_seconds: u64,
    /// Raw profiles that are kept of a build, once its merge was committed twice with them.
    #[arg(long, default_value_t = 100)]
    retain_raw_profiles: usize,
    /// Days for which they are kept.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    retain_raw_days: u32,
    /// Uploads in quarantine that are kept of a build or jar.
    #[arg(long, default_value_t = 100)]
    retain_quarantined: usize,
    /// Days for which they are kept.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    retain_quarantine_days: u32,
    /// Seconds between two sweeps for what no Function needs.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(60..))]
    retention_seconds: u64,
    /// Seconds between two sweeps for what deleted Functions left. Only what is older than two lives of a grant is removed.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    leftover_seconds: u64,
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
    pub(crate) store_authority: StoreAuthority,
    pub(crate) accounts: Accounts,
    pub(crate) namespace: String,
    pub(crate) server_names: Vec<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) telemetry_listen: SocketAddr,
    pub(crate) limits: Limits,
    pub(crate) fold_workers: u8,
    pub(crate) processes: ProcessSettings,
    pub(crate) sweep_period: Duration,
    pub(crate) retention_period: Duration,
    pub(crate) leftover_period: Duration,
    pub(crate) watch_namespaces: Vec<String>,
}

/// Which store.
pub(crate) enum StoreSettings {
    S3(Box<S3Settings>),
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
    pub(crate) retention: Retention,
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
        let store_authority = store_authority(self.store, self.store_ca_file.as_deref())?;
        let store = match self.store {
            StoreKind::S3 => {
                let endpoint = self.store_endpoint.ok_or_else(missing("store-endpoint"))?;
                StoreSettings::S3(Box::new(S3Settings {
                    tenant_endpoint: self.tenant_endpoint.unwrap_or_else(|| endpoint.clone()),
                    endpoint,
                    bucket: self.store_bucket,
                    region: self.store_region,
                    credentials: Credentials {
                        access_key: self.store_access_key.ok_or_else(missing("store-access-key"))?,
                        secret_key: self.store_secret_key.ok_or_else(missing("store-secret-key"))?,
                    },
                    authorities: store_authority.own().map(str::to_owned),
                    clock,
                }))
            }
            StoreKind::Memory => {
                let tenant_endpoint = self.tenant_endpoint.ok_or_else(missing("tenant-endpoint"))?;
                StoreSettings::Memory(MemorySettings { tenant_endpoint, clock })
            }
        };
        let program = std::env::current_exe().map_err(|error| {
            ConfigureSnafu {
                reason: format!("the own program is not known: {error}"),
            }
            .build()
        })?;
        let fold = FoldLimits {
            raw: self.max_profile_bytes,
            inflated: self.max_profile_inflated_bytes,
            ..FoldLimits::default()
        };
        Ok(Settings {
            store,
            store_authority,
            namespace: self.namespace,
            server_names: self.server_name,
            accounts: Accounts {
                controller: self.controller_service_account,
                gateway: self.gateway_service_account,
            },
            listen: self.listen,
            telemetry_listen: self.telemetry_listen,
            limits: Limits {
                grant_life: Duration::from_secs(self.grant_seconds),
                max_profiles: self.max_profiles,
                fold: fold.clone(),
                retention: Retention {
                    raw_profiles: self.retain_raw_profiles,
                    raw_age: days(self.retain_raw_days),
                    quarantined: self.retain_quarantined,
                    quarantine_age: days(self.retain_quarantine_days),
                },
            },
            fold_workers: self.fold_workers,
            processes: ProcessSettings {
                program,
                arguments: vec![FOLD_ROLE.into()],
                memory: self.fold_memory_mebibytes << 20,
                idle_memory: self.fold_idle_memory_mebibytes << 20,
                deadline: Duration::from_secs(self.fold_seconds),
                limits: fold,
            },
            sweep_period: Duration::from_secs(self.sweep_seconds),
            retention_period: Duration::from_secs(self.retention_seconds),
            leftover_period: Duration::from_secs(self.leftover_seconds),
            watch_namespaces: self.watch_namespaces,
        })
    }
}

fn days(days: u32) -> Duration {
    Duration::from_hours(u64::from(days) * 24)
}

fn store_authority(store: StoreKind, path: Option<&Path>) -> Result<StoreAuthority> {
    match (store, path) {
        (StoreKind::Memory, _) => Ok(StoreAuthority::Depot),
        (StoreKind::S3, None) => Ok(StoreAuthority::Public),
        (StoreKind::S3, Some(path)) => std::fs::read_to_string(path).map(StoreAuthority::Own).map_err(|error| {
            let reason = format!("--store-ca-file cannot be read: {error}");
            ConfigureSnafu { reason }.build()
        }),
    }
}
