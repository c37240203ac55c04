//! A Function's spec as the plan takes it: validated, every default filled in.
//!
//! The defaults live here and not in the schema: a default in the schema would change objects that exist.

use anneal_api::v1alpha1::{Contract, EnvVar as ApiEnvVar, FunctionSpec, Source as ApiSource, Target};
use anneal_core::{
    digest::Digest,
    spec::{
        BuildLimits, EnvValue, EnvVar, HandlerRequest, Instrumented, ProfileNeeds, Refusal, RequestedContract, Resources, Source,
        Toolchain, Tracing, Wanted, WarmupRequest,
    },
    stage::Stage,
};

/// What a spec asks for; `toolchain` finds a toolchain by name.
pub fn wanted(spec: &FunctionSpec, toolchain: impl Fn(Option<&str>) -> Option<Toolchain>) -> Result<Wanted, Refusal> {
    let name = spec.toolchain.as_deref();
    let toolchain = toolchain(name).ok_or_else(|| Refusal::ToolchainUnknown {
        name: name.unwrap_or("the default").to_owned(),
    })?;
    let pipeline = spec.pipeline.clone().unwrap_or_default();
    let (tracing, instrumented) = (
        pipeline.hotspot_agent.unwrap_or_default(),
        pipeline.instrumented.unwrap_or_default(),
    );
    let profiles = pipeline.profiles.unwrap_or_default();
    let (min, max) = (at_least(profiles.min, 1), at_least(profiles.max, 1000));
    if min > max {
        return Err(invalid("profiles.min must not exceed profiles.max"));
    }
    let (build, resources) = (spec.build.clone().unwrap_or_default(), spec.resources.clone().unwrap_or_default());
    let handler = spec.handler.clone().unwrap_or_default();
    Ok(Wanted {
        source: source(&spec.source)?,
        handler: HandlerRequest {
            class: handler.class,
            method: handler.method,
            contract: handler.contract.and_then(contract),
        },
        health_path: handler.health_path,
        toolchain,
        target: target(spec.target),
        tracing: Tracing {
            requests: at_least(tracing.min_requests, 1000),
            seconds: at_least(tracing.max_seconds, 600),
        },
        instrumented: Instrumented {
            share_percent: u8::try_from(at_least(instrumented.share_percent, 10)).unwrap_or(50).min(50),
            replicas: small(at_least(instrumented.max_replicas, 1)),
            requests_per_profile: at_least(instrumented.requests_per_profile, 1000),
        },
        profiles: ProfileNeeds {
            min,
            max,
            min_events: at_least(profiles.min_events, 10_000),
        },
        replicas: small(at_least(spec.scaling.as_ref().and_then(|scaling| scaling.min_replicas), 1)).max(1),
        warmup: warmup(spec),
        build: BuildLimits {
            arguments: build.arguments,
            cpu_millis: at_least(build.cpu_millis, 2000),
            memory_mebibytes: at_least(build.memory_mebibytes, 6144),
            timeout_seconds: at_least(build.timeout_seconds, 1800),
        },
        resources: Resources {
            cpu_millis: at_least(resources.cpu_millis, 1000),
            memory_mebibytes: at_least(resources.memory_mebibytes, 512),
        },
        env: spec.env.iter().map(variable).collect::<Result<_, _>>()?,
    })
}

/// A number of the spec, which the schema keeps from being negative, or its default.
fn at_least(value: Option<i64>, default: u64) -> u64 {
    value.map_or(default, |value| u64::try_from(value).unwrap_or(0))
}

fn small(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn invalid(message: &str) -> Refusal {
    Refusal::Invalid {
        message: message.to_owned(),
    }
}

const fn target(target: Option<Target>) -> Stage {
    match target {
        Some(Target::Hotspot) => Stage::Hotspot,
        Some(Target::Native) => Stage::Native,
        Some(Target::PgoOptimized) | None => Stage::PgoOptimized,
    }
}

const fn contract(contract: Contract) -> Option<RequestedContract> {
    match contract {
        Contract::Auto => None,
        Contract::Function => Some(RequestedContract::Function),
        Contract::Map => Some(RequestedContract::Map),
        Contract::Http => Some(RequestedContract::Http),
    }
}

fn source(source: &ApiSource) -> Result<Source, Refusal> {
    let digest = |text: &str| {
        text.parse::<Digest>()
            .map_err(|_| invalid("source.sha256 must be 64 lower-case hex digits"))
    };
    match (&source.config_map, &source.http, &source.s3) {
        (Some(map), None, None) => {
            let sha256 = map.sha256.as_deref().map(digest).transpose()?;
            Ok(Source::ConfigMap {
                name: map.name.clone(),
                key: map.key.clone(),
                sha256,
            })
        }
        (None, Some(http), None) => Ok(Source::Http {
            url: http.url.clone(),
            sha256: digest(&http.sha256)?,
        }),
        (None, None, Some(s3)) => Ok(Source::S3 {
            key: s3.key.clone(),
            sha256: digest(&s3.sha256)?,
        }),
        _ => Err(invalid("source must have exactly one of \"configMap\", \"http\", \"s3\"")),
    }
}

fn warmup(spec: &FunctionSpec) -> Vec<WarmupRequest> {
    let requests = spec.warmup.iter().flat_map(|warmup| &warmup.requests);
    requests
        .map(|request| WarmupRequest {
            path: request.path.clone(),
            body: request.body.clone(),
        })
        .collect()
}

fn variable(variable: &ApiEnvVar) -> Result<EnvVar, Refusal> {
    let value = match (&variable.value, &variable.secret_key_ref, &variable.config_map_key_ref) {
        (Some(text), None, None) => EnvValue::Text(text.clone()),
        (None, Some(secret), None) => EnvValue::Secret {
            name: secret.name.clone(),
            key: secret.key.clone(),
        },
        (None, None, Some(map)) => EnvValue::ConfigMap {
            name: map.name.clone(),
            key: map.key.clone(),
        },
        _ => {
            return Err(invalid(
                "env must have exactly one of \"value\", \"secretKeyRef\", \"configMapKeyRef\"",
            ));
        }
    };
    Ok(EnvVar {
        name: variable.name.clone(),
        value,
    })
}
