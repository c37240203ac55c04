//! What agents are told.

use anneal_core::{
    plan::{ExecutorSpec, JobWish, JobWork, Program as CoreProgram},
    revision::{Contract as CoreContract, Inputs},
    spec::{Source as CoreSource, Tracer, Wanted},
    stage::Stage,
    state::Placement,
    template::{self, Collects as CoreCollects},
};
use anneal_protocol::{
    agent::{
        AgentConfig, Build, BuildKind, Collects, JarInput, MissingMode, MissingRegistrations, ProfileInput, Program, Resolve, Serve,
        Source, TRACER_PATH, WORK_DIR, WarmupRequest, Window, Work,
    },
    handler::{Contract, Handler},
};

use super::Site;
use crate::convert;

/// The share of the container's memory that the JVM's heap may take; the rest is its own and the agent's.
const HEAP_OPTION: &str = "-XX:MaxRAMPercentage=60";

/// What an executor is told.
pub(super) fn serve(site: Site<'_>, placement: &Placement, spec: &ExecutorSpec) -> AgentConfig {
    let program = match &spec.program {
        CoreProgram::Jvm => Program::Jvm {
            jar: jar(&spec.revision.inputs),
            options: vec![HEAP_OPTION.to_owned()],
        },
        CoreProgram::TracedJvm => {
            let folder = format!("config-output-dir={WORK_DIR}/metadata");
            let tracer = match spec.revision.inputs.tracer {
                Tracer::NativeImageAgent => format!("-agentlib:native-image-agent={folder}"),
                Tracer::Anneal => format!("-javaagent:{TRACER_PATH}={folder}"),
            };
            Program::Jvm {
                jar: jar(&spec.revision.inputs),
                options: vec![HEAP_OPTION.to_owned(), tracer],
            }
        }
        CoreProgram::Binary { digest, bytes } => Program::Binary {
            sha256: digest.to_string(),
            bytes: *bytes,
            missing: is_exact(placement.stage).then(|| missing(&spec.revision.inputs)),
        },
    };
    let window = spec.template.window.map(|window| Window {
        collects: match window.collects {
            CoreCollects::Profile => Collects::Profile,
            CoreCollects::Metadata => Collects::Metadata,
        },
        requests: window.requests,
        max_seconds: window.max_seconds,
    });
    let launcher = (spec.revision.inputs.handler.contract != CoreContract::Http).then(|| "/healthz".to_owned());
    let warmup = spec.template.warmup.iter().map(|request| WarmupRequest {
        path: request.path.clone(),
        body: request.body.clone(),
    });
    config(
        site,
        Work::Serve(Serve {
            build_key: placement.key.to_string(),
            program,
            window,
            health_path: spec.template.health_path.clone().or(launcher),
            start_seconds: template::START_SECONDS,
            warmup: warmup.collect(),
            drain_seconds: template::DRAIN_SECONDS,
            stop_seconds: template::STOP_SECONDS,
        }),
    )
}

/// What a Job's pod is told.
pub(super) fn job(site: Site<'_>, wanted: &Wanted, wish: &JobWish) -> AgentConfig {
    let work = match &wish.work {
        JobWork::Resolve { source: from, sha256 } => Work::Resolve(Resolve {
            source: source(site, from, sha256.as_str()),
            handler: convert::handler_request(&wanted.handler),
        }),
        JobWork::Build {
            stage,
            inputs,
            metadata,
            profile,
        } => Work::Build(Build {
            build_key: wish.key.to_string(),
            kind: kind(*stage),
            jar: jar(inputs),
            metadata: metadata.as_ref().map(ToString::to_string),
            profile: profile.as_ref().map(|(key, digest)| ProfileInput {
                build_key: key.to_string(),
                digest: digest.to_string(),
            }),
            arguments: arguments(*stage, inputs),
            timeout_seconds: wanted.build.timeout_seconds,
        }),
    };
    config(site, work)
}

fn config(site: Site<'_>, work: Work) -> AgentConfig {
    AgentConfig {
        function: convert::function_ref(site.function),
        depot: site.config.depot_url.clone(),
        work,
    }
}

fn source(site: Site<'_>, source: &CoreSource, sha256: &str) -> Source {
    let allowed = &site.config.sources.http;
    match source {
        CoreSource::ConfigMap { key, .. } => Source::ConfigMap {
            key: key.clone(),
            sha256: Some(sha256.to_owned()),
        },
        CoreSource::S3 { key, .. } => Source::S3 {
            key: key.clone(),
            sha256: sha256.to_owned(),
        },
        CoreSource::Http { url, .. } => Source::Http {
            url: url.clone(),
            sha256: sha256.to_owned(),
            allowed_hosts: allowed.allowed_hosts.clone(),
            allowed_networks: allowed.allowed_networks.clone(),
        },
    }
}

const fn kind(stage: Stage) -> BuildKind {
    match stage {
        Stage::PgoInstrumented => BuildKind::Instrumented,
        Stage::PgoOptimized => BuildKind::Optimized,
        Stage::HotspotAgent | Stage::Hotspot | Stage::Native => BuildKind::Native,
    }
}

/// Whether a stage's executable is built with exact metadata: not an instrumented one, which that breaks (oracle/graal#12619).
fn is_exact(stage: Stage) -> bool {
    matches!(stage, Stage::Native | Stage::PgoOptimized)
}

fn missing(inputs: &Inputs) -> MissingRegistrations {
    MissingRegistrations {
        jar: inputs.jar.to_string(),
        mode: match inputs.handler.contract {
            CoreContract::Http => MissingMode::Warn,
            CoreContract::Map | CoreContract::FunctionMap | CoreContract::FunctionString | CoreContract::FunctionBytes => {
                MissingMode::Throw
            }
        },
    }
}

/// The stage's arguments, then the user's.
fn arguments(stage: Stage, inputs: &Inputs) -> Vec<String> {
    let exact = is_exact(stage).then_some("--exact-reachability-metadata");
    let own = ["--no-fallback"].into_iter().chain(exact).map(str::to_owned);
    own.chain(inputs.arguments.iter().cloned()).collect()
}

fn jar(inputs: &Inputs) -> JarInput {
    let contract = match inputs.handler.contract {
        CoreContract::Map => Contract::Map,
        CoreContract::FunctionMap => Contract::FunctionMap,
        CoreContract::FunctionString => Contract::FunctionString,
        CoreContract::FunctionBytes => Contract::FunctionBytes,
        CoreContract::Http => Contract::Http,
    };
    let handler = Handler {
        class: inputs.handler.class.clone(),
        method: inputs.handler.method.clone(),
        contract,
    };
    JarInput {
        sha256: inputs.jar.to_string(),
        entry: inputs.entry.as_ref().map(ToString::to_string),
        handler,
    }
}
