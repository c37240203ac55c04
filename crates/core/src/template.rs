//! What an executor's pod is made from beside its build: a change of it is a new Deployment, shifted like a new stage.

use crate::{
    digest::{Digest, Encoder},
    spec::{EnvValue, EnvVar, Resources, Wanted, WarmupRequest},
    stage::Stage,
};

/// Version of the rendered pod. A running Deployment keeps its own, so that a newer operator restarts nothing.
pub const VERSION: u64 = 2;

/// Seconds for requests in flight to end before the child gets SIGTERM.
pub const DRAIN_SECONDS: u64 = 30;
/// Seconds between SIGTERM and SIGKILL of the child.
pub const STOP_SECONDS: u64 = 40;
/// Seconds the function has to become healthy.
pub const START_SECONDS: u64 = 120;

/// What a window leaves behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Collects {
    /// A profile per window.
    Profile,
    /// Reachability metadata, once.
    Metadata,
}

/// What is collected, and when a window ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// What.
    pub collects: Collects,
    /// Requests.
    pub requests: u64,
    /// Seconds; no limit when absent.
    pub max_seconds: Option<u64>,
}

/// The part of an executor that the spec may change without a new build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    /// The function's environment.
    pub env: Vec<EnvVar>,
    /// Resources.
    pub resources: Resources,
    /// Health path.
    pub health_path: Option<String>,
    /// Requests before readiness.
    pub warmup: Vec<WarmupRequest>,
    /// Window of a collecting stage.
    pub window: Option<Window>,
}

impl Template {
    /// The template of a stage's executors.
    pub fn of(wanted: &Wanted, stage: Stage) -> Self {
        let window = match stage {
            Stage::HotspotAgent => Some(Window {
                collects: Collects::Metadata,
                requests: wanted.tracing.requests,
                max_seconds: Some(wanted.tracing.seconds),
            }),
            Stage::PgoInstrumented => Some(Window {
                collects: Collects::Profile,
                requests: wanted.instrumented.requests_per_profile,
                max_seconds: None,
            }),
            Stage::Hotspot | Stage::Native | Stage::PgoOptimized => None,
        };
        Self {
            env: wanted.env.clone(),
            resources: wanted.resources,
            health_path: wanted.health_path.clone(),
            warmup: wanted.warmup.clone(),
            window,
        }
    }

    /// Digest of what the user can change.
    pub fn digest(&self) -> Digest {
        let Self {
            env,
            resources,
            health_path,
            warmup,
            window,
        } = self;
        let mut encoder = Encoder::new("template")
            .number("cpu", resources.cpu_millis)
            .number("memory", resources.memory_mebibytes)
            .option("health", health_path.as_deref())
            .number("env", env.len() as u64);
        for variable in env {
            encoder = encoder.text("name", &variable.name);
            encoder = match &variable.value {
                EnvValue::Text(text) => encoder.text("text", text),
                EnvValue::Secret { name, key } => encoder.text("secret", name).text("key", key),
                EnvValue::ConfigMap { name, key } => encoder.text("configMap", name).text("key", key),
            };
        }
        encoder = encoder.number("warmup", warmup.len() as u64);
        for request in warmup {
            encoder = encoder.text("path", &request.path).option("body", request.body.as_deref());
        }
        if let Some(window) = window {
            let collects = match window.collects {
                Collects::Profile => "profile",
                Collects::Metadata => "metadata",
            };
            let seconds = window.max_seconds.map(|seconds| seconds.to_string());
            encoder = encoder
                .text("collects", collects)
                .number("requests", window.requests)
                .option("seconds", seconds.as_deref());
        }
        encoder.finish()
    }
}

/// Digest of everything a pod is rendered from: it names the Deployment together with the build key.
pub fn pod_digest(template: &Digest, agent_image: &str, version: u64) -> Digest {
    Encoder::new("pod")
        .text("template", template.as_str())
        .text("agent", agent_image)
        .number("version", version)
        .finish()
}
