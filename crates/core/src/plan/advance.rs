//! Decisions: what is stable, which revision is climbed, which digests are frozen, which rung is reached.

use crate::{
    digest::BuildKey,
    facts::{Known, MetadataFact},
    gates::{self, Keeps, METADATA_MERGED, PROFILES_SUFFICIENT, SOURCE_RESOLVED},
    plan::{Input, Resolution, retracing},
    reason::Reason,
    revision::{Inputs, KEPT, Revision},
    stage::Stage,
    state::{ARTIFACTS, HISTORY, REJECTED, Rejected, State, Transition},
    view::{Build, Settling, View},
};

/// `stable` moves when what ought to carry the requests does so at every gateway.
pub(super) fn settle(state: &mut State, input: &Input, resolution: &Resolution) {
    let view = View {
        input,
        state: &input.state,
        resolution,
    };
    let (Some(main), Some(carrying)) = (view.main(), input.state.main_target()) else {
        return;
    };
    let carries = carrying.placement == main && carrying.percent > 0;
    if !carries || view.settling() != Settling::Settled || state.stable.as_ref() == Some(&main) {
        return;
    }
    state.previous = state.stable.replace(main);
}

/// Opens a revision when the resolved source or the toolchain asks for other inputs than the newest one has.
pub(super) fn open_revision(state: &mut State, input: &Input, resolution: &Resolution) {
    let (Ok(wanted), Some(jar)) = (&input.spec, &resolution.jar) else {
        return;
    };
    let toolchain = &wanted.toolchain;
    let inputs = Inputs {
        jar: jar.jar.clone(),
        entry: jar.entry.clone(),
        handler: jar.handler.clone(),
        launcher: input.operator.launcher.clone(),
        builder: toolchain.builder.clone(),
        jvm: toolchain.jvm.clone(),
        tracer_jvm: toolchain.tracer_jvm.clone(),
        tracer: toolchain.tracer,
        native_base: toolchain.native_base.clone(),
        architecture: toolchain.architecture.clone(),
        arguments: wanted.build.arguments.clone(),
    };
    if state.revision().is_some_and(|newest| newest.inputs.serves(&inputs)) {
        if let Some(revision) = retracing::revision(state, input) {
            push(state, input, revision);
        }
        return;
    }
    // The same inputs as those of a kept revision make the same builds: what was frozen for them holds again.
    let twin = state
        .revisions
        .iter()
        .rev()
        .find(|revision| revision.inputs.serves(&inputs))
        .cloned();
    let number = next_number(state);
    let generation = input.identity.generation;
    let revision = match twin {
        Some(twin) => Revision {
            number,
            generation,
            retrace: None,
            ..twin
        },
        None => Revision {
            number,
            generation,
            inputs,
            metadata: None,
            profile: None,
            passed: [SOURCE_RESOLVED.to_owned()].into(),
            retrace: None,
        },
    };
    push(state, input, revision);
}

/// The number of a revision that is opened now.
pub(super) fn next_number(state: &State) -> u64 {
    let newest = state.revisions.iter().map(|revision| revision.number).max();
    newest.unwrap_or_default().saturating_add(1)
}

/// The climb begins anew; of the older revisions those stay that are needed.
fn push(state: &mut State, input: &Input, revision: Revision) {
    state.revisions.push(revision);
    state.stage = None;
    while state.revisions.len() > KEPT {
        let stable = state.stable.as_ref().map(|stable| stable.key.clone());
        let runs_stable = |revision: &Revision| revision.keys(&input.identity.uid).any(|(_, key)| Some(&key) == stable.as_ref());
        let newest = state.revisions.len() - 1;
        let drop = (0..newest)
            .find(|index| state.revisions.get(*index).is_some_and(|revision| !runs_stable(revision)))
            .unwrap_or(0);
        state.revisions.remove(drop);
    }
}

