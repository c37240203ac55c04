//! `spec`: the user's intent. Nothing here is ever written by the operator; every field is bounded.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FunctionStatus;

/// A Java function that is served at once and moves, under live traffic, from HotSpot to a profile-guided native executable.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "anneal.dev",
    version = "v1alpha1",
    kind = "Function",
    namespaced,
    doc = "A Java function that is served at once and moves, under live traffic, from HotSpot to a profile-guided native executable.",
    status = "FunctionStatus",
    shortname = "func",
    category = "anneal",
    derive = "PartialEq",
    validation = Rule::new("self.metadata.name.size() <= 36 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be a DNS-1035 label of at most 36 characters"),
    printcolumn(name = "Stage", type_ = "string", json_path = ".status.stage"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Target", type_ = "string", json_path = ".spec.target"),
    printcolumn(name = "Profiles", type_ = "integer", json_path = ".status.profiles.count"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Optimized')].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Next", type_ = "string", json_path = ".status.next", priority = 1),
    printcolumn(name = "Url", type_ = "string", json_path = ".status.url", priority = 1),
    printcolumn(name = "Digest", type_ = "string", json_path = ".status.profiles.digest", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct FunctionSpec {
    /// Where the jar is. Exactly one member.
    pub source: Source,
    /// What in the jar is called; found in the jar when there is one candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<Handler>,
    /// Name of a toolchain of the operator's configuration; the operator's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub toolchain: Option<String>,
    /// The last stage wanted: PgoOptimized when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Thresholds of the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Pipeline>,
    /// How many executors serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// Requests that every new executor must answer before it takes traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// Native builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// What one executor may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Environment of the function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVar>,
}

/// Where the jar is: exactly one member. What counts as a change is the digest.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.configMap), has(self.http), has(self.s3)].exists_one(x, x)").message("source must have exactly one of \"configMap\", \"http\", \"s3\""))]
pub struct Source {
    /// A key of a ConfigMap in the Function's namespace, up to 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// A URL on a host that the operator's configuration allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSource>,
    /// An object below `uploads/<namespace>/` of the operator's store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Source>,
}

/// A jar in a ConfigMap's `binaryData`.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapSource {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
    /// Key of the jar.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[-._a-zA-Z0-9]+$"))]
    pub key: String,
    /// Digest that the bytes must have; whatever is there when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64), regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

/// A jar at a URL.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpSource {
    /// The URL.
    #[schemars(length(min = 8, max = 2048), regex(pattern = "^https?://[^\\s]+$"))]
    pub url: String,
    /// Digest that the bytes must have.
    #[schemars(length(min = 64, max = 64), regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// A jar in the operator's store.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.key.split('/').exists(part, part == '' || part == '.' || part == '..')").message("key must not have empty, \".\" or \"..\" parts"))]
pub struct S3Source {
    /// Key below `uploads/<namespace>/`.
    #[schemars(length(min = 1, max = 512), regex(pattern = "^[-._/a-zA-Z0-9]+$"))]
    pub key: String,
    /// Digest that the bytes must have.
    #[schemars(length(min = 64, max = 64), regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
}

/// What in the jar is called.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handler {
    /// Binary name of the class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 512),
        regex(pattern = "^[\\p{L}_$][\\p{L}\\p{N}_$]*(\\.[\\p{L}_$][\\p{L}\\p{N}_$]*)*$")
    )]
    pub class: Option<String>,
    /// Name of the method, for the Map contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[\\p{L}_$][\\p{L}\\p{N}_$]*$"))]
    pub method: Option<String>,
    /// How it is called: whatever the jar offers when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// Path that answers 2xx when the function is healthy; for the Http contract an open port is enough when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = "^/[^\\s]*$"))]
    pub health_path: Option<String>,
    /// Whether a request may reach executors more than once: Never when absent, but for requests with an `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
}

/// Whether a request may reach executors more than once.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Retry {
    /// Only if it has an `Idempotency-Key`.
    Never,
    /// Every request may: it does the same the second time.
    Idempotent,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Contract {
    /// Whatever the jar offers.
    Auto,
    /// `java.util.function.Function` of Map, String or byte[].
    Function,
    /// `public static Map<String,Object> main(Map<String,Object>)`.
    Map,
    /// `main(String[])` that listens on `$PORT`.
    Http,
}

/// A stage that may be the last one wanted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Target {
    /// The JVM, after its reachability metadata was traced.
    Hotspot,
    /// A native executable.
    Native,
    /// A native executable optimized with the merged profile.
    PgoOptimized,
}

/// Thresholds of the pipeline.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipeline {
    /// The traced executor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotspot_agent: Option<HotspotAgent>,
    /// The instrumented executors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrumented: Option<Instrumented>,
    /// When there are enough profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Profiles>,
}

/// The traced executor's window ends with whichever comes first.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HotspotAgent {
    /// Requests it serves: 1000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min_requests: Option<i64>,
    /// Seconds it serves: 600 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub max_seconds: Option<i64>,
}

/// The instrumented executors.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instrumented {
    /// Their share of the requests in percent: 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub share_percent: Option<i64>,
    /// How many there are at once: 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_replicas: Option<i64>,
    /// Requests that make one profile, ±20 %: 1000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub requests_per_profile: Option<i64>,
}

/// When there are enough profiles.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.min) || !has(self.max) || self.min <= self.max").message("profiles.min must not exceed profiles.max"))]
pub struct Profiles {
    /// At least this many: 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub min: Option<i64>,
    /// Never more than this many: 1000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max: Option<i64>,
    /// Events (calls, branches, receiver types) they must hold together, unless `max` profiles are there: 10000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000_000_i64))]
    pub min_events: Option<i64>,
}

/// How many executors serve.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scaling {
    /// Executors of the stable stage: 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: Option<i64>,
}

/// Requests that every new executor must answer with success before it takes traffic.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warmup {
    /// The requests, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub requests: Vec<WarmupRequest>,
}

/// One request: a POST when it has a body, else a GET.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WarmupRequest {
    /// Path with query.
    #[schemars(length(min = 1, max = 2048), regex(pattern = "^/[^\\s]*$"))]
    pub path: String,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub body: Option<String>,
}

/// Native builds.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Arguments for the compiler, after the operator's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 1024), regex(pattern = "^-")))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub arguments: Vec<String>,
    /// CPU in thousandths of a core: 2000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 256_000))]
    pub cpu_millis: Option<i64>,
    /// Memory limit: 6144 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 256, max = 1_048_576))]
    pub memory_mebibytes: Option<i64>,
    /// Seconds after which a build is given up: 1800 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86_400))]
    pub timeout_seconds: Option<i64>,
}

/// What one executor may use.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU request in thousandths of a core: 1000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256_000))]
    pub cpu_millis: Option<i64>,
    /// Memory request and limit: 512 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 32, max = 1_048_576))]
    pub memory_mebibytes: Option<i64>,
}

/// One variable: a value, or a key of a Secret or ConfigMap in the same namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.value), has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)").message("env must have exactly one of \"value\", \"secretKeyRef\", \"configMapKeyRef\""))]
#[x_kube(validation = Rule::new("!self.name.startsWith('ANNEAL_') && self.name != 'PORT'").message("env must not set \"PORT\" or \"ANNEAL_…\": they are the operator's"))]
pub struct EnvVar {
    /// Name.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub name: String,
    /// Value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub value: Option<String>,
    /// Key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
    /// Key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
}

/// A key of an object in the Function's namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
    /// Key in it.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}
