//! A lost status, rebuilt from what the executor Deployments record: the revisions, what serves, and the rung that it proves.
//!
//! Nothing is promoted by it. Of two rungs the one whose executors are all ready is taken for what serves, of two revisions the
//! older one until the newer has left its first rungs: the climb goes on from there, by its gates.

use std::collections::BTreeMap;

use crate::{
    facts::{Executor, Known, Observed},
    gates::{METADATA_MERGED, PROFILES_SUFFICIENT, SOURCE_RESOLVED},
    revision::{KEPT, Revision},
    spec::Identity,
    stage::Stage,
    state::{Placement, State, Target},
};

/// The decisions that the Deployments tell of, if those in status are lost; none if there is nothing to rebuild.
///
/// A Deployment is made only after its revision was written, so a status without a revision beside one was lost.
pub fn rebuild(identity: &Identity, state: &State, observed: &Observed) -> Option<State> {
    if !state.revisions.is_empty() {
        return None;
    }
    let recorded = recorded(identity, observed);
    let revisions = revisions(&recorded);
    let newest = revisions.last()?;
    let stage = rung(newest, &recorded);
    let own = serving(&recorded, |number| number == newest.number);
    let older = serving(&recorded, |number| number < newest.number);
    let has_moved = stage >= Some(Stage::Hotspot) || older.is_none();
    let stable = if has_moved { own.filter(|_| stage.is_some()) } else { older };
    let previous = recorded
        .iter()
        .filter(|one| !one.executor.stage.has_windows() && one.executor.replicas == 0)
        .max_by_key(|one| (one.revision.number, one.executor.stage));
    let traffic = stable.filter(|stable| stable.executor.ready > 0).map(|stable| Target {
        placement: stable.placement(),
        percent: 100,
        windows: false,
    });
    Some(State {
        stage,
        stable: stable.map(Recorded::placement),
        previous: previous.map(Recorded::placement),
        traffic: traffic.into_iter().collect(),
        // Above everything that a gateway may have acknowledged before.
        route_generation: acknowledged(observed).max(state.route_generation).saturating_add(1),
        revisions,
        ..State::default()
    })
}

/// Whether these decisions were rebuilt, not taken.
pub fn is_rebuilt(before: &State, after: &State) -> bool {
    before.revisions.is_empty() && after.stable.is_some()
}

/// A Deployment that says which revision it belongs to.
struct Recorded<'a> {
    name: &'a str,
    executor: &'a Executor,
    revision: &'a Revision,
}

impl Recorded<'_> {
    fn placement(&self) -> Placement {
        Placement {
            stage: self.executor.stage,
            key: self.executor.key.clone(),
            deployment: self.name.to_owned(),
        }
    }
}

/// What is recorded must lead to the Deployment's own key: anything else is not what it was made from.
fn recorded<'a>(identity: &Identity, observed: &'a Observed) -> Vec<Recorded<'a>> {
    let of = |(name, executor): (&'a String, &'a Executor)| {
        let revision = executor.revision.as_ref().filter(|_| !executor.deleting)?;
        let is_its_own = revision.key(&identity.uid, executor.stage).as_ref() == Some(&executor.key);
        is_its_own.then_some(Recorded { name, executor, revision })
    };
    observed.executors.iter().filter_map(of).collect()
}

/// The revisions, oldest first; of each as much as any of its Deployments records.
fn revisions(recorded: &[Recorded<'_>]) -> Vec<Revision> {
    let mut found: BTreeMap<u64, Revision> = BTreeMap::new();
    for one in recorded {
        let revision = found.entry(one.revision.number).or_insert_with(|| one.revision.clone());
        revision.metadata = revision.metadata.take().or_else(|| one.revision.metadata.clone());
        revision.profile = revision.profile.take().or_else(|| one.revision.profile.clone());
    }
    for revision in found.values_mut() {
        let passed = [
            Some(SOURCE_RESOLVED),
            revision.metadata.as_ref().map(|_| METADATA_MERGED),
            revision.profile.as_ref().map(|_| PROFILES_SUFFICIENT),
        ];
        revision.passed = passed.into_iter().flatten().map(str::to_owned).collect();
    }
    let surplus = found.len().saturating_sub(KEPT);
    found.into_values().skip(surplus).collect()
}

/// What carries the normal requests of these revisions, as far as can be seen.
fn serving<'a>(recorded: &'a [Recorded<'a>], of: impl Fn(u64) -> bool) -> Option<&'a Recorded<'a>> {
    recorded
        .iter()
        .filter(|one| of(one.revision.number) && !one.executor.stage.has_windows() && one.executor.replicas > 0)
        .max_by_key(|one| {
            let Executor {
                ready, replicas, stage, ..
            } = one.executor;
            (*ready >= *replicas, *ready > 0, one.revision.number, *stage)
        })
}

/// The highest rung that the newest revision's Deployments prove.
fn rung(newest: &Revision, recorded: &[Recorded<'_>]) -> Option<Stage> {
    let is_ready = |stage: Stage| {
        recorded
            .iter()
            .any(|one| one.revision.number == newest.number && one.executor.stage == stage && one.executor.ready > 0)
    };
    let serving = serving(recorded, |number| number == newest.number).map(|one| one.executor.stage);
    match serving {
        Some(Stage::PgoOptimized) => Some(Stage::PgoOptimized),
        Some(Stage::Native) if newest.profile.is_some() || is_ready(Stage::PgoInstrumented) => Some(Stage::PgoInstrumented),
        Some(Stage::Native) => Some(Stage::Native),
        // Builds start when the metadata is frozen, at Hotspot.
        Some(Stage::Hotspot) if newest.metadata.is_some() => Some(Stage::Hotspot),
        _ => (is_ready(Stage::Hotspot) || is_ready(Stage::HotspotAgent)).then_some(Stage::HotspotAgent),
    }
}

fn acknowledged(observed: &Observed) -> i64 {
    let Known::Known(gateways) = &observed.gateways else {
        return 0;
    };
    gateways.iter().filter_map(|gateway| gateway.generation).max().unwrap_or_default()
}
