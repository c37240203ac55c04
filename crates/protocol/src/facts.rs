//! What the depot knows of a Function's objects: the controller's only view of the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{FunctionRef, depot::JarRecord, handler::HandlerRequest};

/// What the controller asks for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactsRequest {
    /// Whose.
    pub function: FunctionRef,
    /// The jar as resolved for a handler request.
    #[serde(default)]
    pub jar: Option<JarQuery>,
    /// The builds.
    #[serde(default)]
    pub builds: Vec<String>,
    /// The instrumented builds whose merged profile is wanted.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Digest of the jar whose merged reachability metadata is wanted.
    #[serde(default)]
    pub metadata: Option<String>,
    /// What the Function needs of what is stored; absent while that is not known: then nothing is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<References>,
}

/// Everything that a Function's decisions and children name. What is stored beside it may be removed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct References {
    /// Digests of jars and entry jars.
    pub jars: BTreeSet<String>,
    /// Build keys.
    pub builds: BTreeSet<String>,
    /// Digests of merged profiles and merged reachability metadata.
    pub merged: BTreeSet<String>,
}

/// A jar and what the spec asks of its handler.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JarQuery {
    /// Digest of the jar.
    pub sha256: String,
    /// What the spec asks for.
    pub handler: HandlerRequest,
}

/// What there is. Absent = not there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// The jar.
    pub jar: Option<JarRecord>,
    /// Builds by key.
    pub builds: BTreeMap<String, BuildFact>,
    /// Merged profiles by instrumented build key.
    pub profiles: BTreeMap<String, ProfileFacts>,
    /// Merged reachability metadata.
    pub metadata: Option<MetadataFacts>,
}

/// What is known of a build.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum BuildFact {
    /// The artifact.
    Committed(BuildRecord),
    /// Never again.
    Rejected {
        /// Why, one CamelCase word.
        reason: String,
    },
}

/// The commit of a build: `result.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildRecord {
    /// Uid of the pod that made it.
    pub attempt: String,
    /// Digest of the executable.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Seconds the compiler ran.
    pub seconds: u64,
    /// The compiler's peak memory in bytes, if it says.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// `instrument`, `user-provided`, … as the compiler reports it.
    #[serde(default)]
    pub pgo: Vec<String>,
    /// Profile applicability in percent, if the compiler says.
    #[serde(default)]
    pub applicability_percent: Option<f64>,
    /// Profile relevance in percent, if the compiler says.
    #[serde(default)]
    pub relevance_percent: Option<f64>,
}

/// A merged profile: `HEAD` and its surroundings.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileFacts {
    /// Digest of the merged profile's canonical bytes; empty while there is none.
    pub digest: String,
    /// Identities folded, sorted: `<pod uid>-<window>`.
    pub inputs: Vec<String>,
    /// Event mass.
    pub events: u64,
    /// Weighted overlap of the merge before and after the last profile, in percent.
    pub overlap_percent: Option<f64>,
    /// Share of the last profile's contexts that were new, in percent.
    pub new_context_percent: Option<f64>,
    /// The same two figures of the last profiles (at most 16), the newest last: several may be folded between two questions.
    pub recent: Vec<Convergence>,
    /// Profiles in quarantine.
    pub rejected: u64,
    /// Windows without a profile.
    pub lost: u64,
    /// Why the newest quarantined profile is there, one CamelCase word.
    pub rejected_reason: Option<String>,
}

/// How far one profile moved the merge.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Convergence {
    /// Weighted overlap of the merge before and after it, in percent; none for the first profile.
    pub overlap_percent: Option<f64>,
    /// Share of its contexts that were new, in percent.
    pub new_context_percent: Option<f64>,
}

/// Merged reachability metadata: its `HEAD`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataFacts {
    /// Digest of the merged set.
    pub digest: String,
    /// Windows of tracers that are merged.
    #[serde(default)]
    pub windows: u64,
    /// Documents merged of executables that met what was not registered.
    #[serde(default)]
    pub missing: u64,
}
