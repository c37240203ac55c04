//! Jobs and executors as they shall be.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    attempt::Progress,
    digest::BuildKey,
    facts::JobState,
    names,
    plan::{ExecutorSpec, ExecutorWish, JobWish, JobWork, Program, Replicas},
    stage::{Code, Stage},
    state::Placement,
    template::{self, Template},
    view::{Build, Settling, View},
};

/// Jobs and executors as they shall be.
#[derive(Default)]
pub(super) struct Children {
    pub(super) jobs: Vec<JobWish>,
    pub(super) obsolete_jobs: Vec<String>,
    pub(super) executors: BTreeMap<String, ExecutorWish>,
}

pub(super) fn children(view: &View<'_>) -> Children {
    Children {
        jobs: jobs(view),
        obsolete_jobs: obsolete_jobs(view),
        executors: executors(view),
    }
}

/// What is being brought up to take the requests next.
pub(super) fn candidate(view: &View<'_>) -> Option<Placement> {
    let main = view.main().filter(|main| view.state.stable.as_ref() != Some(main));
    main.or_else(|| {
        next_up(view)
            .filter(|stage| !stage.has_windows())
            .and_then(|stage| view.placement(stage))
    })
}

/// Whether the revision stands in status as it is planned: only then is it acted upon.
fn is_written(view: &View<'_>) -> bool {
    match (view.revision(), view.input.state.revision()) {
        (Some(planned), Some(written)) => planned.is_same_decision(written),
        _ => false,
    }
}

/// The stage that is brought up beside those that serve.
fn next_up(view: &View<'_>) -> Option<Stage> {
    let committed = |stage: Stage| view.key(stage).is_some_and(|key| view.state.artifact(&key).is_some());
    let (target, revision) = (view.target(), view.revision()?);
    let next = match view.state.stage {
        None | Some(Stage::HotspotAgent) => (revision.metadata.is_none()).then_some(Stage::HotspotAgent),
        Some(Stage::Hotspot) => (target >= Stage::Native).then_some(Stage::Native),
        Some(Stage::Native) => (target > Stage::Native && view.has_pgo()).then_some(Stage::PgoInstrumented),
        Some(Stage::PgoInstrumented) if revision.profile.is_some() => Some(Stage::PgoOptimized),
        Some(Stage::PgoInstrumented) => (target > Stage::PgoInstrumented).then_some(Stage::PgoInstrumented),
        Some(Stage::PgoOptimized) => None,
    };
    next.filter(|stage| !stage.is_built() || committed(*stage))
}

/// The stages whose executors run now.
fn up(view: &View<'_>) -> Vec<Stage> {
    let main = match view.state.stage {
        None | Some(Stage::HotspotAgent | Stage::Hotspot) => Stage::Hotspot,
        Some(Stage::Native | Stage::PgoInstrumented) => Stage::Native,
        Some(Stage::PgoOptimized) => Stage::PgoOptimized,
    };
    [Some(main), next_up(view)].into_iter().flatten().collect()
}

fn executors(view: &View<'_>) -> BTreeMap<String, ExecutorWish> {
    let mut wishes = BTreeMap::new();
    let written = is_written(view);
    if written {
        for stage in up(view) {
            if let Some((placement, spec)) = view
                .placement(stage)
                .and_then(|placement| Some((placement.clone(), spec(view, &placement)?)))
            {
                // A pod that another operator version rendered stays as it is.
                let spec = (spec.version == template::VERSION).then_some(spec);
                let replicas = Replicas::Exactly(view.replicas(stage));
                wishes.insert(placement.deployment.clone(), ExecutorWish { placement, replicas, spec });
            }
        }
    }
    let at_rest = written && view.settling() == Settling::Settled && view.state.traffic == view.input.state.traffic;
    let is_stable = |name: &str| view.state.stable.as_ref().is_some_and(|stable| stable.deployment == name);
    let is_previous = |name: &str| view.state.previous.as_ref().is_some_and(|previous| previous.deployment == name);
    for (name, executor) in &view.observed().executors {
        if executor.deleting || wishes.contains_key(name) {
            continue;
        }
        let replicas = if is_stable(name) {
            Replicas::Exactly(view.replicas(executor.stage))
        } else if !at_rest || view.state.routes_to(name) {
            Replicas::AsTheyAre
        } else if is_previous(name) {
            Replicas::Exactly(0)
        } else {
            Replicas::Gone
        };
        let placement = Placement {
            stage: executor.stage,
            key: executor.key.clone(),
            deployment: name.clone(),
        };
        wishes.insert(
            name.clone(),
            ExecutorWish {
                placement,
                replicas,
                spec: None,
            },
        );
    }
    wishes
}

