//! The operator's configuration file: what the chart's values say.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anneal_core::{
    digest::Digest,
    spec::{Edition, Toolchain, Tracer},
};
use serde::Deserialize;
use serde_json::Value;
use snafu::{ResultExt, Snafu};

/// Why the configuration cannot be used.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The file cannot be read.
    #[snafu(display("read {}", path.display()))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not have the form of a configuration.
    #[snafu(display("parse {}", path.display()))]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_yaml_ng::Error,
    },
}

/// The configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// The gateway's Service: what the public Services of Functions point to.
    pub gateway_service: GatewayService,
    /// Labels of the gateways' pods.
    pub gateway_selector: BTreeMap<String, String>,
    /// Labels of the depot's pods.
    pub depot_selector: BTreeMap<String, String>,
    /// `https://host:port` of the depot.
    pub depot_url: String,
    /// The operator's own image: it brings the agent.
    pub image: String,
    /// Pull policy of that image.
    pub image_pull_policy: String,
    /// Namespaces to serve; all when empty.
    #[serde(default)]
    pub watch_namespaces: Vec<String>,
    /// Toolchain of Functions that name none.
    pub default_toolchain: String,
    /// Toolchains by name.
    pub toolchains: BTreeMap<String, ToolchainConfig>,
    /// What sources are allowed.
    #[serde(default)]
    pub sources: Sources,
    /// To whom the pods of Functions may talk.
    #[serde(default)]
    pub network_policy: NetworkPolicy,
    /// The launcher jar in this image.
    #[serde(default = "launcher")]
    pub launcher: PathBuf,
}

/// Where the gateway is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayService {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Port.
    pub port: u16,
}

/// Images and edition of a toolchain.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolchainConfig {
    edition: EditionName,
    builder: String,
    tracer_jvm: String,
    /// Which JVM agent records reachability metadata.
    #[serde(default)]
    tracer: TracerName,
    jvm: String,
    native_base: String,
    architecture: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum EditionName {
    Community,
    CommunityWithPgo,
    Oracle,
    Standin,
}

/// The JVM agent that records reachability metadata.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
enum TracerName {
    /// GraalVM's own, in the image `tracerJvm`.
    NativeImageAgent,
    /// The operator's own.
    #[default]
    Anneal,
}

/// What sources are allowed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sources {
    /// Jars by URL.
    #[serde(default)]
    pub http: HttpSources,
}

/// Which URLs are allowed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpSources {
    /// Exact names or `*.suffix`; empty allows every public host.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// Networks (CIDR) that may be reached although they are private.
    #[serde(default)]
    pub allowed_networks: Vec<String>,
}

/// To whom the pods of Functions may talk, beside what follows from their role.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkPolicy {
    /// Peers that answer DNS; everywhere when empty.
    #[serde(default)]
    pub dns: Vec<Value>,
    /// Where the store is.
    #[serde(default)]
    pub store: StorePeers,
    /// Networks (CIDR) of the apiserver, which functions may not reach.
    #[serde(default)]
    pub api_server: Vec<String>,
}

/// Where the store is, as a policy names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StorePeers {
    /// Peers; everywhere but link-local when empty.
    #[serde(default)]
    pub peers: Vec<Value>,
    /// Ports; all when empty.
    #[serde(default)]
    pub ports: Vec<u16>,
}

fn launcher() -> PathBuf {
    PathBuf::from("/anneal-launcher.jar")
}

impl Config {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).context(ReadSnafu { path })?;
        serde_yaml_ng::from_str(&text).context(ParseSnafu { path })
    }

    /// Digest of the launcher jar.
    pub fn launcher_digest(&self) -> Result<Digest, Error> {
        let bytes = std::fs::read(&self.launcher).context(ReadSnafu { path: &self.launcher })?;
        Ok(Digest::of(&bytes))
    }

    /// The toolchain of this name, or the default one.
    pub fn toolchain(&self, name: Option<&str>) -> Option<Toolchain> {
        self.toolchains
            .get(name.unwrap_or(&self.default_toolchain))
            .map(ToolchainConfig::toolchain)
    }
}

impl ToolchainConfig {
    fn toolchain(&self) -> Toolchain {
        Toolchain {
            edition: match self.edition {
                EditionName::Community => Edition::Community,
                EditionName::CommunityWithPgo => Edition::CommunityWithPgo,
                EditionName::Oracle => Edition::Oracle,
                EditionName::Standin => Edition::Standin,
            },
            builder: self.builder.clone(),
            tracer_jvm: self.tracer_jvm.clone(),
            tracer: match self.tracer {
                TracerName::NativeImageAgent => Tracer::NativeImageAgent,
                TracerName::Anneal => Tracer::Anneal,
            },
            jvm: self.jvm.clone(),
            native_base: self.native_base.clone(),
            architecture: self.architecture.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_chart_writes_and_refuses_what_it_does_not_know() {
        let text = "
clusterDomain: cluster.local
gatewayService: {name: anneal-gateway, namespace: anneal-system, port: 80}
gatewaySelector: {app.kubernetes.io/component: gateway}
depotSelector: {app.kubernetes.io/component: depot}
depotUrl: https://anneal-depot.anneal-system.svc:8081
image: anneal.dev/anneal:dev
imagePullPolicy: IfNotPresent
watchNamespaces: []
defaultToolchain: a
toolchains:
  a: {edition: Oracle, builder: b, tracerJvm: t, tracer: Anneal, jvm: j, nativeBase: n, architecture: amd64}
sources: {http: {allowedHosts: [repo.example], allowedNetworks: []}}
networkPolicy: {dns: [], store: {peers: [{podSelector: {}}], ports: [9000]}, apiServer: [10.0.0.1/32]}
";
        let config: Config = serde_yaml_ng::from_str(text).unwrap();
        assert_eq!(config.toolchain(None).unwrap().edition, Edition::Oracle);
        assert_eq!(config.toolchain(Some("b")), None);
        assert!(serde_yaml_ng::from_str::<Config>(&format!("{text}\nother: 1")).is_err());
    }
}
