//! Decisions in `status`, read and written.

use anneal_api::{
    reason::ConditionType as ApiConditionType,
    v1alpha1::{
        Artifact as ApiArtifact, ArtifactRef, FunctionStatus, LatencySample, RejectedBuild, Retrace as ApiRetrace, Revision as ApiRevision,
        Stage as ApiStage, TrafficTarget, Transition as ApiTransition,
    },
};
use anneal_core::{
    plan::ConditionType,
    reason::Reason,
    revision::{Contract, Handler, Inputs, Retrace, Revision},
    spec::Tracer,
    stage::Stage,
    state::{Artifact, Latency, Placement, Rejected, State, Target, Transition},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The decisions that stand in a status. What makes no sense is left out: the plan decides it anew.
pub fn state(status: &FunctionStatus) -> State {
    State {
        stage: status.stage.map(stage),
        stable: status.stable.as_ref().and_then(placement),
        previous: status.previous.as_ref().and_then(placement),
        candidate: status.candidate.as_ref().and_then(placement),
        revisions: status.revisions.iter().filter_map(revision).collect(),
        artifacts: status.artifacts.iter().filter_map(artifact).collect(),
        traffic: status.traffic.iter().filter_map(target).collect(),
        route_generation: status.route_generation.unwrap_or(0),
        rejected: status.rejected.iter().filter_map(rejected).collect(),
        history: status.history.iter().filter_map(transition).collect(),
    }
}

/// Puts decisions into a status; ready replicas are added where they are known.
pub fn write_state(state: &State, status: &mut FunctionStatus, ready: impl Fn(&str) -> u32) {
    let State {
        stage,
        stable,
        previous,
        candidate,
        revisions,
        artifacts,
        traffic,
        route_generation,
        rejected,
        history,
    } = state;
    status.stage = stage.map(stage_to_api);
    status.stable = stable.as_ref().map(artifact_ref);
    status.previous = previous.as_ref().map(artifact_ref);
    status.candidate = candidate.as_ref().map(artifact_ref);
    status.revisions = revisions.iter().map(revision_to_api).collect();
    status.artifacts = artifacts.iter().map(artifact_to_api).collect();
    status.traffic = traffic
        .iter()
        .map(|target| target_to_api(target, ready(&target.placement.deployment)))
        .collect();
    status.route_generation = Some(*route_generation);
    status.rejected = rejected.iter().map(rejected_to_api).collect();
    status.history = history.iter().filter_map(transition_to_api).collect();
}

/// A revision as a Deployment records it.
pub fn recorded(revision: &Revision) -> String {
    serde_json::to_string(&revision_to_api(revision)).unwrap_or_default()
}

/// Reads what a Deployment records.
pub fn read_recorded(text: &str) -> Option<Revision> {
    serde_json::from_str::<ApiRevision>(text).ok().as_ref().and_then(revision)
}

/// A stage on the wire.
pub const fn stage_to_api(stage: Stage) -> ApiStage {
    match stage {
        Stage::HotspotAgent => ApiStage::HotspotAgent,
        Stage::Hotspot => ApiStage::Hotspot,
        Stage::Native => ApiStage::Native,
        Stage::PgoInstrumented => ApiStage::PgoInstrumented,
        Stage::PgoOptimized => ApiStage::PgoOptimized,
    }
}

const fn stage(stage: ApiStage) -> Stage {
    match stage {
        ApiStage::HotspotAgent => Stage::HotspotAgent,
        ApiStage::Hotspot => Stage::Hotspot,
        ApiStage::Native => Stage::Native,
        ApiStage::PgoInstrumented => Stage::PgoInstrumented,
        ApiStage::PgoOptimized => Stage::PgoOptimized,
    }
}

/// A placement on the wire.
pub fn artifact_ref(placement: &Placement) -> ArtifactRef {
    let Placement { stage, key, deployment } = placement;
    ArtifactRef {
        stage: stage_to_api(*stage),
        build_key: key.as_str().to_owned(),
        deployment: deployment.clone(),
    }
}

fn placement(reference: &ArtifactRef) -> Option<Placement> {
    let ArtifactRef {
        stage: rung,
        build_key,
        deployment,
    } = reference;
    Some(Placement {
        stage: stage(*rung),
        key: build_key.parse().ok()?,
        deployment: deployment.clone(),
    })
}

fn target(target: &TrafficTarget) -> Option<Target> {
    let TrafficTarget {
        stage: rung,
        build_key,
        deployment,
        percent,
        ready_replicas: _,
        windows,
    } = target;
    let placement = Placement {
        stage: stage(*rung),
        key: build_key.parse().ok()?,
        deployment: deployment.clone(),
    };
    Some(Target {
        placement,
        percent: u8::try_from(*percent).ok()?,
        windows: *windows,
    })
}

fn target_to_api(target: &Target, ready: u32) -> TrafficTarget {
    let Target {
        placement,
        percent,
        windows,
    } = target;
    TrafficTarget {
        stage: stage_to_api(placement.stage),
        build_key: placement.key.as_str().to_owned(),
        deployment: placement.deployment.clone(),
        percent: i64::from(*percent),
        ready_replicas: i64::from(ready),
        windows: *windows,
    }
}

fn revision(revision: &ApiRevision) -> Option<Revision> {
    let contract = Contract::parse(&revision.contract)?;
    Some(Revision {
        number: u64::try_from(revision.number).ok()?,
        generation: revision.generation,
        inputs: Inputs {
            jar: revision.jar.parse().ok()?,
            entry: revision.entry.as_deref().map(str::parse).transpose().ok()?,
            handler: Handler {
                class: revision.handler_class.clone(),
                method: revision.handler_method.clone(),
                contract,
            },
            launcher: revision.launcher.parse().ok()?,
            builder: revision.builder.clone(),
            jvm: revision.jvm.clone(),
            tracer_jvm: revision.tracer_jvm.clone(),
            tracer: match &revision.tracer {
                Some(tracer) => Tracer::parse(tracer)?,
                None => Tracer::NativeImageAgent,
            },
            native_base: revision.native_base.clone(),
            architecture: revision.architecture.clone(),
            arguments: revision.arguments.clone(),
        },
        metadata: revision.metadata.as_deref().map(str::parse).transpose().ok()?,
        profile: revision.profile.as_deref().map(str::parse).transpose().ok()?,
        passed: revision.passed.iter().cloned().collect(),
        retrace: revision.retrace.as_ref().map(retrace),
    })
}

fn retrace(retrace: &ApiRetrace) -> Retrace {
    Retrace {
        time: retrace.time,
        times: unsigned(retrace.times),
        windows: unsigned(retrace.windows),
        missing: unsigned(retrace.missing),
    }
}

fn retrace_to_api(retrace: Retrace) -> ApiRetrace {
    let Retrace {
        time,
        times,
        windows,
        missing,
    } = retrace;
    ApiRetrace {
        time,
        times: signed(times),
        windows: signed(windows),
        missing: signed(missing),
    }
}

fn revision_to_api(revision: &Revision) -> ApiRevision {
    let Revision {
        number,
        generation,
        inputs,
        metadata,
        profile,
        passed,
        retrace,
    } = revision;
    let Inputs {
        jar,
        entry,
        handler,
        launcher,
        builder,
        jvm,
        tracer_jvm,
        tracer,
        native_base,
        architecture,
        arguments,
    } = inputs.clone();
    ApiRevision {
        number: signed(*number),
        generation: *generation,
        jar: jar.to_string(),
        entry: entry.map(|digest| digest.to_string()),
        handler_class: handler.class,
        handler_method: handler.method,
        contract: handler.contract.as_str().to_owned(),
        metadata: metadata.as_ref().map(ToString::to_string),
        launcher: launcher.to_string(),
        builder,
        jvm,
        tracer_jvm,
        tracer: (tracer != Tracer::NativeImageAgent).then(|| tracer.as_str().to_owned()),
        native_base,
        architecture,
        arguments,
        passed: passed.iter().cloned().collect(),
        profile: profile.as_ref().map(ToString::to_string),
        retrace: retrace.map(retrace_to_api),
    }
}

fn artifact(artifact: &ApiArtifact) -> Option<Artifact> {
    Some(Artifact {
        stage: stage(artifact.stage),
        key: artifact.build_key.parse().ok()?,
        digest: artifact.digest.parse().ok()?,
        bytes: unsigned(artifact.bytes),
        seconds: unsigned(artifact.build_seconds),
        peak_memory_bytes: artifact.peak_memory_bytes.map(unsigned),
        pgo: artifact.pgo.clone(),
        applicability_basis_points: artifact.applicability_basis_points.map(unsigned),
        relevance_basis_points: artifact.relevance_basis_points.map(unsigned),
    })
}

fn artifact_to_api(artifact: &Artifact) -> ApiArtifact {
    let Artifact {
        stage,
        key,
        digest,
        bytes,
        seconds,
        peak_memory_bytes,
        pgo,
        applicability_basis_points,
        relevance_basis_points,
    } = artifact;
    ApiArtifact {
        stage: stage_to_api(*stage),
        build_key: key.as_str().to_owned(),
        digest: digest.to_string(),
        bytes: signed(*bytes),
        build_seconds: signed(*seconds),
        peak_memory_bytes: peak_memory_bytes.map(signed),
        pgo: pgo.clone(),
        applicability_basis_points: applicability_basis_points.map(signed),
        relevance_basis_points: relevance_basis_points.map(signed),
    }
}

fn rejected(rejected: &RejectedBuild) -> Option<Rejected> {
    Some(Rejected {
        key: rejected.build_key.parse().ok()?,
        stage: stage(rejected.stage),
        reason: Reason::parse(&rejected.reason)?,
    })
}

fn rejected_to_api(rejected: &Rejected) -> RejectedBuild {
    let Rejected { key, stage, reason } = rejected;
    RejectedBuild {
        build_key: key.as_str().to_owned(),
        stage: stage_to_api(*stage),
        reason: reason.as_str().to_owned(),
    }
}

fn transition(transition: &ApiTransition) -> Option<Transition> {
    let before = transition.before.as_ref().map(|sample| Latency {
        p50_micros: unsigned(sample.p50_micros),
        p99_micros: unsigned(sample.p99_micros),
        count: unsigned(sample.count),
    });
    Some(Transition {
        time: transition.time.0.as_second(),
        from: transition.from.map(stage),
        to: stage(transition.to),
        reason: Reason::parse(&transition.reason)?,
        revision: unsigned(transition.revision),
        key: transition.build_key.parse().ok()?,
        before,
    })
}

fn transition_to_api(transition: &Transition) -> Option<ApiTransition> {
    let Transition {
        time,
        from,
        to,
        reason,
        revision,
        key,
        before,
    } = transition;
    Some(ApiTransition {
        time: Time(jiff::Timestamp::from_second(*time).ok()?),
        from: from.map(stage_to_api),
        to: stage_to_api(*to),
        reason: reason.as_str().to_owned(),
        revision: signed(*revision),
        build_key: key.as_str().to_owned(),
        before: before.map(
            |Latency {
                 p50_micros,
                 p99_micros,
                 count,
             }| LatencySample {
                p50_micros: signed(p50_micros),
                p99_micros: signed(p99_micros),
                count: signed(count),
            },
        ),
    })
}

/// A condition type on the wire.
pub const fn condition_type(kind: ConditionType) -> ApiConditionType {
    match kind {
        ConditionType::Ready => ApiConditionType::Ready,
        ConditionType::SourceResolved => ApiConditionType::SourceResolved,
        ConditionType::Built => ApiConditionType::Built,
        ConditionType::ProfilesSufficient => ApiConditionType::ProfilesSufficient,
        ConditionType::Optimized => ApiConditionType::Optimized,
        ConditionType::Progressing => ApiConditionType::Progressing,
        ConditionType::Stalled => ApiConditionType::Stalled,
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