fn spec(view: &View<'_>, placement: &Placement) -> Option<ExecutorSpec> {
    let (wanted, revision) = (view.wanted()?, view.revision()?);
    let inputs = &revision.inputs;
    let (image, program) = match placement.stage {
        Stage::HotspotAgent => (&inputs.tracer_jvm, Program::TracedJvm),
        Stage::Hotspot => (&inputs.jvm, Program::Jvm),
        Stage::Native | Stage::PgoInstrumented | Stage::PgoOptimized => {
            let artifact = view.state.artifact(&placement.key)?;
            (
                &inputs.native_base,
                Program::Binary {
                    digest: artifact.digest.clone(),
                    bytes: artifact.bytes,
                },
            )
        }
    };
    let existing = view.executor(&placement.deployment);
    Some(ExecutorSpec {
        template: Template::of(wanted, placement.stage),
        version: existing.map_or(template::VERSION, |executor| executor.version),
        agent_image: existing
            .map_or(&view.input.operator.agent_image, |executor| &executor.agent_image)
            .clone(),
        image: image.clone(),
        program,
        revision: revision.as_recorded_at(placement.stage),
    })
}

/// The stages whose builds are wanted now.
fn wanted_builds(view: &View<'_>) -> Vec<Stage> {
    let Some(revision) = view.revision() else {
        return Vec::new();
    };
    let target = view.target();
    let profiled = target == Stage::PgoOptimized && view.has_pgo();
    let native_failed = matches!(
        view.build(Stage::Native),
        Build::Rejected(_) | Build::Attempt(Progress::GivenUp { .. })
    );
    match view.state.stage {
        Some(Stage::Hotspot) if target >= Stage::Native => {
            // The instrumented build runs beside the native one.
            let beside = (profiled && !native_failed).then_some(Stage::PgoInstrumented);
            [Some(Stage::Native), beside].into_iter().flatten().collect()
        }
        Some(Stage::Native) if profiled => vec![Stage::PgoInstrumented],
        Some(Stage::PgoInstrumented) if profiled && revision.profile.is_some() => vec![Stage::PgoOptimized],
        _ => Vec::new(),
    }
}

fn jobs(view: &View<'_>) -> Vec<JobWish> {
    let mut jobs: Vec<JobWish> = view.resolution.job.iter().cloned().collect();
    if is_written(view) {
        jobs.extend(wanted_builds(view).into_iter().filter_map(|stage| build_job(view, stage)));
    }
    jobs
}

fn build_job(view: &View<'_>, stage: Stage) -> Option<JobWish> {
    let Build::Attempt(Progress::Start { attempt, memory_mebibytes }) = view.build(stage) else {
        return None;
    };
    let (key, revision) = (view.key(stage)?, view.revision()?);
    let profile = match stage {
        Stage::PgoOptimized => Some((view.key(Stage::PgoInstrumented)?, revision.profile.clone()?)),
        _ => None,
    };
    Some(JobWish {
        name: names::job(&view.input.identity.name, stage.code(), &key, attempt),
        code: stage.code(),
        key,
        attempt,
        memory_mebibytes,
        work: JobWork::Build {
            stage,
            inputs: Box::new(revision.inputs.clone()),
            metadata: revision.metadata.clone(),
            profile,
        },
    })
}

/// Jobs that run for something nobody wants any more, and ended ones that no kept revision names.
fn obsolete_jobs(view: &View<'_>) -> Vec<String> {
    if view.revision().is_some() && !is_written(view) {
        return Vec::new();
    }
    let uid = &view.input.identity.uid;
    let wanted: BTreeSet<BuildKey> = wanted_builds(view).into_iter().filter_map(|stage| view.key(stage)).collect();
    let kept: BTreeSet<BuildKey> = view
        .state
        .revisions
        .iter()
        .flat_map(|revision| revision.keys(uid).map(|(_, key)| key))
        .collect();
    let is_obsolete = |code: Code, key: &BuildKey, state: &JobState| match (code, &view.resolution.key) {
        (Code::Resolve, Some(resolving)) => key != resolving,
        (Code::Resolve, None) => false,
        // The commit shows before the Job's own end does.
        (Code::Stage(_), _) if !state.has_ended() => !wanted.contains(key) && view.state.artifact(key).is_none(),
        (Code::Stage(_), _) => !kept.contains(key),
    };
    let obsolete = view
        .observed()
        .jobs
        .iter()
        .filter(|job| !job.deleting && is_obsolete(job.code, &job.key, &job.state));
    obsolete.map(|job| job.name.clone()).collect()
}
