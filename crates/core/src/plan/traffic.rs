//! Who gets which share of the requests. A share moves only to something that is ready; while nothing is, it stays.

use crate::{
    plan::{Input, Resolution},
    stage::Stage,
    state::{Placement, State, Target},
    view::View,
};

/// The tracer's share while nothing else is proven.
const TRACER_PERCENT: u8 = 50;

/// Splits the requests anew and raises the route generation when that changes anything.
pub(super) fn split(state: &mut State, input: &Input, resolution: &Resolution) {
    if input.spec.is_err() {
        return;
    }
    let view = View { input, state, resolution };
    let traffic = targets(&view);
    if traffic != state.traffic {
        state.traffic = traffic;
        state.route_generation = state.route_generation.saturating_add(1);
    }
}

fn targets(view: &View<'_>) -> Vec<Target> {
    let main = choose_main(view);
    let planned = view.main();
    let is_there = |placement: &Placement| view.state.routes_to(&placement.deployment) || view.ready(&placement.deployment) > 0;
    let arriving = main.is_some() && main != planned;
    let side = side(view)
        .filter(|(placement, _)| is_there(placement))
        .and_then(|(placement, percent)| match arriving {
            false => Some((placement, percent)),
            // No share yet, but gateways may repeat a request there that the executables could not answer.
            true if retraces(view) => Some((placement, 0)),
            true => None,
        });
    let whole = |placement, windows| {
        vec![Target {
            placement,
            percent: 100,
            windows,
        }]
    };
    match (main, side) {
        (Some(main), Some((side, percent))) => vec![
            Target {
                placement: main,
                percent: 100 - percent,
                windows: false,
            },
            Target {
                placement: side,
                percent,
                windows: true,
            },
        ],
        (Some(main), None) => whole(main, false),
        (None, Some((side, _))) if view.state.traffic.iter().all(|target| target.windows) => whole(side, true),
        (None, _) => kept(view),
    }
}

/// What is there, while nothing better is ready.
fn kept(view: &View<'_>) -> Vec<Target> {
    let exists = |target: &&Target| view.executor(&target.placement.deployment).is_some();
    if view.state.traffic.iter().all(|target| exists(&target)) {
        view.state.traffic.clone()
    } else {
        Vec::new()
    }
}

/// The stage's collecting executors and their share.
fn side(view: &View<'_>) -> Option<(Placement, u8)> {
    let (wanted, revision) = (view.wanted()?, view.revision()?);
    let share = wanted.instrumented.share_percent.clamp(1, 50);
    match view.state.stage {
        None if retraces(view) => Some((view.placement(Stage::HotspotAgent)?, TRACER_PERCENT)),
        Some(Stage::HotspotAgent) if revision.metadata.is_none() => {
            let after_another = view.has_earlier_stable() && !retraces(view);
            let percent = if after_another { share } else { TRACER_PERCENT };
            Some((view.placement(Stage::HotspotAgent)?, percent))
        }
        Some(Stage::PgoInstrumented) if revision.profile.is_none() && view.target() > Stage::PgoInstrumented => {
            Some((view.placement(Stage::PgoInstrumented)?, share))
        }
        _ => None,
    }
}

/// Whether the function is being traced anew.
fn retraces(view: &View<'_>) -> bool {
    view.revision()
        .is_some_and(|revision| revision.retrace.is_some() && revision.metadata.is_none())
}

fn choose_main(view: &View<'_>) -> Option<Placement> {
    let planned = view.main();
    let carrying = view.state.main_target().map(|target| target.placement.clone());
    let ready = |placement: &Placement| view.ready(&placement.deployment);
    let fallback = [view.state.stable.clone(), carrying.clone()]
        .into_iter()
        .flatten()
        .find(|placement| Some(placement) != planned.as_ref() && ready(placement) > 0);
    let Some(planned) = planned else {
        return fallback.or_else(|| carrying.filter(|carrying| view.executor(&carrying.deployment).is_some()));
    };
    let carries = carrying.as_ref() == Some(&planned);
    let needed = if carries || fallback.is_none() {
        1
    } else {
        view.replicas(planned.stage)
    };
    if ready(&planned) >= needed {
        return Some(planned);
    }
    fallback.or_else(|| {
        // Nothing is ready: the share stays where it is, so that a restart of a pod moves no route.
        let stays = |placement: &Placement| view.executor(&placement.deployment).is_some();
        carrying.filter(|placement| *placement == planned || stays(placement))
    })
}