/// Takes over what the depot and the Jobs say of builds; returns those that the depot is to be told of.
pub(super) fn absorb(state: &mut State, input: &Input, resolution: &Resolution) -> Vec<(BuildKey, Reason)> {
    let mut untold = Vec::new();
    for stage in Stage::ALL.into_iter().filter(|stage| stage.is_built()) {
        let view = View { input, state, resolution };
        let (Some(key), build) = (view.key(stage), view.build(stage)) else {
            continue;
        };
        match build {
            Build::Committed(artifact) if state.artifact(&key).is_none() => state.artifacts.push(artifact),
            Build::Rejected(reason) => {
                if state.rejection(&key).is_none() {
                    state.rejected.push(Rejected {
                        key: key.clone(),
                        stage,
                        reason,
                    });
                }
                if matches!(input.observed.builds.get(&key), Some(None)) {
                    untold.push((key, reason));
                }
            }
            Build::Committed(_) | Build::NotDue | Build::Unknown | Build::Attempt(_) => {}
        }
    }
    untold
}

/// Climbs at most one edge: what follows from it must be written and seen before the next.
pub(super) fn climb(state: &mut State, input: &Input, resolution: &Resolution) {
    let view = View { input, state, resolution };
    let Some(to) = gates::next_edge(state.stage, view.target()) else {
        return;
    };
    if input.spec.is_err() || view.revision().is_none() {
        return;
    }
    let reports = gates::evaluate(&view, to);
    let metadata = match &input.observed.metadata {
        Known::Known(metadata) => metadata.clone(),
        Known::Unknown => None,
    };
    let profile = view.merged_profile().cloned();
    let passed = reports.iter().all(|report| report.verdict.is_pass());
    let transition = passed.then(|| transition(&view, to)).flatten();

    if let Some(revision) = state.revisions.last_mut() {
        let lasting = gates::chain(to).iter().filter(|gate| gate.keeps == Keeps::Passed);
        for gate in lasting {
            let is_open = reports.iter().any(|report| report.name == gate.name && report.verdict.is_pass());
            if is_open && revision.passed.insert(gate.name.to_owned()) {
                match gate.name {
                    METADATA_MERGED => freeze(revision, metadata.as_ref()),
                    PROFILES_SUFFICIENT => revision.profile = revision.profile.take().or_else(|| profile.clone()),
                    _ => {}
                }
            }
        }
    }
    if let Some(transition) = transition {
        state.stage = Some(to);
        state.history.push(transition);
    }
}

fn freeze(revision: &mut Revision, metadata: Option<&MetadataFact>) {
    if let (Some(retrace), Some(metadata)) = (&mut revision.retrace, metadata) {
        retrace.missing = metadata.missing;
    }
    let digest = metadata.map(|metadata| metadata.digest.clone());
    revision.metadata = revision.metadata.take().or(digest);
}

fn transition(view: &View<'_>, to: Stage) -> Option<Transition> {
    let before = view
        .state
        .main_target()
        .and_then(|target| view.observed().latency.get(&target.placement.deployment))
        .copied();
    let revision = view.revision()?;
    let demoted = to == Stage::HotspotAgent && revision.retrace.is_some();
    Some(Transition {
        time: view.input.now,
        from: view.state.stage,
        to,
        reason: if demoted { Reason::MissingRegistration } else { Reason::Promoted },
        revision: revision.number,
        key: view.key(to)?,
        before,
    })
}

/// Drops what no kept revision and nothing that serves names any more.
pub(super) fn forget(state: &mut State, input: &Input) {
    let kept: Vec<BuildKey> = state
        .revisions
        .iter()
        .flat_map(|revision| revision.keys(&input.identity.uid).map(|(_, key)| key))
        .chain(
            [&state.stable, &state.previous]
                .into_iter()
                .flatten()
                .map(|placement| placement.key.clone()),
        )
        .collect();
    if !state.revisions.is_empty() {
        state.artifacts.retain(|artifact| kept.contains(&artifact.key));
        state.rejected.retain(|rejected| kept.contains(&rejected.key));
    }
    keep_last(&mut state.artifacts, ARTIFACTS);
    keep_last(&mut state.rejected, REJECTED);
    keep_last(&mut state.history, HISTORY);
    let main = state.main_target().map(|target| target.placement.deployment.clone());
    let is_current = |name: &str| state.stable.as_ref().is_some_and(|stable| stable.deployment == name) || main.as_deref() == Some(name);
    if state.previous.as_ref().is_some_and(|previous| is_current(&previous.deployment)) {
        state.previous = None;
    }
}

fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}
