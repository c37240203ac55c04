//! What is written to a status is read back from it.

use anneal_api::v1alpha1::{FunctionSpec, FunctionStatus};
use anneal_core::{
    digest::{BuildKey, Digest},
    reason::Reason,
    revision::{Contract, Handler, Inputs, Retrace, Revision},
    spec::{Edition, Refusal, Source, Toolchain, Tracer},
    stage::Stage,
    state::{Artifact, Latency, Placement, Rejected, State, Target, Transition},
};
use proptest::prelude::*;
use serde_json::json;

use super::{condition_type, read_recorded, recorded, state, wanted, write_state};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 8]>().prop_map(|bytes| Digest::of(&bytes))
}

fn stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(Stage::ALL.to_vec())
}

fn placement() -> impl Strategy<Value = Placement> {
    (stage(), digest(), "[a-z]{1,20}").prop_map(|(stage, key, deployment)| Placement {
        stage,
        key: BuildKey::new(key),
        deployment,
    })
}

fn revision() -> impl Strategy<Value = Revision> {
    let digests = (
        digest(),
        prop::option::of(digest()),
        prop::option::of(digest()),
        prop::option::of(digest()),
        digest(),
    );
    let contract = prop::sample::select(Contract::ALL.to_vec());
    (
        1..1000_u64,
        1..1000_i64,
        digests,
        contract,
        prop::collection::vec("-[a-z]{1,5}", 0..4),
        prop::option::of(1..1000_u64),
    )
        .prop_map(
            |(number, generation, (jar, entry, metadata, profile, launcher), contract, arguments, retrace)| Revision {
                number,
                generation,
                inputs: Inputs {
                    jar,
                    entry,
                    handler: Handler {
                        class: "a.B".to_owned(),
                        method: "main".to_owned(),
                        contract,
                    },
                    launcher,
                    builder: "b".to_owned(),
                    jvm: "j".to_owned(),
                    tracer_jvm: "t".to_owned(),
                    tracer: if retrace.is_some() {
                        Tracer::Anneal
                    } else {
                        Tracer::NativeImageAgent
                    },
                    native_base: "n".to_owned(),
                    architecture: "amd64".to_owned(),
                    arguments,
                },
                metadata,
                profile,
                passed: ["SourceResolved".to_owned()].into(),
                retrace: retrace.map(|count| Retrace {
                    time: 1,
                    times: count,
                    windows: count + 1,
                    missing: count + 2,
                }),
            },
        )
}

fn decisions() -> impl Strategy<Value = State> {
    let placements = (
        prop::option::of(placement()),
        prop::option::of(placement()),
        prop::option::of(placement()),
    );
    let targets = prop::collection::vec((placement(), 0..=100_u8, any::<bool>()), 0..3);
    let builds = prop::collection::vec((stage(), digest(), digest(), 0..1_u64 << 40), 0..4);
    (
        prop::option::of(stage()),
        placements,
        prop::collection::vec(revision(), 0..3),
        targets,
        builds,
        0..1000_i64,
    )
        .prop_map(
            |(stage, (stable, previous, candidate), revisions, targets, builds, route_generation)| State {
                stage,
                stable,
                previous,
                candidate,
                revisions,
                artifacts: builds
                    .iter()
                    .map(|(stage, key, digest, bytes)| Artifact {
                        stage: *stage,
                        key: BuildKey::new(key.clone()),
                        digest: digest.clone(),
                        bytes: *bytes,
                        seconds: 30,
                        peak_memory_bytes: Some(*bytes),
                        pgo: Some("user-provided".to_owned()),
                        applicability_basis_points: Some(9999),
                        relevance_basis_points: None,
                    })
                    .collect(),
                traffic: targets
                    .into_iter()
                    .map(|(placement, percent, windows)| Target {
                        placement,
                        percent,
                        windows,
                    })
                    .collect(),
                route_generation,
                rejected: builds
                    .iter()
                    .map(|(stage, key, ..)| Rejected {
                        key: BuildKey::new(key.clone()),
                        stage: *stage,
                        reason: Reason::BuildFailed,
                    })
                    .collect(),
                history: builds
                    .iter()
                    .map(|(to, key, _, count)| Transition {
                        time: 1_800_000_000,
                        from: stage,
                        to: *to,
                        reason: Reason::Promoted,
                        revision: 1,
                        key: BuildKey::new(key.clone()),
                        before: Some(Latency {
                            p50_micros: 5,
                            p99_micros: 9,
                            count: *count,
                        }),
                    })
                    .collect(),
            },
        )
}

