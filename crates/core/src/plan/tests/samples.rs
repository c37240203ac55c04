//! What a test starts from where it says nothing else.

use crate::{
    digest::{BuildKey, Digest},
    facts::{CommittedBuild, JarFact},
    revision::{Contract, Handler},
    spec::{BuildLimits, Edition, HandlerRequest, Instrumented, ProfileNeeds, Resources, Source, Toolchain, Tracer, Tracing, Wanted},
    stage::Stage,
};

/// What is wanted where a test says nothing else.
pub(super) fn wanted() -> Wanted {
    Wanted {
        source: Source::Http {
            url: "https://repo.example/f.jar".to_owned(),
            sha256: jar(1),
        },
        handler: HandlerRequest::default(),
        health_path: None,
        toolchain: Toolchain {
            edition: Edition::Oracle,
            builder: "builder".to_owned(),
            tracer_jvm: "tracer".to_owned(),
            tracer: Tracer::NativeImageAgent,
            jvm: "jvm".to_owned(),
            native_base: "base".to_owned(),
            architecture: "amd64".to_owned(),
        },
        target: Stage::PgoOptimized,
        tracing: Tracing {
            requests: 1000,
            seconds: 600,
        },
        instrumented: Instrumented {
            share_percent: 10,
            replicas: 1,
            requests_per_profile: 1000,
        },
        profiles: ProfileNeeds {
            min: 2,
            max: 5,
            min_events: 100,
        },
        replicas: 2,
        warmup: Vec::new(),
        build: BuildLimits {
            arguments: Vec::new(),
            cpu_millis: 2000,
            memory_mebibytes: 4000,
            timeout_seconds: 60,
        },
        resources: Resources {
            cpu_millis: 1000,
            memory_mebibytes: 512,
        },
        env: Vec::new(),
    }
}

/// The digest of the n-th jar.
pub(super) fn jar(number: u8) -> Digest {
    Digest::of(&[number])
}

/// A resolved jar.
pub(super) fn jar_fact(jar: Digest) -> JarFact {
    let handler = Handler {
        class: "C".to_owned(),
        method: "main".to_owned(),
        contract: Contract::Map,
    };
    JarFact {
        jar,
        entry: Some(Digest::of(b"entry")),
        handler,
    }
}

/// A committed build.
pub(super) fn committed(key: &BuildKey) -> CommittedBuild {
    CommittedBuild {
        digest: Digest::of(key.as_str().as_bytes()),
        bytes: 100,
        seconds: 30,
        peak_memory_bytes: None,
        pgo: None,
        applicability_basis_points: None,
        relevance_basis_points: None,
    }
}
