//! `status`: the operator's alone. Decisions (stage, stable, rejected keys) are authoritative; the rest can be rebuilt.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Stage {
    /// The JVM, one executor traced.
    HotspotAgent,
    /// The JVM.
    Hotspot,
    /// A native executable.
    Native,
    /// A native executable that counts, beside the plain one.
    PgoInstrumented,
    /// A native executable optimized with the merged profile.
    PgoOptimized,
}

/// What the operator says of a Function.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionStatus {
    /// The generation this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// All types are present from the first visit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The highest rung proven in the current revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What carries most traffic and what a fault falls back to; never instrumented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable: Option<ArtifactRef>,
    /// What is being proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<ArtifactRef>,
    /// What was stable before, kept at no replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<ArtifactRef>,
    /// Frozen inputs, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub revisions: Vec<Revision>,
    /// Committed builds of the revisions above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub artifacts: Vec<Artifact>,
    /// How requests are split; percents add up to 100 when anything serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub traffic: Vec<TrafficTarget>,
    /// Rises with each change of `traffic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_generation: Option<i64>,
    /// Gates of the next edge, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub gates: Vec<Gate>,
    /// What is collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<ProfileStatus>,
    /// The last 20 transitions, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub history: Vec<Transition>,
    /// Build keys that are never tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub rejected: Vec<RejectedBuild>,
    /// Where the function is reached inside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub url: Option<String>,
    /// What it waits for and what happens then: one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub next: Option<String>,
}

/// An artifact by what runs it.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRef {
    /// Its stage.
    pub stage: Stage,
    /// Its build key.
    #[schemars(length(max = 64))]
    pub build_key: String,
    /// The Deployment that runs it.
    #[schemars(length(max = 63))]
    pub deployment: String,
}

/// Inputs frozen when the revision was opened: the same inputs make the same builds.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Rises by one with each revision.
    pub number: i64,
    /// Generation of the spec that opened it.
    pub generation: i64,
    /// Digest of the jar.
    #[schemars(length(max = 64))]
    pub jar: String,
    /// Digest of the entry jar; absent for the Http contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub entry: Option<String>,
    /// Class that is called.
    #[schemars(length(max = 512))]
    pub handler_class: String,
    /// Method that is called.
    #[schemars(length(max = 255))]
    pub handler_method: String,
    /// Contract as found: Map, FunctionMap, FunctionString, FunctionBytes, Http.
    #[schemars(length(max = 32))]
    pub contract: String,
    /// Digest of the merged reachability metadata; set once, when the HotspotAgent gate passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub metadata: Option<String>,
    /// Digest of the launcher jar.
    #[schemars(length(max = 64))]
    pub launcher: String,
    /// Builder image.
    #[schemars(length(max = 512))]
    pub builder: String,
    /// JVM image of plain executors.
    #[schemars(length(max = 512))]
    pub jvm: String,
    /// JVM image of the traced executor.
    #[schemars(length(max = 512))]
    pub tracer_jvm: String,
    /// What traces in it: GraalVM's own agent when absent, or Anneal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub tracer: Option<String>,
    /// Base image of native executors.
    #[schemars(length(max = 512))]
    pub native_base: String,
    /// Node architecture.
    #[schemars(length(max = 32))]
    pub architecture: String,
    /// Compiler arguments of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Atomic)]
    pub arguments: Vec<String>,
    /// Gates passed once and not counted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 63)))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub passed: Vec<String>,
    /// Digest of the merged profile that the optimized build uses; set once, when the profile gate passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub profile: Option<String>,
    /// Set if the inputs are those of the revision before: an executable met an element that was not registered, and the function
    /// is traced anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrace: Option<Retrace>,
}

/// When and at which state of the merged metadata a revision was opened that traces anew.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retrace {
    /// When, in seconds since the epoch.
    pub time: i64,
    /// How often in a row the same inputs were traced anew, this time included.
    pub times: i64,
    /// Windows of tracers that were merged.
    pub windows: i64,
    /// Documents of executables that were merged.
    pub missing: i64,
}

/// A committed build.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Its stage.
    pub stage: Stage,
    /// Its build key.
    #[schemars(length(max = 64))]
    pub build_key: String,
    /// Digest of the executable.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// Size of the executable.
    pub bytes: i64,
    /// Seconds the compiler ran.
    pub build_seconds: i64,
    /// Peak memory of the compiler, as it reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<i64>,
    /// What the compiler says of profile-guided optimization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub pgo: Option<String>,
    /// Applicability of the profile, as the compiler reports: hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicability_basis_points: Option<i64>,
    /// Relevance of the profile, as the compiler reports: hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance_basis_points: Option<i64>,
}

/// A share of the requests.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficTarget {
    /// Stage of the executors.
    pub stage: Stage,
    /// What they run.
    #[schemars(length(max = 64))]
    pub build_key: String,
    /// Their Deployment.
    #[schemars(length(max = 63))]
    pub deployment: String,
    /// Share of the requests.
    #[schemars(range(min = 0, max = 100))]
    pub percent: i64,
    /// Executors that are ready; written at most once a minute.
    pub ready_replicas: i64,
    /// Whether they collect in windows and so take requests only while their agent accepts.
    #[serde(default)]
    pub windows: bool,
}

/// What a gate says.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Its name.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Pass, Hold or Fail.
    pub verdict: GateVerdict,
    /// One CamelCase word.
    #[schemars(length(max = 63))]
    pub reason: String,
    /// One sentence.
    #[schemars(length(max = 1024))]
    pub message: String,
}

/// A gate's verdict.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum GateVerdict {
    /// Open.
    Pass,
    /// Not yet.
    Hold,
    /// Never with these inputs.
    Fail,
}

/// What is collected for the optimized build.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileStatus {
    /// Profiles merged.
    pub count: i64,
    /// Profiles in quarantine.
    pub rejected: i64,
    /// Windows that yielded none.
    pub lost: i64,
    /// Digest of the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub digest: Option<String>,
    /// Calls, branches and receiver types counted in it.
    pub events: i64,
    /// Overlap of the merge before and after the last profile: whole percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_percent: Option<i64>,
    /// Contexts of the last profile that were new: whole percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_context_percent: Option<i64>,
    /// What is missing: one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub missing: Option<String>,
}

/// A move from one rung to another.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// When.
    pub time: Time,
    /// The rung left; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stage>,
    /// The rung reached.
    pub to: Stage,
    /// Why, one CamelCase word.
    #[schemars(length(max = 63))]
    pub reason: String,
    /// Number of the revision.
    pub revision: i64,
    /// What runs now.
    #[schemars(length(max = 64))]
    pub build_key: String,
    /// Latency of what ran before, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<LatencySample>,
}

/// Latency of one Deployment as the gateways counted it.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LatencySample {
    /// Median in microseconds.
    pub p50_micros: i64,
    /// 99th percentile in microseconds.
    pub p99_micros: i64,
    /// Requests counted.
    pub count: i64,
}

/// A build that is never tried again.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectedBuild {
    /// Its key.
    #[schemars(length(max = 64))]
    pub build_key: String,
    /// Its stage.
    pub stage: Stage,
    /// Why, one CamelCase word.
    #[schemars(length(max = 63))]
    pub reason: String,
}