proptest! {
    #[test]
    fn decisions_survive_the_way_through_the_apiserver(decided in decisions()) {
        let mut status = FunctionStatus::default();
        write_state(&decided, &mut status, |_| 1);
        let stored: FunctionStatus = serde_json::from_value(serde_json::to_value(&status).expect("plain data")).expect("the same type");
        prop_assert_eq!(state(&stored), decided);
    }
}

proptest! {
    #[test]
    fn a_revision_that_a_deployment_records_is_read_back(revision in revision()) {
        prop_assert_eq!(read_recorded(&recorded(&revision)), Some(revision));
    }
}

fn toolchain(name: Option<&str>) -> Option<Toolchain> {
    (name != Some("unknown")).then(|| Toolchain {
        edition: Edition::Oracle,
        builder: "b".to_owned(),
        tracer_jvm: "t".to_owned(),
        tracer: Tracer::Anneal,
        jvm: "j".to_owned(),
        native_base: "n".to_owned(),
        architecture: "amd64".to_owned(),
    })
}

fn spec(value: serde_json::Value) -> FunctionSpec {
    serde_json::from_value(value).expect("a spec")
}

#[test]
fn what_is_absent_has_the_documented_default() {
    let wanted = wanted(&spec(json!({"source": {"configMap": {"name": "m", "key": "k"}}})), toolchain).expect("valid");
    assert_eq!(
        wanted.source,
        Source::ConfigMap {
            name: "m".to_owned(),
            key: "k".to_owned(),
            sha256: None
        }
    );
    assert_eq!((wanted.target, wanted.replicas), (Stage::PgoOptimized, 1));
    assert_eq!((wanted.tracing.requests, wanted.tracing.seconds), (1000, 600));
    assert_eq!(
        (
            wanted.instrumented.share_percent,
            wanted.instrumented.replicas,
            wanted.instrumented.requests_per_profile
        ),
        (10, 1, 1000)
    );
    assert_eq!(
        (wanted.profiles.min, wanted.profiles.max, wanted.profiles.min_events),
        (1, 1000, 10_000)
    );
    assert_eq!(
        (wanted.build.cpu_millis, wanted.build.memory_mebibytes, wanted.build.timeout_seconds),
        (2000, 6144, 1800)
    );
    assert_eq!((wanted.resources.cpu_millis, wanted.resources.memory_mebibytes), (1000, 512));
}

#[test]
fn what_the_schema_should_have_refused_is_refused_here_too() {
    let refused = |value| wanted(&spec(value), toolchain).expect_err("refused");
    let source = json!({"configMap": {"name": "m", "key": "k"}});
    assert_eq!(
        refused(json!({"source": source, "toolchain": "unknown"})),
        Refusal::ToolchainUnknown {
            name: "unknown".to_owned()
        }
    );
    for value in [
        json!({"source": {}}),
        json!({"source": {"http": {"url": "https://a/b", "sha256": "XYZ"}}}),
        json!({"source": source, "pipeline": {"profiles": {"min": 5, "max": 2}}}),
        json!({"source": source, "env": [{"name": "A"}]}),
    ] {
        assert!(matches!(refused(value), Refusal::Invalid { .. }));
    }
}

#[test]
fn condition_types_have_the_same_names_on_both_sides() {
    use anneal_core::plan::ConditionType;
    for kind in [
        ConditionType::Ready,
        ConditionType::SourceResolved,
        ConditionType::Built,
        ConditionType::ProfilesSufficient,
    ] {
        assert_eq!(format!("{kind:?}"), condition_type(kind).as_str());
    }
    for kind in [ConditionType::Optimized, ConditionType::Progressing, ConditionType::Stalled] {
        assert_eq!(format!("{kind:?}"), condition_type(kind).as_str());
    }
}
