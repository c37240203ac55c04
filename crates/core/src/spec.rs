//! What a Function asks for, validated and with every default filled in.

use crate::{
    digest::{Digest, Encoder},
    stage::Stage,
};

/// A Function as it is told apart from all others, past and future.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Generation of its spec.
    pub generation: i64,
}

/// A validated spec.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Where the jar is.
    pub source: Source,
    /// What of it is called.
    pub handler: HandlerRequest,
    /// Path that answers 2xx when the function is healthy.
    pub health_path: Option<String>,
    /// Images and edition.
    pub toolchain: Toolchain,
    /// The last rung: Hotspot, Native or PgoOptimized.
    pub target: Stage,
    /// The tracer's window.
    pub tracing: Tracing,
    /// The instrumented executors.
    pub instrumented: Instrumented,
    /// When there are enough profiles.
    pub profiles: ProfileNeeds,
    /// Executors of the main stage.
    pub replicas: u32,
    /// Requests a new executor must answer.
    pub warmup: Vec<WarmupRequest>,
    /// Native builds.
    pub build: BuildLimits,
    /// One executor's resources.
    pub resources: Resources,
    /// The function's environment.
    pub env: Vec<EnvVar>,
}

/// Why a spec cannot be followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// A field has a value that nothing can be done with.
    Invalid {
        /// One sentence.
        message: String,
    },
    /// The operator's configuration has no toolchain of this name.
    ToolchainUnknown {
        /// The name.
        name: String,
    },
}

/// Where a jar is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A key of a ConfigMap.
    ConfigMap {
        /// Its name.
        name: String,
        /// The key.
        key: String,
        /// The digest that the user demands.
        sha256: Option<Digest>,
    },
    /// A URL.
    Http {
        /// The URL.
        url: String,
        /// The digest.
        sha256: Digest,
    },
    /// An object of the store.
    S3 {
        /// Key below `uploads/<namespace>/`.
        key: String,
        /// The digest.
        sha256: Digest,
    },
}

impl Source {
    /// Adds what tells this source from another.
    pub fn encode(&self, encoder: Encoder) -> Encoder {
        match self {
            Self::ConfigMap { name, key, .. } => encoder.text("kind", "configMap").text("name", name).text("key", key),
            Self::Http { url, .. } => encoder.text("kind", "http").text("url", url),
            Self::S3 { key, .. } => encoder.text("kind", "s3").text("key", key),
        }
    }
}

/// How a function may be called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestedContract {
    /// `java.util.function.Function`.
    Function,
    /// A static method over maps.
    Map,
    /// Its own HTTP server.
    Http,
}

impl RequestedContract {
    /// As it stands in the resource.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Function => "Function",
            Self::Map => "Map",
            Self::Http => "Http",
        }
    }
}

/// What the spec says of the handler.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HandlerRequest {
    /// Class.
    pub class: Option<String>,
    /// Method.
    pub method: Option<String>,
    /// Contract; any when absent.
    pub contract: Option<RequestedContract>,
}

/// Which compiler the builder image has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edition {
    /// Community Edition: no profile-guided optimization.
    Community,
    /// Community Edition with Anneal's own profile-guided optimization.
    CommunityWithPgo,
    /// Oracle GraalVM.
    Oracle,
    /// A stand-in compiler for tests, with profile-guided optimization.
    Standin,
}

impl Edition {
    /// Whether instrumented and optimized builds are possible.
    pub const fn has_pgo(self) -> bool {
        !matches!(self, Self::Community)
    }
}

/// The JVM agent that records reachability metadata.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tracer {
    /// GraalVM's own, which is part of its JVM.
    NativeImageAgent,
    /// The operator's own, which any JVM of version 25 or later runs.
    Anneal,
}

impl Tracer {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::NativeImageAgent, Self::Anneal];

    /// As it stands in the resource and in the operator's configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NativeImageAgent => "NativeImageAgent",
            Self::Anneal => "Anneal",
        }
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tracer| tracer.as_str() == text)
    }
}

/// Images and edition of one named toolchain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Toolchain {
    /// Edition.
    pub edition: Edition,
    /// Image with `native-image`.
    pub builder: String,
    /// Image of the traced JVM.
    pub tracer_jvm: String,
    /// What traces in it.
    pub tracer: Tracer,
    /// Image of the plain JVM.
    pub jvm: String,
    /// Image that native executables run in.
    pub native_base: String,
    /// Node architecture.
    pub architecture: String,
}

/// When the tracer's window ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tracing {
    /// Requests.
    pub requests: u64,
    /// Seconds.
    pub seconds: u64,
}

/// The instrumented executors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instrumented {
    /// Their share in percent.
    pub share_percent: u8,
    /// How many.
    pub replicas: u32,
    /// Requests that make one profile.
    pub requests_per_profile: u64,
}

/// When there are enough profiles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProfileNeeds {
    /// At least this many.
    pub min: u64,
    /// Never more than this many.
    pub max: u64,
    /// Events they must hold unless `max` are there.
    pub min_events: u64,
}

/// One warm-up request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WarmupRequest {
    /// Path.
    pub path: String,
    /// Body.
    pub body: Option<String>,
}

/// What a native build may use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildLimits {
    /// Arguments for the compiler.
    pub arguments: Vec<String>,
    /// Thousandths of a core.
    pub cpu_millis: u64,
    /// Memory limit of the first attempt.
    pub memory_mebibytes: u64,
    /// Seconds.
    pub timeout_seconds: u64,
}

/// What one executor may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_millis: u64,
    /// Memory.
    pub memory_mebibytes: u64,
}

/// One variable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnvVar {
    /// Name.
    pub name: String,
    /// Value.
    pub value: EnvValue,
}

/// Where a variable's value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EnvValue {
    /// The spec.
    Text(String),
    /// A Secret.
    Secret {
        /// Its name.
        name: String,
        /// Its key.
        key: String,
    },
    /// A ConfigMap.
    ConfigMap {
        /// Its name.
        name: String,
        /// Its key.
        key: String,
    },
}
