//! What a Function needs of what is stored: everything that its decisions, its children and the questions of this visit name.

use std::collections::BTreeSet;

use crate::{
    digest::{BuildKey, Digest},
    facts::{Observed, Questions},
    stage::Stage,
    state::State,
};

/// Names of what must stay stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct References {
    /// Jars and entry jars.
    pub jars: BTreeSet<Digest>,
    /// Builds, which is to say executables, verdicts and collected profiles.
    pub builds: BTreeSet<BuildKey>,
    /// Merged profiles and merged reachability metadata.
    pub merged: BTreeSet<Digest>,
}

impl References {
    /// Everything that is named; none while that cannot be said: nothing was decided yet, or something runs a jar whose
    /// revision is forgotten.
    pub fn of(uid: &str, state: &State, observed: &Observed, asked: &Questions) -> Option<Self> {
        let mut references = Self::asked(asked);
        for revision in &state.revisions {
            references.jars.insert(revision.inputs.jar.clone());
            references.jars.extend(revision.inputs.entry.clone());
            references.merged.extend(revision.metadata.clone());
            references.merged.extend(revision.profile.clone());
        }
        let kept: BTreeSet<_> = state
            .revisions
            .iter()
            .flat_map(|revision| revision.keys(uid).map(|(_, key)| key))
            .collect();
        let running: Vec<_> = running(state, observed).collect();
        let names_its_jar = |(stage, key): &(Stage, &BuildKey)| stage.is_built() || kept.contains(key);
        if state.revisions.is_empty() || !running.iter().all(names_its_jar) {
            return None;
        }
        references.builds.extend(running.into_iter().map(|(_, key)| key.clone()));
        references.builds.extend(kept);
        references
            .builds
            .extend(state.artifacts.iter().map(|artifact| artifact.key.clone()));
        references.builds.extend(state.rejected.iter().map(|rejected| rejected.key.clone()));
        references.builds.extend(observed.jobs.iter().map(|job| job.key.clone()));
        Some(references)
    }

    fn asked(asked: &Questions) -> Self {
        let Questions {
            jar,
            builds,
            profiles,
            metadata,
        } = asked;
        let jars = jar.iter().map(|(jar, _)| jar).chain(metadata);
        Self {
            jars: jars.cloned().collect(),
            builds: builds.iter().chain(profiles).cloned().collect(),
            merged: BTreeSet::new(),
        }
    }
}

/// What has executors, or may have them again.
fn running<'a>(state: &'a State, observed: &'a Observed) -> impl Iterator<Item = (Stage, &'a BuildKey)> {
    let decided = [&state.stable, &state.previous, &state.candidate].into_iter().flatten();
    let decided = decided.chain(state.traffic.iter().map(|target| &target.placement));
    let decided = decided.map(|placement| (placement.stage, &placement.key));
    decided.chain(observed.executors.values().map(|executor| (executor.stage, &executor.key)))
}
